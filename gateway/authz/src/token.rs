//! The tokens that clients hold: what is sealed inside, and how one is read from a request.

use std::collections::BTreeSet;

use http::HeaderMap;
use http::header::AUTHORIZATION;
use secrecy::{ExposeSecret as _, SecretString};
use serde::{Deserialize, Serialize};

use crate::ids::{BackendName, ClientRef, Subject};
use crate::scope::Scope;
use crate::seal::{Purpose, Sealable, Sealer, Unsealable};
use crate::secret::{self, BackendRefreshToken, BackendToken};
use crate::time::Timestamp;

/// What both kinds of token are bound to, from login to logout. The issuer is bound by the seal.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Grant {
    /// The person.
    pub subject: Subject,
    /// The client that the person approved.
    pub client: ClientRef,
    /// What the person approved.
    pub scope: Scope,
    /// The protected resource (RFC 8707), our `/mcp` URL.
    pub resource: String,
    /// Which backend the login was at.
    pub backend: BackendName,
    /// When the person logged in: sessions end an absolute time after it.
    pub authenticated_at: Timestamp,
}

/// Inside an access token.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct AccessClaims {
    /// What it is bound to.
    pub grant: Grant,
    /// What we show to the backend.
    #[serde(with = "secret::in_seal")]
    pub backend_token: BackendToken,
    /// When it was sealed.
    pub issued_at: Timestamp,
    /// When it ends: at most an hour later, never after the backend token.
    pub expires_at: Timestamp,
}

/// What a token must be bound to here and now, and who is shut out.
#[derive(Clone, Debug)]
pub struct Admission {
    /// Our protected resource.
    pub resource: String,
    /// The backend in force. A token of the one before is not believed: its login was elsewhere.
    pub backend: BackendName,
    /// Subjects that the operator shut out.
    pub denied_subjects: BTreeSet<Subject>,
    /// Clients that the operator shut out.
    pub denied_clients: BTreeSet<ClientRef>,
}

/// Why an opened token is not admitted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NotAdmitted {
    /// Bound to another resource or another backend.
    #[error("the token is bound to something else")]
    BoundElsewhere,
    /// The subject or the client is on the deny list.
    #[error("the subject or the client is denied")]
    Denied,
}

impl Admission {
    /// Whether a grant counts here.
    pub fn admits(&self, grant: &Grant) -> Result<(), NotAdmitted> {
        if grant.resource != self.resource || grant.backend != self.backend {
            return Err(NotAdmitted::BoundElsewhere);
        }
        if self.denied_subjects.contains(&grant.subject)
            || self.denied_clients.contains(&grant.client)
        {
            return Err(NotAdmitted::Denied);
        }
        Ok(())
    }
}

impl Sealable for AccessClaims {
    const PURPOSE: Purpose = Purpose::Access;
    const PREFIX: &'static str = "fmga1_";

    fn issued_at(&self) -> Timestamp {
        self.issued_at
    }

    fn expires_at(&self) -> Timestamp {
        self.expires_at
    }
}

/// Inside a refresh token.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct RefreshClaims {
    /// What it is bound to.
    pub grant: Grant,
    /// What we show to the backend's token endpoint.
    #[serde(with = "secret::in_seal")]
    pub backend_refresh: BackendRefreshToken,
    /// When it was sealed.
    pub issued_at: Timestamp,
    /// When the session ends, whatever the backend says.
    pub expires_at: Timestamp,
}

impl Sealable for RefreshClaims {
    const PURPOSE: Purpose = Purpose::Refresh;
    const PREFIX: &'static str = "fmgr1_";

    fn issued_at(&self) -> Timestamp {
        self.issued_at
    }

    fn expires_at(&self) -> Timestamp {
        self.expires_at
    }
}

/// An access token as a client presents it: not yet opened, not yet believed.
#[derive(Clone, Debug)]
pub struct AccessToken(SecretString);

/// Why a request carries no access token that could be looked at.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NoToken {
    /// No `Authorization` header.
    #[error("no access token was sent")]
    Missing,
    /// Several headers, another scheme, or not one token (RFC 6750 §2.1).
    #[error("the Authorization header is not one bearer token")]
    Malformed,
}

impl AccessToken {
    /// Longer ones are not ours.
    const LONGEST: usize = 8192;

    /// Reads the one bearer token of a request (RFC 6750 §2.1); header only, never body or query.
    pub fn from_headers(headers: &HeaderMap) -> Result<Self, NoToken> {
        let mut values = headers.get_all(AUTHORIZATION).iter();
        let value = values.next().ok_or(NoToken::Missing)?;
        if values.next().is_some() {
            return Err(NoToken::Malformed);
        }
        let text = value.to_str().map_err(|_| NoToken::Malformed)?;
        let (scheme, token) = text.split_once(' ').ok_or(NoToken::Malformed)?;
        let token68 = |b: u8| b.is_ascii_alphanumeric() || b"-._~+/=".contains(&b);
        if !scheme.eq_ignore_ascii_case("bearer")
            || token.is_empty()
            || token.len() > Self::LONGEST
            || !token.bytes().all(token68)
        {
            return Err(NoToken::Malformed);
        }
        Ok(Self(SecretString::from(token)))
    }

    /// Takes a token from a form field (RFC 7009 §2.1).
    pub fn from_form(text: &str) -> Self {
        Self(SecretString::from(text))
    }

    /// The claims, if it is a live access token of ours.
    pub fn open(&self, sealer: &Sealer, now: Timestamp) -> Result<AccessClaims, Unsealable> {
        sealer.open(self.0.expose_secret(), now)
    }

    /// The token itself: to derive a cache key from.
    pub fn expose(&self) -> &str {
        self.0.expose_secret()
    }
}

#[cfg(test)]
mod tests {
    use http::HeaderValue;

    use super::*;

    fn headers(values: &[&str]) -> HeaderMap {
        let mut headers = HeaderMap::new();
        for value in values {
            headers.append(AUTHORIZATION, HeaderValue::from_bytes(value.as_bytes()).unwrap());
        }
        headers
    }

    #[test]
    fn one_bearer_token_in_any_case_is_read() {
        for good in ["Bearer abc", "bearer abc", "BEARER a.b-c_d~e+f/g="] {
            assert!(AccessToken::from_headers(&headers(&[good])).is_ok(), "{good}");
        }
    }

    #[test]
    fn no_header_is_missing_and_anything_else_is_malformed() {
        assert_eq!(AccessToken::from_headers(&headers(&[])).unwrap_err(), NoToken::Missing);
        for bad in [
            &["Basic abc"][..],
            &[""],
            &["Bearer"],
            &["Bearer "],
            &["Bearer a b"],
            &["Bearer a,b"],
            &["Bearer a", "Bearer a"],
        ] {
            let refused = AccessToken::from_headers(&headers(bad)).unwrap_err();
            assert_eq!(refused, NoToken::Malformed, "{bad:?}");
        }
    }

    #[test]
    fn a_grant_for_another_resource_or_backend_or_of_someone_denied_is_not_admitted() {
        let grant = crate::principal::tests::grant("user/*.rs");
        let here = Admission {
            resource: grant.resource.clone(),
            backend: grant.backend.clone(),
            denied_subjects: BTreeSet::new(),
            denied_clients: BTreeSet::new(),
        };
        assert_eq!(here.admits(&grant), Ok(()));
        let resource = "https://other.example/mcp".to_owned();
        let elsewhere = Admission { resource, ..here.clone() };
        assert_eq!(elsewhere.admits(&grant), Err(NotAdmitted::BoundElsewhere));
        let backend = BackendName::parse("other").unwrap();
        let retargeted = Admission { backend, ..here.clone() };
        assert_eq!(retargeted.admits(&grant), Err(NotAdmitted::BoundElsewhere));
        let left = Admission { denied_subjects: [grant.subject.clone()].into(), ..here.clone() };
        assert_eq!(left.admits(&grant), Err(NotAdmitted::Denied));
        let shut = Admission { denied_clients: [grant.client.clone()].into(), ..here };
        assert_eq!(shut.admits(&grant), Err(NotAdmitted::Denied));
    }

    #[test]
    fn a_presented_token_has_no_printable_form() {
        let token = AccessToken::from_headers(&headers(&["Bearer canary"])).unwrap();
        assert!(!format!("{token:?}").contains("canary"));
    }
}
