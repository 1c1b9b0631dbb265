//! The token and revocation endpoints.

use super::*;
use crate::broker::issue::{BackendTokens, Issued, TokenRefusal, Vouch};
use crate::broker::no_grant::{NoGrant, Why};
use crate::broker::revoke::Revocation;
use crate::broker::token::{Pending, Step};
use crate::ids::Subject;
use crate::introspection::Introspection;
use crate::principal::Unestablished;
use crate::principal::tests::{live, ours};
use crate::secret::{BackendRefreshToken, BackendToken};
use crate::token::{AccessClaims, RefreshClaims};

fn form(parameters: &[(&str, &str)]) -> String {
    url::form_urlencoded::Serializer::new(String::new()).extend_pairs(parameters).finish()
}

/// The form of a good redemption, with some parameters replaced.
fn redemption(changes: &[(&str, &str)]) -> String {
    let (id, code) = (client_id(), code());
    let mut parameters = vec![
        ("grant_type", "authorization_code"),
        ("client_id", &id),
        ("code", &code),
        ("redirect_uri", REDIRECT),
        ("code_verifier", VERIFIER),
    ];
    for (name, value) in changes {
        parameters.retain(|(known, _)| known != name);
        parameters.push((name, value));
    }
    form(&parameters)
}

fn pending() -> Pending {
    match broker().token(&redemption(&[]), NOW).unwrap() {
        Step::Redeem { pending, .. } => pending,
        Step::Refresh { .. } => panic!("is a redemption"),
    }
}

fn tokens() -> BackendTokens {
    BackendTokens {
        access: BackendToken::new("backend-access"),
        refresh: Some(BackendRefreshToken::new("backend-refresh")),
        expires_in: Some(Duration::from_secs(1_209_600)),
        subject: Some(Subject::parse("10002").unwrap()),
    }
}

fn long_lived() -> Introspection {
    let mut claims = live();
    claims.expires_at = Some(NOW.plus(Duration::from_secs(1_209_600)));
    Introspection::Active(claims)
}

fn issue(
    pending: Pending,
    tokens: BackendTokens,
    answer: &Introspection,
) -> Result<Issued, TokenRefusal> {
    let audience = ours();
    let vouch = Vouch { answer, audience: &audience, now: NOW };
    broker().issue(pending, tokens, vouch, &mut rng())
}

fn refresh_token() -> String {
    let body = issue(pending(), tokens(), &long_lived()).unwrap().body();
    body["refresh_token"].as_str().unwrap().to_owned()
}

fn refresh(changes: &[(&str, &str)], now: Timestamp) -> Result<Step, NoGrant> {
    let (id, token) = (client_id(), refresh_token());
    let mut parameters =
        vec![("grant_type", "refresh_token"), ("client_id", &id), ("refresh_token", &token)];
    for (name, value) in changes {
        parameters.retain(|(known, _)| known != name);
        parameters.push((name, value));
    }
    broker().token(&form(&parameters), now)
}

#[test]
fn a_proven_client_gets_the_backends_code_redeemed() {
    let Step::Redeem { code, verifier, .. } = broker().token(&redemption(&[]), NOW).unwrap() else {
        panic!("is a redemption")
    };
    assert_eq!(code.expose(), "backend-code");
    let approved = approve().verifier;
    assert_eq!(verifier.expose(), approved.expose(), "the one behind the backend's challenge");
}

#[test]
fn a_code_with_another_client_redirect_verifier_or_time_is_invalid_grant() {
    let other = "a".repeat(43);
    for (change, why) in [
        (("client_id", "stranger"), Why::OtherClient),
        (("client_id", ""), Why::OtherClient),
        (("redirect_uri", "http://127.0.0.1:1/cb"), Why::OtherRedirect),
        (("code_verifier", other.as_str()), Why::Unproven),
        (("code_verifier", "ü"), Why::Unproven),
        (("code", "garbage"), Why::Unreadable),
        (("code", refresh_token().as_str()), Why::Unreadable),
    ] {
        let refused = broker().token(&redemption(&[change]), NOW).unwrap_err();
        assert_eq!(refused, why.into(), "{change:?}");
        assert_eq!(refused.code, OAuthErrorCode::InvalidGrant, "the same for all");
    }
    let late = broker().token(&redemption(&[]), NOW.plus(CODE_LIFETIME)).unwrap_err();
    assert_eq!(late, Why::Expired.into());
}

#[test]
fn a_form_that_lacks_or_repeats_something_is_told_so() {
    for (changes, error) in [
        (&[("grant_type", "password")][..], OAuthErrorCode::UnsupportedGrantType),
        (&[("grant_type", "")], OAuthErrorCode::InvalidRequest),
        (&[("code", "")], OAuthErrorCode::InvalidRequest),
        (&[("code_verifier", "")], OAuthErrorCode::InvalidRequest),
        (&[("redirect_uri", "")], OAuthErrorCode::InvalidRequest),
        (&[("resource", "https://other.example/mcp")], OAuthErrorCode::InvalidTarget),
    ] {
        assert_eq!(broker().token(&redemption(changes), NOW).unwrap_err(), error.into());
    }
    let twice = format!("{}&code=x", redemption(&[]));
    assert_eq!(broker().token(&twice, NOW).unwrap_err(), OAuthErrorCode::InvalidRequest.into());
}

#[test]
fn the_answer_holds_exactly_the_promised_keys_and_nothing_of_the_backends() {
    let body = issue(pending(), tokens(), &long_lived()).unwrap().body();
    let mut keys: Vec<&String> = body.as_object().unwrap().keys().collect();
    keys.sort_unstable();
    assert_eq!(keys, ["access_token", "expires_in", "refresh_token", "scope", "token_type"]);
    assert_eq!(body["expires_in"], 3600);
    assert!(!body.to_string().contains("backend"));
    let access = body["access_token"].as_str().unwrap();
    let claims: AccessClaims = broker().sealer.open(access, NOW).unwrap();
    assert_eq!(claims.grant.subject.as_str(), "10002");
    assert_eq!(claims.backend_token.expose(), "backend-access");
}

#[test]
fn an_access_token_never_outlives_the_backends() {
    let short = BackendTokens { expires_in: Some(Duration::from_secs(30)), ..tokens() };
    let body = issue(pending(), short, &long_lived()).unwrap().body();
    assert_eq!(body["expires_in"], 30);
    let introspected = Introspection::Active(live());
    let body = issue(pending(), tokens(), &introspected).unwrap().body();
    assert_eq!(body["expires_in"], 60);
}

#[test]
fn nothing_is_issued_for_a_token_that_is_not_ours_or_nobodys() {
    let mut foreign = live();
    foreign.client_id = Some("another".to_owned());
    let wrong = Why::NotOurs(Unestablished::WrongAudience).into();
    let refused = issue(pending(), tokens(), &Introspection::Active(foreign)).unwrap_err();
    assert_eq!(refused, wrong);
    let inactive = issue(pending(), tokens(), &Introspection::Inactive).unwrap_err();
    assert_eq!(inactive, Why::NotOurs(Unestablished::Inactive).into());
    let nobody = BackendTokens { subject: None, ..tokens() };
    let unknown = issue(pending(), nobody, &long_lived()).unwrap_err();
    assert_eq!(unknown, TokenRefusal::CannotKnow);
}

#[test]
fn a_refresh_shows_the_backend_its_own_token_and_keeps_the_session_end() {
    let later = NOW.plus(Duration::from_secs(3600));
    let Step::Refresh { token, pending } = refresh(&[], later).unwrap() else {
        panic!("is a refresh")
    };
    assert_eq!(token.expose(), "backend-refresh");
    let body = issue(pending, tokens(), &long_lived()).unwrap().body();
    let sealed = body["refresh_token"].as_str().unwrap();
    let claims: RefreshClaims = broker().sealer.open(sealed, later).unwrap();
    assert_eq!(claims.expires_at, NOW.plus(broker().lifetimes.session));
}

#[test]
fn a_refresh_by_another_client_after_the_session_or_with_another_blob_is_invalid_grant() {
    let end = NOW.plus(broker().lifetimes.session);
    assert_eq!(refresh(&[], end).unwrap_err(), Why::Expired.into());
    let code = code();
    for (change, why) in [
        (("client_id", "stranger"), Why::OtherClient),
        (("client_id", ""), Why::OtherClient),
        (("refresh_token", code.as_str()), Why::Unreadable),
    ] {
        assert_eq!(refresh(&[change], NOW).unwrap_err(), why.into());
    }
}

#[test]
fn a_refresh_may_narrow_the_scope_and_not_widen_it() {
    let Step::Refresh { pending, .. } = refresh(&[("scope", "user/Patient.rs")], NOW).unwrap()
    else {
        panic!("is a refresh")
    };
    let body = issue(pending, tokens(), &long_lived()).unwrap().body();
    assert_eq!(body["scope"], "user/Patient.rs");
    let wider = refresh(&[("scope", "user/*.cruds")], NOW).unwrap_err();
    assert_eq!(wider, OAuthErrorCode::InvalidScope.into());
    // What clients ask for out of habit takes nothing away.
    for habit in ["openid offline_access", "user/Patient.rs openid profile email"] {
        assert!(refresh(&[("scope", habit)], NOW).is_ok(), "{habit}");
    }
}

#[test]
fn a_refresh_that_answers_for_another_person_is_refused() {
    let Step::Refresh { pending, .. } = refresh(&[], NOW).unwrap() else { panic!("is a refresh") };
    let other = BackendTokens { subject: Subject::parse("10003").ok(), ..tokens() };
    let refused = issue(pending, other, &long_lived()).unwrap_err();
    assert_eq!(refused, Why::NotOurs(Unestablished::OtherSubject).into());
}

#[test]
fn a_denied_person_gets_nothing_at_login_and_nothing_at_refresh() {
    let mut broker = broker();
    broker.admission.denied_subjects = [Subject::parse("10002").unwrap()].into();
    let (answer, audience) = (long_lived(), ours());
    let vouch = Vouch { answer: &answer, audience: &audience, now: NOW };
    let refused = broker.issue(pending(), tokens(), vouch, &mut rng()).unwrap_err();
    assert_eq!(refused, Why::Denied.into());
    let (id, token) = (client_id(), refresh_token());
    let form =
        form(&[("grant_type", "refresh_token"), ("client_id", &id), ("refresh_token", &token)]);
    assert_eq!(broker.token(&form, NOW).unwrap_err(), Why::Denied.into());
}

#[test]
fn a_revocation_ends_the_backends_refresh_token_and_garbage_is_a_silent_success() {
    let (id, token) = (client_id(), refresh_token());
    let revoke = |token: &str, client: &str| {
        broker().revoke(&form(&[("token", token), ("client_id", client)]), NOW).unwrap()
    };
    assert!(
        matches!(revoke(&token, &id), Revocation::Refresh(t) if t.expose() == "backend-refresh")
    );
    assert!(matches!(revoke(&token, ""), Revocation::Refresh(_)));
    assert!(matches!(revoke(&token, "stranger"), Revocation::Nothing));
    assert!(matches!(revoke("garbage", &id), Revocation::Nothing));
    let missing = broker().revoke("client_id=x", NOW).unwrap_err();
    assert_eq!(missing, OAuthErrorCode::InvalidRequest);
}

#[test]
fn a_client_that_nobody_knows_any_more_is_told_to_register_again() {
    let id = client_id();
    let year = NOW.plus(REGISTRATION_LIFETIME);
    let refreshed = |id: &str, token: &str, now| {
        let parameters =
            [("grant_type", "refresh_token"), ("client_id", id), ("refresh_token", token)];
        broker().token(&form(&parameters), now).map(|_| ()).map_err(|no| no.code)
    };
    assert_eq!(refreshed(&id, "garbage", NOW), Err(OAuthErrorCode::InvalidGrant));
    assert_eq!(refreshed(&id, "garbage", year), Err(OAuthErrorCode::InvalidClient));
    assert_eq!(refreshed("stranger", "garbage", NOW), Err(OAuthErrorCode::InvalidClient));
    let unknown = redemption(&[("code", "garbage"), ("client_id", "stranger")]);
    assert_eq!(broker().token(&unknown, NOW).unwrap_err(), OAuthErrorCode::InvalidClient.into());
}

#[test]
fn a_login_outlives_its_registration() {
    let mut short = broker();
    short.lifetimes.session = 2 * REGISTRATION_LIFETIME;
    let (answer, audience) = (long_lived(), ours());
    let vouch = Vouch { answer: &answer, audience: &audience, now: NOW };
    let issued = short.issue(pending(), tokens(), vouch, &mut rng()).unwrap().body();
    let token = issued["refresh_token"].as_str().unwrap();
    let year = NOW.plus(REGISTRATION_LIFETIME);
    assert!(broker().client(&ClientId::parse(&client_id()).unwrap(), None, year).is_none());
    assert!(refresh(&[("refresh_token", token)], year).is_ok());
}
