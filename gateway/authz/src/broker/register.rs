//! Dynamic client registration (RFC 7591), without a store: the registration is sealed into the
//! `client_id`, so any replica knows the client and a flood of registrations costs no memory.

use rand_core::CryptoRng;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::broker::error::OAuthErrorCode;
use crate::broker::{Broker, REGISTRATION_LIFETIME};
use crate::json;
use crate::seal::{Purpose, Sealable};
use crate::time::Timestamp;

/// More redirect URIs than any known client sends; with the longest ones the `client_id` is still one
/// that we would read.
const MOST_REDIRECT_URIS: usize = 5;
/// Characters of a client's name that are kept.
const LONGEST_NAME: usize = 64;
/// Shown for a client that gave no name.
const NAMELESS: &str = "An MCP client";

/// A registered client, inside its `client_id`. All of it is self-asserted (RFC 7591 §5).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Registration {
    /// The name that the client gives itself, cleaned.
    pub name: String,
    /// The acceptable ones among the redirect URIs that it asked for.
    pub redirect_uris: Vec<String>,
    /// When it registered.
    pub issued_at: Timestamp,
}

impl Sealable for Registration {
    const PURPOSE: Purpose = Purpose::Registration;
    const PREFIX: &'static str = "";

    fn issued_at(&self) -> Timestamp {
        self.issued_at
    }

    fn expires_at(&self) -> Timestamp {
        self.issued_at.plus(REGISTRATION_LIFETIME)
    }
}

/// What we look at of a client's metadata (RFC 7591 §2). Everything else is ignored: clients send
/// more than anybody reads, and `none` with PKCE is the only way to authenticate here.
#[derive(Deserialize)]
struct Metadata {
    redirect_uris: Vec<String>,
    client_name: Option<String>,
}

impl Broker {
    /// Registers a client, and returns the answer of RFC 7591 §3.2.1. Acceptable redirect URIs of a
    /// mixed set are kept and echoed; the request fails when none is left.
    pub fn register(
        &self,
        body: &[u8],
        now: Timestamp,
        rng: &mut impl CryptoRng,
    ) -> Result<Value, OAuthErrorCode> {
        let metadata: Metadata = json::object(body).ok_or(OAuthErrorCode::InvalidClientMetadata)?;
        let redirect_uris: Vec<String> = metadata
            .redirect_uris
            .into_iter()
            .filter(|uri| self.redirects.accept(uri).is_some())
            .take(MOST_REDIRECT_URIS)
            .collect();
        if redirect_uris.is_empty() {
            return Err(OAuthErrorCode::InvalidRedirectUri);
        }
        let name = clean_name(metadata.client_name.as_deref().unwrap_or_default());
        let registration = Registration { name, redirect_uris, issued_at: now };
        let client_id = self.sealer.seal(&registration, rng);
        Ok(json!({
            "client_id": client_id,
            "client_id_issued_at": now.unix_seconds(),
            "client_name": registration.name,
            "redirect_uris": registration.redirect_uris,
            "token_endpoint_auth_method": "none",
            "grant_types": ["authorization_code", "refresh_token"],
            "response_types": ["code"],
        }))
    }
}

/// A name fit for our page: without characters that nobody sees or that turn the direction, and of
/// bounded length.
pub(crate) fn clean_name(name: &str) -> String {
    let invisible = |c: char| {
        c.is_control()
            || matches!(c, '\u{ad}' | '\u{34f}' | '\u{61c}' | '\u{2800}' | '\u{3164}' | '\u{ffa0}')
            || matches!(c, '\u{115f}' | '\u{1160}' | '\u{17b4}' | '\u{17b5}' | '\u{feff}')
            || matches!(c, '\u{180b}'..='\u{180f}' | '\u{fe00}'..='\u{fe0f}' | '\u{fff0}'..='\u{fffb}')
            || matches!(c, '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}')
            || matches!(c, '\u{2060}'..='\u{206f}' | '\u{e0000}'..='\u{e0fff}')
    };
    let visible: String = name.chars().filter(|c| !invisible(*c)).take(LONGEST_NAME).collect();
    let trimmed = visible.trim();
    if trimmed.is_empty() { NAMELESS.to_owned() } else { trimmed.to_owned() }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::broker::tests::{NOW, broker, rng};
    use crate::ids::ClientId;

    fn register(body: &str) -> Result<Value, OAuthErrorCode> {
        broker().register(body.as_bytes(), NOW, &mut rng())
    }

    #[test]
    fn a_registration_is_echoed_and_opens_from_its_client_id() {
        let body = r#"{"client_name":"Claude","redirect_uris":["http://localhost:1/cb"],
            "token_endpoint_auth_method":"client_secret_post","application_type":"native"}"#;
        let answer = register(body).unwrap();
        assert_eq!(answer["token_endpoint_auth_method"], "none");
        assert_eq!(answer["redirect_uris"], json!(["http://localhost:1/cb"]));
        let id = ClientId::parse(answer["client_id"].as_str().unwrap()).unwrap();
        assert_eq!(broker().client(&id, None, NOW).unwrap().name, "Claude");
    }

    #[test]
    fn of_a_mixed_set_the_acceptable_uris_are_kept_and_none_left_is_refused() {
        let mixed = r#"{"redirect_uris":["https://evil.example/cb","http://127.0.0.1/cb"]}"#;
        assert_eq!(register(mixed).unwrap()["redirect_uris"], json!(["http://127.0.0.1/cb"]));
        for none in [r#"{"redirect_uris":[]}"#, r#"{"redirect_uris":["https://evil.example/cb"]}"#]
        {
            assert_eq!(register(none), Err(OAuthErrorCode::InvalidRedirectUri));
        }
    }

    #[test]
    fn what_is_no_object_with_redirect_uris_is_refused() {
        for bad in [
            "",
            "null",
            "[]",
            r#"[["http://127.0.0.1/cb"],"name"]"#,
            "{}",
            r#"{"redirect_uris":"http://127.0.0.1/cb"}"#,
            r#"{"redirect_uris":["http://127.0.0.1/cb"],"redirect_uris":[]}"#,
        ] {
            assert_eq!(register(bad), Err(OAuthErrorCode::InvalidClientMetadata), "{bad}");
        }
    }

    #[test]
    fn the_largest_registration_is_one_that_we_can_read_again() {
        let path = "p".repeat(crate::redirect_uri::LONGEST - "http://127.0.0.1/0".len());
        let uris: Vec<_> = (0..9).map(|at| format!("http://127.0.0.1/{at}{path}")).collect();
        let body = json!({"redirect_uris": uris, "client_name": "ü".repeat(LONGEST_NAME)});
        let answer = register(&body.to_string()).unwrap();
        assert_eq!(answer["redirect_uris"].as_array().unwrap().len(), MOST_REDIRECT_URIS);
        let id = ClientId::parse(answer["client_id"].as_str().unwrap()).unwrap();
        assert!(broker().client(&id, None, NOW).is_some());
    }

    #[test]
    fn a_name_is_shown_without_tricks() {
        assert_eq!(clean_name("Cla\u{202e}ude\u{200b}\n"), "Claude");
        for nothing in
            [" \u{feff} ", "\u{3164}", "\u{115f}\u{1160}\u{ffa0}", "\u{2800}\u{34f}\u{fe0f}"]
        {
            assert_eq!(clean_name(nothing), NAMELESS);
        }
        assert_eq!(clean_name(&"x".repeat(100)).len(), LONGEST_NAME);
    }
}
