//! How a connection to mcp-core is made: in plain, or over TLS to the name in its certificate.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use pingora::protocols::tls::CaType;
use pingora::upstreams::peer::{HttpPeer, HttpUpstreamRequestPolicy};
use pingora::utils::tls::{WrappedX509, parse_x509};
use sha2::{Digest as _, Sha256};

use crate::config::{Authority, CoreTls, Deadlines};

/// What is asked of whoever answers at core's address.
#[derive(Clone, Debug)]
pub(crate) struct CorePeer {
    tls: Option<Trust>,
    deadlines: Deadlines,
}

#[derive(Clone, Debug)]
struct Trust {
    name: String,
    authority: Option<Arc<CaType>>,
    /// Connections that were made under another authority are not taken over.
    group: u64,
}

impl CorePeer {
    pub(crate) fn new(tls: Option<&CoreTls>, deadlines: &Deadlines) -> Self {
        Self { tls: tls.map(Trust::new), deadlines: deadlines.clone() }
    }

    /// The core at this address, for a call that may take so much longer.
    pub(crate) fn at(&self, address: SocketAddr, left: Duration) -> HttpPeer {
        let mut peer = match &self.tls {
            None => HttpPeer::new(address, false, String::new()),
            Some(trust) => trust.peer(address),
        };
        peer.options.connection_timeout = Some(self.deadlines.core_connect);
        peer.options.total_connection_timeout = Some(self.deadlines.core_connect);
        peer.options.read_timeout = Some(left);
        peer.options.write_timeout = Some(self.deadlines.write);
        peer.options.idle_timeout = Some(self.deadlines.core_idle);
        peer.options.http_upstream_request_policy = HttpUpstreamRequestPolicy::deny_upgrades();
        peer
    }
}

impl Trust {
    fn new(tls: &CoreTls) -> Self {
        let authority = tls.authority.as_ref().map(authority);
        let group = tls.authority.as_ref().map_or(0, digest);
        Self { name: tls.name.clone(), authority, group }
    }

    /// Both the chain and the name are verified; that is pingora's default, and said here again.
    fn peer(&self, address: SocketAddr) -> HttpPeer {
        let mut peer = HttpPeer::new(address, true, self.name.clone());
        peer.options.verify_cert = true;
        peer.options.verify_hostname = true;
        peer.options.ca.clone_from(&self.authority);
        peer.group_key = self.group;
        peer
    }
}

fn authority(authority: &Authority) -> Arc<CaType> {
    let certificates = authority.certificates().iter();
    // The configuration has parsed each of them, with the same parser.
    certificates.map(|one| WrappedX509::new(one.to_vec(), parse_x509)).collect()
}

/// Tells one authority from another.
fn digest(authority: &Authority) -> u64 {
    let mut digest = Sha256::new();
    for certificate in authority.certificates() {
        digest.update(certificate);
    }
    let first = digest.finalize().iter().take(8).fold(0, |all, byte| (all << 8) | u64::from(*byte));
    // Zero stands for "no authority of its own".
    first.max(1)
}
