//! From a configuration to a running gateway, and to its end.

use std::io::{self, Write};
use std::net::{SocketAddr, TcpListener};
use std::sync::Arc;
use std::time::Duration;

use authz::time::Timestamp;
use pingora::proxy::HttpProxy;
use pingora::server::configuration::ServerConf;
use tokio::sync::{Mutex, watch};
use tokio::task::JoinSet;

use crate::admin::{self, Readiness};
use crate::audit::{self, AuditTrail};
use crate::client_fetch::{Internet, Network};
use crate::clock::Clock;
use crate::config::Config;
use crate::listener::{self, ConnectionCaps, Door};
use crate::live::{Generation, Live};
use crate::metrics::Metrics;
use crate::proxy::GatewayProxy;
use crate::reload::{Reloader, Report};
use crate::shared::{BuildError, Lasting, Shared};
use crate::sockets::{Listeners, StartError};
use crate::tls::{self, Certificates, Expiry};

/// How often quiet keys of the rate limits are forgotten, and told what was counted instead of
/// recorded.
const SWEEP: Duration = Duration::from_secs(60);

/// Everything a gateway needs, built and checked; nothing listens yet.
pub struct Gateway {
    live: Arc<Live>,
    lasting: Lasting,
    report: Arc<Report>,
    certificates: Vec<Option<Arc<Certificates>>>,
    audit: audit::Opened,
    spans: Option<spans::Sender>,
}

/// A gateway that answers.
#[derive(Debug)]
pub struct Running {
    /// Where the public listeners listen.
    pub public: Vec<SocketAddr>,
    /// Where the admin listener listens.
    pub admin: SocketAddr,
    /// What the public listeners show, in the same order; a plain one shows nothing.
    pub certificates: Vec<Option<Arc<Certificates>>>,
    pub(crate) reloader: Arc<Reloader>,
    pub(crate) audit: AuditTrail,
    readiness: Readiness,
    retreating: watch::Sender<bool>,
    closing: watch::Sender<bool>,
    serving: JoinSet<()>,
    pub(crate) background: JoinSet<()>,
}

impl Gateway {
    /// Builds a gateway: keys, certificates, clients, counters, the audit trail's sink.
    pub fn build(config: Config, clock: Arc<dyn Clock>) -> Result<Self, BuildError> {
        Self::build_over(config, clock, Arc::new(Internet))
    }

    /// Builds a gateway that fetches client documents over `network` in place of the internet.
    pub fn build_over(
        config: Config,
        clock: Arc<dyn Clock>,
        network: Arc<dyn Network>,
    ) -> Result<Self, BuildError> {
        let certificates = certificates(&config, clock.now())?;
        let origin = config.server.public_url.origin().ascii_serialization();
        let audit = audit::Opened::new(&config.audit, &origin).map_err(BuildError::Audit)?;
        let mut lasting = Lasting::new(clock, network)?;
        let spans = config.telemetry.otlp.as_ref().map(|otlp| lasting.tell(otlp)).transpose()?;
        let expiry = Expiry::of(&certificates, Arc::clone(&lasting.clock))?;
        lasting.metrics.registry().register(Box::new(expiry))?;
        let shared = Shared::new(config, &lasting, None)?;
        let live = Arc::new(Live::new(Generation::new(1, shared)));
        let report = Report::new(lasting.metrics.registry(), &live.current())?;
        Ok(Self { live, lasting, report: Arc::new(report), certificates, audit, spans })
    }

    /// Sends the audit trail to `sink` in place of what the configuration names.
    #[must_use]
    pub fn audit_to(mut self, sink: impl Write + Send + 'static) -> Self {
        self.audit = self.audit.to(Box::new(sink));
        self
    }

    /// Begins to listen, on the current runtime.
    pub fn start(self, listeners: Listeners) -> Result<Running, StartError> {
        let Self { live, lasting, report, certificates, audit, spans } = self;
        if listeners.public.len() != certificates.len() {
            let (sockets, listeners) = (listeners.public.len(), certificates.len());
            return Err(StartError::Count { sockets, listeners });
        }
        let audit = AuditTrail::start(audit, &lasting.metrics, Arc::clone(&lasting.clock));
        let proxy = proxy(&live, &audit);
        let closing = watch::Sender::new(false);
        let retreating = watch::Sender::new(false);
        let door = Arc::new(Door {
            proxy: Arc::clone(&proxy),
            caps: ConnectionCaps::default(),
            queue: listeners.queue,
            metrics: lasting.metrics.clone(),
            live: Arc::clone(&live),
            audit: audit.clone(),
            retreating: retreating.subscribe(),
            closing: closing.subscribe(),
        });
        let mut serving = JoinSet::new();
        let mut public = Vec::new();
        for (listener, tls) in listeners.public.into_iter().zip(&certificates) {
            let listener = adopt(listener)?;
            public.push(listener.local_addr()?);
            serving.spawn(listener::serve(listener, tls.clone(), Arc::clone(&door)));
        }
        let readiness = Readiness::default();
        let admin_listener = adopt(listeners.admin)?;
        let admin = admin_listener.local_addr()?;
        let mut background = JoinSet::new();
        live.current().core.keep_resolving();
        live.current().limits.start();
        spans.map(|spans| background.spawn(spans.run()));
        background.spawn(sweep(Arc::clone(&live), audit.clone()));
        let router = admin::router(&live, &report, &certificates, &readiness);
        background.spawn(async move {
            // It ends with the runtime.
            let _ = axum::serve(admin_listener, router).await;
        });
        readiness.set(true);
        let reloader = Arc::new(Reloader {
            live,
            lasting,
            certificates: certificates.clone(),
            proxy,
            closing: closing.subscribe(),
            report,
            turn: Mutex::default(),
        });
        Ok(Running {
            public,
            admin,
            certificates,
            reloader,
            audit,
            readiness,
            retreating,
            closing,
            serving,
            background,
        })
    }
}

/// What the listeners show. One that does not hold is shown nevertheless, and complained about:
/// whoever renews it finds the rest at work.
fn certificates(
    config: &Config,
    now: Timestamp,
) -> Result<Vec<Option<Arc<Certificates>>>, BuildError> {
    let mut shown = Vec::new();
    for listener in &config.server.listeners {
        let loaded = listener.tls.as_ref().map(tls::load).transpose()?;
        for unfit in loaded.iter().flat_map(|loaded| loaded.unfit(now)) {
            tracing::warn!(field = unfit.field, "a certificate {}", unfit.text);
        }
        shown.push(loaded.map(|loaded| Arc::new(Certificates::new(loaded))));
    }
    Ok(shown)
}

fn proxy(live: &Arc<Live>, audit: &AuditTrail) -> Arc<HttpProxy<GatewayProxy>> {
    let ours = GatewayProxy { live: Arc::clone(live), audit: audit.clone() };
    let server = &live.current().config.server;
    // Two tries to connect. A call is never repeated once it may have begun.
    let conf = ServerConf { max_retries: 2, ..ServerConf::default() };
    let mut proxy = HttpProxy::new(ours, Arc::new(conf));
    let mut h2 = pingora::protocols::http::v2::server::default_h2_options();
    h2.max_header_list_size(server.caps.header_bytes);
    h2.max_concurrent_streams(64);
    proxy.h2_options = Some(h2);
    let mut options = pingora::apps::HttpServerOptions::default();
    options.h2_idle_timeout = Some(server.deadlines.idle);
    proxy.server_options = Some(options);
    proxy.handle_init_modules();
    Arc::new(proxy)
}

fn adopt(listener: TcpListener) -> io::Result<tokio::net::TcpListener> {
    listener.set_nonblocking(true)?;
    tokio::net::TcpListener::from_std(listener)
}

async fn sweep(live: Arc<Live>, audit: AuditTrail) {
    loop {
        tokio::time::sleep(SWEEP).await;
        audit.tell_suppressed();
        live.current().limits.forget_the_quiet();
    }
}

impl Running {
    /// The counters.
    pub fn metrics(&self) -> &Metrics {
        &self.reloader.lasting.metrics
    }

    /// The audit trail: a test waits for it to settle.
    pub const fn audit(&self) -> &AuditTrail {
        &self.audit
    }

    /// Says "not ready", so that whoever balances load looks elsewhere, and ends each HTTP/1.1
    /// connection with its next answer; goes on serving.
    pub fn retreat(&self) {
        self.readiness.set(false);
        self.retreating.send_replace(true);
    }

    /// Stops accepting, lets calls in flight finish within the drain deadline, writes the audit
    /// trail to its end.
    pub async fn shutdown(mut self) {
        self.retreat();
        self.closing.send_replace(true);
        while self.serving.join_next().await.is_some() {}
        self.audit.settle().await;
        if let Some(spans) = &self.reloader.lasting.spans {
            spans.flush().await;
        }
        self.background.shutdown().await;
    }
}
