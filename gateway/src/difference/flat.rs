//! Two configurations key by key: each scalar by its full name, each entry of a list by what names
//! it, each secret by where it comes from.

use std::collections::{BTreeMap, BTreeSet};

use yaml_serde::{Mapping, Value};

use crate::config::{Config, SecretReference};

/// What one key holds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Leaf {
    /// This, as it stands in the file.
    Plain(String),
    /// A secret that comes from there.
    Secret(SecretReference),
}

/// One key that differs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Change {
    /// Its full name; entries of lists by their id or their text, in brackets.
    pub field: String,
    /// How it differs.
    pub what: What,
}

/// How a key differs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum What {
    /// It is new. A secret shows nothing.
    Added(Option<String>),
    /// It is gone.
    Removed(Option<String>),
    /// It is another.
    Changed {
        /// Before.
        old: String,
        /// After.
        new: String,
    },
    /// It is a secret, and another one.
    OtherSecret,
    /// It is the same secret, from another place.
    SameSecretElsewhere,
}

/// The keys that differ, by name.
pub(super) fn changes(old: &Config, new: &Config) -> Vec<Change> {
    let (before, after) = (flat(old), flat(new));
    let fields: BTreeSet<&String> = before.keys().chain(after.keys()).collect();
    let compared = fields.into_iter().filter_map(|field| {
        let what = match (before.get(field), after.get(field)) {
            (Some(one), Some(other)) => between((old, one), (new, other))?,
            (Some(gone), None) => What::Removed(shown(gone)),
            (None, Some(come)) => What::Added(shown(come)),
            (None, None) => return None,
        };
        Some(Change { field: field.clone(), what })
    });
    compared.collect()
}

fn between((old, one): (&Config, &Leaf), (new, other): (&Config, &Leaf)) -> Option<What> {
    match (one, other) {
        (Leaf::Secret(one), Leaf::Secret(other)) if old.secret_is(one, new, other) => {
            (one != other).then_some(What::SameSecretElsewhere)
        }
        (Leaf::Secret(_), _) | (_, Leaf::Secret(_)) => Some(What::OtherSecret),
        (Leaf::Plain(one), Leaf::Plain(other)) => {
            let what = || What::Changed { old: one.clone(), new: other.clone() };
            (one != other).then(what)
        }
    }
}

fn shown(leaf: &Leaf) -> Option<String> {
    match leaf {
        Leaf::Plain(text) if !text.is_empty() => Some(text.clone()),
        Leaf::Plain(_) | Leaf::Secret(_) => None,
    }
}

/// As `check` prints it, without the order of lists.
fn flat(config: &Config) -> BTreeMap<String, Leaf> {
    let mut leaves = BTreeMap::new();
    spread("", yaml_serde::to_value(config).unwrap_or_default(), &mut leaves);
    leaves
}

fn spread(field: &str, value: Value, leaves: &mut BTreeMap<String, Leaf>) {
    let leaf = match value {
        Value::Null => return,
        Value::Mapping(fields) => {
            if let Some(reference) = secret(field, &fields) {
                leaves.insert(field.to_owned(), Leaf::Secret(reference));
                return;
            }
            let dot = if field.is_empty() { "" } else { "." };
            for (name, inner) in fields {
                let name = name.as_str().unwrap_or_default().to_owned();
                spread(&format!("{field}{dot}{name}"), inner, leaves);
            }
            return;
        }
        Value::Sequence(entries) => {
            for (at, entry) in entries.into_iter().enumerate() {
                let (name, rest) = named(at, entry);
                spread(&format!("{field}[{name}]"), rest, leaves);
            }
            return;
        }
        Value::Tagged(tagged) => return spread(field, tagged.value, leaves),
        Value::Bool(switch) => switch.to_string(),
        Value::Number(number) => number.to_string(),
        Value::String(text) => text,
    };
    leaves.insert(field.to_owned(), Leaf::Plain(leaf));
}

/// `{file: path}` or `{env: NAME}`, wherever it stands.
fn secret(field: &str, fields: &Mapping) -> Option<SecretReference> {
    if fields.len() != 1 || field == "audit" {
        return None;
    }
    let text = |name: &str| fields.get(name).and_then(Value::as_str).map(str::to_owned);
    let file = text("file").map(|path| SecretReference::File(path.into()));
    file.or_else(|| text("env").map(SecretReference::Env))
}

/// An entry is known by its id or URL, a text by itself; anything else by its place.
fn named(at: usize, entry: Value) -> (String, Value) {
    match entry {
        Value::String(text) => (text, Value::String(String::new())),
        Value::Number(number) => (number.to_string(), Value::String(String::new())),
        Value::Mapping(fields) => {
            let text = |value: &Value| {
                let number = value.as_u64().map(|number| number.to_string());
                value.as_str().map(str::to_owned).or(number)
            };
            let id = fields.get("id").or_else(|| fields.get("url")).and_then(text);
            (id.unwrap_or_else(|| at.to_string()), Value::Mapping(fields))
        }
        Value::Null | Value::Bool(_) | Value::Sequence(_) | Value::Tagged(_) => {
            (at.to_string(), entry)
        }
    }
}
