//! Whose login ends, and what must be done so that new ones succeed.

use authz::ids::BackendName;
use url::Url;

use super::consequence::{Consequence, Kind};
use super::flat::{Change, What};
use crate::config::{Backend, Config};

/// What follows for logins.
pub(super) fn follow(old: &Config, new: &Config, changes: &[Change]) -> Vec<Consequence> {
    let mut found = Vec::new();
    let mut note = |kind, text: String| found.push(Consequence::new(kind, text));
    let (was, is) = (&old.server.public_url, &new.server.public_url);
    if was != is {
        let text = "everybody logs in anew and every client registers anew: issuer and resource \
                    are other ones";
        note(Kind::Logins, text.to_owned());
        let callback = new.public_urls().callback();
        note(Kind::Elsewhere, format!("register {callback} at the backend, or no login succeeds"));
    }
    if place(&old.backend) != place(&new.backend) {
        let text = "everybody logs in anew: logins are bound to the backend's name and endpoints. \
                    Calls in flight finish where they began";
        note(Kind::Logins, text.to_owned());
    } else if old.backend.client_id != new.backend.client_id && is_refused(old, new) {
        let text = "everybody logs in anew: the backend's tokens were issued to the client before. \
                    Name it in backend.audience.allowed_clients to spare them that";
        note(Kind::Logins, text.to_owned());
    }
    if old.core.address != new.core.address {
        let text = format!("new calls go to mcp-core at {}", new.core.address);
        note(Kind::Elsewhere, text);
    }
    for (field, was, is) in [
        ("absolute_lifetime", old.sessions.absolute_lifetime, new.sessions.absolute_lifetime),
        ("access_token", old.sessions.access_token, new.sessions.access_token),
    ] {
        if is < was {
            let text = format!(
                "sessions.{field} is shorter; it holds from the next login or refresh of each \
                 session on, and ends those that are older than that"
            );
            note(Kind::Logins, text);
        } else if is > was {
            note(Kind::Weaker, format!("sessions.{field} is longer: a stolen token works longer"));
        }
    }
    found.extend(keys(changes, &ring(old), &ring(new)));
    if is_another(changes, "keys.hop") {
        let text = "give mcp-core the same hop key, or every call fails";
        found.push(Consequence::new(Kind::Elsewhere, text));
    }
    found
}

/// Whether the secret at `field` is another one.
fn is_another(changes: &[Change], field: &str) -> bool {
    changes.iter().any(|change| change.field == field && change.what == What::OtherSecret)
}

/// What a login is bound to.
fn place(backend: &Backend) -> (&BackendName, [&Url; 5]) {
    let at = &backend.endpoints;
    (&backend.name, [&backend.base_url, &at.token, &at.introspect, &at.userinfo, &at.revoke])
}

/// Whether tokens of the client before are refused.
fn is_refused(old: &Config, new: &Config) -> bool {
    !new.backend.audience().names(&old.backend.client_id)
}

/// Key ids and states of the ring.
type Ring = Vec<(u8, &'static str)>;

fn ring(config: &Config) -> Ring {
    config.keys.states().collect()
}

fn keys(changes: &[Change], old: &Ring, new: &Ring) -> Vec<Consequence> {
    let state = |ring: &Ring, id: u8| ring.iter().find(|(known, _)| *known == id).map(|(_, s)| *s);
    let opens = |state: Option<&'static str>| matches!(state, Some("active" | "verify"));
    let is_other = |id: u8| is_another(changes, &format!("keys.ring[{id}].key"));
    let mut found = Vec::new();
    for (id, was) in old {
        let gone = !opens(state(new, *id)) || is_other(*id);
        if opens(Some(*was)) && gone {
            let text = format!(
                "what was sealed under key {id} no longer opens: those logins end, and clients that \
                 registered under it register anew"
            );
            found.push(Consequence::new(Kind::Logins, text));
        }
    }
    for (id, is) in new {
        let known = opens(state(old, *id)) && !is_other(*id);
        if *is == "active" && !known {
            let text = format!(
                "key {id} seals at once: a replica that still has the configuration before cannot \
                 open that. With several replicas, add it as verify everywhere first"
            );
            found.push(Consequence::new(Kind::Elsewhere, text));
        }
    }
    found
}
