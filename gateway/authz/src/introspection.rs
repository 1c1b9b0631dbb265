//! What the backend's introspection endpoint said (RFC 7662 §2.2), read strictly, not yet believed.

use serde::Deserialize;

use crate::json;
use crate::time::Timestamp;

/// The answer about one token.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Introspection {
    /// Known bad: unknown, expired, revoked.
    Inactive,
    /// Live, and about whom.
    Active(Claims),
}

/// What an answer said about a live token.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Claims {
    /// The backend's client that the token was issued to.
    pub client_id: Option<String>,
    /// The backend's scope tokens.
    pub scope: Vec<String>,
    /// The token's audience, where the backend says.
    pub audience: Vec<String>,
    /// When it ends, where the backend says.
    pub expires_at: Option<Timestamp>,
    /// The person, where the backend says (JHE does not).
    pub subject: Option<String>,
    /// Whether a person stands behind the token at all. A service account's token has no
    /// `username`. The name itself is an e-mail address at some backends and is not kept.
    pub names_a_person: bool,
}

/// Why an answer proves nothing. This is "cannot know", never "no".
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Unreadable {
    /// Not 200: a refusal here means that our own credentials are wrong.
    #[error("introspection answered with status {0}")]
    Status(u16),
    /// Not the JSON object that RFC 7662 describes.
    #[error("introspection did not answer with the JSON of RFC 7662")]
    Malformed,
}

#[derive(Deserialize)]
struct Wire {
    active: bool,
    client_id: Option<String>,
    scope: Option<String>,
    aud: Option<OneOrMany>,
    exp: Option<u64>,
    sub: Option<String>,
    username: Option<serde::de::IgnoredAny>,
}

#[derive(Deserialize)]
#[serde(untagged)]
enum OneOrMany {
    One(String),
    Many(Vec<String>),
}

impl Introspection {
    /// Reads an answer. The media type is not looked at: some backends mislabel their JSON.
    pub fn read(status: u16, body: &[u8]) -> Result<Self, Unreadable> {
        if status != 200 {
            return Err(Unreadable::Status(status));
        }
        let wire: Wire = json::object(body).ok_or(Unreadable::Malformed)?;
        if !wire.active {
            return Ok(Self::Inactive);
        }
        Ok(Self::Active(Claims {
            client_id: wire.client_id,
            scope: wire.scope.iter().flat_map(|s| s.split(' ')).map(str::to_owned).collect(),
            audience: match wire.aud {
                None => Vec::new(),
                Some(OneOrMany::One(one)) => vec![one],
                Some(OneOrMany::Many(many)) => many,
            },
            expires_at: wire.exp.map(Timestamp::from_unix_seconds),
            names_a_person: wire.username.is_some() || wire.sub.is_some(),
            subject: wire.sub,
        }))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_live_token_of_the_exchange_is_read_without_its_e_mail_address() {
        let body = br#"{"active":true,"scope":"openid email","exp":1796434416,
            "client_id":"gateway","username":"mary@example.com"}"#;
        let Introspection::Active(claims) = Introspection::read(200, body).unwrap() else {
            panic!("is active")
        };
        assert_eq!(claims.client_id.as_deref(), Some("gateway"));
        assert_eq!(claims.scope, ["openid", "email"]);
        assert!(claims.names_a_person);
        assert!(!format!("{claims:?}").contains("mary"));
    }

    #[test]
    fn a_service_account_names_no_person() {
        let body = br#"{"active":true,"scope":"","client_id":"batch"}"#;
        let Introspection::Active(claims) = Introspection::read(200, body).unwrap() else {
            panic!("is active")
        };
        assert!(!claims.names_a_person);
    }

    #[test]
    fn only_active_false_is_a_no() {
        assert_eq!(Introspection::read(200, br#"{"active":false}"#), Ok(Introspection::Inactive));
    }

    #[test]
    fn anything_else_cannot_be_known() {
        for (status, body) in [
            (200, &b"<html>"[..]),
            (200, br#"{"active":"true"}"#),
            (200, br#"{"active":1}"#),
            (200, b"{}"),
            (200, b"[]"),
            (200, br#"[true,"gateway","openid",null,1796434416,"10002",null]"#),
            (200, br#"{"active":true,"active":false}"#),
            (200, br#"{"active":true,"exp":"soon"}"#),
            (200, b""),
        ] {
            assert_eq!(Introspection::read(status, body), Err(Unreadable::Malformed));
        }
        for status in [302, 400, 403, 500] {
            let answer = Introspection::read(status, br#"{"active":true}"#);
            assert_eq!(answer, Err(Unreadable::Status(status)));
        }
    }
}
