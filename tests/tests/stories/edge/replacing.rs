//! F16: whom probes send elsewhere; and replicas replaced one after the other while calls keep coming.

use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use anyhow::Result;
use futures::future::try_join_all;
use serde_json::json;
use testbed::exchange::{Endpoint, Fault};
use testbed::mcp::{Era, Mcp};
use testbed::{Setup, TestBed};

use super::super::attacks::minted;

/// Calls until told to stop, and counts the answers.
pub(super) async fn keep_calling(
    mcp: Mcp,
    token: &str,
    done: &AtomicBool,
    count: &AtomicUsize,
) -> Result<()> {
    while !done.load(Ordering::Relaxed) {
        let answer = mcp.call(token, "get_study_count", json!({})).await?;
        anyhow::ensure!(answer.content()?.get("count") == Some(&json!(3)), "{}", answer.body);
        count.fetch_add(1, Ordering::Relaxed);
    }
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn replicas_are_replaced_under_load_and_no_call_fails() -> Result<()> {
    let setup = Setup { replicas: 3, ..Setup::default() };
    let mut bed = TestBed::start_with(setup.clone()).await?;
    let token = minted(&bed, "manager_mary")?;
    let (done, count) = (AtomicBool::new(false), AtomicUsize::new(0));
    let kept = reqwest::Client::builder().no_proxy().build()?;
    let fresh = reqwest::Client::builder().no_proxy().pool_max_idle_per_host(0).build()?;
    let callers = [kept.clone(), kept.clone(), kept, fresh.clone(), fresh]
        .map(|http| keep_calling(Mcp::through(http, &bed, Era::Modern), &token, &done, &count));
    let replacing = async {
        for replica in [0, 1, 2, 0, 1, 2] {
            let before = count.load(Ordering::Relaxed);
            while count.load(Ordering::Relaxed) < before + 20 {
                tokio::task::yield_now().await;
            }
            bed.replace(replica, setup.clone()).await?;
        }
        done.store(true, Ordering::Relaxed);
        anyhow::Ok(())
    };
    // The first that fails ends it.
    tokio::try_join!(try_join_all(callers), replacing)?;
    assert!(count.load(Ordering::Relaxed) >= 120);
    Ok(())
}

#[tokio::test]
async fn readiness_is_about_us_and_not_about_the_backend() -> Result<()> {
    let mut bed = TestBed::start().await?;
    let probe = async |path: &str| {
        anyhow::Ok(reqwest::get(format!("{}{path}", bed.admin())).await?.status().as_u16())
    };
    assert_eq!((probe("/live").await?, probe("/ready").await?), (200, 200));
    for endpoint in [Endpoint::Introspect, Endpoint::Token, Endpoint::Rest] {
        bed.exchange.fault(endpoint, Fault::Status(500));
    }
    assert_eq!(
        (probe("/live").await?, probe("/ready").await?),
        (200, 200),
        "we are there to say 503"
    );
    bed.stop_core().await;
    let probe = async |path: &str| {
        anyhow::Ok(reqwest::get(format!("{}{path}", bed.admin())).await?.status().as_u16())
    };
    assert_eq!((probe("/live").await?, probe("/ready").await?), (200, 200));
    bed.retreat();
    assert_eq!((probe("/live").await?, probe("/ready").await?), (200, 503));
    let still = reqwest::get(bed.at("/health")).await?;
    assert_eq!(still.status(), 200, "whoever has not heard yet is still served");
    assert_eq!(still.headers()["connection"], "close", "and told to go elsewhere next");
    Ok(())
}
