//! TLS in front of a plain server: what stands before a backend in most places.

use std::net::{SocketAddr, TcpListener};

use anyhow::Result;
use tokio::net::TcpStream;
use tokio::sync::watch;
use tokio::task::{JoinHandle, JoinSet};
use tokio_rustls::TlsAcceptor;

use crate::certificates::Issued;

type Target = watch::Receiver<Option<SocketAddr>>;

/// A running front; it stops, and cuts its connections, when dropped.
#[derive(Debug)]
pub struct TlsFront {
    address: SocketAddr,
    target: watch::Sender<Option<SocketAddr>>,
    task: JoinHandle<()>,
}

impl Drop for TlsFront {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl TlsFront {
    /// Shows `issued`, and waits to be told where to lead.
    pub fn start(issued: &Issued) -> Result<Self> {
        let listener = TcpListener::bind("127.0.0.1:0")?;
        listener.set_nonblocking(true)?;
        let listener = tokio::net::TcpListener::from_std(listener)?;
        let address = listener.local_addr()?;
        let acceptor = TlsAcceptor::from(issued.server_config()?);
        let target = watch::Sender::new(None);
        let known = target.subscribe();
        let task = tokio::spawn(async move {
            let mut connections = JoinSet::new();
            while let Ok((stream, _)) = listener.accept().await {
                connections.spawn(relay(acceptor.clone(), stream, known.clone()));
            }
        });
        Ok(Self { address, target, task })
    }

    /// Passes on what comes to `target`.
    pub fn lead_to(&self, target: SocketAddr) {
        self.target.send_replace(Some(target));
    }

    /// Where it listens, under the name that its certificate is for.
    pub fn at(&self, host: &str) -> String {
        format!("https://{host}:{}", self.address.port())
    }
}

/// Whoever does not trust the certificate leaves; the other side then has nothing to do.
async fn relay(acceptor: TlsAcceptor, stream: TcpStream, mut known: Target) -> Option<()> {
    let mut client = acceptor.accept(stream).await.ok()?;
    let target = (*known.wait_for(Option::is_some).await.ok()?)?;
    let mut server = TcpStream::connect(target).await.ok()?;
    tokio::io::copy_bidirectional(&mut client, &mut server).await.ok()?;
    Some(())
}
