//! What is counted. Every label comes from a closed set, so that no stranger makes a series.

use prometheus::core::Collector;
use prometheus::{
    Error, Gauge, HistogramOpts, HistogramVec, IntCounter, IntCounterVec, IntGauge, IntGaugeVec,
    Opts, Registry, TextEncoder,
};

use crate::fault::FaultCode;
use crate::rate_limit::LimitCounters;

/// The counters of one gateway, over a registry of its own.
#[derive(Clone, Debug)]
pub struct Metrics {
    registry: Registry,
    /// Requests that were answered, by route and outcome.
    pub requests: IntCounterVec,
    /// Seconds from the header's end to the answer's end, by route.
    pub duration: HistogramVec,
    /// Of these, the seconds that nobody but us took, by route.
    pub own_duration: HistogramVec,
    /// The seconds that others took, by peer: core, backend.
    pub upstream_duration: HistogramVec,
    /// Tool calls, by tool of the policy table (`unlisted` for any other) and outcome.
    pub tool_calls: IntCounterVec,
    /// Requests that ended in a panic.
    pub panics: IntCounter,
    /// Seconds since the oldest answer about a token that is still believed.
    pub introspection_oldest: Gauge,
    /// Refusals, by the code word that the log and the audit trail use.
    pub rejections: IntCounterVec,
    /// Things that broke, by peer and kind.
    pub faults: IntCounterVec,
    /// Questions about tokens, by answer: hit, active, inactive, fault, spared.
    pub introspections: IntCounterVec,
    /// 1 while the backend is asked about tokens once a second at most.
    pub introspection_circuit_open: IntGauge,
    /// Open public connections.
    pub connections: IntGauge,
    /// Connections that were closed before a request was read, by reason.
    pub connections_closed: IntCounterVec,
    /// Requests that are being answered.
    pub in_flight: IntGauge,
    /// Requests at work, of which there may be so many.
    pub at_work: IntGauge,
    /// What is over a limit, and how the limits themselves fare.
    pub limits: LimitCounters,
    /// Audit events that were not written.
    pub audit_failures: AuditFailures,
    /// 1 while the audit trail can be written.
    pub audit_writable: IntGauge,
    /// Records of strangers that were counted and not written, by record: access, audit.
    pub records_suppressed: IntCounterVec,
}

/// Audit events that were not written, by trail.
#[derive(Clone, Debug)]
pub struct AuditFailures {
    /// The chained one.
    pub trail: IntCounter,
    /// FHIR's.
    pub fhir: IntCounter,
}

/// From a refusal in a tenth of a millisecond to the longest tool.
const SECONDS: [f64; 12] =
    [0.000_1, 0.000_5, 0.001, 0.005, 0.01, 0.05, 0.1, 0.5, 1.0, 5.0, 15.0, 60.0];

/// From a refusal to a slow machine.
const OWN_SECONDS: [f64; 12] =
    [0.000_025, 0.000_05, 0.000_1, 0.000_25, 0.000_5, 0.001, 0.002_5, 0.005, 0.01, 0.05, 0.1, 1.0];

/// Makes families and registers them.
struct Register<'r>(&'r Registry);

impl Register<'_> {
    fn on<C: Collector + Clone + 'static>(&self, made: C) -> Result<C, Error> {
        self.0.register(Box::new(made.clone()))?;
        Ok(made)
    }

    fn counters(&self, name: &str, help: &str, of: &[&str]) -> Result<IntCounterVec, Error> {
        self.on(IntCounterVec::new(Opts::new(name, help), of)?)
    }

    /// Every fault at zero: the first of a kind is an increase, and not the beginning of a series.
    fn faults(&self) -> Result<IntCounterVec, Error> {
        let faults = self.counters("gateway_faults_total", "What broke.", &["peer", "kind"])?;
        for code in FaultCode::ALL {
            faults.with_label_values(&[code.peer(), code.as_str()]);
        }
        Ok(faults)
    }

    /// Both trails at zero, for the same reason.
    fn audit_failures(&self) -> Result<AuditFailures, Error> {
        let name = "gateway_audit_failures_total";
        let lost = self.counters(name, "Audit events not written.", &["trail"])?;
        let of = |trail| lost.with_label_values(&[trail]);
        Ok(AuditFailures { trail: of("trail"), fhir: of("fhir") })
    }

    fn gauge(&self, name: &str, help: &str) -> Result<IntGauge, Error> {
        self.on(IntGauge::new(name, help)?)
    }

    fn histogram(
        &self,
        (name, help): (&str, &str),
        label: &str,
        buckets: [f64; 12],
    ) -> Result<HistogramVec, Error> {
        let options = HistogramOpts::new(name, help).buckets(buckets.to_vec());
        self.on(HistogramVec::new(options, &[label])?)
    }

    /// What runs: the words are in the labels, as Prometheus likes it.
    fn build_info(&self) -> Result<(), Error> {
        let info = Opts::new("gateway_build_info", "What runs.");
        let info = self.on(IntGaugeVec::new(info, &["version", "revision"])?)?;
        info.with_label_values(&[provenance::VERSION, provenance::REVISION]).set(1);
        Ok(())
    }
}

const DURATION: (&str, &str) = (
    "gateway_request_duration_seconds",
    "Seconds from the end of the request header to the end of the answer.",
);
const OWN: (&str, &str) =
    ("gateway_own_duration_seconds", "Seconds of a request that nobody but the gateway took.");
const UPSTREAM: (&str, &str) =
    ("gateway_upstream_duration_seconds", "Seconds that a request waited for a peer.");

impl Metrics {
    /// Counters at zero.
    pub fn new() -> Result<Self, Error> {
        let registry = Registry::new();
        let new = Register(&registry);
        new.build_info()?;
        let outcomes = ["route", "outcome"];
        let oldest = "gateway_introspection_oldest_seconds";
        let closed = "gateway_connections_closed_total";
        Ok(Self {
            requests: new.counters("gateway_requests_total", "Requests answered.", &outcomes)?,
            duration: new.histogram(DURATION, "route", SECONDS)?,
            own_duration: new.histogram(OWN, "route", OWN_SECONDS)?,
            upstream_duration: new.histogram(UPSTREAM, "peer", SECONDS)?,
            tool_calls: new.counters(
                "gateway_tool_calls_total",
                "Tool calls.",
                &["tool", "outcome"],
            )?,
            panics: new
                .on(IntCounter::new("gateway_panics_total", "Requests that ended in a panic.")?)?,
            introspection_oldest: new.on(Gauge::new(oldest, "Age of the oldest answer.")?)?,
            rejections: new.counters("gateway_rejections_total", "Refusals.", &["reason"])?,
            faults: new.faults()?,
            introspections: new.counters(
                "gateway_introspections_total",
                "Questions about backend tokens.",
                &["answer"],
            )?,
            introspection_circuit_open: new
                .gauge("gateway_introspection_circuit_open", "1 while the backend is spared.")?,
            connections: new.gauge("gateway_connections", "Open public connections.")?,
            connections_closed: new.counters(
                closed,
                "Connections closed before a request was read.",
                &["reason"],
            )?,
            in_flight: new.gauge("gateway_requests_in_flight", "Requests being answered.")?,
            at_work: new
                .gauge("gateway_requests_at_work", "Requests under server.caps.requests.")?,
            limits: LimitCounters::register(&registry)?,
            audit_failures: new.audit_failures()?,
            audit_writable: new.gauge("gateway_audit_writable", "1 while it can be written.")?,
            records_suppressed: new.counters(
                "gateway_records_suppressed_total",
                "Records of strangers counted and not written.",
                &["record"],
            )?,
            registry,
        })
    }

    /// The registry, for whoever wants to read it directly.
    pub const fn registry(&self) -> &Registry {
        &self.registry
    }

    /// The exposition that Prometheus scrapes.
    pub fn render(&self) -> Result<String, Error> {
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

    #[test]
    fn what_an_alert_waits_for_stands_at_zero_before_it_happens() {
        let shown = Metrics::new().unwrap().render().unwrap();
        let faults = FaultCode::ALL.iter().map(|code| {
            let (kind, peer) = (code.as_str(), code.peer());
            format!("gateway_faults_total{{kind=\"{kind}\",peer=\"{peer}\"}} 0")
        });
        let lost = ["trail", "fhir"]
            .map(|trail| format!("gateway_audit_failures_total{{trail=\"{trail}\"}} 0"));
        let shared = ["away", "late", "lost", "answer", "strange_key"]
            .map(|kind| format!("gateway_limits_shared_faults_total{{kind=\"{kind}\"}} 0"));
        for series in faults.chain(lost).chain(shared) {
            assert!(shown.lines().any(|line| line == series), "{series}");
        }
    }
}
