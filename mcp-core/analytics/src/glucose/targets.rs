//! The targets of the International Consensus on Time in Range, and whether they were met.
//!
//! Battelino et al., Diabetes Care 2019;42:1593. "Below" and "above" are totals: they include the very
//! low and the very high. The consensus names no target below 54 mg/dL of its own for older people and
//! those at high risk (all below 70 is under 1 % there), none above 250 mg/dL for pregnancy, and none at
//! all for pregnancy with type 2 or gestational diabetes. CV stands among its metrics for everyone.
//! Children's targets, and the stricter CV of 33 % that some propose, are left out.

use schemars::JsonSchema;
use serde::Serialize;

use super::bands::{Band, Counts, Population};
use super::table::row;
use crate::figure::Figure;
use crate::share::tenths;

/// What a target is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
#[schemars(inline)]
pub enum Measure {
    /// The share in range.
    InRange,
    /// The share below the range, very low included.
    BelowRange,
    /// The share very low.
    VeryLow,
    /// The share above the range, very high included.
    AboveRange,
    /// The share very high.
    VeryHigh,
    /// The coefficient of variation.
    Cv,
}

/// Whether a target was met.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
#[schemars(inline)]
pub enum Verdict {
    /// It was.
    Met,
    /// It was not.
    NotMet,
    /// There are too few readings to say.
    NotJudged,
}

row! {
    /// One target.
    pub struct TargetRow {
        /// What it is about.
        pub of: Measure,
        /// What the consensus asks for, in percent.
        pub target: String,
        /// What it was, in percent; null if it cannot be computed.
        pub percent: Option<Figure>,
        /// Met, judged on the exact counts and not on the rounded share.
        pub verdict: Verdict,
    }
}

/// What a share or a coefficient must be, in percent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Bound {
    Above(u8),
    Below(u8),
    AtMost(u8),
}

/// The targets of a population.
const fn asked(population: Population) -> &'static [(Measure, Bound)] {
    use Bound::{Above, AtMost, Below};
    use Measure::{AboveRange, BelowRange, Cv, InRange, VeryHigh, VeryLow};
    match population {
        Population::Type1Type2 => &[
            (InRange, Above(70)),
            (BelowRange, Below(4)),
            (VeryLow, Below(1)),
            (AboveRange, Below(25)),
            (VeryHigh, Below(5)),
            (Cv, AtMost(36)),
        ],
        Population::OlderHighRisk => &[
            (InRange, Above(50)),
            (BelowRange, Below(1)),
            (AboveRange, Below(50)),
            (VeryHigh, Below(10)),
            (Cv, AtMost(36)),
        ],
        Population::PregnancyType1 => &[
            (InRange, Above(70)),
            (BelowRange, Below(4)),
            (VeryLow, Below(1)),
            (AboveRange, Below(25)),
            (Cv, AtMost(36)),
        ],
    }
}

/// Holds counts and the unrounded coefficient of variation against the targets of a population;
/// judges nothing unless the readings suffice.
pub(super) fn targets(
    population: Population,
    counts: &Counts,
    cv: Option<f64>,
    sufficient: bool,
) -> Vec<TargetRow> {
    let total = counts.within(population.bands());
    let parts = counts.parts(1_000);
    let row = |&(of, bound): &(Measure, Bound)| {
        let (percent, met) = match bands(of) {
            None => (cv.map(|cv| Figure::new(cv, 1)), cv.map(|cv| bound.holds(cv))),
            Some(bands) => {
                let shown = bands.iter().filter_map(|band| parts.get(*band as usize)).sum();
                (Some(tenths(shown)), Some(bound.holds_for(counts.within(bands), total)))
            }
        };
        let verdict = match met {
            Some(true) if sufficient => Verdict::Met,
            Some(false) if sufficient => Verdict::NotMet,
            Some(_) | None => Verdict::NotJudged,
        };
        TargetRow { of, target: bound.shown(), percent, verdict }
    };
    asked(population).iter().map(row).collect()
}

const fn bands(measure: Measure) -> Option<&'static [Band]> {
    Some(match measure {
        Measure::InRange => &[Band::InRange],
        Measure::BelowRange => &[Band::VeryLow, Band::Low],
        Measure::VeryLow => &[Band::VeryLow],
        Measure::AboveRange => &[Band::High, Band::VeryHigh],
        Measure::VeryHigh => &[Band::VeryHigh],
        Measure::Cv => return None,
    })
}

impl Bound {
    fn holds(self, percent: f64) -> bool {
        match self {
            Self::Above(bound) => percent > f64::from(bound),
            Self::Below(bound) => percent < f64::from(bound),
            Self::AtMost(bound) => percent <= f64::from(bound),
        }
    }

    /// The same for a share, in whole numbers: 70.0 % is not more than 70 %.
    const fn holds_for(self, part: usize, total: usize) -> bool {
        let part = part * 100;
        match self {
            Self::Above(bound) => part > total * bound as usize,
            Self::Below(bound) => part < total * bound as usize,
            Self::AtMost(bound) => part <= total * bound as usize,
        }
    }

    fn shown(self) -> String {
        match self {
            Self::Above(bound) => format!(">{bound}"),
            Self::Below(bound) => format!("<{bound}"),
            Self::AtMost(bound) => format!("<={bound}"),
        }
    }
}
