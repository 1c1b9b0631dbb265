//! Why a code or a refresh token bought nothing. A client learns one word for all of it, so that it
//! cannot find out which part of a stolen grant was wrong; the operator finds the reason in the
//! access line, by the request's reference.

use crate::broker::error::OAuthErrorCode;
use crate::principal::Unestablished;
use crate::seal::Unsealable;
use crate::token::NotAdmitted;

/// The reason, for the records alone.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Why {
    /// Not sealed by us, altered, under a retired key, or not a grant of this kind.
    #[error("unreadable")]
    Unreadable,
    /// Past its end: a minute for a code, the session's end for a refresh token.
    #[error("expired")]
    Expired,
    /// Given to another client.
    #[error("other_client")]
    OtherClient,
    /// Given to another redirect URI.
    #[error("other_redirect_uri")]
    OtherRedirect,
    /// The verifier does not meet the challenge (RFC 7636 §4.6).
    #[error("unproven")]
    Unproven,
    /// Given for another resource, or at another backend than the one that is configured now.
    #[error("bound_elsewhere")]
    BoundElsewhere,
    /// The operator's deny list names the person or the client.
    #[error("denied")]
    Denied,
    /// Another request with the same code was answered.
    #[error("taken")]
    Taken,
    /// The backend itself said `invalid_grant`: spent, expired or revoked there.
    #[error("backend_refused")]
    BackendRefused,
    /// The backend does not vouch for the token that it has just given.
    #[error("{}", word(*.0))]
    NotOurs(Unestablished),
}

/// The word for a backend token that makes nobody a principal.
const fn word(why: Unestablished) -> &'static str {
    match why {
        Unestablished::Inactive => "backend_token_inactive",
        Unestablished::WrongAudience => "wrong_audience",
        Unestablished::NoPerson => "no_person",
        Unestablished::OtherSubject => "other_subject",
        Unestablished::Expired => "backend_token_expired",
        Unestablished::CannotKnow => "client_not_named",
    }
}

impl Why {
    /// Every one of them.
    pub const ALL: [Self; 15] = [
        Self::Unreadable,
        Self::Expired,
        Self::OtherClient,
        Self::OtherRedirect,
        Self::Unproven,
        Self::BoundElsewhere,
        Self::Denied,
        Self::Taken,
        Self::BackendRefused,
        Self::NotOurs(Unestablished::Inactive),
        Self::NotOurs(Unestablished::WrongAudience),
        Self::NotOurs(Unestablished::NoPerson),
        Self::NotOurs(Unestablished::OtherSubject),
        Self::NotOurs(Unestablished::Expired),
        Self::NotOurs(Unestablished::CannotKnow),
    ];
}

impl From<Unsealable> for Why {
    fn from(refused: Unsealable) -> Self {
        match refused {
            Unsealable::Invalid => Self::Unreadable,
            Unsealable::Expired => Self::Expired,
        }
    }
}

impl From<NotAdmitted> for Why {
    fn from(refused: NotAdmitted) -> Self {
        match refused {
            NotAdmitted::BoundElsewhere => Self::BoundElsewhere,
            NotAdmitted::Denied => Self::Denied,
        }
    }
}

/// What a client is told at the token endpoint, and what the operator is told beside it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{}", .code.as_str())]
pub struct NoGrant {
    /// The word for the client.
    pub code: OAuthErrorCode,
    /// The word for the records, where the first one says too little.
    pub why: Option<Why>,
}

impl From<OAuthErrorCode> for NoGrant {
    fn from(code: OAuthErrorCode) -> Self {
        Self { code, why: None }
    }
}

impl From<Why> for NoGrant {
    /// Whatever the reason, the grant is not valid (RFC 6749 §5.2).
    fn from(why: Why) -> Self {
        Self { code: OAuthErrorCode::InvalidGrant, why: Some(why) }
    }
}
