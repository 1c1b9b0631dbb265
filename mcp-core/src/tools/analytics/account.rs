//! What became of each record that a figure could have been about: used, or left apart, and why.

use schemars::JsonSchema;
use serde::Serialize;

use crate::tools::envelope::{Envelope, Status};

/// Whether there is nothing to tell of.
pub const fn none(count: &usize) -> bool {
    *count == 0
}

/// How many records went into the figures, and how many did not. Nothing is dropped in silence.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, JsonSchema)]
#[schemars(inline)]
pub struct Account {
    /// Single readings that the figures are computed from.
    pub used: usize,
    /// Summaries of readings (averages, sums, maxima), which are never pooled with single readings.
    #[serde(skip_serializing_if = "none")]
    pub summaries: usize,
    /// Of the used ones, how many have no effective time at the backend; the time in their body was
    /// taken.
    #[serde(skip_serializing_if = "none")]
    pub undated: usize,
    /// Records without any time, left out.
    #[serde(skip_serializing_if = "none")]
    pub untimed: usize,
    /// Records without a number that can be read, left out.
    #[serde(skip_serializing_if = "none")]
    pub unreadable: usize,
    /// Records that repeat another one exactly, counted once.
    #[serde(skip_serializing_if = "none")]
    pub duplicates: usize,
}

impl Account {
    /// Both together.
    #[must_use]
    pub const fn and(self, other: Self) -> Self {
        Self {
            used: self.used + other.used,
            summaries: self.summaries + other.summaries,
            undated: self.undated + other.undated,
            untimed: self.untimed + other.untimed,
            unreadable: self.unreadable + other.unreadable,
            duplicates: self.duplicates + other.duplicates,
        }
    }

    /// Says in the envelope what is missing from the figures.
    pub fn tell(&self, envelope: &mut Envelope) {
        if self.untimed > 0 {
            envelope.leave_out(format!(
                "{} records have no time at all, so it is not known whether they belong here; they \
                 are left out of every figure.",
                self.untimed
            ));
        }
        if self.unreadable > 0 {
            envelope.leave_out(format!(
                "{} records hold no number that can be read, and are left out.",
                self.unreadable
            ));
        }
    }

    /// Says in the envelope that there are no figures at all. That is unknown only where something could
    /// not be read; else there simply is nothing.
    pub fn tell_nothing(envelope: &mut Envelope) {
        if envelope.status != Status::Ok {
            envelope.status = Status::Unknown;
        }
    }

    /// Whether there is nothing, neither readings nor summaries, that a figure could be of.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.used == 0 && self.summaries == 0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_is_unknown_only_where_something_could_not_be_read() {
        let mut whole = Envelope::default();
        Account::default().tell(&mut whole);
        Account::tell_nothing(&mut whole);
        assert_eq!(whole.status, Status::Ok, "there is nothing, which is known");
        let untimed = Account { untimed: 1, ..Account::default() };
        let mut partial = Envelope::default();
        untimed.tell(&mut partial);
        assert_eq!(partial.status, Status::Partial, "there may be figures of others");
        Account::tell_nothing(&mut partial);
        assert_eq!(partial.status, Status::Unknown);
        assert!(untimed.is_empty() && !Account { summaries: 1, ..untimed }.is_empty());
    }
}
