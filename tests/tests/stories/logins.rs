//! The login: what a person and a client go through, and what does not get through.

use std::time::Duration;

use anyhow::Result;
use serde_json::{Value, json};
use testbed::exchange::login::Browser;
use testbed::exchange::{Endpoint, Fault, Lie};
use testbed::login::{Login, REDIRECT, parameter, tokens};
use testbed::mcp::{Era, Mcp};
use testbed::{Setup, TestBed};

#[tokio::test]
async fn a_client_finds_everything_from_one_url() -> Result<()> {
    let bed = TestBed::start().await?;
    let refused = Mcp::of(&bed, Era::Modern).send(None, "server/discover", json!({})).await?;
    assert_eq!(refused.status, 401);
    let challenge = refused.header("www-authenticate").unwrap();
    assert!(!challenge.contains("error="), "{challenge}");
    let (_, rest) = challenge.split_once("resource_metadata=\"").unwrap();
    let metadata_url = rest.trim_end_matches('"');
    let resource: Value = reqwest::get(metadata_url).await?.json().await?;
    assert_eq!(resource["resource"], bed.at("/mcp"));
    let issuer = resource["authorization_servers"][0].as_str().unwrap();
    let well_known = format!("{issuer}/.well-known/oauth-authorization-server");
    let server: Value = reqwest::get(well_known).await?.json().await?;
    assert_eq!(server["issuer"], issuer);
    assert_eq!(server["registration_endpoint"], bed.at("/register"));
    Ok(())
}

#[tokio::test]
async fn the_discovery_documents_are_those_of_the_snapshot() -> Result<()> {
    let bed = TestBed::start().await?;
    for (name, paths) in [
        (
            "protected_resource",
            ["/.well-known/oauth-protected-resource/mcp", "/.well-known/oauth-protected-resource"],
        ),
        (
            "authorization_server",
            ["/.well-known/oauth-authorization-server", "/.well-known/openid-configuration"],
        ),
    ] {
        let mut texts = Vec::new();
        for path in paths {
            let text = reqwest::get(bed.at(path)).await?.text().await?;
            texts.push(text.replace(bed.origin(), "https://gateway.example"));
        }
        assert_eq!(texts[0], texts[1], "both names give the same document");
        insta::assert_json_snapshot!(name, serde_json::from_str::<Value>(&texts[0])?);
    }
    Ok(())
}

#[tokio::test]
async fn a_person_logs_in_approves_and_is_answered() -> Result<()> {
    let bed = TestBed::start().await?;
    let login = Login::register(&bed).await?;
    let tokens = login.log_in("manager_mary").await?;
    assert!(tokens.access.starts_with("fmga1_") && tokens.refresh.starts_with("fmgr1_"));
    let answer =
        Mcp::of(&bed, Era::Modern).call(&tokens.access, "get_study_count", json!({})).await?;
    assert_eq!(answer.content()?["count"], 3);
    Ok(())
}

#[tokio::test]
async fn the_consent_page_asks_on_every_authorization_and_starts_nothing() -> Result<()> {
    let bed = TestBed::start().await?;
    let login = Login::register(&bed).await?;
    let mut browser = Browser::plain()?;
    login.code(&mut browser, "manager_mary", "").await?;
    let before = bed.exchange.log().count(Endpoint::Authorize);
    let again = browser.open(&login.authorize_url(&[])?).await?;
    assert_eq!(again.status, 200);
    assert!(again.text.contains("Story"), "the page names the client");
    assert_eq!(bed.exchange.log().count(Endpoint::Authorize), before, "nothing is forwarded");
    assert!(browser.jar.header(&again.url).contains("fmg-consent"));
    assert!(!browser.jar.header(&again.url).contains("fmg-txn"), "no transaction has begun");
    Ok(())
}

#[tokio::test]
async fn a_person_who_declines_goes_back_to_the_client_and_nothing_is_issued() -> Result<()> {
    let bed = TestBed::start().await?;
    let login = Login::register(&bed).await?;
    let mut browser = Browser::plain()?;
    let page = browser.open(&login.authorize_url(&[])?).await?;
    let back = Login::decide(&mut browser, &page, "decline").await?.location.unwrap();
    assert!(back.as_str().starts_with(REDIRECT));
    assert_eq!(parameter(&back, "error").as_deref(), Some("access_denied"));
    assert_eq!(parameter(&back, "state").as_deref(), Some("story-state"));
    assert_eq!(parameter(&back, "iss").as_deref(), Some(bed.origin()));
    assert_eq!(bed.exchange.log().count(Endpoint::Authorize), 0);
    Ok(())
}

#[tokio::test]
async fn a_login_that_ends_in_another_browser_gets_a_page_and_no_code() -> Result<()> {
    let bed = TestBed::start().await?;
    let login = Login::register(&bed).await?;
    let mut attacker = Browser::plain()?;
    let page = attacker.open(&login.authorize_url(&[])?).await?;
    let to_exchange = Login::decide(&mut attacker, &page, "approve").await?.location.unwrap();
    let mut victim = Browser::plain()?;
    let callback = bed.at("/oauth/callback");
    let returned = victim.drive(&to_exchange, "manager_mary", &callback).await?;
    let refused = victim.open(&returned).await?;
    assert_eq!(refused.status, 400);
    assert_eq!(refused.location, None);
    assert_eq!(bed.exchange.log().count(Endpoint::Token), 0, "no token call to the backend");
    Ok(())
}

#[tokio::test]
async fn a_form_posted_from_elsewhere_starts_nothing() -> Result<()> {
    let bed = TestBed::start().await?;
    let login = Login::register(&bed).await?;
    let mut browser = Browser::plain()?;
    let page = browser.open(&login.authorize_url(&[])?).await?;
    let mut form = page.form()?;
    form.set("decision", "approve");
    form.buttons.clear();
    let mut elsewhere = page.clone();
    elsewhere.url = "https://evil.example/".parse()?;
    form.action = bed.at("/authorize");
    let refused = browser.submit(&elsewhere, &form, "").await?;
    assert_eq!(refused.status, 403);
    assert!(refused.text.contains("<h1"), "a person gets a page: {}", refused.text);
    assert!(!browser.jar.header(&page.url).contains("fmg-txn"));
    Ok(())
}

#[tokio::test]
async fn a_code_works_once_with_its_own_verifier_and_client() -> Result<()> {
    let bed = TestBed::start().await?;
    let login = Login::register(&bed).await?;
    let code = login.code(&mut Browser::plain()?, "manager_mary", "").await?;
    let wrong = "x".repeat(43);
    for change in [("code_verifier", wrong.as_str()), ("client_id", "x"), ("redirect_uri", "x")] {
        let refused = login.redeem(&code, &[change]).await?;
        assert_eq!(refused.status(), 400);
        assert_eq!(refused.json::<Value>().await?["error"], "invalid_grant");
    }
    assert_eq!(bed.exchange.log().count(Endpoint::Token), 0, "a thief costs the backend nothing");
    assert_eq!(login.redeem(&code, &[]).await?.status(), 200);
    assert_eq!(login.redeem(&code, &[]).await?.status(), 400);
    Ok(())
}

#[tokio::test]
async fn the_token_answer_is_not_stored_and_holds_nothing_of_the_backend() -> Result<()> {
    let bed = TestBed::start().await?;
    let login = Login::register(&bed).await?;
    let code = login.code(&mut Browser::plain()?, "manager_mary", "").await?;
    let answer = login.redeem(&code, &[]).await?;
    assert_eq!(answer.headers()["cache-control"], "no-store");
    let body: Value = answer.json().await?;
    let keys: Vec<&String> = body.as_object().unwrap().keys().collect();
    assert_eq!(keys, ["access_token", "token_type", "expires_in", "scope", "refresh_token"]);
    Ok(())
}

#[tokio::test]
async fn a_refresh_works_twice_in_a_row_and_ends_the_token_before() -> Result<()> {
    let bed = TestBed::start().await?;
    let login = Login::register(&bed).await?;
    let first = login.log_in("manager_mary").await?;
    let second = tokens(login.refresh(&first.refresh).await?).await?;
    let third = tokens(login.refresh(&second.refresh).await?).await?;
    let mcp = Mcp::of(&bed, Era::Modern);
    assert_eq!(mcp.call(&third.access, "get_study_count", json!({})).await?.status, 200);
    assert_eq!(mcp.call(&first.access, "get_study_count", json!({})).await?.status, 401);
    let replayed = login.refresh(&first.refresh).await?;
    assert_eq!(replayed.status(), 400);
    Ok(())
}

#[tokio::test]
async fn a_session_ends_for_good_whatever_was_refreshed_meanwhile() -> Result<()> {
    let bed = TestBed::start().await?;
    let login = Login::register(&bed).await?;
    let mut held = login.log_in("manager_mary").await?;
    for _ in 0..6 {
        bed.advance(Duration::from_secs(24 * 3600));
        held = tokens(login.refresh(&held.refresh).await?).await?;
    }
    bed.advance(Duration::from_secs(24 * 3600));
    let ended = login.refresh(&held.refresh).await?;
    assert_eq!(ended.json::<Value>().await?["error"], "invalid_grant");
    Ok(())
}

#[tokio::test]
async fn a_revocation_ends_the_login_at_the_backend() -> Result<()> {
    let bed = TestBed::start().await?;
    let login = Login::register(&bed).await?;
    let held = login.log_in("manager_mary").await?;
    assert_eq!(login.revoke(&held.refresh).await?.status(), 200);
    assert_eq!(bed.exchange.log().count(Endpoint::Revoke), 1);
    let mcp = Mcp::of(&bed, Era::Modern);
    assert_eq!(mcp.call(&held.access, "get_study_count", json!({})).await?.status, 401);
    assert_eq!(login.refresh(&held.refresh).await?.status(), 400);
    assert_eq!(login.revoke("garbage").await?.status(), 200);
    assert_eq!(bed.exchange.log().count(Endpoint::Revoke), 1, "garbage costs the backend nothing");
    Ok(())
}

#[tokio::test]
async fn browsers_may_know_the_backend_under_another_url_than_we_do() -> Result<()> {
    let bed = TestBed::start_with(Setup { public_localhost: true, ..Setup::default() }).await?;
    let login = Login::register(&bed).await?;
    let mut browser = Browser::plain()?;
    let page = browser.open(&login.authorize_url(&[])?).await?;
    let to_exchange = Login::decide(&mut browser, &page, "approve").await?.location.unwrap();
    assert_eq!(to_exchange.host_str(), Some("localhost"));
    let tokens = login.log_in("manager_mary").await?;
    let answer =
        Mcp::of(&bed, Era::Modern).call(&tokens.access, "get_study_count", json!({})).await?;
    assert_eq!(answer.content()?["count"], 3);
    Ok(())
}

#[tokio::test]
async fn nothing_is_issued_for_a_token_that_the_backend_vouches_for_to_another() -> Result<()> {
    let bed = TestBed::start().await?;
    let login = Login::register(&bed).await?;
    let code = login.code(&mut Browser::plain()?, "manager_mary", "").await?;
    bed.exchange.fault(Endpoint::Introspect, Fault::Lie(Lie::OtherClient("other".to_owned())));
    let refused = login.redeem(&code, &[]).await?;
    assert_eq!(refused.status(), 400);
    assert_eq!(refused.json::<Value>().await?["error"], "invalid_grant");
    Ok(())
}
