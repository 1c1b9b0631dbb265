//! The plan: what will stand in the configuration, typed.

use std::net::SocketAddr;

use url::Url;

use crate::config::SecretReference;

/// All that the environment decides about the two configuration files.
#[derive(Clone, Debug)]
pub struct Plan {
    /// The origin that clients know.
    pub public_url: Url,
    /// The one public listener.
    pub listener: ListenerPlan,
    /// Where probes and metrics are.
    pub admin: SocketAddr,
    /// Where mcp-core listens, and the gateway reaches it.
    pub core: SocketAddr,
    /// The first key of the ring.
    pub ring: SecretReference,
    /// The key that both programs share.
    pub hop: SecretReference,
    /// The Exchange.
    pub backend: BackendPlan,
    /// Redirect URIs that are allowed exactly as they stand.
    pub redirect_uris: Vec<String>,
}

/// The public listener.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ListenerPlan {
    /// Where it listens.
    pub address: SocketAddr,
    /// Whether it shows a certificate; without, it is on loopback.
    pub tls: bool,
}

/// The section `backend`.
#[derive(Clone, Debug)]
pub struct BackendPlan {
    /// As the programs reach it.
    pub base_url: Url,
    /// As browsers reach it, where that is another URL.
    pub public_url: Option<Url>,
    /// Whether one of its URLs is plain HTTP off loopback.
    pub plain_http: bool,
    /// Our client there.
    pub client_id: String,
    /// Where its secret stands.
    pub client_secret: SecretReference,
    /// Endpoints that are not where they usually are: name and URL.
    pub endpoints: Vec<(&'static str, Url)>,
}
