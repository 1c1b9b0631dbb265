//! A TLS client that says which name it wants, takes whatever it is shown, and tells what it saw.

use std::net::SocketAddr;
use std::sync::Arc;

use anyhow::{Context as _, Result};
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::crypto::{ring, verify_tls12_signature, verify_tls13_signature};
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::{
    ClientConfig, DigitallySignedStruct, Error, HandshakeKind, ProtocolVersion, SignatureScheme,
    SupportedProtocolVersion,
};
use testbed::certificates::Issued;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;

/// Both versions, the newer first.
pub(crate) const BOTH: [&SupportedProtocolVersion; 2] =
    [&rustls::version::TLS13, &rustls::version::TLS12];

/// What a connection came to.
#[derive(Debug)]
pub(crate) struct Seen {
    pub(crate) leaf: CertificateDer<'static>,
    pub(crate) version: ProtocolVersion,
    pub(crate) kind: HandshakeKind,
    pub(crate) early_data: bool,
    /// The answer, as it came.
    pub(crate) answer: String,
}

/// A client of these versions that verifies signatures and no names.
pub(crate) fn client(
    versions: &[&'static SupportedProtocolVersion],
    certificate: Option<&Issued>,
) -> Result<ClientConfig> {
    verifying(versions, certificate, &[])
}

/// The same, with these signature schemes alone.
pub(crate) fn verifying(
    versions: &[&'static SupportedProtocolVersion],
    certificate: Option<&Issued>,
    schemes: &[SignatureScheme],
) -> Result<ClientConfig> {
    let builder = ClientConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_protocol_versions(versions)?
        .dangerous()
        .with_custom_certificate_verifier(Arc::new(Anybody(schemes.to_vec())));
    Ok(match certificate {
        None => builder.with_no_client_auth(),
        Some(one) => builder.with_client_auth_cert(vec![one.certificate.clone()], one.key())?,
    })
}

/// Connects, asks for `name` (an address is not named), and asks for `/health`.
pub(crate) async fn visit(
    address: SocketAddr,
    name: &str,
    config: &Arc<ClientConfig>,
) -> Result<Seen> {
    let host = format!("localhost:{}", address.port());
    let request = format!("GET /health HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n");
    send(address, name, config, request.as_bytes()).await
}

/// The same with a request of one's own, to the end of what comes back.
pub(crate) async fn send(
    address: SocketAddr,
    name: &str,
    config: &Arc<ClientConfig>,
    request: &[u8],
) -> Result<Seen> {
    let tcp = TcpStream::connect(address).await?;
    let connector = TlsConnector::from(Arc::clone(config));
    let mut stream = connector.connect(ServerName::try_from(name.to_owned())?, tcp).await?;
    stream.write_all(request).await?;
    let mut answer = Vec::new();
    // A refused client certificate of TLS 1.3 shows only here.
    stream.read_to_end(&mut answer).await?;
    let session = stream.get_ref().1;
    let leaf = session.peer_certificates().and_then(<[_]>::first).context("a certificate")?;
    Ok(Seen {
        leaf: leaf.clone().into_owned(),
        version: session.protocol_version().context("a version")?,
        kind: session.handshake_kind().context("a handshake")?,
        early_data: session.is_early_data_accepted(),
        answer: String::from_utf8_lossy(&answer).into_owned(),
    })
}

/// Takes whoever signs their own handshake.
#[derive(Debug)]
struct Anybody(Vec<SignatureScheme>);

impl ServerCertVerifier for Anybody {
    fn verify_server_cert(
        &self,
        _: &CertificateDer<'_>,
        _: &[CertificateDer<'_>],
        _: &ServerName<'_>,
        _: &[u8],
        _: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        let known = ring::default_provider().signature_verification_algorithms;
        verify_tls12_signature(message, certificate, signed, &known)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        let known = ring::default_provider().signature_verification_algorithms;
        verify_tls13_signature(message, certificate, signed, &known)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        if self.0.is_empty() {
            ring::default_provider().signature_verification_algorithms.supported_schemes()
        } else {
            self.0.clone()
        }
    }
}
