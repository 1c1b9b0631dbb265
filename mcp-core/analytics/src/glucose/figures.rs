//! Mean, spread and the glucose management indicator.

use schemars::JsonSchema;
use serde::Serialize;

use super::{Glucose, Unit};
use crate::figure::Figure;
use crate::summary::{deviation, mean, sorted};

/// What all readings amount to.
#[derive(Clone, Debug, PartialEq, Serialize, JsonSchema)]
#[schemars(inline)]
pub struct Figures {
    /// Arithmetic mean.
    pub mean: Figure,
    /// Standard deviation of a sample (n - 1); null for one reading.
    pub sd: Option<Figure>,
    /// Coefficient of variation in percent: SD of the mean.
    pub cv_percent: Option<Figure>,
    /// The least.
    pub min: Figure,
    /// The greatest.
    pub max: Figure,
    /// Glucose management indicator in percent: 3.31 + 0.02392 x mean in mg/dL (Bergenstal et al.,
    /// Diabetes Care 2018;41:2275). An estimate from the mean, not a
    /// laboratory's glycated haemoglobin.
    pub gmi_percent: Figure,
    /// The same in mmol/mol: 12.71 + 4.70587 x mean in mmol/L.
    pub gmi_mmol_per_mol: Figure,
}

impl Figures {
    /// Computes the figures in a unit, and the coefficient of variation before it is rounded; nothing
    /// for no readings.
    pub(super) fn of(readings: &[Glucose], unit: Unit) -> Option<(Self, Option<f64>)> {
        let values: Vec<f64> = readings.iter().map(|reading| reading.in_unit(unit)).collect();
        let values = sorted(&values);
        let (mean, sd) = (mean(&values)?, deviation(&values));
        let cv = sd.filter(|_| mean > 0.0).map(|sd| 100.0 * sd / mean);
        let fine = |value| Figure::new(value, unit.fine_decimals());
        let figures = Self {
            mean: fine(mean),
            sd: sd.map(fine),
            cv_percent: cv.map(|cv| Figure::new(cv, 1)),
            min: fine(*values.first()?),
            max: fine(*values.last()?),
            gmi_percent: Figure::new(3.31 + 0.023_92 * unit.convert(mean, Unit::MgDl), 1),
            gmi_mmol_per_mol: Figure::new(12.71 + 4.705_87 * unit.convert(mean, Unit::MmolL), 1),
        };
        Some((figures, cv))
    }
}
