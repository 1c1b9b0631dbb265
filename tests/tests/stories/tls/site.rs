//! A gateway that nobody stands behind, over TLS: enough for handshakes, headers and refusals.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use anyhow::{Context as _, Result};
use fhir_mcp_gateway::clock::SystemClock;
use fhir_mcp_gateway::config::{Config, ConfigError};
use fhir_mcp_gateway::tls::{self, Certificates, Loaded, TlsError};
use fhir_mcp_gateway::{Gateway, Listeners, Queue, Running};
use testbed::bed::random_key;
use testbed::certificates::{Authority, Issued};

/// The gateway, and where it is.
pub(crate) struct Site {
    pub(crate) running: Running,
    pub(crate) address: SocketAddr,
    pub(crate) origin: String,
    pub(crate) authority: Authority,
    pub(crate) folder: PathBuf,
    keys: Keys,
}

/// The key of the ring, and the hop's.
#[derive(Clone)]
struct Keys(String, String);

/// What a story may want otherwise.
#[derive(Default)]
pub(crate) struct Wish {
    /// The listener's `tls`; by default the certificate for `localhost`.
    pub(crate) tls: Option<String>,
    /// Further lines of the section `server`.
    pub(crate) server: &'static str,
    /// Further sections.
    pub(crate) sections: &'static str,
}

/// A folder for the files of one story.
pub(crate) fn folder(name: &str) -> Result<PathBuf> {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("tls-{name}"));
    std::fs::create_dir_all(&folder)?;
    Ok(folder)
}

/// A pair of files as the configuration names them.
pub(crate) fn pair([certificate, key]: &[PathBuf; 2]) -> String {
    format!("{{certificate: {}, key: {}}}", certificate.display(), key.display())
}

impl Site {
    pub(crate) fn start(name: &str) -> Result<Self> {
        let (folder, authority) = (folder(name)?, Authority::new(name)?);
        Self::start_with(folder, authority, &Wish::default())
    }

    pub(crate) fn start_with(folder: PathBuf, authority: Authority, wish: &Wish) -> Result<Self> {
        let usual = authority.issue(&["localhost"])?.write(&folder, "localhost")?;
        let tls = wish.tls.clone().unwrap_or_else(|| pair(&usual));
        let public =
            fhir_mcp_core::http::bind(SocketAddr::from(([127, 0, 0, 1], 0)))?.into_std()?;
        let admin = fhir_mcp_core::http::bind(SocketAddr::from(([127, 0, 0, 1], 0)))?.into_std()?;
        let address = public.local_addr()?;
        let origin = format!("https://localhost:{}", address.port());
        let keys = Keys(random_key(), random_key());
        let config = parse(&yaml(address, &tls, wish), &keys)?;
        let running = Gateway::build(config, Arc::new(SystemClock::start()))?
            .audit_to(std::io::sink())
            .start(Listeners { public: vec![public], admin, queue: Queue::Shared })?;
        Ok(Self { running, address, origin, authority, folder, keys })
    }

    /// What the listener shows.
    pub(crate) fn certificates(&self) -> Result<&Certificates> {
        let first = self.running.certificates.first().and_then(Option::as_deref);
        first.context("a listener with TLS")
    }

    /// The configuration of this site with another `tls`.
    pub(crate) fn config(&self, tls: &str) -> Config {
        parse(&yaml(self.address, tls, &Wish::default()), &self.keys).unwrap()
    }

    /// Loads what the listener would show with another `tls`.
    pub(crate) fn load(&self, tls: &str) -> Result<Loaded, TlsError> {
        let config = self.config(tls);
        tls::load(config.server.listeners.first().and_then(|first| first.tls.as_ref()).unwrap())
    }

    /// Writes another certificate for `localhost` over the one that is there.
    pub(crate) fn renew(&self, issued: &Issued) -> Result<[PathBuf; 2]> {
        issued.write(&self.folder, "localhost")
    }

    /// A client that trusts the authority and nobody else.
    pub(crate) fn client(&self) -> Result<reqwest::ClientBuilder> {
        Ok(reqwest::Client::builder().tls_certs_only([self.authority.root()?]))
    }

    pub(crate) fn at(&self, path: &str) -> String {
        format!("{}{path}", self.origin)
    }
}

fn parse(yaml: &str, keys: &Keys) -> Result<Config, ConfigError> {
    let Keys(ring, hop) = keys;
    Config::parse(yaml, &|name| Some(if name == "HOP_KEY" { hop.clone() } else { ring.clone() }))
}

fn yaml(address: SocketAddr, tls: &str, wish: &Wish) -> String {
    format!(
        "server:
  public_url: https://localhost:{}
  listeners: [{{address: \"{address}\", tls: {tls}}}]
  admin: \"127.0.0.1:1\"
  {}
keys:
  ring: [{{id: 1, state: active, key: {{env: RING_KEY}}}}]
  hop: {{env: HOP_KEY}}
core: {{address: \"127.0.0.1:1\"}}
backend:
  name: jhe
  profile: jhe
  base_url: https://jhe.example.org
  client_id: gateway
  audience: {{own_client: true}}
{}
",
        address.port(),
        wish.server,
        wish.sections,
    )
}
