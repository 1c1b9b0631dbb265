//! Where mcp-core is: names are resolved in the background, so that no request waits for DNS.

use std::net::SocketAddr;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use arc_swap::ArcSwap;
use tokio::task::JoinHandle;

/// How often a name is resolved.
const EVERY: Duration = Duration::from_secs(10);
const DEADLINE: Duration = Duration::from_secs(5);

/// The addresses of mcp-core.
#[derive(Debug)]
pub(crate) struct CoreAddress {
    name: Arc<str>,
    known: Arc<ArcSwap<Vec<SocketAddr>>>,
    next: AtomicUsize,
    resolving: OnceLock<Resolving>,
}

/// The look-ups in the background; they end with the last generation that wants them.
#[derive(Debug)]
struct Resolving(JoinHandle<()>);

impl Drop for Resolving {
    fn drop(&mut self) {
        self.0.abort();
    }
}

impl CoreAddress {
    /// `name` is a host and a port; an address is known at once.
    pub(crate) fn new(name: &str) -> Self {
        let known = name.parse().into_iter().collect();
        Self {
            name: name.into(),
            known: Arc::new(ArcSwap::from_pointee(known)),
            next: AtomicUsize::default(),
            resolving: OnceLock::new(),
        }
    }

    /// The next address, in turn.
    pub(crate) fn pick(&self) -> Option<SocketAddr> {
        let known = self.known.load();
        let turn = self.next.fetch_add(1, Ordering::Relaxed);
        known.get(turn.checked_rem(known.len())?).copied()
    }

    /// Whether it has an address; looks the name up if none is known yet.
    pub(crate) async fn resolve(&self) -> bool {
        if self.known.load().is_empty()
            && let Some(found) = look_up(&self.name).await
        {
            self.known.store(Arc::new(found));
        }
        !self.known.load().is_empty()
    }

    /// Resolves in the background from now on, if there is a name to resolve. What was known stays
    /// known while the resolver fails.
    pub(crate) fn keep_resolving(&self) {
        if self.name.parse::<SocketAddr>().is_ok() {
            return;
        }
        self.resolving.get_or_init(|| {
            let (name, known) = (Arc::clone(&self.name), Arc::clone(&self.known));
            Resolving(tokio::spawn(resolve_for_ever(name, known)))
        });
    }
}

async fn resolve_for_ever(name: Arc<str>, known: Arc<ArcSwap<Vec<SocketAddr>>>) {
    loop {
        match look_up(&name).await {
            Some(found) if **known.load() == found => {}
            Some(found) => known.store(Arc::new(found)),
            None => tracing::warn!("cannot resolve the address of mcp-core"),
        }
        tokio::time::sleep(EVERY).await;
    }
}

async fn look_up(name: &str) -> Option<Vec<SocketAddr>> {
    let lookup = tokio::net::lookup_host(name);
    let mut found: Vec<_> = tokio::time::timeout(DEADLINE, lookup).await.ok()?.ok()?.collect();
    found.sort_unstable();
    (!found.is_empty()).then_some(found)
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
        core.keep_resolving();
        while core.pick().is_none() {
            tokio::task::yield_now().await;
        }
        assert!(core.pick().is_some_and(|address| address.ip().is_loopback()));
    }
}
