//! What each refusal and each fault means, and what a model does next. A way to fail without advice does
//! not compile.

use super::error::ToolError;
use crate::backend::fault::Fault;
use crate::fhir::outcome::Issue;

/// What stands behind a refusal or a fault.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Advice {
    /// What has happened, in general.
    pub means: &'static str,
    /// What to do about it, as it goes on after "Next:".
    pub next: &'static str,
}

const fn advice(means: &'static str, next: &'static str) -> Advice {
    Advice { means, next }
}

const HIDDEN: Advice = advice(
    "The record is not there, or this user may not see it; which of the two is never said.",
    "take the id from an answer of a listing or searching tool; do not guess which of the two it is",
);
const OPERATOR: &str =
    "tell the person that it is not known, and that an operator must look at this";
const AGAIN: &str = "try again in a moment; if it stays so, tell the person that it is not known";

impl ToolError {
    /// What it means, and what to do next.
    pub const fn advice(&self) -> Advice {
        match self {
            Self::Argument(_) => advice(
                "An argument is missing, unknown or not of the right form. The backend was not asked for \
                 records.",
                "correct what is named and call again",
            ),
            Self::NotFoundOrNotAuthorized(_) => HIDDEN,
            Self::NotLoggedIn(_) => advice(
                "Nobody is logged in at the backend yet.",
                "ask the person to log in as the sentence says, then call again",
            ),
            Self::Unsuitable(_) => advice(
                "The tool has no answer for this kind of user, such as someone signed in as a patient.",
                "ask about the person's own records instead, or tell the person",
            ),
            Self::NotServed(_) => advice(
                "The backend lacks what the tool needs. More permissions would not help.",
                "call fhir_capabilities to see what this backend offers, and ask another way",
            ),
            Self::Backend(fault) => fault.advice(),
            Self::NoProfile => {
                advice("This service was not told about the backend's kind.", OPERATOR)
            }
            Self::Cancelled => {
                advice("The client gave the call up.", "call again if the answer is still wanted")
            }
            Self::Internal => advice(
                "A defect of this service. Nothing is known about the data.",
                "tell the person that it is not known and should be reported; the same call fails again",
            ),
        }
    }
}

impl Fault {
    /// What it means, and what to do next.
    pub const fn advice(&self) -> Advice {
        match self {
            Self::TokenRefused => advice(
                "The login at the backend has ended or was withdrawn.",
                "ask the person to log in again, then call again",
            ),
            Self::Forbidden | Self::Missing => HIDDEN,
            Self::InvalidPage => {
                advice("There is no such page.", "ask for page 1, or for a lower one")
            }
            Self::Rejected => advice(
                "The backend does not take the question in this form.",
                "check the arguments, above all the ids, and call again",
            ),
            Self::Declined(Issue::TooCostly) => advice(
                "The backend refuses an answer of this size.",
                "ask for less, with a filter or a smaller value set",
            ),
            Self::Declined(Issue::NotFound | Issue::InvalidCode) => advice(
                "The backend has no such code, system, value set or map. That says nothing about others.",
                "check the code and its system; if they are right, tell the person that it is not known here",
            ),
            Self::Unsupported(_) => advice(
                "The backend does not announce the search parameter, so it might answer as if it were not \
                 there.",
                "leave it out, or call fhir_schema to see what is supported",
            ),
            Self::Inexpressible(_) => advice(
                "The backend takes the question in another form only; the sentence says in which.",
                "write it as the sentence says and call again",
            ),
            Self::Ignored(_) => advice(
                "The backend answered a wider question, so its answer is not shown.",
                "ask without it, and say that the answer is wider",
            ),
            Self::ForeignLink => advice("The backend links to another address.", OPERATOR),
            Self::Unavailable => advice("The backend is down, or refuses for now.", AGAIN),
            Self::Late => advice(
                "The question takes the backend too long.",
                "ask a narrower question: fewer days, one kind of data, or a lower limit",
            ),
            Self::Busy => advice(
                "More was asked at once than this service puts to the backend.",
                "try again in a moment, with fewer calls at the same time",
            ),
            Self::TooLarge => advice(
                "One page of the backend holds more than is read.",
                "ask for less: a lower limit, fewer days, or only the elements that matter",
            ),
            Self::Malformed => advice("The backend sent something else than FHIR.", AGAIN),
            Self::Redirected => advice("The backend sends its callers elsewhere.", OPERATOR),
        }
    }
}

/// One of each way to refuse or to fail, in the order of the guide.
pub fn every_error() -> Vec<ToolError> {
    let faults = [
        Fault::TokenRefused,
        Fault::Missing,
        Fault::InvalidPage,
        Fault::Rejected,
        Fault::Declined(Issue::TooCostly),
        Fault::Declined(Issue::NotFound),
        Fault::Unsupported("code".to_owned()),
        Fault::Inexpressible("date: this backend wants whole days".to_owned()),
        Fault::Ignored("code".to_owned()),
        Fault::ForeignLink,
        Fault::Unavailable,
        Fault::Late,
        Fault::Busy,
        Fault::TooLarge,
        Fault::Malformed,
        Fault::Redirected,
    ];
    let refusals = [
        ToolError::Argument("start must be a real day written YYYY-MM-DD".to_owned()),
        ToolError::NotFoundOrNotAuthorized("patient"),
        ToolError::NotLoggedIn("nobody is logged in".to_owned()),
        ToolError::Unsuitable("someone signed in as a patient cannot count over a study"),
        ToolError::NotServed("this tool is not offered for this backend".to_owned()),
        ToolError::NoProfile,
        ToolError::Cancelled,
        ToolError::Internal,
    ];
    refusals.into_iter().chain(faults.map(ToolError::Backend)).collect()
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    /// The words between quotation marks behind an arrow: the codes, as the source has them.
    fn codes(source: &str) -> impl Iterator<Item = &str> {
        let code = source.split("fn code(").nth(1).and_then(|rest| rest.split("    }\n\n").next());
        code.unwrap_or_default().split("=> \"").skip(1).filter_map(|rest| rest.split('"').next())
    }

    #[test]
    fn every_code_that_a_tool_can_end_with_has_advice() {
        let advised: BTreeSet<&str> = every_error().iter().map(ToolError::code).collect();
        let known: BTreeSet<&str> = codes(include_str!("error.rs"))
            .chain(codes(include_str!("../backend/fault.rs")))
            .collect();
        assert!(known.len() >= 20, "{known:?}");
        assert_eq!(advised, known);
    }

    #[test]
    fn everything_that_is_told_ends_in_what_to_do_next() {
        for error in every_error() {
            let told = error.told();
            let (wrong, next) = told.split_once(". Next: ").unwrap();
            assert!(!wrong.is_empty() && next.ends_with('.') && !next.ends_with(".."), "{told}");
            let verbs =
                ["take", "correct", "ask", "call", "tell", "check", "leave", "write", "try"];
            assert!(verbs.iter().any(|verb| next.starts_with(&format!("{verb} "))), "{told}");
        }
    }

    #[test]
    fn a_sentence_that_ends_already_is_not_ended_twice() {
        let told = ToolError::Argument("give one.".to_owned()).told();
        assert!(told.starts_with("give one. Next: correct "), "{told}");
    }

    #[test]
    fn nobody_is_told_to_try_again_what_cannot_change() {
        for error in [ToolError::NoProfile, Fault::Redirected.into(), ToolError::Internal] {
            assert!(!error.advice().next.contains("again in a moment"), "{error}");
        }
    }
}
