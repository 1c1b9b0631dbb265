//! Blood pressures, heart rates and glucose, as the reports take them from a record.

use analytics::heart::Context;
use serde_json::Value;

use super::{Measured, found, named, read};
use crate::fhir::observation::Observation;
use crate::tools::analytics::load::Found;

/// Both numbers of a blood pressure, in mmHg.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Pair {
    /// Systolic.
    pub systolic: f64,
    /// Diastolic.
    pub diastolic: f64,
}

/// A heart rate, in beats a minute.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Rate {
    /// The rate.
    pub rate: f64,
    /// What the person was doing, where the record says so.
    pub context: Context,
}

/// Both numbers, or nothing: one of them alone is no blood pressure, nor is another unit.
pub fn pressure(point: &Observation) -> Found<Pair> {
    let (measured, statistic) = read(point);
    let of = |name: &str| {
        let one = measured.iter().find(|one| one.name == name)?;
        matches!(one.unit.as_deref(), Some("mmHg" | "mm[Hg]")).then_some(one.value)
    };
    let both = of("systolic_blood_pressure").zip(of("diastolic_blood_pressure"));
    let pair = both.map(|(systolic, diastolic)| Pair { systolic, diastolic });
    pair.map_or(Found::Nothing, |pair| found(pair, |_| true, statistic))
}

/// A glucose concentration; its unit decides by which cut points it is judged.
pub fn glucose(point: &Observation) -> Found<Measured> {
    let (measured, statistic) = read(point);
    let one = named(&measured, "blood_glucose").cloned();
    one.map_or(Found::Nothing, |one| found(one, |_| true, statistic))
}

/// A heart rate with its context.
pub fn heart_rate(point: &Observation) -> Found<Rate> {
    let (measured, statistic) = read(point);
    let is_rate = |unit: Option<&str>| matches!(unit, Some("beats/min" | "/min" | "{beats}/min"));
    let one = named(&measured, "heart_rate").filter(|one| is_rate(one.unit.as_deref()));
    let context = point.body.as_ref().map_or(Context::Unknown, context);
    let rate = one.map(|one| Rate { rate: one.value, context });
    rate.map_or(Found::Nothing, |rate| found(rate, |_| true, statistic))
}

fn context(body: &Value) -> Context {
    let says = |name: &str| body.get(name).and_then(Value::as_str).unwrap_or_default();
    if says("temporal_relationship_to_sleep") == "during sleep" {
        return Context::Asleep;
    }
    match says("temporal_relationship_to_physical_activity") {
        "at rest" => Context::AtRest,
        "active" | "during exercise" | "after exercise" => Context::Active,
        _ => Context::Unknown,
    }
}
