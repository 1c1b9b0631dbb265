//! The bands of the International Consensus on Time in Range, and how much falls into each.
//!
//! Battelino et al., Diabetes Care 2019;42:1593. Each reading is classified in its own unit, by that
//! unit's cut points: those in mmol/L are rounded, so that a converted reading may fall elsewhere. It
//! does exactly where a number in mg/dL lies
//!
//! | in | its own band | the band of the same in mmol/L |
//! |---|---|---|
//! | 54 ≤ x < 54.0468 | low | very low |
//! | 70 ≤ x < 70.26084 (pregnancy: 63 ≤ x < 63.0546) | in range | low |
//! | 180 < x ≤ 180.156 (pregnancy: 140 < x ≤ 140.52168) | high | in range |
//! | 250 < x ≤ 250.41684 | very high | high |
//!
//! and nowhere else; the upper ends are the cut points in mmol/L by [`super::MG_DL_PER_MMOL_L`].

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::table::row;
use super::{Glucose, Unit};
use crate::figure::Figure;
use crate::share::{parts, tenths};

/// Whose targets and bands apply.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[schemars(inline)]
pub enum Population {
    /// Adults with type 1 or type 2 diabetes.
    #[serde(rename = "type_1_type_2")]
    Type1Type2,
    /// Older people and those at high risk, with type 1 or type 2 diabetes.
    #[serde(rename = "older_high_risk")]
    OlderHighRisk,
    /// Pregnancy with type 1 diabetes. For type 2 and gestational diabetes the consensus names the
    /// same range and no targets.
    #[serde(rename = "pregnancy_type_1")]
    PregnancyType1,
}

/// A band of glucose; between 54 and 250 mg/dL its ends depend on the population.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
#[schemars(inline)]
pub enum Band {
    /// Below 54 mg/dL or 3.0 mmol/L.
    VeryLow,
    /// From there to below 70 mg/dL or 3.9 mmol/L (in pregnancy 63 or 3.5).
    Low,
    /// From there to 180 mg/dL or 10.0 mmol/L (in pregnancy 140 or 7.8), both ends included.
    InRange,
    /// Above that, to 250 mg/dL or 13.9 mmol/L included (in pregnancy without an upper end).
    High,
    /// Above 250 mg/dL or 13.9 mmol/L.
    VeryHigh,
}

/// Where the bands of one unit meet. Whole numbers in mg/dL and tenths in mmol/L fall as the table of
/// the consensus has it; what lies between (69.5, say) belongs below the cut point that it does not reach.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Cuts {
    /// Very low is below this.
    pub very_low: f64,
    /// Low is below this.
    pub low: f64,
    /// High is above this.
    pub high: f64,
    /// Very high is above this; the consensus names none for pregnancy.
    pub very_high: Option<f64>,
}

impl Population {
    /// The cut points of a unit.
    pub const fn cuts(self, unit: Unit) -> Cuts {
        match (self, unit) {
            (Self::Type1Type2 | Self::OlderHighRisk, Unit::MgDl) => {
                Cuts { very_low: 54.0, low: 70.0, high: 180.0, very_high: Some(250.0) }
            }
            (Self::Type1Type2 | Self::OlderHighRisk, Unit::MmolL) => {
                Cuts { very_low: 3.0, low: 3.9, high: 10.0, very_high: Some(13.9) }
            }
            (Self::PregnancyType1, Unit::MgDl) => {
                Cuts { very_low: 54.0, low: 63.0, high: 140.0, very_high: None }
            }
            (Self::PregnancyType1, Unit::MmolL) => {
                Cuts { very_low: 3.0, low: 3.5, high: 7.8, very_high: None }
            }
        }
    }

    /// The bands, from low to high.
    pub const fn bands(self) -> &'static [Band] {
        use Band::{High, InRange, Low, VeryHigh, VeryLow};
        match self {
            Self::Type1Type2 | Self::OlderHighRisk => &[VeryLow, Low, InRange, High, VeryHigh],
            Self::PregnancyType1 => &[VeryLow, Low, InRange, High],
        }
    }

    /// The band of a reading, in the reading's own unit.
    pub fn band(self, reading: &Glucose) -> Band {
        let cuts = self.cuts(reading.unit);
        let value = reading.value;
        if value < cuts.very_low {
            Band::VeryLow
        } else if value < cuts.low {
            Band::Low
        } else if value <= cuts.high {
            Band::InRange
        } else if cuts.very_high.is_some_and(|very_high| value > very_high) {
            Band::VeryHigh
        } else {
            Band::High
        }
    }
}

/// How many readings fall into each band.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counts([usize; 5]);

impl Counts {
    /// Counts readings.
    pub fn of(readings: &[Glucose], population: Population) -> Self {
        let mut counts = Self::default();
        for reading in readings {
            if let Some(n) = counts.0.get_mut(population.band(reading) as usize) {
                *n += 1;
            }
        }
        counts
    }

    /// The counts that rows show.
    pub(super) fn from_rows(rows: &[BandRow]) -> Self {
        let mut counts = Self::default();
        for row in rows {
            if let Some(n) = counts.0.get_mut(row.band as usize) {
                *n = row.n;
            }
        }
        counts
    }

    /// The count of one band.
    pub fn in_band(&self, band: Band) -> usize {
        self.0.get(band as usize).copied().unwrap_or_default()
    }

    /// The count of several bands.
    pub fn within(&self, bands: &[Band]) -> usize {
        bands.iter().map(|band| self.in_band(*band)).sum()
    }

    /// Each band's part of a whole of so many parts (1,000 for tenths of a percent), by the method of
    /// largest remainders: they always add up to the whole. Of equal remainders the lower band's is
    /// served first. All zero if there are no readings.
    pub fn parts(&self, whole: usize) -> Vec<usize> {
        parts(&self.0, whole)
    }

    /// The bands of a population as rows, with their ends in a unit.
    pub(super) fn rows(&self, population: Population, unit: Unit) -> Vec<BandRow> {
        let parts = self.parts(1_000);
        let row = |band: &Band| BandRow {
            band: *band,
            range: range(*band, population.cuts(unit), unit),
            n: self.in_band(*band),
            percent: tenths(parts.get(*band as usize).copied().unwrap_or_default()),
        };
        population.bands().iter().map(row).collect()
    }
}

row! {
    /// How much falls into one band.
    pub struct BandRow {
        /// Which.
        pub band: Band,
        /// From where to where, in the unit of the figures; readings of another unit were classified
        /// by the cut points of their own.
        pub range: String,
        /// How many readings.
        pub n: usize,
        /// Their share of all readings in percent; the shares add up to 100.0 as shown.
        pub percent: Figure,
    }
}

fn range(band: Band, cuts: Cuts, unit: Unit) -> String {
    let shown = |cut: f64| format!("{cut:.*}", unit.decimals());
    let (very_low, low, high) = (shown(cuts.very_low), shown(cuts.low), shown(cuts.high));
    match (band, cuts.very_high.map(shown)) {
        (Band::VeryLow, _) => format!("<{very_low}"),
        (Band::Low, _) => format!("{very_low} to <{low}"),
        (Band::InRange, _) => format!("{low} to {high}"),
        (Band::High, Some(very_high)) => format!(">{high} to {very_high}"),
        (Band::High | Band::VeryHigh, None) => format!(">{high}"),
        (Band::VeryHigh, Some(very_high)) => format!(">{very_high}"),
    }
}
