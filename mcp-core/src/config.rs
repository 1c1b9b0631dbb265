//! The configuration file: read whole, checked whole, and reported with every mistake at once.

use std::fmt;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::time::Duration;

use authz::keyring::SecretKey;
use jiff::SignedDuration;
use serde::Deserialize;

/// A configuration that nothing needs to check again.
#[derive(Debug)]
pub struct Config {
    /// Where the gateway reaches us; loopback or the pod network.
    pub listen: SocketAddr,
    /// Where probes and Prometheus reach us.
    pub admin: SocketAddr,
    /// The key that only the two programs hold.
    pub hop_key: SecretKey,
    /// A folder of profiles beside the built-in ones.
    pub profiles: Option<PathBuf>,
    /// How hard the backend may be asked.
    pub backend: BackendLimits,
}

/// Limits on what we ask of the backend.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BackendLimits {
    /// For a whole tool call, however many requests it needs.
    pub deadline: Duration,
    /// For a connection to be made.
    pub connect_timeout: Duration,
    /// Requests under way at the same time, for all callers together.
    pub concurrency: usize,
    /// The largest answer that is read, in bytes.
    pub max_response_bytes: usize,
}

impl Default for BackendLimits {
    fn default() -> Self {
        Self {
            // Below the half minute after which common clients give a tool call up.
            deadline: Duration::from_secs(25),
            connect_timeout: Duration::from_secs(5),
            // Two workers serve everybody at the Exchange.
            concurrency: 8,
            // A page of a thousand observations is 1.4 MB.
            max_response_bytes: 16 << 20,
        }
    }
}

/// Every mistake of a file, each as `section.field: what is wrong, what would be right`.
#[derive(Debug)]
pub struct Mistakes(Vec<String>);

impl fmt::Display for Mistakes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0.join("\n"))
    }
}

impl std::error::Error for Mistakes {}

impl Config {
    /// Reads and checks a file.
    ///
    /// # Errors
    /// All the mistakes in it.
    pub fn load(path: &Path) -> Result<Self, Mistakes> {
        let text = std::fs::read_to_string(path)
            .map_err(|error| Mistakes(vec![format!("{}: {error}", path.display())]))?;
        Self::parse(&text)
    }

    /// Checks the text of a file, reading the secrets that it refers to.
    ///
    /// # Errors
    /// All the mistakes in it.
    pub fn parse(text: &str) -> Result<Self, Mistakes> {
        let raw: RawConfig =
            yaml_serde::from_str(text).map_err(|error| Mistakes(vec![error.to_string()]))?;
        let mut mistakes = Vec::new();
        let listen = address("listen", raw.listen.as_deref(), &mut mistakes);
        let admin = address("admin", raw.admin.as_deref(), &mut mistakes);
        let hop_key = hop_key(raw.hop_key, &mut mistakes);
        let profiles = folder(raw.profiles, &mut mistakes);
        let backend = raw.backend.check(&mut mistakes);
        match (listen, admin, hop_key) {
            (Some(listen), Some(admin), Some(hop_key)) if mistakes.is_empty() => {
                Ok(Self { listen, admin, hop_key, profiles, backend })
            }
            _ => Err(Mistakes(mistakes)),
        }
    }

    /// The effective configuration as YAML, for a person to check; secrets are hidden.
    pub fn describe(&self) -> String {
        let Self { listen, admin, hop_key: _, profiles, backend } = self;
        let profiles = profiles
            .as_ref()
            .map_or_else(String::new, |folder| format!("profiles: {}\n", folder.display()));
        format!(
            "listen: {listen}\nadmin: {admin}\nhop_key: [hidden]\n{profiles}backend:\n  \
             deadline: {:?}\n  connect_timeout: {:?}\n  concurrency: {}\n  \
             max_response_bytes: {}\n",
            backend.deadline,
            backend.connect_timeout,
            backend.concurrency,
            backend.max_response_bytes,
        )
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawConfig {
    listen: Option<String>,
    admin: Option<String>,
    hop_key: Option<SecretReference>,
    profiles: Option<PathBuf>,
    #[serde(default)]
    backend: RawBackend,
}

#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct RawBackend {
    deadline: Option<String>,
    connect_timeout: Option<String>,
    concurrency: Option<usize>,
    max_response_bytes: Option<usize>,
}

/// Where a secret is to be found; never the secret itself.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct SecretReference {
    file: Option<PathBuf>,
    env: Option<String>,
}

impl RawBackend {
    fn check(&self, mistakes: &mut Vec<String>) -> BackendLimits {
        let usual = BackendLimits::default();
        let deadline = span("backend.deadline", self.deadline.as_deref(), mistakes);
        let connect = span("backend.connect_timeout", self.connect_timeout.as_deref(), mistakes);
        let limits = BackendLimits {
            deadline: deadline.unwrap_or(usual.deadline),
            connect_timeout: connect.unwrap_or(usual.connect_timeout),
            concurrency: self.concurrency.unwrap_or(usual.concurrency),
            max_response_bytes: self.max_response_bytes.unwrap_or(usual.max_response_bytes),
        };
        if !(1..=1024).contains(&limits.concurrency) {
            mistakes.push("backend.concurrency: must be 1 to 1024".to_owned());
        }
        if limits.max_response_bytes < 1 << 16 {
            mistakes.push("backend.max_response_bytes: must be at least 65536".to_owned());
        }
        limits
    }
}

fn address(field: &str, text: Option<&str>, mistakes: &mut Vec<String>) -> Option<SocketAddr> {
    let parsed = text.and_then(|text| text.parse().ok());
    if parsed.is_none() {
        let found = text.map_or_else(|| "missing".to_owned(), |text| format!("{text:?}"));
        mistakes.push(format!("{field}: {found}, write an address and a port, as 127.0.0.1:8402"));
    }
    parsed
}

fn span(field: &str, text: Option<&str>, mistakes: &mut Vec<String>) -> Option<Duration> {
    let text = text?;
    let parsed = text.parse::<SignedDuration>().ok().and_then(|span| Duration::try_from(span).ok());
    let usable = parsed.filter(|span| (Duration::from_millis(1)..=DAY).contains(span));
    if usable.is_none() {
        mistakes.push(format!("{field}: {text:?}, write a time span, as 25s"));
    }
    usable
}

const DAY: Duration = Duration::from_secs(86_400);

fn folder(path: Option<PathBuf>, mistakes: &mut Vec<String>) -> Option<PathBuf> {
    let path = path?;
    if path.is_dir() {
        return Some(path);
    }
    mistakes.push(format!("profiles: {} is no folder, name one or leave it out", path.display()));
    None
}

fn hop_key(reference: Option<SecretReference>, mistakes: &mut Vec<String>) -> Option<SecretKey> {
    let read = reference
        .ok_or_else(|| "missing, write {file: path} or {env: NAME}".to_owned())
        .and_then(|reference| secret(&reference))
        .and_then(|text| {
            SecretKey::from_base64(&text)
                .map_err(|error| format!("{error}, write base64 of 32 random bytes"))
        });
    read.map_err(|mistake| mistakes.push(format!("hop_key: {mistake}"))).ok()
}

fn secret(reference: &SecretReference) -> Result<String, String> {
    match (&reference.file, &reference.env) {
        (Some(path), None) => {
            std::fs::read_to_string(path).map_err(|error| format!("{}: {error}", path.display()))
        }
        (None, Some(name)) => variable(name),
        _ => Err("write either {file: path} or {env: NAME}".to_owned()),
    }
}

#[expect(clippy::disallowed_methods, reason = "this is the module that reads secrets")]
fn variable(name: &str) -> Result<String, String> {
    std::env::var(name).map_err(|_| format!("the variable {name} is not set"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn mistakes(text: &str) -> String {
        Config::parse(text).unwrap_err().to_string()
    }

    #[test]
    fn every_mistake_is_named_at_once() {
        let found = mistakes(
            "listen: here\nhop_key: {env: NO_SUCH_VARIABLE_FOR_THIS_TEST}\nprofiles: /nowhere/at/all\n\
             backend: {deadline: soon, concurrency: 0, max_response_bytes: 1}\n",
        );
        let fields = [
            "listen: ",
            "admin: ",
            "hop_key: ",
            "profiles: ",
            "backend.deadline: ",
            "backend.concurrency: ",
            "backend.max_response_bytes: ",
        ];
        for field in fields {
            assert!(found.lines().any(|line| line.starts_with(field)), "{field} in {found}");
        }
    }

    #[test]
    fn an_unknown_key_is_refused_by_name() {
        assert!(mistakes("lisen: 127.0.0.1:1\n").contains("lisen"));
    }

    #[test]
    fn a_secret_stands_in_a_file_or_a_variable_never_in_the_configuration() {
        assert!(mistakes("hop_key: c2VjcmV0").contains("hop_key"));
        assert!(mistakes("hop_key: {file: a, env: B}").contains("hop_key: write either"));
    }

    #[test]
    fn the_sample_file_needs_nothing_but_its_key() {
        let sample = include_str!("../../config/mcp-core.yaml");
        let found = mistakes(sample);
        assert!(found.lines().count() == 1 && found.starts_with("hop_key: "), "{found}");
    }
}
