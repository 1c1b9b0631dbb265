//! The counts that replicas share, in Redis or Valkey: one script and one round trip for a step.
//!
//! A request asks only over a connection that stands, and waits no longer than the deadline. One
//! task keeps the connection, and asks over it each second in which no request does; while there is
//! none, or after three answers in a row that were late or wrong, nobody asks, and each replica
//! counts by itself at its share.

use std::sync::{Arc, OnceLock};
use std::time::Duration;

use tokio::task::AbortHandle;
use tokio::time::timeout;

use super::charge::{Charge, Charges};
use super::counters::LimitCounters;
use super::decision::{Allowance, Exceeded, Tally};
use super::quota::{Micros, Outcome};
use crate::config::SharedLimits;

mod connection;
mod link;
mod names;

#[cfg(test)]
mod tests;

pub use connection::StoreError;
use connection::{Address, Request};
use link::Link;
use names::Names;

/// Between two looks at the store, where no request sees to it.
const PAUSE: Duration = Duration::from_secs(1);

/// Why a step was not decided by the store.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum StoreFault {
    /// There is no connection at the moment.
    Away,
    /// It did not answer within the deadline.
    Late,
    /// The connection broke, or what came over it was not the protocol.
    Lost,
    /// It refused the script, or answered what the script never does.
    Answer,
}

impl StoreFault {
    /// The word for metrics and logs.
    pub(super) const fn as_str(self) -> &'static str {
        match self {
            Self::Away => "away",
            Self::Late => "late",
            Self::Lost => "lost",
            Self::Answer => "answer",
        }
    }
}

/// Every kind of fault.
pub(super) fn fault_words() -> impl Iterator<Item = &'static str> {
    let all = [StoreFault::Away, StoreFault::Late, StoreFault::Lost, StoreFault::Answer];
    all.into_iter().map(StoreFault::as_str).chain([STRANGE_KEY])
}

/// The word for a step that the store decided although a key held something foreign.
const STRANGE_KEY: &str = "strange_key";

/// A store of counts. The last user of one ends its connection.
#[derive(Debug)]
pub(super) struct Store {
    replicas: u32,
    deadline: Duration,
    prefix: String,
    names: Names,
    /// Equal if address, credentials, key and all the rest are.
    fingerprint: String,
    counters: LimitCounters,
    link: Arc<Link>,
    keeper: OnceLock<AbortHandle>,
}

impl Drop for Store {
    fn drop(&mut self) {
        if let Some(keeper) = self.keeper.get() {
            keeper.abort();
        }
    }
}

impl Store {
    /// The store of these settings: the one from before, if it is the same. Nothing is connected
    /// yet.
    pub(super) fn open(
        settings: &SharedLimits,
        counters: &LimitCounters,
        before: Option<&Arc<Self>>,
    ) -> Result<Arc<Self>, StoreError> {
        let address = Address::new(settings)?;
        let names = Names::under(settings.key.expose());
        let fingerprint = names.of("settings", &address.described(settings));
        if let Some(same) = before.filter(|before| before.fingerprint == fingerprint) {
            return Ok(Arc::clone(same));
        }
        let probe = Request::of(probe(&settings.prefix));
        let times = [settings.deadline, PAUSE];
        let link = Link::new(address, probe, times, counters.degraded.clone());
        Ok(Arc::new(Self {
            replicas: settings.replicas,
            deadline: settings.deadline,
            prefix: settings.prefix.clone(),
            names,
            fingerprint,
            counters: counters.clone(),
            link: Arc::new(link),
            keeper: OnceLock::new(),
        }))
    }

    /// How many replicas share it at least.
    pub(super) const fn replicas(&self) -> u32 {
        self.replicas
    }

    /// Begins to keep a connection, on the current runtime, unless that has begun.
    pub(super) fn wake(&self) {
        self.keeper.get_or_init(|| {
            self.counters.degraded.set(1);
            tokio::spawn(Arc::clone(&self.link).keep()).abort_handle()
        });
    }

    /// Makes all of `charges`, or none, for every replica.
    pub(super) async fn charge(
        &self,
        charges: &Charges<'_>,
    ) -> Result<Result<Allowance, Exceeded>, StoreFault> {
        self.wake();
        let connection = self.link.current().ok_or(StoreFault::Away)?;
        let request = Request::of(charges.iter().map(|charge| self.posting(charge)));
        let asked = timeout(self.deadline, connection.ask(&request)).await;
        let answer = asked.unwrap_or(Err(StoreFault::Late));
        let read = answer.and_then(|answer| read(charges, &answer).ok_or(StoreFault::Answer));
        self.link.note(&connection, read.as_ref().err().copied());
        let (tally, strange) = read?;
        if strange > 0 {
            self.counters.shared_faults.with_label_values(&[STRANGE_KEY]).inc_by(strange);
        }
        Ok(tally.verdict())
    }

    /// The key of a charge, which names nobody, and what the script needs to know about it.
    fn posting(&self, charge: &Charge<'_>) -> (String, Micros, Micros) {
        let word = charge.limit.as_str();
        let key = format!("{}:{word}:{}", self.prefix, self.names.of(word, charge.name.as_bytes()));
        (key, charge.quota.tolerance(), charge.quota.price(charge.cost))
    }
}

/// What proves a new connection: the script runs there, and may write.
fn probe(prefix: &str) -> impl Iterator<Item = (String, Micros, Micros)> {
    std::iter::once((format!("{prefix}:probe"), 1_000_000, 1))
}

/// Reads what the script answered; `None` is what it never answers.
fn read(charges: &Charges<'_>, answer: &[i64]) -> Option<(Tally, u64)> {
    let numbers = answer.iter().map(|number| u64::try_from(*number).ok());
    let numbers: Vec<u64> = numbers.collect::<Option<_>>()?;
    let (strange, pairs) = numbers.split_last()?;
    if pairs.len() != 2 * charges.iter().len() {
        return None;
    }
    let mut tally = Tally::default();
    for (charge, pair) in charges.iter().zip(pairs.chunks_exact(2)) {
        let [wait, room] = pair else { return None };
        if *wait > charge.quota.price(charge.cost) || *room > charge.quota.tolerance() {
            return None;
        }
        let remaining = charge.quota.units(*room);
        tally.add(
            charge,
            match wait {
                // The new state is the store's own.
                0 => Outcome::Fits { due: 0, remaining },
                wait => Outcome::Exceeds { wait: *wait, remaining },
            },
        );
    }
    Some((tally, *strange))
}
