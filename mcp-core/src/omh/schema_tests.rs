//! The schemas are sound, closed, and say yes and no to the right bodies.

use std::collections::BTreeSet;

use jsonschema::Validator;
use serde_json::{Value, json};

use super::examples::{example, vectors};
use super::registry::DataType;
use super::schema::{all, description, document, names};
use super::unit;

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

/// Follows `$ref` and descends by property: the quantities that a document names by their units.
fn units_at(document: &Value, path: &[String]) -> Option<BTreeSet<String>> {
    let mut at = vec![document];
    for name in path {
        at = at
            .iter()
            .flat_map(|schema| layers(document, schema))
            .filter_map(|layer| layer.get("properties")?.get(name))
            .collect();
    }
    let layers: Vec<&Value> = at.iter().flat_map(|schema| layers(document, schema)).collect();
    let units = layers
        .iter()
        .filter_map(|layer| layer.get("properties")?.get("unit"))
        .find(|unit| unit.get("enum").is_some() || unit.get("anyOf").is_some())?;
    let listed = units.get("enum").or_else(|| units.get("anyOf")?.get(0)?.get("enum"))?;
    Some(listed.as_array()?.iter().filter_map(Value::as_str).map(str::to_owned).collect())
}

/// A schema and what its `$ref` leads to, the nearest first.
fn layers<'a>(document: &'a Value, schema: &'a Value) -> Vec<&'a Value> {
    let target = schema.get("$ref").and_then(Value::as_str).and_then(|to| to.strip_prefix('#'));
    let next = target.and_then(|inside| document.pointer(inside));
    let deeper = next.into_iter().flat_map(|next| layers(document, next));
    std::iter::once(schema).chain(deeper).collect()
}

#[test]
fn there_is_a_document_for_each_version_of_each_type_and_for_the_headers() {
    let mut expected: BTreeSet<String> = DataType::all().iter().flat_map(DataType::codes).collect();
    let others = ["ieee:header:1.0", "omh:header:1.0", "omh:header:1.1", "omh:header:1.2"];
    expected.extend(others.map(str::to_owned));
    expected.insert("omh:data-point:1.0".to_owned());
    assert_eq!(all().keys().cloned().collect::<BTreeSet<_>>(), expected);
    assert!(names().iter().all(|name| description(name).is_some_and(|text| text.len() > 10)));
}

#[test]
fn a_short_name_means_the_newest_version_and_a_full_code_exactly_its_own() {
    assert_eq!(document("blood-glucose"), document("omh:blood-glucose:4.0"));
    assert_ne!(document("blood-glucose"), document("omh:blood-glucose:1.0"));
    assert_eq!(document("header"), document("ieee:header:1.0"));
    assert_ne!(document("omh:header:1.2"), document("header"));
    for unknown in ["", "body-length", "omh:heart-rate:9.0", "unit_value", "ieee:header:2.0"] {
        assert_eq!(document(unknown), None, "{unknown:?}");
    }
}

#[test]
fn every_schema_is_valid_json_schema_2020_12_and_says_so() {
    for (code, schema) in all() {
        assert_eq!(schema["$schema"], "https://json-schema.org/draft/2020-12/schema", "{code}");
        assert!(jsonschema::draft202012::meta::validate(schema).is_ok(), "{code}");
        assert!(jsonschema::draft202012::new(schema).is_ok(), "{code}");
    }
}

#[test]
fn no_reference_leads_out_of_its_document_and_no_part_is_there_unused() {
    for (code, schema) in all() {
        let used = targets(schema);
        for target in &used {
            let inside = target.strip_prefix('#').unwrap_or_else(|| panic!("{code}: {target}"));
            assert!(schema.pointer(inside).is_some(), "{code}: {target}");
        }
        for part in schema["$defs"].as_object().unwrap().keys() {
            let path = format!("#/$defs/{part}");
            assert!(used.contains(&path.as_str()), "{code}: {part} is unused");
        }
    }
}

#[test]
fn a_schema_has_the_id_that_its_code_stands_for() {
    for (code, schema) in all() {
        let parts: Vec<_> = code.split(':').collect();
        let home = match parts[0] {
            "ieee" => "https://w3id.org/ieee/ieee-1752-schema",
            "omh" => "https://w3id.org/openmhealth/schemas/omh",
            "granola" => "https://w3id.org/openmhealth/schemas/granola",
            _ => continue,
        };
        assert_eq!(schema["$id"], format!("{home}/{}-{}.json", parts[1], parts[2]).as_str());
    }
}

#[test]
fn the_units_of_a_field_are_those_of_its_documents() {
    for known in DataType::all() {
        for field in &known.fields {
            let codes = known.codes();
            let listed = codes.filter_map(|code| units_at(document(&code)?, &field.path));
            let listed: BTreeSet<String> = listed.flatten().collect();
            let of_field: BTreeSet<String> = field.units.iter().cloned().collect();
            assert_eq!(listed, of_field, "{} {:?}", known.id, field.path);
        }
    }
}

#[test]
fn every_unit_that_a_quantity_may_have_is_in_the_table_of_units() {
    let unlisted = |name: &&str| unit::known(name).is_none();
    for (name, part) in super::documents::PARTS.iter().map(|(_, name, part)| (name, part)) {
        let part: Value = serde_json::from_str(part).unwrap();
        let units = part.pointer("/properties/unit/enum").and_then(Value::as_array);
        let unknown: Vec<_> =
            units.into_iter().flatten().filter_map(Value::as_str).filter(unlisted).collect();
        assert!(unknown.is_empty(), "{name}: {unknown:?}");
    }
}

#[test]
fn every_document_takes_the_bodies_that_backends_send_and_refuses_them_spoiled() {
    let mut seen: BTreeSet<&String> = BTreeSet::new();
    for vector in vectors() {
        assert!(!vector.codes().is_empty());
        for code in vector.codes() {
            let validator = validator(code);
            let refused: Vec<_> =
                validator.iter_errors(&vector.pass).map(|error| error.to_string()).collect();
            assert!(refused.is_empty(), "{code}: {refused:?}");
            for body in vector.fails() {
                assert!(!validator.is_valid(&body), "{code}: {body}");
            }
            for required in document(code).unwrap()["required"].as_array().unwrap() {
                let mut body = vector.pass.clone();
                body.as_object_mut().unwrap().remove(required.as_str().unwrap());
                assert!(!validator.is_valid(&body), "{code} without {required}");
            }
            seen.insert(code);
        }
    }
    assert_eq!(seen.len(), all().len(), "each document has a body");
}

#[test]
fn a_unit_outside_the_list_a_missing_unit_and_a_number_as_text_are_invalid() {
    let open = ["base_movement_quantity", "average_cadence"];
    for vector in vectors() {
        for code in vector.codes() {
            let fields = DataType::by_name(code).map_or(&[][..], |known| &known.fields);
            for field in fields {
                let pointer = format!("/{}", field.path.join("/"));
                let mut body = vector.pass.clone();
                let Some(sound) = body.pointer(&pointer).filter(|at| at.is_object()).cloned()
                else {
                    continue;
                };
                let mut wrong = vec![
                    json!({ "value": sound["value"] }),
                    json!({ "unit": sound["unit"] }),
                    json!({ "value": "12", "unit": sound["unit"] }),
                    json!(12),
                ];
                if !open.contains(&field.path[0].as_str()) {
                    wrong.push(json!({ "value": sound["value"], "unit": "furlong" }));
                }
                for wrong in wrong {
                    *body.pointer_mut(&pointer).unwrap() = wrong.clone();
                    assert!(!accepts(code, &body), "{code} {pointer}: {wrong}");
                }
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
