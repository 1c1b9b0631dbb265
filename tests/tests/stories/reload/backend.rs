//! Another backend by one edit: who has begun finishes, everybody else starts anew.

use anyhow::Result;
use reqwest::StatusCode;
use serde_json::json;
use testbed::exchange::login::Browser;
use testbed::exchange::{Endpoint, Fault};
use testbed::login::{Login, tokens};
use testbed::mcp::{Era, Mcp};
use testbed::{Setup, TestBed};

/// Waits until the Exchange is being asked.
async fn asked(bed: &TestBed, endpoint: Endpoint) {
    while bed.exchange.log().open(endpoint) == 0 {
        tokio::task::yield_now().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_call_in_flight_finishes_where_it_began_and_the_next_goes_to_the_new_backend()
-> Result<()> {
    let mut bed = TestBed::start().await?;
    let login = Login::register(&bed).await?;
    let old = login.log_in("manager_mary").await?;
    let mcp = Mcp::of(&bed, Era::Modern);
    let other = bed.another_exchange().await?;
    bed.exchange.fault(Endpoint::Rest, Fault::Hang);
    let (calling, access) = (Mcp::of(&bed, Era::Modern), old.access.clone());
    let in_flight =
        tokio::spawn(async move { calling.call(&access, "list_studies", json!({})).await });
    asked(&bed, Endpoint::Rest).await;
    let name = "second".to_owned();
    bed.retarget(&other, Setup { backend: name, ..bed.setup.clone() }).await?;
    let refused = mcp.call(&old.access, "list_studies", json!({})).await?;
    assert_eq!(refused.status, 401, "a login at the old backend is none here");
    assert!(refused.header("www-authenticate").is_some());
    assert_eq!(other.log().all().len(), 0, "no token of the old backend reached the new one");
    assert_eq!(login.refresh(&old.refresh).await?.status(), StatusCode::BAD_REQUEST);
    let new = login.log_in("manager_mary").await?;
    assert_eq!(mcp.call(&new.access, "list_studies", json!({})).await?.status, 200);
    assert!(other.log().count(Endpoint::Rest) > 0);
    bed.exchange.clear_all();
    let finished = in_flight.await??;
    assert_eq!(finished.content()?["studies"].as_array().map(Vec::len), Some(3));
    Ok(())
}

#[tokio::test]
async fn another_url_under_the_old_name_is_another_backend() -> Result<()> {
    let mut bed = TestBed::start().await?;
    let login = Login::register(&bed).await?;
    let held = login.log_in("manager_mary").await?;
    let mcp = Mcp::of(&bed, Era::Modern);
    assert_eq!(mcp.call(&held.access, "list_studies", json!({})).await?.status, 200);
    let other = bed.another_exchange().await?;
    bed.retarget(&other, bed.setup.clone()).await?;
    assert_eq!(mcp.call(&held.access, "list_studies", json!({})).await?.status, 401);
    assert_eq!(login.refresh(&held.refresh).await?.status(), StatusCode::BAD_REQUEST);
    assert_eq!(login.revoke(&held.refresh).await?.status(), StatusCode::OK);
    assert!(other.log().all().is_empty(), "it was sent nothing that was the old one's");
    Ok(())
}

#[tokio::test]
async fn a_code_of_the_old_backend_is_not_redeemed_at_the_new_one() -> Result<()> {
    let mut bed = TestBed::start().await?;
    let login = Login::register(&bed).await?;
    let code = login.code(&mut Browser::plain()?, "manager_mary", "").await?;
    let other = bed.another_exchange().await?;
    bed.retarget(&other, bed.setup.clone()).await?;
    assert_eq!(login.redeem(&code, &[]).await?.status(), StatusCode::BAD_REQUEST);
    assert!(other.log().all().is_empty());
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_refresh_in_flight_ends_at_the_backend_where_it_began() -> Result<()> {
    let mut bed = TestBed::start().await?;
    let login = Login::register(&bed).await?;
    let held = login.log_in("manager_mary").await?;
    let other = bed.another_exchange().await?;
    bed.exchange.fault(Endpoint::Token, Fault::Hang);
    let (refreshing, refresh) = (login.clone(), held.refresh.clone());
    let in_flight = tokio::spawn(async move { refreshing.refresh(&refresh).await });
    asked(&bed, Endpoint::Token).await;
    bed.retarget(&other, bed.setup.clone()).await?;
    bed.exchange.clear_all();
    let answer = in_flight.await??;
    assert_eq!(answer.status(), StatusCode::OK);
    let late = tokens(answer).await?;
    let mcp = Mcp::of(&bed, Era::Modern);
    assert_eq!(mcp.call(&late.access, "list_studies", json!({})).await?.status, 401);
    assert!(other.log().all().is_empty());
    Ok(())
}
