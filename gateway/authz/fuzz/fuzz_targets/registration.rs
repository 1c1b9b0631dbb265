//! A registration that is accepted keeps some of what was asked for, every redirect URI of it passes the rule,
//! and the `client_id` is one that a login can begin with.
#![no_main]

use std::sync::LazyLock;

use authz::broker::Broker;
use authz::broker::error::OAuthErrorCode;
use authz::broker::register::Registration;
use authz_fuzz::NOW;
use authz_fuzz::broker::broker;
use authz_fuzz::json::Members;
use authz_fuzz::redirect::reason;
use libfuzzer_sys::fuzz_target;
use serde_json::Value;
use url::form_urlencoded::Serializer;

static BROKER: LazyLock<Broker> = LazyLock::new(broker);
const CHALLENGE: &str = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM";

fuzz_target!(|body: &[u8]| {
    let answer = BROKER.register(body, NOW, &mut authz_fuzz::dice(body));
    let members = std::str::from_utf8(body).ok().and_then(Members::of);
    let answer = match answer {
        Ok(answer) => answer,
        Err(OAuthErrorCode::InvalidRedirectUri) => return assert!(members.is_some()),
        Err(code) => return assert_eq!(code, OAuthErrorCode::InvalidClientMetadata),
    };
    let members = members.expect("an object");
    assert!(members.times("redirect_uris") == 1 && members.times("client_name") < 2);
    let asked: Vec<String> = members
        .text("redirect_uris")
        .and_then(|text| serde_json::from_str(text).ok())
        .expect("a list of texts");
    let kept: Vec<String> =
        asked.into_iter().filter(|uri| BROKER.redirects.accept(uri).is_some()).take(5).collect();
    assert!(!kept.is_empty() && kept.iter().all(|uri| reason(uri).is_some()));
    assert_eq!(answer["redirect_uris"], Value::from(kept.clone()));
    assert_eq!(answer["token_endpoint_auth_method"], "none");

    let id = answer["client_id"].as_str().expect("a client_id");
    let opened: Registration = BROKER.sealer.open(id, NOW).expect("our own client_id opens");
    assert_eq!((&opened.redirect_uris, opened.issued_at), (&kept, NOW));
    assert_eq!(answer["client_name"], opened.name.as_str());
    assert!(!opened.name.is_empty() && opened.name.chars().count() <= 64);
    assert!(!opened.name.chars().any(|c| c.is_control() || ('\u{202a}'..='\u{202e}').contains(&c)));
    logs_in(id, kept.last().expect("one"));
});

/// The way in that a client takes next.
fn logs_in(id: &str, uri: &str) {
    let pairs = [
        ("response_type", "code"),
        ("client_id", id),
        ("redirect_uri", uri),
        ("code_challenge", CHALLENGE),
        ("code_challenge_method", "S256"),
    ];
    let query = Serializer::new(String::new()).extend_pairs(pairs).finish();
    let request = BROKER.authorize(&query, None, NOW).expect("a registered client may ask");
    assert_eq!(request.redirect_uri, uri);
}
