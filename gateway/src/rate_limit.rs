//! How often a subject may call, how many calls it may have at once, and how often an address may
//! knock. All counts are this replica's own.

use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::hash::Hash;
use std::net::{IpAddr, Ipv6Addr};
use std::num::NonZeroU32;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use authz::ids::Subject;
use governor::clock::Clock as GovernorClock;
use governor::middleware::NoOpMiddleware;
use governor::state::keyed::DashMapStateStore;
use governor::{Quota, RateLimiter};

use crate::clock::Clock;
use crate::config::Limits;

/// The limiter's view of our clock.
#[derive(Clone, Debug)]
struct Monotonic(Arc<dyn Clock>);

impl GovernorClock for Monotonic {
    type Instant = Duration;

    fn now(&self) -> Duration {
        self.0.monotonic()
    }
}

type Keyed<K> = RateLimiter<K, DashMapStateStore<K>, Monotonic, NoOpMiddleware<Duration>>;

/// Over a limit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Exceeded {
    /// When the next request would be let in.
    pub(crate) retry_after: Duration,
    /// What the limit is, a minute.
    pub(crate) per_minute: u32,
}

/// The counts of one gateway.
#[derive(Debug)]
pub(crate) struct RateLimits {
    limits: Limits,
    clock: Monotonic,
    subjects: Keyed<Subject>,
    addresses: Keyed<IpAddr>,
    registrations: Keyed<()>,
    in_flight: Arc<InFlight>,
}

#[derive(Debug, Default)]
struct InFlight(Mutex<HashMap<Subject, u32>>);

impl RateLimits {
    pub(crate) fn new(limits: Limits, clock: Arc<dyn Clock>) -> Self {
        let clock = Monotonic(clock);
        let subjects = quota(limits.calls_per_minute, limits.burst);
        let addresses = quota(limits.anonymous_per_minute, limits.anonymous_per_minute);
        let all = quota(limits.registrations_per_minute, limits.registrations_per_minute);
        Self {
            registrations: RateLimiter::new(all, DashMapStateStore::default(), clock.clone()),
            subjects: RateLimiter::new(subjects, DashMapStateStore::default(), clock.clone()),
            addresses: RateLimiter::new(addresses, DashMapStateStore::default(), clock.clone()),
            in_flight: Arc::default(),
            limits,
            clock,
        }
    }

    /// Charges one call to `subject`.
    pub(crate) fn charge_subject(&self, subject: &Subject) -> Result<(), Exceeded> {
        self.charge(&self.subjects, subject, self.limits.calls_per_minute)
    }

    /// Charges one request to `address`.
    pub(crate) fn charge_address(&self, address: IpAddr) -> Result<(), Exceeded> {
        self.charge(&self.addresses, &network(address), self.limits.anonymous_per_minute)
    }

    /// Charges one registration to everybody together: a flood from many addresses is one too.
    pub(crate) fn charge_registration(&self) -> Result<(), Exceeded> {
        self.charge(&self.registrations, &(), self.limits.registrations_per_minute)
    }

    fn charge<K: Clone + Eq + Hash>(
        &self,
        limiter: &Keyed<K>,
        key: &K,
        per_minute: u32,
    ) -> Result<(), Exceeded> {
        limiter.check_key(key).map_err(|until| Exceeded {
            retry_after: until.wait_time_from(self.clock.now()),
            per_minute,
        })
    }

    /// A place among the calls that `subject` has under way, if there is one.
    pub(crate) fn enter(&self, subject: &Subject) -> Option<CallPlace> {
        let mut calls = self.in_flight.0.lock().unwrap_or_else(PoisonError::into_inner);
        let count = calls.entry(subject.clone()).or_insert(0);
        if *count >= self.limits.concurrent_calls {
            return None;
        }
        *count += 1;
        Some(CallPlace { subject: subject.clone(), in_flight: Arc::clone(&self.in_flight) })
    }

    /// Forgets keys that are back at their full allowance.
    pub(crate) fn forget_the_quiet(&self) {
        self.subjects.retain_recent();
        self.addresses.retain_recent();
    }
}

fn quota(per_minute: u32, burst: u32) -> Quota {
    let number = |count| NonZeroU32::new(count).unwrap_or(NonZeroU32::MIN);
    Quota::per_minute(number(per_minute)).allow_burst(number(burst))
}

/// One call's place, given back when it is dropped.
#[derive(Debug)]
pub(crate) struct CallPlace {
    subject: Subject,
    in_flight: Arc<InFlight>,
}

impl Drop for CallPlace {
    fn drop(&mut self) {
        let mut calls = self.in_flight.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Entry::Occupied(mut count) = calls.entry(self.subject.clone()) {
            *count.get_mut() -= 1;
            if *count.get() == 0 {
                count.remove();
            }
        }
    }
}

/// What counts as one address: an IPv6 customer holds a whole /64.
pub(crate) fn network(address: IpAddr) -> IpAddr {
    match address {
        IpAddr::V6(v6) => match v6.to_ipv4_mapped() {
            Some(v4) => v4.into(),
            None => Ipv6Addr::from_bits(v6.to_bits() & !u128::from(u64::MAX)).into(),
        },
        v4 @ IpAddr::V4(_) => v4,
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicU64, Ordering};

    use authz::time::Timestamp;

    use super::*;

    #[derive(Debug, Default)]
    struct Manual(AtomicU64);

    impl Clock for Manual {
        fn now(&self) -> Timestamp {
            Timestamp::from_unix_seconds(0)
        }
        fn monotonic(&self) -> Duration {
            Duration::from_secs(self.0.load(Ordering::Relaxed))
        }
    }

    fn limits() -> (RateLimits, Arc<Manual>) {
        let clock = Arc::new(Manual::default());
        let limits = Limits {
            calls_per_minute: 60,
            burst: 3,
            concurrent_calls: 2,
            anonymous_per_minute: 5,
            registrations_per_minute: 7,
        };
        (RateLimits::new(limits, Arc::clone(&clock) as Arc<dyn Clock>), clock)
    }

    fn subject(name: &str) -> Subject {
        Subject::parse(name).unwrap()
    }

    #[test]
    fn a_subject_has_its_burst_then_its_rate_and_nobody_elses() {
        let (limits, clock) = limits();
        for _ in 0..3 {
            limits.charge_subject(&subject("one")).unwrap();
        }
        let exceeded = limits.charge_subject(&subject("one")).unwrap_err();
        assert_eq!(exceeded.retry_after, Duration::from_secs(1));
        assert!(limits.charge_subject(&subject("two")).is_ok());
        clock.0.store(1, Ordering::Relaxed);
        assert!(limits.charge_subject(&subject("one")).is_ok());
    }

    #[test]
    fn calls_at_the_same_time_are_counted_exactly() {
        let (limits, _) = limits();
        let first = limits.enter(&subject("one")).unwrap();
        let _second = limits.enter(&subject("one")).unwrap();
        assert!(limits.enter(&subject("one")).is_none());
        assert!(limits.enter(&subject("two")).is_some());
        drop(first);
        assert!(limits.enter(&subject("one")).is_some());
    }

    #[test]
    fn an_ipv6_customer_is_one_address() {
        let (limits, _) = limits();
        for host in 0..5 {
            limits.charge_address(format!("2001:db8::{host}").parse().unwrap()).unwrap();
        }
        assert!(limits.charge_address("2001:db8::ffff".parse().unwrap()).is_err());
        assert!(limits.charge_address("2001:db8:0:1::1".parse().unwrap()).is_ok());
    }

    #[test]
    fn registrations_from_all_addresses_together_have_a_limit() {
        let (limits, clock) = limits();
        for _ in 0..7 {
            limits.charge_registration().unwrap();
        }
        assert!(limits.charge_registration().is_err());
        clock.0.store(60, Ordering::Relaxed);
        assert!(limits.charge_registration().is_ok());
    }

    #[test]
    fn quiet_keys_are_forgotten() {
        let (limits, clock) = limits();
        limits.charge_subject(&subject("one")).unwrap();
        clock.0.store(3600, Ordering::Relaxed);
        limits.forget_the_quiet();
        assert_eq!(limits.subjects.len(), 0);
    }
}
