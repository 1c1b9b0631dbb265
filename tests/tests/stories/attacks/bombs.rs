//! C17: answers of the backend that never end, or that are packed although nobody asked for it.

use std::time::Duration;

use anyhow::Result;
use serde_json::{Value, json};
use testbed::TestBed;
use testbed::exchange::login::Browser;
use testbed::exchange::{Endpoint, Fault, Lie};
use testbed::login::Login;
use testbed::mcp::{Era, Mcp};

use super::minted;

/// Longer than nobody asks for the backend's keys after they could not be had.
const AFTER_FAILED_KEYS: Duration = Duration::from_secs(2);

const BOMBS: [Fault; 2] = [Fault::Endless, Fault::Packed];

#[tokio::test]
async fn an_introspection_that_never_ends_or_is_packed_is_a_fault() -> Result<()> {
    let bed = TestBed::start().await?;
    let (token, mcp) = (minted(&bed, "manager_mary")?, Mcp::of(&bed, Era::Modern));
    for bomb in BOMBS {
        bed.exchange.fault(Endpoint::Introspect, bomb.clone());
        let refused = mcp.call(&token, "get_study_count", json!({})).await?;
        assert_eq!(refused.status, 503, "{bomb:?}");
        assert_eq!(refused.body["title"], "backend_answer", "{bomb:?}: read no further, not late");
    }
    bed.exchange.clear_all();
    assert_eq!(mcp.call(&token, "get_study_count", json!({})).await?.status, 200);
    Ok(())
}

#[tokio::test]
async fn no_answer_of_a_login_is_read_to_an_end_that_it_does_not_have() -> Result<()> {
    let bed = TestBed::start().await?;
    let login = Login::register(&bed).await?;
    // The first login also fetches the keys; userinfo is asked when there is no id token.
    for endpoint in [Endpoint::Discovery, Endpoint::Token, Endpoint::Userinfo] {
        for bomb in BOMBS {
            let code = login.code(&mut Browser::plain()?, "manager_mary", "").await?;
            if endpoint == Endpoint::Userinfo {
                let lie = Fault::Lie(Lie::Without("id_token".to_owned()));
                bed.exchange.fault(Endpoint::Token, lie);
            }
            bed.exchange.fault(endpoint, bomb.clone());
            let refused = login.redeem(&code, &[]).await?;
            assert_eq!(refused.status(), 503, "{endpoint:?} {bomb:?}");
            let told: Value = refused.json().await?;
            assert_eq!(told["error"], "temporarily_unavailable", "{endpoint:?} {bomb:?}");
            bed.exchange.clear_all();
            bed.advance(AFTER_FAILED_KEYS);
        }
    }
    let faults = "gateway_faults_total{kind=\"backend_answer\",peer=\"backend\"} 6\n";
    assert!(bed.metrics().await?.contains(faults), "{}", bed.metrics().await?);
    login.log_in("manager_mary").await?;
    Ok(())
}

#[tokio::test]
async fn what_core_reads_of_the_backend_is_capped_and_never_unpacked() -> Result<()> {
    let bed = TestBed::start().await?;
    let (token, mcp) = (minted(&bed, "manager_mary")?, Mcp::of(&bed, Era::Modern));
    for bomb in BOMBS {
        for endpoint in [Endpoint::Rest, Endpoint::Fhir] {
            bed.exchange.fault(endpoint, bomb.clone());
        }
        for (tool, arguments) in [
            ("get_study_count", json!({})),
            ("count_patient_observations", json!({"patient_id": 40001})),
        ] {
            let answer = mcp.call(&token, tool, arguments).await?;
            assert!(answer.tool_error().is_some(), "{bomb:?} {tool}: {}", answer.body);
        }
    }
    bed.exchange.clear_all();
    let answer = mcp.call(&token, "get_study_count", json!({})).await?;
    assert_eq!(answer.content()?["count"], 3);
    Ok(())
}

#[tokio::test]
async fn the_backend_is_never_asked_for_anything_packed() -> Result<()> {
    let bed = TestBed::start().await?;
    let held = Login::register(&bed).await?.log_in("manager_mary").await?;
    let mcp = Mcp::of(&bed, Era::Modern);
    mcp.call(&held.access, "count_patient_observations", json!({"patient_id": 40001})).await?;
    let seen = bed.exchange.log().all();
    let ours = seen.iter().filter(|seen| seen.endpoint != Endpoint::Authorize);
    let codings: Vec<_> =
        ours.map(|seen| (seen.endpoint, seen.accept_encoding.as_deref())).collect();
    assert!(codings.len() > 4);
    assert!(
        codings.iter().all(|(_, coding)| matches!(coding, None | Some("identity"))),
        "{codings:?}"
    );
    Ok(())
}
