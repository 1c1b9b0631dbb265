//! A core in this process and a backend that answers what the test wrote down.

use std::collections::HashMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};

use authz::hop::{self, HopClaims, HopSealer};
use authz::time::Timestamp;
use axum::Router;
use axum::body::Body;
use axum::extract::{Request, State};
use axum::response::{IntoResponse as _, Response};
use fhir_mcp_core::Core;
use fhir_mcp_core::config::BackendLimits;
use http::{HeaderMap, StatusCode};
use http_body_util::BodyExt as _;
use rand::SeedableRng as _;
use rand::rngs::StdRng;
use serde_json::{Value, json};
use tower::ServiceExt as _;

pub(crate) use crate::records::{bundle, dated, observation, undated};
use crate::settings::{config, key};

/// A request that reached the backend: path and query, and its `Authorization` header.
#[derive(Clone, Debug)]
pub(crate) struct Asked {
    pub(crate) target: String,
    pub(crate) authorization: Option<String>,
}

type Script = HashMap<String, (StatusCode, Value)>;

/// The scripted backend. What is not in the script is a 404, but of imported records there are none.
#[derive(Clone, Default)]
pub(crate) struct Backend {
    script: Arc<Mutex<Script>>,
    asked: Arc<Mutex<Vec<Asked>>>,
}

impl Backend {
    pub(crate) fn answer(&self, target: &str, body: Value) -> &Self {
        self.answer_with(target, StatusCode::OK, body)
    }

    pub(crate) fn answer_with(&self, target: &str, status: StatusCode, body: Value) -> &Self {
        self.script.lock().unwrap().insert(target.to_owned(), (status, body));
        self
    }

    /// Whoever asks is a practitioner.
    pub(crate) fn practitioner(&self) -> &Self {
        self.answer("/api/v1/users/profile", json!({"patient": null, "userType": "practitioner"}))
    }

    /// The patient of observations that follow, with so many of them that the backend can date.
    pub(crate) fn counts(&self, filter: &str, total: u64, dated: u64) -> &Self {
        let at = |more: &str| format!("/FHIR/R5/Observation?{filter}{more}&_summary=count");
        self.answer(&at(""), bundle(total, &[]))
            .answer(&at("&date=ge0001-01-01"), bundle(dated, &[]))
    }

    pub(crate) fn asked(&self) -> Vec<Asked> {
        self.asked.lock().unwrap().clone()
    }

    pub(crate) fn targets(&self) -> Vec<String> {
        self.asked().into_iter().map(|asked| asked.target).collect()
    }
}

async fn reply(State(backend): State<Backend>, request: Request) -> Response {
    let target = request.uri().path_and_query().unwrap().as_str().to_owned();
    let authorization =
        request.headers().get("authorization").map(|value| value.to_str().unwrap().to_owned());
    backend.asked.lock().unwrap().push(Asked { target: target.clone(), authorization });
    let found = backend.script.lock().unwrap().get(&target).cloned();
    let (status, body) = found.unwrap_or_else(|| {
        let nothing = target.contains("_source%3Abelow").then(|| (StatusCode::OK, bundle(0, &[])));
        nothing.unwrap_or_else(|| (StatusCode::NOT_FOUND, json!({"detail": "Not found."})))
    });
    (status, body.to_string()).into_response()
}

/// A core, its backend, and the key between the gateway and it.
pub(crate) struct Bed {
    pub(crate) backend: Backend,
    profile: &'static str,
    ahead: Arc<AtomicU64>,
    router: Router,
    admin: Router,
    base_url: String,
}

/// An answer of the core.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: StatusCode,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Value,
}

impl Answer {
    /// The structured content of a tool call that succeeded.
    pub(crate) fn structured(&self) -> &Value {
        assert_ne!(self.body["result"]["isError"], json!(true), "{}", self.body);
        &self.body["result"]["structuredContent"]
    }

    /// The sentence of a tool call that did not.
    pub(crate) fn refusal(&self) -> &str {
        assert_eq!(self.body["result"]["isError"], json!(true), "{}", self.body);
        self.body["result"]["content"][0]["text"].as_str().unwrap()
    }
}

pub(crate) fn now() -> Timestamp {
    let seconds = jiff::Timestamp::now().as_second();
    Timestamp::from_unix_seconds(u64::try_from(seconds).unwrap())
}

impl Bed {
    pub(crate) async fn start() -> Self {
        Self::start_with(BackendLimits::default()).await
    }

    /// A core for a backend of another kind.
    pub(crate) async fn start_as(profile: &'static str) -> Self {
        Self::start_within(profile, BackendLimits::default()).await
    }

    pub(crate) async fn start_within(profile: &'static str, limits: BackendLimits) -> Self {
        Self { profile, ..Self::start_with(limits).await }
    }

    pub(crate) async fn start_with(limits: BackendLimits) -> Self {
        let backend = Backend::default();
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let base_url = format!("http://{}", listener.local_addr().unwrap());
        let app = Router::new().fallback(reply).with_state(backend.clone());
        tokio::spawn(async move { axum::serve(listener, app).await });
        let ahead = Arc::<AtomicU64>::default();
        let shared = Arc::clone(&ahead);
        let clock = move || {
            let passed = std::time::Duration::from_secs(shared.load(Ordering::SeqCst));
            jiff::Timestamp::now() + passed
        };
        let core = Core::new(config(limits)).unwrap().with_clock(Arc::new(clock));
        Self {
            backend,
            profile: "jhe",
            ahead,
            router: core.router(),
            admin: core.admin_router(),
            base_url,
        }
    }

    /// The claims of a request with this token, permitted to list these tools.
    pub(crate) fn claims(&self, token: &str, tools: Option<&[&str]>) -> HopClaims {
        serde_json::from_value(json!({
            "subject": "10002",
            "client": "client",
            "scope": "user/*.rs",
            "backend": {"name": "jhe", "profile": self.profile, "base_url": self.base_url},
            "backend_token": token,
            "request_id": "request-1",
            "tools": tools,
        }))
        .unwrap()
    }

    pub(crate) fn seal(claims: HopClaims, body: &[u8]) -> String {
        HopSealer::new(key(1)).seal(claims, body, now(), &mut StdRng::seed_from_u64(1))
    }

    /// Lets time pass, for core and for whoever seals.
    pub(crate) fn advance(&self, by: std::time::Duration) {
        self.ahead.fetch_add(by.as_secs(), Ordering::SeqCst);
    }

    pub(crate) fn sealed(&self, claims: HopClaims, body: &[u8]) -> String {
        let passed = std::time::Duration::from_secs(self.ahead.load(Ordering::SeqCst));
        let now = now().plus(passed);
        HopSealer::new(key(1)).seal(claims, body, now, &mut StdRng::seed_from_u64(1))
    }

    pub(crate) async fn send(&self, hop: Option<String>, version: &str, body: &Value) -> Answer {
        self.send_with(hop, version, body, &[]).await
    }

    pub(crate) async fn send_with(
        &self,
        hop: Option<String>,
        version: &str,
        body: &Value,
        more: &[(&str, Option<String>)],
    ) -> Answer {
        let mut request = http::Request::post("/mcp")
            .header("host", hop::HOST)
            .header("accept", "application/json, text/event-stream")
            .header("content-type", "application/json")
            .header("mcp-protocol-version", version);
        for (name, value) in [(hop::HEADER, hop)].iter().chain(more) {
            if let Some(value) = value {
                request = request.header(*name, value);
            }
        }
        let request = request.body(Body::from(body.to_string())).unwrap();
        let (parts, bytes) = self.router.clone().oneshot(request).await.unwrap().into_parts();
        let bytes = bytes.collect().await.unwrap().to_bytes();
        let tool = &body["params"]["name"];
        let body = serde_json::from_slice(&bytes).unwrap_or(Value::Null);
        crate::conformity::judge(tool, &body);
        Answer { status: parts.status, headers: parts.headers, body }
    }

    /// A request of the revision that knows no `initialize`.
    pub(crate) async fn modern(&self, method: &str, params: Value) -> Answer {
        self.modern_for(method, params, None).await
    }

    /// The same, of a caller who may call these tools.
    pub(crate) async fn modern_for(
        &self,
        method: &str,
        mut params: Value,
        tools: Option<&[&str]>,
    ) -> Answer {
        params["_meta"] = json!({
            "io.modelcontextprotocol/protocolVersion": "2026-07-28",
            "io.modelcontextprotocol/clientInfo": {"name": "test", "version": "1"},
            "io.modelcontextprotocol/clientCapabilities": {},
        });
        let name = params["name"].as_str().or_else(|| params["uri"].as_str()).map(str::to_owned);
        let body = json!({"jsonrpc": "2.0", "id": 1, "method": method, "params": params});
        let hop = Self::seal(self.claims("token-mary", tools), body.to_string().as_bytes());
        let more = [("mcp-method", Some(method.to_owned())), ("mcp-name", name)];
        self.send_with(Some(hop), "2026-07-28", &body, &more).await
    }

    pub(crate) async fn request(
        &self,
        method: &str,
        params: Value,
        tools: Option<&[&str]>,
    ) -> Answer {
        let body = json!({"jsonrpc": "2.0", "id": 1, "method": method, "params": params});
        let hop = self.sealed(self.claims("token-mary", tools), body.to_string().as_bytes());
        self.send(Some(hop), "2025-06-18", &body).await
    }

    /// What Prometheus reads.
    pub(crate) async fn metrics(&self) -> String {
        let request = http::Request::get("/metrics").body(Body::empty()).unwrap();
        let body = self.admin.clone().oneshot(request).await.unwrap().into_body();
        String::from_utf8(body.collect().await.unwrap().to_bytes().to_vec()).unwrap()
    }

    pub(crate) async fn call(&self, tool: &str, arguments: Value) -> Answer {
        self.request("tools/call", json!({"name": tool, "arguments": arguments}), None).await
    }
}
