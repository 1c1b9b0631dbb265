//! What became of the last configurations, for log, status and metrics: what serves is told apart
//! from what was tried.

use arc_swap::ArcSwapOption;
use authz::time::Timestamp;
use prometheus::{IntCounterVec, IntGauge, Opts, Registry};
use serde_json::{Value, json};

use super::{ReloadError, Reloaded};
use crate::live::Generation;

/// The report of one gateway.
#[derive(Debug)]
pub(crate) struct Report {
    last: ArcSwapOption<Attempt>,
    generation: IntGauge,
    loaded: IntGauge,
    reloads: IntCounterVec,
    failed: IntGauge,
}

#[derive(Debug)]
struct Attempt {
    time: Timestamp,
    outcome: &'static str,
    mistakes: Vec<String>,
}

impl Report {
    /// A report whose metrics are in `registry`, about the generation that a gateway starts with.
    pub(crate) fn new(registry: &Registry, first: &Generation) -> Result<Self, prometheus::Error> {
        let gauge = |name: &str, help: &str| {
            let gauge = IntGauge::new(name, help)?;
            registry.register(Box::new(gauge.clone()))?;
            Ok::<_, prometheus::Error>(gauge)
        };
        let options = Opts::new("gateway_config_reloads_total", "Configurations that were tried.");
        let reloads = IntCounterVec::new(options, &["outcome"])?;
        registry.register(Box::new(reloads.clone()))?;
        let report = Self {
            last: ArcSwapOption::empty(),
            generation: gauge("gateway_config_generation", "Configurations in force so far.")?,
            loaded: gauge(
                "gateway_config_loaded_timestamp_seconds",
                "When the configuration in force was loaded.",
            )?,
            reloads,
            failed: gauge(
                "gateway_config_last_reload_failed",
                "1 while the last configuration that was tried is not in force.",
            )?,
        };
        report.serves(first);
        Ok(report)
    }

    /// Takes note of what came of a configuration, and of what serves now.
    pub(super) fn note(
        &self,
        outcome: &Result<Reloaded, ReloadError>,
        gateway: &Generation,
        time: Timestamp,
    ) {
        self.serves(gateway);
        let word = match outcome {
            Ok(Reloaded::Applied(_)) => "applied",
            Ok(Reloaded::Unchanged) => "unchanged",
            Err(why) => why.outcome(),
        };
        self.reloads.with_label_values(&[word]).inc();
        let mistakes = outcome.as_ref().err().map(ReloadError::mistakes).unwrap_or_default();
        log(word, &mistakes, gateway);
        if !matches!(outcome, Err(ReloadError::Moving)) {
            self.failed.set(outcome.is_err().into());
            self.last.store(Some(Attempt { time, outcome: word, mistakes }.into()));
        }
    }

    fn serves(&self, gateway: &Generation) {
        self.generation.set(i64::try_from(gateway.number).unwrap_or(i64::MAX));
        let loaded = gateway.loaded.unix_seconds();
        self.loaded.set(i64::try_from(loaded).unwrap_or(i64::MAX));
    }

    /// What `/status` says.
    pub(crate) fn shown(&self, gateway: &Generation) -> Value {
        let last = self.last.load();
        json!({
            "generation": gateway.number,
            "sha256": gateway.fingerprint,
            "loaded": gateway.loaded,
            "last_reload": last.as_ref().map(|last| json!({
                "time": last.time,
                "outcome": last.outcome,
                "mistakes": last.mistakes,
            })),
        })
    }
}

fn log(outcome: &'static str, mistakes: &[String], gateway: &Generation) {
    let (generation, sha256) = (gateway.number, gateway.fingerprint.as_str());
    if mistakes.is_empty() {
        tracing::info!(outcome, generation, sha256, "the configuration is in force");
        return;
    }
    for mistake in mistakes {
        tracing::error!(outcome, "{mistake}");
    }
    tracing::error!(outcome, generation, sha256, "the configuration before serves on");
}
