//! The backend as a script: what it answers, and what we make of it.

use std::sync::Mutex;
use std::time::Duration;

use axum::Router;
use axum::extract::State;
use http::header::{CONTENT_TYPE, LOCATION};
use http::{Response, StatusCode};

use super::*;
use crate::clock::SystemClock;
use crate::{bench, shared};

/// Answers every request alike, and keeps what was sent.
#[derive(Clone)]
struct Scripted {
    status: u16,
    body: String,
    seen: Arc<Mutex<Vec<String>>>,
}

async fn answer(State(script): State<Scripted>, sent: String) -> Response<String> {
    script.seen.lock().unwrap().push(sent);
    let mut response = Response::new(script.body);
    *response.status_mut() = StatusCode::from_u16(script.status).unwrap();
    let headers = response.headers_mut();
    // Some backends mislabel their JSON.
    headers.insert(CONTENT_TYPE, "text/html; charset=utf-8".parse().unwrap());
    headers.insert(LOCATION, "/elsewhere".parse().unwrap());
    response
}

/// Our client at a backend that answers so, and what the backend saw.
async fn upstream(status: u16, body: &str) -> (UpstreamOAuth, Scripted) {
    let script = Scripted { status, body: body.to_owned(), seen: Arc::default() };
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let origin = format!("http://{}", listener.local_addr().unwrap());
    let router = Router::new().fallback(answer).with_state(script.clone());
    tokio::spawn(async move { axum::serve(listener, router).await });
    (client_of(&bench::backend(&origin)), script)
}

fn client_of(backend: &Backend) -> UpstreamOAuth {
    let http = shared::http_client(None).unwrap();
    let callback = "https://gateway.example/oauth/callback".to_owned();
    let callback = RedirectUrl::new(callback).unwrap();
    UpstreamOAuth::new(http, backend, callback, Arc::new(SystemClock::start()))
}

async fn refreshed(status: u16, body: &str) -> Result<BackendTokens, NoTokens> {
    let (upstream, _) = upstream(status, body).await;
    let granted = upstream.refresh(&BackendRefreshToken::new("shown")).await?;
    Ok(upstream.identify(&granted, None).await?)
}

fn word<T>(outcome: &Result<T, NoTokens>) -> &'static str {
    match outcome {
        Ok(_) => "tokens",
        Err(NoTokens::InvalidGrant) => "invalid_grant",
        Err(NoTokens::Fault(fault)) => fault.kind(),
    }
}

#[tokio::test]
async fn a_refresh_token_that_is_not_replaced_stays_good() {
    let kept = r#"{"access_token":"a","token_type":"Bearer","expires_in":60}"#;
    let tokens = refreshed(200, kept).await.unwrap();
    assert_eq!(tokens.refresh.unwrap().expose(), "shown");
    let replaced = r#"{"access_token":"a","token_type":"bearer","refresh_token":"new"}"#;
    let tokens = refreshed(200, replaced).await.unwrap();
    assert_eq!(tokens.refresh.unwrap().expose(), "new");
}

#[tokio::test]
async fn only_the_backends_own_invalid_grant_ends_a_login() {
    let good = r#"{"access_token":"a","token_type":"Bearer"}"#;
    let long = format!(r#"{{"access_token":"{}","token_type":"Bearer"}}"#, "a".repeat(70_000));
    let narrowed = r#"{"access_token":"a","token_type":"Bearer","scope":"email"}"#;
    for (status, body, expected) in [
        (200, good, "tokens"),
        (200, r#"{"access_token":"a","token_type":"mac"}"#, "backend_answer"),
        (200, r#"{"access_token":"","token_type":"Bearer"}"#, "backend_answer"),
        (200, r#"{"access_token":"a"}"#, "backend_answer"),
        (200, narrowed, "backend_answer"),
        (200, "<html>", "backend_answer"),
        (200, "", "backend_answer"),
        (200, &long, "backend_answer"),
        (201, good, "backend_answer"),
        (302, good, "backend_answer"),
        (400, r#"{"error":"invalid_grant"}"#, "invalid_grant"),
        (400, r#"{"error":"invalid_request"}"#, "backend_answer"),
        (400, r#"{"error":"invalid_client"}"#, "backend_refused_us"),
        (400, r#"{"error":"unauthorized_client"}"#, "backend_refused_us"),
        (400, "<html>", "backend_answer"),
        (401, r#"{"error":"invalid_client"}"#, "backend_refused_us"),
        (401, r#"{"error":"invalid_grant"}"#, "backend_refused_us"),
        (403, "", "backend_refused_us"),
        (429, "", "backend_answer"),
        (500, r#"{"error":"invalid_grant"}"#, "backend_answer"),
        (503, "<html>", "backend_answer"),
    ] {
        let shown = body.get(..60).unwrap_or(body);
        assert_eq!(word(&refreshed(status, body).await), expected, "{status} {shown}");
    }
}

#[tokio::test]
async fn a_backend_that_hangs_is_late_and_one_that_is_gone_is_unreachable() {
    let silent = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = silent.local_addr().unwrap();
    let mut backend = bench::backend(&format!("http://{address}"));
    backend.deadline = Duration::from_millis(50);
    let upstream = client_of(&backend);
    let token = BackendRefreshToken::new("shown");
    assert_eq!(word(&upstream.refresh(&token).await), "backend_late");
    drop(silent);
    assert_eq!(word(&upstream.refresh(&token).await), "backend_unreachable");
}

#[tokio::test]
async fn what_is_sent_is_what_the_specifications_name() {
    let (upstream, script) = upstream(400, r#"{"error":"invalid_grant"}"#).await;
    let (code, verifier) = (BackendCode::new("c"), CodeVerifier::new("v"));
    assert_eq!(word(&upstream.redeem(&code, &verifier).await), "invalid_grant");
    let refreshed = upstream.refresh(&BackendRefreshToken::new("r")).await;
    assert_eq!(word(&refreshed), "invalid_grant");
    let refused = upstream.revoke("t", "refresh_token").await.unwrap_err();
    assert_eq!(refused.kind(), "backend_answer");
    let sent: Vec<Vec<(String, String)>> = script
        .seen
        .lock()
        .unwrap()
        .iter()
        .map(|form| {
            let pairs = url::form_urlencoded::parse(form.as_bytes()).into_owned();
            let mut pairs: Vec<_> = pairs.collect();
            pairs.sort_unstable();
            pairs
        })
        .collect();
    let pairs = |pairs: &[(&str, &str)]| -> Vec<(String, String)> {
        pairs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
    };
    let us = [("client_id", "gateway"), ("client_secret", "the-secret")];
    let redirect = ("redirect_uri", "https://gateway.example/oauth/callback");
    let redemption = [("code_verifier", "v"), ("grant_type", "authorization_code"), redirect];
    let refresh = [("grant_type", "refresh_token"), ("refresh_token", "r")];
    let revocation = [("token", "t"), ("token_type_hint", "refresh_token")];
    assert_eq!(sent[0], pairs(&[&us[..], &[("code", "c")], &redemption].concat()));
    assert_eq!(sent[1], pairs(&[&us[..], &refresh].concat()));
    assert_eq!(sent[2], pairs(&[&us[..], &revocation].concat()));
}

#[tokio::test]
async fn a_revocation_counts_only_with_200() {
    for (status, expected) in
        [(200, None), (401, Some("backend_refused_us")), (403, Some("backend_refused_us"))]
            .into_iter()
            .chain([204, 302, 400, 500].map(|status| (status, Some("backend_answer"))))
    {
        let revoked = upstream(status, "").await.0.revoke("t", "access_token").await;
        assert_eq!(revoked.err().map(|fault| fault.kind()), expected, "{status}");
    }
}

#[tokio::test]
async fn the_authorize_url_asks_for_a_code_with_our_challenge_state_and_nonce() {
    let verifier = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";
    let approval = Approval {
        state: "our-state".to_owned(),
        cookie: "sealed".to_owned(),
        verifier: CodeVerifier::new(verifier),
        nonce: "our-nonce".to_owned(),
        client: authz::ids::ClientId::parse("client").unwrap().fingerprint(),
    };
    let upstream = client_of(&bench::backend("https://jhe.example"));
    let url = upstream.authorize_url(&approval).unwrap();
    assert!(url.as_str().starts_with("https://jhe.example/o/authorize/?"));
    let mut pairs: Vec<(String, String)> = url.query_pairs().into_owned().collect();
    pairs.sort_unstable();
    let pairs: Vec<(&str, &str)> = pairs.iter().map(|(n, v)| (n.as_str(), v.as_str())).collect();
    assert_eq!(
        pairs,
        [
            ("client_id", "gateway"),
            ("code_challenge", authz::pkce::CodeChallenge::of(verifier).as_str()),
            ("code_challenge_method", "S256"),
            ("nonce", "our-nonce"),
            ("redirect_uri", "https://gateway.example/oauth/callback"),
            ("response_type", "code"),
            ("scope", "openid email"),
            ("state", "our-state"),
        ]
    );
}
