//! The audit trail: one line for each call that was permitted and each that was refused, chained by
//! digests so that a missing or an altered line shows.

use std::io::{self, Write};
use std::sync::Arc;
use std::time::Duration;

use authz::time::Timestamp;
use rand::Rng as _;
use tokio::sync::{mpsc, oneshot};
use tokio::time::timeout;

use crate::clock::Clock;
use crate::config::{Audit, WhenUnwritable};
use crate::metrics::Metrics;

mod chain;
mod event;
mod fhir;
mod pseudonym;
mod resume;
mod sink;
mod verify;
mod writer;

pub use chain::Digests;
pub use event::AuditEvent;
pub use pseudonym::Pseudonym;
pub(crate) use pseudonym::Pseudonyms;
pub use verify::{Broken, Finding, Place, Report, WrittenTo, verify};

use chain::{Chain, hex};
use fhir::{FhirQueue, FhirTrail};
use resume::Tail;
use sink::Sink;
use writer::{Health, Order, Writer};

/// Events that may wait to be written.
const QUEUE: usize = 1024;

/// What lines are digested with, of the audit key.
pub const CHAIN_PURPOSE: &str = "audit-chain";
/// What pseudonyms are made with, of the audit key or the key ring.
pub(crate) const PSEUDONYM_PURPOSE: &str = "audit-pseudonym";

/// Where events are handed in.
#[derive(Clone, Debug)]
pub struct AuditTrail {
    orders: mpsc::Sender<Order>,
    health: Arc<Health>,
    fhir: Option<FhirQueue>,
    patience: Duration,
    refuses: bool,
}

/// A trail that is opened and not yet written to.
pub(crate) struct Opened {
    sink: Sink,
    tail: Tail,
    digests: Digests,
    fhir: Option<FhirTrail>,
    patience: Duration,
    refuses: bool,
}

impl Opened {
    /// Opens what the configuration names, and reads where an earlier run ended. `observer` is who
    /// records, as FHIR's own format names it: the public origin.
    pub(crate) fn new(audit: &Audit, observer: &str) -> io::Result<Self> {
        let digests = audit
            .key()
            .map_or_else(Digests::plain, |key| Digests::keyed(&key.derive(CHAIN_PURPOSE)));
        let (sink, tail) = match &audit.file {
            None => (Sink::to(Box::new(io::stdout())), Tail::of_a_stream()),
            Some(path) => {
                let tail = Tail::read(path, &digests)?;
                (Sink::open(path)?, tail)
            }
        };
        let fhir = audit.fhir.as_ref().map(|path| Sink::open(path)).transpose()?;
        let fhir = fhir.map(|sink| FhirTrail::new(sink, observer));
        let refuses = audit.when_unwritable == WhenUnwritable::Refuse;
        Ok(Self { sink, tail, digests, fhir, patience: audit.patience, refuses })
    }

    /// The same to another sink, which cannot be read.
    pub(crate) fn to(self, sink: Box<dyn Write + Send>) -> Self {
        Self { sink: Sink::to(sink), tail: Tail::of_a_stream(), ..self }
    }
}

impl AuditTrail {
    /// Starts the trail's writer. It ends when the last handle is dropped.
    pub(crate) fn start(opened: Opened, metrics: &Metrics, clock: Arc<dyn Clock>) -> Self {
        let (orders, ordered) = mpsc::channel(QUEUE);
        let Opened { sink, tail, digests, fhir, patience, refuses } = opened;
        let health = Arc::new(Health::new(metrics));
        let fhir = fhir.map(|trail| trail.start(metrics.audit_failures.fhir.clone()));
        let mut boot = [0; 8];
        rand::rng().fill_bytes(&mut boot);
        let chain = Chain::after(tail.previous.clone(), hex(&boot), digests);
        let writer = Writer { sink, chain, health: Arc::clone(&health), fhir: fhir.clone(), clock };
        tokio::task::spawn_blocking(move || writer.run(ordered, &tail));
        Self { orders, health, fhir, patience, refuses }
    }

    /// Whether calls may be forwarded: what cannot be recorded is not done, unless the configuration
    /// says otherwise.
    pub fn permits_calls(&self) -> bool {
        !self.refuses || self.health.is_writable()
    }

    /// Hands in one event. While the queue is full it waits, as long as `audit.patience`; then, and
    /// while nothing can be written, an event without room is lost, which is counted and leaves a
    /// gap in the chain's numbers.
    pub async fn record(&self, event: AuditEvent) {
        if !self.health.is_writable() {
            return self.record_now(event);
        }
        match timeout(self.patience, self.orders.reserve()).await {
            Ok(Ok(room)) => room.send(Order::Write(Box::new(event))),
            // The writer ends after the last sender; if it is gone, it broke.
            Ok(Err(_)) => self.health.lose(),
            Err(_) => {
                self.health.set_writable(false, "the queue is full");
                self.health.lose();
            }
        }
    }

    /// Hands in one event without waiting.
    pub(crate) fn record_now(&self, event: AuditEvent) {
        if self.orders.try_send(Order::Write(Box::new(event))).is_err() {
            self.health.lose();
        }
    }

    /// Counts a request of a stranger that gets no access line, and no event if it were to have one.
    pub(crate) fn suppress(&self, has_event: bool) {
        self.health.suppress(has_event);
    }

    /// Says how much was counted instead of written since the last time.
    pub(crate) fn tell_suppressed(&self) {
        if self.health.tell_suppressed_lines() {
            // Without room now, there is the next time.
            let _full = self.orders.try_send(Order::TellSuppressed);
        }
    }

    /// Goes on in the files that are now by the configured names: they may have been renamed.
    pub(crate) async fn reopen(&self) {
        let _ended = self.orders.send(Order::Reopen).await;
        if let Some(fhir) = &self.fhir {
            fhir.reopen();
        }
    }

    /// Returns when all events handed in before are written; the copy for FHIR has two seconds.
    pub async fn settle(&self) {
        let (done, settled) = oneshot::channel();
        if self.orders.send(Order::Settle(done)).await.is_ok() {
            let _ = settled.await;
        }
        if let Some(fhir) = &self.fhir {
            fhir.settle().await;
        }
    }
}

/// RFC 3339, in UTC.
pub(crate) fn rfc3339(time: Timestamp) -> String {
    let seconds = i64::try_from(time.unix_seconds()).unwrap_or_default();
    jiff::Timestamp::from_second(seconds).unwrap_or_default().to_string()
}

#[cfg(test)]
mod tests;
