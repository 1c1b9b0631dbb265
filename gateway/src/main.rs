//! The program `fhir-mcp-gateway`.

use std::io::Write as _;
use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

use anyhow::Context as _;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use clap::{Parser, Subcommand};
use fhir_mcp_gateway::clock::SystemClock;
use fhir_mcp_gateway::config::Config;
use fhir_mcp_gateway::{Gateway, Listeners, Running, telemetry};
use rand::Rng as _;
use tokio::signal::unix::{Signal, SignalKind, signal};

/// The authorization gateway between LLM clients and FHIR data.
#[derive(Parser)]
#[command(version, about)]
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
    /// Prints a new key for the ring or for the hop.
    Keygen,
}

fn main() -> ExitCode {
    match run(Arguments::parse().command) {
        Ok(()) => ExitCode::SUCCESS,
        Err(why) => {
            // A failure before or after the log's life has nowhere else to go.
            let _ = writeln!(std::io::stderr(), "fhir-mcp-gateway: {why:#}");
            ExitCode::FAILURE
        }
    }
}

fn run(command: Command) -> anyhow::Result<()> {
    match command {
        Command::Keygen => {
            let mut key = zeroize::Zeroizing::new([0_u8; 32]);
            rand::rng().fill_bytes(&mut *key);
            writeln!(std::io::stdout(), "{}", STANDARD.encode(*key))?;
            Ok(())
        }
        Command::Check { config } => {
            let config = Config::load(&config)?;
            write!(std::io::stdout(), "{}", yaml_serde::to_string(&config)?)?;
            Ok(())
        }
        Command::Serve { config } => {
            // With it set, TLS session keys would be written to a file.
            if std::env::var_os("SSLKEYLOGFILE").is_some() {
                anyhow::bail!("SSLKEYLOGFILE is set; unset it");
            }
            // The one provider, before anything could choose another.
            let _ = rustls::crypto::ring::default_provider().install_default();
            let config = Config::load(&config)?;
            telemetry::install()?;
            let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
            runtime.block_on(serve(config))
        }
    }
}

async fn serve(config: Config) -> anyhow::Result<()> {
    let close_delay = config.server.deadlines.close_delay;
    let listeners = Listeners::bind(&config)?;
    let gateway = Gateway::build(config, Arc::new(SystemClock::start()))?;
    let mut signals = Signals::watch().context("cannot wait for signals")?;
    let running = gateway.start(listeners)?;
    tracing::info!(public = ?running.public, admin = %running.admin, "listening");
    let close_delay = match signals.next().await {
        Told::Terminate => close_delay,
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
