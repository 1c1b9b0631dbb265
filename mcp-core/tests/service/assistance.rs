//! Prompts and suggestions: what is offered to whom, in both eras.

use serde_json::{Value, json};

use crate::bed::{Answer, Bed};
use crate::generic::statement;

const ALL_OF_STUDIES: [&str; 3] = ["get_study_metadata", "study_members", "observation_count"];

fn names(answer: &Answer) -> Vec<&str> {
    let prompts = answer.body["result"]["prompts"].as_array().unwrap();
    prompts.iter().map(|prompt| prompt["name"].as_str().unwrap()).collect()
}

async fn suggested(bed: &Bed, tools: &[&str], params: Value) -> Value {
    let older = bed.request("completion/complete", params.clone(), Some(tools)).await;
    let newer = bed.modern_for("completion/complete", params, Some(tools)).await;
    assert_eq!(older.body["result"]["completion"], newer.body["result"]["completion"]);
    newer.body["result"]["completion"]["values"].clone()
}

fn of_prompt(prompt: &str, argument: &str, typed: &str) -> Value {
    json!({"ref": {"type": "ref/prompt", "name": prompt},
           "argument": {"name": argument, "value": typed}})
}

fn of_template(uri: &str, argument: &str, typed: &str) -> Value {
    json!({"ref": {"type": "ref/resource", "uri": uri},
           "argument": {"name": argument, "value": typed}})
}

#[tokio::test]
async fn a_prompt_is_offered_to_whoever_may_call_all_the_tools_in_it_and_to_nobody_else() {
    let bed = Bed::start().await;
    for (tools, expected) in [
        (Some(&ALL_OF_STUDIES[..]), vec!["study_overview"]),
        (Some(&ALL_OF_STUDIES[..2]), vec![]),
        (Some(&["find_patient"][..]), vec!["find_person"]),
        (None, vec![]),
    ] {
        let older = bed.request("prompts/list", json!({}), tools).await;
        assert_eq!(names(&older), expected, "{tools:?}");
        let newer = bed.modern_for("prompts/list", json!({}), tools).await;
        assert_eq!(names(&newer), expected, "{tools:?}");
    }
    let hidden = json!({"name": "study_overview", "arguments": {"study_id": "30001"}});
    let answer = bed.request("prompts/get", hidden.clone(), Some(&["find_patient"])).await;
    assert_eq!(answer.body["error"]["code"], -32602, "{answer:?}");
    let shown = bed.request("prompts/get", hidden, Some(&ALL_OF_STUDIES)).await;
    let words = shown.body["result"]["messages"][0]["content"]["text"].as_str().unwrap();
    assert!(words.contains("study 30001"), "{words}");
}

#[tokio::test]
async fn a_prompt_about_what_the_backend_lacks_is_not_offered() {
    for (resource_type, expected) in [("Group", vec!["study_overview"]), ("Condition", vec![])] {
        let bed = Bed::start_as("fhir-r4").await;
        let codes = [json!({"code": "read"}), json!({"code": "search-type"})];
        let types = ["Observation", "Patient", resource_type];
        let types = types.map(|name| json!({"type": name, "interaction": codes}));
        let statement = json!({"resourceType": "CapabilityStatement", "fhirVersion": "4.0.1",
                               "rest": [{"resource": types}]});
        bed.backend.answer("/metadata", statement);
        let listed = bed.request("prompts/list", json!({}), Some(&ALL_OF_STUDIES)).await;
        assert_eq!(names(&listed), expected, "{resource_type}");
    }
}

#[tokio::test]
async fn an_argument_of_a_prompt_is_checked_and_nothing_is_asked_of_the_backend() {
    let bed = Bed::start().await;
    for (arguments, named) in [
        (json!({}), "study_id"),
        (json!({"study_id": "../30001"}), "study_id"),
        (json!({"study_id": "30001", "also": "x"}), "also"),
    ] {
        let params = json!({"name": "study_overview", "arguments": arguments});
        let answer = bed.modern_for("prompts/get", params, Some(&ALL_OF_STUDIES)).await;
        assert_eq!(answer.body["error"]["code"], -32602, "{answer:?}");
        let sentence = answer.body["error"]["message"].as_str().unwrap();
        assert!(sentence.contains(named), "{sentence}");
    }
    let asked = bed.backend.targets();
    assert!(asked.iter().all(|target| target.contains("metadata") || target.contains("health")));
}

#[tokio::test]
async fn study_ids_are_suggested_with_the_callers_token_and_only_where_the_policy_lists_studies() {
    let bed = Bed::start().await;
    let rows = json!([{"id": 30001, "name": "Lifespan"}, {"id": 30002, "name": "Sleep"}]);
    bed.backend.answer(
        "/api/v1/studies?page_size=1000",
        json!({"count": 2, "next": null, "results": rows}),
    );
    let all = [&ALL_OF_STUDIES[..], &["list_studies"]].concat();
    let without =
        suggested(&bed, &ALL_OF_STUDIES, of_prompt("study_overview", "study_id", "")).await;
    assert_eq!(without, json!([]));
    assert!(!bed.backend.targets().iter().any(|target| target.contains("studies")));
    let with = suggested(&bed, &all, of_prompt("study_overview", "study_id", "")).await;
    assert_eq!(with, json!(["30001", "30002"]));
    let by_name = suggested(&bed, &all, of_prompt("study_overview", "study_id", "slee")).await;
    assert_eq!(by_name, json!(["30002"]));
    let asked = bed.backend.asked();
    let asked = asked.iter().filter(|asked| asked.target.contains("studies"));
    for asked in asked {
        assert_eq!(asked.authorization.as_deref(), Some("Bearer token-mary"));
    }
    let metrics = bed.metrics().await;
    assert!(metrics.contains(r#"tool="list_studies""#), "it counts as a call: {metrics}");
}

#[tokio::test]
async fn studies_that_cannot_be_listed_are_an_error_and_not_an_empty_suggestion() {
    let bed = Bed::start().await;
    let target = "/api/v1/studies?page_size=1000";
    bed.backend.answer_with(target, http::StatusCode::SERVICE_UNAVAILABLE, json!({}));
    let all = [&ALL_OF_STUDIES[..], &["list_studies"]].concat();
    let params = of_prompt("study_overview", "study_id", "");
    let answer = bed.request("completion/complete", params, Some(&all)).await;
    let sentence = answer.body["error"]["message"].as_str().unwrap();
    assert!(sentence.starts_with("unknown: "), "{sentence}");
}

#[tokio::test]
async fn types_parameters_codes_schemas_and_tools_are_suggested() {
    let bed = Bed::start_as("helios").await;
    bed.backend.answer("/metadata", statement());
    let tools = ["fhir_schema", "fhir_search"];
    let mut parameter = of_prompt("records_of_type", "parameter", "on");
    parameter["context"] = json!({"arguments": {"type": "Condition"}});
    for (params, expected) in [
        (of_prompt("records_of_type", "type", "con"), json!(["Condition"])),
        (parameter, json!(["onset-date"])),
        (of_prompt("records_of_type", "parameter", "on"), json!([])),
        (of_template("fhir://type/{type}", "type", ""), json!(["Condition"])),
        (of_template("omh://schema/{name}", "name", "blood-p"), json!(["blood-pressure"])),
        (of_template("guide://tools/{tool}", "tool", "fhir_sch"), json!(["fhir_schema"])),
    ] {
        assert_eq!(suggested(&bed, &tools, params.clone()).await, expected, "{params}");
    }
}

#[tokio::test]
async fn data_types_are_suggested_short_and_in_full_and_patients_never() {
    let bed = Bed::start().await;
    let tools = ["count_patient_observations", "get_patient_observations"];
    let params = |typed: &str| of_prompt("compare_before_after", "data_type", typed);
    assert_eq!(suggested(&bed, &tools, params("heart-rate")).await[0], "heart-rate");
    assert_eq!(suggested(&bed, &tools, params("omh:heart-rate:")).await[0], "omh:heart-rate:2.0");
    let patients = of_prompt("compare_before_after", "patient_id", "4");
    assert_eq!(suggested(&bed, &tools, patients).await, json!([]));
}

#[tokio::test]
async fn an_argument_that_is_none_is_refused() {
    let bed = Bed::start().await;
    for params in [
        of_prompt("find_person", "no_such_argument", ""),
        of_prompt("no_such_prompt", "name", ""),
        of_template("omh://schema/{name}", "uri", ""),
        of_template("file:///{path}", "path", ""),
    ] {
        let tools = Some(&["find_patient"][..]);
        let answer = bed.request("completion/complete", params, tools).await;
        assert_eq!(answer.body["error"]["code"], -32602, "{answer:?}");
    }
}
