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

    /// The next address, in turn; another one than `failed`, where there is another. Turns are everybody's:
    /// who asks again may well be at the same one once more.
    pub(crate) fn pick(&self, failed: Option<SocketAddr>) -> Option<SocketAddr> {
        let known = self.known.load();
        let turn = self.next.fetch_add(1, Ordering::Relaxed).checked_rem(known.len())?;
        let mut from_here = known.iter().cycle().skip(turn).take(known.len());
        let other = from_here.clone().find(|address| Some(**address) != failed);
        other.or_else(|| from_here.next()).copied()
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
        assert_eq!(core.pick(None), Some("127.0.0.1:8402".parse().unwrap()));
        assert_eq!(core.pick(None), core.pick(None));
    }

    #[test]
    fn whoever_failed_at_one_core_meets_another_however_many_ask_meanwhile() {
        let core = CoreAddress::new("cores.test:8402");
        let known: Vec<SocketAddr> =
            ["127.0.0.2:8402", "127.0.0.3:8402"].map(|address| address.parse().unwrap()).into();
        core.known.store(Arc::new(known.clone()));
        for others in 0..3 {
            let first = core.pick(None);
            (0..others).for_each(|_| assert!(core.pick(None).is_some()));
            assert_ne!(core.pick(first), first, "{others} others asked");
        }
        let turns: Vec<SocketAddr> = (0..2).filter_map(|_| core.pick(None)).collect();
        assert!(known.iter().all(|address| turns.contains(address)), "each in its turn: {turns:?}");
        core.known.store(Arc::new(known[..1].to_vec()));
        assert_eq!(core.pick(Some(known[0])), Some(known[0]), "there is no other");
    }

    #[tokio::test]
    async fn a_name_is_unknown_until_it_is_resolved() {
        let core = CoreAddress::new("localhost:8402");
        assert_eq!(core.pick(None), None);
        core.keep_resolving();
        while core.pick(None).is_none() {
            tokio::task::yield_now().await;
        }
        assert!(core.pick(None).is_some_and(|address| address.ip().is_loopback()));
    }
}
