//! What the backend gave for a grant that it has spent, kept for a while when the rest of the issue
//! failed: the client that tries again must not find its login lost.
//!
//! Between the backend's token endpoint and our answer stand its keys, userinfo and introspection,
//! each of which can be out for a moment. Only who proves the same grant again, byte for byte, finds
//! what was parked, and only once.

use std::sync::Arc;
use std::time::Duration;

use moka::future::Cache;

use crate::keyed_digest::KeyedDigest;
use crate::upstream_oauth::Granted;

/// Longer than a client waits between two tries. A code of ours ends after a minute in any case.
const LIFETIME: Duration = Duration::from_secs(600);
/// More than fail at the same time, unless everything does.
const MOST: u64 = 1024;

/// The grants that wait for their client.
pub(crate) struct ParkedGrants {
    parked: Cache<[u8; 32], Arc<Granted>>,
    digest: KeyedDigest,
}

impl std::fmt::Debug for ParkedGrants {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("ParkedGrants").finish_non_exhaustive()
    }
}

/// Under what a grant is parked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Place([u8; 32]);

impl ParkedGrants {
    pub(crate) fn new() -> Self {
        let parked = Cache::builder().max_capacity(MOST).time_to_live(LIFETIME).build();
        Self { parked, digest: KeyedDigest::random() }
    }

    /// The place of whoever sends this form.
    pub(crate) fn place(&self, form: &str) -> Place {
        Place(self.digest.of(form.as_bytes()))
    }

    /// Takes what is parked there; of several who try, one gets it.
    pub(crate) async fn take(&self, place: Place) -> Option<Arc<Granted>> {
        self.parked.remove(&place.0).await
    }

    /// Parks a grant.
    pub(crate) async fn park(&self, place: Place, granted: Arc<Granted>) {
        self.parked.insert(place.0, granted).await;
    }
}
