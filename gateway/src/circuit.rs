//! Whether the backend is still asked about tokens. One that fails again and again is left in peace but
//! for a question a second, and nobody waits for what is known to fail.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use async_trait::async_trait;
use authz::introspection::Introspection;
use authz::secret::BackendToken;
use prometheus::IntGauge;

use crate::clock::Clock;
use crate::fault::Fault;
use crate::introspector::TokenIntrospector;

/// Faults in a row that open the circuit.
const FAULTS: u32 = 5;
/// From one probe to the next.
const PAUSE: Duration = Duration::from_secs(1);

/// The state: closed, and counting faults; or open, and waiting for the next probe.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Circuit {
    faults: u32,
    next_probe: Option<Duration>,
}

impl Circuit {
    /// Whether a question may be asked `now`; if the circuit is open, it is the probe of its second.
    fn may_ask(&mut self, now: Duration) -> bool {
        match self.next_probe {
            None => true,
            Some(next) if now < next => false,
            Some(_) => {
                self.next_probe = Some(now + PAUSE);
                true
            }
        }
    }

    /// A question was answered, whatever the answer.
    const fn answered(&mut self) {
        *self = Self { faults: 0, next_probe: None };
    }

    /// A question was asked and not answered.
    fn failed(&mut self, now: Duration) {
        self.faults = self.faults.saturating_add(1);
        if self.faults >= FAULTS && self.next_probe.is_none() {
            self.next_probe = Some(now + PAUSE);
        }
    }

    const fn is_open(self) -> bool {
        self.next_probe.is_some()
    }
}

/// Asks as long as there is hope.
#[derive(Debug)]
pub(crate) struct SparingIntrospector {
    inner: Arc<dyn TokenIntrospector>,
    circuit: Mutex<Circuit>,
    clock: Arc<dyn Clock>,
    is_open: IntGauge,
}

impl SparingIntrospector {
    /// Closed; `is_open` shows it.
    pub(crate) fn new(
        inner: Arc<dyn TokenIntrospector>,
        clock: Arc<dyn Clock>,
        is_open: IntGauge,
    ) -> Self {
        is_open.set(0);
        Self { inner, circuit: Mutex::default(), clock, is_open }
    }

    fn circuit(&self) -> MutexGuard<'_, Circuit> {
        self.circuit.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn note(&self, answer: &Result<Introspection, Fault>) {
        let mut circuit = self.circuit();
        let was_open = circuit.is_open();
        match answer {
            Ok(_) => circuit.answered(),
            // Our own queue was full: nothing was asked, so nothing was learnt.
            Err(Fault::BackendBusy) => {}
            Err(_) => circuit.failed(self.clock.monotonic()),
        }
        if circuit.is_open() != was_open {
            self.is_open.set(i64::from(circuit.is_open()));
        }
    }
}

#[async_trait]
impl TokenIntrospector for SparingIntrospector {
    async fn introspect(&self, token: &BackendToken) -> Result<Introspection, Fault> {
        if !self.circuit().may_ask(self.clock.monotonic()) {
            return Err(Fault::BackendSpared);
        }
        let answer = self.inner.introspect(token).await;
        self.note(&answer);
        answer
    }
}

#[cfg(test)]
mod tests;
