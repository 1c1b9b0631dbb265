//! What the backend did when it was last asked about a token: for whoever wants to know whether it is
//! there, without asking it.

use std::sync::{Mutex, PoisonError};
use std::time::Duration;

/// The word when it answered, whatever it said.
pub(crate) const ANSWERED: &str = "answered";

/// The outcome of the last question, and when that was on the monotonic clock.
#[derive(Debug, Default)]
pub(crate) struct LastAnswer(Mutex<Option<(&'static str, Duration)>>);

impl LastAnswer {
    /// Notes an outcome: [`ANSWERED`], or the code word of a fault.
    pub(crate) fn note(&self, word: &'static str, now: Duration) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = Some((word, now));
    }

    /// The outcome, and how long ago it was.
    pub(crate) fn told(&self, now: Duration) -> Option<(&'static str, Duration)> {
        let last = *self.0.lock().unwrap_or_else(PoisonError::into_inner);
        last.map(|(word, then)| (word, now.saturating_sub(then)))
    }
}
