//! Steps, activities and nights, as the reports take them from a record.

use serde_json::Value;

use super::{Measured, found, read};
use crate::fhir::observation::Observation;
use crate::omh::time::seconds_in;
use crate::tools::analytics::load::Found;
use crate::tools::text::clean;

/// What an activity amounted to; absent is not said, never nothing.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Bout {
    /// Its name, cleaned. Free text.
    pub name: Option<String>,
    /// `light`, `moderate` or `vigorous`, as reported.
    pub intensity: Option<&'static str>,
    /// Minutes at each intensity: light, moderate, vigorous.
    pub minutes: [Option<f64>; 3],
    /// Metres.
    pub distance: Option<f64>,
    /// Kilocalories.
    pub energy: Option<f64>,
}

/// What a night amounted to, in seconds, percent and counts; absent is not said, never nothing.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Sleep {
    /// Time asleep.
    pub total: Option<f64>,
    /// Share of the time in bed, in percent.
    pub efficiency: Option<f64>,
    /// Time until asleep.
    pub latency: Option<f64>,
    /// Time awake after that.
    pub wake: Option<f64>,
    /// How often awake.
    pub awakenings: Option<f64>,
    /// Deep, light, REM and awake.
    pub stages: [Option<f64>; 4],
    /// Whether the record says that it is the main sleep.
    pub is_main: Option<bool>,
}

/// A count of steps. A sum over a day is one, too; it comes as a summary.
pub fn steps(point: &Observation) -> Found<f64> {
    let (measured, statistic) = read(point);
    let is_steps = |one: &&Measured| match one.name.as_str() {
        "step_count" => one.unit.as_deref().is_none_or(|unit| unit == "steps"),
        "base_movement_quantity" => one.unit.as_deref() == Some("steps"),
        "value" => matches!(one.unit.as_deref(), Some("steps" | "{steps}")),
        _ => false,
    };
    let count = measured.iter().find(is_steps).map(|one| one.value);
    count.map_or(Found::Nothing, |count| found(count, |_| true, statistic))
}

/// An activity. One that says nothing but its span is one all the same.
pub fn activity(point: &Observation) -> Found<Bout> {
    let (measured, statistic) = read(point);
    let Some(body) = &point.body else { return Found::Nothing };
    let says = |name: &str| body.get(name).and_then(Value::as_str);
    let seconds = |name: &str| duration(&measured, name).map(|seconds| seconds / 60.0);
    let intensity = match says("reported_activity_intensity") {
        Some("light") => Some("light"),
        Some("moderate") => Some("moderate"),
        Some("vigorous") => Some("vigorous"),
        _ => None,
    };
    let bout = Bout {
        name: says("activity_name").map(clean),
        intensity,
        minutes: ["light", "moderate", "vigorous"]
            .map(|word| seconds(&format!("duration_{word}_activity"))),
        distance: measured.iter().find(|one| one.name == "distance").and_then(metres),
        energy: in_unit(&measured, "kcal_burned", "kcal"),
    };
    found(bout, |bout| *bout != Bout::default(), statistic)
}

/// A night, or a nap.
pub fn sleep(point: &Observation) -> Found<Sleep> {
    let (measured, statistic) = read(point);
    let seconds = |names: &[&str]| names.iter().find_map(|name| duration(&measured, name));
    let percent = |names: &[&str]| names.iter().find_map(|name| in_unit(&measured, name, "%"));
    let count = |name: &str| measured.iter().find(|one| one.name == name).map(|one| one.value);
    let is_main = point.body.as_ref().and_then(|body| body.get("is_main_sleep")?.as_bool());
    let night = Sleep {
        total: seconds(&["total_sleep_time", "sleep_duration"]),
        efficiency: percent(&[
            "sleep_efficiency_percentage",
            "sleep_maintenance_efficiency_percentage",
        ]),
        latency: seconds(&["latency_to_sleep_onset"]),
        wake: seconds(&["wake_after_sleep_onset"]),
        awakenings: count("number_of_awakenings"),
        stages: [
            "deep_sleep_duration",
            "light_sleep_duration",
            "rem_sleep_duration",
            "awake_duration",
        ]
        .map(|name| duration(&measured, name)),
        is_main,
    };
    found(night, |night| *night != Sleep::default(), statistic)
}

fn duration(measured: &[Measured], name: &str) -> Option<f64> {
    let one = measured.iter().find(|one| one.name == name)?;
    Some(one.value * seconds_in(one.unit.as_deref()?)?)
}

fn in_unit(measured: &[Measured], name: &str, unit: &str) -> Option<f64> {
    let one = measured.iter().find(|one| one.name == name)?;
    (one.unit.as_deref() == Some(unit)).then_some(one.value)
}

/// By the international foot of 0.3048 m.
fn metres(one: &Measured) -> Option<f64> {
    let factor = match one.unit.as_deref()? {
        "m" => 1.0,
        "cm" => 0.01,
        "km" => 1_000.0,
        "in" => 0.025_4,
        "ft" => 0.304_8,
        "yd" => 0.914_4,
        "mi" => 1_609.344,
        _ => return None,
    };
    Some(one.value * factor)
}
