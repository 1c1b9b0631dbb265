//! Who may do more, and who may do less.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Display;

use authz::scope::Scope;

use super::consequence::{Consequence, Kind};
use crate::config::{Config, NamedClient};

/// What follows for persons and clients.
pub(super) fn follow(old: &Config, new: &Config) -> Vec<Consequence> {
    let mut found = policy(old, new);
    let (was, is) = (&old.deny, &new.deny);
    found.extend(denied("subject", &was.subjects, &is.subjects));
    found.extend(denied("client", &was.clients, &is.clients));
    let (was, is) = (&old.clients, &new.clients);
    for (field, was, is) in [
        ("allowed_redirect_hosts", &was.allowed_redirect_hosts, &is.allowed_redirect_hosts),
        ("allowed_redirect_uris", &was.allowed_redirect_uris, &is.allowed_redirect_uris),
    ] {
        found.extend(listed(&format!("clients.{field}"), was, is, "logins may return to"));
    }
    let (was, is) = (&was.document_hosts, &is.document_hosts);
    found.extend(listed("clients.document_hosts", was, is, "clients may be described at"));
    let (was, is) = (&old.server.allowed_origins, &new.server.allowed_origins);
    found.extend(listed("server.allowed_origins", was, is, "browser pages may call from"));
    let proxies = |config: &Config| shown_each(config.server.trusted_proxies.blocks().iter());
    let may = "where a request comes from may be said by";
    found.extend(listed("server.trusted_proxies", &proxies(old), &proxies(new), may));
    let (was, is) = (&old.server.allowed_hosts, &new.server.allowed_hosts);
    found.extend(listed("server.allowed_hosts", was, is, "requests are taken under the name"));
    let (was, is) = (named(old), named(new));
    found.extend(listed("clients.registered", &was, &is, "without registering may come"));
    found.extend(weights(old, new));
    found.extend(audience(old, new));
    found
}

fn shown_each<T: Display>(all: impl Iterator<Item = T>) -> Vec<String> {
    all.map(|one| one.to_string()).collect()
}

/// The clients that the operator names, with each place where their logins may return to.
fn named(config: &Config) -> Vec<String> {
    let of = |client: &NamedClient| {
        let id = client.id.clone();
        client.redirect_uris.clone().into_iter().map(move |uri| format!("{id} to {uri}"))
    };
    config.clients.registered.iter().flat_map(of).collect()
}

/// A tool that weighs less may be called more often.
fn weights(old: &Config, new: &Config) -> Vec<Consequence> {
    let weights = |config: &Config| -> BTreeMap<String, u32> {
        let weights = config.policy.policy().weights();
        weights.map(|(tool, weight)| (tool.to_owned(), weight)).collect()
    };
    let (before, after) = (weights(old), weights(new));
    let tools: BTreeSet<&String> = before.keys().chain(after.keys()).collect();
    let compared = tools.into_iter().filter_map(|tool| {
        // What has no weight of its own weighs one unit.
        let weight = |of: &BTreeMap<String, u32>| of.get(tool).copied().unwrap_or(1);
        let (was, is) = (weight(&before), weight(&after));
        let kind = if is < was { Kind::Weaker } else { Kind::Tighter };
        let text = format!("{tool} weighs {is} instead of {was} (policy.weights)");
        (is != was).then(|| Consequence::new(kind, text))
    });
    compared.collect()
}

fn policy(old: &Config, new: &Config) -> Vec<Consequence> {
    let rows = |config: &Config| -> BTreeMap<String, Scope> {
        let rows = config.policy.policy().rows();
        rows.map(|(tool, scope)| (tool.to_owned(), scope.clone())).collect()
    };
    let (before, after) = (rows(old), rows(new));
    let tools: BTreeSet<&String> = before.keys().chain(after.keys()).collect();
    let judged = tools.into_iter().filter_map(|tool| {
        let (kind, text) = match (before.get(tool), after.get(tool)) {
            (Some(_), None) => (Kind::Narrower, "is denied to everybody".to_owned()),
            (None, Some(scope)) => (Kind::Weaker, format!("may be called, with {}", shown(scope))),
            (Some(was), Some(is)) if was != is => {
                // What the scope before covers still suffices.
                let kind = if was.covers(is) { Kind::Weaker } else { Kind::Narrower };
                (kind, format!("needs {} instead of {}", shown(is), shown(was)))
            }
            _ => return None,
        };
        Some(Consequence::new(kind, format!("{tool} {text}")))
    });
    judged.collect()
}

fn shown(scope: &Scope) -> String {
    if scope.is_empty() { "any login".to_owned() } else { scope.to_string() }
}

fn denied<T: Ord + Display>(what: &str, old: &BTreeSet<T>, new: &BTreeSet<T>) -> Vec<Consequence> {
    let come = new
        .difference(old)
        .map(|one| Consequence::new(Kind::Narrower, format!("{what} {one} is cut off at once")));
    let gone = old.difference(new).map(|one| {
        let text = format!("{what} {one} is let in again, with the login that it still has");
        Consequence::new(Kind::Weaker, text)
    });
    come.chain(gone).collect()
}

fn listed(field: &str, old: &[String], new: &[String], may: &str) -> Vec<Consequence> {
    let come = new.iter().filter(|one| !old.contains(one));
    let come = come.map(|one| Consequence::new(Kind::Weaker, format!("{may} {one} ({field})")));
    let gone = old
        .iter()
        .filter(|one| !new.contains(one))
        .map(|one| Consequence::new(Kind::Narrower, format!("no longer: {may} {one} ({field})")));
    come.chain(gone).collect()
}

/// The rules for which tokens count are few and grave: any change is named, whichever way.
fn audience(old: &Config, new: &Config) -> Vec<Consequence> {
    let (was, is) = (old.backend.audience(), new.backend.audience());
    let same_client = old.backend.client_id == new.backend.client_id;
    if was == is || !same_client {
        return Vec::new();
    }
    let (kind, text) = if is.is_stricter_than(was) {
        (Kind::Narrower, "fewer of the backend's tokens count as meant for us (backend.audience)")
    } else {
        (Kind::Weaker, "other tokens of the backend count as meant for us (backend.audience)")
    };
    vec![Consequence::new(kind, text)]
}
