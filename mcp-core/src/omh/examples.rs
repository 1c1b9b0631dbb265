//! The synthetic bodies of `vectors.yaml`: what each schema takes, and what it refuses.

use serde::Deserialize;
use serde_json::Value;

use super::registry::DataType;
use super::schema;

/// A valid body, and changes that make it invalid.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Vector {
    of: String,
    only: Option<Vec<String>>,
    pub(super) pass: Value,
    #[serde(default)]
    fail: Vec<Value>,
}

impl Vector {
    /// The full codes of the documents that it is about.
    pub(super) fn codes(&self) -> Vec<&'static String> {
        let is_meant = |code: &&String| {
            let version =
                code.strip_prefix(self.of.as_str()).and_then(|rest| rest.strip_prefix(':'));
            version.is_some_and(|version| {
                self.only.as_ref().is_none_or(|only| only.iter().any(|known| known == version))
            })
        };
        schema::all().keys().filter(is_meant).collect()
    }

    /// The invalid bodies.
    pub(super) fn fails(&self) -> impl Iterator<Item = Value> {
        self.fail.iter().map(|change| {
            let mut body = self.pass.clone();
            merge(&mut body, change);
            body
        })
    }
}

/// All of them.
pub(super) fn vectors() -> Vec<Vector> {
    let read: Vec<Vector> = yaml_serde::from_str(include_str!("vectors.yaml")).unwrap();
    read.into_iter().filter(|vector| vector.of != "times").collect()
}

/// The fullest body of the type called `name`, a short name or a code, or a header; of equals the
/// first.
pub(super) fn example(name: &str) -> Value {
    let id = DataType::by_name(name).map_or("ieee:header", |known| known.id.as_str());
    let code = DataType::by_name(name).map_or("ieee:header:1.0", |known| known.code.as_str());
    let of_it = |vector: &Vector| {
        vector.of == id && vector.codes().iter().any(|known| known.as_str() == code)
    };
    let fullest = |vector: &Vector| vector.pass.as_object().map(serde_json::Map::len);
    vectors().into_iter().rev().filter(of_it).max_by_key(fullest).unwrap().pass
}

/// JSON Merge Patch (RFC 7396).
fn merge(target: &mut Value, change: &Value) {
    let Value::Object(members) = change else {
        *target = change.clone();
        return;
    };
    if !target.is_object() {
        *target = Value::Object(serde_json::Map::new());
    }
    let Some(object) = target.as_object_mut() else { return };
    for (name, value) in members {
        if value.is_null() {
            object.remove(name);
        } else {
            merge(object.entry(name.clone()).or_insert(Value::Null), value);
        }
    }
}
