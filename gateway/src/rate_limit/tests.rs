use std::sync::Mutex;

use authz::ids::ClientId;
use authz::time::Timestamp;

use super::*;
use crate::metrics::Metrics;

mod sharing;

/// A clock whose two faces a test sets apart from each other.
#[derive(Debug, Default)]
struct TwoFaced {
    wall: Mutex<u64>,
    monotonic: Mutex<Duration>,
}

impl TwoFaced {
    fn pass(&self, time: Duration) {
        *self.monotonic.lock().unwrap() += time;
    }
}

impl Clock for TwoFaced {
    fn now(&self) -> Timestamp {
        Timestamp::from_unix_seconds(*self.wall.lock().unwrap())
    }
    fn monotonic(&self) -> Duration {
        *self.monotonic.lock().unwrap()
    }
}

struct Bench {
    limits: RateLimits,
    clock: Arc<TwoFaced>,
    counters: LimitCounters,
}

fn section(yaml: &str) -> Limits {
    crate::bench::config("http://127.0.0.1:1", "http://127.0.0.1:1", yaml).limits
}

fn bench(yaml: &str) -> Bench {
    let clock = Arc::new(TwoFaced::default());
    let counters = Metrics::new().unwrap().limits;
    let shared = Arc::clone(&clock) as Arc<dyn Clock>;
    let limits = RateLimits::new(section(yaml), &shared, &counters).unwrap();
    Bench { limits, clock, counters }
}

const SMALL: &str = "limits: {calls_per_minute: 60, burst: 3, concurrent_calls: 2, \
                     per_address: {register: 5, authorize: 2, token: 3}, \
                     registrations_per_minute: 7}";

fn subject(name: &str) -> Subject {
    Subject::parse(name).unwrap()
}

fn client(name: &str) -> ClientRef {
    ClientId::parse(name).unwrap().fingerprint()
}

impl RateLimits {
    async fn call(&self, name: &str) -> Result<Passed, Exceeded> {
        self.admit(&subject(name), &client("c")).await
    }

    async fn knock(&self, for_what: Anonymous, address: &str) -> bool {
        self.charge_stranger(for_what, address.parse().unwrap()).await.is_ok()
    }
}

#[tokio::test]
async fn a_subject_has_its_burst_then_its_rate_and_nobody_elses() {
    let Bench { limits, clock, .. } = bench(SMALL);
    for left in [2, 1, 0] {
        let passed = limits.call("one").await.unwrap();
        assert_eq!(passed.allowance.unwrap().remaining, left);
    }
    let exceeded = limits.call("one").await.unwrap_err();
    assert_eq!((exceeded.limit, exceeded.remaining), (Limit::Subject, 0));
    assert_eq!(exceeded.retry_after, Duration::from_secs(1));
    assert!(limits.call("two").await.is_ok());
    clock.pass(Duration::from_secs(1));
    assert!(limits.call("one").await.is_ok());
}

#[tokio::test]
async fn a_wall_clock_that_jumps_changes_nothing() {
    let Bench { limits, clock, .. } = bench(SMALL);
    *clock.wall.lock().unwrap() = 1_800_000_000;
    for _ in 0..3 {
        limits.call("one").await.unwrap();
    }
    for wall in [1_800_000_000 - 3600, 1_800_000_000 + 3600, 0] {
        *clock.wall.lock().unwrap() = wall;
        let exceeded = limits.call("one").await.unwrap_err();
        assert_eq!(exceeded.retry_after, Duration::from_secs(1));
    }
}

#[tokio::test]
async fn a_client_has_a_limit_whoever_uses_it_and_what_it_refuses_costs_nobody() {
    let yaml =
        "limits: {calls_per_minute: 60, burst: 3, client_calls_per_minute: 60, client_burst: 4}";
    let Bench { limits, .. } = bench(yaml);
    for name in ["one", "two", "three", "four"] {
        limits.call(name).await.unwrap();
    }
    let exceeded = limits.call("five").await.unwrap_err();
    assert_eq!(exceeded.limit, Limit::Client);
    let elsewhere = limits.admit(&subject("five"), &client("other")).await.unwrap();
    assert_eq!(elsewhere.allowance.unwrap().remaining, 2, "the refused call was not charged");
}

#[tokio::test]
async fn a_dear_tool_takes_its_weight_and_says_when_the_whole_call_fits() {
    let yaml = "limits: {calls_per_minute: 60, burst: 10}";
    let Bench { limits, clock, .. } = bench(yaml);
    let one = subject("one");
    for _ in 0..2 {
        limits.call("one").await.unwrap();
        limits.weigh(&one, 5).await.unwrap();
    }
    clock.pass(Duration::from_secs(1));
    limits.call("one").await.unwrap();
    let exceeded = limits.weigh(&one, 5).await.unwrap_err();
    assert_eq!(exceeded.retry_after, Duration::from_secs(5), "a call, and the other four units");
    clock.pass(exceeded.retry_after);
    limits.call("one").await.unwrap();
    limits.weigh(&one, 5).await.unwrap();
    assert_eq!(limits.weigh(&one, 1).await, Ok(Passed::default()), "a light call is paid for");
}

#[tokio::test]
async fn a_tool_that_weighs_more_than_everything_is_within_reach_of_who_rested() {
    let Bench { limits, clock, .. } = bench(SMALL);
    let one = subject("one");
    limits.call("one").await.unwrap();
    limits.weigh(&one, 500).await.unwrap();
    assert!(limits.call("one").await.is_err());
    clock.pass(Duration::from_secs(3));
    limits.call("one").await.unwrap();
    limits.weigh(&one, 500).await.unwrap();
}

#[tokio::test]
async fn calls_at_the_same_time_are_counted_exactly() {
    let Bench { limits, .. } = bench(SMALL);
    let one = subject("one");
    let (first, _) = limits.enter(&one);
    let (_second, step) = limits.enter(&one);
    assert!(step.is_ok());
    let (third, step) = limits.enter(&one);
    assert_eq!(step.unwrap_err().limit, Limit::Concurrency);
    drop(third);
    assert!(limits.enter(&subject("two")).1.is_ok());
    drop(first);
    assert!(limits.enter(&one).1.is_ok());
}

#[tokio::test]
async fn an_ipv6_customer_is_one_address() {
    let Bench { limits, .. } = bench(SMALL);
    for host in 0..5 {
        assert!(limits.knock(Anonymous::Register, &format!("2001:db8::{host}")).await);
    }
    assert!(!limits.knock(Anonymous::Register, "2001:db8::ffff").await);
    assert!(limits.knock(Anonymous::Register, "2001:db8:0:1::1").await);
}

#[tokio::test]
async fn registering_authorizing_and_redeeming_are_counted_apart() {
    let Bench { limits, .. } = bench(SMALL);
    let address = "192.0.2.1";
    for (for_what, most) in
        [(Anonymous::Register, 5), (Anonymous::Authorize, 2), (Anonymous::Token, 3)]
    {
        for _ in 0..most {
            assert!(limits.knock(for_what, address).await, "{for_what:?}");
        }
        assert!(!limits.knock(for_what, address).await, "{for_what:?}");
        assert!(!limits.knock(for_what, "::ffff:192.0.2.1").await, "the same in IPv6");
    }
}

#[tokio::test]
async fn registrations_from_all_addresses_together_have_a_limit() {
    let Bench { limits, clock, .. } = bench(SMALL);
    for host in 0..7 {
        assert!(limits.knock(Anonymous::Register, &format!("192.0.2.{host}")).await);
    }
    assert!(!limits.knock(Anonymous::Register, "192.0.2.99").await);
    clock.pass(Duration::from_secs(60));
    assert!(limits.knock(Anonymous::Register, "192.0.2.99").await);
}

#[tokio::test]
async fn in_shadow_everything_is_let_in_and_counted() {
    let yaml = "limits: {mode: shadow, calls_per_minute: 60, burst: 1, concurrent_calls: 1}";
    let Bench { limits, counters, .. } = bench(yaml);
    assert_eq!(limits.call("one").await.unwrap().over, None);
    assert_eq!(limits.call("one").await.unwrap().over, Some(Limit::Subject));
    let (_first, _) = limits.enter(&subject("one"));
    assert_eq!(limits.enter(&subject("one")).1.unwrap().over, Some(Limit::Concurrency));
    for (limit, mode, count) in
        [("subject", "shadow", 1), ("concurrency", "shadow", 1), ("subject", "enforced", 0)]
    {
        let counted = counters.exceeded.with_label_values(&[limit, mode]).get();
        assert_eq!(counted, count, "{limit} {mode}");
    }
}

#[tokio::test]
async fn what_was_used_outlives_a_reload_and_is_measured_by_the_new_limits() {
    let Bench { limits, clock, .. } = bench(SMALL);
    for _ in 0..3 {
        limits.call("one").await.unwrap();
    }
    let (_place, _) = limits.enter(&subject("one"));
    let same = limits.retuned(section(SMALL)).unwrap();
    assert!(same.call("one").await.is_err(), "nothing is given back");
    let wider = limits.retuned(section("limits: {calls_per_minute: 60, burst: 5}")).unwrap();
    assert_eq!(wider.call("one").await.unwrap().allowance.unwrap().remaining, 1);
    let narrower = section("limits: {calls_per_minute: 60, burst: 1, concurrent_calls: 1}");
    let narrower = limits.retuned(narrower).unwrap();
    assert!(narrower.enter(&subject("one")).1.is_err(), "calls under way still count");
    let exceeded = narrower.call("one").await.unwrap_err();
    assert_eq!(exceeded.retry_after, Duration::from_secs(1), "and nobody waits for the old limit");
    clock.pass(Duration::from_secs(1));
    assert!(narrower.call("one").await.is_ok());
}

#[tokio::test]
async fn quiet_names_are_forgotten() {
    let Bench { limits, clock, .. } = bench(SMALL);
    limits.call("one").await.unwrap();
    assert!(limits.counts.local.len() > 0);
    clock.pass(Duration::from_secs(3600));
    limits.forget_the_quiet();
    assert_eq!(limits.counts.local.len(), 0);
}

#[tokio::test]
async fn a_flood_of_addresses_leaves_callers_alone_and_gains_nothing() {
    let Bench { limits, counters, .. } = bench(SMALL);
    for _ in 0..3 {
        limits.call("busy").await.unwrap();
    }
    for number in 0..200_000_u32 {
        let address = format!("2001:db8:{:x}:{:x}::1", number >> 16, number & 0xffff);
        let _fits = limits.knock(Anonymous::Token, &address).await;
    }
    assert!(limits.counts.local.len() <= 57_344 + 2);
    assert!(limits.call("busy").await.is_err(), "still over its limit");
    assert!(limits.call("calm").await.is_ok(), "and nobody else is");
    assert!(counters.evictions.with_label_values(&["token"]).get() > 0);
}

#[test]
fn every_limit_and_every_fault_of_the_store_has_its_row() {
    let operations = include_str!("../../../docs/operations.md");
    let limits = Limit::ALL.iter().map(|limit| limit.as_str());
    for word in limits.chain(shared::fault_words()) {
        assert!(operations.contains(&format!("| `{word}` |")), "{word} has no row");
    }
}
