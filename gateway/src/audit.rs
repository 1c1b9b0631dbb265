//! The audit trail: one line for each call that was permitted and each that was refused, chained by
//! digests so that a missing or an altered line shows.

use std::fmt::Write as _;
use std::fs::OpenOptions;
use std::io::{self, Write};

use authz::ids::RequestId;
use serde::Serialize;
use sha2::{Digest as _, Sha256};
use tokio::sync::{mpsc, oneshot};

use crate::config;
use crate::metrics::Metrics;

/// Events that may wait to be written. When it is full, requests wait for the disk: an event is
/// never dropped.
const QUEUE: usize = 1024;

/// One event. Never arguments, never bodies.
#[derive(Clone, Debug, Serialize)]
pub struct AuditEvent {
    /// When, RFC 3339.
    pub time: String,
    /// Found again in the access line and in core's log.
    #[serde(rename = "request.id")]
    pub request_id: RequestId,
    /// What was asked for.
    pub route: &'static str,
    /// Who, by the backend's `sub`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub subject: Option<String>,
    /// With which client, by its fingerprint.
    #[serde(rename = "client.id", skip_serializing_if = "Option::is_none")]
    pub client: Option<String>,
    /// The MCP method.
    #[serde(rename = "mcp.method", skip_serializing_if = "Option::is_none")]
    pub method: Option<&'static str>,
    /// The tool.
    #[serde(rename = "mcp.tool", skip_serializing_if = "Option::is_none")]
    pub tool: Option<String>,
    /// permitted, refused, answered, fault.
    pub outcome: &'static str,
    /// The code word of a refusal or a fault.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reason: Option<&'static str>,
    /// The status that the client got.
    pub status: u16,
}

#[derive(Serialize)]
struct Line<'e> {
    log: &'static str,
    sequence: u64,
    previous: &'e str,
    #[serde(flatten)]
    event: &'e AuditEvent,
}

enum Order {
    Write(Box<AuditEvent>),
    Settle(oneshot::Sender<()>),
}

/// Where events are handed in.
#[derive(Clone, Debug)]
pub struct AuditTrail(mpsc::Sender<Order>);

impl AuditTrail {
    /// Starts the trail's writer, on a thread where waiting for the disk hurts nobody. It ends when
    /// the last handle is dropped.
    pub fn start(sink: Box<dyn Write + Send>, metrics: Metrics) -> Self {
        let (sender, receiver) = mpsc::channel(QUEUE);
        tokio::task::spawn_blocking(move || write_all(receiver, sink, &metrics));
        Self(sender)
    }

    /// Hands in one event; waits while the queue is full.
    pub async fn record(&self, event: AuditEvent) {
        // The writer ends after the last sender, so nobody is left to miss an event.
        let _ = self.0.send(Order::Write(Box::new(event))).await;
    }

    /// Returns when all events handed in before are written.
    pub async fn settle(&self) {
        let (done, settled) = oneshot::channel();
        if self.0.send(Order::Settle(done)).await.is_ok() {
            let _ = settled.await;
        }
    }
}

/// The sink that the configuration names.
pub(crate) fn sink(audit: &config::Audit) -> io::Result<Box<dyn Write + Send>> {
    match &audit.file {
        None => Ok(Box::new(io::stdout())),
        Some(path) => Ok(Box::new(OpenOptions::new().create(true).append(true).open(path)?)),
    }
}

fn write_all(
    mut orders: mpsc::Receiver<Order>,
    mut sink: Box<dyn Write + Send>,
    metrics: &Metrics,
) {
    let mut chain = Chain::default();
    while let Some(order) = orders.blocking_recv() {
        match order {
            Order::Settle(done) => {
                let _ = done.send(());
            }
            Order::Write(event) => {
                let line = chain.next(&event);
                if let Err(why) = sink.write_all(line.as_bytes()).and_then(|()| sink.flush()) {
                    metrics.audit_failures.inc();
                    tracing::error!(error = %why.kind(), "cannot write the audit trail");
                }
            }
        }
    }
}

/// The chain: each line carries its number, the digest of the line before and its own.
#[derive(Debug)]
struct Chain {
    sequence: u64,
    previous: String,
}

impl Default for Chain {
    fn default() -> Self {
        Self { sequence: 0, previous: "0".repeat(64) }
    }
}

impl Chain {
    fn next(&mut self, event: &AuditEvent) -> String {
        let line = Line { log: "audit", sequence: self.sequence, previous: &self.previous, event };
        // An event of strings and numbers always serialises.
        let text = serde_json::to_string(&line).unwrap_or_default();
        let digest = hex(&Sha256::digest(text.as_bytes()));
        let body = text.strip_suffix('}').unwrap_or(&text);
        let line = format!("{body},\"digest\":\"{digest}\"}}\n");
        self.sequence += 1;
        self.previous = digest;
        line
    }
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::with_capacity(64), |mut text, byte| {
        // Writing to a String cannot fail.
        let _ = write!(text, "{byte:02x}");
        text
    })
}

#[cfg(test)]
mod tests {
    use serde_json::Value;

    use super::*;

    fn event(subject: &str) -> AuditEvent {
        AuditEvent {
            time: "2026-11-21T00:00:00Z".to_owned(),
            request_id: RequestId::from_random([1; 16]),
            route: "mcp",
            subject: Some(subject.to_owned()),
            client: None,
            method: Some("tools/call"),
            tool: Some("list_studies".to_owned()),
            outcome: "permitted",
            reason: None,
            status: 200,
        }
    }

    fn digest_of(line: &str) -> String {
        let at = line.find(",\"digest\"").unwrap();
        let text = format!("{}}}", &line[..at]);
        hex(&Sha256::digest(text.as_bytes()))
    }

    #[test]
    fn each_line_names_the_digest_of_the_one_before() {
        let mut chain = Chain::default();
        let lines: Vec<String> = (0..3).map(|_| chain.next(&event("10002"))).collect();
        let read: Vec<Value> = lines.iter().map(|l| serde_json::from_str(l).unwrap()).collect();
        for (at, line) in lines.iter().enumerate() {
            assert_eq!(read[at]["digest"], digest_of(line));
            assert_eq!(read[at]["sequence"], at);
        }
        assert_eq!(read[1]["previous"], read[0]["digest"]);
        assert_eq!(read[2]["previous"], read[1]["digest"]);
    }

    #[test]
    fn a_line_break_in_a_value_forges_no_line() {
        let line = Chain::default().next(&event("1\n{\"forged\":true}"));
        assert_eq!(line.matches('\n').count(), 1);
    }
}
