//! An attachment is decoded to what it holds; every number that is read out of its body stands there, in these
//! very digits; and no time ends before it begins.
#![no_main]

use std::sync::LazyLock;

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, STANDARD_NO_PAD};
use fhir_mcp_core::omh::attachment::{DecodeError, decode};
use fhir_mcp_core::omh::registry::DataType;
use fhir_mcp_core::omh::{measure, provenance, time};
use libfuzzer_sys::fuzz_target;
use serde_json::Value;

static CODES: LazyLock<Vec<String>> = LazyLock::new(|| {
    DataType::all().iter().flat_map(DataType::codes).chain(["omh:none:1.0".to_owned()]).collect()
});

fuzz_target!(|bytes: &[u8]| {
    let [form, first, text @ ..] = bytes else { return };
    let code = &CODES[usize::from(*first) % CODES.len()];
    let encoded = match form % 3 {
        0 => STANDARD.encode(text),
        1 => STANDARD_NO_PAD.encode(text),
        // As it comes: mostly no base64 at all.
        _ => return not_ours(text),
    };
    let plain = serde_json::from_slice::<Value>(text);
    let payload = match (decode(&encoded), plain) {
        (Err(why), Err(_)) => return assert_eq!(why, DecodeError::NotJson),
        // One of the parser's own names, perhaps escaped.
        (Err(DecodeError::NotJson), Ok(_)) => {
            let is_named = |part: &[u8]| text.windows(part.len()).any(|bytes| bytes == part);
            return assert!(is_named(b"$serde_json") || is_named(b"\\u00"), "JSON was refused");
        }
        (Err(why), Ok(whole)) => {
            assert_eq!(why, DecodeError::NoBody);
            return assert!(!whole["body"].is_object() && !whole["body"].is_array());
        }
        (Ok(payload), whole) => {
            let whole = whole.expect("is JSON");
            assert_eq!((&payload.header, &payload.body), (&whole["header"], &whole["body"]));
            payload
        }
    };
    numbers(code, &payload.body);
    times(&payload.body);
    let told = provenance::read(&payload.header);
    let header = payload.header.to_string();
    assert!(told.source.is_none_or(|source| header.contains(&Value::from(source).to_string())));
});

fn numbers(code: &str, body: &Value) {
    let (reading, mut written) = (measure::read(code, body), Vec::new());
    collect(body, &mut written);
    for measure in &reading.measures {
        let (number, unit) = (measure.value.to_string(), measure.unit.as_deref());
        let is_there =
            written.iter().any(|(known, of)| *known == number && (unit.is_none() || *of == unit));
        assert!(is_there, "{number} {unit:?} stands nowhere in the body");
    }
    let headline = reading.value.map(|value| value.to_string());
    let measured = |number: &String| {
        reading.measures.iter().any(|measure| measure.value.to_string() == *number)
    };
    assert!(headline.as_ref().is_none_or(measured));
    assert_eq!(reading.statistic.is_some(), measure::statistic(body).is_some());
    assert!(!body.is_array() || reading.measures.is_empty(), "a series is no reading");
}

/// Every number with the unit beside it.
fn collect<'v>(value: &'v Value, into: &mut Vec<(String, Option<&'v str>)>) {
    match value {
        Value::Number(number) => into.push((number.to_string(), None)),
        Value::Array(items) => items.iter().for_each(|item| collect(item, into)),
        Value::Object(members) => {
            if let Some(Value::Number(number)) = members.get("value") {
                into.push((number.to_string(), members.get("unit").and_then(Value::as_str)));
            }
            members.values().for_each(|item| collect(item, into));
        }
        Value::Null | Value::Bool(_) | Value::String(_) => {}
    }
}

fn times(body: &Value) {
    let Some(effective) = time::effective(body) else { return };
    assert!(effective.end.is_none_or(|end| end >= effective.start));
    let frame = &body["effective_time_frame"];
    let spelled = effective.original.strip_prefix("until ").unwrap_or(&effective.original);
    let words: Vec<&str> = [&frame["date_time"], &frame["time_interval"]["date"]]
        .into_iter()
        .chain(["start_date_time", "end_date_time"].map(|name| &frame["time_interval"][name]))
        .filter_map(Value::as_str)
        .collect();
    assert!(words.iter().any(|word| spelled.starts_with(word)), "a time that nobody wrote");
}

fn not_ours(text: &[u8]) {
    let Ok(text) = std::str::from_utf8(text) else { return };
    if let Ok(payload) = decode(text) {
        assert!(payload.body.is_object() || payload.body.is_array());
    }
}
