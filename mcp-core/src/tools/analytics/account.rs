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

    /// Says in the envelope what is missing from the figures. Nothing to compute from is unknown only
    /// where something could not be read; else there simply is nothing.
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
        if self.used == 0 && envelope.status != Status::Ok {
            envelope.status = Status::Unknown;
        }
    }
}
