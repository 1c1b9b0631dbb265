//! One of our programs as a process: started, told to stop, looked at from outside.

use std::fs::{self, File};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, bail, ensure};

/// How often a program is looked at while something is awaited.
const POLL: Duration = Duration::from_millis(20);
/// Beyond it the lane gives up: longer than a drain.
const PATIENCE: Duration = Duration::from_secs(60);

/// How a program is started.
#[derive(Clone, Copy, Debug)]
pub(super) struct Start<'s> {
    /// `fhir-mcp-gateway` or `fhir-mcp-core`; built beside this program.
    pub(super) name: &'static str,
    /// Its configuration; what it reports stands beside it.
    pub(super) config: &'s Path,
    /// Its admin listener.
    pub(super) admin: SocketAddr,
    /// On which processors, as `taskset` lists them; anywhere if there is nothing.
    pub(super) processors: &'s str,
    /// A file of names and addresses that it finds beside those of the system.
    pub(super) hosts: Option<&'s Path>,
}

/// A running program; it is killed when dropped.
#[derive(Debug)]
pub(super) struct Program {
    child: Child,
    admin: SocketAddr,
    errors: PathBuf,
}

impl Drop for Program {
    fn drop(&mut self) {
        // It may have ended by itself.
        let _ended = self.child.kill().and_then(|()| self.child.wait());
    }
}

/// What a process takes, from `proc(5)`.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Vitals {
    /// Resident memory in KiB.
    pub(super) memory: u64,
    /// Open descriptors; unknown where only root may look, as the programs cannot be traced.
    pub(super) descriptors: Option<usize>,
    /// Threads.
    pub(super) threads: u64,
    /// Processor time so far, in hundredths of a second.
    pub(super) processor: u64,
}

impl Program {
    /// Starts one and waits until it is ready.
    pub(super) async fn start(start: Start<'_>) -> Result<Self> {
        let path = std::env::current_exe()?.with_file_name(start.name);
        let mut command = if start.processors.is_empty() {
            Command::new(&path)
        } else {
            let mut pinned = Command::new("taskset");
            pinned.args(["--cpu-list", start.processors]).arg(&path);
            pinned
        };
        command.arg("serve").arg("--config").arg(start.config).env_clear();
        if let Some(hosts) = start.hosts {
            // Debian's libnss-wrapper: an /etc/hosts of one's own, without privileges.
            command.env("LD_PRELOAD", "libnss_wrapper.so").env("NSS_WRAPPER_HOSTS", hosts);
        }
        if let Some(search) = std::env::var_os("PATH") {
            command.env("PATH", search);
        }
        let errors = start.config.with_extension("log");
        // Their log of a million calls is nothing to keep; what they complain about is.
        command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(File::create(&errors)?);
        let child = command.spawn().with_context(|| format!("{}: build it", path.display()))?;
        let mut program = Self { child, admin: start.admin, errors };
        program.becomes_ready().await?;
        Ok(program)
    }

    async fn becomes_ready(&mut self) -> Result<()> {
        let began = Instant::now();
        while !self.is_ready().await {
            if let Some(status) = self.child.try_wait()? {
                bail!("it ended with {status}: {}", fs::read_to_string(&self.errors)?);
            }
            ensure!(began.elapsed() < PATIENCE, "a program does not become ready");
            tokio::time::sleep(POLL).await;
        }
        Ok(())
    }

    /// Whether a probe would send anybody here.
    pub(super) async fn is_ready(&self) -> bool {
        let answer = reqwest::get(format!("http://{}/ready", self.admin)).await;
        answer.is_ok_and(|answer| answer.status().is_success())
    }

    /// Whether it has ended.
    pub(super) fn has_ended(&mut self) -> Result<bool> {
        Ok(self.child.try_wait()?.is_some())
    }

    /// Sends a signal.
    pub(super) fn tell(&self, signal: &str) -> Result<()> {
        let pid = self.child.id().to_string();
        let told = Command::new("kill").args(["-s", signal, &pid]).status()?;
        ensure!(told.success(), "{signal} could not be sent");
        Ok(())
    }

    /// Waits for its end.
    pub(super) async fn ended(mut self) -> Result<ExitStatus> {
        let began = Instant::now();
        loop {
            if let Some(status) = self.child.try_wait()? {
                return Ok(status);
            }
            ensure!(began.elapsed() < PATIENCE, "a program does not end");
            tokio::time::sleep(POLL).await;
        }
    }

    /// The series of a metric, each with its labels, whose lines begin so.
    pub(super) async fn series(&self, beginning: &str) -> Result<Vec<(String, f64)>> {
        let answer = reqwest::get(format!("http://{}/metrics", self.admin)).await?;
        let text = answer.error_for_status()?.text().await?;
        let lines = text.lines().filter(|line| line.starts_with(beginning));
        let series = lines.filter_map(|line| line.rsplit_once(' '));
        Ok(series
            .filter_map(|(name, value)| Some((name.to_owned(), value.parse().ok()?)))
            .collect())
    }

    /// The sum of all series of a metric whose line begins so.
    pub(super) async fn metric(&self, beginning: &str) -> Result<f64> {
        Ok(self.series(beginning).await?.into_iter().map(|(_, value)| value).sum())
    }

    /// What it takes now.
    pub(super) fn vitals(&self) -> Result<Vitals> {
        vitals(&PathBuf::from(format!("/proc/{}", self.child.id())))
    }
}

/// What the process takes whose folder this is.
pub(super) fn vitals(proc: &Path) -> Result<Vitals> {
    let status = fs::read_to_string(proc.join("status")).context("a program has ended")?;
    let field = |name: &str| -> Result<u64> {
        let value = status.lines().find_map(|line| line.strip_prefix(name)).context("field")?;
        Ok(value.trim().trim_end_matches(" kB").parse()?)
    };
    let stat = fs::read_to_string(proc.join("stat"))?;
    // Behind the name, which may hold anything: the 14th and 15th field are user and system time.
    let (_, behind) = stat.rsplit_once(')').context("a name")?;
    let times = behind.split_whitespace().skip(11).take(2).map(str::parse::<u64>);
    Ok(Vitals {
        memory: field("VmRSS:")?,
        descriptors: fs::read_dir(proc.join("fd")).ok().map(Iterator::count),
        threads: field("Threads:")?,
        processor: times.sum::<Result<u64, _>>()?,
    })
}
