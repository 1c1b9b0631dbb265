//! The program: reads its configuration, serves until it is told to stop.

use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::Context as _;
use clap::{Parser, Subcommand};
use fhir_mcp_core::config::Config;
use fhir_mcp_core::http::bind;
use fhir_mcp_core::{Core, telemetry};
use tokio::signal::unix::{SignalKind, signal};
use tokio_util::sync::CancellationToken;
use tracing::error;

/// The MCP tool service behind fhir-mcp-gateway.
#[derive(Parser)]
#[command(version)]
struct Arguments {
    #[command(subcommand)]
    verb: Verb,
}

#[derive(Subcommand)]
enum Verb {
    /// Serve tools to the gateway.
    Serve {
        /// The configuration file.
        #[arg(long)]
        config: PathBuf,
    },
    /// Check a configuration file and print what it amounts to, secrets hidden.
    Check {
        /// The configuration file.
        config: PathBuf,
    },
}

fn main() -> ExitCode {
    let done = match Arguments::parse().verb {
        Verb::Serve { config } => run(&config),
        Verb::Check { config } => check(&config),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            let _nowhere_to_say_it = writeln!(std::io::stderr(), "{error:#}");
            ExitCode::FAILURE
        }
    }
}

fn check(path: &Path) -> anyhow::Result<()> {
    let config = Config::load(path)?;
    let description = config.describe();
    Core::new(config)?;
    std::io::stdout().write_all(description.as_bytes())?;
    Ok(())
}

#[tokio::main]
async fn run(path: &Path) -> anyhow::Result<()> {
    rustls::crypto::ring::default_provider()
        .install_default()
        .map_err(|_| anyhow::anyhow!("another TLS provider is installed"))?;
    let config = Config::load(path)?;
    telemetry::start()?;
    let (listen, admin) = (config.listen, config.admin);
    let core = Core::new(config)?;
    let listener = bind(listen).with_context(|| format!("listen: {listen}"))?;
    let admin = bind(admin).with_context(|| format!("admin: {admin}"))?;
    let shutdown = CancellationToken::new();
    tokio::spawn(stop_on_signal(shutdown.clone()));
    core.serve(listener, Some(admin), shutdown).await
}

/// The first signal lets calls in flight finish; the second one ends the program.
async fn stop_on_signal(shutdown: CancellationToken) {
    let signals = (signal(SignalKind::terminate()), signal(SignalKind::interrupt()));
    let (Ok(mut terminate), Ok(mut interrupt)) = signals else {
        error!("signals cannot be received; stopping");
        return shutdown.cancel();
    };
    let mut received = async || {
        tokio::select! {
            _ = terminate.recv() => (),
            _ = interrupt.recv() => (),
        }
    };
    received().await;
    shutdown.cancel();
    received().await;
    std::process::exit(130);
}
