//! A study's participants as a distribution in which each counts once, and nobody can be made out.

use schemars::JsonSchema;
use serde::Serialize;

use crate::figure::Figure;
use crate::small_cells::Threshold;
use crate::summary::{deviation, mean, percentile, sorted};

/// What one participant brings: a single figure, whichever the caller chose (the mean of the readings, their
/// median, the daily mean of a sum).
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Participant {
    /// The figure; always finite.
    pub figure: f64,
    /// How many readings it was computed from; with none the participant is not counted.
    pub readings: usize,
}

/// What is said of a study.
#[derive(Clone, Debug, PartialEq, Serialize, JsonSchema)]
#[schemars(inline)]
pub struct Cohort {
    /// Figures about fewer participants than this are suppressed; one suppresses nothing.
    pub threshold: usize,
    /// Fewer participants than the threshold have readings (none, perhaps): nothing is said about them.
    pub suppressed: bool,
    /// The distribution over participants; absent when suppressed, or when nobody has readings.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub distribution: Option<Distribution>,
}

/// Figures of participants, each of whom counts once, however many readings they have.
#[derive(Clone, Debug, PartialEq, Serialize, JsonSchema)]
#[schemars(inline)]
pub struct Distribution {
    /// How many participants have readings.
    pub participants: usize,
    /// How many readings they have together.
    pub readings: usize,
    /// The mean of the participants' figures.
    pub mean: Figure,
    /// Standard deviation between participants (n - 1); absent for one, and for three when suppression is
    /// on.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub sd: Option<Figure>,
    /// The least figure; absent when suppression is on, for it is one participant's own.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub min: Option<Figure>,
    /// 10th percentile; as all of them absent when fewer participants than the threshold are on one side.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub p10: Option<Figure>,
    /// 25th percentile.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub p25: Option<Figure>,
    /// 50th percentile.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub median: Option<Figure>,
    /// 75th percentile.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub p75: Option<Figure>,
    /// 90th percentile.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub p90: Option<Figure>,
    /// The greatest figure; absent as the least is.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub max: Option<Figure>,
}

impl Cohort {
    /// Sums up a study. What no single answer can see: that another was given about one participant more.
    pub fn of(participants: &[Participant], threshold: Threshold, decimals: usize) -> Self {
        let counted: Vec<&Participant> =
            participants.iter().filter(|participant| participant.readings > 0).collect();
        let figures: Vec<f64> = counted.iter().map(|participant| participant.figure).collect();
        let figures = sorted(&figures);
        let readings = counted.iter().map(|participant| participant.readings).sum();
        let suppressed = threshold.suppresses() && !threshold.shows(figures.len());
        let said = !suppressed && !figures.is_empty();
        Self {
            threshold: threshold.least(),
            suppressed,
            distribution: said
                .then(|| Distribution::of(&figures, readings, threshold, decimals))
                .flatten(),
        }
    }
}

impl Distribution {
    fn of(sorted: &[f64], readings: usize, threshold: Threshold, decimals: usize) -> Option<Self> {
        let figure = |value| Figure::new(value, decimals);
        let n = sorted.len();
        let percentile = |percent: u8| {
            let shown = threshold.shows_percentile(n, percent);
            shown.then(|| percentile(sorted, f64::from(percent)).map(figure)).flatten()
        };
        Some(Self {
            participants: n,
            readings,
            mean: figure(mean(sorted)?),
            // Who knows its own figure would have the two others from the mean and the spread.
            sd: deviation(sorted).filter(|_| n > 3 || !threshold.suppresses()).map(figure),
            min: percentile(0),
            p10: percentile(10),
            p25: percentile(25),
            median: percentile(50),
            p75: percentile(75),
            p90: percentile(90),
            max: percentile(100),
        })
    }
}

#[cfg(test)]
mod tests;
