//! How often a subject may call, through which client, how many calls it may have at once, and how
//! often a stranger's address may knock. Counted in this replica, or together with others in a store
//! that they share.

use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use authz::ids::{ClientRef, Subject};

use crate::clock::Clock;
use crate::config::{LimitMode, Limits};

mod charge;
mod counters;
mod decision;
mod in_flight;
mod limited;
mod local;
mod quota;
mod shared;
mod table;

#[cfg(test)]
mod tests;

use charge::Charges;
pub(crate) use charge::{Anonymous, Limit, network};
pub use counters::LimitCounters;
use decision::Allowance;
pub(crate) use decision::Exceeded;
pub(crate) use in_flight::CallPlace;
use in_flight::InFlight;
pub(crate) use limited::{Limited, Passed};
use local::Local;
use quota::Micros;
use shared::Store;
pub use shared::StoreError;

/// When a place among one's own calls may be free again.
const CALL_TIME: Duration = Duration::from_secs(1);

/// The limits that one configuration sets, over counts that outlive it.
#[derive(Clone, Debug)]
pub struct RateLimits {
    limits: Limits,
    counts: Arc<Counts>,
    store: Option<Arc<Store>>,
}

/// What was used so far.
#[derive(Debug)]
struct Counts {
    clock: Arc<dyn Clock>,
    counters: LimitCounters,
    local: Local,
    calls: InFlight,
}

impl RateLimits {
    /// Limits over fresh counts.
    pub fn new(
        limits: Limits,
        clock: &Arc<dyn Clock>,
        counters: &LimitCounters,
    ) -> Result<Self, StoreError> {
        let (clock, counters) = (Arc::clone(clock), counters.clone());
        let counts =
            Counts { clock, counters, local: Local::default(), calls: InFlight::default() };
        Self::over(limits, Arc::new(counts), None)
    }

    /// Other limits over the same counts: what was used stays used, and is measured by the new
    /// limits. The store stays too, if it is the same.
    pub(crate) fn retuned(&self, limits: Limits) -> Result<Self, StoreError> {
        Self::over(limits, Arc::clone(&self.counts), self.store.as_ref())
    }

    fn over(
        limits: Limits,
        counts: Arc<Counts>,
        before: Option<&Arc<Store>>,
    ) -> Result<Self, StoreError> {
        let open = |settings| Store::open(settings, &counts.counters, before);
        let store = limits.shared.as_ref().map(open).transpose()?;
        if store.is_none() {
            counts.counters.degraded.set(0);
        }
        Ok(Self { limits, counts, store })
    }

    /// Begins to look for the shared store, if there is one, on the current runtime.
    pub(crate) fn start(&self) {
        if let Some(store) = &self.store {
            store.wake();
        }
    }

    /// Charges one call to `subject` and to the client that it comes through.
    pub async fn admit(&self, subject: &Subject, client: &ClientRef) -> Result<Passed, Exceeded> {
        self.step(&Charges::of_call(&self.limits, subject, client)).await
    }

    /// Charges `subject` what a tool of this weight takes beyond one call. Whoever is refused comes
    /// back with a whole call, and is told when that will fit.
    pub(crate) async fn weigh(&self, subject: &Subject, weight: u32) -> Result<Passed, Exceeded> {
        let Some(charges) = Charges::of_weight(&self.limits, subject, weight) else {
            return Ok(Passed::default());
        };
        let again = charges.iter().map(|charge| charge.quota.interval()).max().unwrap_or_default();
        self.step(&charges).await.map_err(|over| Exceeded {
            retry_after: over.retry_after + Duration::from_micros(again),
            ..over
        })
    }

    /// Charges one request to a stranger's address.
    pub(crate) async fn charge_stranger(
        &self,
        for_what: Anonymous,
        address: IpAddr,
    ) -> Result<Passed, Exceeded> {
        self.step(&Charges::of_stranger(&self.limits, for_what, address)).await
    }

    /// A place among the calls that `subject` has under way in this replica, and whether there is
    /// room for one more.
    /// The place counts until it is dropped, also where the answer beside it is a no.
    pub(crate) fn enter(&self, subject: &Subject) -> (CallPlace, Result<Passed, Exceeded>) {
        let (place, count) = self.counts.calls.enter(subject);
        if count <= self.limits.concurrent_calls {
            return (place, Ok(Passed::default()));
        }
        let limit = Limit::Concurrency;
        let over = Exceeded { limit, retry_after: CALL_TIME, remaining: 0, per_minute: None };
        (place, self.refuse(over))
    }

    /// Whether what a stranger at `address` did gets a record of its own. That is for the disk's
    /// sake: it is counted in this replica alone, and in shadow mode too.
    pub(crate) fn records_stranger(&self, address: Option<IpAddr>) -> bool {
        self.locally(&Charges::of_record(&self.limits, address)).is_ok()
    }

    /// Forgets names that are back at their full allowance.
    pub(crate) fn forget_the_quiet(&self) {
        self.counts.local.forget_the_quiet(self.now());
    }

    async fn step(&self, charges: &Charges<'_>) -> Result<Passed, Exceeded> {
        let decided = match &self.store {
            None => self.locally(charges),
            Some(store) => match store.charge(charges).await {
                Ok(decided) => {
                    // Or a store that comes and goes would give away a share each time.
                    if decided.is_ok() {
                        self.counts.local.note(&charges.divided(store.replicas()), self.now());
                    }
                    decided
                }
                Err(fault) => {
                    let kind = &[fault.as_str()];
                    self.counts.counters.shared_faults.with_label_values(kind).inc();
                    self.locally(&charges.divided(store.replicas()))
                }
            },
        };
        match decided {
            Ok(allowance) => Ok(Passed { allowance: Some(allowance), over: None }),
            Err(over) => self.refuse(over),
        }
    }

    fn locally(&self, charges: &Charges<'_>) -> Result<Allowance, Exceeded> {
        self.counts.local.charge(charges, self.now(), |limit, forgotten| {
            let evictions = self.counts.counters.evictions.with_label_values(&[limit.as_str()]);
            evictions.inc_by(u64::try_from(forgotten).unwrap_or_default());
        })
    }

    /// A no, unless limits only count.
    fn refuse(&self, over: Exceeded) -> Result<Passed, Exceeded> {
        let (decided, mode) = match self.limits.mode {
            LimitMode::Enforce => (Err(over), "enforced"),
            LimitMode::Shadow => (Ok(Passed { allowance: None, over: Some(over.limit) }), "shadow"),
        };
        self.counts.counters.exceeded.with_label_values(&[over.limit.as_str(), mode]).inc();
        decided
    }

    fn now(&self) -> Micros {
        Micros::try_from(self.counts.clock.monotonic().as_micros()).unwrap_or(Micros::MAX / 2)
    }
}
