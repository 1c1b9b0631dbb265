//! Schemas as they stand in a list of tools: short, because every conversation pays for the whole list,
//! and in the words that every host's dialect has. The whole schemas are documents of their own
//! (`guide://tools/…`). Whatever has the whole schema of an answer has its outline too; whatever has
//! the outline of parameters is taken by the whole schema, or is refused with a sentence.

use serde_json::{Value, json};

use super::Object;

/// The outline of parameters: the same, without what core checks and says (patterns, least numbers),
/// and an identifier as text alone, which is how answers write it.
pub fn of_input(whole: &Object) -> Object {
    parameter(&Value::Object(whole.clone())).as_object().cloned().unwrap_or_default()
}

fn parameter(schema: &Value) -> Value {
    let Value::Object(members) = schema else { return schema.clone() };
    let mut outline = Object::new();
    for (key, value) in members {
        match key.as_str() {
            "pattern" | "minimum" => {}
            "anyOf" => {
                let text = choices(value).iter().find(|choice| choice["type"] == "string");
                outline.extend(
                    text.and_then(|text| parameter(text).as_object().cloned())
                        .into_iter()
                        .flatten(),
                );
            }
            "properties" => {
                outline.insert(key.clone(), each(value, parameter));
            }
            "items" => {
                outline.insert(key.clone(), parameter(value));
            }
            _ => {
                outline.insert(key.clone(), value.clone());
            }
        }
    }
    Value::Object(outline)
}

/// The outline of an answer: its own members with their types, without words; of the members that every
/// answer may have, only those that every answer does have.
pub fn of_output(whole: &Object, envelope: &Object) -> Object {
    let is_shared = |name: &str| has(envelope, "properties", name) && !is_required(envelope, name);
    let members = whole.get("properties").and_then(Value::as_object);
    let mut own = Object::new();
    for (name, member) in members.into_iter().flatten().filter(|(name, _)| !is_shared(name)) {
        let Some(mut outline) = value(member) else { continue };
        if has(envelope, "properties", name)
            && let (Value::Object(outline), Some(words)) = (&mut outline, member.get("enum"))
        {
            outline.insert("enum".to_owned(), words.clone());
        }
        own.insert(name.clone(), outline);
    }
    let required = whole.get("required").and_then(Value::as_array);
    let required = required.into_iter().flatten().filter_map(Value::as_str);
    let required: Vec<&str> = required.filter(|name| own.contains_key(*name)).collect();
    let mut outline = Object::new();
    outline.insert("type".to_owned(), json!("object"));
    outline.insert("required".to_owned(), json!(required));
    outline.insert("properties".to_owned(), Value::Object(own));
    outline
}

/// A member's type, and that it may be null. None for a member that may be of several types.
fn value(schema: &Value) -> Option<Value> {
    let all = choices(&schema["anyOf"]);
    let (null, typed): (Vec<&Value>, Vec<&Value>) =
        all.iter().partition(|choice| choice["type"] == "null");
    let mut kinds: Vec<&Value> = typed.iter().map(|choice| &choice["type"]).collect();
    kinds.push(&schema["type"]);
    kinds.retain(|kind| kind.is_string());
    kinds.dedup();
    let [kind] = kinds.as_slice() else { return None };
    let outline = if *kind == "array" {
        let items = value(&schema["items"]).unwrap_or_else(|| json!({ "type": "object" }));
        json!({ "type": kind, "items": items })
    } else {
        json!({ "type": kind })
    };
    Some(if null.is_empty() { outline } else { json!({ "anyOf": [outline, { "type": "null" }] }) })
}

fn choices(any_of: &Value) -> &[Value] {
    any_of.as_array().map_or(&[], Vec::as_slice)
}

fn each(members: &Value, outline: fn(&Value) -> Value) -> Value {
    let members = members.as_object().into_iter().flatten();
    members.map(|(name, member)| (name.clone(), outline(member))).collect::<Object>().into()
}

fn has(schema: &Object, list: &str, name: &str) -> bool {
    schema.get(list).and_then(Value::as_object).is_some_and(|members| members.contains_key(name))
}

fn is_required(schema: &Object, name: &str) -> bool {
    let required = schema.get("required").and_then(Value::as_array);
    required.is_some_and(|required| required.iter().any(|required| required == name))
}
