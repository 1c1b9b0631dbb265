//! What the backend publishes about itself: its description, its keys, its time.

use authz::time::{SKEW, Timestamp};
use serde_json::Value;
use url::Url;

use super::finding::{Check, Finding};
use super::wire::{Answer, Got, NoAnswer, Wire};
use crate::config::Backend;
use crate::upstream_oauth;

/// More than this, and something should be done while it still works.
const UNEVEN_SECONDS: u64 = 10;

/// Asks for the documents, all below the backend's own base URL.
pub(super) async fn discovery(wire: &Wire, backend: &Backend) -> Finding {
    let mut documents = Vec::new();
    for url in places(backend) {
        if let Answer::Got(got) = wire.get(url, backend.deadline).await {
            documents.extend(document(&got));
        }
    }
    judge(&documents, backend)
}

/// Asks for the keys; the answer tells the backend's time, too.
pub(super) async fn keys_and_clock(wire: &Wire, backend: &Backend) -> [Finding; 2] {
    let answer = wire.get(backend.endpoints.jwks.clone(), backend.deadline).await;
    let clocks = match &answer {
        Answer::Got(got) => got.clocks,
        Answer::None(_) => None,
    };
    [judge_keys(&answer, backend), judge_clock(clocks)]
}

/// Where an issuer is described: OpenID Connect Discovery §4, and RFC 8414 §3.1 in the form that is
/// built like it and in the strict one. Browsers may know the backend by another origin than we do;
/// we ask at ours.
fn places(backend: &Backend) -> Vec<Url> {
    let issuers = backend.issuers.iter().filter_map(|issuer| Url::parse(issuer).ok());
    let issuers: Vec<Url> = issuers.collect();
    let ours = issuers.iter().find(|issuer| issuer.origin() == backend.base_url.origin());
    let Some(issuer) = ours.or_else(|| issuers.first()) else { return Vec::new() };
    let path = issuer.path().trim_end_matches('/');
    let at = |path: String| {
        let mut url = backend.base_url.clone();
        url.set_path(&path);
        url
    };
    vec![
        at(format!("{path}/.well-known/openid-configuration")),
        at(format!("{path}/.well-known/oauth-authorization-server")),
        at(format!("/.well-known/oauth-authorization-server{path}")),
    ]
}

fn document(got: &Got) -> Option<Value> {
    got.json().filter(|json| got.status == 200 && json.get("issuer").is_some())
}

/// What the documents say together; the first that names a member counts.
fn judge(documents: &[Value], backend: &Backend) -> Finding {
    let check = Check::Discovery;
    if documents.is_empty() {
        return Finding::warn(
            check,
            "no description of the authorization server is found below backend.issuers",
            "Logins work without one. Compare backend.issuers and backend.endpoints with the \
             backend's documentation: a mistake there shows up at the first login only.",
        );
    }
    let member = |name: &str| documents.iter().find_map(|document| document.get(name));
    let issuer = member("issuer").and_then(Value::as_str).unwrap_or_default();
    if !backend.issuers.iter().any(|known| known == issuer) {
        return Finding::fail(
            check,
            "the backend calls itself by a name that is not among backend.issuers, so that its id \
             tokens are refused",
            "List its `issuer`, to the letter, under backend.issuers; or mend the proxy in front of \
             the backend, if it passes on another Host than browsers use.",
        );
    }
    let differ = differing(&member, backend);
    if !differ.is_empty() {
        return Finding::warn(
            check,
            format!("the backend describes other endpoints than {}", differ.join(", ")),
            "Compare them under backend.endpoints with the backend's own description, slashes at \
             the end included.",
        );
    }
    let methods = member("code_challenge_methods_supported").and_then(Value::as_array);
    let s256 = methods.map(|methods| methods.iter().any(|method| method == "S256"));
    match s256 {
        Some(true) => Finding::ok(check, "issuer and endpoints are the configured ones; S256"),
        Some(false) => Finding::fail(
            check,
            "the backend does not offer PKCE with S256",
            "Switch S256 on at the backend; the gateway sends nothing weaker.",
        ),
        None => Finding::warn(
            check,
            "the backend does not say whether it knows PKCE",
            "Make sure that it checks the code verifier; the gateway always sends one (S256).",
        ),
    }
}

/// The configured endpoints that the documents name otherwise. A backend that writes the Host it was
/// asked under may use either of its two origins.
fn differing<'d>(
    member: &impl Fn(&str) -> Option<&'d Value>,
    backend: &Backend,
) -> Vec<&'static str> {
    let endpoints = &backend.endpoints;
    let origins = [backend.base_url.origin(), backend.public_url.origin()];
    let same = |described: &Url, configured: &Url| {
        described == configured
            || (described.path() == configured.path() && origins.contains(&described.origin()))
    };
    [
        ("backend.endpoints.authorize", "authorization_endpoint", &endpoints.authorize),
        ("backend.endpoints.token", "token_endpoint", &endpoints.token),
        ("backend.endpoints.introspect", "introspection_endpoint", &endpoints.introspect),
        ("backend.endpoints.userinfo", "userinfo_endpoint", &endpoints.userinfo),
        ("backend.endpoints.revoke", "revocation_endpoint", &endpoints.revoke),
        ("backend.endpoints.jwks", "jwks_uri", &endpoints.jwks),
    ]
    .into_iter()
    .filter(|(_, name, configured)| {
        let described = member(name).and_then(Value::as_str);
        described.is_some_and(|url| Url::parse(url).is_ok_and(|url| !same(&url, configured)))
    })
    .map(|(key, ..)| key)
    .collect()
}

fn judge_keys(answer: &Answer, backend: &Backend) -> Finding {
    let check = Check::Jwks;
    let needed = backend.scope.split(' ').any(|scope| scope == "openid");
    let verdict = |seen: &str, advice: &str| {
        if needed { Finding::fail(check, seen, advice) } else { Finding::warn(check, seen, advice) }
    };
    let got = match answer {
        Answer::Got(got) => got,
        Answer::None(why) => {
            let seen = format!("the key set {}", why.seen());
            return verdict(&seen, "Correct backend.endpoints.jwks, or allow the connection.");
        }
    };
    let usable = upstream_oauth::usable_keys(&got.body).filter(|_| got.status == 200);
    match usable {
        None => verdict(
            &format!("no key set: status {}, or not JSON", got.status),
            "Correct backend.endpoints.jwks.",
        ),
        Some(0) => verdict(
            "the key set has no RSA key of 2048 bits for RS256, so that no id token can be verified",
            "Give the backend an RSA key. At django-oauth-toolkit: OIDC_RSA_PRIVATE_KEY, and RS256 \
             as the application's algorithm.",
        ),
        Some(1) => Finding::ok(check, "one RS256 key"),
        Some(count) => Finding::ok(check, format!("{count} RS256 keys")),
    }
}

/// Whole seconds, and the answer was under way: a second or two are nothing.
fn judge_clock(clocks: Option<(Timestamp, Timestamp)>) -> Finding {
    let check = Check::Clock;
    let advice = "Let both machines follow a time server (NTP).";
    let Some((theirs, ours)) = clocks else {
        return Finding::skipped(check, "the backend did not say what time it is", advice);
    };
    let (apart, which) = match theirs.unix_seconds().checked_sub(ours.unix_seconds()) {
        Some(ahead) => (ahead, "ahead of"),
        None => (ours.unix_seconds().saturating_sub(theirs.unix_seconds()), "behind"),
    };
    let seen = format!("the backend's clock is {apart} s {which} ours");
    if apart > SKEW.as_secs() {
        let seen = format!("{seen}: id tokens are refused");
        return Finding::fail(check, seen, advice);
    }
    if apart > UNEVEN_SECONDS {
        return Finding::warn(check, seen, advice);
    }
    Finding::ok(check, format!("at most {UNEVEN_SECONDS} s apart"))
}

/// For answers that should have been there and were not.
pub(super) fn silent(check: Check, what: &str, why: NoAnswer, field: &str) -> Finding {
    let advice = format!("Correct {field}, or allow the connection.");
    Finding::fail(check, format!("{what} {}", why.seen()), advice)
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use serde_json::json;

    use super::super::finding::Outcome;
    use super::*;
    use crate::bench;

    fn backend() -> Backend {
        bench::backend("http://127.0.0.1:8000")
    }

    fn described(name: &str, value: Value) -> Value {
        let mut document = json!({
            "issuer": "http://127.0.0.1:8000/o",
            "authorization_endpoint": "http://127.0.0.1:8000/o/authorize/",
            "token_endpoint": "http://127.0.0.1:8000/o/token/",
            "code_challenge_methods_supported": ["plain", "S256"],
        });
        document[name] = value;
        document
    }

    #[test]
    fn the_documents_are_asked_for_at_our_own_way_to_the_backend() {
        let places: Vec<String> = places(&backend()).iter().map(ToString::to_string).collect();
        assert_eq!(
            places,
            [
                "http://127.0.0.1:8000/o/.well-known/openid-configuration",
                "http://127.0.0.1:8000/o/.well-known/oauth-authorization-server",
                "http://127.0.0.1:8000/.well-known/oauth-authorization-server/o",
            ]
        );
    }

    #[test]
    fn issuer_endpoints_and_s256_are_compared_with_the_configuration() {
        let judged = |name: &str, value: Value| judge(&[described(name, value)], &backend());
        assert_eq!(judged("x", json!(1)).outcome, Outcome::Ok);
        let other = judged("issuer", json!("http://127.0.0.1:8000/o/"));
        assert_eq!(other.outcome, Outcome::Fail);
        assert!(!format!("{other:?}").contains("8000"), "nothing of the document is repeated");
        let moved = judged("token_endpoint", json!("http://127.0.0.1:8000/o/token"));
        assert_eq!(moved.outcome, Outcome::Warn);
        assert!(moved.seen.contains("backend.endpoints.token"), "{moved:?}");
        let methods = "code_challenge_methods_supported";
        assert_eq!(judged(methods, json!(["plain"])).outcome, Outcome::Fail);
        assert_eq!(judged(methods, Value::Null).outcome, Outcome::Warn);
        assert_eq!(judge(&[], &backend()).outcome, Outcome::Warn);
    }

    #[test]
    fn without_a_usable_key_nobody_can_log_in() {
        let keys = |status, body: &'static str| {
            let got = Got { status, body: body.into(), ..Got::default() };
            judge_keys(&Answer::Got(got), &backend()).outcome
        };
        for (status, body) in [(200, r#"{"keys":[]}"#), (200, "<html>"), (404, r#"{"keys":[]}"#)] {
            assert_eq!(keys(status, body), Outcome::Fail, "{status} {body}");
        }
        assert_eq!(judge_keys(&Answer::None(NoAnswer::Late), &backend()).outcome, Outcome::Fail);
    }

    #[test]
    fn a_clock_that_is_off_by_more_than_is_forgiven_fails() {
        let ours = Timestamp::from_unix_seconds(1_800_000_000);
        let judged = |seconds: i64| {
            let theirs =
                Timestamp::from_unix_seconds(1_800_000_000_u64.saturating_add_signed(seconds));
            judge_clock(Some((theirs, ours)))
        };
        for (seconds, outcome) in [
            (0, Outcome::Ok),
            (10, Outcome::Ok),
            (-11, Outcome::Warn),
            (60, Outcome::Warn),
            (61, Outcome::Fail),
            (-3600, Outcome::Fail),
        ] {
            assert_eq!(judged(seconds).outcome, outcome, "{seconds}");
        }
        assert!(judged(-61).seen.contains("61 s behind"));
        assert_eq!(SKEW, Duration::from_secs(60));
        assert_eq!(judge_clock(None).outcome, Outcome::Skipped);
    }
}
