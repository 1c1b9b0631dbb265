//! The schemas of all tools are in the dialect that every host takes, those included that map them onto
//! the function declarations of Gemini: one type each, nothing by reference, no keyword beyond a few.

use fhir_mcp_core::tools;
use serde_json::{Value, json};

/// The keywords that stand in our schemas. Some hosts refuse a tool for any other one, such as `const`,
/// `oneOf`, `$ref`, `format`, `writeOnly`, `exclusiveMinimum` or `uniqueItems`.
const KEYWORDS: [&str; 12] = [
    "type",
    "description",
    "properties",
    "required",
    "items",
    "enum",
    "anyOf",
    "minimum",
    "maximum",
    "pattern",
    "default",
    "additionalProperties",
];

/// The longest name that hosts take, and what it may be made of.
fn is_name(name: &str, more: &str) -> bool {
    let allowed = |c: char| c.is_ascii_alphanumeric() || more.contains(c);
    (1..=64).contains(&name.len())
        && name.starts_with(|c: char| c.is_ascii_alphabetic())
        && name.chars().all(allowed)
}

/// What is wrong with a schema, with the place of each mistake.
fn mistakes(schema: &Value, place: &str, found: &mut Vec<String>) {
    let Some(members) = schema.as_object() else {
        found.push(format!("{place}: is no object"));
        return;
    };
    let keywords = members.keys().filter(|keyword| !KEYWORDS.contains(&keyword.as_str()));
    found.extend(keywords.map(|keyword| format!("{place}: the keyword {keyword}")));
    found.extend(wrong_types(schema).into_iter().map(|what| format!("{place}: {what}")));
    found.extend(wrong_names(schema).into_iter().map(|what| format!("{place}: {what}")));
    for (part, place) in parts(schema, place) {
        mistakes(part, &place, found);
    }
}

/// What is wrong with the types that a schema names.
fn wrong_types(schema: &Value) -> Vec<&'static str> {
    let kind = &schema["type"];
    let words = schema["enum"].as_array();
    let are_texts =
        words.is_none_or(|words| kind == "string" && words.iter().all(Value::is_string));
    let rules = [
        (kind.is_null() != schema["anyOf"].is_null(), "no type of its own, or a type and a choice"),
        (kind.is_null() || kind.is_string(), "several types"),
        (kind != "array" || schema["items"].is_object(), "a list that does not say of what"),
        (are_texts, "an enum of something else than texts"),
    ];
    rules.into_iter().filter(|(holds, _)| !holds).map(|(_, what)| what).collect()
}

/// What is wrong with the names of a schema's members.
fn wrong_names(schema: &Value) -> Vec<String> {
    let members = schema["properties"].as_object();
    let has = |name: &str| members.is_some_and(|members| members.contains_key(name));
    let required = schema["required"].as_array().into_iter().flatten().filter_map(Value::as_str);
    let missing = required.filter(|name| !has(name)).map(|name| format!("no member {name}"));
    let names = members.into_iter().flatten().map(|(name, _)| name);
    missing.chain(names.filter(|name| !is_name(name, "_")).cloned()).collect()
}

/// The schemas inside a schema, with their places; null alone is none.
fn parts<'a>(schema: &'a Value, place: &str) -> Vec<(&'a Value, String)> {
    let members = schema["properties"].as_object().into_iter().flatten();
    let members = members.map(|(name, member)| (member, format!("{place}.{name}")));
    let items = schema.get("items").map(|items| (items, format!("{place}[]")));
    let rest = schema.get("additionalProperties").filter(|rest| rest.is_object());
    let rest = rest.map(|rest| (rest, format!("{place}.*")));
    let choices = schema["anyOf"].as_array().into_iter().flatten();
    let choices = choices.filter(|choice| *choice != &json!({"type": "null"}));
    let choices = choices.map(|choice| (choice, format!("{place}|")));
    members.chain(items).chain(rest).chain(choices).collect()
}

/// Every choice in a schema, with its place.
fn choices<'a>(schema: &'a Value, place: &str, found: &mut Vec<(String, &'a Value)>) {
    match schema {
        Value::Object(members) => {
            for (name, member) in members {
                let place = format!("{place}.{name}");
                if name == "anyOf" {
                    found.push((place.clone(), member));
                }
                choices(member, &place, found);
            }
        }
        Value::Array(items) => items.iter().for_each(|item| choices(item, place, found)),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}

fn listed() -> impl Iterator<Item = (&'static str, Value)> {
    let tools = tools::catalogue().iter();
    tools.map(|tool| (tool.name, serde_json::to_value(tool.listed()).unwrap()))
}

#[test]
fn every_schema_is_in_the_dialect_that_every_host_takes() {
    let mut found = Vec::new();
    for (name, tool) in listed() {
        assert!(is_name(name, "_-"), "{name}");
        let whole = tools::find(name).unwrap();
        for (what, schema) in [
            ("input", &tool["inputSchema"]),
            ("output", &tool["outputSchema"]),
            ("whole input", &json!(whole.input_schema)),
            ("whole output", &json!(whole.output_schema)),
        ] {
            assert_eq!(schema["type"], "object", "{name}, {what}");
            mistakes(schema, &format!("{name}, {what}"), &mut found);
        }
    }
    assert!(found.is_empty(), "{found:#?}");
}

#[test]
fn a_listed_parameter_has_one_type_and_a_listed_answer_no_choice_but_null() {
    for (name, tool) in listed() {
        let mut found = Vec::new();
        choices(&tool["inputSchema"], name, &mut found);
        assert!(found.is_empty(), "{found:?}");
        choices(&tool["outputSchema"], name, &mut found);
        for (place, choice) in found {
            let [_, null] = choice.as_array().unwrap().as_slice() else { panic!("{place}") };
            assert_eq!(null, &json!({"type": "null"}), "{place}");
        }
    }
}

#[test]
fn what_the_list_says_of_parameters_agrees_with_what_is_taken() {
    for (name, tool) in listed() {
        let whole = &tools::find(name).unwrap().input_schema;
        let listed = &tool["inputSchema"];
        assert_eq!(listed["required"], whole.get("required").cloned().unwrap_or(Value::Null));
        assert_eq!(listed["additionalProperties"], json!(false), "{name}");
        let members = |schema: &Value| {
            let members = schema.as_object().unwrap();
            members.iter().map(|(n, m)| (n.clone(), m["description"].clone())).collect::<Vec<_>>()
        };
        assert_eq!(members(&listed["properties"]), members(&whole["properties"]), "{name}");
    }
}

#[test]
fn every_tool_has_a_title_words_and_all_hints() {
    for (name, tool) in listed() {
        let described = tool["description"].as_str().unwrap();
        assert!(tool["title"].as_str().is_some_and(|title| !title.is_empty()), "{name}");
        assert_eq!(tool["annotations"]["title"], tool["title"], "{name}");
        assert!((40..=400).contains(&described.len()), "{name}: {} bytes", described.len());
        for (hint, value) in [
            ("readOnlyHint", true),
            ("destructiveHint", false),
            ("idempotentHint", true),
            ("openWorldHint", false),
        ] {
            assert_eq!(tool["annotations"][hint], value, "{name}: {hint}");
        }
    }
}

#[test]
fn the_judge_of_schemas_notices_what_hosts_refuse() {
    for schema in [
        json!({"type": ["string", "null"]}),
        json!({"type": "string", "const": "a"}),
        json!({"type": "string", "format": "uri"}),
        json!({"type": "integer", "enum": [1, 2]}),
        json!({"$ref": "#/$defs/a"}),
        json!({"type": "array"}),
        json!({"type": "object", "required": ["a"]}),
        json!({"type": "object", "properties": {"a": true}}),
        json!({"description": "anything"}),
    ] {
        let mut found = Vec::new();
        mistakes(&schema, "", &mut found);
        assert!(!found.is_empty(), "{schema}");
    }
}
