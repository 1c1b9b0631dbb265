//! The section `limits.shared`: the Redis or Valkey in which replicas count together.

use std::time::Duration;

use authz::keyring::SecretKey;
use secrecy::SecretString;
use serde::Serialize;
use url::Url;
use yaml_serde::Value;

use super::authority::{self, Authority};
use super::files::Environment;
use super::secret::{self, Secret};
use super::section::Section;
use super::values;

/// The section `limits.shared`.
#[derive(Clone, Debug, Serialize)]
pub struct SharedLimits {
    /// `redis://` or, over TLS, `rediss://`: host, port, and the number of a database.
    pub url: Url,
    /// Who we are there (ACL, Redis 6).
    pub username: Option<String>,
    /// And the proof of it.
    pub password: Option<Secret<SecretString>>,
    /// Who signs the store's certificate; without it, whom the system trusts.
    pub authority: Option<Authority>,
    /// Makes the names under which we count; the same in every replica.
    pub key: Secret<SecretKey>,
    /// How many replicas there are at least: the share of each while the store is away.
    pub replicas: u32,
    /// How long a request waits for the store.
    #[serde(serialize_with = "values::serialize_duration")]
    pub deadline: Duration,
    /// Stands before our keys there.
    pub prefix: String,
}

/// The longest prefix of keys.
const LONGEST_PREFIX: usize = 64;

pub(super) fn read(mut section: Section<'_>, environment: Environment<'_>) -> Option<SharedLimits> {
    let url = section.required("url", store_url);
    let username = section.optional("username", values::text);
    let password = section.optional("password", secret::text(environment));
    let authority = section.optional("authority", authority::read(environment));
    let key = section.required("key", secret::key(environment));
    let replicas = section.required("replicas", values::count_within(1, 1000));
    let within = values::duration_within(Duration::from_millis(1), Duration::from_secs(1));
    let deadline = section.or("deadline", Duration::from_millis(20), within);
    let prefix = section.or("prefix", "fhir-mcp-gateway".to_owned(), prefix);
    let (url, username, password, authority) = (url?, username?, password?, authority?);
    if username.is_some() && password.is_none() {
        section.wrong("password", "is missing; a username needs one");
        return None;
    }
    if authority.is_some() && url.scheme() != "rediss" {
        section.wrong("authority", "is for TLS; the URL would begin with rediss://");
        return None;
    }
    Some(SharedLimits {
        url,
        username,
        password,
        authority,
        key: key?,
        replicas: replicas?,
        deadline: deadline?,
        prefix: prefix?,
    })
}

fn store_url(value: &Value) -> Result<Url, String> {
    let wrong = || "must be a URL such as redis://limits:6379 or rediss://limits:6380/1".to_owned();
    let url = Url::parse(&values::text(value)?).map_err(|_| wrong())?;
    if !url.username().is_empty() || url.password().is_some() {
        return Err("must not hold credentials; use username and password beside it".to_owned());
    }
    let database = url.path().trim_start_matches('/');
    let numbered = database.is_empty() || database.parse::<u8>().is_ok();
    let bare = url.query().is_none() && url.fragment().is_none();
    let scheme = matches!(url.scheme(), "redis" | "rediss");
    let host = url.host_str().is_some_and(|host| !host.is_empty());
    if scheme && host && numbered && bare { Ok(url) } else { Err(wrong()) }
}

fn prefix(value: &Value) -> Result<String, String> {
    let text = values::text(value)?;
    let allowed = |b: u8| b.is_ascii_alphanumeric() || b"-_.:{}".contains(&b);
    if text.len() <= LONGEST_PREFIX && text.bytes().all(allowed) {
        Ok(text)
    } else {
        Err(format!("must be at most {LONGEST_PREFIX} letters, digits and -_.:{{}}"))
    }
}
