//! A13 to A15, A20, A30 to A32, A36 to A38, A42: the token endpoint.

use anyhow::Result;
use futures::future::join_all;
use reqwest::{Response, StatusCode};
use serde_json::{Value, json};
use testbed::TestBed;
use testbed::exchange::{Endpoint, Fault};
use testbed::login::{Login, REDIRECT, VERIFIER, parameter, tokens};

use super::{PRIVATE, browser, client, fleet, fresh, mcp};

async fn assert_refused(answer: Response, error: &str, what: &str) -> Result<()> {
    assert_eq!(answer.status(), StatusCode::BAD_REQUEST, "{what}");
    assert_eq!(answer.headers()["cache-control"], "no-store", "{what}");
    let answer: Value = answer.json().await?;
    assert_eq!(answer.get("error").and_then(Value::as_str), Some(error), "{what}");
    Ok(())
}

async fn code(login: &Login) -> Result<String> {
    login.code(&mut browser()?, "manager_mary", "").await
}

#[tokio::test]
async fn a_code_is_good_for_its_client_its_redirect_and_its_proof_together() -> Result<()> {
    let bed = fleet().await?;
    let (one, other) = (client(&bed).await?, client(&bed).await?);
    assert_ne!(one.client_id, other.client_id);
    let code = code(&one).await?;
    let verifier = "another-verifier-of-another-login-0123456789";
    for change in [
        ("client_id", other.client_id.as_str()),
        ("redirect_uri", "http://127.0.0.1:33419/callback"),
        ("code_verifier", verifier),
    ] {
        assert_refused(one.redeem(&code, &[change]).await?, "invalid_grant", change.0).await?;
    }
    assert_eq!(bed.exchange.log().count(Endpoint::Token), 0, "a thief burns nothing");
    assert_eq!(one.redeem(&code, &[]).await?.status(), StatusCode::OK);
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn of_fifty_parallel_redemptions_exactly_one_succeeds() -> Result<()> {
    let bed = fleet().await?;
    let login = client(&bed).await?;
    for _ in 0..3 {
        let code = code(&login).await?;
        let answers = join_all((0..50).map(|_| login.redeem(&code, &[]))).await;
        let mut statuses = Vec::new();
        for answer in answers {
            statuses.push(answer?.status().as_u16());
        }
        assert_eq!(statuses.iter().filter(|status| **status == 200).count(), 1, "{statuses:?}");
        assert!(statuses.iter().all(|s| [200, 400, 503].contains(s)), "{statuses:?}");
        assert_refused(login.redeem(&code, &[]).await?, "invalid_grant", "a replay").await?;
    }
    Ok(())
}

#[tokio::test]
async fn without_s256_there_is_no_login() -> Result<()> {
    let bed = fleet().await?;
    let login = client(&bed).await?;
    let long = "a".repeat(44);
    for (name, value) in [
        ("code_challenge_method", ""),
        ("code_challenge_method", "plain"),
        ("code_challenge", ""),
        ("code_challenge", "c"),
        ("code_challenge", long.as_str()),
    ] {
        let refused = browser()?.open(&login.authorize_url(&[(name, value)])?).await?;
        let location = refused.location.unwrap();
        assert_eq!(parameter(&location, "error").as_deref(), Some("invalid_request"), "{name}");
        assert_eq!(parameter(&location, "code"), None);
    }
    let code = code(&login).await?;
    let long = "a".repeat(129);
    for verifier in ["\u{fc}".repeat(43).as_str(), "\u{0}", &long, &VERIFIER[..42]] {
        let refused = login.redeem(&code, &[("code_verifier", verifier)]).await?;
        assert_refused(refused, "invalid_grant", verifier).await?;
    }
    Ok(())
}

#[tokio::test]
async fn a_parameter_stands_once_and_in_the_body() -> Result<()> {
    let bed = fleet().await?;
    let login = client(&bed).await?;
    let mut twice = login.authorize_url(&[])?;
    twice.query_pairs_mut().append_pair("client_id", &login.client_id);
    super::assert_page(&browser()?.open(&twice).await?, 400, "client_id twice");
    let code = code(&login).await?;
    let twice = format!(
        "grant_type=authorization_code&client_id={0}&client_id={0}&code={code}&redirect_uri={REDIRECT}\
         &code_verifier={VERIFIER}",
        login.client_id
    );
    let form = "application/x-www-form-urlencoded";
    let post = |url: String, body: String| {
        fresh().map(|http| http.post(url).header("content-type", form).body(body))
    };
    let answer = post(bed.at("/token"), twice.clone())?.send().await?;
    assert_refused(answer, "invalid_request", "twice").await?;
    let once = twice.replacen(&format!("&client_id={}", login.client_id), "", 1);
    let answer = post(bed.at(&format!("/token?{once}")), String::new())?.send().await?;
    assert_refused(answer, "invalid_request", "in the query").await?;
    let (query, body) = once.split_once("&code=").unwrap();
    let answer = post(bed.at(&format!("/token?{query}")), format!("code={body}"))?.send().await?;
    assert_refused(answer, "invalid_request", "half and half").await?;
    assert_eq!(bed.exchange.log().count(Endpoint::Token), 0);
    assert_eq!(post(bed.at("/token"), once)?.send().await?.status(), StatusCode::OK);
    Ok(())
}

#[tokio::test]
async fn a_refresh_token_is_good_for_its_own_client_alone() -> Result<()> {
    let bed = fleet().await?;
    let (one, other) = (client(&bed).await?, client(&bed).await?);
    let held = one.log_in("manager_mary").await?;
    bed.exchange.log().clear();
    assert_refused(other.refresh(&held.refresh).await?, "invalid_grant", "another").await?;
    for client_id in [None, Some("")] {
        let mut form = vec![("grant_type", "refresh_token"), ("refresh_token", &held.refresh)];
        form.extend(client_id.map(|id| ("client_id", id)));
        let answer = fresh()?.post(bed.at("/token")).form(&form).send().await?;
        assert_refused(answer, "invalid_grant", "no client").await?;
    }
    assert!(bed.exchange.log().all().is_empty(), "no backend call");
    assert_eq!(one.refresh(&held.refresh).await?.status(), StatusCode::OK);
    Ok(())
}

#[tokio::test]
async fn a_refresh_token_works_once_and_its_successor_works() -> Result<()> {
    let bed = fleet().await?;
    let login = client(&bed).await?;
    let first = login.log_in("manager_mary").await?;
    let answer = login.refresh(&first.refresh).await?;
    assert_eq!(answer.headers()["cache-control"], "no-store");
    let text = answer.text().await?;
    let body: Value = serde_json::from_str(&text)?;
    let keys: Vec<&String> = body.as_object().unwrap().keys().collect();
    assert_eq!(keys, ["access_token", "token_type", "expires_in", "scope", "refresh_token"]);
    assert_refused(login.refresh(&first.refresh).await?, "invalid_grant", "a replay").await?;
    let second = tokens(login.refresh(body["refresh_token"].as_str().unwrap()).await?).await?;
    assert_eq!(mcp(&bed)?.call(&second.access, PRIVATE, json!({})).await?.status, 200);
    Ok(())
}

/// The refreshes of one gateway are joined; this is about one.
#[tokio::test]
async fn eight_parallel_refreshes_are_one_at_the_backend() -> Result<()> {
    let bed = TestBed::start().await?;
    let login = client(&bed).await?;
    let held = login.log_in("manager_mary").await?;
    bed.exchange.log().clear();
    bed.exchange.fault(Endpoint::Token, Fault::Hang);
    let refreshes: Vec<_> = (0..8)
        .map(|_| {
            let (login, refresh) = (login.clone(), held.refresh.clone());
            tokio::spawn(async move {
                login.refresh(&refresh).await?.text().await.map_err(anyhow::Error::from)
            })
        })
        .collect();
    while !bed.metrics().await?.contains("gateway_requests_in_flight 8") {}
    bed.exchange.clear_all();
    let mut bodies = Vec::new();
    for refresh in refreshes {
        bodies.push(refresh.await??);
    }
    assert!(bodies[0].contains("access_token") && bodies.iter().all(|b| *b == bodies[0]));
    assert_eq!(bed.exchange.log().count(Endpoint::Token), 1);
    Ok(())
}

#[tokio::test]
async fn the_backend_is_asked_for_the_configured_scope_whatever_the_client_wants() -> Result<()> {
    let bed = fleet().await?;
    let login = client(&bed).await?;
    let refused = browser()?.open(&login.authorize_url(&[("scope", "admin")])?).await?;
    let location = refused.location.unwrap();
    assert_eq!(parameter(&location, "error").as_deref(), Some("invalid_scope"));
    login.code(&mut browser()?, "manager_mary", "user/Patient.rs").await?;
    let seen = bed.exchange.log().to(Endpoint::Authorize);
    let asked: Vec<_> = seen.iter().filter(|seen| seen.path == "/o/authorize/").collect();
    assert!(!asked.is_empty());
    for seen in asked {
        let query = seen.query.as_deref().unwrap_or_default();
        let url = url::Url::parse(&format!("http://x.example/?{query}"))?;
        assert_eq!(parameter(&url, "scope").as_deref(), Some("openid email"));
        let names: Vec<_> = url.query_pairs().map(|(name, _)| name.into_owned()).collect();
        assert!(!names.iter().any(|name| name == "resource" || name == "code_verifier"));
    }
    Ok(())
}

#[tokio::test]
async fn a_foreign_resource_is_refused_at_every_endpoint() -> Result<()> {
    let bed = fleet().await?;
    let login = client(&bed).await?;
    let foreign = ("resource", "https://other.example/mcp");
    let refused = browser()?.open(&login.authorize_url(&[foreign])?).await?.location.unwrap();
    assert_eq!(parameter(&refused, "error").as_deref(), Some("invalid_target"));
    let code = code(&login).await?;
    assert_refused(login.redeem(&code, &[foreign]).await?, "invalid_target", "/token").await?;
    for second in [foreign.1, &bed.at("/mcp")] {
        let mut several = login.authorize_url(&[])?;
        several.query_pairs_mut().append_pair("resource", second);
        let refused = browser()?.open(&several).await?.location.unwrap();
        assert_eq!(parameter(&refused, "error").as_deref(), Some("invalid_target"), "{second}");
    }
    let held = tokens(login.redeem(&code, &[("resource", &bed.at("/mcp/"))]).await?).await?;
    let form = [
        ("grant_type", "refresh_token"),
        ("client_id", login.client_id.as_str()),
        ("refresh_token", held.refresh.as_str()),
        foreign,
    ];
    let refresh = fresh()?.post(bed.at("/token")).form(&form).send().await?;
    assert_refused(refresh, "invalid_target", "refresh").await?;
    Ok(())
}

/// Both classes of every secret comparison end in one answer; see also the constant-time compare in
/// `authz::pkce` and the seal, which compares nothing else. Nothing is timed here.
#[tokio::test]
async fn a_refusal_does_not_say_which_part_was_wrong() -> Result<()> {
    let bed = fleet().await?;
    let (one, other) = (client(&bed).await?, client(&bed).await?);
    let code = code(&one).await?;
    let altered = format!("{}{}", if code.starts_with('A') { 'B' } else { 'A' }, &code[1..]);
    let wrong = "w".repeat(43);
    let mut told = Vec::new();
    for changes in [
        ("code", "garbage"),
        ("code", altered.as_str()),
        ("code", one.client_id.as_str()),
        ("client_id", "stranger"),
        ("client_id", other.client_id.as_str()),
        ("code_verifier", wrong.as_str()),
        ("redirect_uri", "http://127.0.0.1:1/x"),
    ] {
        let refused = one.redeem(&code, &[changes]).await?;
        let status = refused.status();
        let names: Vec<_> = refused.headers().keys().map(ToString::to_string).collect();
        // The one thing that differs: which request it was.
        let body: Value = refused.json().await?;
        let description = body["error_description"].as_str().unwrap_or_default();
        let (text, reference) = description.split_once(" (reference ").unwrap();
        assert_eq!(reference.len(), 11, "ten digits and a bracket");
        told.push((status, names, body["error"].to_string(), text.to_owned()));
    }
    assert!(told.iter().all(|answer| *answer == told[0]), "{told:?}");
    let held = tokens(one.redeem(&code, &[]).await?).await?;
    let mut told = Vec::new();
    for token in ["garbage", altered.as_str(), one.client_id.as_str(), held.refresh.as_str()] {
        let mut refused = mcp(&bed)?.call(token, PRIVATE, json!({})).await?;
        refused.body.as_object_mut().unwrap().remove("request_id");
        let text = refused.body.to_string();
        told.push((refused.status, refused.header("www-authenticate").map(str::to_owned), text));
    }
    assert!(told.iter().all(|answer| *answer == told[0]), "{told:?}");
    Ok(())
}
