//! D02, D04, D05: three gateways that count together in a real Redis, and what happens when it is
//! killed, hung and poisoned under load. `make test-limits` runs them; they need a redis-server.

#![expect(clippy::print_stderr, reason = "a lane shows its figures")]

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use anyhow::{Result, ensure};
use serde_json::json;
use testbed::mcp::{Era, Mcp};
use testbed::{Setup, TestBed};
use tokio::task::JoinSet;

use crate::attacks::{fresh, minted};

mod store;

use store::{Impostor, Store};

/// A tool that asks the backend nothing.
const LIGHT: &str = "get_server_capabilities";
const HURRIED: usize = 12;

/// The deadline of the store as it is by default.
const USUAL: &str = "20ms";
/// One that a busy machine keeps, for what is about the store and not about its absence.
const PATIENT: &str = "1s";

/// Three gateways over `store`, with these limits for each subject.
async fn bed(store: &Store, limits: &str, deadline: &str) -> Result<TestBed> {
    let shared = format!(
        "url: 'redis://127.0.0.1:{}', key: {{env: RING_KEY_1}}, replicas: 3, deadline: {deadline}",
        store.port
    );
    let limits = format!("{{{limits}, shared: {{{shared}}}}}");
    let bed = TestBed::start_with(Setup { limits, replicas: 3, ..Setup::default() }).await?;
    degraded(&bed, 0).await?;
    Ok(bed)
}

/// The sum of a metric over the gateways: of its lines that contain all of `labels`.
async fn sum(bed: &TestBed, metric: &str, labels: &str) -> Result<u64> {
    let mut all = 0;
    for text in bed.metrics_of_all().await? {
        let lines = text.lines().filter(|line| line.starts_with(metric) && line.contains(labels));
        all += lines.filter_map(|line| line.rsplit(' ').next()?.parse::<u64>().ok()).sum::<u64>();
    }
    Ok(all)
}

/// Waits until so many gateways say that they count by themselves; time passes meanwhile.
async fn degraded(bed: &TestBed, gateways: u64) -> Result<Duration> {
    let since = Instant::now();
    while sum(bed, "gateway_limits_degraded ", "").await? != gateways {
        ensure!(since.elapsed() < Duration::from_secs(20), "{gateways} gateways");
        pass(bed, Duration::from_millis(20)).await;
    }
    Ok(since.elapsed())
}

/// Lets time pass, here and for the gateways.
async fn pass(bed: &TestBed, time: Duration) {
    let since = Instant::now();
    let mut passed = Duration::ZERO;
    while passed < time {
        tokio::time::sleep(Duration::from_millis(5)).await;
        let now = since.elapsed();
        bed.advance(now.saturating_sub(passed));
        passed = now;
    }
}

/// What was answered, and how long the slowest answer took.
#[derive(Debug, Default)]
struct Tally {
    answers: BTreeMap<u16, u64>,
    slowest: Duration,
}

impl Tally {
    fn of(&self, status: u16) -> u64 {
        self.answers.get(&status).copied().unwrap_or_default()
    }
}

/// People who call as fast as they can, over a new connection each time.
struct Load {
    leaving: Arc<AtomicBool>,
    callers: JoinSet<Result<Tally>>,
}

impl Load {
    fn start(bed: &TestBed, token: &str) -> Result<Self> {
        let leaving = Arc::new(AtomicBool::new(false));
        let mut callers = JoinSet::new();
        for _ in 0..HURRIED {
            let mcp = Mcp::through(fresh()?, bed, Era::Modern);
            let (token, left) = (token.to_owned(), Arc::clone(&leaving));
            callers.spawn(async move {
                let mut tally = Tally::default();
                while !left.load(Ordering::Relaxed) {
                    let since = Instant::now();
                    let status = mcp.call(&token, LIGHT, json!({})).await?.status;
                    *tally.answers.entry(status).or_default() += 1;
                    tally.slowest = tally.slowest.max(since.elapsed());
                }
                Ok(tally)
            });
        }
        Ok(Self { leaving, callers })
    }

    /// What came of it: nothing but yes and "later".
    async fn end(mut self, what: &str) -> Result<Tally> {
        self.leaving.store(true, Ordering::Relaxed);
        let mut all = Tally::default();
        while let Some(tally) = self.callers.join_next().await {
            let tally = tally??;
            all.slowest = all.slowest.max(tally.slowest);
            for (status, count) in tally.answers {
                *all.answers.entry(status).or_default() += count;
            }
        }
        eprintln!("{what}: answers {:?}, the slowest after {:?}", all.answers, all.slowest);
        ensure!(all.answers.keys().all(|status| [200, 429].contains(status)), "{what}: {all:?}");
        Ok(all)
    }
}

/// What the limit lets in over this time, with one call for the edge of each second.
fn at_most(burst: f64, per_minute: f64, time: Duration) -> f64 {
    burst + per_minute * time.as_secs_f64() / 60.0 + 1.0
}

/// Calls for so long; how many were let in.
async fn rush(bed: &TestBed, token: &str, time: Duration, what: &str) -> Result<(u64, Duration)> {
    let since = Instant::now();
    let load = Load::start(bed, token)?;
    pass(bed, time).await;
    let tally = load.end(what).await?;
    Ok((tally.of(200), since.elapsed()))
}

#[expect(clippy::cast_precision_loss, reason = "counts of some thousands")]
fn assert_within(let_in: u64, burst: f64, per_minute: f64, time: Duration) {
    let most = at_most(burst, per_minute, time);
    assert!(let_in as f64 <= most, "{let_in} let in, where {most:.1} are the most");
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs a redis-server: make test-limits"]
async fn three_gateways_that_count_together_let_in_what_one_would() -> Result<()> {
    let store = Store::start().await?;
    let limits = "calls_per_minute: 60, burst: 60, concurrent_calls: 100";
    let bed = bed(&store, limits, PATIENT).await?;
    let token = minted(&bed, "manager_mary")?;
    let (first, took) = rush(&bed, &token, Duration::from_secs(4), "60 at once").await?;
    assert_within(first, 60.0, 60.0, took);
    assert!(first >= 60, "{first}: and no less");
    let keys = store.ask("KEYS *")?;
    assert!(!keys.is_empty() && keys.iter().all(|key| !key.contains("manager_mary")), "{keys:?}");
    for key in &keys {
        let life: u64 = store.ask(&format!("PTTL {key}"))?.concat().parse()?;
        assert!(life <= 62_000, "{key} ends by itself");
    }
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs a redis-server: make test-limits"]
async fn over_time_three_gateways_keep_to_one_rate() -> Result<()> {
    let store = Store::start().await?;
    let limits = "calls_per_minute: 600, burst: 1, concurrent_calls: 100";
    let bed = bed(&store, limits, PATIENT).await?;
    let token = minted(&bed, "manager_mary")?;
    let (let_in, took) = rush(&bed, &token, Duration::from_millis(5900), "ten a second").await?;
    assert_within(let_in, 1.0, 600.0, took);
    assert!(let_in >= 50, "{let_in}: and not much less");
    Ok(())
}

/// The limits that the failures are met with: what three shares of them let in is never more.
const TIGHT: &str = "calls_per_minute: 600, burst: 60, concurrent_calls: 100";

/// Load before, during and after `trouble`; `kind` is how the gateways name it.
async fn survives(
    store: &mut Store,
    kind: &str,
    trouble: impl AsyncFnOnce(&mut Store, &TestBed) -> Result<()>,
) -> Result<()> {
    let bed = bed(store, TIGHT, USUAL).await?;
    let token = minted(&bed, "manager_mary")?;
    let (healthy, took) = rush(&bed, &token, Duration::from_secs(2), "healthy").await?;
    assert_within(healthy, 60.0, 600.0, took);
    let since = Instant::now();
    let load = Load::start(&bed, &token)?;
    trouble(store, &bed).await?;
    let tally = load.end(kind).await?;
    // Each gateway has its share, and what the store let in through it counts there too.
    assert_within(tally.of(200), 60.0, 600.0, since.elapsed());
    assert!(sum(&bed, "gateway_limits_shared_faults_total", "").await? > 0);
    let back = degraded(&bed, 0).await?;
    let (after, took) = rush(&bed, &token, Duration::from_secs(2), "recovered").await?;
    assert_within(after, 60.0, 600.0, took);
    let faults = sum(&bed, "gateway_limits_shared_faults_total", "").await?;
    eprintln!("{kind}: back {back:?} after the end of it; {faults} steps decided alone");
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs a redis-server: make test-limits"]
async fn a_killed_store_means_tighter_limits_and_no_fault() -> Result<()> {
    let mut store = Store::start().await?;
    survives(&mut store, "killed", async |store, bed| {
        store.kill()?;
        degraded(bed, 3).await?;
        pass(bed, Duration::from_secs(3)).await;
        store.revive().await
    })
    .await
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs a redis-server: make test-limits"]
async fn a_hung_store_costs_a_deadline_or_three_and_no_fault() -> Result<()> {
    let mut store = Store::start().await?;
    survives(&mut store, "hung", async |store, bed| {
        store.signal("STOP")?;
        let noticed = degraded(bed, 3).await?;
        pass(bed, Duration::from_secs(3)).await;
        let late = sum(bed, "gateway_limits_shared_faults_total", "late").await?;
        eprintln!("hung: noticed by all after {noticed:?}; {late} steps waited for the deadline");
        assert!(late >= 9, "three for each gateway");
        assert!(late <= 9 + 3 * u64::try_from(HURRIED)?, "{late}: and those that waited already");
        store.signal("CONT")
    })
    .await
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs a redis-server: make test-limits"]
async fn somebody_else_in_the_stores_place_is_not_believed() -> Result<()> {
    let mut store = Store::start().await?;
    survives(&mut store, "poisoned", async |store, bed| {
        store.kill()?;
        let impostor = Impostor::at(store.port)?;
        degraded(bed, 3).await?;
        pass(bed, Duration::from_secs(6)).await;
        assert_eq!(
            sum(bed, "gateway_limits_degraded ", "").await?,
            3,
            "nobody took it for a store"
        );
        drop(impostor);
        store.revive().await
    })
    .await
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs a redis-server: make test-limits"]
async fn a_key_that_holds_something_else_is_a_used_up_allowance_and_mends() -> Result<()> {
    let store = Store::start().await?;
    let bed = bed(&store, TIGHT, PATIENT).await?;
    let token = minted(&bed, "manager_mary")?;
    let mcp = Mcp::through(fresh()?, &bed, Era::Modern);
    assert_eq!(mcp.call(&token, LIGHT, json!({})).await?.status, 200);
    let keys = store.ask("KEYS *:subject:*")?;
    for (poison, is_strange) in [
        ("RPUSH {} a b", true),
        ("SET {} garbage", true),
        ("SET {} nan", true),
        ("SADD {} a", true),
        ("SET {} 9e99", false),
        ("SET {} 32503680000000000", false),
        ("SET {} -5", false),
    ] {
        let before = sum(&bed, "gateway_limits_shared_faults_total", "strange_key").await?;
        for key in &keys {
            store.ask(&format!("DEL {key}"))?;
            store.ask(&poison.replace("{}", key))?;
        }
        let (let_in, took) = rush(&bed, &token, Duration::from_secs(1), poison).await?;
        assert_within(let_in, 60.0, 600.0, took);
        assert!(let_in > 0, "{poison}: it mends");
        let after = sum(&bed, "gateway_limits_shared_faults_total", "strange_key").await?;
        assert_eq!(after > before, is_strange, "{poison}");
    }
    assert_eq!(sum(&bed, "gateway_limits_degraded ", "").await?, 0, "one key is not the store");
    Ok(())
}
