//! Codes: what is asked of which release, what is refused unasked, and "no" kept apart from "unknown".

use http::StatusCode;
use serde_json::{Value, json};

use crate::bed::{Answer, Bed};

pub(crate) fn statement() -> Value {
    let on = |kind: &str, names: &[&str]| {
        let operations: Vec<Value> = names.iter().map(|name| json!({"name": name})).collect();
        json!({"type": kind, "operation": operations})
    };
    json!({"resourceType": "CapabilityStatement", "rest": [{"resource": [
        on("CodeSystem", &["lookup", "validate-code"]), on("ValueSet", &["expand", "validate-code"]),
        on("ConceptMap", &["translate"])]}]})
}

pub(crate) async fn server(profile: &'static str) -> Bed {
    let bed = Bed::start_as(profile).await;
    bed.backend.answer("/metadata", statement());
    bed
}

pub(crate) fn outcome(code: &str) -> Value {
    let issue = json!([{"severity": "error", "code": code, "diagnostics": "for 123-45-6789"}]);
    json!({"resourceType": "OperationOutcome", "issue": issue})
}

pub(crate) fn parameters(list: &Value) -> Value {
    json!({"resourceType": "Parameters", "parameter": list})
}

async fn lookup(bed: &Bed, system: &str, code: &str) -> Answer {
    bed.call("terminology_lookup", json!({"system": system, "code": code})).await
}

const LOOKUP: &str = "/CodeSystem/$lookup?code=8867-4&system=http%3A%2F%2Floinc.org";

#[tokio::test]
async fn a_code_is_looked_up_with_its_version_and_its_text_is_cleaned() {
    let bed = server("helios").await;
    let said = parameters(&json!([
        {"name": "name", "valueString": "LOINC"}, {"name": "display", "valueString": "Heart\u{202e} rate"},
        {"name": "property", "part": [{"name": "code", "valueCode": "parent"},
                                      {"name": "value", "valueCode": "LP1"}]}]));
    let query = "&version=2.77&displayLanguage=de&property=parent&property=child";
    bed.backend.answer(&format!("{LOOKUP}{query}"), said);
    let arguments = json!({"code": "8867-4", "system": "http://loinc.org|2.77", "language": "de",
                           "properties": ["parent", "child"]});
    let answer = bed.call("terminology_lookup", arguments).await;
    let answer = answer.structured();
    assert_eq!((&answer["found"], &answer["status"]), (&json!(true), &json!("ok")), "{answer}");
    assert_eq!(answer["display"], "Heart rate");
    assert_eq!(answer["properties"], json!([{"code": "parent", "value": "LP1"}]));
    assert_eq!(answer["answered_by"], "backend's $lookup");
    let untrusted = answer["untrusted_text"].as_array().unwrap();
    assert!(untrusted.contains(&json!("display")), "{untrusted:?}");
}

#[tokio::test]
async fn that_a_code_is_unknown_is_an_answer_and_that_the_backend_is_down_is_none() {
    let bed = server("helios").await;
    for (status, code) in [
        (StatusCode::NOT_FOUND, "not-found"),
        (StatusCode::NOT_FOUND, "processing"),
        (StatusCode::UNPROCESSABLE_ENTITY, "not-found"),
        (StatusCode::BAD_REQUEST, "code-invalid"),
    ] {
        bed.backend.answer_with(LOOKUP, status, outcome(code));
        let answer = lookup(&bed, "http://loinc.org", "8867-4").await;
        assert_eq!(answer.structured()["found"], false, "{status} {code}: {answer:?}");
        assert_eq!(answer.structured()["status"], "ok");
        assert!(!answer.body.to_string().contains("123-45-6789"));
    }
    for (status, body) in [
        // No word of FHIR: the operation itself is missing, or a proxy answers.
        (StatusCode::NOT_FOUND, json!({"detail": "Not found."})),
        (StatusCode::NOT_FOUND, outcome("not-supported")),
        (StatusCode::UNPROCESSABLE_ENTITY, outcome("processing")),
        (StatusCode::BAD_REQUEST, json!({})),
        (StatusCode::INTERNAL_SERVER_ERROR, outcome("not-found")),
        (StatusCode::FORBIDDEN, outcome("not-found")),
        (StatusCode::OK, outcome("not-found")),
        (StatusCode::OK, json!({"resourceType": "Parameters"})),
    ] {
        bed.backend.answer_with(LOOKUP, status, body.clone());
        let answer = lookup(&bed, "http://loinc.org", "8867-4").await;
        let refusal = answer.refusal();
        let expected = match status {
            StatusCode::FORBIDDEN => "not found or not authorized",
            _ => "unknown: ",
        };
        assert!(refusal.starts_with(expected), "{status} {body}: {refusal}");
        assert!(!answer.body.to_string().contains("123-45-6789"));
    }
}

#[tokio::test]
async fn e02_no_argument_brings_a_second_parameter_or_another_address_along() {
    let bed = server("helios").await;
    let systems = [
        "",
        "loinc",
        "http://127.0.0.1/x",
        "http://localhost/x",
        "http://169.254.169.254/latest",
        "file:///etc/passwd",
        "http://u@loinc.org",
        "http://loinc.org#x",
        "http://loinc.org|a|b",
        "http://loinc.org\u{0}",
        "../CodeSystem",
    ];
    for system in systems {
        lookup(&bed, system, "8867-4").await.refusal();
    }
    for code in ["", "a\nb", "a  b", "a\u{202e}", &"x".repeat(1 << 20)] {
        lookup(&bed, "http://loinc.org", code).await.refusal();
    }
    for (tool, arguments) in [
        ("terminology_expand", json!({"value_set": "ValueSet/1"})),
        ("terminology_expand", json!({"value_set": "http://x.test/v", "filter": "x".repeat(300)})),
        ("terminology_expand", json!({"value_set": "http://x.test/v", "url": "http://y.test"})),
        ("terminology_expand", json!({"value_set": "http://x.test/v", "language": "de&x=1"})),
        ("terminology_expand", json!({"value_set": "http://x.test/v", "cursor": "abc"})),
        ("terminology_validate_code", json!({"code": "a"})),
        (
            "terminology_validate_code",
            json!({"code": "a", "system": "http://x.test", "display": "a\u{0}"}),
        ),
        (
            "terminology_translate",
            json!({"code": "a", "system": "http://x.test", "target_system": "x"}),
        ),
        (
            "terminology_translate",
            json!({"code": "a", "system": "http://x.test", "target_system": "http://y.test|1"}),
        ),
    ] {
        bed.call(tool, arguments).await.refusal();
    }
    let asked = bed.backend.targets();
    assert!(asked.iter().all(|target| target == "/metadata"), "{asked:?}");
    // What is allowed stays one value.
    lookup(&bed, "http://x.test/cs?a=b&code=z", "x&system=y#?").await;
    let sent = bed.backend.targets().pop().unwrap();
    let expected = "/CodeSystem/$lookup?code=x%26system%3Dy%23%3F&system=http%3A%2F%2Fx.test%2Fcs%3Fa%3Db%26code%3Dz";
    assert_eq!(sent, expected);
}

#[tokio::test]
async fn without_a_service_lists_answer_and_what_they_lack_is_unknown() {
    let exchange = Bed::start().await;
    let listed = json!([{"codingSystem": "http://x.test", "codingCode": "own", "text": "Our own"}]);
    exchange.backend.answer("/api/v1/data_sources/all_scopes", listed);
    let own = lookup(&exchange, "http://x.test", "own").await;
    assert_eq!(own.structured()["display"], "Our own", "{own:?}");
    assert_eq!(own.structured()["answered_by"], "backend's list of codes");
    let measure = lookup(&exchange, "https://w3id.org/openmhealth", "omh:heart-rate:2.0").await;
    assert_eq!(measure.structured()["answered_by"], "Open mHealth registry");
    assert_eq!(measure.structured()["status"], "ok");
    let other = lookup(&exchange, "http://loinc.org", "8867-4").await;
    assert_eq!(other.structured()["found"], json!(null));
    assert_eq!(other.structured()["status"], "unknown");
    // The list of an R4 profile; the server has no `$lookup`.
    let plain = Bed::start_as("fhir-r4").await;
    plain.backend.answer("/metadata", json!({"resourceType": "CapabilityStatement"}));
    let pulse = lookup(&plain, "http://loinc.org", "8867-4").await;
    assert_eq!(pulse.structured()["answered_by"], "profile's list of codes");
    assert_eq!(plain.backend.targets(), ["/metadata"]);
}

#[tokio::test]
async fn a_service_that_fails_leaves_the_lists_and_says_so() {
    let bed = server("fhir-r4").await;
    bed.backend.answer_with(LOOKUP, StatusCode::INTERNAL_SERVER_ERROR, json!({}));
    let answer = lookup(&bed, "http://loinc.org", "8867-4").await;
    let answer = answer.structured();
    assert_eq!(
        (&answer["found"], &answer["status"]),
        (&json!(true), &json!("partial")),
        "{answer}"
    );
    assert_eq!(answer["sources"][0], json!({"name": "backend's $lookup", "status": "failed"}));
}

#[tokio::test]
async fn a_tool_without_its_operation_is_neither_listed_nor_run() {
    let all: Vec<&str> = fhir_mcp_core::tools::catalogue().iter().map(|tool| tool.name).collect();
    let listed = async |bed: &Bed| {
        let answer = bed.request("tools/list", json!({}), Some(&all)).await;
        let tools = answer.body["result"]["tools"].as_array().unwrap().clone();
        let named = tools.iter().map(|tool| tool["name"].as_str().unwrap().to_owned());
        named
            .filter(|name| name.starts_with("terminology") || name == "fhir_operation")
            .collect::<Vec<_>>()
    };
    let whole = [
        "terminology_lookup",
        "terminology_expand",
        "terminology_validate_code",
        "terminology_translate",
    ];
    assert_eq!(listed(&server("helios").await).await, whole);
    assert_eq!(listed(&Bed::start().await).await, ["terminology_lookup"]);
    let bare = Bed::start_as("helios").await;
    bare.backend.answer("/metadata", json!({"resourceType": "CapabilityStatement"}));
    assert!(listed(&bare).await.is_empty());
    let refused = lookup(&bare, "http://loinc.org", "8867-4").await;
    assert!(refused.refusal().contains("not offered"), "{refused:?}");
    assert_eq!(bare.backend.targets(), ["/metadata"]);
}
