//! A33, B07, B08: the backend cannot say.

use std::future::Future;
use std::time::Duration;

use anyhow::{Result, bail};
use serde_json::{Value, json};
use testbed::exchange::{Endpoint, Fault, Lie};
use testbed::login::tokens;
use testbed::{Setup, TestBed};

use super::{PRIVATE, browser, client, fleet, fleet_with, mcp};

/// Longer than any cached introspection is believed.
const PAST_THE_CACHE: Duration = Duration::from_secs(61);

/// A backend that is waited for a tenth of a second.
fn impatient() -> Setup {
    let rules = "{own_client: true}\n  deadline: 100ms\n  introspection: {deadline: 100ms}";
    Setup { audience: rules.to_owned(), ..Setup::default() }
}

#[tokio::test]
async fn a_refresh_outlives_every_way_in_which_the_token_endpoint_fails() -> Result<()> {
    let bed = fleet_with(impatient()).await?;
    let login = client(&bed).await?;
    let mut held = login.log_in("manager_mary").await?;
    for fault in [
        Fault::Unavailable,
        Fault::Status(500),
        Fault::Status(302),
        Fault::Status(404),
        Fault::RetryAfter(429, 7),
        Fault::Garbage,
    ] {
        bed.exchange.fault(Endpoint::Token, fault.clone());
        let refused = login.refresh(&held.refresh).await?;
        assert_eq!(refused.status(), 503, "{fault:?}");
        assert!(refused.headers().contains_key("retry-after"), "{fault:?}");
        assert_eq!(refused.json::<Value>().await?["error"], "temporarily_unavailable");
        bed.exchange.clear_all();
        held = tokens(login.refresh(&held.refresh).await?).await?;
    }
    Ok(())
}

/// What a client does that was told to try again. It asks in vain while the backend hangs.
async fn patiently<F>(attempt: impl Fn() -> F) -> Result<reqwest::Response>
where
    F: Future<Output = Result<reqwest::Response>>,
{
    for _ in 0..100 {
        let answer = attempt().await?;
        if answer.status() != 503 {
            return Ok(answer);
        }
    }
    bail!("503 for ever");
}

/// About one gateway: what comes late waits where it was asked for.
#[tokio::test]
async fn a_token_endpoint_that_hangs_costs_neither_a_login_nor_a_refresh() -> Result<()> {
    let bed = TestBed::start_with(impatient()).await?;
    let login = client(&bed).await?;
    let code = login.code(&mut browser()?, "manager_mary", "").await?;
    bed.exchange.log().clear();
    bed.exchange.fault(Endpoint::Token, Fault::Hang);
    for _ in 0..3 {
        let refused = login.redeem(&code, &[]).await?;
        assert_eq!(refused.status(), 503);
        assert!(refused.headers().contains_key("retry-after"));
    }
    bed.exchange.clear_all();
    let held = tokens(patiently(|| login.redeem(&code, &[])).await?).await?;
    assert_eq!(bed.exchange.log().count(Endpoint::Token), 1, "the tries joined one question");
    assert_eq!(login.redeem(&code, &[]).await?.status(), 400, "a code is good once");
    bed.exchange.log().clear();
    bed.exchange.fault(Endpoint::Token, Fault::Hang);
    for _ in 0..3 {
        assert_eq!(login.refresh(&held.refresh).await?.status(), 503);
    }
    bed.exchange.clear_all();
    let renewed = tokens(patiently(|| login.refresh(&held.refresh)).await?).await?;
    assert_eq!(bed.exchange.log().count(Endpoint::Token), 1, "the tries joined one question");
    assert_eq!(login.refresh(&held.refresh).await?.status(), 400, "a rotated token is spent");
    assert_eq!(mcp(&bed)?.call(&renewed.access, PRIVATE, json!({})).await?.status, 200);
    Ok(())
}

#[tokio::test]
async fn of_many_who_bring_one_code_while_the_backend_hangs_one_wins() -> Result<()> {
    let bed = TestBed::start().await?;
    let login = client(&bed).await?;
    let code = login.code(&mut browser()?, "manager_mary", "").await?;
    bed.exchange.log().clear();
    bed.exchange.fault(Endpoint::Token, Fault::Hang);
    let tries: Vec<_> = (0..16)
        .map(|_| {
            let (login, code) = (login.clone(), code.clone());
            tokio::spawn(
                async move { Ok::<_, anyhow::Error>(login.redeem(&code, &[]).await?.status()) },
            )
        })
        .collect();
    while !bed.metrics().await?.contains("gateway_requests_in_flight 16") {}
    bed.exchange.clear_all();
    let mut statuses = Vec::new();
    for one in tries {
        statuses.push(one.await??.as_u16());
    }
    statuses.sort_unstable();
    assert_eq!(statuses.first(), Some(&200));
    assert!(statuses.iter().skip(1).all(|status| *status == 400), "{statuses:?}");
    assert_eq!(bed.exchange.log().count(Endpoint::Token), 1);
    Ok(())
}

#[tokio::test]
async fn an_introspection_that_hangs_is_503_in_time_and_nothing_reaches_core() -> Result<()> {
    let bed = fleet_with(impatient()).await?;
    let held = client(&bed).await?.log_in("manager_mary").await?;
    let mcp = mcp(&bed)?;
    for _ in 0..3 {
        assert_eq!(mcp.call(&held.access, PRIVATE, json!({})).await?.status, 200);
    }
    bed.advance(PAST_THE_CACHE);
    bed.exchange.log().clear();
    bed.exchange.fault(Endpoint::Introspect, Fault::Hang);
    for _ in 0..3 {
        let refused = mcp.call(&held.access, PRIVATE, json!({})).await?;
        assert_eq!(refused.status, 503);
        assert!(refused.header("retry-after").is_some());
        assert!(refused.header("www-authenticate").is_none(), "the login is kept");
    }
    assert_eq!(bed.exchange.log().count(Endpoint::Rest), 0);
    bed.exchange.clear_all();
    assert_eq!(mcp.call(&held.access, PRIVATE, json!({})).await?.status, 200);
    Ok(())
}

#[tokio::test]
async fn an_introspection_that_makes_no_sense_is_503_and_not_remembered() -> Result<()> {
    let bed = fleet().await?;
    let held = client(&bed).await?.log_in("manager_mary").await?;
    let mcp = mcp(&bed)?;
    let large = Value::String("x".repeat(70_000));
    for fault in [
        Fault::Unavailable,
        Fault::Status(200),
        Fault::Status(302),
        Fault::Status(403),
        Fault::Lie(Lie::ActiveAsText),
        Fault::Lie(Lie::NoClientId),
        Fault::Lie(Lie::Without("active".to_owned())),
        Fault::Lie(Lie::With("client_id".to_owned(), json!(7))),
        Fault::Lie(Lie::With("exp".to_owned(), json!("soon"))),
        Fault::Lie(Lie::With("padding".to_owned(), large)),
    ] {
        bed.advance(PAST_THE_CACHE);
        bed.exchange.fault(Endpoint::Introspect, fault.clone());
        for _ in 0..3 {
            let refused = mcp.call(&held.access, PRIVATE, json!({})).await?;
            assert_eq!(refused.status, 503, "{fault:?}");
        }
        bed.exchange.clear_all();
        for _ in 0..3 {
            assert_eq!(mcp.call(&held.access, PRIVATE, json!({})).await?.status, 200, "{fault:?}");
        }
    }
    Ok(())
}
