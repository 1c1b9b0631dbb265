//! The program `fhir-mcp-gateway`.

use std::io::Write as _;
use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Arc;

use anyhow::Context as _;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use clap::{Parser, Subcommand};
use fhir_mcp_gateway::clock::SystemClock;
use fhir_mcp_gateway::config::Config;
use fhir_mcp_gateway::{Gateway, Listeners, telemetry};
use rand::Rng as _;
use tokio::signal::unix::{SignalKind, signal};

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
    let mut terminate = signal(SignalKind::terminate()).context("cannot wait for SIGTERM")?;
    let mut interrupt = signal(SignalKind::interrupt()).context("cannot wait for SIGINT")?;
    let running = gateway.start(listeners)?;
    tracing::info!(public = ?running.public, admin = %running.admin, "listening");
    tokio::select! {
        _ = interrupt.recv() => {}
        _ = terminate.recv() => {
            running.retreat();
            tracing::info!("told to stop; not ready, still accepting");
            tokio::select! {
                () = tokio::time::sleep(close_delay) => {}
                _ = terminate.recv() => return Ok(()),
                _ = interrupt.recv() => return Ok(()),
            }
        }
    }
    tracing::info!("stopped accepting; waiting for the calls in flight");
    tokio::select! {
        () = running.shutdown() => tracing::info!("stopped"),
        _ = terminate.recv() => {}
        _ = interrupt.recv() => {}
    }
    Ok(())
}
