//! The configuration: one YAML file, read into values that nothing needs to check again, or refused
//! with every mistake at once.

use std::fmt::{self, Write as _};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::time::Duration;

use authz::metadata::PublicUrls;
use serde::Serialize;
use sha2::{Digest as _, Sha256};

mod audience;
mod audit;
mod authority;
mod backend;
mod clients;
mod files;
mod keys;
mod known_clients;
mod limits;
mod policy;
mod reload;
mod secret;
mod section;
mod server;
mod shared_limits;
mod telemetry;
mod tls;
mod values;

pub use audit::{Audit, WhenUnwritable};
pub use authority::Authority;
pub use backend::{Backend, Endpoints, IntrospectionLimits};
pub use clients::{Clients, Deny, Sessions};
pub use files::Files;
pub use keys::Keys;
pub use known_clients::{DocumentPin, NamedClient};
pub use limits::{AddressLimits, LimitMode, Limits};
pub use policy::PolicyTable;
pub use reload::Reload;
pub use secret::{Secret, SecretReference};
pub use section::Mistake;
pub use server::{Caps, Deadlines, Listener, Server};
pub use shared_limits::SharedLimits;
pub use telemetry::{Otlp, OtlpHeader, Telemetry};
pub use tls::{CertificateFiles, ClientCertificates, CoreTls, Tls, TlsVersion};

pub(crate) use authority::certificates as authority_certificates;

pub(crate) use backend::client_id as backend_client_id;
pub use files::read as read_file;
pub(crate) use known_clients::redirect_uri;
pub(crate) use secret::looks_made_up;
pub(crate) use values::{is_loopback, url as http_url};

use files::{Environment, Secrets, Sources};
use section::{Mistakes, Section};

/// The effective configuration. Serialised, it shows where secrets come from and never what they
/// are.
#[derive(Clone, Debug, Serialize)]
pub struct Config {
    /// Listeners, names and edge limits.
    pub server: Server,
    /// What seals.
    pub keys: Keys,
    /// Where mcp-core is.
    pub core: Core,
    /// The FHIR system behind us.
    pub backend: Backend,
    /// Which clients may register.
    pub clients: Clients,
    /// How long logins last.
    pub sessions: Sessions,
    /// Which scope each tool needs.
    pub policy: PolicyTable,
    /// What each subject may use.
    pub limits: Limits,
    /// Where the audit trail goes.
    pub audit: Audit,
    /// Which collector is told of requests.
    pub telemetry: Telemetry,
    /// Who is cut off.
    pub deny: Deny,
    #[serde(skip)]
    material: [u8; 32],
    #[serde(skip)]
    secrets: Secrets,
}

/// The section `core`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Core {
    /// Host and port; a name is resolved again and again in the background.
    pub address: String,
    /// How it is reached over TLS; without it, in plain.
    pub tls: Option<CoreTls>,
}

/// Why there is no configuration.
#[derive(Debug, thiserror::Error)]
pub enum ConfigError {
    /// The file cannot be read.
    #[error("cannot read {path}")]
    Unreadable {
        /// Which file.
        path: PathBuf,
        /// Why.
        #[source]
        source: std::io::Error,
    },
    /// The file is no YAML.
    #[error("the file is not YAML: {0}")]
    NotYaml(String),
    /// The file is YAML, and wrong.
    #[error("{}", Lines(.0))]
    Mistakes(Vec<Mistake>),
}

struct Lines<'m>(&'m [Mistake]);

impl fmt::Display for Lines<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (at, mistake) in self.0.iter().enumerate() {
            let end = if at == 0 { "" } else { "\n" };
            write!(f, "{end}{mistake}")?;
        }
        Ok(())
    }
}

impl Config {
    /// Reads the file at `path`, and the secrets that it refers to.
    pub fn load(path: &Path) -> Result<Self, ConfigError> {
        Self::read(path).0
    }

    /// The same, with all files that were read for it, whatever came of it.
    pub fn read(path: &Path) -> (Result<Self, ConfigError>, Files) {
        let sources = Sources::new(&variable);
        let content = files::read(path);
        // Kept apart from what it names: the fingerprint is not about its comments.
        let itself = Files::of(path, content.as_deref().ok());
        let config = content
            .map_err(|source| ConfigError::Unreadable { path: path.to_owned(), source })
            .and_then(|content| match std::str::from_utf8(&content) {
                Ok(text) => parse(text, &sources),
                Err(_) => Err(ConfigError::NotYaml("it is not UTF-8".to_owned())),
            });
        (config, sources.into_files().and(itself))
    }

    /// Reads `text`; `environment` answers `{env: NAME}`.
    pub fn parse(
        text: &str,
        environment: &dyn Fn(&str) -> Option<String>,
    ) -> Result<Self, ConfigError> {
        parse(text, &Sources::new(environment))
    }

    /// One SHA-256 over what is in force, in hexadecimal: over the configuration as `check` prints
    /// it, and over every file and variable that it names. It tells no secret: among them is the hop
    /// key, and 32 unknown bytes cannot be tried.
    pub fn fingerprint(&self) -> String {
        let mut all = Sha256::new();
        // A configuration that was read can be written.
        all.update(serde_json::to_vec(self).unwrap_or_default());
        all.update(self.material);
        all.finalize().iter().fold(String::with_capacity(64), |mut text, byte| {
            // Writing to a String cannot fail.
            let _ = write!(text, "{byte:02x}");
            text
        })
    }

    /// Whether a secret of this configuration is the same as one of another's, wherever they stand.
    pub(crate) fn secret_is(
        &self,
        own: &SecretReference,
        other: &Self,
        others: &SecretReference,
    ) -> bool {
        self.secrets.digest(own).is_some_and(|own| Some(own) == other.secrets.digest(others))
    }

    /// Our public names.
    pub(crate) fn public_urls(&self) -> PublicUrls {
        PublicUrls::new(self.server.public_url.origin().ascii_serialization())
    }

    /// The addresses of the public listeners, in order.
    pub fn public_addresses(&self) -> Vec<SocketAddr> {
        self.server.listeners.iter().map(|listener| listener.address).collect()
    }
}

fn parse(text: &str, sources: &Sources<'_>) -> Result<Config, ConfigError> {
    let value = yaml_serde::from_str(text)
        .map_err(|why: yaml_serde::Error| ConfigError::NotYaml(why.to_string()))?;
    let mistakes = Mistakes::default();
    let config = read(Section::new("", value, &mistakes), sources);
    match (config, mistakes.into_inner()) {
        (Some(config), mistakes) if mistakes.is_empty() => Ok(config),
        (_, mistakes) => Err(ConfigError::Mistakes(mistakes)),
    }
}

fn read(mut root: Section<'_>, environment: Environment<'_>) -> Option<Config> {
    let server = server::read(root.section("server"));
    let listeners = server.iter().flat_map(|server| &server.listeners);
    for file in listeners.filter_map(|listener| listener.tls.as_ref()).flat_map(Tls::files) {
        // Whoever builds the listener says what is wrong with it; here it is known to be wanted.
        let _ = environment.file(file);
    }
    let keys = keys::read(root.section("keys"), environment);
    let core = core(root.section("core"), environment);
    let backend = backend::read(root.section("backend"), environment);
    let clients = clients::read(root.section("clients"), environment);
    let sessions = clients::sessions(root.section("sessions"));
    let policy = policy::read(root.section("policy"));
    let limits = limits::read(root.section("limits"), environment);
    let audit = audit::read(root.section("audit"), environment);
    let telemetry = telemetry::read(root.section("telemetry"), environment);
    let deny = clients::deny(root.section("deny"));
    Some(Config {
        server: server?,
        keys: keys?,
        core: core?,
        backend: backend?,
        clients: clients?,
        sessions: sessions?,
        policy: policy?,
        limits: limits?,
        audit: audit?,
        telemetry: telemetry?,
        deny: deny?,
        material: environment.digest(),
        secrets: environment.secrets(),
    })
}

fn core(mut section: Section<'_>, environment: Environment<'_>) -> Option<Core> {
    let address = section.required("address", values::peer_address);
    let tls = match section.take("tls") {
        None => Some(None),
        Some(value) => {
            let section = Section::new(section.name("tls"), value, section.mistakes());
            tls::core(section, address.as_deref(), environment).map(Some)
        }
    };
    Some(Core { address: address?, tls: tls? })
}

#[expect(clippy::disallowed_methods, reason = "the one place that reads secrets by name")]
fn variable(name: &str) -> Option<String> {
    std::env::var(name).ok()
}

/// A duration as the file has it.
pub(crate) fn duration(text: &str) -> Option<Duration> {
    values::duration(&yaml_serde::Value::String(text.to_owned())).ok()
}

/// The shortest time that a login lasts, and the longest.
const SESSION_BOUNDS: (Duration, Duration) =
    (Duration::from_secs(3600), Duration::from_secs(30 * 24 * 3600));

#[cfg(test)]
mod tests;
