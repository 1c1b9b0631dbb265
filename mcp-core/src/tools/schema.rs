//! JSON Schemas of parameters and answers, in the plain dialect that every host takes: everything
//! inline, no lists of types, no formats of our programming language.

use schemars::generate::SchemaSettings;
use schemars::transform::RecursiveTransform;
use schemars::{JsonSchema, Schema};
use serde_json::{Value, json};

use super::Object;

/// The schema of parameters: unknown ones are forbidden, optional ones are left out, not null.
pub fn of_input<T: JsonSchema>() -> Object {
    let settings = SchemaSettings::draft2020_12()
        .for_deserialize()
        .with(|settings| settings.inline_subschemas = true)
        .with_transform(RecursiveTransform(plain))
        .with_transform(RecursiveTransform(closed_list))
        .with_transform(RecursiveTransform(without_null));
    let mut object = generate::<T>(settings);
    object.entry("type").or_insert_with(|| json!("object"));
    object.entry("properties").or_insert_with(|| json!({}));
    object.insert("additionalProperties".to_owned(), Value::Bool(false));
    object
}

/// The schema of an answer.
pub fn of_output<T: JsonSchema>() -> Object {
    let settings = SchemaSettings::draft2020_12()
        .for_serialize()
        .with(|settings| settings.inline_subschemas = true)
        .with_transform(RecursiveTransform(plain))
        .with_transform(RecursiveTransform(closed_list))
        .with_transform(RecursiveTransform(optional_without_null))
        .with_transform(RecursiveTransform(null_as_choice));
    generate::<T>(settings)
}

fn generate<T: JsonSchema>(settings: SchemaSettings) -> Object {
    let schema = settings.into_generator().into_root_schema_for::<T>();
    let mut object = schema.as_object().cloned().unwrap_or_default();
    object.remove("$schema");
    object.remove("title");
    object.remove("description");
    object
}

/// Drops formats that only Rust knows, and line breaks in descriptions.
fn plain(schema: &mut Schema) {
    let foreign = |format: &Value| {
        format.as_str().is_some_and(|format| {
            format.starts_with("uint") || format.starts_with("int") || format == "double"
        })
    };
    if schema.get("format").is_some_and(foreign) {
        schema.remove("format");
    }
    if let Some(Value::String(description)) = schema.get_mut("description") {
        *description = description.split_whitespace().collect::<Vec<_>>().join(" ");
    }
}

/// The types of a schema whose `type` is a list, without `null`; and whether `null` was among them.
fn types(schema: &Schema) -> Option<(Vec<Value>, bool)> {
    let listed = schema.get("type")?.as_array()?;
    let others: Vec<Value> = listed.iter().filter(|name| *name != "null").cloned().collect();
    let nullable = others.len() < listed.len();
    Some((others, nullable))
}

/// Parameters: absent says the same as null, so null is not offered.
fn without_null(schema: &mut Schema) {
    if let Some((others, true)) = types(schema)
        && let [only] = others.as_slice()
    {
        schema.insert("type".to_owned(), only.clone());
    }
    if let Some(Value::Array(choices)) = schema.get_mut("anyOf") {
        choices.retain(|choice| choice != &json!({"type": "null"}));
    }
    // Nothing, no and none are what everybody expects of a parameter that is left out.
    let is_plain = |value: &Value| value.is_null() || value == &json!([]) || value == &json!(false);
    if schema.get("default").is_some_and(is_plain) {
        schema.remove("default");
    }
    // A dialect that some hosts speak refuses the word, and it is about our cursors only.
    schema.remove("writeOnly");
    lift_single_choice(schema);
}

/// `anyOf` with one choice left is that choice.
fn lift_single_choice(schema: &mut Schema) {
    let single = match schema.get_mut("anyOf") {
        Some(Value::Array(choices)) if choices.len() == 1 => choices.pop(),
        _ => None,
    };
    if let Some(Value::Object(choice)) = single {
        schema.remove("anyOf");
        for (key, value) in choice {
            if schema.get(&key).is_none() {
                schema.insert(key, value);
            }
        }
    }
}

/// A choice between constants is a closed list; what each one means stands with the parameter.
fn closed_list(schema: &mut Schema) {
    let Some(Value::Array(choices)) = schema.get("oneOf") else { return };
    let constants: Option<Vec<Value>> =
        choices.iter().map(|choice| choice.get("const").cloned()).collect();
    if let Some(constants) = constants {
        schema.remove("oneOf");
        schema.insert("type".to_owned(), json!("string"));
        schema.insert("enum".to_owned(), Value::Array(constants));
    }
}

/// Answers: a member that may be missing is left out rather than null.
fn optional_without_null(schema: &mut Schema) {
    let required: Vec<Value> =
        schema.get("required").and_then(Value::as_array).cloned().unwrap_or_default();
    let Some(Value::Object(members)) = schema.get_mut("properties") else { return };
    for (name, member) in members {
        if !required.iter().any(|required| required == name.as_str())
            && let Ok(member) = <&mut Schema>::try_from(member)
        {
            without_null(member);
        }
    }
}

/// Answers: a nullable member is a choice between its type and null.
fn null_as_choice(schema: &mut Schema) {
    let Some((others, true)) = types(schema) else { return };
    let Some(object) = schema.as_object_mut() else { return };
    let description = object.remove("description");
    let mut typed = std::mem::take(object);
    typed.insert("type".to_owned(), others.into_iter().next().unwrap_or(Value::Null));
    object.insert("anyOf".to_owned(), json!([typed, {"type": "null"}]));
    if let Some(description) = description {
        object.insert("description".to_owned(), description);
    }
}

#[cfg(test)]
mod tests {
    use serde::{Deserialize, Serialize};

    use super::*;

    #[derive(Serialize, Deserialize, JsonSchema)]
    struct Sample {
        /// A number
        /// on two lines.
        count: Option<u64>,
        name: String,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        note: Option<Inner>,
    }

    #[derive(Serialize, Deserialize, JsonSchema)]
    struct Inner {
        at: Option<String>,
        kind: Kind,
    }

    #[derive(Serialize, Deserialize, JsonSchema)]
    #[serde(rename_all = "lowercase")]
    enum Kind {
        /// The one.
        One,
        /// The other.
        Other,
    }

    #[test]
    fn a_choice_between_words_is_a_closed_list() {
        let schema = of_output::<Inner>();
        assert_eq!(schema["properties"]["kind"]["enum"], json!(["one", "other"]));
    }

    #[test]
    fn no_schema_holds_a_list_of_types_a_reference_or_a_foreign_format() {
        for schema in [of_input::<Sample>(), of_output::<Sample>()] {
            let text = Value::Object(schema).to_string();
            for forbidden in ["\"type\":[", "$ref", "uint64", "\\n"] {
                assert!(!text.contains(forbidden), "{forbidden} in {text}");
            }
        }
    }

    #[test]
    fn parameters_are_closed_and_never_null() {
        let schema = of_input::<Sample>();
        assert_eq!(schema["additionalProperties"], json!(false));
        assert!(!Value::Object(schema).to_string().contains("null"));
    }

    #[test]
    fn a_nullable_member_of_an_answer_is_a_choice() {
        let schema = of_output::<Sample>();
        let count = &schema["properties"]["count"];
        assert_eq!(count["anyOf"][1], json!({"type": "null"}));
        assert_eq!(count["description"], "A number on two lines.");
        assert_eq!(schema["properties"]["note"]["type"], "object");
    }
}
