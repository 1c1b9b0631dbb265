//! What is counted. Labels come from closed sets: tools of the catalogue, outcomes, interactions.

use std::time::Duration;

use prometheus::{
    HistogramOpts, HistogramVec, IntCounter, IntCounterVec, IntGaugeVec, Opts, Registry,
};

/// Upper bounds in seconds: a call takes about as long as the backend does.
const SECONDS: [f64; 9] = [0.01, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 10.0, 25.0];

/// The metrics of one core, in the registry that it was given.
#[derive(Clone, Debug)]
pub struct Metrics {
    tool_calls: IntCounterVec,
    tool_seconds: HistogramVec,
    backend_requests: IntCounterVec,
    profiles_taken: IntCounter,
    profiles_refused: IntCounter,
    panics: IntCounter,
}

impl Metrics {
    /// Registers the metrics.
    ///
    /// # Errors
    /// The registry holds metrics of these names already.
    pub fn new(registry: &Registry) -> Result<Self, prometheus::Error> {
        let changes = Opts::new("mcp_profile_reloads_total", "Changes of the folder of profiles.");
        let changes = IntCounterVec::new(changes, &["outcome"])?;
        let metrics = Self {
            tool_calls: IntCounterVec::new(
                Opts::new("mcp_tool_calls_total", "Tool calls by tool and outcome."),
                &["tool", "outcome"],
            )?,
            tool_seconds: HistogramVec::new(
                HistogramOpts::new("mcp_tool_duration_seconds", "Duration of tool calls.")
                    .buckets(SECONDS.to_vec()),
                &["tool"],
            )?,
            backend_requests: IntCounterVec::new(
                Opts::new("mcp_backend_requests_total", "Requests to the backend."),
                &["interaction", "status_class"],
            )?,
            // At zero from the start: the first is an increase, and not the beginning of a series.
            profiles_taken: changes.with_label_values(&["taken"]),
            profiles_refused: changes.with_label_values(&["refused"]),
            panics: IntCounter::new("mcp_panics_total", "Requests that ended in a panic.")?,
        };
        let labels = ["version", "revision"];
        let info = IntGaugeVec::new(Opts::new("mcp_build_info", "What runs."), &labels)?;
        info.with_label_values(&[provenance::VERSION, provenance::REVISION]).set(1);
        registry.register(Box::new(info))?;
        registry.register(Box::new(metrics.panics.clone()))?;
        registry.register(Box::new(changes))?;
        registry.register(Box::new(metrics.tool_calls.clone()))?;
        registry.register(Box::new(metrics.tool_seconds.clone()))?;
        registry.register(Box::new(metrics.backend_requests.clone()))?;
        Ok(metrics)
    }

    /// Counts requests that ended in a panic.
    pub fn panics(&self) -> IntCounter {
        self.panics.clone()
    }

    /// Counts a finished tool call; `tool` is a name of the catalogue.
    pub fn tool_call(&self, tool: &'static str, outcome: &'static str, elapsed: Duration) {
        self.tool_calls.with_label_values(&[tool, outcome]).inc();
        self.tool_seconds.with_label_values(&[tool]).observe(elapsed.as_secs_f64());
    }

    /// Counts a change of the folder of profiles that is in force now.
    pub fn profiles_taken(&self) {
        self.profiles_taken.inc();
    }

    /// Counts a change of the folder of profiles that has mistakes.
    pub fn profiles_refused(&self) {
        self.profiles_refused.inc();
    }

    /// Counts a request to the backend; without a status it did not answer.
    pub fn backend_request(&self, interaction: &'static str, status: Option<u16>) {
        let class = match status.map(|status| status / 100) {
            Some(2) => "2xx",
            Some(3) => "3xx",
            Some(4) => "4xx",
            Some(5) => "5xx",
            Some(_) => "other",
            None => "none",
        };
        self.backend_requests.with_label_values(&[interaction, class]).inc();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn changes_of_profiles_stand_at_zero_before_there_is_one() {
        let registry = Registry::new();
        let metrics = Metrics::new(&registry).unwrap();
        let shown = || prometheus::TextEncoder::new().encode_to_string(&registry.gather()).unwrap();
        for outcome in ["taken", "refused"] {
            let series = format!("mcp_profile_reloads_total{{outcome=\"{outcome}\"}} 0");
            assert!(shown().lines().any(|line| line == series), "{series}");
        }
        metrics.profiles_refused();
        assert!(shown().contains("mcp_profile_reloads_total{outcome=\"refused\"} 1"));
        assert!(shown().contains("mcp_profile_reloads_total{outcome=\"taken\"} 0"));
    }
}
