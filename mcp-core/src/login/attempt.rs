//! One login on its way through the browser: what it is told apart by, where it begins, and what came back.

use authz::pkce::CodeChallenge;
use authz::secret::{BackendCode, CodeVerifier};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use rand::CryptoRng;
use subtle::ConstantTimeEq as _;
use url::Url;
use url::form_urlencoded;

use super::registration::Registration;

/// JHE drops a longer target from its login page and strands the person there without an error.
const LONGEST_TARGET: usize = 2048;

/// What one login is told apart by.
pub(super) struct Attempt {
    state: String,
    nonce: String,
    verifier: CodeVerifier,
    redirect: Url,
}

/// What the browser came back with.
#[derive(Debug)]
pub(super) enum Returned {
    /// It is not the answer to this login: another `state`, or none, or two.
    NotOurs,
    /// The backend, or the person there, said no.
    Declined,
    /// The code (RFC 6749 §4.1.2).
    Code(BackendCode),
}

impl Attempt {
    /// A login that comes back to this URL: `state`, nonce and verifier have 256 random bits each.
    pub(super) fn new(redirect: Url, rng: &mut impl CryptoRng) -> Self {
        let mut draw = || {
            let mut bytes = [0; 32];
            rng.fill_bytes(&mut bytes);
            URL_SAFE_NO_PAD.encode(bytes)
        };
        let (state, nonce) = (draw(), draw());
        Self { state, nonce, verifier: CodeVerifier::new(draw()), redirect }
    }

    /// The URL of the backend that begins it (RFC 6749 §4.1.1, RFC 7636 §4.3); none if it would be too
    /// long to be followed. `prompt` is never sent.
    pub(super) fn authorize_url(&self, registration: &Registration) -> Option<Url> {
        let challenge = CodeChallenge::of(self.verifier.expose());
        let mut url = registration.endpoints.authorize.clone();
        url.query_pairs_mut().extend_pairs([
            ("response_type", "code"),
            ("client_id", &registration.client_id),
            ("redirect_uri", self.redirect.as_str()),
            ("scope", &registration.scope),
            ("state", &self.state),
            ("nonce", &self.nonce),
            ("code_challenge", challenge.as_str()),
            ("code_challenge_method", "S256"),
        ]);
        let target = url.path().len() + url.query().map_or(0, |query| query.len() + 1);
        (target <= LONGEST_TARGET).then_some(url)
    }

    /// Reads the query that came back. `state` is compared first, whole, and in constant time; an issuer
    /// that names itself (RFC 9207) must be the right one.
    pub(super) fn judge(&self, query: &str, issuer: &str) -> Returned {
        let pairs: Vec<_> = form_urlencoded::parse(query.as_bytes()).collect();
        let only = |name: &str| {
            let mut values =
                pairs.iter().filter(|(known, _)| known == name).map(|(_, v)| v.as_ref());
            (values.next(), values.next())
        };
        let (Some(state), None) = only("state") else { return Returned::NotOurs };
        if !bool::from(state.as_bytes().ct_eq(self.state.as_bytes())) {
            return Returned::NotOurs;
        }
        if only("iss").0.is_some_and(|named| named != issuer) {
            return Returned::Declined;
        }
        match (only("error"), only("code")) {
            ((None, _), (Some(code), None)) if !code.is_empty() => {
                Returned::Code(BackendCode::new(code))
            }
            _ => Returned::Declined,
        }
    }

    /// The proof that whoever redeems the code began the login (RFC 7636).
    pub(super) const fn verifier(&self) -> &CodeVerifier {
        &self.verifier
    }

    /// What the id token must repeat.
    pub(super) fn nonce(&self) -> &str {
        &self.nonce
    }

    /// Where the browser comes back to.
    pub(super) const fn redirect(&self) -> &Url {
        &self.redirect
    }
}

#[cfg(test)]
mod tests {
    use rand::SeedableRng as _;
    use rand::rngs::StdRng;

    use super::*;
    use crate::login::registration::tests::registration;

    const ISSUER: &str = "https://jhe.example/o";

    fn attempt(seed: u64) -> Attempt {
        let redirect = "http://127.0.0.1:4711/callback".parse().unwrap();
        Attempt::new(redirect, &mut StdRng::seed_from_u64(seed))
    }

    fn parameters(url: &Url) -> std::collections::BTreeMap<String, String> {
        url.query_pairs().into_owned().collect()
    }

    #[test]
    fn the_authorize_url_has_s256_state_and_nonce_and_never_a_prompt() {
        let registration = registration("https://jhe.example", "http://127.0.0.1/callback");
        let (attempt, other) = (attempt(1), attempt(2));
        let url = attempt.authorize_url(&registration).unwrap();
        assert!(url.as_str().starts_with("https://jhe.example/o/authorize/?"));
        let sent = parameters(&url);
        let names: Vec<&str> = sent.keys().map(String::as_str).collect();
        let expected = [
            "client_id",
            "code_challenge",
            "code_challenge_method",
            "nonce",
            "redirect_uri",
            "response_type",
            "scope",
            "state",
        ];
        assert_eq!(names, expected);
        assert_eq!(sent["code_challenge_method"], "S256");
        let challenge = CodeChallenge::parse(Some(&sent["code_challenge"]), Some("S256")).unwrap();
        assert!(challenge.is_met_by(attempt.verifier().expose()));
        assert!(!url.as_str().contains(attempt.verifier().expose()));
        let others = parameters(&other.authorize_url(&registration).unwrap());
        for drawn in ["state", "nonce", "code_challenge"] {
            assert_eq!(sent[drawn].len(), 43);
            assert_ne!(sent[drawn], others[drawn], "{drawn}");
        }
    }

    #[test]
    fn a_target_of_2048_characters_is_followed_and_a_longer_one_is_not() {
        let mut registration = registration("https://jhe.example", "http://127.0.0.1/callback");
        let attempt = attempt(1);
        let url = attempt.authorize_url(&registration).unwrap();
        let target = url.path().len() + 1 + url.query().unwrap().len();
        registration.client_id.push_str(&"x".repeat(LONGEST_TARGET - target));
        assert!(attempt.authorize_url(&registration).is_some());
        registration.client_id.push('x');
        assert!(attempt.authorize_url(&registration).is_none());
    }

    #[test]
    fn only_the_exact_state_once_is_an_answer() {
        let attempt = attempt(1);
        let state = attempt.state.clone();
        let answer = |query: &str| attempt.judge(query, ISSUER);
        let code = answer(&format!("code=c0de&state={state}"));
        assert!(matches!(code, Returned::Code(code) if code.expose() == "c0de"));
        let short = &state[..42];
        for query in [
            "code=c0de".to_owned(),
            "code=c0de&state=".to_owned(),
            format!("code=c0de&state={short}"),
            format!("code=c0de&state={state}x"),
            format!("code=c0de&state={state}&state={state}"),
            "error=access_denied&state=guessed".to_owned(),
            String::new(),
        ] {
            assert!(matches!(answer(&query), Returned::NotOurs), "{query}");
        }
    }

    #[test]
    fn an_error_no_code_two_codes_or_another_issuer_is_no_login() {
        let attempt = attempt(1);
        let state = &attempt.state;
        for query in [
            format!("error=access_denied&state={state}"),
            format!("error=access_denied&code=c0de&state={state}"),
            format!("state={state}"),
            format!("code=&state={state}"),
            format!("code=a&code=b&state={state}"),
            format!("code=c0de&state={state}&iss=https://evil.example"),
        ] {
            assert!(matches!(attempt.judge(&query, ISSUER), Returned::Declined), "{query}");
        }
        let named = format!("code=c0de&state={state}&iss={ISSUER}");
        assert!(matches!(attempt.judge(&named, ISSUER), Returned::Code(_)));
    }
}
