//! The way of a span to the collector: a queue that never makes anybody wait, and a task that empties
//! it. What finds no room, and what the collector does not take in time, is counted and forgotten.

use std::fmt;
use std::time::Duration;

use http::header::CONTENT_TYPE;
use prometheus::{IntCounterVec, Opts, Registry};
use tokio::sync::{mpsc, oneshot};
use tokio::time::{Instant, timeout, timeout_at};

use crate::document::document;
use crate::settings::Settings;
use crate::span::Span;

/// Spans that may wait.
const QUEUE: usize = 2048;
/// Spans that are sent together.
const BATCH: usize = 256;
/// How long the first span of a batch waits for others.
const GATHERING: Duration = Duration::from_secs(1);
/// How long the collector may take for a batch.
const DEADLINE: Duration = Duration::from_secs(5);
/// How long the end of the program waits for what is still to be sent.
const FLUSHING: Duration = Duration::from_secs(3);

/// Who tells.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Service {
    pub(crate) name: &'static str,
    pub(crate) version: &'static str,
}

enum Order {
    Send(Box<Span>),
    Flush(oneshot::Sender<()>),
}

/// Where spans are handed in.
#[derive(Clone, Debug)]
pub struct Exporter {
    orders: mpsc::Sender<Order>,
    counter: IntCounterVec,
}

/// What sends them.
pub struct Sender {
    orders: mpsc::Receiver<Order>,
    settings: Settings,
    service: Service,
    http: reqwest::Client,
    counter: IntCounterVec,
}

impl fmt::Debug for Sender {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Sender").finish_non_exhaustive()
    }
}

/// Both ends. Spans are counted as `metric` by what became of them: sent, dropped for want of room,
/// failed. `service` is the program's name and version.
///
/// # Errors
/// The counter is registered already.
pub fn channel(
    settings: Settings,
    http: reqwest::Client,
    service: (&'static str, &'static str),
    (registry, metric): (&Registry, &str),
) -> Result<(Exporter, Sender), prometheus::Error> {
    let counter =
        IntCounterVec::new(Opts::new(metric, "Spans, by what became of them."), &["outcome"])?;
    registry.register(Box::new(counter.clone()))?;
    for outcome in ["sent", "dropped", "failed"] {
        counter.with_label_values(&[outcome]).inc_by(0);
    }
    let (sending, orders) = mpsc::channel(QUEUE);
    let service = Service { name: service.0, version: service.1 };
    let exporter = Exporter { orders: sending, counter: counter.clone() };
    Ok((exporter, Sender { orders, settings, service, http, counter }))
}

impl Exporter {
    /// Hands in one span, if whoever began the trace wants it kept.
    pub fn export(&self, span: Span) {
        if span.step.is_sampled() && self.orders.try_send(Order::Send(Box::new(span))).is_err() {
            self.counter.with_label_values(&["dropped"]).inc();
        }
    }

    /// Returns when everything handed in before is sent, or cannot be in time.
    pub async fn flush(&self) {
        let flushed = async {
            let (done, flushed) = oneshot::channel();
            if self.orders.send(Order::Flush(done)).await.is_ok() {
                let _gone = flushed.await;
            }
        };
        let _late = timeout(FLUSHING, flushed).await;
    }
}

impl Sender {
    /// Sends until nobody hands in any more.
    pub async fn run(mut self) {
        let mut waiting: Vec<oneshot::Sender<()>> = Vec::new();
        while let Some(order) = self.orders.recv().await {
            let mut batch = Vec::new();
            take(order, &mut batch, &mut waiting);
            let until = Instant::now() + GATHERING;
            while waiting.is_empty() && batch.len() < BATCH {
                let Ok(Some(order)) = timeout_at(until, self.orders.recv()).await else { break };
                take(order, &mut batch, &mut waiting);
            }
            self.send(&batch).await;
            for done in waiting.drain(..) {
                let _gone = done.send(());
            }
        }
    }

    async fn send(&self, batch: &[Span]) {
        if batch.is_empty() {
            return;
        }
        let Settings { endpoint, headers } = &self.settings;
        let request = self
            .http
            .post(endpoint.clone())
            .headers(headers.clone())
            .header(CONTENT_TYPE, "application/json")
            .body(document(self.service, batch).to_string());
        // Its answer has nothing to tell that would change anything here.
        let answer = timeout(DEADLINE, request.send()).await;
        let taken = matches!(answer, Ok(Ok(answer)) if answer.status().is_success());
        let outcome = if taken { "sent" } else { "failed" };
        let count = u64::try_from(batch.len()).unwrap_or_default();
        self.counter.with_label_values(&[outcome]).inc_by(count);
    }
}

fn take(order: Order, batch: &mut Vec<Span>, waiting: &mut Vec<oneshot::Sender<()>>) {
    match order {
        Order::Send(span) => batch.push(*span),
        Order::Flush(done) => waiting.push(done),
    }
}

#[cfg(test)]
mod tests {
    use authz::trace::TraceParent;

    use super::*;
    use crate::span::Value;

    fn span(caller: &str) -> Span {
        Span {
            step: TraceParent::after(TraceParent::parse(caller.as_bytes()), (1, 2)),
            parent: None,
            name: [Value::Word("GET"), Value::None],
            ended: Duration::from_secs(1),
            took: Duration::ZERO,
            error: None,
            attributes: Vec::new(),
        }
    }

    fn ends(endpoint: &str) -> (Exporter, Sender) {
        let settings = Settings::new(endpoint.parse().unwrap(), []).unwrap();
        let _installed = rustls::crypto::ring::default_provider().install_default();
        let http = reqwest::Client::builder().no_proxy().build().unwrap();
        channel(settings, http, ("test", "0"), (&Registry::new(), "spans_total")).unwrap()
    }

    const SAMPLED: &str = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";
    const UNSAMPLED: &str = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-00";

    fn count(exporter: &Exporter, outcome: &str) -> u64 {
        exporter.counter.with_label_values(&[outcome]).get()
    }

    #[tokio::test]
    async fn what_finds_no_room_is_counted_and_nobody_waits() {
        let (exporter, _sender) = ends("http://127.0.0.1:1/v1/traces");
        for _ in 0..QUEUE + 10 {
            exporter.export(span(SAMPLED));
        }
        assert_eq!(count(&exporter, "dropped"), 10);
    }

    #[tokio::test]
    async fn a_trace_that_nobody_wants_kept_is_not_sent() {
        let (exporter, mut sender) = ends("http://127.0.0.1:1/v1/traces");
        exporter.export(span(UNSAMPLED));
        exporter.export(span(SAMPLED));
        assert!(sender.orders.try_recv().is_ok() && sender.orders.try_recv().is_err());
    }

    #[tokio::test]
    async fn a_collector_that_is_away_costs_the_spans_and_the_end_does_not_wait_for_it() {
        let (exporter, sender) = ends("http://127.0.0.1:1/v1/traces");
        exporter.export(span(SAMPLED));
        let flushed = async {
            exporter.flush().await;
            (count(&exporter, "failed"), count(&exporter, "sent"))
        };
        let counted = tokio::select! {
            () = sender.run() => unreachable!("somebody may still hand in"),
            counted = flushed => counted,
        };
        assert_eq!(counted, (1, 0));
    }
}
