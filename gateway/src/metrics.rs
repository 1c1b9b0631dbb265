//! What is counted. Every label comes from a closed set, so that no stranger makes a series.

use prometheus::{
    HistogramOpts, HistogramVec, IntCounter, IntCounterVec, IntGauge, Opts, Registry, TextEncoder,
};

/// The counters of one gateway, over a registry of its own.
#[derive(Clone, Debug)]
pub struct Metrics {
    registry: Registry,
    /// Requests that were answered, by route and outcome.
    pub requests: IntCounterVec,
    /// Seconds from the header's end to the answer's end, by route.
    pub duration: HistogramVec,
    /// Refusals, by the code word that the log and the audit trail use.
    pub rejections: IntCounterVec,
    /// Things that broke, by peer and kind.
    pub faults: IntCounterVec,
    /// Questions about tokens, by answer: hit, active, inactive, fault.
    pub introspections: IntCounterVec,
    /// Open public connections.
    pub connections: IntGauge,
    /// Connections that were closed before a request was read, by reason.
    pub connections_closed: IntCounterVec,
    /// Requests that are being answered.
    pub in_flight: IntGauge,
    /// Audit events that could not be written.
    pub audit_failures: IntCounter,
}

/// From a refusal in a tenth of a millisecond to the longest tool.
const SECONDS: [f64; 12] =
    [0.000_1, 0.000_5, 0.001, 0.005, 0.01, 0.05, 0.1, 0.5, 1.0, 5.0, 15.0, 60.0];

impl Metrics {
    /// Counters at zero.
    pub fn new() -> Result<Self, prometheus::Error> {
        let registry = Registry::new();
        let family = |name: &str, help: &str, labels: &[&str]| {
            let family = IntCounterVec::new(Opts::new(name, help), labels)?;
            registry.register(Box::new(family.clone()))?;
            Ok::<_, prometheus::Error>(family)
        };
        let gauge = |name: &str, help: &str| {
            let gauge = IntGauge::new(name, help)?;
            registry.register(Box::new(gauge.clone()))?;
            Ok::<_, prometheus::Error>(gauge)
        };
        let options = HistogramOpts::new(
            "gateway_request_duration_seconds",
            "Seconds from the end of the request header to the end of the answer.",
        );
        let duration = HistogramVec::new(options.buckets(SECONDS.to_vec()), &["route"])?;
        registry.register(Box::new(duration.clone()))?;
        let audit_failures =
            IntCounter::new("gateway_audit_failures_total", "Audit events not written.")?;
        registry.register(Box::new(audit_failures.clone()))?;
        Ok(Self {
            requests: family(
                "gateway_requests_total",
                "Requests answered.",
                &["route", "outcome"],
            )?,
            duration,
            rejections: family("gateway_rejections_total", "Requests refused.", &["reason"])?,
            faults: family("gateway_faults_total", "Things that broke.", &["peer", "kind"])?,
            introspections: family(
                "gateway_introspections_total",
                "Questions about backend tokens.",
                &["answer"],
            )?,
            connections: gauge("gateway_connections", "Open public connections.")?,
            connections_closed: family(
                "gateway_connections_closed_total",
                "Connections closed before a request was read.",
                &["reason"],
            )?,
            in_flight: gauge("gateway_requests_in_flight", "Requests being answered.")?,
            audit_failures,
            registry,
        })
    }

    /// The registry, for whoever wants to read it directly.
    pub const fn registry(&self) -> &Registry {
        &self.registry
    }

    /// The exposition that Prometheus scrapes.
    pub fn render(&self) -> Result<String, prometheus::Error> {
        TextEncoder::new().encode_to_string(&self.registry.gather())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn two_gateways_in_one_process_do_not_share_counts() {
        let (one, two) = (Metrics::new().unwrap(), Metrics::new().unwrap());
        one.rejections.with_label_values(&["unknown_route"]).inc();
        assert!(one.render().unwrap().contains("gateway_rejections_total"));
        assert!(!two.render().unwrap().contains("unknown_route"));
    }
}
