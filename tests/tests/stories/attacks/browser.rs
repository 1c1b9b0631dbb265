//! A01 to A05, A10 to A12, A19, A40, A41: what happens in the person's browser.

use anyhow::Result;
use reqwest::StatusCode;
use serde_json::Value;
use testbed::Setup;
use testbed::exchange::Endpoint;
use testbed::login::{Login, REDIRECT, parameter};
use url::Url;

use super::{approve, assert_page, browser, client, fleet, fresh, log_in};

#[tokio::test]
async fn a_login_belongs_to_the_browser_that_approved_it() -> Result<()> {
    let bed = fleet().await?;
    let login = client(&bed).await?;
    for _ in 0..3 {
        let mut stranger = browser()?;
        let link = approve(&mut stranger, &login.authorize_url(&[])?).await?;
        let mut victim = browser()?;
        let callback = log_in(&mut victim, &bed, &link).await?;
        assert_page(&victim.open(&callback).await?, 400, "the victim has no cookie");
    }
    assert_eq!(bed.exchange.log().count(Endpoint::Token), 0, "no token call to the backend");
    Ok(())
}

#[tokio::test]
async fn a_state_opens_only_the_cookie_of_its_own_login() -> Result<()> {
    let bed = fleet().await?;
    let login = client(&bed).await?;
    let mut one = browser()?;
    let mut callbacks = Vec::new();
    for _ in 0..2 {
        let link = approve(&mut one, &login.authorize_url(&[])?).await?;
        callbacks.push(log_in(&mut one, &bed, &link).await?);
    }
    let names: Vec<String> = callbacks.iter().map(cookie_name).collect();
    let value = |name: &str| one.jar.value(name).unwrap().to_owned();
    let http = fresh()?;
    for (callback, name, other) in
        [(&callbacks[0], &names[0], &names[1]), (&callbacks[1], &names[1], &names[0])]
    {
        let crossed = format!("{name}={}", value(other));
        let refused = http.get(callback.clone()).header("cookie", crossed).send().await?;
        assert_eq!(refused.status(), StatusCode::BAD_REQUEST);
        assert!(!refused.headers().contains_key("location"));
    }
    for callback in &callbacks {
        let returned = one.open(callback).await?;
        assert_eq!(returned.status, StatusCode::SEE_OTHER);
        assert!(parameter(returned.location.as_ref().unwrap(), "code").is_some());
    }
    Ok(())
}

/// A code of one login under the state of another is sealed with the wrong proof: it buys nothing.
#[tokio::test]
async fn a_backend_code_under_the_state_of_another_login_buys_nothing() -> Result<()> {
    let bed = fleet().await?;
    let login = client(&bed).await?;
    let mut one = browser()?;
    let first = approve(&mut one, &login.authorize_url(&[])?).await?;
    let first = log_in(&mut one, &bed, &first).await?;
    let second = approve(&mut one, &login.authorize_url(&[])?).await?;
    let state = parameter(&second, "state").unwrap();
    let mut crossed = Url::parse(&bed.at("/oauth/callback"))?;
    let code = parameter(&first, "code").unwrap();
    crossed.query_pairs_mut().append_pair("code", &code).append_pair("state", &state);
    let returned = one.open(&crossed).await?.location.unwrap();
    let refused = login.redeem(&parameter(&returned, "code").unwrap(), &[]).await?;
    assert_eq!(refused.status(), 400);
    assert_eq!(refused.json::<Value>().await?["error"], "invalid_grant");
    Ok(())
}

#[tokio::test]
async fn a_callback_works_once() -> Result<()> {
    let bed = fleet().await?;
    let login = client(&bed).await?;
    let mut one = browser()?;
    let link = approve(&mut one, &login.authorize_url(&[])?).await?;
    let callback = log_in(&mut one, &bed, &link).await?;
    assert_eq!(one.open(&callback).await?.status, StatusCode::SEE_OTHER);
    assert_page(&one.open(&callback).await?, 400, "the cookie was cleared");
    Ok(())
}

#[tokio::test]
async fn only_our_own_form_in_the_same_browser_approves() -> Result<()> {
    let bed = fleet().await?;
    let login = client(&bed).await?;
    let mut one = browser()?;
    let start = login.authorize_url(&[])?;
    let page = one.open(&start).await?;
    let sealed = page.form()?.fields.iter().find(|(n, _)| n == "request").unwrap().1.clone();
    let form = [("request", sealed.as_str()), ("decision", "approve")];
    let cookie = one.jar.header(&page.url);
    let (own, evil) = (bed.origin(), "https://evil.example");
    let another = format!("fmg-consent={}", "A".repeat(43));
    let http = fresh()?;
    for (what, headers) in [
        ("no cookie", vec![("origin", own)]),
        ("no cookie of ours", vec![("origin", own), ("cookie", "fmg-consent=x")]),
        ("another browser's cookie", vec![("origin", own), ("cookie", &another)]),
        ("no origin", vec![("cookie", cookie.as_str())]),
        ("a foreign origin", vec![("origin", evil), ("cookie", &cookie)]),
        ("the null origin", vec![("origin", "null"), ("cookie", &cookie)]),
        (
            "another site",
            vec![("origin", own), ("cookie", &cookie), ("sec-fetch-site", "cross-site")],
        ),
    ] {
        let mut request = http.post(bed.at("/authorize")).form(&form);
        for (name, value) in headers {
            request = request.header(name, value);
        }
        let refused = request.send().await?;
        assert_eq!(refused.status(), StatusCode::FORBIDDEN, "{what}");
        assert!(!refused.headers().contains_key("set-cookie"), "{what}");
        assert!(!refused.headers().contains_key("location"), "{what}");
    }
    let mut by_link = start.clone();
    by_link.query_pairs_mut().extend_pairs(form);
    let asked = one.open(&by_link).await?;
    assert_eq!((asked.status, asked.location), (StatusCode::OK, None), "the page again");
    assert!(!one.jar.header(&page.url).contains("fmg-txn"));
    assert_eq!(bed.exchange.log().count(Endpoint::Authorize), 0);
    Ok(())
}

#[tokio::test]
async fn an_approval_is_never_remembered() -> Result<()> {
    let bed = fleet().await?;
    let login = client(&bed).await?;
    let mut one = browser()?;
    login.code(&mut one, "manager_mary", "").await?;
    let before = bed.exchange.log().count(Endpoint::Authorize);
    let start = login.authorize_url(&[])?;
    let request = fresh()?.get(start.clone()).header("cookie", one.jar.header(&start));
    let request = request.header("sec-fetch-site", "cross-site");
    let again = request.header("referer", "https://evil.example/").send().await?;
    assert_eq!(again.status(), StatusCode::OK);
    assert!(again.text().await?.contains("name=\"decision\""), "the question again");
    assert_eq!(bed.exchange.log().count(Endpoint::Authorize), before, "nothing is forwarded");
    Ok(())
}

#[tokio::test]
async fn every_answer_to_a_client_names_its_issuer_once() -> Result<()> {
    let bed = fleet().await?;
    let login = client(&bed).await?;
    let server = fresh()?.get(bed.at("/.well-known/oauth-authorization-server")).send().await?;
    let server: Value = server.json().await?;
    assert_eq!(server["authorization_response_iss_parameter_supported"], true);
    let mut one = browser()?;
    let success = one.drive(&login.authorize_url(&[])?, "manager_mary", REDIRECT).await?;
    let page = one.open(&login.authorize_url(&[])?).await?;
    let declined = Login::decide(&mut one, &page, "decline").await?.location.unwrap();
    let wrong = one.open(&login.authorize_url(&[("scope", "admin")])?).await?.location.unwrap();
    let link = approve(&mut one, &login.authorize_url(&[])?).await?;
    let mut failed = Url::parse(&bed.at("/oauth/callback"))?;
    let state = parameter(&link, "state").unwrap();
    failed.query_pairs_mut().append_pair("error", "access_denied").append_pair("state", &state);
    let failed = one.open(&failed).await?.location.unwrap();
    for answer in [success, declined, wrong, failed] {
        let named = answer.query_pairs().filter(|(name, _)| name == "iss").map(|(_, iss)| iss);
        assert_eq!(named.collect::<Vec<_>>(), [server["issuer"].as_str().unwrap()], "{answer}");
    }
    assert_eq!(server["issuer"], bed.origin());
    Ok(())
}

#[tokio::test]
async fn a_login_that_another_issuer_answers_is_refused() -> Result<()> {
    let bed = fleet().await?;
    let login = client(&bed).await?;
    for (iss, status) in [
        (format!("{}/o", bed.exchange.base_url()), StatusCode::SEE_OTHER),
        ("https://evil.example/o".to_owned(), StatusCode::BAD_REQUEST),
    ] {
        let mut one = browser()?;
        let link = approve(&mut one, &login.authorize_url(&[])?).await?;
        let mut callback = log_in(&mut one, &bed, &link).await?;
        callback.query_pairs_mut().append_pair("iss", &iss);
        assert_eq!(one.open(&callback).await?.status, status, "{iss}");
    }
    Ok(())
}

#[tokio::test]
async fn a_login_ends_at_the_backend_where_it_began() -> Result<()> {
    let mut bed = fleet().await?;
    let login = client(&bed).await?;
    let mut one = browser()?;
    let link = approve(&mut one, &login.authorize_url(&[])?).await?;
    let callback = log_in(&mut one, &bed, &link).await?;
    let setup = Setup { backend: "other".to_owned(), ..bed.setup.clone() };
    for replica in 0..3 {
        bed.replace(replica, setup.clone()).await?;
    }
    assert_page(&one.open(&callback).await?, 400, "begun at the backend before");
    assert_eq!(bed.exchange.log().count(Endpoint::Token), 0);
    Ok(())
}

#[tokio::test]
async fn an_error_never_leads_to_an_unproven_place() -> Result<()> {
    let bed = fleet().await?;
    let login = client(&bed).await?;
    let wrong = [("response_type", "token"), ("scope", "admin"), ("resource", "https://x.example")];
    for unproven in [
        ("client_id", "stranger"),
        ("client_id", ""),
        ("redirect_uri", "https://evil.example/"),
        ("redirect_uri", ""),
    ] {
        for mistake in wrong {
            let start = login.authorize_url(&[unproven, mistake])?;
            assert_page(&browser()?.open(&start).await?, 400, &format!("{unproven:?} {mistake:?}"));
        }
    }
    Ok(())
}

#[tokio::test]
async fn what_was_posted_is_never_posted_on() -> Result<()> {
    let bed = fleet().await?;
    let login = client(&bed).await?;
    let mut one = browser()?;
    for decision in ["approve", "decline"] {
        let page = one.open(&login.authorize_url(&[])?).await?;
        let answered = Login::decide(&mut one, &page, decision).await?;
        assert_eq!(answered.status, StatusCode::SEE_OTHER, "{decision}: a GET follows a 303");
        if decision == "approve" {
            let callback = log_in(&mut one, &bed, answered.location.as_ref().unwrap()).await?;
            assert_eq!(one.open(&callback).await?.status, StatusCode::SEE_OTHER);
        }
    }
    Ok(())
}

#[tokio::test]
async fn a_clients_state_comes_back_as_it_was() -> Result<()> {
    let bed = fleet().await?;
    let login = client(&bed).await?;
    // RFC 6749 appendix A.5: every visible character and the blank.
    let visible: String = (0x20_u8..0x7f).map(char::from).collect();
    let longest = "&=+% /".repeat(86)[..512].to_owned();
    for state in [visible, longest.clone()] {
        let start = login.authorize_url(&[("state", &state)])?;
        let mut one = browser()?;
        let page = one.open(&start).await?;
        let declined = Login::decide(&mut one, &page, "decline").await?.location.unwrap();
        assert_eq!(parameter(&declined, "state").as_deref(), Some(state.as_str()));
        let success = one.drive(&start, "manager_mary", REDIRECT).await?;
        assert_eq!(parameter(&success, "state").as_deref(), Some(state.as_str()));
    }
    let longer = login.authorize_url(&[("state", &format!("{longest}x"))])?;
    let refused = browser()?.open(&longer).await?.location.unwrap();
    assert_eq!(parameter(&refused, "error").as_deref(), Some("invalid_request"));
    assert_eq!(parameter(&refused, "state"), None);
    Ok(())
}

/// The name of the cookie that belongs to a callback.
fn cookie_name(callback: &Url) -> String {
    format!("fmg-txn-{}", &parameter(callback, "state").unwrap()[..8])
}
