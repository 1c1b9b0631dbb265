//! The two units of glucose, and the one number between them.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// How many mg/dL are 1 mmol/L of glucose: a tenth of the molar mass of C6H12O6, 180.156 g/mol by
/// the standard atomic weights (C 12.011, H 1.008, O 15.999). 18, 18.016, 18.018 and 18.0182 are
/// met elsewhere; they differ by less than one part in a thousand.
pub const MG_DL_PER_MMOL_L: f64 = 18.0156;

/// A unit of glucose.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema,
)]
#[schemars(inline)]
pub enum Unit {
    /// Milligrams in a decilitre.
    #[serde(rename = "mg/dL")]
    MgDl,
    /// Millimoles in a litre.
    #[serde(rename = "mmol/L")]
    MmolL,
}

impl Unit {
    /// The unit as written, which is its UCUM code too.
    pub const fn name(self) -> &'static str {
        match self {
            Self::MgDl => "mg/dL",
            Self::MmolL => "mmol/L",
        }
    }

    /// A number of this unit in another; the same number, to the last bit, where that is this one.
    pub fn convert(self, value: f64, to: Self) -> f64 {
        match (self, to) {
            (Self::MgDl, Self::MmolL) => value / MG_DL_PER_MMOL_L,
            (Self::MmolL, Self::MgDl) => value * MG_DL_PER_MMOL_L,
            (Self::MgDl, Self::MgDl) | (Self::MmolL, Self::MmolL) => value,
        }
    }

    /// Decimals of a percentile: those that readings of the unit have.
    pub const fn decimals(self) -> usize {
        match self {
            Self::MgDl => 0,
            Self::MmolL => 1,
        }
    }

    /// Decimals of a mean: one more than a reading has.
    pub const fn fine_decimals(self) -> usize {
        self.decimals() + 1
    }
}
