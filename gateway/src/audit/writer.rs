//! Writes the trail, on a thread where waiting for the disk hurts nobody. A line that cannot be
//! written is tried again until it can be: no line is left out, and none is written twice.

use std::io::{self, Write as _};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::thread;
use std::time::Duration;

use prometheus::{IntCounter, IntCounterVec, IntGauge};
use tokio::sync::{mpsc, oneshot};

use super::chain::Chain;
use super::event::{AuditEvent, Moment, Opened, Suppressed};
use super::fhir::FhirQueue;
use super::resume::Tail;
use super::rfc3339;
use super::sink::Sink;
use crate::clock::Clock;
use crate::metrics::Metrics;

/// Between two tries to write a line.
const RETRY: Duration = Duration::from_millis(250);
/// Events that are written together when they come fast.
const BATCH: usize = 64;
/// How long the next events are left to gather once all are written. To be woken for each of them costs
/// every call two switches of threads; nobody waits for a line.
const GATHERING: Duration = Duration::from_millis(5);

pub(super) enum Order {
    Write(Box<AuditEvent>),
    TellSuppressed,
    Reopen,
    Settle(oneshot::Sender<()>),
}

/// Whether events can be written, and how many could not.
#[derive(Debug)]
pub(super) struct Health {
    writable: AtomicBool,
    lost: AtomicU64,
    suppressed: Suppression,
    gauge: IntGauge,
    failures: IntCounter,
}

/// What was counted instead of written, since the last time that somebody said so.
#[derive(Debug)]
struct Suppression {
    events: AtomicU64,
    lines: AtomicU64,
    counter: IntCounterVec,
}

impl Health {
    pub(super) fn new(metrics: &Metrics) -> Self {
        let gauge = metrics.audit_writable.clone();
        gauge.set(1);
        let counter = metrics.records_suppressed.clone();
        let suppressed =
            Suppression { events: AtomicU64::new(0), lines: AtomicU64::new(0), counter };
        let failures = metrics.audit_failures.trail.clone();
        let (writable, lost) = (AtomicBool::new(true), AtomicU64::new(0));
        Self { writable, lost, suppressed, gauge, failures }
    }

    /// Counts a request of a stranger that is not written down.
    pub(super) fn suppress(&self, has_event: bool) {
        let Suppression { events, lines, counter } = &self.suppressed;
        lines.fetch_add(1, Ordering::AcqRel);
        counter.with_label_values(&["access"]).inc();
        if has_event {
            events.fetch_add(1, Ordering::AcqRel);
            counter.with_label_values(&["audit"]).inc();
        }
    }

    /// Logs how many access lines are missing; whether there were any.
    pub(super) fn tell_suppressed_lines(&self) -> bool {
        let count = self.suppressed.lines.swap(0, Ordering::AcqRel);
        if count > 0 {
            tracing::info!(count, "requests of strangers without an access line of their own");
        }
        count > 0
    }

    fn take_suppressed_events(&self) -> u64 {
        self.suppressed.events.swap(0, Ordering::AcqRel)
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
        self.failures.inc();
    }

    fn take_lost(&self) -> u64 {
        self.lost.swap(0, Ordering::AcqRel)
    }
}

/// The thread's belongings.
pub(super) struct Writer {
    pub(super) sink: Sink,
    pub(super) chain: Chain,
    pub(super) health: Arc<Health>,
    pub(super) fhir: Option<FhirQueue>,
    pub(super) clock: Arc<dyn Clock>,
}

impl Writer {
    /// Writes what is ordered until nobody can order any more.
    pub(super) fn run(mut self, mut orders: mpsc::Receiver<Order>, tail: &Tail) {
        let Moment { time } = self.now();
        let opened = Opened { time, found: tail.found, torn_bytes: tail.torn_bytes };
        let mut lines = tail.separator().to_owned();
        lines.push_str(&self.chain.next("opened", &opened));
        self.write(&lines, &orders);
        let mut settled = Vec::new();
        while let Some(order) = orders.blocking_recv() {
            lines.clear();
            let mut moves = self.take(order, &mut lines, &mut settled);
            for _ in 1..BATCH {
                if moves {
                    break;
                }
                let Ok(order) = orders.try_recv() else { break };
                moves = self.take(order, &mut lines, &mut settled);
            }
            self.write(&lines, &orders);
            if moves {
                self.reopen(&orders);
            }
            for done in settled.drain(..) {
                let done: oneshot::Sender<()> = done;
                let _ = done.send(());
            }
            if orders.is_empty() {
                thread::park_timeout(GATHERING);
            }
        }
        self.chain.skip(self.health.take_lost());
        lines.clear();
        self.health.tell_suppressed_lines();
        self.tell_suppressed(&mut lines);
        lines.push_str(&self.chain.next("closed", &self.now()));
        self.write(&lines, &orders);
    }

    fn now(&self) -> Moment {
        Moment { time: rfc3339(self.clock.now()) }
    }

    /// Carries out one order, as far as that is to add to `lines`. True if the file is to be opened
    /// again once these are written.
    fn take(
        &mut self,
        order: Order,
        lines: &mut String,
        settled: &mut Vec<oneshot::Sender<()>>,
    ) -> bool {
        match order {
            Order::Settle(done) => settled.push(done),
            Order::TellSuppressed => self.tell_suppressed(lines),
            Order::Reopen => return true,
            Order::Write(event) => {
                self.chain.skip(self.health.take_lost());
                lines.push_str(&self.chain.next("call", &*event));
                if let Some(fhir) = &self.fhir {
                    fhir.take(event);
                }
            }
        }
        false
    }

    fn tell_suppressed(&mut self, lines: &mut String) {
        let count = self.health.take_suppressed_events();
        if count > 0 {
            let told = Suppressed { time: rfc3339(self.clock.now()), count };
            lines.push_str(&self.chain.next("suppressed", &told));
        }
    }

    /// Goes on in the file that is now by the name. It begins with a line, so that whoever starts
    /// after us finds a chain in it.
    fn reopen(&mut self, orders: &mpsc::Receiver<Order>) {
        match self.sink.reopen() {
            Ok(true) => {
                let line = self.chain.next("reopened", &self.now());
                self.write(&line, orders);
            }
            Ok(false) => {}
            Err(why) => {
                let why = why.kind().to_string();
                tracing::error!(reason = "audit_not_reopened", why, "goes on in the file before");
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
    }
}
