//! A site that serves one document over TLS, on loopback under a public-looking name.

use std::io::{Read as _, Write as _};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use async_trait::async_trait;
use rustls::crypto::ring;
use rustls::pki_types::PrivateKeyDer;
use rustls::{ServerConfig, ServerConnection, StreamOwned};

use crate::client_fetch::{Network, is_global};

/// The name that the site's certificate is for.
pub(crate) const HOST: &str = "clients.example.org";

/// The site, and the network in which [`HOST`] is there.
#[derive(Debug)]
pub(crate) struct Site {
    addresses: Vec<SocketAddr>,
    dials_loopback: bool,
    root: reqwest::Certificate,
    /// Look-ups of the name.
    pub(crate) resolved: AtomicUsize,
    /// Connections that came.
    pub(crate) dialled: Arc<AtomicUsize>,
}

impl Site {
    /// A site that answers every request with these bytes.
    pub(crate) fn serve(answer: impl Into<Vec<u8>>) -> Self {
        let issued = rcgen::generate_simple_self_signed(vec![HOST.to_owned()]).unwrap();
        let key = PrivateKeyDer::try_from(issued.signing_key.serialize_der()).unwrap();
        let tls = ServerConfig::builder_with_provider(Arc::new(ring::default_provider()))
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_no_client_auth()
            .with_single_cert(vec![issued.cert.der().clone()], key)
            .unwrap();
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let (answer, dialled) = (answer.into(), Arc::<AtomicUsize>::default());
        let counter = Arc::clone(&dialled);
        let tls = Arc::new(tls);
        // It ends with the test's process; an exchange that fails is the test's to notice.
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                counter.fetch_add(1, Ordering::SeqCst);
                let _ = exchange(stream, &tls, &answer);
            }
        });
        let root = reqwest::Certificate::from_der(issued.cert.der()).unwrap();
        let resolved = AtomicUsize::default();
        Self { addresses: vec![address], dials_loopback: true, root, resolved, dialled }
    }

    /// The same network as the internet would judge it: loopback may not be dialled.
    pub(crate) fn judged_strictly(mut self) -> Self {
        self.dials_loopback = false;
        self
    }

    /// The name has this address alone.
    pub(crate) fn only_at(mut self, address: &str) -> Self {
        self.addresses = vec![address.parse().unwrap()];
        self
    }

    /// The name has this address too.
    pub(crate) fn also_at(mut self, address: &str) -> Self {
        self.addresses.push(address.parse().unwrap());
        self
    }
}

fn exchange(stream: TcpStream, tls: &Arc<ServerConfig>, answer: &[u8]) -> std::io::Result<()> {
    let connection = ServerConnection::new(Arc::clone(tls)).map_err(std::io::Error::other)?;
    let mut stream = StreamOwned::new(connection, stream);
    let mut head = Vec::new();
    let mut byte = [0];
    while !head.ends_with(b"\r\n\r\n") {
        stream.read_exact(&mut byte)?;
        head.push(byte[0]);
    }
    stream.write_all(answer)?;
    stream.conn.send_close_notify();
    stream.flush()
}

#[async_trait]
impl Network for Site {
    /// Every name leads here: whoever owns the look-up owns that, and no more.
    async fn resolve(&self, _: &str) -> std::io::Result<Vec<SocketAddr>> {
        self.resolved.fetch_add(1, Ordering::SeqCst);
        Ok(self.addresses.clone())
    }

    fn may_dial(&self, address: SocketAddr) -> bool {
        (self.dials_loopback && address.ip().is_loopback()) || is_global(address.ip())
    }

    fn also_trusted(&self) -> Vec<reqwest::Certificate> {
        vec![self.root.clone()]
    }
}
