//! The configuration: one YAML file, read into values that nothing needs to check again, or refused
//! with every mistake at once.

use std::fmt;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::time::Duration;

use serde::Serialize;

mod backend;
mod clients;
mod keys;
mod known_clients;
mod limits;
mod policy;
mod secret;
mod section;
mod server;
mod values;

pub use backend::{Backend, Endpoints, IntrospectionLimits};
pub use clients::{Clients, Deny, Sessions};
pub use keys::Keys;
pub use known_clients::{DocumentPin, NamedClient};
pub use limits::Limits;
pub use policy::PolicyTable;
pub use secret::{Secret, SecretReference};
pub use section::Mistake;
pub use server::{Caps, Deadlines, Listener, Server, TlsFiles};

use secret::Environment;
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
    /// Who is cut off.
    pub deny: Deny,
}

/// The section `core`.
#[derive(Clone, Debug, Serialize)]
pub struct Core {
    /// Host and port; a name is resolved again and again in the background.
    pub address: String,
}

/// The section `audit`.
#[derive(Clone, Debug, Default, Serialize)]
pub struct Audit {
    /// A file that lines are appended to; without one they go to the standard output.
    pub file: Option<PathBuf>,
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
        let text = std::fs::read_to_string(path)
            .map_err(|source| ConfigError::Unreadable { path: path.to_owned(), source })?;
        Self::parse(&text, &variable)
    }

    /// Reads `text`; `environment` answers `{env: NAME}`.
    pub fn parse(
        text: &str,
        environment: &dyn Fn(&str) -> Option<String>,
    ) -> Result<Self, ConfigError> {
        let value = yaml_serde::from_str(text)
            .map_err(|why: yaml_serde::Error| ConfigError::NotYaml(why.to_string()))?;
        let mistakes = Mistakes::default();
        let config = read(Section::new("", value, &mistakes), environment);
        match (config, mistakes.into_inner()) {
            (Some(config), mistakes) if mistakes.is_empty() => Ok(config),
            (_, mistakes) => Err(ConfigError::Mistakes(mistakes)),
        }
    }

    /// The addresses of the public listeners, in order.
    pub fn public_addresses(&self) -> Vec<SocketAddr> {
        self.server.listeners.iter().map(|listener| listener.address).collect()
    }
}

fn read(mut root: Section<'_>, environment: Environment<'_>) -> Option<Config> {
    let server = server::read(root.section("server"));
    let keys = keys::read(root.section("keys"), environment);
    let core = core(root.section("core"));
    let backend = backend::read(root.section("backend"), environment);
    let clients = clients::read(root.section("clients"));
    let sessions = clients::sessions(root.section("sessions"));
    let policy = policy::read(root.section("policy"));
    let limits = limits::read(root.section("limits"));
    let audit = audit(root.section("audit"));
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
        deny: deny?,
    })
}

fn core(mut section: Section<'_>) -> Option<Core> {
    section.required("address", values::peer_address).map(|address| Core { address })
}

fn audit(mut section: Section<'_>) -> Option<Audit> {
    section.optional("file", values::path).map(|file| Audit { file })
}

#[expect(clippy::disallowed_methods, reason = "the one place that reads secrets by name")]
fn variable(name: &str) -> Option<String> {
    std::env::var(name).ok()
}

/// The shortest time that a login lasts, and the longest.
const SESSION_BOUNDS: (Duration, Duration) =
    (Duration::from_secs(3600), Duration::from_secs(30 * 24 * 3600));

#[cfg(test)]
mod tests;
