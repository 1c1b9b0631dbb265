//! A new configuration for a gateway that serves: parse all, validate all, build, swap, prove,
//! report. Whatever fails on the way changes nothing.

use std::sync::Arc;

use pingora::proxy::HttpProxy;
use tokio::sync::{Mutex, watch};

use crate::config::{Config, ConfigError, Files, Mistake};
use crate::live::{Generation, Live};
use crate::proxy::GatewayProxy;
use crate::shared::{BuildError, Lasting, Shared};
use crate::tls::{self, Certificates, Loaded};

mod follow;
mod mounts;
mod proof;
mod report;
mod restart;
mod running;
mod watching;

pub(crate) use report::Report;
pub(crate) use restart::refuse as refuse_what_needs_a_restart;
pub use watching::{Found, Watch};

/// What came of a configuration that is no failure.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reloaded {
    /// It is in force, as this generation.
    Applied(u64),
    /// It says what is in force already.
    Unchanged,
}

/// Why a configuration is not in force. The one before serves on.
#[derive(Debug, thiserror::Error)]
pub enum ReloadError {
    /// It is wrong.
    #[error(transparent)]
    Invalid(#[from] ConfigError),
    /// It changes what only a restart can.
    #[error("{}", lines(.0))]
    NeedsRestart(Vec<Mistake>),
    /// What it names cannot be used.
    #[error(transparent)]
    Unusable(#[from] BuildError),
    /// Its `core.address` has no address.
    #[error("core.address: cannot be resolved; must be the name or the address of mcp-core")]
    CoreUnresolved,
    /// The files changed while they were read; they will be read again.
    #[error("the files were changing while they were read")]
    Moving,
    /// A call without a token was not answered as it must be, so the one before is back in force.
    #[error("a call without a token was not refused with 401 ({0}); the change was undone")]
    Unproven(&'static str),
}

impl ReloadError {
    /// One word for log, status and metrics.
    pub const fn outcome(&self) -> &'static str {
        match self {
            Self::Invalid(_) => "invalid",
            Self::NeedsRestart(_) => "needs_restart",
            Self::Unusable(_) | Self::CoreUnresolved => "unusable",
            Self::Moving => "moving",
            Self::Unproven(_) => "unproven",
        }
    }

    /// Every mistake, each with its place where it has one.
    pub fn mistakes(&self) -> Vec<String> {
        let mut text = self.to_string();
        let mut cause = std::error::Error::source(self);
        while let Some(why) = cause {
            text = format!("{text}: {why}");
            cause = why.source();
        }
        text.lines().map(str::to_owned).collect()
    }
}

fn lines(mistakes: &[Mistake]) -> String {
    let lines: Vec<String> = mistakes.iter().map(ToString::to_string).collect();
    lines.join("\n")
}

/// Puts configurations in force, one after the other.
pub(crate) struct Reloader {
    pub(crate) live: Arc<Live>,
    pub(crate) lasting: Lasting,
    pub(crate) certificates: Vec<Option<Arc<Certificates>>>,
    pub(crate) proxy: Arc<HttpProxy<GatewayProxy>>,
    pub(crate) closing: watch::Receiver<bool>,
    pub(crate) report: Arc<Report>,
    pub(crate) turn: Mutex<()>,
}

/// Everything that a configuration makes, built and checked, in force nowhere yet.
struct Candidate {
    gateway: Arc<Generation>,
    shown: Vec<Option<Loaded>>,
}

impl Reloader {
    /// Puts `config` in force, if it is one; `files` are those that it was read from.
    pub(crate) async fn reload(
        &self,
        config: Result<Config, ConfigError>,
        files: Option<Files>,
    ) -> Result<Reloaded, ReloadError> {
        let _turn = self.turn.lock().await;
        let outcome = match config {
            Ok(config) => self.change(config, files).await,
            Err(why) => Err(why.into()),
        };
        self.report.note(&outcome, &self.live.current(), self.lasting.clock.now());
        outcome
    }

    async fn change(&self, config: Config, files: Option<Files>) -> Result<Reloaded, ReloadError> {
        let before = self.live.current();
        if config.fingerprint() == before.fingerprint {
            return Ok(Reloaded::Unchanged);
        }
        restart::refuse(&before.config, &config).map_err(ReloadError::NeedsRestart)?;
        let candidate = self.build(config, &before, files).await?;
        let Candidate { gateway, shown } = candidate;
        if !gateway.core.resolve().await {
            return Err(ReloadError::CoreUnresolved);
        }
        gateway.core.keep_resolving();
        gateway.limits.start();
        self.live.replace(Arc::clone(&gateway));
        if let Err(why) = proof::prove(&self.proxy, &self.closing, &gateway).await {
            self.live.replace(before);
            return Err(ReloadError::Unproven(why));
        }
        for (shown, loaded) in self.certificates.iter().zip(shown) {
            if let (Some(shown), Some(loaded)) = (shown, loaded) {
                shown.swap(loaded);
            }
        }
        Ok(Reloaded::Applied(gateway.number))
    }

    /// Builds on a thread of its own: files are read, and requests must not wait for that.
    async fn build(
        &self,
        config: Config,
        before: &Arc<Generation>,
        files: Option<Files>,
    ) -> Result<Candidate, ReloadError> {
        let (before, lasting) = (Arc::clone(before), self.lasting.clone());
        let shown: Vec<_> = self.certificates.clone();
        let work = move || {
            let mut loaded = Vec::new();
            for (listener, shown) in config.server.listeners.iter().zip(&shown) {
                let one = listener.tls.as_ref().map(tls::load).transpose();
                let one = one.map_err(BuildError::from)?;
                if let (Some(shown), Some(one)) = (shown, &one) {
                    shown.accept(one, lasting.clock.now()).map_err(BuildError::from)?;
                }
                loaded.push(one);
            }
            let shared = Shared::new(config, &lasting, Some(&before))?;
            let gateway = Generation::new(before.number + 1, shared);
            // Half of one edit and half of another must not come together.
            if files.is_some_and(|files| files.again() != files) {
                return Err(ReloadError::Moving);
            }
            Ok(Candidate { gateway: Arc::new(gateway), shown: loaded })
        };
        let ended = tokio::task::spawn_blocking(work).await;
        ended.unwrap_or(Err(ReloadError::Unproven("building it panicked")))
    }
}

impl std::fmt::Debug for Reloader {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Reloader").finish_non_exhaustive()
    }
}
