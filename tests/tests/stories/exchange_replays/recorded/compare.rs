//! Where a recorded answer and a replayed one differ, times, tokens and made-up values aside.

use base64::Engine;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use reqwest::Response;
use reqwest::header::HeaderMap;
use serde_json::Value;
use sha2::{Digest, Sha256};
use testbed::exchange::login::Form;

const HEADERS: [&str; 8] = [
    "access-control-allow-origin",
    "allow",
    "cache-control",
    "connection",
    "content-type",
    "pragma",
    "vary",
    "www-authenticate",
];

/// Members whose values are times, tokens, or our own inventions: only their type is compared.
const OURS: [&str; 17] = [
    "access_token",
    "authored",
    "consentedTime",
    "date",
    "description",
    "documentation",
    "effectiveDateTime",
    "end",
    "exp",
    "id_token",
    "kid",
    "lastUpdated",
    "n",
    "questionnaire",
    "refresh_token",
    "start",
    "telecomPhone",
];

pub(super) fn challenge(verifier: &str) -> String {
    URL_SAFE_NO_PAD.encode(Sha256::digest(verifier))
}

/// What differs, and the replayed body.
pub(super) async fn differences(pair: &Value, response: Response) -> (Vec<String>, Value) {
    let recorded = &pair["response"];
    let mut found = Vec::new();
    if recorded["status"] != response.status().as_u16() {
        found.push(format!("status {} is {}", recorded["status"], response.status()));
    }
    headers(recorded, response.headers(), &mut found);
    let text = response.text().await.unwrap();
    let mut body: Value = serde_json::from_str(&text).unwrap_or_default();
    shorten(pair, &mut body, &mut found);
    let expected = &recorded["body"];
    if let Some(page) = expected["html_text"].as_str() {
        if let Ok(json) = serde_json::from_str::<Value>(page) {
            compare("", &json, &body, &mut found);
        } else {
            html(expected, &text, &mut found);
        }
    } else if !expected.is_string() {
        compare("", expected, &body, &mut found);
    }
    (found, body)
}

/// The recorded value of a header, which is null when it was not there.
fn header<'a>(recorded: &'a Value, name: &str) -> &'a Value {
    recorded.get("headers").and_then(|headers| headers.get(name)).unwrap_or(&Value::Null)
}

fn headers(recorded: &Value, replayed: &HeaderMap, found: &mut Vec<String>) {
    let text = |name: &str| replayed.get(name).and_then(|value| value.to_str().ok());
    for name in HEADERS {
        let expected = header(recorded, name).as_str();
        if expected != text(name) {
            found.push(format!("{name} {expected:?} is {:?}", text(name)));
        }
    }
    let location = text("location").map(|location| match location.split_once("code=") {
        Some((before, after)) if !location.starts_with('/') => {
            format!("{before}code=<code>{}", after.get(30..).unwrap_or_default())
        }
        _ => location.to_owned(),
    });
    if header(recorded, "location").as_str() != location.as_deref() {
        found.push(format!("location {} is {location:?}", header(recorded, "location")));
    }
    let expected = header(recorded, "set-cookie").as_array().map_or(&[][..], Vec::as_slice);
    let expected: Vec<_> =
        expected.iter().filter_map(|line| line.as_str()?.split('=').next()).collect();
    let kept: Vec<_> = replayed
        .get_all("set-cookie")
        .iter()
        .filter_map(|line| line.to_str().ok()?.split('=').next())
        .collect();
    if expected != kept {
        found.push(format!("cookies {expected:?} are {kept:?}"));
    }
}

/// The recording kept the first three of long lists; their true length is in its note.
fn shorten(pair: &Value, body: &mut Value, found: &mut Vec<String>) {
    for note in pair["truncated"].as_array().map_or(&[][..], Vec::as_slice) {
        let note = note.as_str().unwrap_or_default();
        let Some((path, rest)) = note.split_once(": ") else { continue };
        let Some(length) = rest.split(' ').next().and_then(|n| n.parse::<usize>().ok()) else {
            continue;
        };
        let pointer = path.trim_start_matches('$').replace('.', "/");
        if let Some(list) = body.pointer_mut(&pointer).and_then(Value::as_array_mut) {
            if list.len() != length {
                found.push(format!("{pointer} has {} items, not {length}", list.len()));
            }
            list.truncate(3);
        }
    }
}

/// Pages: the same forms with the same fields, and the reasons that programs might look for.
fn html(expected: &Value, page: &str, found: &mut Vec<String>) {
    let names = |list: &Value| -> Vec<String> {
        let list = list.as_array().map_or(&[][..], Vec::as_slice);
        list.iter().map(|field| field["name"].as_str().unwrap_or_default().to_owned()).collect()
    };
    let recorded = expected["forms"].as_array().map_or(&[][..], Vec::as_slice);
    // The browsable API has forms of its own, which no program uses.
    let recorded: Vec<_> = recorded.iter().filter(|form| form["method"] == "post").collect();
    let forms = Form::all(page);
    if recorded.len() != forms.len() {
        found.push(format!("{} forms are {}", recorded.len(), forms.len()));
    }
    for (recorded, form) in recorded.iter().zip(&forms) {
        let own: Vec<_> = form.fields.iter().map(|(name, _)| name.clone()).collect();
        let buttons: Vec<_> = form.buttons.iter().map(|(name, _)| name.clone()).collect();
        if names(&recorded["inputs"]) != own || names(&recorded["buttons"]) != buttons {
            found.push(format!("form {recorded} is {form:?}"));
        }
        if recorded["id"].as_str().unwrap_or_default() != form.id {
            found.push(format!("form id {} is {}", recorded["id"], form.id));
        }
    }
    let reason =
        expected["html_text"].as_str().and_then(|t| t.strip_prefix("Error: invalid_request "));
    if reason.is_some_and(|reason| !page.contains(reason)) {
        found.push(format!("the page does not say {reason:?}"));
    }
}

fn compare(at: &str, recorded: &Value, replayed: &Value, found: &mut Vec<String>) {
    let member = at.rsplit('/').next().unwrap_or_default();
    match (recorded, replayed) {
        (Value::Object(left), Value::Object(right)) => {
            let names = |members: &serde_json::Map<String, Value>| -> Vec<String> {
                members.keys().cloned().collect()
            };
            if names(left) != names(right) {
                found.push(format!("{at} has {:?}, not {:?}", names(right), names(left)));
            }
            for (name, value) in left {
                compare(
                    &format!("{at}/{name}"),
                    value,
                    right.get(name).unwrap_or(&Value::Null),
                    found,
                );
            }
        }
        (Value::Array(left), Value::Array(right)) => {
            if left.len() != right.len() {
                found.push(format!("{at} has {} items, not {}", right.len(), left.len()));
            }
            for (place, (left, right)) in left.iter().zip(right).enumerate() {
                compare(&format!("{at}/{place}"), left, right, found);
            }
        }
        (Value::String(left), Value::String(right)) if member == "data" => {
            let point = |text: &str| {
                STANDARD.decode(text).ok().and_then(|b| serde_json::from_slice(&b).ok())
            };
            let (left, right): (Option<Value>, Option<Value>) = (point(left), point(right));
            kinds(at, &left.unwrap_or_default(), &right.unwrap_or_default(), found);
        }
        _ if OURS.contains(&member) || invented(at, recorded) => {
            kinds(at, recorded, replayed, found);
        }
        _ if recorded != replayed => found.push(format!("{at} {recorded} is {replayed}")),
        _ => {}
    }
}

/// Values of made-up people and imported rows, which are ours to choose.
fn invented(at: &str, recorded: &Value) -> bool {
    let uuid =
        recorded.as_str().is_some_and(|text| text.len() == 36 && text.split('-').count() == 5);
    uuid || at.contains("/telecom/0/")
        || at.contains("/identifier/0/")
        || at.contains("/identifiers/0/")
        || at.contains("/item/") && at.ends_with("valueInteger")
        || at.ends_with("/resource/subject/reference")
            && recorded.as_str().is_some_and(|r| r.len() > 13)
}

/// Only the kinds of values and the names of members.
fn kinds(at: &str, recorded: &Value, replayed: &Value, found: &mut Vec<String>) {
    let kind = |value: &Value| match value {
        Value::Null => "null",
        Value::Bool(_) => "a boolean",
        Value::Number(number) if number.is_f64() => "a decimal",
        Value::Number(_) => "a whole number",
        Value::String(_) => "text",
        Value::Array(_) => "a list",
        Value::Object(_) => "an object",
    };
    match (recorded, replayed) {
        (Value::Object(left), Value::Object(right)) => {
            if left.keys().ne(right.keys()) {
                found.push(format!("{at} has {:?}, not {:?}", right.keys(), left.keys()));
            }
            for (name, value) in left {
                kinds(
                    &format!("{at}/{name}"),
                    value,
                    right.get(name).unwrap_or(&Value::Null),
                    found,
                );
            }
        }
        (Value::Array(left), Value::Array(right)) if left.len() == right.len() => {
            for (left, right) in left.iter().zip(right) {
                kinds(at, left, right, found);
            }
        }
        _ if kind(recorded) != kind(replayed) => {
            found.push(format!("{at} should be {}, is {}", kind(recorded), kind(replayed)));
        }
        _ => {}
    }
}
