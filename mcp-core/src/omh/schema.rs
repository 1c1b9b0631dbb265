//! A JSON Schema for each measurement type in each version, and for the headers, complete in itself.
//!
//! Each document is JSON Schema 2020-12: `$ref` may stand beside a description there, and `format`
//! is an annotation, so that a time without an offset (which means UTC) is not an error. The files
//! under `schemas/` name their shared parts as `#/$defs/<name>`; a part lives once, under
//! `schemas/defs/`, and is put into every document that reaches it.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::LazyLock;

use serde_json::{Map, Value};

use super::documents::{DOCUMENTS, File, PARTS};
use super::registry::DataType;

/// The header is described as the data types are, but is none.
const HEADER: &str = "header";
const HEADER_CODE: &str = "ieee:header:1.0";

static PARTS_READ: LazyLock<BTreeMap<&'static str, Value>> =
    LazyLock::new(|| parsed(PARTS).map(|(_, name, part)| (name, part)).collect());

/// By full code.
static BY_CODE: LazyLock<BTreeMap<String, Value>> = LazyLock::new(|| {
    let of_file = |(namespace, name, source): (_, &'static str, _)| {
        let (name, version) = name.rsplit_once('-')?;
        Some((format!("{namespace}:{name}:{version}"), bundled(source, &PARTS_READ)))
    };
    parsed(DOCUMENTS).filter_map(of_file).collect()
});

/// The schema of a short name (see [`names`]) in its newest version, or of a full code of any
/// version, such as `omh:heart-rate:1.1` or `ieee:header:1.0`. No `$ref` in it leads outside of it.
pub fn document(name: &str) -> Option<&'static Value> {
    let code = match DataType::by_name(name) {
        Some(known) if known.short_name == name => known.code.as_str(),
        None if name == HEADER => HEADER_CODE,
        _ => name,
    };
    BY_CODE.get(code)
}

/// The short names that have a schema, sorted: the measurement types and `header`.
pub fn names() -> Vec<&'static str> {
    let types = DataType::all().iter().map(|known| known.short_name.as_str());
    types.chain([HEADER]).collect::<BTreeSet<_>>().into_iter().collect()
}

/// What the schema called `name` is about, in one sentence.
pub fn description(name: &str) -> Option<&'static str> {
    document(name)?.get("description")?.as_str()
}

/// A file that is not JSON is left out, and a test finds it missing.
fn parsed(files: &'static [File]) -> impl Iterator<Item = (&'static str, &'static str, Value)> {
    let read =
        |(folder, name, text): &File| Some((*folder, *name, serde_json::from_str(text).ok()?));
    files.iter().filter_map(read)
}

/// Adds the parts that `source` reaches, directly or through other parts.
fn bundled(mut source: Value, parts: &BTreeMap<&str, Value>) -> Value {
    let mut reached = Map::new();
    let mut open = references(&source);
    while let Some(name) = open.pop_first() {
        let Some(part) = parts.get(name.as_str()) else { continue };
        open.extend(references(part).into_iter().filter(|next| !reached.contains_key(next)));
        reached.insert(name, part.clone());
    }
    if let (Some(document), false) = (source.as_object_mut(), reached.is_empty()) {
        document.insert("$defs".to_owned(), Value::Object(reached));
    }
    source
}

/// The names behind every `#/$defs/…` in a schema.
fn references(schema: &Value) -> BTreeSet<String> {
    match schema {
        Value::Object(members) => {
            let own = members.get("$ref").and_then(Value::as_str);
            let own = own.and_then(|target| target.strip_prefix("#/$defs/")).map(str::to_owned);
            members.values().flat_map(references).chain(own).collect()
        }
        Value::Array(items) => items.iter().flat_map(references).collect(),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => BTreeSet::new(),
    }
}

/// All documents by full code, and a document around the part called `name`.
#[cfg(test)]
pub(super) fn all() -> &'static BTreeMap<String, Value> {
    &BY_CODE
}

/// A document that consists of the shared part called `name`.
#[cfg(test)]
pub(super) fn part(name: &str) -> Option<Value> {
    PARTS_READ.get(name)?;
    let reference = serde_json::json!({ "$ref": format!("#/$defs/{name}") });
    Some(bundled(reference, &PARTS_READ))
}
