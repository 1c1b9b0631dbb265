//! A JSON Schema for each measurement type and for the header, complete in itself.
//!
//! Each document is JSON Schema 2020-12: `$ref` may stand beside a description there, and `format`
//! is an annotation, so that a time without an offset (which means UTC) is not an error. The files
//! under `schemas/` name their shared parts as `#/$defs/<name>`; a part lives once, under
//! `schemas/defs/`, and is put into every document that reaches it.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::LazyLock;

use serde_json::{Map, Value};

use super::registry::DataType;

/// The header is described as the data types are, but is none.
const HEADER_CODE: &str = "ieee:header:1.0";

static DOCUMENTS: LazyLock<BTreeMap<&'static str, Value>> = LazyLock::new(|| {
    let defs: BTreeMap<_, _> = parsed(DEFS).collect();
    parsed(SOURCES).map(|(name, source)| (name, bundled(source, &defs))).collect()
});

/// The schema called `short_name` (see [`names`]); no `$ref` in it leads outside of it.
pub fn document(short_name: &str) -> Option<&'static Value> {
    DOCUMENTS.get(short_name)
}

/// The schema of a short name or of a full code, such as `omh:heart-rate:2.0` or `ieee:header:1.0`.
pub fn named(name: &str) -> Option<&'static Value> {
    let short_name = match DataType::by_name(name) {
        Some(known) => known.short_name,
        None if name == HEADER_CODE => "header",
        None => name,
    };
    document(short_name)
}

/// The names of all schemas, sorted: the measurement types and `header`.
pub fn names() -> Vec<&'static str> {
    DOCUMENTS.keys().copied().collect()
}

/// What the schema called `short_name` is about, in one sentence.
pub fn description(short_name: &str) -> Option<&'static str> {
    document(short_name)?.get("description")?.as_str()
}

/// A file that is not JSON is left out, and a test finds it missing.
fn parsed(
    files: &'static [(&'static str, &'static str)],
) -> impl Iterator<Item = (&'static str, Value)> {
    files.iter().filter_map(|(name, text)| Some((*name, serde_json::from_str(text).ok()?)))
}

/// Adds the parts that `source` reaches, directly or through other parts.
fn bundled(mut source: Value, defs: &BTreeMap<&str, Value>) -> Value {
    let mut reached = Map::new();
    let mut open = references(&source);
    while let Some(name) = open.pop_first() {
        let Some(part) = defs.get(name.as_str()) else { continue };
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

macro_rules! files {
    ($folder:literal: $($name:literal)*) => {
        &[$(($name, include_str!(concat!($folder, $name, ".json")))),*]
    };
}

static SOURCES: &[(&str, &str)] = files!("schemas/":
    "blood-glucose"
    "blood-pressure"
    "body-temperature"
    "body-weight"
    "forced-expiratory-volume-1-second"
    "forced-vital-capacity"
    "header"
    "heart-rate"
    "heart-rate-variability"
    "oxygen-saturation"
    "physical-activity"
    "respiratory-rate"
    "rr-interval"
    "sleep-duration"
    "sleep-episode"
    "sleep-stage-summary"
    "step-count"
);

static DEFS: &[(&str, &str)] = files!("schemas/defs/":
    "activity_relation"
    "body_location"
    "body_posture"
    "date_time"
    "descriptive_statistic"
    "descriptive_statistic_basic"
    "descriptive_statistic_denominator"
    "duration"
    "duration_range"
    "energy"
    "frequency"
    "length"
    "mass"
    "meal_relation"
    "percentage"
    "schema_id"
    "sleep_relation"
    "specimen_source"
    "temperature"
    "time_frame"
    "time_frame_1_x"
    "time_interval"
    "time_interval_1_x"
    "unit_value"
    "unit_value_range"
    "volume"
);
