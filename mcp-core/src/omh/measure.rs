//! The numbers in a body, taken by the names the registry gives, never by position.

use std::fmt;

use serde_json::{Number, Value};

use super::registry::{DataType, Field, Role};
use super::unit::{self, Standing};

/// What a body measures. A patient's data: its `Debug` shows no number.
#[derive(Clone, Default, PartialEq)]
pub struct Reading {
    /// The number the type is about; absent where no single number is, as in a blood pressure.
    pub value: Option<Number>,
    /// The unit of `value`, spelled as the writer spelled it.
    pub unit: Option<String>,
    /// Every number known by name, in the registry's order; `value` is among them.
    pub measures: Vec<Measure>,
    /// Set when the reading sums up others, so that it is never to be pooled with single readings.
    pub statistic: Option<Statistic>,
    /// `activity_name` of a physical activity. Free text that someone typed.
    pub activity: Option<String>,
}

/// One number, under its property name. A patient's data: its `Debug` shows only the name.
#[derive(Clone, PartialEq)]
pub struct Measure {
    /// The property that held it, such as `systolic_blood_pressure`.
    pub name: String,
    /// The number, unchanged: an integer stays one, and nothing is converted.
    pub value: Number,
    /// The unit as the writer spelled it; absent for a bare number such as a count.
    pub unit: Option<String>,
    /// What that unit is to this measure.
    pub standing: Standing,
}

/// How a summary reading sums up others.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Statistic {
    /// `descriptive_statistic`, such as `average` or `maximum`, as the writer wrote it.
    pub name: String,
    /// `descriptive_statistic_denominator`: what it is counted over, such as `d`, a day.
    pub over: Option<String>,
}

/// Reads the numbers of `body`, which is of the type that `code` names, whatever its version.
///
/// A body of an unknown type, a series (an array) and a body without the expected fields give an
/// empty reading: the record itself remains the answer then. A body that is itself one
/// `{value, unit}` is taken as such, unless its type is one that has several numbers.
pub fn read(code: &str, body: &Value) -> Reading {
    let known = DataType::of_any_version(code);
    let mut reading = Reading {
        statistic: statistic(body),
        activity: text(body, "activity_name"),
        ..Reading::default()
    };
    for field in known.map_or(&[][..], |known| &known.fields) {
        reading.take(field, body);
    }
    if reading.measures.is_empty() {
        reading.take_whole(known, body);
    }
    reading
}

/// How `body` sums up others: a statistic at its top, or inside IEEE's sleep stage summary. A series
/// (an array) is a summary as soon as one of its members is.
pub fn statistic(body: &Value) -> Option<Statistic> {
    if let Value::Array(members) = body {
        return members.iter().find_map(statistic);
    }
    let of = |at: &Value| {
        let name = at.get("descriptive_statistic").filter(|name| !name.is_null())?;
        // Whatever is written there, the reading is not a single one.
        let name = name.as_str().unwrap_or("not readable").to_owned();
        Some(Statistic { name, over: text(at, "descriptive_statistic_denominator") })
    };
    of(body).or_else(|| of(body.get("sleep_stage_summary")?))
}

impl Reading {
    fn take(&mut self, field: &Field, body: &Value) {
        let at = field.path.iter().try_fold(body, |inside, name| inside.get(name));
        let Some((value, unit)) = at.and_then(quantity) else { return };
        let name = field.path.last().map_or("value", String::as_str);
        let standing = field.standing(unit.as_deref());
        self.add(field.role, Measure { name: name.to_owned(), value, unit, standing });
    }

    /// Takes the body as a whole, as one quantity.
    fn take_whole(&mut self, known: Option<&DataType>, body: &Value) {
        let headline = known.and_then(headline);
        if known.is_some() && headline.is_none() {
            return;
        }
        let Some((value, unit)) = quantity(body) else { return };
        let standing = match (headline, unit.as_deref()) {
            (Some(field), unit) => field.standing(unit),
            (None, Some(unit)) => unit::known(unit).map_or(Standing::Unknown, Standing::Allowed),
            (None, None) => Standing::Bare,
        };
        self.add(Role::Headline, Measure { name: "value".to_owned(), value, unit, standing });
    }

    fn add(&mut self, role: Role, measure: Measure) {
        if role == Role::Headline {
            self.value = Some(measure.value.clone());
            self.unit.clone_from(&measure.unit);
        }
        self.measures.push(measure);
    }
}

fn headline(known: &DataType) -> Option<&Field> {
    known.fields.iter().find(|field| field.role == Role::Headline)
}

/// A bare number, or the number and unit of a unit value.
fn quantity(at: &Value) -> Option<(Number, Option<String>)> {
    if let Value::Number(bare) = at {
        return Some((bare.clone(), None));
    }
    let Value::Number(value) = at.get("value")? else { return None };
    Some((value.clone(), text(at, "unit")))
}

fn text(of: &Value, name: &str) -> Option<String> {
    of.get(name)?.as_str().map(str::to_owned)
}

impl fmt::Debug for Reading {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Reading").field("measures", &self.measures).finish_non_exhaustive()
    }
}

impl fmt::Debug for Measure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Measure").field("name", &self.name).finish_non_exhaustive()
    }
}
