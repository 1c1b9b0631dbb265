//! Which certificate a client is shown: by the name that it asks for (RFC 6066 §3).

use std::collections::HashMap;
use std::sync::Arc;

use rustls::server::{ClientHello, ResolvesServerCert};
use rustls::sign::CertifiedKey;

use super::pair::Pair;

/// The certificates of a listener by name. One name may have several, of different kinds of key.
#[derive(Debug)]
pub(super) struct Choice {
    by_name: HashMap<String, Vec<Arc<CertifiedKey>>>,
    /// For whoever asks for no name, or for one that is not ours: the first, and what else bears its
    /// first name.
    usual: Vec<Arc<CertifiedKey>>,
}

impl Choice {
    /// The first of `pairs` is the usual one.
    pub(super) fn of(pairs: &[Pair]) -> Self {
        let mut by_name: HashMap<String, Vec<Arc<CertifiedKey>>> = HashMap::new();
        for Pair { certified, leaf } in pairs {
            for name in &leaf.names {
                by_name.entry(name.clone()).or_default().push(Arc::clone(certified));
            }
        }
        let first = pairs.first();
        let named = first.and_then(|first| by_name.get(first.leaf.names.first()?)).cloned();
        let alone = || first.map(|first| Arc::clone(&first.certified)).into_iter().collect();
        Self { usual: named.unwrap_or_else(alone), by_name }
    }

    /// The certificates for `name`: those that bear it, else those with `*` in place of its leftmost
    /// label (RFC 9525 §6.3), else the usual one.
    fn named(&self, name: &str) -> &[Arc<CertifiedKey>] {
        let name = name.to_ascii_lowercase();
        let wild = || {
            let (_, parent) = name.split_once('.')?;
            self.by_name.get(&format!("*.{parent}"))
        };
        self.by_name.get(&name).or_else(wild).unwrap_or(&self.usual)
    }
}

impl ResolvesServerCert for Choice {
    fn resolve(&self, hello: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        let named = hello.server_name().map_or(&*self.usual, |name| self.named(name));
        let schemes = hello.signature_schemes();
        let suits = |one: &&Arc<CertifiedKey>| one.key.choose_scheme(schemes).is_some();
        named.iter().find(suits).or_else(|| named.first()).cloned()
    }
}
