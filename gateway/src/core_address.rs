//! Where mcp-core is: names are resolved in the background, so that no request waits for DNS.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use arc_swap::ArcSwap;

/// How often a name is resolved.
const EVERY: Duration = Duration::from_secs(10);
const DEADLINE: Duration = Duration::from_secs(5);

/// The addresses of mcp-core.
#[derive(Clone, Debug)]
pub(crate) struct CoreAddress {
    name: Arc<str>,
    known: Arc<ArcSwap<Vec<SocketAddr>>>,
    next: Arc<AtomicUsize>,
}

impl CoreAddress {
    /// `name` is a host and a port; an address is known at once.
    pub(crate) fn new(name: &str) -> Self {
        let known = name.parse().into_iter().collect();
        Self {
            name: name.into(),
            known: Arc::new(ArcSwap::from_pointee(known)),
            next: Arc::default(),
        }
    }

    /// The next address, in turn.
    pub(crate) fn pick(&self) -> Option<SocketAddr> {
        let known = self.known.load();
        let turn = self.next.fetch_add(1, Ordering::Relaxed);
        known.get(turn.checked_rem(known.len())?).copied()
    }

    /// Resolves for ever; returns at once if there is no name to resolve. What was known stays
    /// known while the resolver fails.
    pub(crate) async fn keep_resolving(self) {
        if self.name.parse::<SocketAddr>().is_ok() {
            return;
        }
        loop {
            let lookup = tokio::net::lookup_host(&*self.name);
            if let Ok(Ok(found)) = tokio::time::timeout(DEADLINE, lookup).await {
                let mut found: Vec<SocketAddr> = found.collect();
                found.sort_unstable();
                if !found.is_empty() && **self.known.load() != found {
                    self.known.store(Arc::new(found));
                }
            } else {
                tracing::warn!("cannot resolve the address of mcp-core");
            }
            tokio::time::sleep(EVERY).await;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_needs_no_resolver() {
        let core = CoreAddress::new("127.0.0.1:8402");
        assert_eq!(core.pick(), Some("127.0.0.1:8402".parse().unwrap()));
        assert_eq!(core.pick(), core.pick());
    }

    #[tokio::test]
    async fn a_name_is_unknown_until_it_is_resolved() {
        let core = CoreAddress::new("localhost:8402");
        assert_eq!(core.pick(), None);
        let resolving = tokio::spawn(core.clone().keep_resolving());
        while core.pick().is_none() {
            tokio::task::yield_now().await;
        }
        resolving.abort();
        assert!(core.pick().is_some_and(|address| address.ip().is_loopback()));
    }
}
