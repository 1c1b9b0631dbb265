//! Why a client gets no token: it is refused, or something is broken. The two are never mixed.

use authz::broker::error::OAuthErrorCode;
use authz::broker::issue::TokenRefusal;
use authz::broker::no_grant::{NoGrant, Why};

use crate::fault::Fault;
use crate::upstream_oauth::NoTokens;

/// Why a client gets no token.
#[derive(Clone, Debug)]
pub(crate) enum NoIssue {
    Refused(NoGrant),
    Fault(Fault),
}

impl From<OAuthErrorCode> for NoIssue {
    fn from(code: OAuthErrorCode) -> Self {
        Self::Refused(code.into())
    }
}

impl From<NoGrant> for NoIssue {
    fn from(no: NoGrant) -> Self {
        Self::Refused(no)
    }
}

impl From<Why> for NoIssue {
    fn from(why: Why) -> Self {
        Self::Refused(why.into())
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
            NoTokens::InvalidGrant => Why::BackendRefused.into(),
            NoTokens::Fault(fault) => Self::Fault(fault),
        }
    }
}

impl From<TokenRefusal> for NoIssue {
    fn from(refusal: TokenRefusal) -> Self {
        match refusal {
            TokenRefusal::Refused(no) => Self::Refused(no),
            TokenRefusal::CannotKnow => Self::Fault(Fault::BackendAnswer("who logged in")),
        }
    }
}
