//! Which configuration is in force. Each request takes the generation of the moment it begins and
//! keeps it to its end, so that no request ever sees two.

use std::ops::Deref;
use std::sync::Arc;

use arc_swap::ArcSwap;
use authz::time::Timestamp;
use axum::Router;

use crate::broker_api;
use crate::shared::Shared;

/// Everything that one load of the configuration made.
#[derive(Debug)]
pub(crate) struct Generation {
    /// Counts the loads of this process, from 1.
    pub(crate) number: u64,
    /// Of its configuration, down to the files.
    pub(crate) fingerprint: String,
    /// When it was loaded.
    pub(crate) loaded: Timestamp,
    /// The broker's endpoints over this very generation.
    pub(crate) router: Router,
    shared: Arc<Shared>,
}

impl Generation {
    pub(crate) fn new(number: u64, shared: Shared) -> Self {
        let (fingerprint, loaded) = (shared.config.fingerprint(), shared.clock.now());
        let shared = Arc::new(shared);
        let router = broker_api::router(Arc::clone(&shared));
        Self { number, fingerprint, loaded, router, shared }
    }
}

impl Deref for Generation {
    type Target = Shared;

    fn deref(&self) -> &Shared {
        &self.shared
    }
}

/// Holds the generation in force.
#[derive(Debug)]
pub(crate) struct Live(ArcSwap<Generation>);

impl Live {
    pub(crate) fn new(first: Generation) -> Self {
        Self(ArcSwap::from_pointee(first))
    }

    /// The generation in force now. Whoever needs it twice for one request asks once.
    pub(crate) fn current(&self) -> Arc<Generation> {
        self.0.load_full()
    }

    /// Puts `next` in force, for whoever asks from now on.
    pub(crate) fn replace(&self, next: Arc<Generation>) {
        self.0.store(next);
    }
}
