//! The numbers in a body, taken by the names the registry gives, never by position.

use std::fmt;

use serde_json::{Number, Value};

use super::registry::{DataType, Field, Role};

/// What a body measures. A patient's data: its `Debug` shows no number.
#[derive(Clone, Default, PartialEq)]
pub struct Reading {
    /// The number the type is about; absent where no single number is, as in a blood pressure.
    pub value: Option<Number>,
    /// The unit of `value`, spelled as the writer spelled it.
    pub unit: Option<String>,
    /// Every number known by name, in the registry's order; `value` is among them.
    pub measures: Vec<Measure>,
    /// `descriptive_statistic`: set when the reading sums up others (an average, a maximum), which
    /// is never to be pooled with single readings.
    pub statistic: Option<String>,
    /// `activity_name` of a physical activity. Free text that someone typed.
    pub activity: Option<String>,
}

/// One number, under its property name. A patient's data: its `Debug` shows only the name.
#[derive(Clone, PartialEq)]
pub struct Measure {
    /// The property that held it, such as `systolic_blood_pressure`.
    pub name: String,
    /// The number, unchanged: an integer stays one.
    pub value: Number,
    /// The unit; absent for a bare number such as a count.
    pub unit: Option<String>,
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
    for field in known.map_or(&[][..], |known| known.fields) {
        reading.take(field, body);
    }
    if reading.measures.is_empty() && known.is_none_or(has_headline) {
        reading.take(&ITSELF, body);
    }
    reading
}

/// The body as a whole, read as one quantity.
static ITSELF: Field = Field { path: &[], role: Role::Headline };

impl Reading {
    fn take(&mut self, field: &Field, body: &Value) {
        let at = field.path.iter().try_fold(body, |inside, name| inside.get(name));
        let Some((value, unit)) = at.and_then(quantity) else { return };
        if field.role == Role::Headline {
            self.value = Some(value.clone());
            self.unit.clone_from(&unit);
        }
        let name = field.path.last().copied().unwrap_or("value").to_owned();
        self.measures.push(Measure { name, value, unit });
    }
}

fn has_headline(known: &DataType) -> bool {
    known.fields.iter().any(|field| field.role == Role::Headline)
}

/// A bare number, or the number and unit of a unit value.
fn quantity(at: &Value) -> Option<(Number, Option<String>)> {
    if let Value::Number(bare) = at {
        return Some((bare.clone(), None));
    }
    let Value::Number(value) = at.get("value")? else { return None };
    Some((value.clone(), text(at, "unit")))
}

/// IEEE's sleep stage summary keeps its statistic inside the summary; everything else at the top.
fn statistic(body: &Value) -> Option<String> {
    const NAME: &str = "descriptive_statistic";
    text(body, NAME).or_else(|| text(body.get("sleep_stage_summary")?, NAME))
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
