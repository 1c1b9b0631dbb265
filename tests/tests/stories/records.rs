//! What is written down: one audit event for each call, and no secret and no person in any of it.

use anyhow::Result;
use serde_json::json;
use testbed::TestBed;
use testbed::login::Login;
use testbed::mcp::{Era, Mcp};

#[tokio::test]
async fn each_permitted_and_each_refused_call_is_one_audit_event() -> Result<()> {
    let bed = TestBed::start().await?;
    let held = Login::register(&bed).await?.log_in_for("manager_mary", "user/Group.rs").await?;
    let before = bed.audit().await?.len();
    let mcp = Mcp::of(&bed, Era::Modern);
    mcp.call(&held.access, "list_studies", json!({})).await?;
    mcp.call(&held.access, "search_patients", json!({"family": "Canary"})).await?;
    mcp.call("garbage", "list_studies", json!({})).await?;
    let events = bed.audit().await?.split_off(before);
    let told: Vec<_> = events
        .iter()
        .map(|event| {
            (event["outcome"].as_str(), event["reason"].as_str(), event["subject"].as_str())
        })
        .collect();
    assert_eq!(
        told,
        [
            (Some("permitted"), None, Some("10002")),
            (Some("refused"), Some("insufficient_scope"), Some("10002")),
            (Some("refused"), Some("token_invalid"), None),
        ]
    );
    assert_eq!(events[0]["mcp.tool"], "list_studies");
    Ok(())
}

#[tokio::test]
async fn no_token_no_name_and_no_argument_stands_in_audit_trail_or_metrics() -> Result<()> {
    let bed = TestBed::start().await?;
    let login = Login::register(&bed).await?;
    let held = login.log_in("manager_mary").await?;
    let mcp = Mcp::of(&bed, Era::Modern);
    let found = mcp.call(&held.access, "search_patients", json!({"family": "Canary"})).await?;
    assert_eq!(found.content()?["total"], 0);
    let shown =
        mcp.call(&held.access, "get_patient_demographics", json!({"patient_id": 40001})).await?;
    let person = shown.content()?.clone();
    mcp.call(&held.access, "no_such_tool_canary", json!({})).await?;
    let written = format!("{}{}", bed.metrics().await?, {
        bed.audit().await?;
        bed.records.text()
    });
    let mut secrets = vec!["Canary", "canary", "example.com", &held.access, &held.refresh];
    secrets.extend(
        ["family_name", "given_name", "birth_date"].iter().filter_map(|key| person[*key].as_str()),
    );
    let client_secret = bed.exchange.client_secret();
    secrets.push(&client_secret);
    assert!(secrets.len() >= 8, "the person has a name and a birth date: {person}");
    for secret in secrets {
        assert!(!written.contains(secret), "{secret} is written down");
    }
    Ok(())
}

#[tokio::test]
async fn a_name_that_a_client_invents_makes_no_metric_series() -> Result<()> {
    let bed = TestBed::start().await?;
    let held = Login::register(&bed).await?.log_in("manager_mary").await?;
    let mcp = Mcp::of(&bed, Era::Modern);
    for at in 0..2 {
        mcp.call(&held.access, &format!("invented_{at}"), json!({})).await?;
        reqwest::get(bed.at(&format!("/invented-{at}"))).await?;
    }
    let before = bed.metrics().await?.lines().count();
    for at in 2..20 {
        mcp.call(&held.access, &format!("invented_{at}"), json!({})).await?;
        reqwest::get(bed.at(&format!("/invented-{at}"))).await?;
    }
    assert_eq!(bed.metrics().await?.lines().count(), before);
    Ok(())
}
