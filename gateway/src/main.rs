//! The program `fhir-mcp-gateway`.

use std::fmt::Write as _;
use std::io::Write as _;
use std::num::NonZeroUsize;
use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

use anyhow::Context as _;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use clap::{Parser, Subcommand};
use fhir_mcp_gateway::audit::WrittenTo;
use fhir_mcp_gateway::clock::{Clock as _, SystemClock};
use fhir_mcp_gateway::config::Config;
use fhir_mcp_gateway::seclusion::seclude;
use fhir_mcp_gateway::{Gateway, Listeners, Running, Watch, telemetry, tls};
use rand::Rng as _;
use tokio::runtime::{Builder, Runtime};
use tokio::signal::unix::{Signal, SignalKind, signal};

mod commands;
mod verify_audit;

use commands::{DiffArguments, DoctorArguments, ImportEnvArguments};

/// A call allocates some two hundred times, and musl's own allocator has one lock for all threads.
#[global_allocator]
static ALLOCATOR: tikv_jemallocator::Jemalloc = tikv_jemallocator::Jemalloc;

/// A thread that had nothing to do for so long ends. Each look at the configuration wakes the one that waited
/// longest: with the library's ten seconds, a look that met none at rest would leave one more for ever.
const IDLE_THREAD: Duration = Duration::from_secs(1);

/// The authorization gateway between LLM clients and FHIR data.
#[derive(Parser)]
#[command(version = provenance::VERSION, long_version = provenance::LONG_VERSION, about)]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Runs the gateway until it is told to stop.
    Serve {
        /// The configuration.
        #[arg(long)]
        config: PathBuf,
    },
    /// Says everything that is wrong with a configuration, or prints what is in force, secrets
    /// hidden.
    Check {
        /// The configuration.
        config: PathBuf,
    },
    /// Says beforehand what a reload from one configuration to another would change, and what would
    /// follow. Exits with 0 if nothing differs, 1 if something does, 2 if one of the two cannot be
    /// used.
    Diff(DiffArguments),
    /// Probes the backend and mcp-core, names what is wrong and how to mend it. Exits with 0 if all
    /// is well, 1 if something fails, 2 if the configuration cannot be used, 3 if there are warnings
    /// alone.
    Doctor(DoctorArguments),
    /// Prints a gateway.yaml made from the environment of JupyterHealth Exchange's Python MCP server,
    /// `jhe_mcp`, and says on standard error what became of each variable. Exits with 0 if all was taken
    /// over, 1 if something needs a decision, 2 if nothing could be made of it.
    ImportEnv(ImportEnvArguments),
    /// Prints a new key: for the ring, the hop or the audit trail.
    Keygen,
    /// Says whether an audit trail holds. Exit code 0: it does. 3: it does not, and where. 4: it does,
    /// and events are missing or may be.
    VerifyAudit {
        /// A file with the audit key, if the trail has one.
        #[arg(long)]
        key: Option<PathBuf>,
        /// The lines were collected from a stream, such as the standard output: no run knows of
        /// the one before, and that a whole one is missing cannot be seen.
        #[arg(long)]
        stream: bool,
        /// The files of the trail, oldest first.
        #[arg(required = true)]
        files: Vec<PathBuf>,
    },
}

fn main() -> ExitCode {
    match run(Arguments::parse().command) {
        Ok(code) => code,
        Err(why) => {
            // A failure before or after the log's life has nowhere else to go.
            let _ = writeln!(std::io::stderr(), "fhir-mcp-gateway: {why:#}");
            ExitCode::FAILURE
        }
    }
}

fn run(command: Command) -> anyhow::Result<ExitCode> {
    match command {
        Command::Diff(arguments) => commands::diff(&arguments),
        Command::Doctor(arguments) => commands::doctor(&arguments),
        Command::ImportEnv(arguments) => commands::import_env(&arguments),
        Command::Keygen => {
            let mut key = zeroize::Zeroizing::new([0_u8; 32]);
            rand::rng().fill_bytes(&mut *key);
            writeln!(std::io::stdout(), "{}", STANDARD.encode(*key))?;
            Ok(ExitCode::SUCCESS)
        }
        Command::Check { config } => {
            let config = Config::load(&config)?;
            let certificates = checked_certificates(&config)?;
            write!(std::io::stdout(), "{}{certificates}", yaml_serde::to_string(&config)?)?;
            Ok(ExitCode::SUCCESS)
        }
        Command::VerifyAudit { key, stream, files } => {
            let to = if stream { WrittenTo::Stream } else { WrittenTo::Files };
            verify_audit::run(&files, key.as_deref(), to)
        }
        Command::Serve { config } => {
            // With it set, TLS session keys would be written to a file.
            if std::env::var_os("SSLKEYLOGFILE").is_some() {
                anyhow::bail!("SSLKEYLOGFILE is set; unset it");
            }
            seclude().context("cannot give up core files")?;
            // The one provider, before anything could choose another.
            let _ = rustls::crypto::ring::default_provider().install_default();
            let (read, files) = Config::read(&config);
            let watch = Watch::new(&config, files);
            let config = read?;
            let _log = telemetry::install()?;
            let runtime = runtime(std::thread::available_parallelism()?)?;
            runtime.block_on(serve(config, watch))?;
            Ok(ExitCode::SUCCESS)
        }
    }
}

/// Threads for so many processors. On a single one nobody could take over another's work, and without the
/// means for it a call took a quarter less of processor time, with sixteen at once.
fn runtime(processors: NonZeroUsize) -> std::io::Result<Runtime> {
    let mut runtime = match processors.get() {
        1 => Builder::new_current_thread(),
        _ => Builder::new_multi_thread(),
    };
    runtime.thread_keep_alive(IDLE_THREAD).enable_all().build()
}

/// What the listeners would show, as comments after the configuration.
fn checked_certificates(config: &Config) -> anyhow::Result<String> {
    let now = SystemClock::start().now();
    let mut text = String::new();
    for tls in config.server.listeners.iter().filter_map(|listener| listener.tls.as_ref()) {
        for leaf in tls::load(tls)?.leaves() {
            writeln!(text, "# {}: {}", leaf.field, leaf.describe(now))?;
        }
    }
    Ok(text)
}

async fn serve(config: Config, watch: Watch) -> anyhow::Result<()> {
    let listeners = Listeners::bind(&config)?;
    let gateway = Gateway::build(config, Arc::new(SystemClock::start()))?;
    let mut signals = Signals::watch().context("cannot wait for signals")?;
    let mut running = gateway.start(listeners)?;
    running.follow(watch)?;
    tracing::info!(public = ?running.public, admin = %running.admin, "listening");
    let close_delay = match signals.next().await {
        Told::Terminate => running.close_delay(),
        // A person at a terminal: nobody balances load onto us.
        Told::Interrupt => Duration::ZERO,
    };
    running.retreat();
    tracing::info!("told to stop; not ready, still accepting");
    tokio::select! {
        () = finish(running, close_delay) => tracing::info!("stopped"),
        _ = signals.next() => {}
    }
    Ok(())
}

/// Accepts a while longer, for whoever has not heard yet that we are not ready; then lets the calls
/// in flight finish.
async fn finish(running: Running, close_delay: Duration) {
    tokio::time::sleep(close_delay).await;
    tracing::info!("stopped accepting; waiting for the calls in flight");
    running.shutdown().await;
}

/// Which signal it was.
enum Told {
    Terminate,
    Interrupt,
}

/// The signals that end us: the first politely, the second at once.
struct Signals {
    terminate: Signal,
    interrupt: Signal,
}

impl Signals {
    fn watch() -> std::io::Result<Self> {
        let terminate = signal(SignalKind::terminate())?;
        Ok(Self { terminate, interrupt: signal(SignalKind::interrupt())? })
    }

    async fn next(&mut self) -> Told {
        tokio::select! {
            _ = self.terminate.recv() => Told::Terminate,
            _ = self.interrupt.recv() => Told::Interrupt,
        }
    }
}

#[cfg(test)]
mod tests {
    use tokio::runtime::RuntimeFlavor;

    use super::*;

    fn flavor(processors: usize) -> RuntimeFlavor {
        let processors = NonZeroUsize::new(processors).expect("a processor");
        runtime(processors).expect("a runtime").handle().runtime_flavor()
    }

    #[test]
    fn a_single_processor_is_given_one_thread_and_several_share_the_work() {
        assert_eq!(flavor(1), RuntimeFlavor::CurrentThread);
        assert_eq!(flavor(2), RuntimeFlavor::MultiThread);
    }
}
