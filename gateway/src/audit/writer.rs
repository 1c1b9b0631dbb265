//! Writes the trail, on a thread where waiting for the disk hurts nobody. A line that cannot be
//! written is tried again until it can be: no line is left out, and none is written twice.

use std::io::{self, Write};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::thread;
use std::time::Duration;

use prometheus::{IntCounterVec, IntGauge};
use tokio::sync::{mpsc, oneshot};

use super::chain::Chain;
use super::event::{AuditEvent, Closed, Opened};
use super::fhir::FhirTrail;
use super::resume::Tail;
use super::rfc3339;
use crate::clock::Clock;

/// Between two tries to write a line.
const RETRY: Duration = Duration::from_millis(250);
/// Events that are written together when they come fast.
const BATCH: usize = 64;

pub(super) enum Order {
    Write(Box<AuditEvent>),
    Settle(oneshot::Sender<()>),
}

/// Whether events can be written, and how many could not.
#[derive(Debug)]
pub(super) struct Health {
    writable: AtomicBool,
    lost: AtomicU64,
    gauge: IntGauge,
    failures: IntCounterVec,
}

impl Health {
    pub(super) fn new(gauge: IntGauge, failures: IntCounterVec) -> Self {
        gauge.set(1);
        Self { writable: AtomicBool::new(true), lost: AtomicU64::new(0), gauge, failures }
    }

    pub(super) fn is_writable(&self) -> bool {
        self.writable.load(Ordering::Acquire)
    }

    /// Notes a change, and logs it once.
    pub(super) fn set_writable(&self, writable: bool, why: &str) {
        if self.writable.swap(writable, Ordering::AcqRel) == writable {
            return;
        }
        self.gauge.set(i64::from(writable));
        if writable {
            tracing::info!("the audit trail can be written again");
        } else {
            tracing::error!(reason = "audit_unwritable", why, "cannot write the audit trail");
        }
    }

    /// Notes an event that will not be written.
    pub(super) fn lose(&self) {
        self.lost.fetch_add(1, Ordering::AcqRel);
        self.failures.with_label_values(&["trail"]).inc();
    }

    fn take_lost(&self) -> u64 {
        self.lost.swap(0, Ordering::AcqRel)
    }
}

/// The thread's belongings.
pub(super) struct Writer {
    pub(super) sink: Box<dyn Write + Send>,
    pub(super) chain: Chain,
    pub(super) health: Arc<Health>,
    pub(super) fhir: Option<FhirTrail>,
    pub(super) clock: Arc<dyn Clock>,
}

impl Writer {
    /// Writes what is ordered until nobody can order any more.
    pub(super) fn run(mut self, mut orders: mpsc::Receiver<Order>, tail: &Tail) {
        let now = || rfc3339(self.clock.now());
        let opened = Opened { time: now(), found: tail.found, torn_bytes: tail.torn_bytes };
        let mut lines = tail.separator().to_owned();
        lines.push_str(&self.chain.next("opened", &opened));
        self.write(&lines, &orders);
        let mut settled = Vec::new();
        while let Some(order) = orders.blocking_recv() {
            lines.clear();
            self.take(order, &mut lines, &mut settled);
            for _ in 1..BATCH {
                let Ok(order) = orders.try_recv() else { break };
                self.take(order, &mut lines, &mut settled);
            }
            self.write(&lines, &orders);
            for done in settled.drain(..) {
                let done: oneshot::Sender<()> = done;
                let _ = done.send(());
            }
        }
        self.chain.skip(self.health.take_lost());
        let closed = Closed { time: rfc3339(self.clock.now()) };
        let last = self.chain.next("closed", &closed);
        self.write(&last, &orders);
    }

    fn take(&mut self, order: Order, lines: &mut String, settled: &mut Vec<oneshot::Sender<()>>) {
        match order {
            Order::Settle(done) => settled.push(done),
            Order::Write(event) => {
                self.chain.skip(self.health.take_lost());
                lines.push_str(&self.chain.next("call", &*event));
                if let Some(fhir) = &mut self.fhir {
                    fhir.take(&event);
                }
            }
        }
    }

    /// Writes `lines` whole, however often it has to be tried; what was written of them stands.
    /// Gives up only when the program ends.
    fn write(&mut self, lines: &str, orders: &mpsc::Receiver<Order>) {
        let mut rest = lines.as_bytes();
        while !rest.is_empty() {
            match self.sink.write(rest) {
                Ok(written) if written > 0 => rest = rest.get(written..).unwrap_or_default(),
                Err(why) if why.kind() == io::ErrorKind::Interrupted => {}
                stuck => {
                    let why = stuck.err().map_or(io::ErrorKind::WriteZero, |why| why.kind());
                    self.health.set_writable(false, &why.to_string());
                    if orders.is_closed() {
                        (0..lines.lines().count()).for_each(|_| self.health.lose());
                        return;
                    }
                    thread::park_timeout(RETRY);
                }
            }
        }
        // A sink that buffers says here whether it could write.
        match self.sink.flush() {
            Ok(()) => self.health.set_writable(true, ""),
            Err(why) => self.health.set_writable(false, &why.kind().to_string()),
        }
        if let Some(fhir) = &mut self.fhir {
            fhir.write(&self.health.failures);
        }
    }
}
