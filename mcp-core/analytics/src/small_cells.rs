//! Small-cell suppression: which counts of participants may be shown.

/// From how many participants on a figure is shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Threshold(usize);

impl Threshold {
    /// One shows everything; three and more suppress. Nothing for zero, and nothing for two: of two
    /// participants each knows its own figure, and so from any mean the other's.
    pub const fn of(least: usize) -> Option<Self> {
        match least {
            0 | 2 => None,
            _ => Some(Self(least)),
        }
    }

    /// The least count that is shown.
    pub const fn least(self) -> usize {
        self.0
    }

    /// Whether anything is suppressed at all.
    pub const fn suppresses(self) -> bool {
        self.0 > 1
    }

    /// Whether a group of so many participants may be shown.
    pub const fn shows(self, participants: usize) -> bool {
        participants >= self.0
    }

    /// Whether a percentile of so many participants may be shown: when at least as many as the threshold lie
    /// at or below it, and as many at or above, so that it tells of a group at either end. The median needs
    /// twice the threshold, quartiles four times, the 10th and the 90th ten times; the least and the greatest
    /// are never shown.
    pub fn shows_percentile(self, participants: usize, percent: u8) -> bool {
        let tail = usize::from(percent.min(100 - percent.min(100)));
        !self.suppresses() || participants.saturating_mul(tail) >= self.0.saturating_mul(100)
    }
}

#[cfg(test)]
mod tests;
