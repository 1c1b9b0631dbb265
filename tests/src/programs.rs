//! The two programs as an operator runs them: as processes, from files, with all that they write
//! kept. `PROGRAMS` names the folder that they were built into.

use std::fs::{self, File};
use std::net::{SocketAddr, TcpListener};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output};
use std::time::Duration;

use anyhow::{Context as _, Result, bail};
use serde_json::Value;

use crate::collector::Collector;
use crate::exchange::{FakeExchange, Options, system_clock};
use crate::program_files::{self, Addresses};

pub use crate::program_files::Wanted;

/// How often a program is asked whether it is ready, and how long at most.
const POLL: Duration = Duration::from_millis(20);
const TRIES: u32 = 1500;

/// Both programs and an Exchange. They are killed when this is dropped.
pub struct Programs {
    /// The stand-in Exchange.
    pub exchange: FakeExchange,
    /// Where both tell of what they do.
    pub collector: Collector,
    /// Where everything is that they read and write.
    pub folder: PathBuf,
    /// What to trust, in PEM; empty where clients come by plain http.
    pub certificate: String,
    /// Where core listens.
    pub core_address: SocketAddr,
    /// Where the gateway listens.
    pub address: SocketAddr,
    origin: String,
    admins: [SocketAddr; 2],
    core: Child,
    gateway: Child,
    /// Which program is the gateway.
    program: &'static str,
}

impl Drop for Programs {
    fn drop(&mut self) {
        for child in [&mut self.core, &mut self.gateway] {
            // It may have ended by itself.
            let _ended = child.kill().and_then(|()| child.wait());
        }
    }
}

impl Programs {
    /// Starts both, in an empty folder of this name below `parent`; `extra` follows `gateway.yaml`.
    pub async fn start(parent: &Path, name: &str, extra: &str) -> Result<Self> {
        Self::start_with(parent, name, Wanted { extra, ..Wanted::default() }).await
    }

    /// The same with wishes.
    pub async fn start_with(parent: &Path, name: &str, wanted: Wanted<'_>) -> Result<Self> {
        // Another part may have installed it; there is only this one.
        let _installed = rustls::crypto::ring::default_provider().install_default();
        let folder = parent.join(name);
        if folder.exists() {
            fs::remove_dir_all(&folder)?;
        }
        fs::create_dir_all(&folder)?;
        let anchor = jiff::Timestamp::now();
        let exchange =
            FakeExchange::start(Options { clock: system_clock(), anchor, ..Options::default() })
                .await?;
        let [address, core_address, admin, core_admin] = free_ports()?;
        let admins = [admin, core_admin];
        let origin = wanted.origin(address);
        exchange.allow_redirect(&format!("{origin}/oauth/callback"));
        let collector = Collector::start().await?;
        let told = format!("telemetry: {{otlp: {{endpoint: \"{}\"}}}}\n", collector.endpoint());
        let addresses = Addresses { gateway: address, core: core_address, admins };
        let certificate = program_files::write(&folder, &wanted, &exchange, addresses, &told)?;
        let core = spawn(&folder, "fhir-mcp-core", "mcp-core.yaml")?;
        let gateway = spawn(&folder, wanted.program, "gateway.yaml")?;
        let started = Self {
            exchange,
            collector,
            folder,
            certificate,
            core_address,
            address,
            origin,
            admins,
            core,
            gateway,
            program: wanted.program,
        };
        started.ready().await?;
        Ok(started)
    }

    /// The gateway's public origin.
    pub fn origin(&self) -> String {
        self.origin.clone()
    }

    /// The ids of both processes: the gateway's, and core's.
    pub fn pids(&self) -> [u32; 2] {
        [self.gateway.id(), self.core.id()]
    }

    /// What the gateway's memory is and what it ever was, in KiB: `VmRSS` and `VmHWM` of `proc(5)`.
    pub fn memory(&self) -> Result<[u64; 2]> {
        let status = fs::read_to_string(format!("/proc/{}/status", self.gateway.id()))?;
        let field = |name: &str| -> Result<u64> {
            let value =
                status.lines().find_map(|line| line.strip_prefix(name)).context("a field")?;
            Ok(value.trim().trim_end_matches(" kB").parse()?)
        };
        Ok([field("VmRSS:")?, field("VmHWM:")?])
    }

    /// What both admin listeners show.
    pub async fn shown(&self) -> Result<String> {
        let mut shown = String::new();
        for admin in self.admins {
            for path in ["metrics", "status", "ready", "live"] {
                let answer = reqwest::get(format!("http://{admin}/{path}")).await?;
                shown.push_str(&answer.text().await?);
            }
        }
        Ok(shown)
    }

    /// What stands in a file of the folder by now.
    pub fn text(&self, file: &str) -> Result<String> {
        let bytes = fs::read(self.folder.join(file)).with_context(|| file.to_owned())?;
        Ok(String::from_utf8_lossy(&bytes).into_owned())
    }

    /// Everything that both wrote to their standard output and error.
    pub fn written(&self) -> Result<String> {
        let mut written = String::new();
        for program in [self.program, "fhir-mcp-core"] {
            for stream in ["out", "err"] {
                written.push_str(&self.text(&format!("{program}.{stream}"))?);
            }
        }
        Ok(written)
    }

    /// Sends a signal to the gateway and waits for its end.
    pub fn signal(&mut self, signal: &str) -> Result<std::process::ExitStatus> {
        let pid = self.gateway.id().to_string();
        Command::new("kill").args(["-s", signal, &pid]).status()?;
        Ok(self.gateway.wait()?)
    }

    /// Sends a signal to the gateway, which goes on.
    pub fn tell(&self, signal: &str) -> Result<()> {
        Command::new("kill").args(["-s", signal, &self.gateway.id().to_string()]).status()?;
        Ok(())
    }

    /// The gateway's `/status`, once it is as it should be.
    pub async fn status(&self, wanted: impl Fn(&Value) -> bool) -> Result<Value> {
        let [admin, _] = self.admins;
        let mut status = Value::Null;
        for _ in 0..TRIES {
            status = reqwest::get(format!("http://{admin}/status")).await?.json().await?;
            if wanted(&status) {
                return Ok(status);
            }
            tokio::time::sleep(POLL).await;
        }
        bail!("it stays so: {status}")
    }

    /// Starts the gateway again, after its end.
    pub async fn restart(&mut self) -> Result<()> {
        self.gateway = spawn(&self.folder, self.program, "gateway.yaml")?;
        self.ready().await
    }

    /// Runs a command of the gateway's in the folder.
    pub fn run(&self, arguments: &[&str]) -> Result<Output> {
        let mut command = program("fhir-mcp-gateway")?;
        Ok(command.args(arguments).current_dir(&self.folder).output()?)
    }

    async fn ready(&self) -> Result<()> {
        for _ in 0..TRIES {
            let mut ready = 0;
            for admin in self.admins {
                let answer = reqwest::get(format!("http://{admin}/ready")).await;
                ready += usize::from(answer.is_ok_and(|answer| answer.status().is_success()));
            }
            if ready == self.admins.len() {
                return Ok(());
            }
            tokio::time::sleep(POLL).await;
        }
        bail!("not ready: {}", self.written()?)
    }
}

/// Addresses on which nobody listens just now.
fn free_ports<const N: usize>() -> Result<[SocketAddr; N]> {
    let bound: Vec<TcpListener> =
        (0..N).map(|_| TcpListener::bind("127.0.0.1:0")).collect::<Result<_, _>>()?;
    let free: Vec<SocketAddr> =
        bound.iter().map(TcpListener::local_addr).collect::<Result<_, _>>()?;
    free.try_into().map_err(|_| anyhow::anyhow!("so many ports"))
}

fn program(name: &str) -> Result<Command> {
    let built = std::env::var_os("PROGRAMS").context("PROGRAMS names no folder")?;
    Ok(Command::new(Path::new(&built).join(name)))
}

fn spawn(folder: &Path, name: &str, config: &str) -> Result<Child> {
    let kept = |stream: &str| {
        File::options().create(true).append(true).open(folder.join(format!("{name}.{stream}")))
    };
    let mut command = program(name)?;
    command.args(["serve", "--config", config]).current_dir(folder).env_clear();
    Ok(command.stdout(kept("out")?).stderr(kept("err")?).spawn()?)
}
