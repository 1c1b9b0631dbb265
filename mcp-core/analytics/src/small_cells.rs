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

    /// The counts of groups that may be shown beside their total; nothing where one is suppressed.
    ///
    /// Each participant is in one group. Groups below the threshold are suppressed, empty ones included:
    /// that nobody is in a group says something of everybody. Then more groups are suppressed, the nearest
    /// first, until the total less what is shown exceeds what that many groups below the threshold can hold
    /// (one small group alone never does). So a suppressed count can be had neither by subtraction nor by
    /// knowing this rule: at least one of them is not small, and which one is chosen by place, not by size.
    /// Of a total below the threshold nothing is shown.
    pub fn shown(self, counts: &[usize]) -> Vec<Option<usize>> {
        if !self.suppresses() {
            return counts.iter().copied().map(Some).collect();
        }
        let mut hidden: Vec<bool> = counts.iter().map(|count| !self.shows(*count)).collect();
        while let Some(next) = self.exposed(counts, &hidden) {
            if let Some(hide) = hidden.get_mut(next) {
                *hide = true;
            }
        }
        counts.iter().zip(hidden).map(|(count, hidden)| (!hidden).then_some(*count)).collect()
    }

    /// The next group to suppress, when those that are can still be computed.
    fn exposed(self, counts: &[usize], hidden: &[bool]) -> Option<usize> {
        let places = || hidden.iter().enumerate().filter(|(_, hidden)| **hidden).map(|(at, _)| at);
        let (groups, held) = places()
            .filter_map(|at| counts.get(at))
            .fold((0_usize, 0), |(groups, held), count| (groups + 1, held + count));
        if groups == 0 || held > groups * (self.0 - 1) {
            return None;
        }
        let nearness = |at: &usize| places().map(|hidden| hidden.abs_diff(*at)).min();
        let shown = hidden.iter().enumerate().filter(|(_, hidden)| !**hidden).map(|(at, _)| at);
        shown.min_by_key(nearness)
    }
}

#[cfg(test)]
mod tests;
