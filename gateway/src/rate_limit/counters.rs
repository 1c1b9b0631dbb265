//! What is counted about the limits.

use prometheus::{IntCounterVec, IntGauge, Opts, Registry};

use super::shared::fault_words;

/// The counters of the limits, over the gateway's registry.
#[derive(Clone, Debug)]
pub struct LimitCounters {
    /// Requests over a limit, by limit and by what became of them: refused, or only noted.
    pub exceeded: IntCounterVec,
    /// Names that had to be forgotten before they were at rest, by limit.
    pub evictions: IntCounterVec,
    /// Steps that this replica decided by itself though the limits are shared, by why.
    pub shared_faults: IntCounterVec,
    /// 1 while the store of shared limits is away.
    pub degraded: IntGauge,
}

impl LimitCounters {
    /// Counters at zero, registered.
    pub(crate) fn register(registry: &Registry) -> Result<Self, prometheus::Error> {
        let family = |name: &str, help: &str, labels: &[&str]| {
            let family = IntCounterVec::new(Opts::new(name, help), labels)?;
            registry.register(Box::new(family.clone()))?;
            Ok::<_, prometheus::Error>(family)
        };
        let degraded = IntGauge::new(
            "gateway_limits_degraded",
            "1 while shared limits are counted locally, at each replica's share.",
        )?;
        registry.register(Box::new(degraded.clone()))?;
        let shared_faults = family(
            "gateway_limits_shared_faults_total",
            "Steps decided locally though limits are shared.",
            &["kind"],
        )?;
        // So that the first of them is seen as an increase.
        for kind in fault_words() {
            shared_faults.with_label_values(&[kind]);
        }
        Ok(Self {
            exceeded: family(
                "gateway_limits_exceeded_total",
                "Requests over a limit.",
                &["limit", "mode"],
            )?,
            evictions: family(
                "gateway_limits_evictions_total",
                "Names forgotten before they were at rest.",
                &["limit"],
            )?,
            shared_faults,
            degraded,
        })
    }
}
