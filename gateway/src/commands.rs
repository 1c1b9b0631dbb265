//! The commands that look and report, each with exit codes of its own.

use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Arc;

use anyhow::Context as _;
use authz::secret::BackendToken;
use clap::Args;
use fhir_mcp_gateway::clock::SystemClock;
use fhir_mcp_gateway::config::Config;
use fhir_mcp_gateway::difference::Difference;
use fhir_mcp_gateway::doctor::{self, Asked};

/// No access token is longer.
const LONGEST_TOKEN: u64 = 16 * 1024;

/// What `doctor` is told.
#[derive(Args)]
pub(crate) struct DoctorArguments {
    /// The configuration.
    #[arg(long)]
    config: PathBuf,
    /// A file with a backend access token, to look at its lifetime and whether it is meant for us.
    #[arg(long)]
    token: Option<PathBuf>,
    /// The profile that mcp-core uses, where it is not the built-in one.
    #[arg(long)]
    profile: Option<PathBuf>,
    /// JSON instead of a table.
    #[arg(long)]
    json: bool,
}

/// Probes what the configuration names. Exits with 0 if all is well, 1 if something fails, 2 if the
/// configuration cannot be used, 3 if there are warnings alone.
pub(crate) fn doctor(arguments: &DoctorArguments) -> anyhow::Result<ExitCode> {
    let asked = Asked {
        token: arguments.token.as_deref().map(token).transpose()?,
        profile: arguments.profile.clone(),
    };
    let report = match Config::load(&arguments.config) {
        Err(error) => doctor::unusable(&error),
        Ok(config) => {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
            let clock = Arc::new(SystemClock::start());
            runtime.block_on(doctor::examine(&config, &asked, clock))?
        }
    };
    let mut out = std::io::stdout();
    if arguments.json {
        writeln!(out, "{:#}", report.to_json())?;
    } else {
        write!(out, "{report}")?;
    }
    Ok(ExitCode::from(report.exit_code()))
}

/// What `diff` is told.
#[derive(Args)]
pub(crate) struct DiffArguments {
    /// The configuration that is in force.
    old: PathBuf,
    /// The configuration that would be.
    new: PathBuf,
    /// JSON instead of text.
    #[arg(long)]
    json: bool,
}

/// Says what a reload would change. Exits with 0 if nothing, 1 if something, 2 if one of the two
/// cannot be used.
pub(crate) fn diff(arguments: &DiffArguments) -> anyhow::Result<ExitCode> {
    let (Some(old), Some(new)) = (usable(&arguments.old)?, usable(&arguments.new)?) else {
        return Ok(ExitCode::from(2));
    };
    let difference = Difference::between(&old, &new);
    let mut out = std::io::stdout();
    if arguments.json {
        writeln!(out, "{:#}", difference.to_json())?;
    } else {
        write!(out, "{difference}")?;
    }
    Ok(ExitCode::from(difference.exit_code()))
}

/// The configuration; if it is none, every mistake is named.
fn usable(path: &Path) -> std::io::Result<Option<Config>> {
    match Config::load(path) {
        Ok(config) => Ok(Some(config)),
        Err(error) => {
            writeln!(std::io::stderr(), "{}:\n{:#}", path.display(), anyhow::Error::new(error))?;
            Ok(None)
        }
    }
}

fn token(path: &Path) -> anyhow::Result<BackendToken> {
    let shown = || format!("--token: cannot read {}", path.display());
    let size = std::fs::metadata(path).with_context(shown)?.len();
    anyhow::ensure!(size <= LONGEST_TOKEN, "--token: {} is too long for a token", path.display());
    let text = zeroize::Zeroizing::new(std::fs::read_to_string(path).with_context(shown)?);
    let token = text.trim();
    let printable = token.bytes().all(|byte| byte.is_ascii_graphic());
    anyhow::ensure!(!token.is_empty() && printable, "--token: {} holds no token", path.display());
    Ok(BackendToken::new(token))
}
