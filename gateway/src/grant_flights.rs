//! What becomes of a grant that a client brought to the token endpoint, from the moment the backend
//! is asked until somebody has heard the answer.
//!
//! The backend spends a code, and rotates a refresh token, when it answers; whether we still wait by
//! then it does not know. So the question goes on when the client is told to try again, and what
//! comes late waits for that next try: a backend that hangs, or an introspection that fails
//! afterwards, costs nobody a login. Whoever brings a grant while it is under way joins, so one
//! gateway asks once. Only who proves the same grant again, byte for byte, finds what waits.

use std::future::Future;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use authz::broker::issue::Issued;
use authz::broker::no_grant::Why;
use moka::future::Cache;
use tokio::sync::watch;
use tokio::time::timeout;

use crate::fault::Fault;
use crate::keyed_digest::KeyedDigest;
use crate::no_issue::NoIssue;
use crate::upstream_oauth::Granted;

/// How long something waits for its client: longer than between two tries. A code of ours ends after
/// a minute in any case.
const KEPT: Duration = Duration::from_secs(600);
/// More than are under way, or fail, at the same time, unless everything does.
const MOST: u64 = 4096;

type Place = [u8; 32];
type Answer = Result<Arc<Issued>, NoIssue>;

/// Who may have the answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Hearers {
    /// One, of however many brought the same code (RFC 6749 §4.1.2).
    One,
    /// All who brought the same refresh token: the backend would log the others out.
    All,
}

/// How a grant ended.
pub(crate) struct Landing {
    /// What the client is told.
    pub(crate) issued: Result<Issued, NoIssue>,
    /// What the backend gave, if it came that far: the grant is spent.
    pub(crate) granted: Option<Arc<Granted>>,
}

/// The grants under way, and those whose client has not heard yet.
pub(crate) struct GrantFlights {
    flights: Cache<Place, Arc<Flight>>,
    /// Spent, and then the rest of the issue failed: the next try goes on from here.
    parked: Cache<Place, Arc<Granted>>,
    digest: KeyedDigest,
    /// How long a client waits.
    patience: Duration,
}

struct Flight {
    answer: watch::Sender<Option<Answer>>,
    taken: AtomicBool,
}

impl std::fmt::Debug for GrantFlights {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("GrantFlights").finish_non_exhaustive()
    }
}

impl GrantFlights {
    /// None under way. A client waits for `patience`, and is then told to try again.
    pub(crate) fn new(patience: Duration) -> Self {
        Self {
            flights: Cache::builder().max_capacity(MOST).time_to_live(KEPT).build(),
            parked: Cache::builder().max_capacity(MOST).time_to_live(KEPT).build(),
            digest: KeyedDigest::random(),
            patience,
        }
    }

    /// Joins what is under way for `form`, or begins it with `work`, which gets what the backend gave
    /// at an earlier try.
    pub(crate) async fn join<W>(
        self: &Arc<Self>,
        form: &str,
        hearers: Hearers,
        work: impl FnOnce(Option<Arc<Granted>>) -> W + Send + 'static,
    ) -> Answer
    where
        W: Future<Output = Landing> + Send + 'static,
    {
        let place = self.digest.of(form.as_bytes());
        let entry = self.flights.entry(place).or_insert_with(async { Flight::begun() }).await;
        let fresh = entry.is_fresh();
        let flight = entry.into_value();
        if fresh {
            tokio::spawn(Arc::clone(self).fly(place, Arc::clone(&flight), work));
        }
        let issued = flight.wait(self.patience).await?;
        if hearers == Hearers::One && flight.taken.swap(true, Ordering::Relaxed) {
            return Err(Why::Taken.into());
        }
        self.flights.invalidate(&place).await;
        Ok(issued)
    }

    /// Sees one grant to its end, whether or not anybody still waits.
    async fn fly<W>(
        self: Arc<Self>,
        place: Place,
        flight: Arc<Flight>,
        work: impl FnOnce(Option<Arc<Granted>>) -> W + Send + 'static,
    ) where
        W: Future<Output = Landing> + Send + 'static,
    {
        let parked = self.parked.remove(&place).await;
        // A task of its own, so that a panic is an answer too.
        let landing = tokio::spawn(work(parked)).await.unwrap_or_else(|_| Landing {
            issued: Err(Fault::Internal("a grant's task panicked").into()),
            granted: None,
        });
        if let (Err(NoIssue::Fault(_)), Some(granted)) = (&landing.issued, landing.granted) {
            self.parked.insert(place, granted).await;
        }
        if landing.issued.is_err() {
            // A no is told to those who wait, and kept for nobody.
            self.flights.invalidate(&place).await;
        }
        flight.answer.send_replace(Some(landing.issued.map(Arc::new)));
    }
}

impl Flight {
    fn begun() -> Arc<Self> {
        Arc::new(Self { answer: watch::Sender::new(None), taken: AtomicBool::new(false) })
    }

    async fn wait(&self, patience: Duration) -> Answer {
        let mut answer = self.answer.subscribe();
        match timeout(patience, answer.wait_for(Option::is_some)).await {
            Ok(Ok(answer)) => answer.clone().unwrap_or(Err(Fault::BackendLate.into())),
            // The sender is ours, so it is there.
            Ok(Err(_)) | Err(_) => Err(Fault::BackendLate.into()),
        }
    }
}
