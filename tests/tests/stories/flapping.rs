//! A backend that is out for a while, and one that comes and goes, under load: whoever cannot be checked
//! is told 503, nobody is served unchecked, and nobody is logged out. In real time, so a lane runs it.

#![expect(clippy::print_stderr, reason = "a lane shows its figures")]

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU8, Ordering};
use std::time::{Duration, Instant};

use anyhow::{Result, ensure};
use serde_json::json;
use testbed::exchange::{Endpoint, Fault};
use testbed::login::{Login, tokens};
use testbed::mcp::{Era, Mcp};
use testbed::{Setup, TestBed};
use tokio::task::JoinSet;

/// Longer than any introspection is believed.
const PAST_THE_CACHE: Duration = Duration::from_secs(61);
const CALLERS: usize = 8;
const FLAPS: usize = 20;
/// How long one flap lasts.
const FLAP: Duration = Duration::from_secs(1);
/// Between two calls of one caller: a person's client does not call without pause.
const PAUSE: Duration = Duration::from_millis(20);
/// How soon after the backend's return a call must succeed.
const RECOVERY: Duration = Duration::from_secs(2);

const UP: u8 = 0;
const DOWN: u8 = 1;
const BETWEEN: u8 = 2;

/// What callers saw, by what the backend was when they asked and when they were answered.
#[derive(Debug, Default)]
struct Seen {
    up: Vec<u16>,
    down: Vec<u16>,
    between: Vec<u16>,
}

/// Callers that go on until they are told to stop.
struct Load {
    state: Arc<AtomicU8>,
    stop: Arc<AtomicBool>,
    callers: JoinSet<Result<Seen>>,
}

impl Load {
    fn start(bed: &TestBed, token: &str) -> Self {
        let mut load = Self {
            state: Arc::new(AtomicU8::new(UP)),
            stop: Arc::default(),
            callers: JoinSet::new(),
        };
        for _ in 0..CALLERS {
            let (state, stop) = (Arc::clone(&load.state), Arc::clone(&load.stop));
            let (mcp, token) = (Mcp::of(bed, Era::Modern), token.to_owned());
            load.callers.spawn(async move {
                let mut seen = Seen::default();
                while !stop.load(Ordering::Relaxed) {
                    let before = state.load(Ordering::SeqCst);
                    let status = mcp.call(&token, "get_study_count", json!({})).await?.status;
                    let after = state.load(Ordering::SeqCst);
                    match (before, after) {
                        (UP, UP) => seen.up.push(status),
                        (DOWN, DOWN) => seen.down.push(status),
                        _ => seen.between.push(status),
                    }
                    tokio::time::sleep(PAUSE).await;
                }
                Ok(seen)
            });
        }
        load
    }

    fn now(&self, state: u8) {
        self.state.store(state, Ordering::SeqCst);
    }

    async fn end(mut self) -> Result<Seen> {
        self.stop.store(true, Ordering::Relaxed);
        let mut all = Seen::default();
        while let Some(one) = self.callers.join_next().await {
            let one = one??;
            all.up.extend(one.up);
            all.down.extend(one.down);
            all.between.extend(one.between);
        }
        Ok(all)
    }
}

/// How the backend is out.
#[derive(Clone, Debug)]
enum Out {
    Unreachable,
    Failing(Fault),
}

/// Takes the backend away for `time`, brings it back, and says how long the first success took.
async fn outage(
    bed: &TestBed,
    load: &Load,
    token: &str,
    out: &Out,
    time: Duration,
) -> Result<Duration> {
    load.now(BETWEEN);
    match out {
        Out::Unreachable => bed.exchange.reachable(false).await,
        Out::Failing(fault) => {
            bed.exchange.fault(Endpoint::Introspect, fault.clone());
            bed.exchange.fault(Endpoint::Token, fault.clone());
        }
    }
    bed.advance(PAST_THE_CACHE);
    let probe = Mcp::of(bed, Era::Modern);
    // What was believed until a moment ago has been answered; from now on nobody can be checked.
    ensure!(probe.call(token, "get_study_count", json!({})).await?.status == 503);
    let asked = bed.exchange.log().count(Endpoint::Rest);
    load.now(DOWN);
    tokio::time::sleep(time).await;
    load.now(BETWEEN);
    ensure!(bed.exchange.log().count(Endpoint::Rest) == asked, "core asked during {out:?}");
    let back = Instant::now();
    match out {
        Out::Unreachable => bed.exchange.reachable(true).await,
        Out::Failing(_) => bed.exchange.clear_all(),
    }
    // The connection from before may be as old as the gateway keeps one that is idle.
    let probe = Mcp::of(bed, Era::Modern);
    let mut told = Duration::ZERO;
    loop {
        // Time must go on: the backend is looked for once a second.
        let passed = back.elapsed();
        bed.advance(passed.saturating_sub(told));
        told = passed;
        let answer = probe.call(token, "get_study_count", json!({})).await?;
        if answer.status == 200 {
            break;
        }
        let (status, word) = (answer.status, answer.body.get("title"));
        ensure!(back.elapsed() < RECOVERY, "still {status} {word:?} after {out:?}");
    }
    let took = back.elapsed();
    load.now(UP);
    Ok(took)
}

#[expect(clippy::disallowed_methods, reason = "a lane is told how long to run")]
fn seconds_out() -> Result<u64> {
    Ok(std::env::var("OUTAGE_SECONDS").map_or(Ok(60), |text| text.parse())?)
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "in real time: make test-outages"]
async fn an_outage_and_twenty_flaps_are_503_and_cost_nobody_a_login() -> Result<()> {
    let audience = "{own_client: true}".to_owned();
    // Time stands still but for the jumps, so an allowance is not filled up again: it must hold for all.
    let limits = "{calls_per_minute: 1000000, burst: 1000000, concurrent_calls: 1000, \
                  client_calls_per_minute: 1000000, client_burst: 1000000}"
        .to_owned();
    let bed = TestBed::start_with(Setup { audience, limits, ..Setup::default() }).await?;
    let login = Login::register(&bed).await?;
    let held = login.log_in("manager_mary").await?;
    let load = Load::start(&bed, &held.access);
    let long = Duration::from_secs(seconds_out()?);
    let mut recoveries = vec![outage(&bed, &load, &held.access, &Out::Unreachable, long).await?];
    let kinds = [
        Out::Unreachable,
        Out::Failing(Fault::Unavailable),
        Out::Failing(Fault::Hang),
        Out::Failing(Fault::Garbage),
    ];
    for out in kinds.iter().cycle().take(FLAPS) {
        recoveries.push(outage(&bed, &load, &held.access, out, FLAP).await?);
        tokio::time::sleep(FLAP).await;
    }
    let mut seen = load.end().await?;
    recoveries.sort_unstable();
    eprintln!(
        "{} calls while the backend was out, {} while it was there, {} between; recovery median {:?}, longest {:?}",
        seen.down.len(),
        seen.up.len(),
        seen.between.len(),
        recoveries.get(recoveries.len() / 2),
        recoveries.last(),
    );
    assert!(seen.down.len() > FLAPS && seen.down.iter().all(|status| *status == 503));
    assert!(seen.up.iter().all(|status| *status == 200));
    // What is under way when the clock jumps is suddenly older than a call may be: 502 or 504. But no
    // client is ever told that its login has ended.
    seen.between.retain(|status| ![200, 502, 503, 504].contains(status));
    assert_eq!(seen.between, [0; 0]);
    let renewed = tokens(login.refresh(&held.refresh).await?).await?;
    let after =
        Mcp::of(&bed, Era::Modern).call(&renewed.access, "get_study_count", json!({})).await?;
    assert_eq!(after.status, 200, "the login survived");
    Ok(())
}
