//! The public listeners: our own accept loop, so that connections are capped and every stage of a
//! connection has a deadline.

use std::net::SocketAddr;
use std::os::fd::AsRawFd as _;
use std::sync::Arc;
use std::time::Duration;

use closing::Queue;
use pingora::apps::ServerApp as _;
use pingora::protocols::l4::stream::Stream as TcpStream;
use pingora::protocols::{ALPN, GetSocketDigest as _, IO, SocketDigest};
use pingora::proxy::HttpProxy;
use tokio::net::TcpListener;
use tokio::sync::watch;
use tokio::task::JoinSet;
use tokio::time::timeout;

use crate::audit::AuditTrail;
use crate::config::{Caps, Deadlines};
use crate::live::Live;
use crate::metrics::Metrics;
use crate::proxy::GatewayProxy;
use crate::tls::Certificates;

mod caps;
mod conduct;
mod fields;
mod frames;
mod head;
mod http1;
mod last;
mod unread;
mod watched;

pub(crate) use caps::ConnectionCaps;
pub(crate) use conduct::{Answer, Conduct};
use watched::{HeaderTerms, Watched};

/// With so many fields more than a header may have, one of HTTP/2 is not decoded any more, and its connection
/// ends: a field in one byte takes seventy bytes of memory. With fewer, it is answered (431).
const UNDECODED: usize = 32;

/// What every connection of a gateway shares.
pub(crate) struct Door {
    pub(crate) proxy: Arc<HttpProxy<GatewayProxy>>,
    pub(crate) caps: ConnectionCaps,
    /// Who accepts from its sockets.
    pub(crate) queue: Queue,
    pub(crate) metrics: Metrics,
    /// A connection keeps the deadlines and caps that were in force when it came.
    pub(crate) live: Arc<Live>,
    /// Records what never became a request.
    pub(crate) audit: AuditTrail,
    /// Becomes true when clients should go elsewhere: an answer over HTTP/1.1 is then the last of
    /// its connection.
    pub(crate) retreating: watch::Receiver<bool>,
    /// Becomes true when no further connection is accepted; HTTP/2 is told so (GOAWAY).
    pub(crate) closing: watch::Receiver<bool>,
}

impl Door {
    /// Counts a connection that was closed by a cap or a deadline.
    fn closed(&self, reason: &'static str) {
        self.metrics.connections_closed.with_label_values(&[reason]).inc();
    }
}

/// What a connection is held to. It outlives configurations, so it keeps none of them alive.
struct Terms {
    deadlines: Deadlines,
    caps: Caps,
}

impl Terms {
    /// Those in force.
    fn now(door: &Door) -> Self {
        let server = &door.live.current().config.server;
        Self { deadlines: server.deadlines.clone(), caps: server.caps.clone() }
    }
}

/// Accepts on one listener until closing, and whoever is in its queue then; waits for its connections to
/// end; whatever outlasts the drain deadline is cut.
pub(crate) async fn serve(listener: TcpListener, tls: Option<Arc<Certificates>>, door: Arc<Door>) {
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
    for (stream, peer) in last::let_in(listener, door.queue) {
        connections.spawn(connection(stream, peer, tls.clone(), Arc::clone(&door)));
    }
    drain(connections, door.live.current().config.server.deadlines.drain).await;
}

/// Waits for connections to end, and cuts what is left of them after `deadline`.
async fn drain(mut connections: JoinSet<()>, deadline: Duration) {
    let ended = async { while connections.join_next().await.is_some() {} };
    if timeout(deadline, ended).await.is_err() {
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
    tls: Option<Arc<Certificates>>,
    door: Arc<Door>,
) {
    let terms = Terms::now(&door);
    let Some(_place) = door.caps.enter(&terms.caps, peer.ip()) else {
        return door.closed("cap");
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
        None => converse(stream, &terms, &door).await,
        Some(certificates) => {
            let current = certificates.current();
            let handshake = current.acceptor().tls_handshake(stream);
            match timeout(terms.deadlines.handshake, handshake).await {
                Ok(Ok(stream)) => converse(stream, &terms, &door).await,
                Ok(Err(_)) => door.closed("handshake"),
                Err(_) => door.closed("handshake_late"),
            }
        }
    }
}

/// Serves one connection after its handshake, over HTTP/2 or HTTP/1.1 as was agreed.
async fn converse(stream: impl IO + 'static, terms: &Terms, door: &Door) {
    let Deadlines { write, header, .. } = terms.deadlines;
    if matches!(stream.selected_alpn_proto(), Some(ALPN::H2)) {
        let fields = usize::try_from(terms.caps.header_fields).unwrap_or(usize::MAX);
        let held_to = HeaderTerms { deadline: header, most_fields: fields + UNDECODED };
        let stream = Watched::new(stream, write, Some(held_to));
        let conduct = stream.conduct();
        let ending = watch::Sender::new(false);
        let ended = ending.subscribe();
        let farewell = async {
            closed(&mut door.closing.clone()).await;
            // Whoever has just come and is told to go gives the request up that it was about to send.
            let _late = timeout(header, conduct.asked()).await;
            ending.send_replace(true);
            std::future::pending::<()>().await;
        };

        tokio::select! {
            _ = door.proxy.process_new(Box::new(stream), &ended) => {}
            () = farewell => {}
        }
        if conduct.is_cut() {
            door.closed("headers");
        }
    } else {
        http1::converse(Box::new(Watched::new(stream, write, None)), terms, door).await;
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
