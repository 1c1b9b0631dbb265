//! The backend is down, slow or lying: nobody is served unchecked, nobody is logged out.

use std::time::Duration;

use anyhow::Result;
use serde_json::{Value, json};
use testbed::TestBed;
use testbed::exchange::login::Browser;
use testbed::exchange::{Endpoint, Fault, Lie};
use testbed::login::{Login, tokens};
use testbed::mcp::{Era, Mcp};

/// Longer than any cached introspection is believed.
const PAST_THE_CACHE: Duration = Duration::from_secs(61);

/// Longer than nobody asks for the backend's keys after they could not be had.
const AFTER_FAILED_KEYS: Duration = Duration::from_secs(2);

/// A backend that fails again and again is asked about tokens once in this time.
const BETWEEN_PROBES: Duration = Duration::from_secs(1);

#[tokio::test]
async fn without_introspection_every_call_is_503_and_none_reaches_core() -> Result<()> {
    let bed = TestBed::start().await?;
    let held = Login::register(&bed).await?.log_in("manager_mary").await?;
    let mcp = Mcp::of(&bed, Era::Modern);
    assert_eq!(mcp.call(&held.access, "get_study_count", json!({})).await?.status, 200);
    bed.advance(PAST_THE_CACHE);
    bed.exchange.log().clear();
    for fault in [
        Fault::Unavailable,
        Fault::Status(403),
        Fault::Status(302),
        Fault::Garbage,
        Fault::Disconnect,
        Fault::Truncated,
        Fault::Lie(Lie::ActiveAsText),
        Fault::Lie(Lie::NoClientId),
    ] {
        bed.exchange.fault(Endpoint::Introspect, fault.clone());
        for (method, parameters) in [
            ("tools/call", json!({"name": "get_study_count", "arguments": {}})),
            ("tools/call", json!({"name": "get_omh_schema", "arguments": {"name": "heart-rate"}})),
            ("tools/list", json!({})),
            ("server/discover", json!({})),
        ] {
            let refused = mcp.send(Some(&held.access), method, parameters).await?;
            assert_eq!(refused.status, 503, "{fault:?} {method}");
            assert!(refused.header("retry-after").is_some());
            assert!(refused.header("www-authenticate").is_none(), "no challenge: keep your login");
        }
    }
    bed.exchange.clear_all();
    bed.exchange.reachable(false).await;
    let down = mcp.call(&held.access, "get_study_count", json!({})).await?;
    assert_eq!(down.status, 503);
    bed.exchange.reachable(true).await;
    bed.advance(BETWEEN_PROBES);
    let log = bed.exchange.log();
    assert_eq!(log.count(Endpoint::Rest) + log.count(Endpoint::Fhir), 0, "core asked nothing");
    let permitted = bed.audit().await?.into_iter().filter(|event| event["outcome"] == "permitted");
    assert_eq!(permitted.count(), 1, "only the call before the outage was permitted");
    let recovered = mcp.call(&held.access, "get_study_count", json!({})).await?;
    assert_eq!(recovered.content()?["count"], 3, "the login survived");
    Ok(())
}

#[tokio::test]
async fn a_backend_that_fails_at_once_is_asked_once_a_second_and_found_when_it_is_back()
-> Result<()> {
    let bed = TestBed::start().await?;
    let held = Login::register(&bed).await?.log_in("manager_mary").await?;
    let mcp = Mcp::of(&bed, Era::Modern);
    bed.advance(PAST_THE_CACHE);
    bed.exchange.log().clear();
    bed.exchange.fault(Endpoint::Introspect, Fault::Unavailable);
    let ten_calls = async |word: &str| {
        for _ in 0..10 {
            let refused = mcp.call(&held.access, "get_study_count", json!({})).await?;
            assert_eq!(refused.status, 503);
            assert!(refused.header("retry-after").is_some(), "{word}");
        }
        anyhow::Ok(bed.exchange.log().count(Endpoint::Introspect))
    };
    assert_eq!(ten_calls("five open it").await?, 5);
    let metrics = bed.metrics().await?;
    assert!(metrics.contains("gateway_introspection_circuit_open 1\n"));
    assert!(metrics.contains("gateway_introspections_total{answer=\"spared\"} 5\n"));
    for second in 1..=3 {
        bed.advance(BETWEEN_PROBES);
        assert_eq!(ten_calls("one probe").await?, 5 + second);
    }
    bed.exchange.clear_all();
    assert_eq!(ten_calls("not yet").await?, 8, "nobody asks before the next probe");
    bed.advance(BETWEEN_PROBES);
    let found = mcp.call(&held.access, "get_study_count", json!({})).await?;
    assert_eq!(found.status, 200);
    assert!(bed.metrics().await?.contains("gateway_introspection_circuit_open 0\n"));
    Ok(())
}

#[tokio::test]
async fn a_refresh_during_an_outage_is_503_and_works_afterwards() -> Result<()> {
    let bed = TestBed::start().await?;
    let login = Login::register(&bed).await?;
    let held = login.log_in("manager_mary").await?;
    for fault in [Fault::Unavailable, Fault::Status(500), Fault::RetryAfter(429, 7), Fault::Garbage]
    {
        bed.exchange.fault(Endpoint::Token, fault.clone());
        let refused = login.refresh(&held.refresh).await?;
        assert_eq!(refused.status(), 503, "{fault:?}");
        assert!(refused.headers().contains_key("retry-after"));
        assert_ne!(refused.json::<Value>().await?["error"], "invalid_grant");
    }
    bed.exchange.clear_all();
    let renewed = tokens(login.refresh(&held.refresh).await?).await?;
    let mcp = Mcp::of(&bed, Era::Modern);
    assert_eq!(mcp.call(&renewed.access, "get_study_count", json!({})).await?.status, 200);
    Ok(())
}

#[tokio::test]
async fn a_login_outlives_an_outage_between_callback_and_token() -> Result<()> {
    let bed = TestBed::start().await?;
    let login = Login::register(&bed).await?;
    let code = login.code(&mut Browser::plain()?, "manager_mary", "").await?;
    bed.exchange.reachable(false).await;
    assert_eq!(login.redeem(&code, &[]).await?.status(), 503);
    bed.exchange.reachable(true).await;
    assert_eq!(login.redeem(&code, &[]).await?.status(), 200);
    Ok(())
}

#[tokio::test]
async fn a_grant_that_the_backend_has_spent_is_not_lost_when_the_rest_of_the_issue_fails()
-> Result<()> {
    let bed = TestBed::start().await?;
    let login = Login::register(&bed).await?;
    // The first login of a gateway also needs the backend's keys.
    for endpoint in [Endpoint::Discovery, Endpoint::Introspect] {
        let code = login.code(&mut Browser::plain()?, "manager_mary", "").await?;
        bed.exchange.fault(endpoint, Fault::Unavailable);
        assert_eq!(login.redeem(&code, &[]).await?.status(), 503);
        assert_eq!(login.redeem(&code, &[]).await?.status(), 503);
        bed.exchange.clear_all();
        bed.advance(AFTER_FAILED_KEYS);
        assert_eq!(login.redeem(&code, &[]).await?.status(), 200, "{endpoint:?}");
        assert_eq!(login.redeem(&code, &[]).await?.status(), 400, "and the code is spent");
    }
    let held = login.log_in("manager_mary").await?;
    bed.exchange.fault(Endpoint::Introspect, Fault::Status(500));
    assert_eq!(login.refresh(&held.refresh).await?.status(), 503);
    bed.exchange.clear_all();
    assert_eq!(login.refresh(&held.refresh).await?.status(), 200);
    assert_eq!(login.refresh(&held.refresh).await?.status(), 400);
    Ok(())
}

#[tokio::test]
async fn a_known_bad_token_is_401_with_a_challenge() -> Result<()> {
    let bed = TestBed::start().await?;
    let held = Login::register(&bed).await?.log_in("manager_mary").await?;
    let mcp = Mcp::of(&bed, Era::Modern);
    for (lie, word) in [
        (Lie::Inactive, "backend_token_inactive"),
        (Lie::OtherClient("another".to_owned()), "wrong_audience"),
    ] {
        bed.advance(PAST_THE_CACHE);
        bed.exchange.fault(Endpoint::Introspect, Fault::Lie(lie));
        let refused = mcp.call(&held.access, "get_study_count", json!({})).await?;
        assert_eq!(refused.status, 401);
        assert_eq!(refused.body["title"], word);
        assert!(refused.header("www-authenticate").unwrap().contains("error=\"invalid_token\""));
    }
    Ok(())
}

#[tokio::test]
async fn a_backend_that_refuses_the_token_during_a_tool_makes_it_401_at_once() -> Result<()> {
    let bed = TestBed::start().await?;
    let held = Login::register(&bed).await?.log_in("manager_mary").await?;
    let mcp = Mcp::of(&bed, Era::Modern);
    assert_eq!(mcp.call(&held.access, "get_study_count", json!({})).await?.status, 200);
    bed.exchange.revoke_all("manager_mary");
    // The cached introspection would still vouch for it; the backend itself does not.
    let refused = mcp.call(&held.access, "get_study_count", json!({})).await?;
    assert_eq!(refused.status, 401);
    let asked = bed.exchange.log().count(Endpoint::Introspect);
    let again = mcp.send(Some(&held.access), "tools/list", json!({})).await?;
    assert_eq!(again.status, 401, "and what introspection said is forgotten");
    assert_eq!(bed.exchange.log().count(Endpoint::Introspect), asked + 1);
    Ok(())
}

#[tokio::test]
async fn data_that_cannot_be_had_is_a_tool_error_and_never_zero() -> Result<()> {
    let bed = TestBed::start().await?;
    let held = Login::register(&bed).await?.log_in("manager_mary").await?;
    let mcp = Mcp::of(&bed, Era::Modern);
    for fault in [Fault::Status(500), Fault::Garbage, Fault::Truncated] {
        bed.exchange.fault(Endpoint::Rest, fault.clone());
        bed.exchange.fault(Endpoint::Fhir, fault.clone());
        for (tool, arguments) in [
            ("get_study_count", json!({})),
            ("list_studies", json!({})),
            ("count_patient_observations", json!({"patient_id": 40001})),
            ("list_study_patients", json!({"study_id": "30001"})),
        ] {
            let answer = mcp.call(&held.access, tool, arguments).await?;
            assert!(answer.tool_error().is_some(), "{fault:?} {tool}: {}", answer.body);
        }
    }
    Ok(())
}

#[tokio::test]
async fn a_core_that_is_gone_is_a_fault_and_not_an_answer() -> Result<()> {
    let mut bed = TestBed::start().await?;
    let held = Login::register(&bed).await?.log_in("manager_mary").await?;
    bed.stop_core().await;
    let answer =
        Mcp::of(&bed, Era::Modern).call(&held.access, "get_study_count", json!({})).await?;
    assert!([502, 503].contains(&answer.status), "{}", answer.status);
    Ok(())
}
