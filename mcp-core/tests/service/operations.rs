//! `fhir_operation`: what is sent, what is refused unasked, what is said about what came back.

use serde_json::{Value, json};

use crate::bed::Bed;

/// A server that offers a few operations, and some that are never run.
fn statement() -> Value {
    let operations =
        |names: &[&str]| -> Vec<Value> { names.iter().map(|name| json!({"name": name})).collect() };
    json!({"resourceType": "CapabilityStatement", "fhirVersion": "4.0.1", "rest": [{
        "operation": operations(&["meta", "expunge", "graphql", "export"]),
        "resource": [
            {"type": "Patient", "operation": operations(&["$everything", "summary", "match"])},
            {"type": "Observation", "operation": operations(&["lastn"])},
            {"type": "List", "operation": operations(&["find"])},
            {"type": "Composition", "operation": operations(&["document"])}]}]})
}

pub(crate) async fn helios() -> Bed {
    let bed = Bed::start_as("helios").await;
    bed.backend.answer("/metadata", statement());
    bed
}

pub(crate) fn set(resources: &[Value], total: Option<u64>, next: Option<&str>) -> Value {
    let entry: Vec<Value> = resources.iter().map(|one| json!({"resource": one})).collect();
    let mut body = json!({"resourceType": "Bundle", "type": "searchset", "entry": entry});
    if let Some(total) = total {
        body["total"] = json!(total);
    }
    if let Some(next) = next {
        body["link"] = json!([{"relation": "next", "url": next}]);
    }
    body
}

pub(crate) fn condition(id: &str, patient: &str) -> Value {
    json!({"resourceType": "Condition", "id": id, "subject": {"reference": format!("Patient/{patient}")}})
}

pub(crate) fn everything(params: &Value) -> Value {
    json!({"operation": "everything", "type": "Patient", "id": "p-1", "params": params, "limit": 2})
}

/// A backend with everything about a patient, and the arguments that ask for it.
pub(crate) async fn with_everything() -> (Bed, Value) {
    let bed = helios().await;
    let at = "/Patient/p-1/$everything?_type=Condition&_count=2";
    bed.backend.answer(at, set(&[condition("1", "p-1")], Some(1), None));
    (bed, everything(&json!([{"name": "_type", "values": ["Condition"]}])))
}

#[tokio::test]
async fn everything_about_a_patient_comes_page_by_page() {
    let bed = helios().await;
    let at = "/Patient/p-1/$everything?_type=Condition&_count=2";
    let next = "/elsewhere?_cursor=abc&_count=900&persist=true";
    bed.backend
        .answer(at, set(&[condition("1", "p-1"), condition("2", "p-1")], Some(3), Some(next)))
        .answer(&format!("{at}&_cursor=abc"), set(&[condition("3", "p-1")], Some(3), None));
    let mut arguments = everything(&json!([{"name": "_type", "values": ["Condition"]}]));
    let first = bed.call("fhir_operation", arguments.clone()).await;
    let first = first.structured();
    assert_eq!((&first["status"], &first["returned"]), (&json!("partial"), &json!(2)), "{first}");
    assert_eq!(first["truncated_by"], json!(["limit"]));
    arguments["cursor"] = first["cursor"].clone();
    let last = bed.call("fhir_operation", arguments.clone()).await;
    assert_eq!(last.structured()["status"], "ok", "{last:?}");
    assert_eq!(last.structured()["resources"][0]["id"], "3");
    assert_eq!(last.structured().get("cursor"), None);
    // The cursor belongs to this question.
    arguments["id"] = json!("p-2");
    let asked = bed.backend.targets().len();
    let other = bed.call("fhir_operation", arguments).await;
    assert!(other.refusal().starts_with("cursor: "), "{other:?}");
    assert_eq!(bed.backend.targets().len(), asked);
}

#[tokio::test]
async fn a_next_page_on_another_server_is_a_fault_and_nobody_goes_there() {
    let bed = helios().await;
    let next = "https://evil.test/Patient/p-1/$everything?_cursor=a";
    bed.backend.answer(
        "/Patient/p-1/$everything?_count=2",
        set(&[condition("1", "p-1"), condition("2", "p-1")], Some(3), Some(next)),
    );
    let answer = bed.call("fhir_operation", everything(&json!([]))).await;
    assert!(answer.refusal().contains("another server"), "{answer:?}");
    assert_eq!(bed.backend.targets().len(), 2);
}

#[tokio::test]
async fn e01_e02_nothing_outside_the_table_is_sent() {
    let bed = helios().await;
    let at = |operation: &str, more: Value| {
        let mut arguments = json!({"operation": operation});
        arguments.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        arguments
    };
    let patient = json!({"type": "Patient", "id": "p-1"});
    let with = |name: &str, value: Value| everything(&json!([{"name": name, "values": [value]}]));
    for arguments in [
        at("expunge", patient.clone()),
        at("$expunge", patient.clone()),
        at("graphql", json!({})),
        at("export", json!({})),
        at("match", json!({"type": "Patient"})),
        at("meta-add", patient.clone()),
        at("everything/../expunge", patient.clone()),
        at("everything", json!({"type": "Patient"})),
        at("everything", json!({"type": "Condition", "id": "c-1"})),
        at("everything", json!({"type": "Patient/../Group", "id": "p-1"})),
        at("everything", json!({"type": "Patient", "id": "../1"})),
        at("everything", json!({"type": "Patient", "id": "p-1/$expunge"})),
        at("everything", json!({"type": "Patient", "id": "p-1?x=1"})),
        at("everything", json!({"type": "Patient", "id": "p-1", "query": "x=1"})),
        at("document", json!({"id": "c-1", "params": [{"name": "persist", "values": ["true"]}]})),
        at(
            "document",
            json!({"id": "c-1", "params": [{"name": "graph", "values": ["http://x.y"]}]}),
        ),
        at("meta", json!({"id": "p-1"})),
        at("find", json!({"params": [{"name": "patient", "values": ["p-1"]}]})),
        at(
            "find",
            json!({"params": [{"name": "patient", "values": ["p-1"]},
                                     {"name": "name", "values": ["a\nb"]}]}),
        ),
        at("lastn", json!({"params": [{"name": "patient", "values": ["p-1"]}]})),
        at("lastn", json!({"params": [{"name": "code", "values": ["8867-4"]}]})),
        at(
            "lastn",
            json!({"params": [{"name": "patient", "values": ["p-1/../2"]},
                                      {"name": "code", "values": ["8867-4"]}]}),
        ),
        with("_count", json!(1000)),
        with("_cursor", json!("abc")),
        with("_type", json!("Observation&_count=1000")),
        with("start", json!("2026&persist=true")),
        with("start=2026&persist", json!("true")),
        with("_since", json!("x".repeat(1 << 20))),
    ] {
        let refusal = bed.call("fhir_operation", arguments.clone()).await;
        assert!(!refusal.refusal().is_empty(), "{arguments}");
    }
    let asked = bed.backend.targets();
    assert!(asked.iter().all(|target| target == "/metadata"), "{asked:?}");
}

#[tokio::test]
async fn what_is_not_offered_is_refused_with_what_is() {
    let bed = helios().await;
    let arguments = json!({"operation": "everything", "type": "Encounter", "id": "e-1"});
    let refused = bed.call("fhir_operation", arguments).await;
    let sentence = refused.refusal();
    assert!(sentence.contains("does not offer $everything on Encounter"), "{sentence}");
    for offered in ["$everything on Patient", "$lastn on Observation", "$meta on any type"] {
        assert!(sentence.contains(offered), "{sentence}");
    }
    for never in ["expunge", "graphql", "export", "match", "subsumes"] {
        assert!(!sentence.contains(never), "{sentence}");
    }
    assert_eq!(bed.backend.targets(), ["/metadata"]);
    // A server that offers none of them is not asked, and does not list the tool.
    let exchange = Bed::start().await;
    let refused = exchange.call("fhir_operation", everything(&json!([]))).await;
    assert!(refused.refusal().contains("not offered"), "{refused:?}");
}

#[tokio::test]
async fn a_single_resource_is_of_the_type_that_the_operation_gives() {
    let bed = helios().await;
    let meta = json!({"resourceType": "Parameters", "parameter": [
        {"name": "return", "valueMeta": {"tag": [{"code": "x"}]}}]});
    bed.backend
        .answer("/Condition/c-1/$meta", meta.clone())
        .answer("/$meta", meta)
        .answer("/Condition/c-2/$meta", json!({"resourceType": "OperationOutcome"}));
    let at = |id: &str| json!({"operation": "meta", "type": "Condition", "id": id});
    let answer = bed.call("fhir_operation", at("c-1")).await;
    assert_eq!(answer.structured()["resources"][0]["parameter"][0]["name"], "return");
    assert_eq!(answer.structured()["status"], "ok");
    let whole = bed.call("fhir_operation", json!({"operation": "meta"})).await;
    assert_eq!(whole.structured()["returned"], 1);
    let wrong = bed.call("fhir_operation", at("c-2")).await;
    assert!(wrong.refusal().starts_with("unknown: "), "{wrong:?}");
    let none = bed.call("fhir_operation", at("c-3")).await;
    assert!(none.refusal().starts_with("not found or not authorized"), "{none:?}");
}

#[tokio::test]
async fn a_large_answer_ends_at_its_ceiling_and_goes_on_within_the_page() {
    let bed = helios().await;
    let row = |id: u32| {
        json!({"resourceType": "Condition", "id": id.to_string(), "tags": vec!["0123456789"; 400],
               "subject": {"reference": "Patient/p-1"}})
    };
    let rows: Vec<Value> = (0..30).map(row).collect();
    bed.backend.answer("/Patient/p-1/$everything?_count=50", set(&rows, Some(30), None));
    let mut arguments = json!({"operation": "everything", "type": "Patient", "id": "p-1"});
    let mut seen = 0;
    for _ in 0..10 {
        let answer = bed.call("fhir_operation", arguments.clone()).await;
        let text = answer.body["result"]["content"][0]["text"].as_str().unwrap();
        assert!(text.len() <= 60_000, "{}", text.len());
        seen += answer.structured()["returned"].as_u64().unwrap();
        let Some(cursor) = answer.structured().get("cursor") else { break };
        arguments["cursor"] = cursor.clone();
    }
    assert_eq!(seen, 30);
}

#[tokio::test]
async fn the_capabilities_name_the_operations_that_can_be_run() {
    let bed = helios().await;
    let answer = bed.call("fhir_capabilities", json!({})).await;
    let told = &answer.structured()["operations"];
    for name in ["$everything on Patient", "$lastn on Observation", "$summary on Patient"] {
        assert!(told.as_array().unwrap().contains(&json!(name)), "{told}");
    }
    assert!(!told.to_string().contains("match"), "{told}");
}
