//! B05, B09 to B15: what introspection says, how long it is believed, how often it is asked.

use std::time::Duration;

use anyhow::Result;
use futures::future::join_all;
use serde_json::json;
use testbed::exchange::{Endpoint, Fault, Lie};
use testbed::login::tokens;
use testbed::{Setup, TestBed};

use super::{PRIVATE, client, fleet, fresh, mcp, minted};

/// Longer than any cached introspection is believed.
const PAST_THE_CACHE: Duration = Duration::from_secs(61);

async fn list(bed: &TestBed, token: &str) -> Result<u16> {
    Ok(mcp(bed)?.send(Some(token), "tools/list", json!({})).await?.status)
}

#[tokio::test]
async fn a_backend_token_of_another_client_is_refused_by_every_gateway() -> Result<()> {
    let bed = fleet().await?;
    let login = client(&bed).await?;
    let held = login.log_in("manager_mary").await?;
    let lie = Fault::Lie(Lie::OtherClient("another".to_owned()));
    bed.exchange.fault(Endpoint::Introspect, lie);
    for _ in 0..3 {
        let refused = mcp(&bed)?.call(&held.access, PRIVATE, json!({})).await?;
        assert_eq!((refused.status, &refused.body["title"]), (401, &json!("wrong_audience")));
    }
    assert_eq!(login.refresh(&held.refresh).await?.status(), 400, "and nothing is minted");
    assert_eq!(bed.exchange.log().count(Endpoint::Rest), 0);
    Ok(())
}

#[tokio::test]
async fn one_persons_answer_is_never_anothers_whatever_the_spelling() -> Result<()> {
    let bed = TestBed::start().await?;
    let login = client(&bed).await?;
    let hers = login.log_in("manager_mary").await?;
    let his = login.log_in("manager_mark").await?;
    assert_eq!(list(&bed, &hers.access).await?, 200);
    bed.exchange.log().clear();
    for scheme in ["Bearer", "bearer", "BEARER"] {
        let request = fresh()?
            .get(bed.at("/mcp"))
            .header("authorization", format!("{scheme} {}", hers.access));
        assert_eq!(request.send().await?.status(), 405, "{scheme}: logged in");
    }
    assert_eq!(bed.exchange.log().count(Endpoint::Introspect), 0, "known under one key");
    let swapped: String = hers.access.chars().map(swap_case).collect();
    for other in [swapped, hers.access.to_uppercase(), format!("{}=", hers.access)] {
        assert_eq!(list(&bed, &other).await?, 401);
    }
    assert_eq!(bed.exchange.log().count(Endpoint::Introspect), 0, "nor asked about");
    bed.exchange.fault(Endpoint::Introspect, Fault::Lie(Lie::Inactive));
    assert_eq!(list(&bed, &his.access).await?, 401, "another token has an answer of its own");
    assert_eq!(list(&bed, &hers.access).await?, 200);
    Ok(())
}

fn swap_case(letter: char) -> char {
    if letter.is_ascii_lowercase() {
        letter.to_ascii_uppercase()
    } else {
        letter.to_ascii_lowercase()
    }
}

#[tokio::test]
async fn a_no_is_asked_again_after_ten_seconds_and_forgeries_never() -> Result<()> {
    let bed = TestBed::start().await?;
    let held = client(&bed).await?.log_in("manager_mary").await?;
    bed.exchange.fault(Endpoint::Introspect, Fault::Lie(Lie::Inactive));
    bed.exchange.log().clear();
    for (seconds, asked) in [(0, 1), (9, 1), (1, 2)] {
        bed.advance(Duration::from_secs(seconds));
        assert_eq!(list(&bed, &held.access).await?, 401);
        assert_eq!(bed.exchange.log().count(Endpoint::Introspect), asked);
    }
    bed.exchange.clear_all();
    bed.exchange.log().clear();
    for at in 0..300 {
        assert_eq!(list(&bed, &format!("fmga1_forged{at}")).await?, 401);
    }
    assert_eq!(bed.exchange.log().count(Endpoint::Introspect), 0);
    bed.advance(Duration::from_secs(10));
    assert_eq!(list(&bed, &held.access).await?, 200, "the login was only paused");
    Ok(())
}

#[tokio::test]
async fn a_revoked_login_reads_nothing_at_once_and_ends_within_a_minute() -> Result<()> {
    let bed = fleet().await?;
    let login = client(&bed).await?;
    let held = login.log_in("manager_mary").await?;
    for _ in 0..3 {
        assert_eq!(list(&bed, &held.access).await?, 200, "known to every gateway");
    }
    assert_eq!(login.revoke(&held.refresh).await?.status(), 200);
    let seen = bed.exchange.log().to(Endpoint::Revoke);
    assert_eq!(seen.len(), 1);
    // Each gateway still believes what it heard; the backend and core do not.
    for _ in 0..3 {
        assert_eq!(mcp(&bed)?.call(&held.access, PRIVATE, json!({})).await?.status, 401);
    }
    bed.advance(Duration::from_secs(60));
    for _ in 0..3 {
        assert_eq!(list(&bed, &held.access).await?, 401);
    }
    // Where nobody reads data meanwhile, the end of what was believed is the end of the login.
    let held = login.log_in("manager_mary").await?;
    for _ in 0..3 {
        assert_eq!(list(&bed, &held.access).await?, 200);
    }
    bed.exchange.revoke_all("manager_mary");
    for _ in 0..3 {
        assert_eq!(list(&bed, &held.access).await?, 200, "still believed");
    }
    bed.advance(Duration::from_secs(60));
    for _ in 0..3 {
        assert_eq!(list(&bed, &held.access).await?, 401);
    }
    Ok(())
}

#[tokio::test]
async fn a_refresh_ends_the_access_token_before_at_every_gateway() -> Result<()> {
    let bed = fleet().await?;
    let login = client(&bed).await?;
    let old = login.log_in("manager_mary").await?;
    for _ in 0..3 {
        assert_eq!(mcp(&bed)?.call(&old.access, PRIVATE, json!({})).await?.status, 200);
    }
    let new = tokens(login.refresh(&old.refresh).await?).await?;
    for _ in 0..3 {
        let refused = mcp(&bed)?.call(&old.access, PRIVATE, json!({})).await?;
        assert_eq!(refused.status, 401);
        assert!(refused.header("www-authenticate").unwrap().contains("invalid_token"));
        assert_eq!(mcp(&bed)?.call(&new.access, PRIVATE, json!({})).await?.status, 200);
    }
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_burst_with_one_token_is_one_question_of_each_gateway() -> Result<()> {
    let bed = fleet().await?;
    let held = client(&bed).await?.log_in("manager_mary").await?;
    bed.advance(PAST_THE_CACHE);
    bed.exchange.log().clear();
    for status in join_all((0..500).map(|_| list(&bed, &held.access))).await {
        assert_eq!(status?, 200);
    }
    assert_eq!(bed.exchange.log().count(Endpoint::Introspect), 3);
    Ok(())
}

/// The bound is each gateway's own, so this is about one.
#[tokio::test(flavor = "multi_thread")]
async fn a_burst_of_many_tokens_never_asks_more_than_four_at_once() -> Result<()> {
    let bed = TestBed::start().await?;
    let many = (0..500).map(|_| minted(&bed, "manager_mary")).collect::<Result<Vec<_>>>()?;
    bed.exchange.fault(Endpoint::Introspect, Fault::Slow(Duration::from_millis(5)));
    let mut answered = 0;
    for status in join_all(many.iter().map(|token| list(&bed, token))).await {
        match status? {
            200 => answered += 1,
            status => assert_eq!(status, 503, "whoever finds the queue full comes back"),
        }
    }
    assert!(answered >= 4, "{answered}");
    assert!(bed.exchange.log().most_at_once(Endpoint::Introspect) <= 4);
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_waits_is_answered_although_the_first_hung_up() -> Result<()> {
    let audience = "{own_client: true}\n  introspection: {deadline: 10s}".to_owned();
    let bed = TestBed::start_with(Setup { audience, ..Setup::default() }).await?;
    let held = client(&bed).await?.log_in("manager_mary").await?;
    bed.exchange.log().clear();
    bed.exchange.fault(Endpoint::Introspect, Fault::Hang);
    let first = {
        let (mcp, token) = (mcp(&bed)?, held.access.clone());
        tokio::spawn(async move { mcp.send(Some(&token), "tools/list", json!({})).await })
    };
    while bed.exchange.log().open(Endpoint::Introspect) == 0 {
        tokio::task::yield_now().await;
    }
    let waiting: Vec<_> = (0..5)
        .map(|_| {
            let (mcp, token) = (mcp(&bed), held.access.clone());
            tokio::spawn(async move { mcp?.send(Some(&token), "tools/list", json!({})).await })
        })
        .collect();
    while !bed.metrics().await?.contains("gateway_requests_in_flight 6") {}
    first.abort();
    assert!(first.await.is_err(), "it hung up");
    bed.exchange.clear_all();
    for answer in waiting {
        assert_eq!(answer.await??.status, 200);
    }
    assert_eq!(bed.exchange.log().count(Endpoint::Introspect), 1);
    Ok(())
}

#[tokio::test]
async fn no_answer_outlives_the_token_it_is_about() -> Result<()> {
    let bed = TestBed::start().await?;
    let held = client(&bed).await?.log_in("manager_mary").await?;
    let ends = bed.now().plus(Duration::from_secs(5)).unix_seconds();
    let lie = Lie::With("exp".to_owned(), json!(ends));
    bed.exchange.fault(Endpoint::Introspect, Fault::Lie(lie));
    assert_eq!(list(&bed, &held.access).await?, 200);
    bed.advance(Duration::from_secs(6));
    assert_eq!(list(&bed, &held.access).await?, 401);
    assert_eq!(bed.exchange.log().count(Endpoint::Introspect), 3, "login and both calls");
    Ok(())
}
