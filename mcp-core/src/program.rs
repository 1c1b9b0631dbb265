//! The program: reads its command line and configuration, serves until it is told to stop.

use std::io::Write as _;
use std::num::NonZeroUsize;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

use anyhow::Context as _;
use authz::secret::BackendToken;
use clap::{Parser, Subcommand};
use prometheus::Registry;
use tokio::runtime::{Builder, Runtime};
use tokio::signal::unix::{SignalKind, signal};
use tracing::error;
use url::Url;

use crate::backend::client::Client;
use crate::backend::profile::Profiles;
use crate::config::Config;
use crate::ending::Ending;
use crate::http::{Core, bind};
use crate::metrics::Metrics;
use crate::probe::{Finding, Probe, Verdict};
use crate::seclusion::seclude;
use crate::stdio::{self, Flags, Settings};
use crate::{telemetry, tools};

/// The MCP tool service behind fhir-mcp-gateway.
#[derive(Parser)]
#[command(version = provenance::VERSION, long_version = provenance::LONG_VERSION)]
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
    /// Serve one person on their own computer, over standard input and output, without a gateway: for an
    /// MCP client's configuration. Whoever is not logged in is sent to the backend's login in the browser.
    Stdio {
        #[command(flatten)]
        flags: Box<Flags>,
    },
    /// Log in for `stdio`, with its flags, before an MCP client needs it.
    Login {
        #[command(flatten)]
        flags: Box<Flags>,
    },
    /// End the login of `stdio`, with its flags: at the backend, and on this computer. Exit code 2: the
    /// backend could not be told.
    Logout {
        #[command(flatten)]
        flags: Box<Flags>,
    },
    /// Check a configuration file and print what it amounts to, secrets hidden; or, with --backend,
    /// ask a live server whether its profile is true. Exit code 0: all is well; 1: a mistake, or the
    /// server could not be asked; 2: profile and server differ.
    Check {
        /// The configuration file; with --backend, where profiles and limits are looked up.
        #[arg(required_unless_present = "backend")]
        config: Option<PathBuf>,
        /// The base URL of a live server.
        #[arg(long)]
        backend: Option<Url>,
        /// Which profile is said to describe it.
        #[arg(long, default_value = "fhir-r4", requires = "backend")]
        profile: String,
        /// A file with a bearer token for it.
        #[arg(long, requires = "backend")]
        token_file: Option<PathBuf>,
    },
}

/// The program, from its command line to its exit code.
pub fn main() -> ExitCode {
    let done = match Arguments::parse().verb {
        Verb::Serve { config } => serve(&config).map(|()| ExitCode::SUCCESS),
        Verb::Stdio { flags } => alone(*flags, serve_alone),
        Verb::Login { flags } => alone(*flags, log_in),
        Verb::Logout { flags } => alone(*flags, log_out),
        Verb::Check { config, backend: None, .. } => {
            check(config.as_deref()).map(|()| ExitCode::SUCCESS)
        }
        Verb::Check { config, backend: Some(backend), profile, token_file } => {
            compare(config.as_deref(), backend, (&profile, token_file.as_deref()))
        }
    };
    match done {
        Ok(code) => code,
        Err(error) => {
            let _nowhere_to_say_it = writeln!(std::io::stderr(), "{error:#}");
            ExitCode::FAILURE
        }
    }
}

fn check(path: Option<&Path>) -> anyhow::Result<()> {
    let config = Config::load(path.context("name a configuration file")?)?;
    let description = config.describe();
    Core::new(config)?;
    std::io::stdout().write_all(description.as_bytes())?;
    Ok(())
}

/// Profile and server, field by field.
#[tokio::main(flavor = "current_thread")]
async fn compare(
    config: Option<&Path>,
    backend: Url,
    (profile, token_file): (&str, Option<&Path>),
) -> anyhow::Result<ExitCode> {
    rustls::crypto::ring::default_provider()
        .install_default()
        .map_err(|_| anyhow::anyhow!("another TLS provider is installed"))?;
    let config = config.map(Config::load).transpose()?;
    let folder = config.as_ref().and_then(|config| config.profiles.as_deref());
    let profiles = Profiles::load(folder, tools::served::mistakes)?;
    let names = profiles.names().collect::<Vec<_>>().join(", ");
    let profile =
        profiles.find(profile).with_context(|| format!("--profile: the profiles are {names}"))?;
    let limits = config.as_ref().map(|config| config.backend).unwrap_or_default();
    let authority = config.as_ref().and_then(|config| config.authority.as_ref());
    let client = Client::new(&limits, authority, Metrics::new(&Registry::new())?)?;
    let token = token_file.map(std::fs::read_to_string).transpose().context("--token-file")?;
    let token = token.map(|token| BackendToken::new(token.trim()));
    let findings = Probe::new(client, Arc::clone(profile), backend, token)?.run().await;
    let mut out = std::io::stdout();
    for finding in &findings {
        writeln!(out, "{finding}")?;
    }
    let has = |verdict| findings.iter().any(|finding| finding.verdict() == verdict);
    let is_compared = |finding: &Finding| {
        finding.field().starts_with("search.") && finding.verdict() != Verdict::Unclear
    };
    anyhow::ensure!(
        findings.iter().any(is_compared),
        "the server's searches could not be compared"
    );
    Ok(if has(Verdict::Differs) { ExitCode::from(2) } else { ExitCode::SUCCESS })
}

/// What comes before the first key or token is read.
fn guard() -> anyhow::Result<()> {
    // With it set, TLS session keys would be written to a file.
    if std::env::var_os("SSLKEYLOGFILE").is_some() {
        anyhow::bail!("SSLKEYLOGFILE is set; unset it");
    }
    rustls::crypto::ring::default_provider()
        .install_default()
        .map_err(|_| anyhow::anyhow!("another TLS provider is installed"))?;
    seclude().context("cannot give up core files")
}

/// One of the commands for one person. Its end does not wait for a read of standard input, which nothing
/// could end.
fn alone<F: Future<Output = anyhow::Result<ExitCode>>>(
    flags: Flags,
    command: impl FnOnce(Settings) -> F,
) -> anyhow::Result<ExitCode> {
    guard()?;
    let settings = flags.check()?;
    let runtime = Builder::new_multi_thread().enable_all().build()?;
    let done = runtime.block_on(command(settings));
    runtime.shutdown_background();
    done
}

async fn serve_alone(settings: Settings) -> anyhow::Result<ExitCode> {
    telemetry::start(std::io::stderr)?;
    let ending = Ending::default();
    let closing = ending.closing();
    tokio::spawn(stop_on_signal(ending, Duration::ZERO));
    stdio::serve(settings, closing).await.map(|()| ExitCode::SUCCESS)
}

async fn log_in(settings: Settings) -> anyhow::Result<ExitCode> {
    stdio::log_in(settings).await.map(|()| ExitCode::SUCCESS)
}

async fn log_out(settings: Settings) -> anyhow::Result<ExitCode> {
    let ended = stdio::log_out(settings).await?;
    Ok(if ended { ExitCode::SUCCESS } else { ExitCode::from(2) })
}

fn serve(path: &Path) -> anyhow::Result<()> {
    runtime(std::thread::available_parallelism()?)?.block_on(run(path))
}

/// Threads for so many processors, as in the gateway: on a single one nobody could take over another's work.
fn runtime(processors: NonZeroUsize) -> std::io::Result<Runtime> {
    let mut runtime = match processors.get() {
        1 => Builder::new_current_thread(),
        _ => Builder::new_multi_thread(),
    };
    runtime.enable_all().build()
}

async fn run(path: &Path) -> anyhow::Result<()> {
    guard()?;
    let config = Config::load(path)?;
    telemetry::start(std::io::stdout)?;
    let (listen, admin, close_delay) = (config.listen, config.admin, config.close_delay);
    let core = Core::new(config)?.alone_on_its_socket();
    let listener = bind(listen).with_context(|| format!("listen: {listen}"))?;
    let admin = bind(admin).with_context(|| format!("admin: {admin}"))?;
    let ending = Ending::default();
    tokio::spawn(stop_on_signal(ending.clone(), close_delay));
    core.serve(listener, Some(admin), ending).await
}

/// The first signal lets calls in flight finish; the second one ends the program.
async fn stop_on_signal(ending: Ending, close_delay: Duration) {
    let signals = (signal(SignalKind::terminate()), signal(SignalKind::interrupt()));
    let (Ok(mut terminate), Ok(mut interrupt)) = signals else {
        error!("signals cannot be received; stopping");
        return ending.close();
    };
    // A person at a terminal: nobody chooses between us and others.
    let close_delay = tokio::select! {
        _ = terminate.recv() => close_delay,
        _ = interrupt.recv() => Duration::ZERO,
    };
    ending.retreat();
    let again = async {
        tokio::select! {
            _ = terminate.recv() => (),
            _ = interrupt.recv() => (),
        }
    };
    let closing = async {
        tokio::time::sleep(close_delay).await;
        ending.close();
        std::future::pending::<()>().await;
    };
    tokio::select! {
        () = again => std::process::exit(130),
        () = closing => (),
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
