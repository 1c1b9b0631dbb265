//! The certificates that our own listeners show: whether they can be shown, for how long, and
//! whether one of them names us.

use authz::time::Timestamp;
use url::Url;

use super::finding::{Check, Finding};
use crate::config::Config;
use crate::tls::{self, Fitness, Leaf};

/// Renewed certificates are there long before.
const SOON_DAYS: u64 = 14;

/// Reads what each listener would show.
pub(super) fn examine(config: &Config, now: Timestamp) -> Finding {
    let mut leaves = Vec::new();
    for tls in config.server.listeners.iter().filter_map(|listener| listener.tls.as_ref()) {
        match tls::load(tls) {
            Ok(loaded) => leaves.extend(loaded.leaves().iter().cloned()),
            Err(wrong) => {
                let said: Vec<_> = wrong.mistakes().iter().map(ToString::to_string).collect();
                let advice = "Mend the files; the gateway does not start with them.";
                return Finding::fail(Check::Certificates, said.join("; "), advice);
            }
        }
    }
    judge(&leaves, &config.server.public_url, now)
}

fn judge(leaves: &[Leaf], public_url: &Url, now: Timestamp) -> Finding {
    let check = Check::Certificates;
    if leaves.is_empty() {
        return without_tls(public_url);
    }
    for leaf in leaves {
        let seen = format!("the certificate of {}", leaf.field);
        match leaf.at(now) {
            Fitness::Fit => {}
            Fitness::Early => {
                let advice = "Compare its date with the clock of this machine.";
                return Finding::fail(check, format!("{seen} does not hold yet"), advice);
            }
            Fitness::Expired => {
                let advice = "Renew it; the gateway takes over the new files while it runs.";
                return Finding::fail(check, format!("{seen} has expired"), advice);
            }
        }
    }
    let host = public_url.host_str().unwrap_or_default();
    if public_url.scheme() == "https" && !leaves.iter().any(|leaf| names(leaf, host)) {
        return Finding::warn(
            check,
            format!("none is for {host}, the name in server.public_url"),
            "Clients that connect here directly refuse it. Behind a proxy that has a certificate of \
             its own, this may be as you want it.",
        );
    }
    let first = leaves.iter().map(|leaf| now.until(leaf.not_after).as_secs() / 86_400).min();
    let days = first.unwrap_or_default();
    if days < SOON_DAYS {
        return Finding::warn(
            check,
            format!("the first of them expires in {days} days"),
            "Renew it, and look why that did not happen by itself.",
        );
    }
    let count = leaves.len();
    Finding::ok(check, format!("{count}; the first to expire does so in {days} days"))
}

fn without_tls(public_url: &Url) -> Finding {
    if public_url.scheme() == "http" {
        return Finding::ok(Check::Certificates, "none, and none is needed on loopback");
    }
    Finding::skipped(
        Check::Certificates,
        "no listener has one: something in front of the gateway speaks TLS",
        "Look at the certificate of the proxy or the ingress.",
    )
}

/// RFC 9525 §6.3: exactly, or with `*` for the leftmost label.
fn names(leaf: &Leaf, host: &str) -> bool {
    let host = host.to_ascii_lowercase();
    let parent = host.split_once('.').map(|(_, parent)| parent);
    leaf.names.iter().any(|name| {
        *name == host || name.strip_prefix("*.").is_some_and(|rest| Some(rest) == parent)
    })
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::super::finding::Outcome;
    use super::*;

    const NOW: Timestamp = Timestamp::from_unix_seconds(1_800_000_000);
    const DAY: Duration = Duration::from_secs(86_400);

    fn judged(name: &str, days: u32, public_url: &str) -> Outcome {
        let leaf = Leaf {
            field: "server.listeners[0].tls".to_owned(),
            names: vec![name.to_owned()],
            not_before: NOW,
            not_after: NOW.plus(DAY * days),
        };
        judge(&[leaf], &public_url.parse().unwrap(), NOW).outcome
    }

    #[test]
    fn a_certificate_names_us_and_has_two_weeks_left() {
        let public = "https://gateway.example.org";
        for (name, days, outcome) in [
            ("gateway.example.org", 14, Outcome::Ok),
            ("*.example.org", 90, Outcome::Ok),
            ("gateway.example.org", 13, Outcome::Warn),
            ("*.gateway.example.org", 90, Outcome::Warn),
            ("*.org", 90, Outcome::Warn),
            ("example.org", 90, Outcome::Warn),
        ] {
            assert_eq!(judged(name, days, public), outcome, "{name} {days}");
        }
        assert_eq!(judged("localhost", 90, "http://127.0.0.1:1"), Outcome::Ok);
    }

    #[test]
    fn a_certificate_out_of_its_time_fails() {
        let at = |now| {
            let leaf = Leaf {
                field: "server.listeners[0].tls".to_owned(),
                names: Vec::new(),
                not_before: NOW,
                not_after: NOW.plus(DAY),
            };
            judge(&[leaf], &"https://gateway.example.org".parse().unwrap(), now)
        };
        assert!(at(Timestamp::from_unix_seconds(1)).seen.contains("not hold yet"));
        assert!(at(NOW.plus(DAY * 2)).seen.contains("has expired"));
    }

    #[test]
    fn without_a_certificate_somebody_else_must_have_one() {
        let judged = |url: &str| judge(&[], &url.parse().unwrap(), NOW).outcome;
        assert_eq!(judged("http://127.0.0.1:1"), Outcome::Ok);
        assert_eq!(judged("https://gateway.example.org"), Outcome::Skipped);
    }
}
