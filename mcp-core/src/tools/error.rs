//! Every way in which a tool refuses or fails: a sentence that says what is wrong, and one that says what
//! to do next.

use crate::backend::fault::Fault;
use crate::fhir::outcome::Issue;

/// What stands where one part of an answer is hidden from this user, or is not there.
pub const HIDDEN: &str = "not found or not authorized";

/// Why a tool gives no answer.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ToolError {
    /// An argument is wrong; the sentence names it and says what would be right.
    #[error("{0}")]
    Argument(String),
    /// The named record is hidden from this user, or is not there; which of the two is not said.
    #[error("not found or not authorized: there is no such {0} among what this user may see")]
    NotFoundOrNotAuthorized(&'static str),
    /// The tool cannot answer this for this kind of user.
    #[error("{0}")]
    Unsuitable(&'static str),
    /// The backend gave no usable answer.
    #[error("{}", sentence(.0))]
    Backend(#[from] Fault),
    /// The tool needs something that this backend does not have.
    #[error("{0}")]
    NotServed(String),
    /// Nobody is logged in, over stdio; the sentence says what the person has to do.
    #[error("{0}")]
    NotLoggedIn(String),
    /// The gateway named a profile that is not installed here.
    #[error("unknown: this service has no profile for the backend")]
    NoProfile,
    /// The client went away, so nobody waits for the answer.
    #[error("the call was cancelled")]
    Cancelled,
    /// A defect of ours.
    #[error("unknown: the answer could not be written, which is a defect of this service")]
    Internal,
}

impl ToolError {
    /// The word for it in logs and metrics.
    pub const fn code(&self) -> &'static str {
        match self {
            Self::Argument(_) => "invalid_argument",
            Self::NotFoundOrNotAuthorized(_) => "not_found_or_not_authorized",
            Self::Unsuitable(_) => "unsuitable_for_user",
            Self::NotServed(_) => "not_served",
            Self::Backend(fault) => fault.code(),
            Self::NotLoggedIn(_) => "not_logged_in",
            Self::NoProfile => "no_profile",
            Self::Cancelled => "cancelled",
            Self::Internal => "internal",
        }
    }

    /// Whether something broke, rather than being refused.
    pub const fn is_fault(&self) -> bool {
        match self {
            Self::Backend(
                Fault::Forbidden
                | Fault::Missing
                | Fault::Declined(_)
                | Fault::Unsupported(_)
                | Fault::Inexpressible(_),
            )
            | Self::Argument(_)
            | Self::NotFoundOrNotAuthorized(_)
            | Self::Unsuitable(_)
            | Self::NotServed(_)
            | Self::NotLoggedIn(_)
            | Self::Cancelled => false,
            Self::Backend(_) | Self::NoProfile | Self::Internal => true,
        }
    }

    /// All that a model is told: what is wrong, and what to do next.
    pub fn told(&self) -> String {
        let wrong = self.to_string();
        let wrong = wrong.trim_end_matches('.');
        format!("{wrong}. Next: {}.", self.advice().next)
    }

    /// The backend's no to a named thing in its two forms is one sentence; other faults stay.
    pub fn about(what: &'static str) -> impl Fn(Fault) -> Self {
        move |fault| {
            if fault.hides_the_record() {
                Self::NotFoundOrNotAuthorized(what)
            } else {
                Self::Backend(fault)
            }
        }
    }
}

/// A fault never reads like an empty answer.
fn sentence(fault: &Fault) -> String {
    let cause = match fault {
        Fault::Forbidden | Fault::Missing => {
            return "not found or not authorized: this user may not see that, or it does not exist"
                .to_owned();
        }
        Fault::InvalidPage => return "the page lies past the end".to_owned(),
        Fault::Declined(Issue::TooCostly) => {
            return "the backend finds this too large to answer".to_owned();
        }
        Fault::Declined(Issue::NotFound | Issue::InvalidCode) => {
            return "the backend does not know this code, or its system, value set or map; it may \
                    exist all the same"
                .to_owned();
        }
        Fault::Unsupported(parameter) => {
            return format!(
                "the backend does not support searching by {parameter}, and might ignore it"
            );
        }
        Fault::Inexpressible(rule) => return rule.clone(),
        Fault::Ignored(parameter) => {
            return format!(
                "unknown: the backend ignores {parameter}, so its answer would be about more than \
                 what was asked. This does not mean that there is no data"
            );
        }
        Fault::TokenRefused => "the backend no longer accepts this login",
        Fault::Rejected => "the backend rejected the request",
        Fault::ForeignLink => {
            "the backend's next page leads to another server, where it is not followed"
        }
        Fault::Unavailable => "the backend is unavailable",
        Fault::Late => "the backend did not answer in time",
        Fault::Busy => "too many requests are waiting for the backend",
        Fault::TooLarge => "the backend's answer is too large",
        Fault::Malformed => "the backend's answer cannot be read",
        Fault::Redirected => "the backend answered with a redirect",
    };
    format!("unknown: {cause}. This does not mean that there is no data")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn forbidden_and_missing_are_one_sentence() {
        let about = ToolError::about("patient");
        assert_eq!(about(Fault::Forbidden), about(Fault::Missing));
        assert_eq!(
            ToolError::from(Fault::Forbidden).to_string(),
            ToolError::from(Fault::Missing).to_string()
        );
    }

    #[test]
    fn what_cannot_be_known_says_so() {
        for fault in
            [Fault::Unavailable, Fault::Late, Fault::Busy, Fault::TooLarge, Fault::Malformed]
        {
            let sentence = ToolError::from(fault).to_string();
            assert!(sentence.starts_with("unknown: "), "{sentence}");
        }
    }
}
