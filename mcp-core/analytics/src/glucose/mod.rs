//! The glucose report of the International Consensus on Time in Range: bands, figures, targets,
//! episodes and the profile by time of day.
//!
//! Battelino et al., Diabetes Care 2019;42:1593, and Danne et al., Diabetes Care 2017;40:1631. Not a
//! diagnosis.

mod bands;
mod episodes;
mod fhir;
mod figures;
mod profile;
mod report;
mod table;
mod targets;
#[cfg(test)]
mod tests;
mod unit;
mod wear;

pub use bands::{Band, BandRow, Counts, Cuts, Population};
pub use episodes::{Episode, EpisodeRow, Threshold};
pub use fhir::bundle;
pub use figures::Figures;
pub use profile::{Bin, HourRow, LEAST_IN_BIN, bins};
pub use report::{Empty, Flagged, GlucoseReport, LeftOut, MixedUnits, Part, Reason, Terms};
pub use table::{Row, Table};
pub use targets::{Measure, TargetRow, Verdict};
pub use unit::{MG_DL_PER_MMOL_L, Unit};
pub use wear::{Shortfall, Wear};

use jiff::Timestamp;

/// One reading of glucose.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Glucose {
    /// When it was measured.
    pub at: Timestamp,
    /// The number, in its unit; always finite.
    pub value: f64,
    /// The unit that the number came in.
    pub unit: Unit,
}

impl Glucose {
    /// The number in a unit.
    pub fn in_unit(&self, unit: Unit) -> f64 {
        self.unit.convert(self.value, unit)
    }
}
