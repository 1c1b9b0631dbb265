//! The schemas are sound, closed, and say yes and no to the right bodies.

use jsonschema::Validator;
use serde_json::{Value, json};

use super::examples::example;
use super::registry::DataType;
use super::schema::{description, document, named, names};

fn validator(name: &str) -> Validator {
    jsonschema::draft202012::new(document(name).unwrap()).unwrap()
}

fn accepts(name: &str, body: &Value) -> bool {
    validator(name).is_valid(body)
}

/// Every string under a `$ref`, wherever it stands.
fn targets(schema: &Value) -> Vec<&str> {
    match schema {
        Value::Object(members) => {
            let own = members.get("$ref").and_then(Value::as_str);
            members.values().flat_map(targets).chain(own).collect()
        }
        Value::Array(items) => items.iter().flat_map(targets).collect(),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => Vec::new(),
    }
}

#[test]
fn there_is_a_schema_for_each_data_type_and_one_for_the_header() {
    let mut expected: Vec<_> = DataType::all().iter().map(|known| known.short_name).collect();
    expected.push("header");
    expected.sort_unstable();
    assert_eq!(names(), expected);
    assert_eq!(names().len(), 17);
    assert!(names().iter().all(|name| description(name).is_some_and(|text| text.len() > 10)));
}

#[test]
fn a_schema_is_found_by_its_full_code_too() {
    for known in DataType::all() {
        assert_eq!(named(known.code), document(known.short_name));
        assert_eq!(named(known.short_name), document(known.short_name));
    }
    assert_eq!(named("ieee:header:1.0"), document("header"));
    for unknown in ["", "body-height", "omh:heart-rate:9.0", "unit_value", "ieee:header:2.0"] {
        assert_eq!(named(unknown), None, "{unknown:?}");
    }
}

#[test]
fn every_schema_is_valid_json_schema_2020_12_and_says_so() {
    for name in names() {
        let schema = document(name).unwrap();
        assert_eq!(schema["$schema"], "https://json-schema.org/draft/2020-12/schema", "{name}");
        assert!(jsonschema::draft202012::meta::validate(schema).is_ok(), "{name}");
    }
}

#[test]
fn no_reference_leads_out_of_its_document_and_no_part_is_there_unused() {
    for name in names() {
        let schema = document(name).unwrap();
        let used = targets(schema);
        for target in &used {
            let inside = target.strip_prefix('#').unwrap_or_else(|| panic!("{name}: {target}"));
            assert!(schema.pointer(inside).is_some(), "{name}: {target}");
        }
        for part in schema["$defs"].as_object().unwrap().keys() {
            let path = format!("#/$defs/{part}");
            assert!(used.contains(&path.as_str()), "{name}: {part} is unused");
        }
    }
}

#[test]
fn a_schema_has_the_id_that_its_code_stands_for() {
    for known in DataType::shipped() {
        let parts: Vec<_> = known.code.split(':').collect();
        let home = match parts[0] {
            "ieee" => "https://w3id.org/ieee/ieee-1752-schema",
            _ => "https://w3id.org/openmhealth/schemas/omh",
        };
        let id = format!("{home}/{}-{}.json", parts[1], parts[2]);
        assert_eq!(document(known.short_name).unwrap()["$id"], id.as_str());
    }
}

#[test]
fn the_bodies_that_backends_send_are_valid() {
    for name in names() {
        let validator = validator(name);
        let refused: Vec<_> =
            validator.iter_errors(&example(name)).map(|e| e.to_string()).collect();
        assert!(refused.is_empty(), "{name}: {refused:?}");
    }
}

#[test]
fn a_body_without_a_required_property_is_invalid() {
    for name in names() {
        let required = document(name).unwrap()["required"].as_array().unwrap();
        assert!(!required.is_empty(), "{name}");
        for property in required.iter().filter_map(Value::as_str) {
            let mut body = example(name);
            body.as_object_mut().unwrap().remove(property);
            assert!(!accepts(name, &body), "{name} without {property}");
        }
    }
}

#[test]
fn a_unit_outside_the_list_a_missing_unit_and_a_number_as_text_are_invalid() {
    for known in DataType::all() {
        for field in known.fields {
            let pointer = format!("/{}", field.path.join("/"));
            let mut body = example(known.short_name);
            let Some(quantity) = body.pointer_mut(&pointer).filter(|at| at.is_object()) else {
                continue;
            };
            let sound = quantity.take();
            for wrong in [
                json!({ "value": sound["value"], "unit": "furlong" }),
                json!({ "value": sound["value"] }),
                json!({ "unit": sound["unit"] }),
                json!({ "value": "12", "unit": sound["unit"] }),
                json!(12),
            ] {
                *body.pointer_mut(&pointer).unwrap() = wrong.clone();
                assert!(!accepts(known.short_name, &body), "{} {pointer}: {wrong}", known.code);
            }
        }
    }
}

#[test]
fn a_time_frame_is_an_instant_or_an_interval_and_never_both() {
    let with_frame = |frame: Value| {
        let mut body = example("blood-glucose");
        body["effective_time_frame"] = frame;
        accepts("blood-glucose", &body)
    };
    let (at, hour) = ("2026-03-01T08:00:00Z", json!({ "value": 1, "unit": "h" }));
    let interval = json!({ "start_date_time": at, "duration": hour });
    assert!(with_frame(json!({ "time_interval": interval })));
    assert!(with_frame(json!({ "date_time": "2026-03-01T08:00:00" })), "no offset means UTC");
    assert!(!with_frame(json!({ "date_time": at, "time_interval": interval })));
    assert!(!with_frame(json!({ "time_interval": { "start_date_time": at } })));
    assert!(!with_frame(json!({})));
    let everything = json!({ "start_date_time": at, "end_date_time": at, "duration": hour });
    assert!(!with_frame(json!({ "time_interval": everything })));
}

#[test]
fn a_date_with_a_part_of_the_day_is_a_form_of_older_schemas_only() {
    let morning = json!({ "time_interval": { "date": "2026-03-01", "part_of_day": "morning" } });
    for (name, expected) in [("heart-rate", true), ("sleep-episode", true), ("body-weight", false)]
    {
        let mut body = example(name);
        body["effective_time_frame"] = morning.clone();
        assert_eq!(accepts(name, &body), expected, "{name}");
    }
}

#[test]
fn what_is_counted_over_time_needs_an_interval() {
    for name in ["step-count", "sleep-duration", "sleep-episode", "sleep-stage-summary"] {
        let mut body = example(name);
        body["effective_time_frame"] = json!({ "date_time": "2026-03-01T08:00:00Z" });
        assert!(!accepts(name, &body), "{name}");
    }
}

#[test]
fn words_outside_a_closed_list_are_invalid() {
    for (name, property) in [
        ("blood-glucose", "specimen_source"),
        ("blood-pressure", "measurement_location"),
        ("blood-pressure", "body_posture"),
        ("body-temperature", "measurement_location"),
        ("heart-rate", "descriptive_statistic"),
        ("heart-rate", "temporal_relationship_to_sleep"),
        ("oxygen-saturation", "measurement_method"),
        ("physical-activity", "reported_activity_intensity"),
        ("header", "modality"),
    ] {
        let mut body = example(name);
        body[property] = json!("somehow");
        assert!(!accepts(name, &body), "{name} {property}");
    }
}
