//! The login as a transcript: what each step accepts, and what it refuses.

use std::collections::BTreeSet;
use std::time::Duration;

use rand::SeedableRng as _;
use rand::rngs::StdRng;

use super::authorize::{AuthorizationRequest, Refusal};
use super::consent::{Answer, Approval, ConsentCookie};
use super::error::{OAuthErrorCode, PageError};
use super::*;
use crate::ids::{BackendName, ClientId};
use crate::keyring::{KeyRing, SecretKey};
use crate::redirect_uri::RedirectPolicy;
use crate::time::Timestamp;
use crate::token::Admission;

mod tokens;

pub(crate) const NOW: Timestamp = Timestamp::from_unix_seconds(1_800_000_000);
const ORIGIN: &str = "https://gateway.example";
const REDIRECT: &str = "http://127.0.0.1:33418/cb";
const VERIFIER: &str = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";
const CHALLENGE: &str = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM";

pub(crate) fn rng() -> StdRng {
    StdRng::seed_from_u64(7)
}

pub(crate) fn broker() -> Broker {
    let key = std::array::from_fn(|at| u8::try_from(at * 7 + 1).unwrap());
    let ring = KeyRing::single(SecretKey::from_bytes(key).unwrap());
    Broker {
        urls: PublicUrls::new(ORIGIN),
        sealer: Sealer::new(&ring, ORIGIN),
        redirects: RedirectPolicy {
            hosts: ["claude.ai".to_owned()].into(),
            exact: BTreeSet::new(),
        },
        clients: KnownClients::default(),
        scopes_supported: "user/*.rs".parse().unwrap(),
        default_scope: "user/*.rs".parse().unwrap(),
        admission: Admission {
            resource: format!("{ORIGIN}/mcp"),
            backend: BackendName::parse("jhe").unwrap(),
            denied_subjects: BTreeSet::new(),
            denied_clients: BTreeSet::new(),
        },
        backend_issuers: vec!["https://jhe.example/o".to_owned()],
        lifetimes: Lifetimes {
            access_token: Duration::from_secs(3600),
            session: Duration::from_secs(7 * 24 * 3600),
        },
    }
}

fn client_id() -> String {
    let body = format!(r#"{{"client_name":"Test","redirect_uris":["{REDIRECT}"]}}"#);
    let answer = broker().register(body.as_bytes(), NOW, &mut rng()).unwrap();
    answer["client_id"].as_str().unwrap().to_owned()
}

/// The parameters of a good request, with some replaced, added or (by an empty value) left out.
fn query(changes: &[(&str, &str)]) -> String {
    let id = client_id();
    let mut parameters = vec![
        ("response_type", "code"),
        ("client_id", &id),
        ("redirect_uri", REDIRECT),
        ("state", "client state &="),
        ("code_challenge", CHALLENGE),
        ("code_challenge_method", "S256"),
        ("resource", "https://gateway.example/mcp"),
        ("scope", "user/*.rs"),
    ];
    for (name, value) in changes {
        parameters.retain(|(known, _)| known != name);
        parameters.push((name, value));
    }
    url::form_urlencoded::Serializer::new(String::new()).extend_pairs(parameters).finish()
}

fn authorize(changes: &[(&str, &str)]) -> Result<AuthorizationRequest, Refusal> {
    broker().authorize(&query(changes), None, NOW)
}

fn parameter(location: &str, name: &str) -> Option<String> {
    let url = url::Url::parse(location).unwrap();
    url.query_pairs().find(|(known, _)| known == name).map(|(_, value)| value.into_owned())
}

fn approve() -> Approval {
    let broker = broker();
    let page = broker.consent_page(&authorize(&[]).unwrap(), None, &mut rng()).unwrap();
    let form = format!("request={}&decision=approve", page.request);
    match broker.consent(&form, Some(&page.cookie), NOW, &mut StdRng::seed_from_u64(8)).unwrap() {
        Answer::Approved(approval) => approval,
        Answer::Declined { .. } => panic!("was approved"),
    }
}

/// Our code, as the client receives it after a login at the backend.
fn code() -> String {
    let approval = approve();
    let query = format!("state={}&code=backend-code", approval.state);
    let returned = broker().callback(&query, Some(&approval.cookie), NOW, &mut rng()).unwrap();
    parameter(&returned.location, "code").unwrap()
}

#[test]
fn a_good_request_is_read_as_sent_and_the_port_may_differ() {
    let request = authorize(&[("redirect_uri", "http://127.0.0.1:1/cb")]).unwrap();
    assert_eq!(request.client_name, "Test");
    assert_eq!(request.redirect_uri, "http://127.0.0.1:1/cb");
    assert_eq!(request.state.as_deref(), Some("client state &="));
}

#[test]
fn nobody_is_redirected_before_client_and_redirect_uri_are_proven() {
    for (change, error) in [
        (("client_id", ""), PageError::UnknownClient),
        (("client_id", "stranger"), PageError::UnknownClient),
        (("redirect_uri", ""), PageError::RedirectMismatch),
        (("redirect_uri", "http://127.0.0.1:33418/other"), PageError::RedirectMismatch),
        (("redirect_uri", "https://claude.ai/cb"), PageError::RedirectMismatch),
        (("redirect_uri", "https://evil.example/cb"), PageError::RedirectMismatch),
    ] {
        assert_eq!(authorize(&[change, ("scope", "admin")]), Err(Refusal::Page(error)));
    }
    let twice = format!("{}&client_id=x", query(&[]));
    let refused = broker().authorize(&twice, None, NOW);
    assert_eq!(refused, Err(Refusal::Page(PageError::MalformedRequest)));
}

#[test]
fn a_proven_client_is_told_what_is_wrong_with_state_and_iss() {
    for (change, error) in [
        (("response_type", "token"), OAuthErrorCode::UnsupportedResponseType),
        (("response_type", ""), OAuthErrorCode::UnsupportedResponseType),
        (("response_mode", "fragment"), OAuthErrorCode::InvalidRequest),
        (("code_challenge", ""), OAuthErrorCode::InvalidRequest),
        (("code_challenge_method", ""), OAuthErrorCode::InvalidRequest),
        (("code_challenge_method", "plain"), OAuthErrorCode::InvalidRequest),
        (("resource", "https://other.example/mcp"), OAuthErrorCode::InvalidTarget),
        (("resource", "https://gateway.example/mcp#f"), OAuthErrorCode::InvalidTarget),
        (("scope", "admin"), OAuthErrorCode::InvalidScope),
        (("scope", "user/*.cud"), OAuthErrorCode::InvalidScope),
    ] {
        let Err(Refusal::Redirect { code, location, client }) = authorize(&[change]) else {
            panic!("{change:?} is refused by redirect")
        };
        assert_eq!(code, error, "{change:?}");
        assert_eq!(client, ClientId::parse(&client_id()).unwrap().fingerprint());
        assert!(location.starts_with(REDIRECT));
        assert_eq!(parameter(&location, "error").as_deref(), Some(error.as_str()));
        assert_eq!(parameter(&location, "state").as_deref(), Some("client state &="));
        assert_eq!(parameter(&location, "iss").as_deref(), Some(ORIGIN));
    }
}

#[test]
fn scopes_of_habit_are_ignored_and_no_scope_means_the_default() {
    for (asked, granted) in [
        ("openid offline_access user/Patient.rs", "user/Patient.rs"),
        ("openid email profile", "user/*.rs"),
        ("", "user/*.rs"),
    ] {
        assert_eq!(authorize(&[("scope", asked)]).unwrap().scope.to_string(), granted);
    }
}

#[test]
fn a_resource_is_ours_whatever_its_case_and_slash_and_if_it_is_absent() {
    for ours in ["", "HTTPS://Gateway.Example/mcp", "https://gateway.example/mcp/"] {
        assert!(authorize(&[("resource", ours)]).is_ok(), "{ours}");
    }
}

#[test]
fn the_form_opens_only_beside_the_cookie_of_the_browser_that_was_asked() {
    let broker = broker();
    let page = broker.consent_page(&authorize(&[]).unwrap(), None, &mut rng()).unwrap();
    let form = format!("request={}&decision=approve", page.request);
    let answer = |cookie: Option<&ConsentCookie>, now| {
        broker.consent(&form, cookie, now, &mut rng()).map(|_| ())
    };
    assert_eq!(answer(Some(&page.cookie), NOW), Ok(()));
    assert_eq!(answer(None, NOW), Err(Refusal::Page(PageError::ForeignForm)));
    let other = ConsentCookie::parse(&"a".repeat(43));
    assert_eq!(answer(other.as_ref(), NOW), Err(Refusal::Page(PageError::ForeignForm)));
    let late = NOW.plus(TRANSACTION_LIFETIME);
    let expired = Err(Refusal::Page(PageError::TransactionExpired));
    assert_eq!(answer(Some(&page.cookie), late), expired);
}

#[test]
fn a_form_from_elsewhere_is_not_ours() {
    let broker = broker();
    let headers = |pairs: &[(&'static str, &'static str)]| {
        pairs.iter().map(|(n, v)| (n.parse().unwrap(), v.parse().unwrap())).collect()
    };
    let origin = ("origin", ORIGIN);
    assert!(broker.is_own_form(&headers(&[origin])));
    assert!(broker.is_own_form(&headers(&[origin, ("sec-fetch-site", "same-origin")])));
    for foreign in [
        &[][..],
        &[("origin", "null")],
        &[("origin", "https://evil.example")],
        &[origin, ("sec-fetch-site", "cross-site")],
    ] {
        assert!(!broker.is_own_form(&headers(foreign)), "{foreign:?}");
    }
}

#[test]
fn a_person_who_declines_sends_the_client_access_denied() {
    let broker = broker();
    let page = broker.consent_page(&authorize(&[]).unwrap(), None, &mut rng()).unwrap();
    let form = format!("request={}&decision=decline", page.request);
    let answer = broker.consent(&form, Some(&page.cookie), NOW, &mut rng()).unwrap();
    let Answer::Declined { location, client } = answer else { panic!("was declined") };
    assert_eq!(parameter(&location, "error").as_deref(), Some("access_denied"));
    assert_eq!(client, authorize(&[]).unwrap().client);
}

#[test]
fn an_approval_never_repeats_a_state_a_nonce_or_a_verifier() {
    let broker = broker();
    let page = broker.consent_page(&authorize(&[]).unwrap(), None, &mut rng()).unwrap();
    let form = format!("request={}&decision=approve", page.request);
    let mut dice = rng();
    let mut seen = BTreeSet::new();
    for _ in 0..10 {
        let answer = broker.consent(&form, Some(&page.cookie), NOW, &mut dice).unwrap();
        let Answer::Approved(approval) = answer else { panic!("was approved") };
        assert_eq!(approval.state.len(), 43);
        seen.extend([approval.state, approval.nonce, approval.verifier.expose().to_owned()]);
    }
    assert_eq!(seen.len(), 30);
}

#[test]
fn a_callback_needs_the_cookie_that_was_sealed_beside_its_state() {
    let (broker, one) = (broker(), approve());
    let other_state = "B".repeat(43);
    let callback = |state: &str, cookie: Option<&str>, now| {
        let query = format!("state={state}&code=c");
        broker.callback(&query, cookie, now, &mut rng()).map(|_| ())
    };
    assert_eq!(callback(&one.state, Some(&one.cookie), NOW), Ok(()));
    assert_eq!(callback(&one.state, None, NOW), Err(PageError::TransactionLost));
    let crossed = callback(&other_state, Some(&one.cookie), NOW);
    assert_eq!(crossed, Err(PageError::TransactionLost));
    let late = callback(&one.state, Some(&one.cookie), NOW.plus(TRANSACTION_LIFETIME));
    assert_eq!(late, Err(PageError::TransactionExpired));
}

#[test]
fn an_answer_of_another_issuer_or_after_a_change_of_backend_is_refused() {
    let (mut broker, approval) = (broker(), approve());
    let callback = |broker: &Broker, extra: &str| {
        let query = format!("state={}&code=c{extra}", approval.state);
        broker.callback(&query, Some(&approval.cookie), NOW, &mut rng()).map(|_| ())
    };
    assert_eq!(callback(&broker, "&iss=https%3A%2F%2Fjhe.example%2Fo"), Ok(()));
    let foreign = callback(&broker, "&iss=https%3A%2F%2Fevil.example");
    assert_eq!(foreign, Err(PageError::BackendMismatch));
    broker.admission.backend = BackendName::parse("other").unwrap();
    assert_eq!(callback(&broker, ""), Err(PageError::BackendMismatch));
}

#[test]
fn a_success_carries_our_code_the_clients_state_and_iss_and_not_the_backends_code() {
    let approval = approve();
    let query = format!("state={}&code=backend-code", approval.state);
    let returned = broker().callback(&query, Some(&approval.cookie), NOW, &mut rng()).unwrap();
    assert_eq!(parameter(&returned.location, "state").as_deref(), Some("client state &="));
    assert_eq!(parameter(&returned.location, "iss").as_deref(), Some(ORIGIN));
    assert!(!returned.location.contains("backend-code"));
    assert_eq!(returned.client, approval.client);
}

#[test]
fn a_failed_login_is_told_in_our_words() {
    for (told, relayed) in [
        ("access_denied", "access_denied"),
        ("temporarily_unavailable", "temporarily_unavailable"),
        ("invalid_scope", "server_error"),
        ("<script>", "server_error"),
    ] {
        let approval = approve();
        let query = format!("state={}&error={told}&error_description=secret", approval.state);
        let returned = broker().callback(&query, Some(&approval.cookie), NOW, &mut rng()).unwrap();
        assert_eq!(parameter(&returned.location, "error").as_deref(), Some(relayed));
        assert!(!returned.location.contains("secret"));
    }
}
