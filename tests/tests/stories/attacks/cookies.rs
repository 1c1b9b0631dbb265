//! A43: a browser's cookies stay few and small.

use anyhow::Result;
use futures::future::join_all;
use reqwest::StatusCode;
use serde_json::json;
use testbed::login::parameter;

use super::{approve, browser, client, fleet, fresh, log_in};

#[tokio::test]
async fn a_browser_that_starts_many_logins_still_gets_its_page() -> Result<()> {
    let bed = fleet().await?;
    let login = client(&bed).await?;
    let start = login.authorize_url(&[])?;
    let mut one = browser()?;
    let pages = join_all((0..50).map(|_| {
        let mut tab = one.clone();
        let start = start.clone();
        async move { (tab.open(&start).await, tab) }
    }));
    for (page, tab) in pages.await {
        assert_eq!(page?.status, StatusCode::OK);
        one = tab;
    }
    let link = approve(&mut one, &start).await?;
    let callback = log_in(&mut one, &bed, &link).await?;
    assert_eq!(one.open(&callback).await?.status, StatusCode::SEE_OTHER);
    Ok(())
}

/// The largest that a client may send, so that the cookies are as large as they get.
#[tokio::test]
async fn the_cookies_of_five_of_the_largest_logins_fit_into_a_request() -> Result<()> {
    let bed = fleet().await?;
    let redirect = format!("http://127.0.0.1:1/{}", "p".repeat(490));
    let metadata = json!({"client_name": "\u{1f600}".repeat(64), "redirect_uris": [redirect]});
    let registered = fresh()?.post(bed.at("/register")).json(&metadata).send().await?;
    let id: serde_json::Value = registered.json().await?;
    let id = id["client_id"].as_str().unwrap();
    let state = "&".repeat(512);
    let changes = [("client_id", id), ("redirect_uri", &redirect), ("state", &state)];
    let start = client(&bed).await?.authorize_url(&changes)?;
    let mut one = browser()?;
    for round in 0..12 {
        let link = approve(&mut one, &start).await?;
        let cookies = one.jar.header(&start);
        let logins = cookies.split("; ").filter(|pair| pair.starts_with("fmg-txn-")).count();
        assert!(logins <= 5, "round {round}: {logins} logins");
        let largest = cookies.split("; ").map(str::len).max().unwrap();
        assert!(largest < 4096, "round {round}: browsers drop a cookie of {largest} bytes");
        if round == 11 {
            let callback = log_in(&mut one, &bed, &link).await?;
            let returned = one.open(&callback).await?.location.unwrap();
            assert_eq!(parameter(&returned, "state"), Some(state.clone()));
        }
    }
    Ok(())
}
