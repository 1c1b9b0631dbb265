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
use fhir_mcp_gateway::import_env::{self, Variables};

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

/// What `import-env` is told.
#[derive(Args)]
pub(crate) struct ImportEnvArguments {
    /// A file of variables; without it, the environment.
    #[arg(long)]
    env_file: Option<PathBuf>,
    /// Where secrets will lie as files, each named as its variable; without it, those that are
    /// variables stay variables.
    #[arg(long)]
    secrets_dir: Option<PathBuf>,
    /// Print mcp-core.yaml in place of gateway.yaml.
    #[arg(long)]
    core: bool,
}

/// Makes a configuration from `jhe_mcp`'s variables. Exits with 0 if all was taken over, 1 if
/// something needs a decision, 2 if nothing could be made of them.
pub(crate) fn import_env(arguments: &ImportEnvArguments) -> anyhow::Result<ExitCode> {
    let mut variables = match variables(arguments.env_file.as_deref()) {
        Ok(variables) => variables,
        Err(why) => {
            writeln!(std::io::stderr(), "{why}")?;
            return Ok(ExitCode::from(2));
        }
    };
    let found = variables.follow_files(import_env::read_file);
    let import = import_env::decide(&variables, arguments.secrets_dir.as_deref(), found);
    let text = if arguments.core { import.core_yaml() } else { import.gateway_yaml() };
    write!(std::io::stderr(), "{}", import.report())?;
    write!(std::io::stdout(), "{}", text.unwrap_or_default())?;
    Ok(ExitCode::from(import.report().exit_code()))
}

/// The variables of the file, or those of the environment that may be `jhe_mcp`'s.
fn variables(file: Option<&Path>) -> Result<Variables, String> {
    let Some(path) = file else {
        let set =
            std::env::vars_os().filter_map(|(name, value)| Some((name.into_string().ok()?, value)));
        let ours = set.filter(|(name, _)| Variables::concern(name));
        let text = ours.map(|(name, value)| match value.into_string() {
            Ok(value) => Ok((name, value)),
            Err(_) => Err(format!("{name}: is not UTF-8")),
        });
        return text.collect();
    };
    let shown = path.display();
    let content =
        import_env::read_file(path).map_err(|why| format!("cannot read {shown}: {why}"))?;
    let text = std::str::from_utf8(&content).map_err(|_| format!("{shown} is not UTF-8"))?;
    import_env::read_env_file(text).map_err(|mistakes| {
        let lines: Vec<String> = mistakes.iter().map(|one| format!("{shown}: {one}")).collect();
        lines.join("\n")
    })
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
