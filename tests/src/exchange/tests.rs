//! What tests of the programs rely on: logins, lifetimes, the log, and every fault.

use std::time::Duration;

use jiff::SignedDuration;
use reqwest::{Client, Response};
use serde_json::{Value, json};
use url::Url;

use super::login::{Browser, drive};
use super::*;

const CALLBACK: &str = "http://127.0.0.1:1/oauth/callback";
const VERIFIER: &str = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";
/// RFC 7636 appendix B.
const CHALLENGE: &str = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM";

struct Bed {
    exchange: FakeExchange,
    clock: ManualClock,
    http: Client,
}

impl Bed {
    async fn new() -> Self {
        let clock = ManualClock::at(RECORDED_AT);
        let options = Options { clock: clock.clock(), ..Options::default() };
        let exchange = FakeExchange::start(options).await.unwrap();
        exchange.allow_redirect(CALLBACK);
        let _installed = rustls::crypto::ring::default_provider().install_default();
        Self { exchange, clock, http: Client::new() }
    }

    fn authorize(&self, client_id: &str, redirect_uri: &str, state: &str) -> Url {
        let mut url = Url::parse(&format!("{}/o/authorize/", self.exchange.base_url())).unwrap();
        url.query_pairs_mut()
            .append_pair("response_type", "code")
            .append_pair("client_id", client_id)
            .append_pair("redirect_uri", redirect_uri)
            .append_pair("scope", "openid email")
            .append_pair("code_challenge", CHALLENGE)
            .append_pair("code_challenge_method", "S256")
            .append_pair("state", state);
        url
    }

    async fn code(&self) -> String {
        let url = self.authorize(&self.exchange.client_id(), CALLBACK, "s");
        let mut browser = Browser::plain().unwrap();
        let back = drive(&mut browser, &url, "manager_mary", CALLBACK).await.unwrap();
        let code = back.query_pairs().find(|(name, _)| name == "code").unwrap().1.into_owned();
        assert!(back.query_pairs().any(|(name, value)| name == "state" && value == "s"));
        code
    }

    async fn post(&self, path: &str, form: &[(&str, &str)]) -> Response {
        let (id, secret) = (self.exchange.client_id(), self.exchange.client_secret());
        let url = format!("{}{path}", self.exchange.base_url());
        self.http.post(url).basic_auth(id, Some(secret)).form(form).send().await.unwrap()
    }

    async fn redeem(&self, code: &str) -> Response {
        let form = [
            ("grant_type", "authorization_code"),
            ("code", code),
            ("code_verifier", VERIFIER),
            ("redirect_uri", CALLBACK),
        ];
        self.post("/o/token/", &form).await
    }

    async fn introspect(&self, token: &str) -> Value {
        self.post("/o/introspect/", &[("token", token)]).await.json().await.unwrap()
    }

    fn health(&self) -> reqwest::RequestBuilder {
        self.http.get(format!("{}/health", self.exchange.base_url()))
    }
}

#[tokio::test]
async fn a_code_redeems_once_and_within_a_minute() {
    let bed = Bed::new().await;
    let code = bed.code().await;
    let tokens: Value = bed.redeem(&code).await.json().await.unwrap();
    assert_eq!(tokens["scope"], "openid email");
    assert_eq!(tokens["id_token"].as_str().unwrap().split('.').count(), 3);
    assert_eq!(bed.redeem(&code).await.json::<Value>().await.unwrap()["error"], "invalid_grant");
    let late = bed.code().await;
    bed.clock.advance(SignedDuration::from_secs(60));
    assert_eq!(bed.redeem(&late).await.status(), 400);
}

#[tokio::test]
async fn the_id_token_verifies_under_the_published_key() {
    use base64::Engine;
    use base64::engine::general_purpose::URL_SAFE_NO_PAD;
    let bed = Bed::new().await;
    let tokens: Value = bed.redeem(&bed.code().await).await.json().await.unwrap();
    let keys = format!("{}/o/.well-known/jwks.json", bed.exchange.base_url());
    let keys: Value = bed.http.get(keys).send().await.unwrap().json().await.unwrap();
    let part = |text: &str| URL_SAFE_NO_PAD.decode(text).unwrap();
    let key = ring::rsa::PublicKeyComponents {
        n: part(keys["keys"][0]["n"].as_str().unwrap()),
        e: part(keys["keys"][0]["e"].as_str().unwrap()),
    };
    let (message, signature) = tokens["id_token"].as_str().unwrap().rsplit_once('.').unwrap();
    let algorithm = &ring::signature::RSA_PKCS1_2048_8192_SHA256;
    key.verify(algorithm, message.as_bytes(), &part(signature)).unwrap();
    let claims = part(message.split_once('.').unwrap().1);
    let claims: Value = serde_json::from_slice(&claims).unwrap();
    assert_eq!(claims["sub"], "10002");
    assert_eq!(claims["iss"], format!("{}/o", bed.exchange.base_url()));
}

#[tokio::test]
async fn a_long_way_back_is_lost_after_login() {
    let bed = Bed::new().await;
    let short = bed.authorize(&bed.exchange.client_id(), CALLBACK, "");
    let room = 2048 - short.path().len() - 1 - short.query().unwrap().len();
    let id = bed.exchange.client_id();
    let fits = bed.authorize(&id, CALLBACK, &"s".repeat(room));
    let mut browser = Browser::plain().unwrap();
    assert!(drive(&mut browser, &fits, "manager_mary", CALLBACK).await.is_ok());
    let too_long = bed.authorize(&id, CALLBACK, &"s".repeat(room + 1));
    let mut stranger = Browser::plain().unwrap();
    assert!(drive(&mut stranger, &too_long, "manager_mary", CALLBACK).await.is_err());
    // Who is logged in already does not meet the limit.
    assert!(drive(&mut browser, &too_long, "manager_mary", CALLBACK).await.is_ok());
}

#[tokio::test]
async fn an_application_without_skip_shows_the_exchanges_own_consent() {
    let bed = Bed::new().await;
    let url = bed.authorize(OTHER_CLIENT, "http://127.0.0.1:9/cb", "s");
    let mut browser = Browser::plain().unwrap();
    let back = drive(&mut browser, &url, "viewer_victor", "http://127.0.0.1:9/cb").await.unwrap();
    assert!(back.query_pairs().any(|(name, _)| name == "code"));
    let page = browser.open(&url).await.unwrap();
    let form = page.form().unwrap();
    assert_eq!(form.id, "authorizationForm");
    let denied = browser.submit(&page, &form, "").await.unwrap().location.unwrap();
    assert_eq!(denied.query(), Some("error=access_denied&state=s"));
}

#[tokio::test]
async fn a_refresh_ends_the_old_pair_at_once() {
    let bed = Bed::new().await;
    let old: Value = bed.redeem(&bed.code().await).await.json().await.unwrap();
    let refresh_token = old["refresh_token"].as_str().unwrap();
    let form = [("grant_type", "refresh_token"), ("refresh_token", refresh_token)];
    assert_eq!(bed.post("/o/token/", &form).await.status(), 200);
    assert_eq!(bed.post("/o/token/", &form).await.status(), 400);
    let old = old["access_token"].as_str().unwrap();
    assert_eq!(bed.introspect(old).await, json!({ "active": false }));
}

#[tokio::test]
async fn introspection_tells_whose_token_it_is_and_until_when() {
    let bed = Bed::new().await;
    let own = bed.exchange.issue_token("manager_mary").unwrap();
    let said = bed.introspect(&own).await;
    assert_eq!(said["username"], "manager_mary@example.com");
    assert_eq!(said["client_id"], bed.exchange.client_id());
    let foreign = bed.exchange.issue("manager_mary", OTHER_CLIENT, "openid", &[]).unwrap();
    assert_eq!(bed.introspect(&foreign.access_token).await["client_id"], OTHER_CLIENT);
    let service = bed.exchange.issue_service_token();
    assert_eq!(bed.introspect(&service).await.get("username"), None);
    bed.exchange.revoke_all("manager_mary");
    assert_eq!(bed.introspect(&own).await, json!({ "active": false }));
    bed.clock.advance(SignedDuration::from_hours(14 * 24));
    assert_eq!(bed.introspect(&service).await, json!({ "active": false }));
}

#[tokio::test]
async fn the_log_counts_requests_and_labels_tokens_without_showing_them() {
    let bed = Bed::new().await;
    let token = bed.exchange.issue_token("manager_mary").unwrap();
    bed.introspect(&token).await;
    let seen = bed.exchange.log().to(Endpoint::Introspect);
    assert_eq!(seen.len(), 1);
    assert_eq!(seen[0].token_label.as_deref(), Some("manager_mary#1"));
    assert!(!format!("{seen:?}").contains(&token));
    assert_eq!(bed.exchange.log().most_at_once(Endpoint::Introspect), 1);
}

#[tokio::test]
async fn lies_are_told_in_genuine_answers() {
    let bed = Bed::new().await;
    let token = bed.exchange.issue_token("manager_mary").unwrap();
    let told = async |lie: Lie| {
        bed.exchange.fault_times(Endpoint::Introspect, Fault::Lie(lie), 1);
        bed.introspect(&token).await
    };
    assert_eq!(told(Lie::Inactive).await, json!({ "active": false }));
    assert_eq!(told(Lie::ActiveAsText).await["active"], "true");
    assert_eq!(told(Lie::OtherClient("x".to_owned())).await["client_id"], "x");
    assert_eq!(told(Lie::NoClientId).await.get("client_id"), None);
    assert_eq!(told(Lie::Issuer("https://x.test/o".to_owned())).await["iss"], "https://x.test/o");
    assert_eq!(told(Lie::With("exp".to_owned(), 0.into())).await["exp"], 0);
    assert_eq!(bed.introspect(&token).await["active"], true);
}

#[tokio::test]
async fn every_fault_happens_and_passes() {
    let bed = Bed::new().await;
    let struck = async |fault: Fault| {
        bed.exchange.fault_times(Endpoint::Discovery, fault, 1);
        bed.health().send().await
    };
    assert_eq!(struck(Fault::Unavailable).await.unwrap().status(), 503);
    let page = struck(Fault::Status(502)).await.unwrap();
    assert_eq!(page.headers()["content-type"], "text/html; charset=utf-8");
    let later = struck(Fault::RetryAfter(429, 7)).await.unwrap();
    assert_eq!(later.headers()["retry-after"], "7");
    assert!(struck(Fault::Garbage).await.unwrap().json::<Value>().await.is_err());
    assert!(struck(Fault::Truncated).await.unwrap().text().await.is_err());
    match struck(Fault::Disconnect).await {
        Ok(answer) => assert!(answer.text().await.is_err()),
        Err(error) => assert!(error.is_request()),
    }
    assert_eq!(struck(Fault::Slow(Duration::from_millis(1))).await.unwrap().status(), 200);
    assert_eq!(bed.health().send().await.unwrap().status(), 200);
}

#[tokio::test]
async fn what_hangs_is_answered_when_it_is_released() {
    let bed = Bed::new().await;
    bed.exchange.fault(Endpoint::Discovery, Fault::Hang);
    let waiting = tokio::spawn(bed.health().send());
    let second = tokio::spawn(bed.health().send());
    while bed.exchange.log().open(Endpoint::Discovery) < 2 {
        tokio::task::yield_now().await;
    }
    assert!(!waiting.is_finished() && !second.is_finished());
    bed.exchange.clear(Endpoint::Discovery);
    assert_eq!(waiting.await.unwrap().unwrap().status(), 200);
    assert_eq!(second.await.unwrap().unwrap().status(), 200);
    assert_eq!(bed.exchange.log().most_at_once(Endpoint::Discovery), 2);
}

#[tokio::test]
async fn of_a_ration_each_answer_goes_to_one_request() {
    let bed = Bed::new().await;
    bed.exchange.fault_times(Endpoint::Discovery, Fault::Rationed, 1);
    assert_eq!(bed.health().send().await.unwrap().status(), 200);
    let mut waiting = vec![tokio::spawn(bed.health().send()), tokio::spawn(bed.health().send())];
    while bed.exchange.log().open(Endpoint::Discovery) < 2 {
        tokio::task::yield_now().await;
    }
    bed.exchange.fault_times(Endpoint::Discovery, Fault::Rationed, 1);
    while bed.exchange.log().open(Endpoint::Discovery) > 1 {
        tokio::task::yield_now().await;
    }
    let (first, _, others) = futures::future::select_all(waiting.drain(..)).await;
    assert_eq!(first.unwrap().unwrap().status(), 200);
    assert!(others.iter().all(|other| !other.is_finished()));
    bed.exchange.clear(Endpoint::Discovery);
    for other in others {
        assert_eq!(other.await.unwrap().unwrap().status(), 200);
    }
}

#[tokio::test]
async fn an_unreachable_exchange_refuses_connections_and_returns_on_its_port() {
    let bed = Bed::new().await;
    bed.exchange.reachable(false).await;
    assert!(bed.health().send().await.unwrap_err().is_connect());
    bed.exchange.reachable(true).await;
    assert_eq!(bed.health().send().await.unwrap().status(), 200);
}
