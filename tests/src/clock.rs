//! One manual clock for everything: the Exchange, the gateway, core.

use std::time::Duration;

use authz::time::Timestamp;
use fhir_mcp_gateway::clock::Clock;
use jiff::SignedDuration;

use crate::exchange::ManualClock;

/// The Exchange's manual clock as the gateway sees it. Its monotonic time moves along, unless the clock
/// is only set.
#[derive(Clone, Debug)]
pub struct GatewayClock {
    shared: ManualClock,
    start: SignedDuration,
}

impl GatewayClock {
    /// A view of `shared` whose monotonic time starts now.
    pub fn over(shared: &ManualClock) -> Self {
        Self { shared: shared.clone(), start: shared.passed() }
    }
}

impl Clock for GatewayClock {
    fn now(&self) -> Timestamp {
        let seconds = self.shared.now().as_second();
        Timestamp::from_unix_seconds(u64::try_from(seconds).unwrap_or_default())
    }

    fn monotonic(&self) -> Duration {
        Duration::try_from(self.shared.passed() - self.start).unwrap_or_default()
    }
}
