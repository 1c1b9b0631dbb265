//! Numbers are found by name, whatever the order, the version and the company.

use serde_json::{Value, json};

use super::examples::example;
use super::measure::{Reading, Statistic, read, statistic};
use super::registry::{DataType, Role};
use super::unit::Standing;

fn read_example(short_name: &str) -> Reading {
    read(&DataType::by_name(short_name).unwrap().code, &example(short_name))
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
        ("sleep-duration", "6.5", "h"),
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
fn a_summary_says_of_what_kind_and_over_what_wherever_its_schema_keeps_it() {
    let summary = |name: &str, over: Option<&str>| {
        Some(Statistic { name: name.to_owned(), over: over.map(str::to_owned) })
    };
    assert_eq!(read_example("heart-rate").statistic, summary("average", None));
    assert_eq!(read_example("blood-glucose").statistic, None);
    let steps = read_example("ieee:physical-activity:1.0");
    assert_eq!(steps.statistic, summary("sum", Some("d")));
    let mut body = example("sleep-stage-summary");
    body["sleep_stage_summary"]["descriptive_statistic"] = json!("median");
    let reading = read("ieee:sleep-stage-summary:1.0", &body);
    assert_eq!(reading.statistic, summary("median", None));
}

#[test]
fn a_statistic_that_is_no_text_still_makes_a_summary_and_null_does_not() {
    assert!(statistic(&json!({ "descriptive_statistic": 7 })).is_some());
    assert!(statistic(&json!({ "descriptive_statistic": null })).is_none());
    assert!(statistic(&json!([{}, { "descriptive_statistic": "average" }])).is_some());
    assert!(statistic(&json!([{}])).is_none());
}

#[test]
fn steps_are_read_from_the_old_schema_and_from_the_new_one() {
    let old = read_example("step-count");
    let new = read_example("ieee:physical-activity:1.0");
    assert_eq!(named(&old), [("step_count", "9996.0".to_owned(), Some("steps"))]);
    assert_eq!(named(&new)[0], ("base_movement_quantity", "8432".to_owned(), Some("steps")));
    assert_eq!(new.value, None, "an activity has several numbers");
    let bare = read("omh:step-count:1.0", &json!({ "step_count": 12 }));
    assert_eq!(bare.measures[0].standing, Standing::Bare);
}

#[test]
fn sleep_is_read_from_the_old_schemas_and_from_the_new_ones() {
    for (code, unit) in [
        ("omh:sleep-duration:2.0", "h"),
        ("omh:total-sleep-time:1.0", "h"),
        ("ieee:total-sleep-time:1.0", "sec"),
        ("ieee:sleep-episode:1.0", "sec"),
        ("ieee:time-in-bed:1.0", "min"),
    ] {
        let reading = read_example(code);
        assert!(reading.value.is_some(), "{code}");
        assert_eq!(reading.unit.as_deref(), Some(unit), "{code}");
    }
}

#[test]
fn every_type_with_a_headline_has_a_value_and_every_unit_is_allowed() {
    for known in DataType::all() {
        let reading = read(&known.code, &example(&known.code));
        let headline = known.fields.iter().find(|field| field.role == Role::Headline);
        assert_eq!(reading.value.is_some(), headline.is_some(), "{}", known.id);
        assert_eq!(reading.measures.is_empty(), known.fields.is_empty(), "{}", known.id);
        for measure in reading.measures {
            let sound = matches!(measure.standing, Standing::Allowed(_) | Standing::Bare);
            assert!(sound, "{} {}", known.id, measure.name);
        }
    }
}

#[test]
fn a_doubtful_unit_leaves_the_number_as_it_is_and_is_marked() {
    let weight = |unit: Value| {
        let body = json!({ "body_weight": { "value": 71.2, "unit": unit } });
        read("omh:body-weight:3.0", &body).measures.remove(0)
    };
    for (unit, expected) in [("stone", Standing::Unknown), ("KG", Standing::Unknown)] {
        let measure = weight(json!(unit));
        assert_eq!((measure.unit.as_deref(), measure.standing), (Some(unit), expected));
        assert_eq!(measure.value.to_string(), "71.2");
    }
    assert!(matches!(weight(json!("mmHg")).standing, Standing::Foreign(_)));
    assert_eq!(weight(json!(null)).standing, Standing::Missing);
    let whole = read("ieee:food-entry:0.1", &json!({ "value": 9, "unit": "kcal" }));
    assert_eq!(whole.measures[0].standing.ucum(), Some("kcal"));
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
        let body = example(&known.code);
        let expected = read(&known.code, &body);
        for turn in 0..8 {
            for backwards in [false, true] {
                let text = written(&body, turn, backwards);
                let reordered = serde_json::from_str(&text).unwrap();
                assert_eq!(read(&known.code, &reordered), expected, "{text}");
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
