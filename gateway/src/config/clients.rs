//! The sections `clients`, `sessions` and `deny`: who may come, for how long, and who may not.

use std::collections::BTreeSet;
use std::time::Duration;

use authz::broker::client::KnownClients;
use authz::ids::{ClientRef, Subject};
use authz::redirect_uri::RedirectPolicy;
use serde::Serialize;
use yaml_serde::Value;

use super::files::Environment;
use super::known_clients::{self, DocumentPin, NamedClient};
use super::section::Section;
use super::{SESSION_BOUNDS, values};

/// The section `clients`.
#[derive(Clone, Debug, Serialize)]
pub struct Clients {
    /// Hosts whose https redirect URIs may be registered. Loopback always may.
    pub allowed_redirect_hosts: Vec<String>,
    /// Redirect URIs that may be registered exactly as written here.
    pub allowed_redirect_uris: Vec<String>,
    /// Clients that the operator names.
    pub registered: Vec<NamedClient>,
    /// Hosts whose client documents are fetched.
    pub document_hosts: Vec<String>,
    /// Client documents that are never fetched.
    pub document_pins: Vec<DocumentPin>,
}

impl Clients {
    /// The rules for redirect URIs, of clients that are not named here.
    pub fn redirects(&self) -> RedirectPolicy {
        redirects(&self.allowed_redirect_hosts, &self.allowed_redirect_uris)
    }

    /// The clients that need no registration.
    pub fn known(&self) -> KnownClients {
        known_clients::known(&self.registered, &self.document_hosts, &self.document_pins)
    }
}

fn redirects(hosts: &[String], uris: &[String]) -> RedirectPolicy {
    RedirectPolicy { hosts: hosts.iter().cloned().collect(), exact: uris.iter().cloned().collect() }
}

/// The section `sessions`.
#[derive(Clone, Debug, Serialize)]
pub struct Sessions {
    /// How long an access token lasts at most.
    #[serde(serialize_with = "values::serialize_duration")]
    pub access_token: Duration,
    /// How long a login lasts, however often it is refreshed.
    #[serde(serialize_with = "values::serialize_duration")]
    pub absolute_lifetime: Duration,
}

/// The section `deny`.
#[derive(Clone, Debug, Default, Serialize)]
pub struct Deny {
    /// Persons, by the backend's `sub`.
    pub subjects: BTreeSet<Subject>,
    /// Clients, by the fingerprint that log and audit trail show.
    pub clients: BTreeSet<ClientRef>,
}

pub(super) fn read(mut section: Section<'_>, environment: Environment<'_>) -> Option<Clients> {
    let hosts = section.list("allowed_redirect_hosts", redirect_host);
    let uris = section.list("allowed_redirect_uris", known_clients::redirect_uri);
    let registered = known_clients::registered(&mut section);
    let document_hosts = section.list("document_hosts", known_clients::document_host);
    let rules =
        redirects(hosts.as_deref().unwrap_or_default(), uris.as_deref().unwrap_or_default());
    let document_pins = known_clients::pins(&mut section, &rules, environment);
    Some(Clients {
        allowed_redirect_hosts: hosts?,
        allowed_redirect_uris: uris?,
        registered: registered?,
        document_hosts: document_hosts?,
        document_pins: document_pins?,
    })
}

pub(super) fn sessions(mut section: Section<'_>) -> Option<Sessions> {
    let hour = Duration::from_secs(3600);
    let week = Duration::from_secs(7 * 24 * 3600);
    let access = values::duration_within(Duration::from_secs(60), hour);
    let access_token = section.or("access_token", hour, access);
    let (least, most) = SESSION_BOUNDS;
    let absolute = values::duration_within(least, most);
    let absolute_lifetime = section.or("absolute_lifetime", week, absolute);
    Some(Sessions { access_token: access_token?, absolute_lifetime: absolute_lifetime? })
}

pub(super) fn deny(mut section: Section<'_>) -> Option<Deny> {
    let subjects = section.list("subjects", subject);
    let clients = section.list("clients", fingerprint);
    Some(Deny {
        subjects: subjects?.into_iter().collect(),
        clients: clients?.into_iter().collect(),
    })
}

fn subject(value: &Value) -> Result<Subject, String> {
    Subject::parse(&values::text(value)?).map_err(|_| "must be a subject's `sub`".to_owned())
}

/// The 22 characters of base64url that a client is known by.
fn fingerprint(value: &Value) -> Result<ClientRef, String> {
    let text = values::text(value)?;
    let base64url = |b: u8| b.is_ascii_alphanumeric() || b == b'-' || b == b'_';
    if text.len() == 22 && text.bytes().all(base64url) {
        yaml_serde::from_value(value.clone()).map_err(|why| why.to_string())
    } else {
        Err("must be the 22 characters that the log shows as client.id".to_owned())
    }
}

fn redirect_host(value: &Value) -> Result<String, String> {
    let host = values::authority(value)?;
    if host.contains(':') {
        return Err("must be a host name without a port".to_owned());
    }
    Ok(host)
}
