//! The backend's id token (OpenID Connect Core §2, §3.1.3.7): RS256 and nothing else.

use authz::ids::Subject;
use authz::time::{SKEW, Timestamp};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use ring::signature::{RSA_PKCS1_2048_8192_SHA256, RsaPublicKeyComponents};
use serde::Deserialize;

use crate::fault::Fault;

/// A public RSA key (RFC 7518 §6.3.1).
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct RsaKey {
    pub(super) modulus: Vec<u8>,
    pub(super) exponent: Vec<u8>,
}

/// What a token must say.
#[derive(Clone, Copy, Debug)]
pub(super) struct Expected<'e> {
    /// `iss` is exactly one of these.
    pub(super) issuers: &'e [String],
    /// Our client, among `aud`.
    pub(super) audience: &'e str,
    /// What the authorize request said; a token of a refresh has none.
    pub(super) nonce: Option<&'e str>,
    /// Now.
    pub(super) now: Timestamp,
}

/// A token whose signature is not yet checked.
#[derive(Debug)]
pub(super) struct Unverified<'t> {
    signed: &'t str,
    signature: Vec<u8>,
    claims: Vec<u8>,
    key_id: Option<String>,
}

#[derive(Deserialize)]
struct Header {
    alg: String,
    kid: Option<String>,
}

#[derive(Deserialize)]
struct Claims {
    iss: String,
    aud: Audience,
    sub: String,
    exp: u64,
    iat: Option<u64>,
    nonce: Option<String>,
}

#[derive(Deserialize)]
#[serde(untagged)]
enum Audience {
    One(String),
    Many(Vec<String>),
}

impl<'t> Unverified<'t> {
    /// Takes the compact form apart (RFC 7515 §7.1).
    pub(super) fn parse(token: &'t str) -> Result<Self, Fault> {
        Self::taken_apart(token).ok_or(Fault::BackendAnswer("id token form"))
    }

    fn taken_apart(token: &'t str) -> Option<Self> {
        let (signed, signature) = token.rsplit_once('.')?;
        let (header, claims) = signed.split_once('.')?;
        let decode = |part: &str| URL_SAFE_NO_PAD.decode(part).ok();
        let header: Header = serde_json::from_slice(&decode(header)?).ok()?;
        // Pinned: neither `none` nor a shared-secret algorithm over a public key.
        if header.alg != "RS256" {
            return None;
        }
        let (signature, claims) = (decode(signature)?, decode(claims)?);
        Some(Self { signed, signature, claims, key_id: header.kid })
    }

    /// Which key signed it, if it says so.
    pub(super) fn key_id(&self) -> Option<&str> {
        self.key_id.as_deref()
    }

    /// Whom the token is about, if all of it holds.
    pub(super) fn verify(self, key: &RsaKey, expected: Expected<'_>) -> Result<Subject, Fault> {
        RsaPublicKeyComponents { n: &key.modulus, e: &key.exponent }
            .verify(&RSA_PKCS1_2048_8192_SHA256, self.signed.as_bytes(), &self.signature)
            .map_err(|_| Fault::BackendAnswer("id token signature"))?;
        let claims: Claims = serde_json::from_slice(&self.claims)
            .map_err(|_| Fault::BackendAnswer("id token claims"))?;
        claims.hold(expected)?;
        Subject::parse(&claims.sub).map_err(|_| Fault::BackendAnswer("id token subject"))
    }
}

impl Claims {
    fn hold(&self, expected: Expected<'_>) -> Result<(), Fault> {
        let audience = match &self.aud {
            Audience::One(one) => one == expected.audience,
            Audience::Many(many) => many.iter().any(|one| one == expected.audience),
        };
        let nonce = expected.nonce.is_none() || self.nonce.as_deref() == expected.nonce;
        let live = Timestamp::from_unix_seconds(self.exp).plus(SKEW) > expected.now;
        let issued = Timestamp::from_unix_seconds(self.iat.unwrap_or_default());
        let rules = [
            (expected.issuers.contains(&self.iss), "id token issuer"),
            (audience, "id token audience"),
            (nonce, "id token nonce"),
            (live, "id token expiry"),
            (issued <= expected.now.plus(SKEW), "id token of the future"),
        ];
        match rules.into_iter().find(|(holds, _)| !holds) {
            Some((_, broken)) => Err(Fault::BackendAnswer(broken)),
            None => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::LazyLock;

    use super::*;

    /// A key made for this test; its private half is gone.
    const MODULUS: &str = concat!(
        "nMlTA3QUyRvZzxnrhQSVqd4zDNSLyhZ_qXejVkW4ZTHU08alVDPhA8akVKA6kP2yk6GyhVMU6fYE-fQDm_aN",
        "c4wD5IbZIwCZcOmBHjCosZojtpEEkPGow7RfenZQ2jF6ZiMvOyqjLzOCAR-nbEb6EAreak3Q7vkaU9QxMA_D",
        "zlXWrfEWgLDHVtvepfznv16qAP-2VuIU0QItcPRHMSwRs7pgziC5MZC8RO9xh4G6SvPFLgt8-enbQ0P7_MgE",
        "FSFDB8rmBJO9OOxWfefaP1MORmjR1TnBy_P8MGZVDlAcd4Mj8FraRZs8TLo4cHqOZyeKdYVJlwihRtk_unRe",
        "f5CzPQ",
    );

    /// Signed with it: the claims below.
    const TOKEN: &str = concat!(
        "eyJhbGciOiJSUzI1NiIsImtpZCI6Im9uZSJ9.eyJpc3MiOiJodHRwczovL2poZS5leGFtcGxlL28iLCJhdWQ",
        "iOiJnYXRld2F5Iiwic3ViIjoiMTAwMDIiLCJleHAiOjE4MDAwMDAwNjAsImlhdCI6MTgwMDAwMDAwMCwibm9",
        "uY2UiOiJub25jZSJ9.JJgvhD0qWd16E0zDKYIRYlXSflizVjWqMCYPJTsJ4cjqDKcaROyiwlUkLanJ2p8mRz",
        "K1t2k5qZJD1YO9EnX42HgokYYaml0X_anOFYIayzx0CKB8B_gEQGT0XpMLfJtUsiJwZNOJP1rjzhdKrURKT-",
        "qgyopiXwswFwXgxFOJdnN0_i63xI5RfD5RoEo_mMn_migvj2EHRlkFoyuKj2WQe4nC3knwwrxhzc5Oqy8wO_",
        "O0Rj2xce5voOVMTalsAjVMZyHuAAtk1CLdt3_PSl2Mcb9MxFPTqmdFHmzRCSaSPTZJP7wmLGGXUM9r4osoHL",
        "PRdS_U08YhFbXUGedK2QYC3Q",
    );

    const NOW: Timestamp = Timestamp::from_unix_seconds(1_800_000_000);

    fn claims() -> Claims {
        Claims {
            iss: "https://jhe.example/o".to_owned(),
            aud: Audience::One("gateway".to_owned()),
            sub: "10002".to_owned(),
            exp: 1_800_000_060,
            iat: Some(1_800_000_000),
            nonce: Some("nonce".to_owned()),
        }
    }

    /// As browsers know the backend, and as we do.
    static ISSUERS: LazyLock<Vec<String>> = LazyLock::new(|| {
        ["https://public.example/o", "https://jhe.example/o"].map(str::to_owned).into()
    });
    static OTHERS: LazyLock<Vec<String>> =
        LazyLock::new(|| vec!["https://jhe.example/o/".to_owned()]);

    fn expected() -> Expected<'static> {
        Expected { issuers: &ISSUERS, audience: "gateway", nonce: Some("nonce"), now: NOW }
    }

    fn token(header: &str) -> String {
        let part = |text: &str| URL_SAFE_NO_PAD.encode(text);
        format!("{}.{}.{}", part(header), part("{}"), part("signature"))
    }

    #[test]
    fn rs256_is_the_only_algorithm() {
        assert!(Unverified::parse(&token(r#"{"alg":"RS256","kid":"1"}"#)).is_ok());
        for alg in ["none", "HS256", "rs256", "PS256", ""] {
            let token = token(&format!(r#"{{"alg":"{alg}"}}"#));
            assert!(Unverified::parse(&token).is_err(), "{alg}");
        }
        for bad in ["", "a.b", "a.b.c", "...."] {
            assert!(Unverified::parse(bad).is_err(), "{bad}");
        }
    }

    fn key() -> RsaKey {
        RsaKey { modulus: URL_SAFE_NO_PAD.decode(MODULUS).unwrap(), exponent: vec![1, 0, 1] }
    }

    #[test]
    fn a_signed_token_says_who_logged_in() {
        let token = Unverified::parse(TOKEN).unwrap();
        assert_eq!(token.key_id(), Some("one"));
        assert_eq!(token.verify(&key(), expected()).unwrap().as_str(), "10002");
    }

    #[test]
    fn one_changed_claim_breaks_the_signature() {
        let claims = TOKEN.split('.').nth(1).unwrap();
        let text = String::from_utf8(URL_SAFE_NO_PAD.decode(claims).unwrap()).unwrap();
        let forged = URL_SAFE_NO_PAD.encode(text.replace("10002", "10003"));
        let forged = TOKEN.replace(claims, &forged);
        assert!(Unverified::parse(&forged).unwrap().verify(&key(), expected()).is_err());
    }

    #[test]
    fn a_signature_that_does_not_hold_proves_nothing() {
        let token = token(r#"{"alg":"RS256"}"#);
        let key = RsaKey { modulus: vec![0xc1; 256], exponent: vec![1, 0, 1] };
        let refused = Unverified::parse(&token).unwrap().verify(&key, expected()).unwrap_err();
        assert_eq!(refused.to_string(), "the backend's answer cannot be used: id token signature");
    }

    #[test]
    fn issuer_audience_nonce_and_times_must_hold() {
        assert!(claims().hold(expected()).is_ok());
        let wrong = [
            Expected { issuers: &OTHERS, ..expected() },
            Expected { audience: "other", ..expected() },
            Expected { nonce: Some("other"), ..expected() },
            Expected { now: Timestamp::from_unix_seconds(1_800_000_120), ..expected() },
            Expected { now: Timestamp::from_unix_seconds(1_799_999_939), ..expected() },
        ];
        for expected in wrong {
            assert!(claims().hold(expected).is_err(), "{expected:?}");
        }
        let many = Audience::Many(vec!["other".to_owned(), "gateway".to_owned()]);
        assert!(Claims { aud: many, ..claims() }.hold(expected()).is_ok());
        assert!(Claims { nonce: None, ..claims() }.hold(expected()).is_err());
    }
}
