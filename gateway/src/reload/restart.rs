//! What only a restart can change: it is refused by name, never ignored.

use std::fmt::Display;

use crate::config::{Config, Listener, Mistake};

/// Says what of `new` the running gateway cannot take over from `old`.
pub(crate) fn refuse(old: &Config, new: &Config) -> Result<(), Vec<Mistake>> {
    let mut found = Found(Vec::new());
    found.listeners(&old.server.listeners, &new.server.listeners);
    found.compare("server.admin", &old.server.admin, &new.server.admin);
    let (was, is) = (&old.server.caps, &new.server.caps);
    found.compare("server.caps.header_bytes", &was.header_bytes, &is.header_bytes);
    let (was, is) = (old.server.deadlines.idle, new.server.deadlines.idle);
    if was != is {
        found.note("server.deadlines.idle", "it is not the one that the gateway started with");
    }
    if !old.keys.has_hop_of(&new.keys) {
        found.note("keys.hop", "core must hold the same key, and has the one before");
    }
    if !old.audit.is_same(&new.audit) {
        found.note("audit", "it is not the one that the gateway started with");
    }
    if !old.telemetry.is_same(&new.telemetry) {
        found.note("telemetry", "it is not the one that the gateway started with");
    }
    if found.0.is_empty() { Ok(()) } else { Err(found.0) }
}

struct Found(Vec<Mistake>);

impl Found {
    fn note(&mut self, field: impl Into<String>, why: impl Display) {
        let text = format!("needs a restart; {why}");
        self.0.push(Mistake { field: field.into(), text });
    }

    fn compare<T: PartialEq + Display>(&mut self, field: &str, old: &T, new: &T) {
        if old != new {
            self.note(field, format_args!("it is {old} and would be {new}"));
        }
    }

    fn listeners(&mut self, old: &[Listener], new: &[Listener]) {
        self.compare("server.listeners", &old.len(), &new.len());
        for (at, (old, new)) in old.iter().zip(new).enumerate() {
            let field = |name| format!("server.listeners[{at}].{name}");
            self.compare(&field("address"), &old.address, &new.address);
            if old.tls.is_some() != new.tls.is_some() {
                self.note(field("tls"), "a listener has TLS or has it not from the start");
            }
        }
    }
}
