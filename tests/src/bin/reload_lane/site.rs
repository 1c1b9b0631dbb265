//! Both programs as an operator runs them: from files, over TLS, each a process of its own.

use std::net::{SocketAddr, TcpListener};
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use anyhow::{Context as _, Result, ensure};
use authz::time::Timestamp;
use fhir_mcp_gateway::config::Config;
use serde_json::Value;
use testbed::bed::random_key;
use testbed::certificates::Authority;
use testbed::exchange::FakeExchange;
use testbed::minted::Mint;
use testbed::reload::Mount;

/// The programs and their files; they end with it.
pub(super) struct Site {
    /// Of the MCP endpoint.
    pub(super) endpoint: String,
    /// Who signs the gateway's certificates.
    pub(super) root: reqwest::Certificate,
    origin: String,
    ports: [SocketAddr; 4],
    mount: Mount,
    authority: Authority,
    backends: [(String, String, String); 2],
    keys: [String; 2],
    hop: String,
    certificate: [String; 2],
    active: usize,
    backend: usize,
    denied: u64,
    programs: Vec<Child>,
}

impl Drop for Site {
    fn drop(&mut self) {
        for program in &mut self.programs {
            // It may have ended by itself.
            let _ = program.kill();
            let _ = program.wait();
        }
    }
}

impl Site {
    /// Starts both programs and waits until they are ready.
    pub(super) async fn start(exchanges: &[FakeExchange; 2]) -> Result<Self> {
        let authority = Authority::new("reload")?;
        let ports = [free()?, free()?, free()?, free()?];
        let origin = format!("https://localhost:{}", ports[0].port());
        let backend = |exchange: &FakeExchange| {
            exchange.allow_redirect(&format!("{origin}/oauth/callback"));
            (exchange.base_url(), exchange.client_id(), exchange.client_secret())
        };
        let mut site = Self {
            endpoint: format!("{origin}/mcp"),
            root: authority.root()?,
            backends: [backend(&exchanges[0]), backend(&exchanges[1])],
            origin,
            ports,
            mount: Mount::new("reload-lane")?,
            certificate: Self::issue(&authority)?,
            authority,
            keys: [random_key(), random_key()],
            hop: random_key(),
            active: 0,
            backend: 0,
            denied: 0,
            programs: Vec::new(),
        };
        site.write()?;
        site.programs.push(program("fhir-mcp-core", site.mount.file("core.yaml"))?);
        site.programs.push(program("fhir-mcp-gateway", site.mount.file("gateway.yaml"))?);
        for port in [ports[2], ports[3]] {
            site.ready(port).await?;
        }
        Ok(site)
    }

    /// One edit: of the policy's neighbourhood, the key ring, the certificate, the backend, in turn.
    pub(super) fn edit(&mut self, round: u64) -> Result<()> {
        match round % 4 {
            0 => self.denied += 1,
            1 => self.active = 1 - self.active,
            2 => self.certificate = Self::issue(&self.authority)?,
            _ => self.backend = 1 - self.backend,
        }
        self.write()
    }

    /// Which backend the files name.
    pub(super) const fn backend(&self) -> usize {
        self.backend
    }

    /// Which configuration is in force.
    pub(super) async fn generation(&self) -> Result<u64> {
        let status = reqwest::get(format!("http://{}/status", self.ports[2])).await?;
        let status: Value = status.json().await?;
        let config = status.get("config").context("config in /status")?;
        ensure!(
            config.pointer("/last_reload/mistakes/0").is_none(),
            "a reload was refused: {config}"
        );
        config.get("generation").and_then(Value::as_u64).context("a generation")
    }

    /// A token as the gateway seals it at a login at that backend.
    pub(super) fn token(&self, exchange: &FakeExchange, backend: usize) -> Result<String> {
        let yaml = self.gateway(backend);
        let config = Config::parse(&yaml, &|_| None)?;
        let seconds = u64::try_from(jiff::Timestamp::now().as_second())?;
        let mint = Mint {
            origin: &self.origin,
            ring_key: &self.keys[0],
            backend: &config.backend.binding(),
            now: Timestamp::from_unix_seconds(seconds),
        };
        mint.access_token("manager_mary", exchange.issue_token("manager_mary")?)
    }

    fn issue(authority: &Authority) -> Result<[String; 2]> {
        let issued = authority.issue(&["localhost"])?;
        let folder = std::env::temp_dir();
        let paths = issued.write(&folder, &format!("reload-lane-{}", std::process::id()))?;
        let read = paths.each_ref().map(std::fs::read_to_string);
        paths.iter().try_for_each(std::fs::remove_file)?;
        let [certificate, key] = read;
        Ok([certificate?, key?])
    }

    fn write(&self) -> Result<()> {
        let named = |name: &str, content: &String| (name.to_owned(), content.clone());
        let (core, gateway) = (self.core(), self.gateway(self.backend));
        self.mount.swap(&[
            named("core.yaml", &core),
            named("gateway.yaml", &gateway),
            named("hop", &self.hop),
            named("ring-1", &self.keys[0]),
            named("ring-2", &self.keys[1]),
            named("secret-0", &self.backends[0].2),
            named("secret-1", &self.backends[1].2),
            named("tls.crt", &self.certificate[0]),
            named("tls.key", &self.certificate[1]),
        ])
    }

    fn core(&self) -> String {
        let [_, core, _, admin] = self.ports;
        let hop = self.mount.file("hop");
        format!("listen: \"{core}\"\nadmin: \"{admin}\"\nhop_key: {{file: {}}}\n", hop.display())
    }

    fn gateway(&self, backend: usize) -> String {
        let [public, core, admin, _] = self.ports;
        let [one, other] = &self.backends;
        let (base_url, client_id, _) = if backend == 0 { one } else { other };
        let folder = self.mount.folder().display();
        let states = if self.active == 0 { ["active", "verify"] } else { ["verify", "active"] };
        let (origin, denied) = (&self.origin, self.denied);
        format!(
            "server:
  public_url: {origin}
  listeners:
    - address: \"{public}\"
      tls: {{certificate: {folder}/tls.crt, key: {folder}/tls.key}}
  admin: \"{admin}\"
  caps: {{connections_per_address: 10000}}
keys:
  ring:
    - {{id: k1, state: {}, key: {{file: {folder}/ring-1}}}}
    - {{id: k2, state: {}, key: {{file: {folder}/ring-2}}}}
  hop: {{file: {folder}/hop}}
core: {{address: \"{core}\"}}
backend:
  name: exchange
  profile: jhe
  base_url: {base_url}
  client_id: {client_id}
  client_secret: {{file: {folder}/secret-{backend}}}
  audience: {{own_client: true}}
limits: {{calls_per_minute: 60000000, burst: 1000000, concurrent_calls: 1000, \
              client_calls_per_minute: 60000000, client_burst: 1000000}}
deny: {{subjects: [\"nobody-{denied}\"]}}
",
            states[0], states[1]
        )
    }

    async fn ready(&self, admin: SocketAddr) -> Result<()> {
        for _ in 0..600 {
            let answer = reqwest::get(format!("http://{admin}/ready")).await;
            if answer.is_ok_and(|answer| answer.status().is_success()) {
                return Ok(());
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        anyhow::bail!("the programs are not ready")
    }
}

fn free() -> Result<SocketAddr> {
    Ok(TcpListener::bind("127.0.0.1:0")?.local_addr()?)
}

/// A program that was built beside this one.
fn program(name: &str, config: PathBuf) -> Result<Child> {
    let path = std::env::current_exe()?.with_file_name(name);
    let mut command = Command::new(&path);
    command.arg("serve").arg("--config").arg(config);
    command.stdin(Stdio::null()).stdout(Stdio::null());
    command.spawn().with_context(|| format!("{}: build it first", path.display()))
}
