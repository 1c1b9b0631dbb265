//! Why there is no login, and what became of one.

use super::store::StoreFault;
use super::token_endpoint::NoTokens;

/// Why there is no token for a call.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Unready {
    /// Nobody is logged in, or the backend ended the login.
    #[error("nobody is logged in")]
    NotLoggedIn,
    /// The stored login cannot be used.
    #[error(transparent)]
    Store(#[from] StoreFault),
    /// The backend did not refresh the login, which is kept.
    #[error(transparent)]
    Backend(NoTokens),
    /// It took too long.
    #[error("the login is being refreshed")]
    Late,
}

/// Why a login did not come about. Nothing was stored.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum LoginFault {
    /// By the person, or by the backend.
    #[error("it was declined at the backend")]
    Declined,
    /// The listener cannot be there where the redirect URI says.
    #[error(
        "port {0} of this computer is taken; finish the other login, or choose another --redirect-uri"
    )]
    PortTaken(u16),
    /// The backend would drop the login's URL.
    #[error("its URL would be too long; shorten --scope or --authorize-endpoint")]
    TooLong,
    /// Nobody came back in time.
    #[error("nobody logged in in time")]
    TooLate,
    /// The backend gave no tokens.
    #[error(transparent)]
    Tokens(#[from] NoTokens),
    /// The id token is missing or wrong.
    #[error("the id token of the backend is not right, by {0}")]
    IdToken(&'static str),
    /// The login cannot be kept.
    #[error(transparent)]
    Store(#[from] StoreFault),
}

/// What became of a login that was to be ended. The file is gone in any case.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ended {
    /// There was none.
    NoLogin,
    /// The backend revoked it.
    Revoked,
    /// The backend could not be told, or has no way to be told.
    OnlyHere,
}
