//! A stand-in for an OpenTelemetry collector: takes OTLP over HTTP in JSON, and keeps all of it.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, PoisonError};

use anyhow::{Context as _, Result};
use axum::Router;
use axum::extract::State;
use axum::routing::post;
use http::{HeaderMap, StatusCode};
use serde_json::Value;
use tokio::net::TcpListener;
use tokio::sync::Notify;
use tokio::task::JoinHandle;

/// A collector on loopback. It ends when it is dropped.
#[derive(Debug)]
pub struct Collector {
    address: SocketAddr,
    received: Arc<Received>,
    serving: JoinHandle<()>,
}

#[derive(Debug, Default)]
struct Received {
    /// Headers and body of each request.
    requests: Mutex<Vec<(HeaderMap, String)>>,
    more: Notify,
}

impl Drop for Collector {
    fn drop(&mut self) {
        self.serving.abort();
    }
}

/// One span, as far as stories look at it.
#[derive(Clone, Debug)]
pub struct ReceivedSpan {
    /// Which program told of it.
    pub service: String,
    /// Everything.
    pub json: Value,
}

impl ReceivedSpan {
    /// A member that is a text.
    pub fn text(&self, name: &str) -> &str {
        self.json.get(name).and_then(Value::as_str).unwrap_or_default()
    }

    /// Its attributes, all as texts.
    pub fn attributes(&self) -> BTreeMap<String, String> {
        attributes(&self.json)
    }
}

fn list<'v>(holder: &'v Value, name: &str) -> &'v [Value] {
    holder.get(name).and_then(Value::as_array).map_or(&[], Vec::as_slice)
}

fn attributes(holder: &Value) -> BTreeMap<String, String> {
    let one = |attribute: &Value| {
        let value = attribute.get("value")?.as_object()?.values().next()?;
        Some((attribute.get("key")?.as_str()?.to_owned(), value.as_str()?.to_owned()))
    };
    list(holder, "attributes").iter().filter_map(one).collect()
}

impl Collector {
    /// Begins to listen.
    pub async fn start() -> Result<Self> {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await?;
        let address = listener.local_addr()?;
        let received = Arc::new(Received::default());
        let router =
            Router::new().route("/v1/traces", post(take)).with_state(Arc::clone(&received));
        let serving = tokio::spawn(async move {
            // It ends with the task.
            let _ended = axum::serve(listener, router).await;
        });
        Ok(Self { address, received, serving })
    }

    /// Where spans go.
    pub fn endpoint(&self) -> String {
        format!("http://{}/v1/traces", self.address)
    }

    /// Everything that came, headers and all.
    pub fn text(&self) -> String {
        let requests = self.received.requests.lock().unwrap_or_else(PoisonError::into_inner);
        let shown: Vec<String> =
            requests.iter().map(|(headers, body)| format!("{headers:?}\n{body}")).collect();
        shown.join("\n")
    }

    /// Waits until all of these have come, as programs send when they have enough or some time has gone
    /// by; gives everything that came.
    pub async fn hears(&self, words: &[&str]) -> Result<String> {
        for _ in 0..200 {
            let text = self.text();
            if words.iter().all(|word| text.contains(word)) {
                return Ok(text);
            }
            tokio::time::sleep(std::time::Duration::from_millis(50)).await;
        }
        anyhow::bail!("not all of {words:?} came")
    }

    /// The spans so far.
    pub fn spans(&self) -> Result<Vec<ReceivedSpan>> {
        let requests =
            self.received.requests.lock().unwrap_or_else(PoisonError::into_inner).clone();
        let mut spans = Vec::new();
        for (_, body) in requests {
            let document: Value = serde_json::from_str(&body)?;
            for told in list(&document, "resourceSpans") {
                let of = told.get("resource").map(attributes);
                let service = of.and_then(|mut of| of.remove("service.name"));
                let service = service.context("a resource without a name")?;
                let scopes = list(told, "scopeSpans").iter();
                for json in scopes.flat_map(|scope| list(scope, "spans")) {
                    spans.push(ReceivedSpan { service: service.clone(), json: json.clone() });
                }
            }
        }
        Ok(spans)
    }

    /// The spans that satisfy `wanted`, once there are so many.
    pub async fn wait_for(
        &self,
        count: usize,
        wanted: impl Fn(&ReceivedSpan) -> bool,
    ) -> Result<Vec<ReceivedSpan>> {
        loop {
            let more = self.received.more.notified();
            let found: Vec<_> = self.spans()?.into_iter().filter(&wanted).collect();
            if found.len() >= count {
                return Ok(found);
            }
            more.await;
        }
    }
}

async fn take(
    State(received): State<Arc<Received>>,
    headers: HeaderMap,
    body: String,
) -> StatusCode {
    let mut requests = received.requests.lock().unwrap_or_else(PoisonError::into_inner);
    requests.push((headers, body));
    drop(requests);
    received.more.notify_waiters();
    StatusCode::OK
}
