//! The two listeners: `/mcp` for the gateway, and the admin listener for probes and Prometheus.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use anyhow::Context as _;
use authz::hop::{self, HopSealer};
use axum::extract::State;
use axum::middleware::from_fn_with_state;
use axum::routing::{get, post_service};
use axum::serve::ListenerExt as _;
use axum::{Json, Router};
use closing::Queue;
use http::{StatusCode, header};
use prometheus::{Registry, TextEncoder};
use rmcp::ServerHandler;
use rmcp::transport::streamable_http_server::session::never::NeverSessionManager;
use rmcp::transport::streamable_http_server::{StreamableHttpServerConfig, StreamableHttpService};
use tokio::net::{TcpListener, TcpSocket};
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;
use tracing::info;

use crate::backend::client::{Client, connections};
use crate::backend::inquiry::Means;
use crate::backend::profile::LiveProfiles;
use crate::caller::{Clock, Gate, LARGEST_BODY, admit};
use crate::config::Config;
use crate::door::Door;
use crate::ending::{Ending, last_of_its_connection};
use crate::metrics::Metrics;
use crate::server::Server;
use crate::teller::Teller;
use crate::tls::{Certificate, TlsListener};
use crate::tools;

/// Connections that may wait to be accepted; the usual 128 turns bursts into resets.
const BACKLOG: u32 = 4096;
/// Added to a tool call's own deadline when we wait for calls in flight to finish.
const GRACE: Duration = Duration::from_secs(5);
/// How often something is said on a stream of events, be it nothing: whoever passes it on can end it
/// then in good order.
const PULSE: Duration = Duration::from_secs(3);

/// The tool service, ready to serve.
#[derive(Debug)]
pub struct Core {
    gate: Arc<Gate>,
    server: Server,
    profiles: Arc<LiveProfiles>,
    metrics: Metrics,
    spans: Option<(Teller, spans::Sender)>,
    certificate: Option<Arc<Certificate>>,
    registry: Registry,
    is_ready: Arc<AtomicBool>,
    queue: Queue,
    grace: Duration,
}

impl Core {
    /// Builds everything, contacts nobody.
    ///
    /// # Errors
    /// A profile that cannot be read, or an HTTP client that cannot be built.
    pub fn new(config: Config) -> anyhow::Result<Self> {
        // A program installs its own provider first; a test bed may leave that to us.
        if rustls::crypto::CryptoProvider::get_default().is_none() {
            let _already_there = rustls::crypto::ring::default_provider().install_default();
        }
        let registry = Registry::new();
        let metrics = Metrics::new(&registry)?;
        let client = Client::new(&config.backend, config.authority.as_ref(), metrics.clone())
            .context("the HTTP client")?;
        let means = Means::new(client, config.hop_key.clone(), &config.backend);
        let certificate = config.listen_tls.map(Certificate::load).transpose()?.map(Arc::new);
        let profiles = Arc::new(LiveProfiles::load(config.profiles, tools::served::mistakes)?);
        let (spans, sender) = match &config.collector {
            None => (None, None),
            Some(collector) => {
                let http = connections(&config.backend, collector.authority.as_ref())
                    .context("the HTTP client for telemetry.otlp")?;
                let service = (env!("CARGO_PKG_NAME"), env!("CARGO_PKG_VERSION"));
                let counted = (&registry, "mcp_spans_total");
                let (exporter, sender) =
                    spans::channel(collector.settings.clone(), http, service, counted)?;
                (Some(Teller::new(exporter)), Some(sender))
            }
        };
        Ok(Self {
            gate: Arc::new(Gate::new(HopSealer::new(config.hop_key)).counting(metrics.panics())),
            server: Server::new(
                means,
                Arc::clone(&profiles),
                (metrics.clone(), spans.clone()),
                config.backend.deadline,
            ),
            spans: spans.zip(sender),
            metrics,
            profiles,
            certificate,
            registry,
            is_ready: Arc::new(AtomicBool::new(false)),
            queue: Queue::Shared,
            grace: config.backend.deadline + GRACE,
        })
    }

    /// The same service on a socket that nobody else accepts from: when it closes, nobody comes in behind the last one.
    #[must_use]
    pub const fn alone_on_its_socket(mut self) -> Self {
        self.queue = Queue::Ours;
        self
    }

    /// The same service by another clock, for tests that let time pass.
    #[must_use]
    pub fn with_clock(self, clock: Clock) -> Self {
        let gate = Arc::new(self.gate.with_clock(clock));
        Self { gate, ..self }
    }

    /// The profiles of backends, as they are now.
    pub const fn profiles(&self) -> &Arc<LiveProfiles> {
        &self.profiles
    }

    /// What the listener shows, if it speaks TLS.
    pub const fn certificate(&self) -> Option<&Arc<Certificate>> {
        self.certificate.as_ref()
    }

    /// `/mcp` behind the layer that wants a caller. Each call makes an independent router.
    pub fn router(&self) -> Router {
        behind_gate(self.server.clone(), Arc::clone(&self.gate))
    }

    /// `/live`, `/ready`, `/status` and `/metrics`.
    pub fn admin_router(&self) -> Router {
        Router::new()
            .route("/live", get(|| async { "live" }))
            .route("/ready", get(ready).with_state(Arc::clone(&self.is_ready)))
            .route("/status", get(status).with_state(Arc::clone(&self.profiles)))
            .route("/metrics", get(scrape).with_state(self.registry.clone()))
    }

    /// Serves until it is told to end and the calls in flight are done, or until they have had their
    /// time.
    ///
    /// # Errors
    /// A listener that breaks.
    pub async fn serve(
        mut self,
        listener: TcpListener,
        admin: Option<TcpListener>,
        ending: Ending,
    ) -> anyhow::Result<()> {
        let mut renewing = JoinSet::new();
        if let Some(certificate) = &self.certificate {
            renewing.spawn(Arc::clone(certificate).keep_fresh());
        }
        let spans = self.spans.take().map(|(spans, sender)| {
            renewing.spawn(sender.run());
            spans
        });
        renewing.spawn(Arc::clone(&self.profiles).keep_fresh(self.metrics.clone()));
        let tools = self.serve_tools(listener, &ending);
        let admin_stop = CancellationToken::new();
        let admin =
            admin.map(|admin| tokio::spawn(serve(admin, self.admin_router(), admin_stop.clone())));
        self.is_ready.store(true, Ordering::Release);
        info!("serving");
        let finished = tokio::select! {
            finished = tools => finished,
            () = self.expire(&ending) => Ok(()),
        };
        if let Some(spans) = spans {
            spans.exporter().flush().await;
        }
        admin_stop.cancel();
        if let Some(admin) = admin {
            admin.abort();
        }
        info!("stopped");
        finished
    }

    async fn serve_tools(&self, listener: TcpListener, ending: &Ending) -> anyhow::Result<()> {
        let router =
            self.router().layer(from_fn_with_state(ending.clone(), last_of_its_connection));
        let door = Door::new(listener, self.queue, ending.closing())?;
        let emptied = door.emptied();
        match self.certificate.clone() {
            None => axum::serve(door, router).with_graceful_shutdown(emptied).await?,
            Some(certificate) => {
                let tls = TlsListener::new(door, certificate);
                axum::serve(tls, router).with_graceful_shutdown(emptied).await?;
            }
        }
        Ok(())
    }

    /// Ends when calls in flight have had their time after the end of accepting.
    async fn expire(&self, ending: &Ending) {
        ending.retreating().await;
        self.is_ready.store(false, Ordering::Release);
        info!("told to stop; not ready, still accepting");
        ending.closing().cancelled().await;
        info!("stopped accepting; waiting for the calls in flight");
        tokio::time::sleep(self.grace).await;
    }
}

/// An MCP server at `/mcp`, sessionless, behind the layer that wants a caller. No Origin is allowed, as
/// the gateway sends none.
pub fn behind_gate<S: ServerHandler + Clone + Sync>(server: S, gate: Arc<Gate>) -> Router {
    let settings = StreamableHttpServerConfig::default()
        .with_legacy_session_mode(false)
        .with_json_response(true)
        .with_sse_keep_alive(Some(PULSE))
        .with_max_request_body_bytes(LARGEST_BODY)
        .enforce_origin_validation()
        .with_allowed_hosts([hop::HOST, "localhost", "127.0.0.1", "::1"]);
    let sessions = Arc::new(NeverSessionManager::default());
    let service = StreamableHttpService::new(move || Ok(server.clone()), sessions, settings);
    Router::new().route("/mcp", post_service(service)).layer(from_fn_with_state(gate, admit))
}

/// Binds a listener with a long queue.
///
/// # Errors
/// The address is taken or not ours.
pub fn bind(address: SocketAddr) -> std::io::Result<TcpListener> {
    let socket = if address.is_ipv4() { TcpSocket::new_v4() } else { TcpSocket::new_v6() }?;
    socket.set_reuseaddr(true)?;
    socket.bind(address)?;
    socket.listen(BACKLOG)
}

/// Serves until `shutdown` is cancelled and the calls in flight are done.
///
/// # Errors
/// A listener that breaks.
pub async fn serve(
    listener: TcpListener,
    router: Router,
    shutdown: CancellationToken,
) -> anyhow::Result<()> {
    // Without this a streamed answer waits 40 ms for an acknowledgement.
    let listener = listener.tap_io(|stream| {
        let _unsupported = stream.set_nodelay(true);
    });
    axum::serve(listener, router).with_graceful_shutdown(shutdown.cancelled_owned()).await?;
    Ok(())
}

async fn status(State(profiles): State<Arc<LiveProfiles>>) -> Json<serde_json::Value> {
    Json(serde_json::json!({
        "version": provenance::VERSION,
        "revision": provenance::REVISION,
        "profiles": profiles.status(),
    }))
}

async fn ready(State(is_ready): State<Arc<AtomicBool>>) -> (StatusCode, &'static str) {
    if is_ready.load(Ordering::Acquire) {
        (StatusCode::OK, "ready")
    } else {
        (StatusCode::SERVICE_UNAVAILABLE, "not ready")
    }
}

async fn scrape(
    State(registry): State<Registry>,
) -> Result<([(header::HeaderName, &'static str); 1], String), StatusCode> {
    let text = TextEncoder::new()
        .encode_to_string(&registry.gather())
        .map_err(|_| StatusCode::INTERNAL_SERVER_ERROR)?;
    Ok(([(header::CONTENT_TYPE, prometheus::TEXT_FORMAT)], text))
}
