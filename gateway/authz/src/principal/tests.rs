use std::time::Duration;

use super::*;
use crate::ids::ClientId;
use crate::token::Grant;

pub(crate) const NOW: Timestamp = Timestamp::from_unix_seconds(1_800_000_000);

pub(crate) fn grant(scope: &str) -> Grant {
    Grant {
        subject: Subject::parse("10002").unwrap(),
        client: ClientId::parse("client").unwrap().fingerprint(),
        scope: scope.parse().unwrap(),
        resource: "https://gateway.example/mcp".to_owned(),
        backend: BackendName::parse("jhe").unwrap(),
        authenticated_at: NOW,
    }
}

fn sealed(scope: &str) -> AccessClaims {
    AccessClaims {
        grant: grant(scope),
        backend_token: BackendToken::new("backend"),
        issued_at: NOW,
        expires_at: NOW.plus(Duration::from_secs(3600)),
    }
}

pub(crate) fn live() -> Claims {
    Claims {
        client_id: Some("ours".to_owned()),
        scope: vec!["openid".to_owned()],
        audience: vec!["https://jhe.example".to_owned()],
        expires_at: Some(NOW.plus(Duration::from_secs(60))),
        subject: None,
        names_a_person: true,
    }
}

pub(crate) fn ours() -> AudiencePolicy {
    AudiencePolicy::new(vec!["ours".to_owned()], None, None).unwrap()
}

pub(crate) fn principal(scope: &str) -> Principal {
    establish(live(), &ours()).map(|p| Principal { scope: scope.parse().unwrap(), ..p }).unwrap()
}

fn establish(claims: Claims, policy: &AudiencePolicy) -> Result<Principal, Unestablished> {
    Principal::establish(sealed("user/*.rs"), &Introspection::Active(claims), policy, NOW)
}

fn refusal(claims: Claims, policy: &AudiencePolicy) -> Unestablished {
    establish(claims, policy).unwrap_err()
}

#[test]
fn a_live_token_of_our_client_makes_a_principal() {
    assert_eq!(establish(live(), &ours()).unwrap().subject().as_str(), "10002");
}

#[test]
fn a_policy_without_a_rule_does_not_exist() {
    assert_eq!(AudiencePolicy::new(Vec::new(), None, None), Err(NoAudienceRule));
}

#[test]
fn a_token_of_another_client_is_refused_and_one_without_a_client_cannot_be_known() {
    let other = Claims { client_id: Some("Ours".to_owned()), ..live() };
    assert_eq!(refusal(other, &ours()), Unestablished::WrongAudience);
    let nameless = Claims { client_id: None, ..live() };
    assert_eq!(refusal(nameless, &ours()), Unestablished::CannotKnow);
}

#[test]
fn where_no_client_is_asked_for_any_will_do_and_none_as_well() {
    let scoped = AudiencePolicy::new(Vec::new(), Some("openid".to_owned()), None).unwrap();
    assert!(establish(live(), &scoped).is_ok());
    assert!(establish(Claims { client_id: None, ..live() }, &scoped).is_ok());
    let unscoped = Claims { scope: Vec::new(), ..live() };
    assert_eq!(refusal(unscoped, &scoped), Unestablished::WrongAudience);
}

#[test]
fn a_token_that_names_the_very_person_of_the_seal_makes_a_principal() {
    let named = Claims { subject: Some("10002".to_owned()), ..live() };
    let principal = establish(named, &ours()).unwrap();
    assert_eq!(principal.client(), &grant("").client);
    assert_eq!(principal.backend().as_str(), "jhe");
    assert_eq!(principal.scope().to_string(), "user/*.rs");
}

#[test]
fn a_policy_is_stricter_if_it_admits_nothing_that_the_other_refuses() {
    let policy = |clients: &[&str], scope: Option<&str>| {
        let clients = clients.iter().map(|&one| one.to_owned()).collect();
        AudiencePolicy::new(clients, scope.map(str::to_owned), None).unwrap()
    };
    let (one, two) = (policy(&["a"], None), policy(&["a", "b"], None));
    assert!(one.is_stricter_than(&two) && !two.is_stricter_than(&one));
    let scoped = policy(&["a"], Some("fhir"));
    assert!(scoped.is_stricter_than(&one) && !one.is_stricter_than(&scoped));
    let anyone = policy(&[], Some("fhir"));
    assert!(scoped.is_stricter_than(&anyone) && !anyone.is_stricter_than(&scoped));
    assert!(!anyone.is_stricter_than(&one) && anyone.names("x") && !one.names("b"));
}

#[test]
fn every_configured_rule_must_hold() {
    let all = |scope: &str, aud: &str| {
        let clients = vec!["ours".to_owned()];
        AudiencePolicy::new(clients, Some(scope.to_owned()), Some(aud.to_owned())).unwrap()
    };
    assert!(establish(live(), &all("openid", "https://jhe.example")).is_ok());
    let wrong = Unestablished::WrongAudience;
    assert_eq!(refusal(live(), &all("fhir", "https://jhe.example")), wrong);
    assert_eq!(refusal(live(), &all("openid", "https://other.example")), wrong);
}

#[test]
fn inactive_expired_nobodys_and_another_persons_tokens_are_refused() {
    let inactive =
        Principal::establish(sealed("user/*.rs"), &Introspection::Inactive, &ours(), NOW);
    assert_eq!(inactive.unwrap_err(), Unestablished::Inactive);
    let ended = Claims { expires_at: Some(NOW), ..live() };
    assert_eq!(refusal(ended, &ours()), Unestablished::Expired);
    let service = Claims { names_a_person: false, ..live() };
    assert_eq!(refusal(service, &ours()), Unestablished::NoPerson);
    let other = Claims { subject: Some("10003".to_owned()), ..live() };
    assert_eq!(refusal(other, &ours()), Unestablished::OtherSubject);
}
