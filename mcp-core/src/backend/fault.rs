//! Every way in which the backend does not give a usable answer.

use crate::fhir::outcome::Issue;

/// Why there is no answer. The backend's own words are never part of it.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Fault {
    /// 401: the backend no longer takes this subject's token.
    #[error("the backend refused the token")]
    TokenRefused,
    /// 403: the named thing is not this subject's to see, or not there.
    #[error("the backend refused access")]
    Forbidden,
    /// 404: the named thing is not there, or not this subject's to see.
    #[error("the backend has no such record")]
    Missing,
    /// 404 on a page past the last one.
    #[error("the page lies past the end")]
    InvalidPage,
    /// Another 4xx: we asked in a way that this backend does not take.
    #[error("the backend rejected the request")]
    Rejected,
    /// 400, 404 or 422 to a question about codes, and what its issues say.
    #[error("the backend declined to answer about a code")]
    Declined(Issue),
    /// A search parameter that this backend does not announce, so that it might be ignored.
    #[error("the backend does not support the search parameter {0}")]
    Unsupported(String),
    /// A question that this backend does not take in this form; the sentence says what would be right.
    #[error("{0}")]
    Inexpressible(String),
    /// A search parameter that this backend did not apply, so that its answer means nothing.
    #[error("the backend ignored the search parameter {0}")]
    Ignored(String),
    /// A `next` link that leads to another server.
    #[error("the backend's next link leads to another server")]
    ForeignLink,
    /// 429, 5xx, or no connection, twice.
    #[error("the backend is unavailable")]
    Unavailable,
    /// No answer before the deadline.
    #[error("the backend did not answer in time")]
    Late,
    /// No free slot towards the backend before the deadline.
    #[error("too many requests are waiting for the backend")]
    Busy,
    /// More bytes than we read.
    #[error("the backend's answer is too large")]
    TooLarge,
    /// Not JSON, or not of the expected shape.
    #[error("the backend's answer cannot be read")]
    Malformed,
    /// Neither an answer nor an error, such as a redirect, which is never followed with a token.
    #[error("the backend answered with a redirect")]
    Redirected,
}

impl Fault {
    /// The word for it in logs and answers.
    pub const fn code(&self) -> &'static str {
        match self {
            Self::TokenRefused => "backend_token_refused",
            Self::Forbidden | Self::Missing => "not_found_or_not_authorized",
            Self::InvalidPage => "backend_invalid_page",
            Self::Rejected => "backend_rejected",
            Self::Declined(_) => "backend_declined",
            Self::Unsupported(_) => "backend_unsupported_parameter",
            Self::Inexpressible(_) => "backend_inexpressible",
            Self::Ignored(_) => "backend_ignored_parameter",
            Self::ForeignLink => "backend_foreign_link",
            Self::Unavailable => "backend_unavailable",
            Self::Late => "backend_late",
            Self::Busy => "backend_busy",
            Self::TooLarge => "backend_answer_too_large",
            Self::Malformed => "backend_malformed",
            Self::Redirected => "backend_redirected",
        }
    }

    /// Whether the backend said no to the named thing, in either of its two ways.
    pub const fn hides_the_record(&self) -> bool {
        matches!(self, Self::Forbidden | Self::Missing)
    }

    /// Whether the same read may be tried once more.
    pub const fn is_transient(&self) -> bool {
        matches!(self, Self::Unavailable | Self::Malformed)
    }
}
