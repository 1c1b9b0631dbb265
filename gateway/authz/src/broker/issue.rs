//! Issuing: what the backend gave becomes tokens of ours, if the backend vouches for it.

use std::time::Duration;

use rand_core::CryptoRng;
use serde_json::{Value, json};

use crate::broker::Broker;
use crate::broker::no_grant::{NoGrant, Why};
use crate::broker::token::Pending;
use crate::ids::Subject;
use crate::introspection::Introspection;
use crate::principal::{AudiencePolicy, Unestablished, vouched};
use crate::scope::Scope;
use crate::secret::{BackendRefreshToken, BackendToken};
use crate::time::Timestamp;
use crate::token::{AccessClaims, Grant, RefreshClaims};

/// What the backend's token endpoint gave.
#[derive(Debug)]
pub struct BackendTokens {
    /// Its access token.
    pub access: BackendToken,
    /// Its refresh token. Where a refresh brought no new one, this is the one that was shown, which
    /// stays good (RFC 6749 §6).
    pub refresh: Option<BackendRefreshToken>,
    /// How long the access token lives, where it says.
    pub expires_in: Option<Duration>,
    /// The person, from the id token or userinfo; needed at a login.
    pub subject: Option<Subject>,
}

/// Why nothing is issued.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TokenRefusal {
    /// The client is told no: it is denied, or the backend vouches for its token to somebody else.
    #[error("refused: {0}")]
    Refused(NoGrant),
    /// The backend did not say enough.
    #[error("the backend's answer does not say who logged in, or for whom its token is")]
    CannotKnow,
}

impl From<Why> for TokenRefusal {
    fn from(why: Why) -> Self {
        Self::Refused(why.into())
    }
}

impl Broker {
    /// Seals what the backend gave, if its introspection vouches for it.
    pub fn issue(
        &self,
        pending: Pending,
        tokens: BackendTokens,
        vouch: Vouch<'_>,
        rng: &mut impl CryptoRng,
    ) -> Result<Issued, TokenRefusal> {
        let Vouch { answer, audience, now } = vouch;
        let subject = match (pending.subject, tokens.subject) {
            (Some(known), Some(told)) if known != told => {
                return Err(Why::NotOurs(Unestablished::OtherSubject).into());
            }
            (Some(known), _) => known,
            (None, Some(told)) => told,
            (None, None) => return Err(TokenRefusal::CannotKnow),
        };
        vouched(answer, &subject, audience, now).map_err(|refused| {
            if refused == Unestablished::CannotKnow {
                TokenRefusal::CannotKnow
            } else {
                Why::NotOurs(refused).into()
            }
        })?;
        let grant = Grant {
            subject,
            client: pending.client,
            scope: pending.granted,
            resource: self.admission.resource.clone(),
            backend: self.backend().clone(),
            authenticated_at: pending.authenticated_at,
        };
        self.admission.admits(&grant).map_err(Why::from)?;
        let session_end = grant.authenticated_at.plus(self.lifetimes.session);
        let access = AccessClaims {
            grant: Grant { scope: pending.requested, ..grant.clone() },
            backend_token: tokens.access,
            issued_at: now,
            expires_at: self.access_end(answer, tokens.expires_in, session_end, now),
        };
        let refresh = tokens.refresh.map(|backend_refresh| RefreshClaims {
            grant,
            backend_refresh,
            issued_at: now,
            expires_at: session_end,
        });
        Ok(Issued {
            expires_in: now.until(access.expires_at),
            subject: access.grant.subject.clone(),
            scope: access.grant.scope.clone(),
            access: self.sealer.seal(&access, rng),
            refresh: refresh.map(|claims| self.sealer.seal(&claims, rng)),
        })
    }

    /// The earliest of our own limit, the session's end and whatever the backend says.
    fn access_end(
        &self,
        answer: &Introspection,
        expires_in: Option<Duration>,
        session_end: Timestamp,
        now: Timestamp,
    ) -> Timestamp {
        let introspected = match answer {
            Introspection::Active(claims) => claims.expires_at,
            Introspection::Inactive => None,
        };
        let ends = [introspected, expires_in.map(|life| now.plus(life)), Some(session_end)];
        let ours = now.plus(self.lifetimes.access_token);
        ends.into_iter().flatten().fold(ours, Timestamp::min)
    }
}

/// What vouches for a backend token at the moment of issue.
#[derive(Clone, Copy, Debug)]
pub struct Vouch<'a> {
    /// What introspection said about the new backend token.
    pub answer: &'a Introspection,
    /// Whom its tokens must be for.
    pub audience: &'a AudiencePolicy,
    /// Now.
    pub now: Timestamp,
}

/// What a client receives.
pub struct Issued {
    access: String,
    refresh: Option<String>,
    expires_in: Duration,
    scope: Scope,
    subject: Subject,
}

impl Issued {
    /// The person, for the record.
    pub const fn subject(&self) -> &Subject {
        &self.subject
    }

    /// The body of the answer (RFC 6749 §5.1): these keys and no others; no id token, nothing of
    /// the backend's.
    pub fn body(&self) -> Value {
        let mut body = json!({
            "access_token": self.access,
            "token_type": "Bearer",
            "expires_in": self.expires_in.as_secs(),
            "scope": self.scope.to_string(),
        });
        if let (Some(refresh), Some(members)) = (&self.refresh, body.as_object_mut()) {
            members.insert("refresh_token".to_owned(), Value::from(refresh.as_str()));
        }
        body
    }
}

crate::secret::blind_debug!(Issued);
