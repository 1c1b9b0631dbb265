//! From a configuration to a running gateway, and to its end.

use std::io::{self, Write};
use std::net::{SocketAddr, TcpListener};
use std::sync::Arc;
use std::time::Duration;

use pingora::apps::HttpServerApp as _;
use pingora::listeners::tls::Acceptor;
use pingora::proxy::HttpProxy;
use pingora::server::configuration::ServerConf;
use tokio::sync::watch;
use tokio::task::JoinSet;

use crate::admin::{self, Readiness};
use crate::audit::{self, AuditTrail};
use crate::broker_api;
use crate::client_fetch::{Internet, Network};
use crate::clock::Clock;
use crate::config::Config;
use crate::listener::{self, ConnectionCaps, Door};
use crate::metrics::Metrics;
use crate::proxy::GatewayProxy;
use crate::shared::{BuildError, Shared};
use crate::tls;

/// How often quiet keys of the rate limits are forgotten.
const SWEEP: Duration = Duration::from_secs(60);
/// Waiting connections that the kernel holds for us.
const BACKLOG: u32 = 4096;

/// Everything a gateway needs, built and checked; nothing listens yet.
pub struct Gateway {
    shared: Arc<Shared>,
    acceptors: Vec<Option<Acceptor>>,
    audit: Box<dyn Write + Send>,
}

/// The sockets of a gateway. A test binds them to port 0.
#[derive(Debug)]
pub struct Listeners {
    /// One for each of `server.listeners`, in the same order.
    pub public: Vec<TcpListener>,
    /// For metrics and probes.
    pub admin: TcpListener,
}

/// A gateway that answers.
#[derive(Debug)]
pub struct Running {
    /// Where the public listeners listen.
    pub public: Vec<SocketAddr>,
    /// Where the admin listener listens.
    pub admin: SocketAddr,
    shared: Arc<Shared>,
    audit: AuditTrail,
    readiness: Readiness,
    closing: watch::Sender<bool>,
    serving: JoinSet<()>,
    proxy: Proxy,
    background: JoinSet<()>,
}

struct Proxy(Arc<HttpProxy<GatewayProxy>>);

impl std::fmt::Debug for Proxy {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Proxy").finish_non_exhaustive()
    }
}

/// Why a gateway does not listen.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// An address is taken, or not ours.
    #[error("cannot listen on {address}")]
    Bind {
        /// Which one.
        address: SocketAddr,
        /// Why.
        #[source]
        source: io::Error,
    },
    /// A socket cannot be used.
    #[error("a listening socket cannot be used")]
    Socket(#[from] io::Error),
    /// The sockets are not those that the configuration lists.
    #[error("there are {sockets} public sockets for {listeners} listeners")]
    Count {
        /// Sockets handed in.
        sockets: usize,
        /// Listeners configured.
        listeners: usize,
    },
}

impl Listeners {
    /// Binds what `config` lists; the first address that cannot be bound ends it.
    pub fn bind(config: &Config) -> Result<Self, StartError> {
        let public = config.public_addresses().into_iter().map(bind);
        Ok(Self { public: public.collect::<Result<_, _>>()?, admin: bind(config.server.admin)? })
    }
}

fn bind(address: SocketAddr) -> Result<TcpListener, StartError> {
    let bound = || {
        let socket = if address.is_ipv4() {
            tokio::net::TcpSocket::new_v4()?
        } else {
            tokio::net::TcpSocket::new_v6()?
        };
        socket.set_reuseaddr(true)?;
        socket.bind(address)?;
        socket.listen(BACKLOG)?.into_std()
    };
    bound().map_err(|source| StartError::Bind { address, source })
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
        let listeners = config.server.listeners.iter();
        let acceptors = listeners
            .map(|listener| listener.tls.as_ref().map(tls::acceptor).transpose())
            .collect::<Result<Vec<_>, _>>()?;
        let audit = audit::sink(&config.audit).map_err(BuildError::Audit)?;
        Ok(Self { shared: Arc::new(Shared::new(config, clock, network)?), acceptors, audit })
    }

    /// Sends the audit trail to `sink` in place of what the configuration names.
    #[must_use]
    pub fn audit_to(mut self, sink: impl Write + Send + 'static) -> Self {
        self.audit = Box::new(sink);
        self
    }

    /// Begins to listen, on the current runtime.
    pub fn start(self, listeners: Listeners) -> Result<Running, StartError> {
        let Self { shared, acceptors, audit } = self;
        if listeners.public.len() != acceptors.len() {
            let (sockets, listeners) = (listeners.public.len(), acceptors.len());
            return Err(StartError::Count { sockets, listeners });
        }
        let audit = AuditTrail::start(audit, shared.metrics.clone());
        let proxy = proxy(&shared, &audit);
        let (closing, closed) = watch::channel(false);
        let door = Arc::new(door(&shared, &proxy, closed));
        let mut serving = JoinSet::new();
        let mut public = Vec::new();
        for (listener, acceptor) in listeners.public.into_iter().zip(acceptors) {
            let listener = adopt(listener)?;
            public.push(listener.local_addr()?);
            serving.spawn(listener::serve(listener, acceptor, Arc::clone(&door)));
        }
        let readiness = Readiness::default();
        let admin_listener = adopt(listeners.admin)?;
        let admin = admin_listener.local_addr()?;
        let mut background = JoinSet::new();
        background.spawn(shared.core.clone().keep_resolving());
        background.spawn(sweep(Arc::clone(&shared)));
        let router = admin::router(Arc::clone(&shared), readiness.clone());
        background.spawn(async move {
            // It ends with the runtime.
            let _ = axum::serve(admin_listener, router).await;
        });
        readiness.set(true);
        let proxy = Proxy(proxy);
        Ok(Running { public, admin, shared, audit, readiness, closing, serving, proxy, background })
    }
}

fn proxy(shared: &Arc<Shared>, audit: &AuditTrail) -> Arc<HttpProxy<GatewayProxy>> {
    let ours = GatewayProxy {
        broker: broker_api::router(Arc::clone(shared)),
        gateway: Arc::clone(shared),
        audit: audit.clone(),
    };
    // Two tries to connect. A call is never repeated once it may have begun.
    let conf = ServerConf { max_retries: 2, ..ServerConf::default() };
    let mut proxy = HttpProxy::new(ours, Arc::new(conf));
    let caps = &shared.config.server.caps;
    let mut h2 = pingora::protocols::http::v2::server::default_h2_options();
    h2.max_header_list_size(caps.header_bytes);
    h2.max_concurrent_streams(64);
    proxy.h2_options = Some(h2);
    let mut options = pingora::apps::HttpServerOptions::default();
    options.h2_idle_timeout = Some(shared.config.server.deadlines.idle);
    options.keepalive_request_limit = Some(10_000);
    proxy.server_options = Some(options);
    proxy.handle_init_modules();
    Arc::new(proxy)
}

fn door(
    shared: &Arc<Shared>,
    proxy: &Arc<HttpProxy<GatewayProxy>>,
    closing: watch::Receiver<bool>,
) -> Door {
    Door {
        proxy: Arc::clone(proxy),
        caps: ConnectionCaps::new(&shared.config.server.caps),
        metrics: shared.metrics.clone(),
        limits: shared.config.server.clone(),
        closing,
    }
}

fn adopt(listener: TcpListener) -> io::Result<tokio::net::TcpListener> {
    listener.set_nonblocking(true)?;
    tokio::net::TcpListener::from_std(listener)
}

async fn sweep(shared: Arc<Shared>) {
    loop {
        tokio::time::sleep(SWEEP).await;
        shared.limits.forget_the_quiet();
    }
}

impl Running {
    /// The counters.
    pub fn metrics(&self) -> &Metrics {
        &self.shared.metrics
    }

    /// The audit trail: a test waits for it to settle.
    pub const fn audit(&self) -> &AuditTrail {
        &self.audit
    }

    /// Says "not ready", so that whoever balances load looks elsewhere; goes on serving.
    pub fn retreat(&self) {
        self.readiness.set(false);
    }

    /// Stops accepting, lets calls in flight finish within the drain deadline, writes the audit
    /// trail to its end.
    pub async fn shutdown(mut self) {
        self.retreat();
        let _ = self.closing.send(true);
        self.proxy.0.http_cleanup().await;
        while self.serving.join_next().await.is_some() {}
        self.audit.settle().await;
        self.background.shutdown().await;
    }
}
