//! Limits, deadlines and switches that give way or tighten.

use super::consequence::{Consequence, Kind};
use super::flat::{Change, What};
use crate::config::{self, Config};

/// Below these, more is weaker.
const BOUNDS: [&str; 4] =
    ["limits.", "server.caps.", "server.deadlines.", "backend.introspection.lifetime"];
/// Of these, more is stricter.
const FLOORS: [&str; 1] = ["server.caps.body_bytes_per_second"];
/// How long things may take that nobody can hold us up with.
const OWN_PACE: [&str; 3] =
    ["server.deadlines.close_delay", "server.deadlines.drain", "server.deadlines.core_idle"];
/// What gives way: the end of a key, what it is set to, and what that means.
const GIVES_WAY: [(&str, &str, &str); 4] = [
    (".client_certificates.required", "false", "clients need no certificate any more"),
    ("limits.mode", "shadow", "limits are counted and refuse nobody"),
    ("audit.when_unwritable", "continue", "calls go on that are not recorded"),
    (".minimum_version", "1.2", "TLS 1.2 is spoken again"),
];

/// What is gone: the end of a key, and what that means.
const GONE: [(&str, &str); 5] = [
    (".client_certificates.authority", "clients need no certificate any more"),
    (".client_certificates.revocations", "revoked certificates of clients are let in again"),
    ("core.tls.name", "what goes to mcp-core can be read on the way, and core is not proven"),
    ("core.tls.authority", "whoever the system trusts may sign mcp-core's certificate"),
    ("backend.authority", "whoever the system trusts may sign the backend's certificate"),
];

/// What follows for limits and switches.
pub(super) fn follow(old: &Config, new: &Config, changes: &[Change]) -> Vec<Consequence> {
    let mut found: Vec<Consequence> = changes.iter().filter_map(of_change).collect();
    for (field, was, is) in [
        ("backend.base_url", &old.backend.base_url, &new.backend.base_url),
        ("backend.public_url", &old.backend.public_url, &new.backend.public_url),
    ] {
        if was.scheme() == "https" && is.scheme() == "http" {
            let text = format!("{field} is plain HTTP: tokens can be read on the way");
            found.push(Consequence::new(Kind::Weaker, text));
        }
    }
    found
}

fn of_change(change: &Change) -> Option<Consequence> {
    let field = change.field.as_str();
    if matches!(change.what, What::Removed(_)) {
        let (_, text) = GONE.iter().find(|(end, _)| field.ends_with(end))?;
        return Some(Consequence::new(Kind::Weaker, format!("{text} ({field})")));
    }
    let What::Changed { old, new } = &change.what else { return None };
    let gave_way = GIVES_WAY.iter().find(|(end, to, _)| field.ends_with(end) && new == to);
    if let Some((_, _, text)) = gave_way {
        return Some(Consequence::new(Kind::Weaker, format!("{text} ({field})")));
    }
    let bounded = BOUNDS.iter().any(|start| field.starts_with(start));
    // How replicas count together is no limit.
    if !bounded || OWN_PACE.contains(&field) || field.starts_with("limits.shared.") {
        return None;
    }
    let (was, is) = (amount(old)?, amount(new)?);
    let more_is_weaker = !FLOORS.contains(&field);
    let (kind, text) = if (is > was) == more_is_weaker {
        (Kind::Weaker, "gives way")
    } else {
        (Kind::Tighter, "is stricter")
    };
    Some(Consequence::new(kind, format!("{field} {text}: {old} → {new}")))
}

/// A number, or a duration in milliseconds.
fn amount(text: &str) -> Option<u128> {
    text.parse().ok().or_else(|| config::duration(text).map(|duration| duration.as_millis()))
}
