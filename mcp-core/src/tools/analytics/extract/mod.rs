//! What the reports take from a record: numbers by their names, whichever of the two forms they come in,
//! an Open mHealth body or FHIR's own elements.

pub mod days;
pub mod vitals;

use serde_json::Number;

use super::load::Found;
use crate::fhir::observation::Observation;
use crate::fhir::quantity::Quantity;
use crate::omh::measure::{self, Measure, Statistic};

/// Numbers beyond this are no measurements, and would make sums meaningless.
const GREATEST: f64 = 1e12;

/// One number of a record.
#[derive(Clone, Debug, PartialEq)]
pub struct Measured {
    /// Which: `value` where a record has one number only and no name for it.
    pub name: String,
    /// The number, finite.
    pub value: f64,
    /// Its unit, as written.
    pub unit: Option<String>,
}

/// All numbers of a record.
pub fn every(point: &Observation) -> Found<Vec<Measured>> {
    let (measured, statistic) = read(point);
    found(measured, |measured| !measured.is_empty(), statistic)
}

/// The numbers of a record, and what it sums up, if it does.
pub(in crate::tools::analytics) fn read(point: &Observation) -> (Vec<Measured>, Option<Statistic>) {
    let Some(body) = &point.body else {
        let of = |one: &Quantity| measured(&one.name, &one.value, one.unit.as_deref());
        return (point.quantities.iter().filter_map(of).collect(), None);
    };
    let code = point.coding.code.as_deref().unwrap_or_default();
    let reading = measure::read(code, body);
    let of = |one: &Measure| measured(&one.name, &one.value, one.unit.as_deref());
    (reading.measures.iter().filter_map(of).collect(), reading.statistic)
}

/// The number of this name; or the only one, where it has no name of its own.
pub(in crate::tools::analytics) fn named<'m>(
    measured: &'m [Measured],
    name: &str,
) -> Option<&'m Measured> {
    let is_only = measured.len() == 1;
    let is_meant = |one: &&Measured| one.name == name || is_only && one.name == "value";
    measured.iter().find(is_meant)
}

/// One reading or one summary, if it holds what is wanted.
pub(in crate::tools::analytics) fn found<T>(
    what: T,
    is_usable: impl Fn(&T) -> bool,
    statistic: Option<Statistic>,
) -> Found<T> {
    if !is_usable(&what) {
        return Found::Nothing;
    }
    match statistic {
        Some(statistic) => Found::Summary(what, statistic.name),
        None => Found::Single(what),
    }
}

fn measured(name: &str, value: &Number, unit: Option<&str>) -> Option<Measured> {
    let value = value.as_f64().filter(|value| value.abs() <= GREATEST)?;
    Some(Measured { name: name.to_owned(), value, unit: unit.map(str::to_owned) })
}
