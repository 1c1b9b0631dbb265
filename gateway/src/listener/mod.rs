//! The public listeners: our own accept loop, so that connections are capped and every stage of a
//! connection has a deadline.

use std::net::SocketAddr;
use std::os::fd::AsRawFd as _;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::time::Duration;

use pingora::apps::{HttpServerApp as _, ServerApp as _};
use pingora::listeners::tls::Acceptor;
use pingora::protocols::http::ServerSession;
use pingora::protocols::l4::stream::Stream as TcpStream;
use pingora::protocols::{ALPN, GetSocketDigest as _, IO, SocketDigest, Stream};
use pingora::proxy::HttpProxy;
use tokio::net::TcpListener;
use tokio::sync::watch;
use tokio::task::JoinSet;
use tokio::time::timeout;

use crate::config::Server;
use crate::metrics::Metrics;
use crate::proxy::GatewayProxy;

mod caps;
mod guarded;
mod scan;

pub(crate) use caps::ConnectionCaps;
use guarded::Guarded;

/// What every connection of a gateway shares.
pub(crate) struct Door {
    pub(crate) proxy: Arc<HttpProxy<GatewayProxy>>,
    pub(crate) caps: ConnectionCaps,
    pub(crate) metrics: Metrics,
    pub(crate) limits: Server,
    /// Becomes true when no further connection is accepted.
    pub(crate) closing: watch::Receiver<bool>,
}

/// Accepts on one listener until closing, then waits for its connections to end; whatever outlasts
/// the drain deadline is cut.
pub(crate) async fn serve(listener: TcpListener, tls: Option<Acceptor>, door: Arc<Door>) {
    let tls = tls.map(Arc::new);
    let mut closing = door.closing.clone();
    let mut connections = JoinSet::new();
    loop {
        tokio::select! {
            () = closed(&mut closing) => break,
            Some(_) = connections.join_next() => {}
            accepted = listener.accept() => match accepted {
                Ok((stream, peer)) => {
                    let connection = connection(stream, peer, tls.clone(), Arc::clone(&door));
                    connections.spawn(connection);
                }
                // Out of descriptors, most likely: wait for some to be given back.
                Err(_) => tokio::time::sleep(Duration::from_millis(50)).await,
            },
        }
    }
    drop(listener);
    let ended = async { while connections.join_next().await.is_some() {} };
    if timeout(door.limits.deadlines.drain, ended).await.is_err() {
        tracing::warn!(connections = connections.len(), "cut what outlasted the drain deadline");
        connections.shutdown().await;
    }
}

async fn closed(closing: &mut watch::Receiver<bool>) {
    // Its sender gone, nothing holds the gateway any more.
    let _ = closing.wait_for(|closing| *closing).await;
}

async fn connection(
    stream: tokio::net::TcpStream,
    peer: SocketAddr,
    tls: Option<Arc<Acceptor>>,
    door: Arc<Door>,
) {
    let Some(_place) = door.caps.enter(peer.ip()) else {
        door.metrics.connections_closed.with_label_values(&["cap"]).inc();
        return;
    };
    let _counted = Counted::enter(&door.metrics);
    // A small answer must not wait for the acknowledgement of the one before.
    let _ = stream.set_nodelay(true);
    let descriptor = stream.as_raw_fd();
    let mut stream = TcpStream::from(stream);
    let digest = SocketDigest::from_raw_fd(descriptor);
    let _ = digest.peer_addr.set(Some(peer.into()));
    stream.set_socket_digest(digest);
    match tls {
        None => converse(stream, &door).await,
        Some(acceptor) => {
            let handshake = acceptor.tls_handshake(stream);
            match timeout(door.limits.deadlines.handshake, handshake).await {
                Ok(Ok(stream)) => converse(stream, &door).await,
                Ok(Err(_)) => {
                    door.metrics.connections_closed.with_label_values(&["handshake"]).inc();
                }
                Err(_) => {
                    door.metrics.connections_closed.with_label_values(&["handshake_late"]).inc();
                }
            }
        }
    }
}

/// Serves one connection after its handshake, over HTTP/2 or HTTP/1.1 as was agreed.
async fn converse(stream: impl IO + 'static, door: &Door) {
    let fresh = Arc::new(AtomicBool::new(false));
    let limits = guarded::Limits {
        header: door.limits.deadlines.header,
        header_bytes: usize::try_from(door.limits.caps.header_bytes).unwrap_or(usize::MAX),
    };
    let stream: Stream = Box::new(Guarded::new(stream, limits, Arc::clone(&fresh)));
    if matches!(stream.selected_alpn_proto(), Some(ALPN::H2)) {
        door.proxy.process_new(stream, &door.closing).await;
        return;
    }
    let mut session = ServerSession::new_http1(stream);
    session.set_keepalive(Some(door.limits.deadlines.idle.as_secs().max(1)));
    loop {
        let reused = door.proxy.process_new_http(session, &door.closing).await;
        let Some((stream, settings)) = reused.map(pingora::apps::ReusedHttpStream::consume) else {
            return;
        };
        fresh.store(true, std::sync::atomic::Ordering::Relaxed);
        session = ServerSession::new_http1(stream);
        if let Some(settings) = settings {
            settings.apply_to_session(&mut session);
        }
    }
}

/// Counts a connection while it lives.
struct Counted(prometheus::IntGauge);

impl Counted {
    fn enter(metrics: &Metrics) -> Self {
        metrics.connections.inc();
        Self(metrics.connections.clone())
    }
}

impl Drop for Counted {
    fn drop(&mut self) {
        self.0.dec();
    }
}
