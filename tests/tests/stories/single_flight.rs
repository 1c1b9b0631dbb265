//! A burst of calls asks the backend once.

use anyhow::Result;
use futures::future::join_all;
use serde_json::json;
use testbed::TestBed;
use testbed::exchange::{Endpoint, Fault};
use testbed::login::Login;
use testbed::mcp::{Era, Mcp};

#[tokio::test(flavor = "multi_thread")]
async fn five_hundred_parallel_calls_with_one_token_cause_one_introspection() -> Result<()> {
    let bed = TestBed::start().await?;
    let held = Login::register(&bed).await?.log_in("manager_mary").await?;
    bed.exchange.log().clear();
    let mcp = Mcp::of(&bed, Era::Modern);
    let schema = json!({"name": "heart-rate"});
    let calls = (0..500).map(|_| mcp.call(&held.access, "get_omh_schema", schema.clone()));
    for answer in join_all(calls).await {
        assert_eq!(answer?.status, 200);
    }
    assert_eq!(bed.exchange.log().count(Endpoint::Introspect), 1);
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn many_people_at_once_never_make_more_than_four_introspections_at_a_time() -> Result<()> {
    let bed = TestBed::start().await?;
    let login = Login::register(&bed).await?;
    let mut held = Vec::new();
    for person in ["manager_mary", "member_megan", "viewer_victor", "three_org_tom", "manager_mark"]
    {
        held.push(login.log_in(person).await?);
        held.push(login.log_in(person).await?);
    }
    bed.exchange.log().clear();
    bed.exchange.fault(Endpoint::Introspect, Fault::Slow(std::time::Duration::from_millis(50)));
    let mcp = Mcp::of(&bed, Era::Modern);
    let calls = held.iter().map(|tokens| mcp.send(Some(&tokens.access), "tools/list", json!({})));
    for answer in join_all(calls).await {
        assert_eq!(answer?.status, 200);
    }
    assert_eq!(bed.exchange.log().count(Endpoint::Introspect), 10);
    assert!(bed.exchange.log().most_at_once(Endpoint::Introspect) <= 4);
    Ok(())
}
