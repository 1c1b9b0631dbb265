//! The site that is worn out: a stand-in Exchange in this process, and as many gateways and cores as a
//! part wants, each a process of its own, over TLS.

use std::fs;
use std::net::{SocketAddr, TcpListener};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use anyhow::{Context as _, Result};
use reqwest::redirect::Policy;
use reqwest::{Certificate, Client, ClientBuilder};
use testbed::bed::random_key;
use testbed::certificates::Authority;
use testbed::exchange::login::Browser;
use testbed::exchange::{FakeExchange, Options, system_clock};
use testbed::login::{Login, Tokens, tokens};

use super::program::{Program, Start};

/// The name under which gateways find several cores.
const CORES: &str = "cores.test";
/// Longer than any gateway here may take for an answer: what is late by then has failed.
const PATIENCE: Duration = Duration::from_secs(90);
/// Between a core's being told to stop and its closing of connections without a call.
pub(super) const CORE_CLOSE_DELAY: Duration = Duration::from_secs(1);

/// What a part wants otherwise.
#[derive(Clone, Debug)]
pub(super) struct Wishes {
    /// Where the cores are: one by its address, several by a name.
    pub(super) cores: Vec<SocketAddr>,
    /// `server.deadlines`.
    pub(super) deadlines: &'static str,
    /// On which processors the programs run; anywhere if there is nothing.
    pub(super) processors: String,
}

/// The site. Its folder is kept when something failed, for whoever looks into it.
pub(super) struct Site {
    /// The stand-in.
    pub(super) exchange: FakeExchange,
    /// Where clients find it.
    pub(super) origin: String,
    /// Where the gateway listens that clients find, or the balancer before several.
    pub(super) public: SocketAddr,
    root: Certificate,
    folder: PathBuf,
    wishes: Wishes,
    started: AtomicUsize,
}

impl Site {
    /// Writes what all programs share into an empty folder, and starts the Exchange.
    pub(super) async fn new(folder: &Path, wishes: Wishes) -> Result<Self> {
        let _left_over = fs::remove_dir_all(folder);
        fs::create_dir_all(folder)?;
        let authority = Authority::new("endure")?;
        authority.issue(&["localhost"])?.write(folder, "tls")?;
        let anchor = jiff::Timestamp::now();
        let options = Options { clock: system_clock(), anchor, ..Options::default() };
        let exchange = FakeExchange::start(options).await?;
        let public = free()?;
        let origin = format!("https://localhost:{}", public.port());
        exchange.allow_redirect(&format!("{origin}/oauth/callback"));
        let hosts = wishes.cores.iter().map(|core| format!("{} {CORES}\n", core.ip()));
        for (name, text) in [
            ("ring", random_key()),
            ("hop", random_key()),
            ("client-secret", exchange.client_secret()),
            ("hosts", hosts.collect()),
        ] {
            fs::write(folder.join(name), text)?;
        }
        let (root, folder) = (authority.root()?, folder.to_owned());
        let started = AtomicUsize::default();
        Ok(Self { exchange, origin, public, root, folder, wishes, started })
    }

    /// Starts a gateway that listens at `public`, and lets so many requests be at work.
    pub(super) async fn gateway(&self, public: SocketAddr, at_once: usize) -> Result<Program> {
        let admin = free()?;
        let yaml = self.gateway_yaml(public, admin, at_once)?;
        let name = "fhir-mcp-gateway";
        let config = self.write(name, &yaml)?;
        let hosts = (self.wishes.cores.len() > 1).then(|| self.folder.join("hosts"));
        let processors = &self.wishes.processors;
        let hosts = hosts.as_deref();
        Program::start(Start { name, config: &config, admin, processors, hosts }).await
    }

    /// Starts a core that listens there.
    pub(super) async fn core(&self, listen: SocketAddr) -> Result<Program> {
        let admin = free()?;
        let yaml = format!(
            "listen: \"{listen}\"\nadmin: \"{admin}\"\nhop_key: {{file: {}}}\n\
             close_delay: {}ms\nbackend: {{concurrency: 64, concurrency_per_subject: 32}}\n",
            self.folder.join("hop").display(),
            CORE_CLOSE_DELAY.as_millis()
        );
        let name = "fhir-mcp-core";
        let config = self.write(name, &yaml)?;
        let processors = &self.wishes.processors;
        Program::start(Start { name, config: &config, admin, processors, hosts: None }).await
    }

    /// Connections that trust this site alone, and follow nobody elsewhere.
    pub(super) fn client(&self) -> ClientBuilder {
        let trusting = Client::builder().no_proxy().tls_certs_only([self.root.clone()]);
        trusting.redirect(Policy::none()).timeout(PATIENCE)
    }

    /// Registers a client with the gateway.
    pub(super) async fn register(&self, http: Client) -> Result<Login> {
        Login::register_over(http, &self.origin).await
    }

    /// Logs somebody in through a browser of their own, over these connections.
    pub(super) async fn log_in(
        &self,
        client: &Login,
        http: &Client,
        person: &str,
    ) -> Result<Tokens> {
        let mut browser = Browser::over(http.clone());
        let code = client.code(&mut browser, person, "").await?;
        tokens(client.redeem(&code, &[]).await?.error_for_status()?).await
    }

    /// Where the folder is.
    pub(super) fn folder(&self) -> &Path {
        &self.folder
    }

    fn write(&self, name: &str, yaml: &str) -> Result<PathBuf> {
        let number = self.started.fetch_add(1, Ordering::Relaxed);
        let config = self.folder.join(format!("{name}-{number}.yaml"));
        fs::write(&config, yaml)?;
        Ok(config)
    }

    fn gateway_yaml(
        &self,
        public: SocketAddr,
        admin: SocketAddr,
        at_once: usize,
    ) -> Result<String> {
        let (origin, folder, deadlines) =
            (&self.origin, self.folder.display(), self.wishes.deadlines);
        let first = self.wishes.cores.first().context("a core")?;
        let core = match self.wishes.cores.len() {
            1 => first.to_string(),
            _ => format!("{CORES}:{}", first.port()),
        };
        let (base_url, client_id) = (self.exchange.base_url(), self.exchange.client_id());
        // Nobody meets a limit: what is judged here is what happens without one.
        Ok(format!(
            "server:
  public_url: {origin}
  listeners: [{{address: \"{public}\", tls: {{certificate: {folder}/tls.crt, key: {folder}/tls.key}}}}]
  admin: \"{admin}\"
  deadlines: {deadlines}
  caps: {{connections_per_address: 10000, requests: {at_once}}}
keys:
  ring: [{{id: 1, state: active, key: {{file: {folder}/ring}}}}]
  hop: {{file: {folder}/hop}}
core: {{address: \"{core}\"}}
backend:
  name: exchange
  profile: jhe
  base_url: {base_url}
  client_id: {client_id}
  client_secret: {{file: {folder}/client-secret}}
  scope: openid email
  audience: {{own_client: true}}
  deadline: 20s
  introspection: {{deadline: 10s, in_flight: 16}}
limits: {{calls_per_minute: 60000000, burst: 1000000, concurrent_calls: 10000, \
              client_calls_per_minute: 60000000, client_burst: 1000000, \
              per_address: {{register: 60000, authorize: 60000, token: 60000, records: 60}}}}
"
        ))
    }
}

/// An address on which nobody listens just now.
pub(super) fn free() -> Result<SocketAddr> {
    Ok(TcpListener::bind("127.0.0.1:0")?.local_addr()?)
}

/// One port that is free on two addresses of loopback.
pub(super) fn free_pair() -> Result<Vec<SocketAddr>> {
    let port = free()?.port();
    let pair = [2, 3].map(|last| SocketAddr::from(([127, 0, 0, last], port)));
    for address in pair {
        TcpListener::bind(address).with_context(|| format!("{address} is taken"))?;
    }
    Ok(pair.to_vec())
}
