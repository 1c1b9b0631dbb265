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

/// The outline of an answer: its `status`, and the lists that it always has, which is where rows stand. All
/// else is in the whole schema.
pub fn of_output(whole: &Object, envelope: &Object) -> Object {
    let members = whole.get("properties").and_then(Value::as_object);
    let mut own = Object::new();
    for (name, member) in members.into_iter().flatten().filter(|(name, _)| is_required(whole, name))
    {
        if is_required(envelope, name) {
            let (kind, words) = (&member["type"], &member["enum"]);
            own.insert(name.clone(), json!({ "type": kind, "enum": words }));
        } else if let Some(list) = list(member) {
            own.insert(name.clone(), list);
        }
    }
    let required: Vec<&String> = own.keys().collect();
    let required = json!(required);
    let mut outline = Object::new();
    outline.insert("type".to_owned(), json!("object"));
    outline.insert("required".to_owned(), required);
    outline.insert("properties".to_owned(), Value::Object(own));
    outline
}

/// A list, and of what; none for anything else, and for a list of several kinds of things.
fn list(schema: &Value) -> Option<Value> {
    (schema["type"] == "array").then_some(())?;
    let of = &schema["items"];
    let items = match of["type"].as_str() {
        Some("array") => list(of)?,
        Some(kind) => json!({ "type": kind }),
        None => {
            return of["anyOf"]
                .is_array()
                .then(|| json!({ "type": "array", "items": { "type": "object" } }));
        }
    };
    Some(json!({ "type": "array", "items": items }))
}

fn choices(any_of: &Value) -> &[Value] {
    any_of.as_array().map_or(&[], Vec::as_slice)
}

fn each(members: &Value, outline: fn(&Value) -> Value) -> Value {
    let members = members.as_object().into_iter().flatten();
    members.map(|(name, member)| (name.clone(), outline(member))).collect::<Object>().into()
}

fn is_required(schema: &Object, name: &str) -> bool {
    let required = schema.get("required").and_then(Value::as_array);
    required.is_some_and(|required| required.iter().any(|required| required == name))
}
