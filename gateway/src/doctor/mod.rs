//! `fhir-mcp-gateway doctor`: probes what the configuration names, says what is wrong and how to
//! mend it.
//!
//! Each check acts first (`wire`, `reach` and the gateway's own clients) and then judges what
//! came of it, purely. Nothing a server wrote is repeated, no secret is shown, every probe has its
//! deadline, and no probe changes anything: the tokens and codes in them are made up.

mod certificates;
mod client;
mod core;
mod discovery;
mod fhir;
mod files;
mod finding;
mod reach;
mod redirect;
mod table;
mod token;
mod wire;

use std::path::PathBuf;
use std::sync::Arc;

use authz::secret::BackendToken;
use oauth2::RedirectUrl;

pub use finding::{Check, Finding, Outcome, Report};

use crate::BuildError;
use crate::clock::Clock;
use crate::config::{Config, ConfigError};
use crate::shared;
use crate::upstream_oauth::UpstreamOAuth;
use wire::Wire;

/// What the operator adds to the configuration.
#[derive(Clone, Debug, Default)]
pub struct Asked {
    /// A backend access token to look at.
    pub token: Option<BackendToken>,
    /// The profile that mcp-core uses, where it is not the built-in one.
    pub profile: Option<PathBuf>,
}

/// The report about a configuration that cannot be used; nothing else was looked at.
pub fn unusable(error: &ConfigError) -> Report {
    let seen = match error {
        ConfigError::Unreadable { .. } => "the file cannot be read".to_owned(),
        ConfigError::NotYaml(_) => "the file is not YAML".to_owned(),
        ConfigError::Mistakes(mistakes) if mistakes.len() == 1 => "there is a mistake".to_owned(),
        ConfigError::Mistakes(mistakes) => format!("there are {} mistakes", mistakes.len()),
    };
    let advice = match error {
        ConfigError::Unreadable { source, .. } => source.kind().to_string(),
        ConfigError::NotYaml(why) => why.clone(),
        ConfigError::Mistakes(mistakes) => {
            mistakes.iter().map(ToString::to_string).collect::<Vec<_>>().join("; ")
        }
    };
    Report::of(vec![Finding::fail(Check::Configuration, seen, advice)])
}

/// Looks at everything, one thing after the other.
pub async fn examine(
    config: &Config,
    asked: &Asked,
    clock: Arc<dyn Clock>,
) -> Result<Report, BuildError> {
    let http = shared::http_client(config.backend.authority.as_ref())?;
    let wire = Wire { http, clock };
    let mut findings = vec![
        Finding::ok(Check::Configuration, "valid; the files and variables that it names are there"),
        files::examine(config),
        certificates::examine(config, wire.clock.now()),
    ];
    findings.extend(backend(&wire, config, asked).await?);
    findings.extend(core::examine(&wire.clock, config).await?);
    findings.sort_by_key(|finding| Check::ALL.iter().position(|check| *check == finding.check));
    Ok(Report::of(findings))
}

async fn backend(wire: &Wire, config: &Config, asked: &Asked) -> Result<Vec<Finding>, BuildError> {
    let backend = &config.backend;
    let mut findings = reach::backend(wire, &backend.base_url, backend.deadline).await;
    if findings.iter().any(|finding| finding.outcome == Outcome::Fail) {
        let looked_at: Vec<Check> = findings.iter().map(|finding| finding.check).collect();
        findings.extend(
            BACKEND
                .iter()
                .filter(|check| !looked_at.contains(check))
                .map(|check| unreachable(*check)),
        );
        return Ok(findings);
    }
    let urls = config.public_urls();
    let callback = RedirectUrl::new(urls.callback())?;
    let clock = Arc::clone(&wire.clock);
    let upstream = UpstreamOAuth::new(wire.http.clone(), backend, callback, clock);
    findings.extend(fhir::examine(wire, backend, asked.profile.as_ref()).await);
    findings.push(discovery::discovery(wire, backend).await);
    findings.extend(discovery::keys_and_clock(wire, backend).await);
    findings.extend(client::examine(wire, &upstream, backend).await);
    findings.push(client::revocation(&upstream).await);
    findings.push(redirect::examine(wire, &upstream, backend, &urls).await);
    findings.extend(token::examine(wire, backend, asked.token.as_ref()).await);
    findings.push(token::refresh_grace());
    Ok(findings)
}

/// What needs a backend that is there.
const BACKEND: &[Check] = &[
    Check::BackendConnect,
    Check::BackendTls,
    Check::BackendVersion,
    Check::Discovery,
    Check::Jwks,
    Check::ClientSecret,
    Check::Introspection,
    Check::IntrospectionCost,
    Check::RedirectUri,
    Check::Userinfo,
    Check::Revocation,
    Check::Clock,
    Check::FhirMetadata,
    Check::Token,
    Check::TokenLifetime,
    Check::RefreshGrace,
];

fn unreachable(check: Check) -> Finding {
    Finding::skipped(check, "the backend cannot be reached", "Mend the failure above first.")
}
