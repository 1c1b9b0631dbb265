//! What the limits said about one request, for its answer and its records.

use http::HeaderMap;

use super::charge::Limit;
use super::decision::{Allowance, Exceeded};

/// What a step that was let in has to tell.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Passed {
    /// What is left; nothing where nothing was counted.
    pub(super) allowance: Option<Allowance>,
    /// The limit that it was over, where limits only count.
    pub(super) over: Option<Limit>,
}

/// What all steps of a request came to.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Limited {
    exceeded: Option<Exceeded>,
    allowance: Option<Allowance>,
    over: Option<Limit>,
}

impl Limited {
    /// Notes what came of a step, and hands a refusal on.
    pub(crate) fn note(&mut self, step: Result<Passed, Exceeded>) -> Result<(), Exceeded> {
        match step {
            Ok(passed) => {
                self.allowance = passed.allowance.or(self.allowance);
                self.over = self.over.or(passed.over);
                Ok(())
            }
            Err(exceeded) => {
                self.exceeded = Some(exceeded);
                self.over = Some(exceeded.limit);
                Err(exceeded)
            }
        }
    }

    /// Writes `RateLimit` and `RateLimit-Policy`. Only a caller hears what is left: the allowance
    /// of an address is also its neighbours'.
    pub(crate) fn tell(&self, headers: &mut HeaderMap) {
        match (self.exceeded, self.allowance) {
            (Some(exceeded), _) => exceeded.tell(headers),
            (None, Some(allowance)) if allowance.limit == Limit::Subject => allowance.tell(headers),
            (None, _) => {}
        }
    }

    /// The limit that the request was over, refused or not.
    pub(crate) fn over(&self) -> Option<&'static str> {
        self.over.map(Limit::as_str)
    }
}
