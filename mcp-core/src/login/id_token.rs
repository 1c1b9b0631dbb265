//! Who logged in, from the id token (OpenID Connect Core §2). It comes straight from the token endpoint,
//! so that TLS vouches for its issuer in place of its signature (§3.1.3.7, rule 6).

use authz::ids::Subject;
use authz::time::{SKEW, Timestamp};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::Deserialize;

/// What a token must say.
#[derive(Clone, Copy, Debug)]
pub(super) struct Expected<'e> {
    pub(super) issuer: &'e str,
    /// Our client, among `aud`.
    pub(super) audience: &'e str,
    /// What the authorize request said; a token of a refresh has none.
    pub(super) nonce: Option<&'e str>,
    pub(super) now: Timestamp,
}

#[derive(Deserialize)]
struct Claims {
    iss: String,
    aud: Audience,
    sub: String,
    exp: u64,
    nonce: Option<String>,
}

#[derive(Deserialize)]
#[serde(untagged)]
enum Audience {
    One(String),
    Many(Vec<String>),
}

/// Whom the token is about, or what is wrong with it.
pub(super) fn subject(token: &str, expected: Expected<'_>) -> Result<Subject, &'static str> {
    let claims = read(token).ok_or("its form")?;
    let is_ours = match &claims.aud {
        Audience::One(one) => one == expected.audience,
        Audience::Many(many) => many.iter().any(|one| one == expected.audience),
    };
    let live = Timestamp::from_unix_seconds(claims.exp).plus(SKEW) > expected.now;
    let rules = [
        (claims.iss == expected.issuer, "its issuer (compare --issuer)"),
        (is_ours, "its audience"),
        (expected.nonce.is_none() || claims.nonce.as_deref() == expected.nonce, "its nonce"),
        (live, "its expiry (compare this computer's clock)"),
    ];
    match rules.into_iter().find(|(holds, _)| !holds) {
        Some((_, broken)) => Err(broken),
        None => Subject::parse(&claims.sub).map_err(|_| "its subject"),
    }
}

fn read(token: &str) -> Option<Claims> {
    let mut parts = token.split('.');
    let (_, claims, _, None) = (parts.next()?, parts.next()?, parts.next()?, parts.next()) else {
        return None;
    };
    serde_json::from_slice(&URL_SAFE_NO_PAD.decode(claims).ok()?).ok()
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    const EXPECTED: Expected<'_> = Expected {
        issuer: "https://jhe.example/o",
        audience: "laptop",
        nonce: Some("once"),
        now: Timestamp::from_unix_seconds(1_800_000_000),
    };

    fn token(change: &Value) -> String {
        let mut claims = json!({
            "iss": "https://jhe.example/o", "aud": "laptop", "sub": "10002",
            "exp": 1_800_000_100, "nonce": "once",
        });
        claims.as_object_mut().unwrap().extend(change.as_object().unwrap().clone());
        format!("e30.{}.c2ln", URL_SAFE_NO_PAD.encode(claims.to_string()))
    }

    #[test]
    fn the_subject_is_read_where_everything_holds() {
        assert_eq!(subject(&token(&json!({})), EXPECTED).unwrap().as_str(), "10002");
        let many = token(&json!({"aud": ["other", "laptop"]}));
        assert!(subject(&many, EXPECTED).is_ok());
        let refreshed = Expected { nonce: None, ..EXPECTED };
        assert!(subject(&token(&json!({"nonce": null})), refreshed).is_ok());
    }

    #[test]
    fn another_issuer_audience_nonce_an_old_one_and_a_broken_form_are_refused() {
        for change in [
            json!({"iss": "https://evil.example/o"}),
            json!({"aud": "other"}),
            json!({"nonce": "twice"}),
            json!({"nonce": null}),
            json!({"exp": 1_799_999_940}),
            json!({"sub": "a b"}),
            json!({"exp": "soon"}),
        ] {
            assert!(subject(&token(&change), EXPECTED).is_err(), "{change}");
        }
        for bad in ["", "a.b", "a.b.c.d", "e30.!.c2ln"] {
            assert_eq!(subject(bad, EXPECTED), Err("its form"), "{bad}");
        }
    }
}
