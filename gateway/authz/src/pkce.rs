//! Proof Key for Code Exchange (RFC 7636), S256 only.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};
use subtle::ConstantTimeEq as _;

/// A client's code challenge: 43 characters of base64url (RFC 7636 §4.2).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct CodeChallenge(String);

/// Why an authorization request has no usable challenge. `plain` is no proof and is refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("code_challenge with code_challenge_method=S256 is required")]
pub struct InvalidChallenge;

impl CodeChallenge {
    /// Reads challenge and method (RFC 7636 §4.3); an absent method would mean `plain`.
    pub fn parse(challenge: Option<&str>, method: Option<&str>) -> Result<Self, InvalidChallenge> {
        match (challenge, method) {
            (Some(text), Some("S256")) if text.len() == 43 && text.bytes().all(base64url) => {
                Ok(Self(text.to_owned()))
            }
            _ => Err(InvalidChallenge),
        }
    }

    /// The challenge for a verifier (RFC 7636 §4.2).
    pub fn of(verifier: &str) -> Self {
        Self(URL_SAFE_NO_PAD.encode(Sha256::digest(verifier.as_bytes())))
    }

    /// The 43 characters.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Whether `verifier` is well formed (RFC 7636 §4.1) and is the one behind this challenge
    /// (RFC 7636 §4.6).
    pub fn is_met_by(&self, verifier: &str) -> bool {
        let unreserved = |b: u8| b.is_ascii_alphanumeric() || b"-._~".contains(&b);
        (43..=128).contains(&verifier.len())
            && verifier.bytes().all(unreserved)
            && bool::from(Self::of(verifier).0.as_bytes().ct_eq(self.0.as_bytes()))
    }
}

const fn base64url(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_'
}

#[cfg(test)]
mod tests {
    use super::*;

    const VERIFIER: &str = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";
    const CHALLENGE: &str = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM";

    #[test]
    fn the_vector_of_rfc_7636_appendix_b_holds() {
        let challenge = CodeChallenge::parse(Some(CHALLENGE), Some("S256")).unwrap();
        assert_eq!(CodeChallenge::of(VERIFIER), challenge);
        assert!(challenge.is_met_by(VERIFIER));
    }

    #[test]
    fn another_a_short_a_long_or_an_odd_verifier_does_not_meet_it() {
        let challenge = CodeChallenge::parse(Some(CHALLENGE), Some("S256")).unwrap();
        for bad in [&VERIFIER.replace('d', "e"), "", CHALLENGE, &"a".repeat(129), "ü"] {
            assert!(!challenge.is_met_by(bad), "{bad}");
        }
        let short = "a".repeat(42);
        assert!(!CodeChallenge::of(&short).is_met_by(&short));
    }

    #[test]
    fn no_method_plain_and_misshapen_challenges_are_refused() {
        for (challenge, method) in [
            (None, Some("S256")),
            (Some(CHALLENGE), None),
            (Some(CHALLENGE), Some("plain")),
            (Some(CHALLENGE), Some("s256")),
            (Some("c"), Some("S256")),
            (Some(&CHALLENGE[..42]), Some("S256")),
            (Some("E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM="), Some("S256")),
            (Some("E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw+cM"), Some("S256")),
        ] {
            assert_eq!(CodeChallenge::parse(challenge, method), Err(InvalidChallenge));
        }
    }
}
