//! What is read out of a body is what a plain reading of the same bytes says, whatever in it could be read in
//! two ways is refused, and what is plainly a call is read.
#![no_main]

use authz::mcp_call::{CallId, McpCall};
use authz::target::Targets;
use authz_fuzz::json::{Members, depth, is_ambiguous};
use libfuzzer_sys::fuzz_target;
use serde_json::Value;

const SELECTING: [&str; 4] = ["name", "uri", "arguments", "_meta"];
const PATIENTS: [&str; 4] = ["patient_id", "patient_ids", "subject", "patients"];

fuzz_target!(|body: &[u8]| {
    let call = McpCall::parse(body);
    // What core, which reads the same bytes, would see.
    let Ok(message) = serde_json::from_slice::<Value>(body) else { return };
    let text = std::str::from_utf8(body).expect("JSON is UTF-8");
    let Ok(call) = call else {
        return assert!(!is_plainly_a_call(&message, text), "a call was refused");
    };
    assert!(depth(&message) <= 64);
    let members = Members::of(text).expect("an object");
    assert!(["jsonrpc", "id", "method", "params"].iter().all(|name| members.times(name) < 2));
    assert_eq!(message["jsonrpc"], "2.0");
    let method = message["method"].as_str().expect("a method");
    assert!(call.method() == method || call.method() == "unknown");
    let id = call.id().map(Value::from);
    assert_eq!(
        id.as_ref().map(ToString::to_string),
        message.get("id").map(|id| id.as_i64().map_or_else(|| id.to_string(), |id| id.to_string()))
    );
    assert!(!matches!(call.id(), Some(CallId::Text(text)) if message["id"].as_str() != Some(text)));

    if let Some(params) = members.text("params").filter(|text| *text != "null") {
        let params = Members::of(params).expect("an object");
        assert!(
            SELECTING.iter().all(|name| params.times(name) < 2),
            "a selecting member is repeated"
        );
    }
    let tool = call.tool().map(|tool| tool.as_str());
    assert_eq!(tool.is_some(), method == "tools/call");
    if tool.is_some() {
        assert_eq!(tool, message["params"]["name"].as_str());
    }
    patients_are_seen(&call, body, &message);
});

/// The patients in the records are those whom core reads in the arguments.
fn patients_are_seen(call: &McpCall, body: &[u8], message: &Value) {
    let targets = Targets::of(call, body);
    assert!(targets.named.len() <= 100 && (targets.more == 0 || targets.named.len() == 100));
    let arguments = &message["params"]["arguments"];
    let named: Vec<&str> = targets.named.iter().map(|patient| patient.expose()).collect();
    assert!(
        named.iter().enumerate().all(|(at, id)| !named[..at].contains(id)),
        "one is named twice"
    );
    if call.tool().is_none() || !arguments.is_object() {
        return assert!(named.is_empty());
    }
    let mut texts = Vec::new();
    collect(arguments, &mut texts);
    for id in &named {
        assert!(
            texts.iter().any(|text| text.strip_prefix("Patient/").unwrap_or(text) == *id),
            "{id} is nowhere"
        );
    }
    for value in PATIENTS.iter().filter_map(|name| arguments.get(name)) {
        let each = value.as_array().map_or(std::slice::from_ref(value), Vec::as_slice);
        for text in each.iter().filter_map(text) {
            let id = text.strip_prefix("Patient/").unwrap_or(&text);
            let is_id = (1..=64).contains(&id.len())
                && id.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'.');
            assert!(!is_id || named.contains(&id) || targets.more > 0, "{id} is not seen");
        }
    }
}

/// A text, or a whole number as a text.
fn text(value: &Value) -> Option<String> {
    value.as_str().map(str::to_owned).or_else(|| value.as_u64().map(|number| number.to_string()))
}

/// Every text and every number, wherever it stands.
fn collect(value: &Value, into: &mut Vec<String>) {
    match value {
        Value::Array(items) => items.iter().for_each(|item| collect(item, into)),
        Value::Object(members) => members.values().for_each(|item| collect(item, into)),
        Value::String(text) => into.push(text.clone()),
        Value::Number(number) => into.push(number.to_string()),
        Value::Null | Value::Bool(_) => {}
    }
}

fn is_plainly_a_call(message: &Value, text: &str) -> bool {
    let is_tool = |name: &str| {
        (1..=128).contains(&name.len())
            && name.bytes().all(|b| b.is_ascii_alphanumeric() || b"_.-".contains(&b))
    };
    let name = &message["params"]["name"];
    let is_named = name.as_str().is_some_and(is_tool) || message["method"] != "tools/call";
    message["jsonrpc"] == "2.0"
        && message["method"].is_string()
        && message
            .get("id")
            .is_none_or(|id| id.is_string() || (id.is_i64() && id.to_string() != "-0"))
        && message.get("params").is_none_or(Value::is_object)
        && (name.is_null() || name.is_string())
        && is_named
        && depth(message) <= 64
        && !is_ambiguous(text)
}
