//! Reloads the real programs a hundred times under load over HTTP/1.1 and HTTP/2, and counts what
//! failed: `CALLS` and `RELOADS` say how much of each.

use std::io::Write as _;
use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, ensure};
use testbed::exchange::{FakeExchange, Options, system_clock};

mod load;
mod site;

use load::{Load, Phase};
use site::Site;

/// From an edit until it is in force; beyond it the lane gives up.
const PATIENCE: Duration = Duration::from_secs(30);

#[tokio::main]
async fn main() -> Result<()> {
    // Another part may have installed it; there is only this one.
    let _installed = rustls::crypto::ring::default_provider().install_default();
    let (calls, reloads) = (number("CALLS", 100_000)?, number("RELOADS", 100)?);
    let exchanges = [exchange().await?, exchange().await?];
    let mut site = Site::start(&exchanges).await?;
    let phase = Arc::new(Phase::of(0));
    let [one, other] = &exchanges;
    let tokens = [site.token(one, 0)?, site.token(other, 1)?];
    let load = Load::start(&site, &tokens, &phase)?;
    let (mut slowest, mut taken) = (Duration::ZERO, Duration::ZERO);
    for round in 0..reloads {
        let served = load.counts().served;
        // The old and the new backend's tokens are told apart by what was in force when.
        let retargets = round % 4 == 3;
        if retargets {
            phase.begin();
        }
        let started = Instant::now();
        site.edit(round)?;
        while site.generation().await? != round + 2 {
            ensure!(started.elapsed() < PATIENCE, "reload {round} is not in force");
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        let effective = started.elapsed();
        (slowest, taken) = (slowest.max(effective), taken + effective);
        if retargets {
            phase.end(site.backend());
        }
        // Calls go on between any two reloads.
        while load.counts().served < served + 20 {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        writeln!(std::io::stderr(), "reload {} of {reloads}: {effective:?}", round + 1)?;
    }
    while load.counts().all() < calls {
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    let counts = load.stop().await?;
    let mean = taken / u32::try_from(reloads.max(1))?;
    writeln!(std::io::stdout(), "{counts}")?;
    writeln!(std::io::stdout(), "{reloads} reloads, in force after {mean:?}, {slowest:?} at most")?;
    ensure!(counts.failed == 0, "{} calls failed", counts.failed);
    ensure!(slowest < Duration::from_secs(1) || cfg!(debug_assertions), "a reload took too long");
    Ok(())
}

async fn exchange() -> Result<FakeExchange> {
    FakeExchange::start(Options { clock: system_clock(), ..Options::default() }).await
}

#[expect(clippy::disallowed_methods, reason = "how much to do is the caller's to say")]
fn number(name: &str, usual: u64) -> Result<u64> {
    match std::env::var(name) {
        Ok(text) => text.parse().with_context(|| format!("{name} is a number")),
        Err(_) => Ok(usual),
    }
}
