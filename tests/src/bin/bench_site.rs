//! What the benchmarks measure against, in one process: the stand-in Exchange (OAuth and FHIR), a stub
//! MCP service that answers at once, a verifier for proxies that ask one (`auth_request`, `ext_authz`),
//! and counts of who asked whom how often. Writes the files of both programs, a certificate and sealed
//! access tokens into a folder, prints where everything is as JSON, and lives until its standard input ends.

use std::fs;
use std::io::Write as _;
use std::net::{SocketAddr, TcpListener};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use anyhow::{Context as _, Result};
use authz::time::Timestamp;
use axum::Router;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::header::{AUTHORIZATION, CONTENT_TYPE};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use axum::routing::{any, get, post};
use fhir_mcp_gateway::config::Config;
use serde_json::{Value, json};
use testbed::bed::random_key;
use testbed::exchange::{Endpoint, FakeExchange, Options, system_clock};
use testbed::minted::Mint;

const PERSON: &str = "manager_mary";
/// As many bursts can be tried with a token that nobody has asked about.
const TOKENS: usize = 64;
/// What the stub answers to every tool call.
const TEXT: &str = "three studies";

#[tokio::main]
async fn main() -> Result<()> {
    let _installed = rustls::crypto::ring::default_provider().install_default();
    let folder = PathBuf::from(std::env::args().nth(1).context("bench_site FOLDER")?);
    let clock = system_clock();
    let anchor = jiff::Timestamp::now();
    let options = Options { clock, anchor, ..Options::default() };
    let exchange = Arc::new(FakeExchange::start(options).await?);
    let stub = stub(Arc::clone(&exchange)).await?;
    let site = Site::new(&exchange, stub)?;
    site.write(&folder)?;
    let tokens = (0..TOKENS).map(|_| site.login(&folder)).collect::<Result<Vec<_>>>()?;
    let told = json!({
        "exchange": exchange.base_url(),
        "stub": stub,
        "client_id": exchange.client_id(),
        "client_secret": exchange.client_secret(),
        "tls": site.ports[0],
        "plain": site.ports[1],
        "admin": site.ports[2],
        "core": site.ports[3],
        "core_admin": site.ports[4],
        "tokens": tokens,
    });
    writeln!(std::io::stdout(), "{told}")?;
    std::io::stdout().flush()?;
    // Blocks this thread alone; everybody else lives on the others.
    std::io::copy(&mut std::io::stdin(), &mut std::io::sink())?;
    Ok(())
}

/// The addresses and secrets of one gateway and one core.
struct Site<'x> {
    exchange: &'x FakeExchange,
    stub: SocketAddr,
    /// Public over TLS, public in plain, admin, core, core's admin.
    ports: [SocketAddr; 5],
    ring: String,
    hop: String,
}

impl<'x> Site<'x> {
    fn new(exchange: &'x FakeExchange, stub: SocketAddr) -> Result<Self> {
        let held =
            (0..5).map(|_| TcpListener::bind("127.0.0.1:0")).collect::<Result<Vec<_>, _>>()?;
        let mut ports = [stub; 5];
        for (port, socket) in ports.iter_mut().zip(&held) {
            *port = socket.local_addr()?;
        }
        Ok(Self { exchange, stub, ports, ring: random_key(), hop: random_key() })
    }

    fn origin(&self) -> String {
        format!("https://localhost:{}", self.ports[0].port())
    }

    /// All that both programs and their peers read.
    fn write(&self, folder: &Path) -> Result<()> {
        let certificate = rcgen::generate_simple_self_signed(vec!["localhost".to_owned()])?;
        let [_, _, _, core, core_admin] = self.ports;
        for (name, text) in [
            ("tls.crt", certificate.cert.pem()),
            ("tls.key", certificate.signing_key.serialize_pem()),
            ("ring", self.ring.clone()),
            ("hop", self.hop.clone()),
            ("client-secret", self.exchange.client_secret()),
            ("stub.yaml", self.gateway(folder, self.stub)),
            ("gateway.yaml", self.gateway(folder, core)),
            (
                "mcp-core.yaml",
                format!("listen: \"{core}\"\nadmin: \"{core_admin}\"\nhop_key: {{file: hop}}\n"),
            ),
        ] {
            fs::write(folder.join(name), text)?;
        }
        Ok(())
    }

    /// A gateway before this core, whose limits nobody meets.
    fn gateway(&self, folder: &Path, core: SocketAddr) -> String {
        let [tls, plain, admin, ..] = self.ports;
        let (origin, folder) = (self.origin(), folder.display());
        let (base, client_id) = (self.exchange.base_url(), self.exchange.client_id());
        format!(
            "server:
  public_url: {origin}
  allowed_hosts: [\"{plain}\", \"{tls}\"]
  listeners:
    - address: \"{tls}\"
      tls: {{certificate: {folder}/tls.crt, key: {folder}/tls.key}}
    - address: \"{plain}\"
  admin: \"{admin}\"
  deadlines: {{close_delay: 10ms}}
  caps: {{connections_per_address: 10000}}
keys:
  ring: [{{id: k1, state: active, key: {{file: {folder}/ring}}}}]
  hop: {{file: {folder}/hop}}
core: {{address: \"{core}\"}}
backend:
  name: exchange
  profile: jhe
  base_url: {base}
  client_id: {client_id}
  client_secret: {{file: {folder}/client-secret}}
  audience: {{own_client: true}}
limits: {{calls_per_minute: 60000000, burst: 1000000, concurrent_calls: 1000, \
              client_calls_per_minute: 60000000, client_burst: 1000000}}
audit: {{file: {folder}/audit.jsonl}}
"
        )
    }

    /// A new login's token, sealed as the gateway seals it, and the backend token within.
    fn login(&self, folder: &Path) -> Result<Value> {
        let config = Config::parse(&self.gateway(folder, self.stub), &|_| None);
        let backend = config.map_err(|why| anyhow::anyhow!("{why}"))?.backend.binding();
        let seconds = u64::try_from(jiff::Timestamp::now().as_second())?;
        let mint = Mint {
            origin: &self.origin(),
            ring_key: &self.ring,
            backend: &backend,
            now: Timestamp::from_unix_seconds(seconds),
        };
        let backend_token = self.exchange.issue_token(PERSON)?;
        let sealed = mint.access_token(PERSON, backend_token.clone())?;
        Ok(json!({"sealed": sealed, "backend": backend_token}))
    }
}

/// Who was asked how often.
struct Asked {
    exchange: Arc<FakeExchange>,
    verified: AtomicU64,
    called: AtomicU64,
}

async fn stub(exchange: Arc<FakeExchange>) -> Result<SocketAddr> {
    let asked =
        Arc::new(Asked { exchange, verified: AtomicU64::new(0), called: AtomicU64::new(0) });
    let routes = Router::new()
        .route("/mcp", post(call))
        .route("/verify", any(verify))
        .route("/verify/{*path}", any(verify))
        .route("/asked", get(tell).delete(forget))
        .with_state(asked);
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await?;
    let address = listener.local_addr()?;
    tokio::spawn(async move { axum::serve(listener, routes).await });
    Ok(address)
}

/// Says yes to whoever brings a bearer token, as a verifier that a proxy asks.
async fn verify(State(asked): State<Arc<Asked>>, headers: HeaderMap) -> StatusCode {
    asked.verified.fetch_add(1, Ordering::Relaxed);
    let bearer = headers.get(AUTHORIZATION).and_then(|value| value.to_str().ok());
    match bearer.and_then(|value| value.strip_prefix("Bearer ")) {
        Some(token) if !token.is_empty() => StatusCode::OK,
        _ => StatusCode::UNAUTHORIZED,
    }
}

/// MCP in its least form: one tool, whose answer never changes.
async fn call(State(asked): State<Arc<Asked>>, body: Bytes) -> Response {
    let Ok(message) = serde_json::from_slice::<Value>(&body) else {
        return StatusCode::BAD_REQUEST.into_response();
    };
    let result = match message.get("method").and_then(Value::as_str) {
        Some("tools/call") => {
            asked.called.fetch_add(1, Ordering::Relaxed);
            json!({"content": [{"type": "text", "text": TEXT}]})
        }
        Some("tools/list") => {
            json!({"tools": [{"name": "list_studies", "inputSchema": {"type": "object"}}]})
        }
        Some("initialize") => {
            json!({"protocolVersion": "2025-06-18", "capabilities": {"tools": {}},
                                     "serverInfo": {"name": "stub", "version": "1"}})
        }
        Some("ping") => json!({}),
        _ if message.get("id").is_none() => return StatusCode::ACCEPTED.into_response(),
        _ => {
            let error = json!({"code": -32601, "message": "no such method"});
            return answer(&json!({"jsonrpc": "2.0", "id": message.get("id"), "error": error}));
        }
    };
    answer(&json!({"jsonrpc": "2.0", "id": message.get("id"), "result": result}))
}

fn answer(message: &Value) -> Response {
    ([(CONTENT_TYPE, "application/json")], message.to_string()).into_response()
}

async fn tell(State(asked): State<Arc<Asked>>) -> Response {
    let log = asked.exchange.log();
    answer(&json!({
        "introspected": log.count(Endpoint::Introspect),
        "verified": asked.verified.load(Ordering::Relaxed),
        "called": asked.called.load(Ordering::Relaxed),
        "backend": log.count(Endpoint::Fhir) + log.count(Endpoint::Rest),
    }))
}

async fn forget(State(asked): State<Arc<Asked>>) -> StatusCode {
    asked.exchange.log().clear();
    asked.verified.store(0, Ordering::Relaxed);
    asked.called.store(0, Ordering::Relaxed);
    StatusCode::NO_CONTENT
}
