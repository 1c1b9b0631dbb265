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

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::super::examples::example;
    use super::*;

    fn read_example(short_name: &str) -> Reading {
        read(DataType::by_name(short_name).unwrap().code, &example(short_name))
    }

    fn named(reading: &Reading) -> Vec<(&str, String, Option<&str>)> {
        let rows = reading.measures.iter();
        rows.map(|m| (m.name.as_str(), m.value.to_string(), m.unit.as_deref())).collect()
    }

    /// JSON text whose objects start with another key each time, forwards or backwards.
    fn written(value: &Value, turn: usize, backwards: bool) -> String {
        let Value::Object(members) = value else { return value.to_string() };
        let mut keys: Vec<_> = members.keys().collect();
        keys.rotate_left(turn % members.len().max(1));
        if backwards {
            keys.reverse();
        }
        let inner = |key: &String| written(&members[key], turn, backwards);
        let rows: Vec<_> = keys.into_iter().map(|key| format!("{key:?}:{}", inner(key))).collect();
        format!("{{{}}}", rows.join(","))
    }

    #[test]
    fn each_single_valued_type_gives_its_value_by_its_field() {
        for (short_name, value, unit) in [
            ("blood-glucose", "103", "mg/dL"),
            ("body-temperature", "36.6", "C"),
            ("body-weight", "71.2", "kg"),
            ("forced-expiratory-volume-1-second", "3.1", "L"),
            ("forced-vital-capacity", "4.2", "L"),
            ("heart-rate", "58.7", "beats/min"),
            ("heart-rate-variability", "42", "ms"),
            ("oxygen-saturation", "97.4", "%"),
            ("respiratory-rate", "12.5", "breaths/min"),
            ("rr-interval", "850", "ms"),
            ("sleep-duration", "23401", "sec"),
            ("sleep-episode", "23401", "sec"),
            ("sleep-stage-summary", "23195", "sec"),
            ("step-count", "9996.0", "steps"),
        ] {
            let reading = read_example(short_name);
            assert_eq!(reading.value.unwrap().to_string(), value, "{short_name}");
            assert_eq!(reading.unit.as_deref(), Some(unit), "{short_name}");
        }
    }

    #[test]
    fn blood_pressure_shows_both_numbers_and_neither_as_the_value() {
        let reading = read_example("blood-pressure");
        let expected = [
            ("systolic_blood_pressure", "118".to_owned(), Some("mmHg")),
            ("diastolic_blood_pressure", "76".to_owned(), Some("mmHg")),
        ];
        assert_eq!(named(&reading), expected);
        assert_eq!((reading.value, reading.unit), (None, None));
    }

    #[test]
    fn half_a_blood_pressure_is_not_a_value_either() {
        let body = json!({ "diastolic_blood_pressure": { "value": 76, "unit": "mmHg" } });
        let reading = read("omh:blood-pressure:4.0", &body);
        assert_eq!(reading.value, None);
        assert_eq!(named(&reading), [("diastolic_blood_pressure", "76".to_owned(), Some("mmHg"))]);
    }

    #[test]
    fn physical_activity_has_measures_and_a_name_but_no_value() {
        let reading = read_example("physical-activity");
        assert_eq!(reading.value, None);
        assert_eq!(reading.activity.as_deref(), Some("walking"));
        let expected = [
            ("distance", "7326.4".to_owned(), Some("m")),
            ("kcal_burned", "639.2".to_owned(), Some("kcal")),
            ("met_value", "3.5".to_owned(), None),
        ];
        assert_eq!(named(&reading), expected);
    }

    #[test]
    fn supplemental_oxygen_is_never_taken_for_the_saturation() {
        let reading = read_example("oxygen-saturation");
        let names: Vec<_> = named(&reading).into_iter().map(|(name, ..)| name).collect();
        assert_eq!(names, ["oxygen_saturation", "supplemental_oxygen_flow_rate"]);
        let only_flow = json!({ "supplemental_oxygen_flow_rate": { "value": 2, "unit": "L/min" } });
        assert_eq!(read("omh:oxygen-saturation:2.0", &only_flow).value, None);
    }

    #[test]
    fn sleep_gives_total_time_as_the_value_and_details_beside_it() {
        let episode = read_example("sleep-episode");
        let details = ["latency_to_sleep_onset", "wake_after_sleep_onset", "number_of_awakenings"];
        for detail in details {
            assert!(named(&episode).iter().any(|(name, ..)| *name == detail), "{detail}");
        }
        let stages = read_example("sleep-stage-summary");
        let row = ("rem_sleep_duration", "5113".to_owned(), Some("sec"));
        assert!(named(&stages).contains(&row));
        let without_total = json!({ "latency_to_sleep_onset": { "value": 9, "unit": "min" } });
        assert_eq!(read("omh:sleep-episode:1.1", &without_total).value, None);
    }

    #[test]
    fn a_statistic_is_told_wherever_its_schema_keeps_it() {
        assert_eq!(read_example("heart-rate").statistic.as_deref(), Some("average"));
        assert_eq!(read_example("blood-glucose").statistic, None);
        let mut body = example("sleep-stage-summary");
        body["sleep_stage_summary"]["descriptive_statistic"] = json!("median");
        let reading = read("ieee:sleep-stage-summary:1.0", &body);
        assert_eq!(reading.statistic.as_deref(), Some("median"));
    }

    #[test]
    fn another_version_of_a_known_type_is_read_by_the_same_field() {
        let reading = read("omh:heart-rate:1.1", &example("heart-rate"));
        assert_eq!(reading.value.unwrap().to_string(), "58.7");
    }

    #[test]
    fn an_unknown_type_gives_no_number_unless_the_body_is_one_quantity() {
        assert_eq!(read("ieee:food-entry:0.1", &json!({ "energy": { "value": 9 } })).measures, []);
        let reading = read("ieee:food-entry:0.1", &json!({ "value": 9, "unit": "kcal" }));
        assert_eq!(named(&reading), [("value", "9".to_owned(), Some("kcal"))]);
        let several = read("omh:blood-pressure:4.0", &json!({ "value": 9, "unit": "mmHg" }));
        assert_eq!(several, Reading::default());
    }

    #[test]
    fn a_body_without_numbers_is_an_empty_reading() {
        for body in [
            json!(null),
            json!([]),
            json!([{ "heart_rate": { "value": 1 } }]),
            json!({}),
            json!({ "heart_rate": "60" }),
            json!({ "heart_rate": { "value": "60", "unit": "x" } }),
        ] {
            assert_eq!(read("omh:heart-rate:2.0", &body), Reading::default(), "{body}");
        }
        assert_eq!(read("", &json!({ "heart_rate": { "value": 1 } })), Reading::default());
    }

    #[test]
    fn the_order_of_keys_never_changes_a_reading() {
        for known in DataType::all() {
            let body = example(known.short_name);
            let expected = read(known.code, &body);
            for turn in 0..8 {
                for backwards in [false, true] {
                    let text = written(&body, turn, backwards);
                    let reordered = serde_json::from_str(&text).unwrap();
                    assert_eq!(read(known.code, &reordered), expected, "{text}");
                }
            }
        }
    }

    #[test]
    fn a_reading_prints_no_number() {
        let printed = format!("{:?}", read_example("blood-pressure"));
        assert!(printed.contains("systolic_blood_pressure"));
        assert!(!printed.contains("118") && !printed.contains("mmHg"), "{printed}");
    }
}
