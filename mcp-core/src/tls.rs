//! TLS on the listener for the gateway, by a certificate that may be renewed while we serve.

use std::fmt;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use arc_swap::ArcSwap;
use axum::serve::Listener;
use rustls::crypto::ring;
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::{InconsistentKeys, ServerConfig};
use tokio::net::TcpStream;
use tokio::task::JoinSet;
use tokio::time::timeout;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::server::TlsStream;
use tracing::{info, warn};
use zeroize::Zeroizing;

use crate::door::{Connection, Door};

/// For a whole handshake.
const HANDSHAKE: Duration = Duration::from_secs(10);
/// Handshakes at the same time; further connections wait in the kernel's queue.
const HANDSHAKES: usize = 256;
/// How often the files are looked at.
const EVERY: Duration = Duration::from_secs(10);

/// PEM files of a certificate.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CertificateFiles {
    /// The certificate chain, leaf first.
    pub certificate: PathBuf,
    /// Its private key.
    pub key: PathBuf,
}

/// Why there is no certificate: the field of the configuration, and what is wrong there.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("listen_tls.{field}: {text}")]
pub struct CertificateError {
    field: &'static str,
    text: String,
}

type Contents = [Zeroizing<Vec<u8>>; 2];

/// A certificate and its key, as they were in their files when they were last good.
pub struct Certificate {
    files: CertificateFiles,
    config: ArcSwap<ServerConfig>,
    /// What the files held when they were last looked at, good or bad.
    seen: Mutex<Contents>,
}

impl fmt::Debug for Certificate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Certificate").field("files", &self.files).finish_non_exhaustive()
    }
}

impl Certificate {
    /// Reads the files.
    ///
    /// # Errors
    /// A file that cannot be read, or a key that belongs to another certificate.
    pub fn load(files: CertificateFiles) -> Result<Self, CertificateError> {
        let contents = read(&files)?;
        let config = ArcSwap::from(server_config(&contents)?);
        Ok(Self { files, config, seen: Mutex::new(contents) })
    }

    /// Looks whether the files have changed, and shows what they hold from the next handshake on.
    /// Says whether there is something new. What is bad is left alone until it changes again.
    ///
    /// # Errors
    /// As [`Self::load`]; then the old certificate stays.
    pub fn refresh(&self) -> Result<bool, CertificateError> {
        let contents = read(&self.files)?;
        let mut seen = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
        if *seen == contents {
            return Ok(false);
        }
        let config = server_config(&contents);
        *seen = contents;
        self.config.store(config?);
        Ok(true)
    }

    /// Refreshes for ever.
    pub(crate) async fn keep_fresh(self: Arc<Self>) {
        loop {
            tokio::time::sleep(EVERY).await;
            let certificate = Arc::clone(&self);
            match tokio::task::spawn_blocking(move || certificate.refresh()).await {
                Ok(Ok(false)) | Err(_) => {}
                Ok(Ok(true)) => info!("the certificate was renewed"),
                Ok(Err(why)) => warn!("the old certificate stays: {why}"),
            }
        }
    }
}

fn read(files: &CertificateFiles) -> Result<Contents, CertificateError> {
    let file = |field, path: &Path| {
        std::fs::read(path).map(Zeroizing::new).map_err(|why| CertificateError {
            field,
            text: format!("{} cannot be read: {}", path.display(), why.kind()),
        })
    };
    Ok([file("certificate", &files.certificate)?, file("key", &files.key)?])
}

fn server_config([chain, key]: &Contents) -> Result<Arc<ServerConfig>, CertificateError> {
    let wrong = |field, text: &str| CertificateError { field, text: text.to_owned() };
    let chain = CertificateDer::pem_slice_iter(chain).collect::<Result<Vec<_>, _>>();
    let chain = chain.ok().filter(|chain| !chain.is_empty());
    let chain = chain.ok_or_else(|| {
        wrong("certificate", "must hold a certificate chain in PEM, the leaf first")
    })?;
    let key = PrivateKeyDer::from_pem_slice(key)
        .map_err(|_| wrong("key", "must hold a private key in PEM, without a password"))?;
    let mut config = ServerConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_safe_default_protocol_versions()
        .and_then(|builder| builder.with_no_client_auth().with_single_cert(chain, key))
        .map_err(|why| {
            if why == rustls::Error::InconsistentKeys(InconsistentKeys::KeyMismatch) {
                wrong("key", "does not belong to the certificate, whose leaf must stand first")
            } else {
                wrong("certificate", "cannot be used with this key")
            }
        })?;
    config.alpn_protocols = vec![b"http/1.1".to_vec()];
    Ok(Arc::new(config))
}

/// Shakes hands with those who come in, with many of them at once.
pub(crate) struct TlsListener {
    door: Door,
    certificate: Arc<Certificate>,
    handshakes: JoinSet<Option<Agreed>>,
}

type Agreed = (Connection<TlsStream<TcpStream>>, SocketAddr);

impl TlsListener {
    pub(crate) fn new(door: Door, certificate: Arc<Certificate>) -> Self {
        Self { door, certificate, handshakes: JoinSet::new() }
    }

    fn shake_hands(&mut self, connection: Connection<TcpStream>, peer: SocketAddr) {
        let acceptor = TlsAcceptor::from(self.certificate.config.load_full());
        let agree = connection.over(async move |stream| acceptor.accept(stream).await);
        self.handshakes
            .spawn(async move { Some((timeout(HANDSHAKE, agree).await.ok()?.ok()?, peer)) });
    }
}

impl Listener for TlsListener {
    type Io = Connection<TlsStream<TcpStream>>;
    type Addr = SocketAddr;

    async fn accept(&mut self) -> (Self::Io, Self::Addr) {
        loop {
            let room = self.handshakes.len() < HANDSHAKES;
            tokio::select! {
                (connection, peer) = self.door.next(), if room => {
                    self.shake_hands(connection, peer);
                }
                Some(ended) = self.handshakes.join_next() => {
                    if let Ok(Some(agreed)) = ended {
                        return agreed;
                    }
                }
            }
        }
    }

    fn local_addr(&self) -> std::io::Result<SocketAddr> {
        self.door.local_addr()
    }
}
