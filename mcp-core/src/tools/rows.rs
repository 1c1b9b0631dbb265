//! Observations as rows of an answer: slim, the readings; or full, the whole Open mHealth record.

use jiff::Timestamp;
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Serialize};
use serde_json::{Number, Value};

use super::Object;
use super::mix::Summary;
use super::origin::Origin;
use super::text::{clean, clean_option, clean_record};
use crate::fhir::observation::Observation;
use crate::fhir::quantity::Quantity;
use crate::omh::measure::{self, Measure};

const UNREADABLE: &str = "the record's Open mHealth body is missing or cannot be read";
const UNTIMED: &str = "the record has no time";
const NAMELESS: &str = "the record came without an id";

/// How much of each observation is shown.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
#[schemars(inline)]
pub enum Verbosity {
    /// The readings with their units.
    #[default]
    Slim,
    /// The whole Open mHealth body and header.
    Full,
}

/// A row of either kind.
#[derive(Serialize, JsonSchema)]
#[serde(untagged)]
#[schemars(inline)]
pub enum Row {
    /// The readings.
    Slim(SlimRow),
    /// The whole record.
    Full(FullRow),
}

/// When it was measured.
#[derive(Serialize, JsonSchema)]
#[schemars(inline)]
pub struct When {
    /// When it was measured, or when the measured span began, in UTC.
    #[serde(rename = "effective_at")]
    at: Option<Timestamped>,
    /// When the measured span ended, in UTC.
    #[serde(rename = "effective_end", skip_serializing_if = "Option::is_none")]
    end: Option<Timestamped>,
    /// The time as the device wrote it, where that differs.
    #[serde(rename = "effective_original", skip_serializing_if = "Option::is_none")]
    original: Option<String>,
}

/// An instant in UTC, as `2026-11-21T02:22:02Z`.
#[derive(Serialize, JsonSchema)]
#[schemars(inline)]
pub struct Timestamped(String);

impl From<Timestamp> for Timestamped {
    fn from(instant: Timestamp) -> Self {
        Self(instant.to_string())
    }
}

/// The readings of one observation.
#[derive(Serialize, JsonSchema)]
#[schemars(inline)]
pub struct SlimRow {
    /// The observation's id.
    observation_id: Option<String>,
    /// Whose it is.
    patient_id: Option<String>,
    /// What was measured, in words.
    r#type: Option<String>,
    #[serde(flatten)]
    when: When,
    /// The value, where one number alone is the reading; otherwise see `measures`.
    #[schemars(with = "Option<f64>")]
    value: Option<Number>,
    /// The value's unit.
    unit: Option<String>,
    /// Every number that was measured, with its unit: two for blood pressure. Report all of them.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    measures: Vec<Reading>,
    #[serde(flatten)]
    summary: Summary,
    /// What the person was doing, for activities.
    #[serde(skip_serializing_if = "Option::is_none")]
    activity: Option<String>,
    #[serde(flatten)]
    origin: Origin,
    /// What is wrong with the record.
    #[serde(skip_serializing_if = "Option::is_none")]
    problem: Option<&'static str>,
}

/// One number that was measured.
#[derive(Serialize, JsonSchema)]
#[schemars(inline)]
pub struct Reading {
    /// Which quantity.
    name: String,
    /// The number.
    #[schemars(with = "f64")]
    value: Number,
    /// Its unit, as written.
    #[serde(skip_serializing_if = "Option::is_none")]
    unit: Option<String>,
    /// The unit in UCUM.
    #[serde(skip_serializing_if = "Option::is_none")]
    ucum: Option<&'static str>,
    /// Why the unit is doubtful.
    #[serde(skip_serializing_if = "Option::is_none")]
    unit_problem: Option<&'static str>,
}

impl From<Measure> for Reading {
    fn from(measure: Measure) -> Self {
        Self {
            name: clean(&measure.name),
            unit: clean_option(measure.unit.as_deref()),
            ucum: measure.standing.ucum(),
            unit_problem: measure.standing.problem(),
            value: measure.value,
        }
    }
}

impl From<Quantity> for Reading {
    fn from(quantity: Quantity) -> Self {
        Self {
            name: clean(&quantity.name),
            value: quantity.value,
            unit: clean_option(quantity.unit.as_deref()),
            ucum: None,
            unit_problem: None,
        }
    }
}

/// The whole of one observation.
#[derive(Serialize, JsonSchema)]
#[schemars(inline)]
pub struct FullRow {
    /// The observation's id.
    observation_id: Option<String>,
    /// Whose it is.
    patient_id: Option<String>,
    /// The code, as in `omh:heart-rate:2.0`.
    code: Option<String>,
    /// The coding system.
    code_system: Option<String>,
    /// The code in words.
    code_display: Option<String>,
    #[serde(flatten)]
    when: When,
    // Described in the slim row; once is enough for a schema that every client reads.
    #[serde(flatten)]
    #[schemars(skip)]
    summary: Summary,
    #[serde(flatten)]
    #[schemars(skip)]
    origin: Origin,
    /// The Open mHealth body; `get_omh_schema` explains its fields.
    #[schemars(schema_with = "body_schema")]
    omh_body: Option<Value>,
    /// The Open mHealth header: where the record comes from.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Option<Object>")]
    omh_header: Option<Value>,
    /// What is wrong with the record.
    #[serde(skip_serializing_if = "Option::is_none")]
    problem: Option<&'static str>,
}

/// An object; a data series is an array of them; null where there is none.
fn body_schema(_: &mut SchemaGenerator) -> Schema {
    json_schema!({ "anyOf": [
        { "type": "object" },
        { "type": "array", "items": { "type": "object" } },
        { "type": "null" },
    ] })
}

impl Row {
    /// Shows an observation.
    pub fn of(point: Observation, verbosity: Verbosity) -> Self {
        match verbosity {
            Verbosity::Slim => Self::Slim(SlimRow::of(&point)),
            Verbosity::Full => Self::Full(FullRow::of(point)),
        }
    }
}

fn when(point: &Observation) -> When {
    let Some(effective) = &point.effective else {
        return When { at: None, end: None, original: None };
    };
    let shown = effective.start.to_string();
    When {
        original: (effective.original != shown).then(|| clean(&effective.original)),
        at: Some(Timestamped(shown)),
        end: effective.end.map(Timestamped::from),
    }
}

fn problem(point: &Observation) -> Option<&'static str> {
    if point.id.is_none() {
        Some(NAMELESS)
    } else if point.body.is_none() && point.quantities.is_empty() {
        Some(UNREADABLE)
    } else if point.effective.is_none() {
        Some(UNTIMED)
    } else {
        None
    }
}

/// The number that alone is the reading, with its unit.
fn alone(point: &Observation, reading: &measure::Reading) -> (Option<Number>, Option<String>) {
    match point.quantities.as_slice() {
        [only] => (Some(only.value.clone()), only.unit.clone()),
        _ => (reading.value.clone(), reading.unit.clone()),
    }
}

/// Every number: of the Open mHealth body, else of FHIR's own elements.
fn measures(point: &Observation, read: Vec<Measure>) -> Vec<Reading> {
    let own = point.quantities.iter().cloned().map(Reading::from);
    read.into_iter().map(Reading::from).chain(own).collect()
}

impl SlimRow {
    fn of(point: &Observation) -> Self {
        let code = point.coding.code.as_deref().unwrap_or_default();
        let reading = point.body.as_ref().map(|body| measure::read(code, body)).unwrap_or_default();
        let (value, unit) = alone(point, &reading);
        let kind = point.coding.display.as_deref().or(point.coding.code.as_deref());
        Self {
            observation_id: clean_option(point.id.as_deref()),
            patient_id: clean_option(point.patient_id.as_deref()),
            r#type: clean_option(kind),
            when: when(point),
            value,
            unit: clean_option(unit.as_deref()),
            measures: measures(point, reading.measures),
            summary: reading.statistic.into(),
            activity: clean_option(reading.activity.as_deref()),
            origin: Origin::of(point),
            problem: problem(point),
        }
    }
}

impl FullRow {
    fn of(point: Observation) -> Self {
        Self {
            observation_id: clean_option(point.id.as_deref()),
            patient_id: clean_option(point.patient_id.as_deref()),
            code: clean_option(point.coding.code.as_deref()),
            code_system: clean_option(point.coding.system.as_deref()),
            code_display: clean_option(point.coding.display.as_deref()),
            when: when(&point),
            summary: point.body.as_ref().and_then(measure::statistic).into(),
            origin: Origin::of(&point),
            problem: problem(&point),
            omh_body: point.body.map(clean_record),
            omh_header: point.header.filter(Value::is_object).map(clean_record),
        }
    }
}
