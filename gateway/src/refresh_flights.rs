//! One refresh at the backend for all who bring the same refresh token at the same time: the
//! backend spends it on the first, and would log the others out.

use std::future::Future;
use std::sync::Arc;

use authz::broker::issue::Issued;
use moka::future::Cache;

use crate::fault::Fault;
use crate::keyed_digest::KeyedDigest;

/// Refreshes under way at the same time; beyond it they are not shared.
const MOST_FLIGHTS: u64 = 1024;

/// The refreshes under way. Nothing is kept of one that has ended.
pub(crate) struct RefreshFlights<E> {
    under_way: Cache<[u8; 32], Arc<Issued>>,
    digest: KeyedDigest,
    error: std::marker::PhantomData<fn() -> E>,
}

impl<E> std::fmt::Debug for RefreshFlights<E> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("RefreshFlights").finish_non_exhaustive()
    }
}

impl<E> RefreshFlights<E>
where
    E: Clone + From<Fault> + Send + Sync + 'static,
{
    pub(crate) fn new() -> Self {
        Self {
            under_way: Cache::new(MOST_FLIGHTS),
            digest: KeyedDigest::random(),
            error: std::marker::PhantomData,
        }
    }

    /// Joins the refresh that `form` asks for, or begins it with `work`. It goes on when the client
    /// hangs up, since the backend may have spent the token already.
    pub(crate) async fn join(
        &self,
        form: &str,
        work: impl Future<Output = Result<Issued, E>> + Send + 'static,
    ) -> Result<Arc<Issued>, E> {
        let key = self.digest.of(form.as_bytes());
        let under_way = self.under_way.clone();
        let flight = tokio::spawn(async move {
            let work = async move { work.await.map(Arc::new) };
            let ended = under_way.try_get_with(key, work).await;
            under_way.invalidate(&key).await;
            ended.map_err(|error| E::clone(&error))
        });
        flight.await.unwrap_or_else(|_| Err(Fault::Internal("a refresh panicked").into()))
    }
}
