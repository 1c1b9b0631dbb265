//! Why a client gets no token: it is refused, or something is broken. The two are never mixed.

use authz::broker::error::OAuthErrorCode;
use authz::broker::issue::TokenRefusal;

use crate::fault::Fault;
use crate::upstream_oauth::NoTokens;

/// Why a client gets no token.
#[derive(Clone, Debug)]
pub(crate) enum NoIssue {
    Refused(OAuthErrorCode),
    Fault(Fault),
}

impl From<OAuthErrorCode> for NoIssue {
    fn from(code: OAuthErrorCode) -> Self {
        Self::Refused(code)
    }
}

impl From<Fault> for NoIssue {
    fn from(fault: Fault) -> Self {
        Self::Fault(fault)
    }
}

impl From<NoTokens> for NoIssue {
    fn from(no: NoTokens) -> Self {
        match no {
            NoTokens::InvalidGrant => Self::Refused(OAuthErrorCode::InvalidGrant),
            NoTokens::Fault(fault) => Self::Fault(fault),
        }
    }
}

impl From<TokenRefusal> for NoIssue {
    fn from(refusal: TokenRefusal) -> Self {
        match refusal {
            TokenRefusal::Refused(code) => Self::Refused(code),
            TokenRefusal::NotOurs(why) => {
                tracing::warn!(reason = "not_ours", "a backend token was not ours: {why}");
                Self::Refused(OAuthErrorCode::InvalidGrant)
            }
            TokenRefusal::CannotKnow => Self::Fault(Fault::BackendAnswer("who logged in")),
        }
    }
}
