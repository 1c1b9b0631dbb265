//! The documents: guides, schemas, templates, and for how long and for whom they may be kept.

use serde_json::{Value, json};

use crate::bed::{Answer, Bed};
use crate::generic::statement;

async fn read(bed: &Bed, uri: &str) -> Answer {
    bed.modern("resources/read", json!({"uri": uri})).await
}

fn text(answer: &Answer) -> &str {
    answer.body["result"]["contents"][0]["text"].as_str().unwrap()
}

#[tokio::test]
async fn the_schemas_the_guides_and_the_permission_model_can_be_read_in_both_eras() {
    let bed = Bed::start().await;
    let listed = bed.request("resources/list", json!({}), None).await;
    let resources = listed.body["result"]["resources"].as_array().unwrap().clone();
    let schemas = resources.iter().filter(|one| one["mimeType"] == "application/schema+json");
    assert_eq!(schemas.count(), fhir_mcp_core::omh::schema::names().len());
    for uri in ["guide://tools", "guide://errors", "omh://permissions"] {
        assert!(resources.iter().any(|one| one["uri"] == uri), "{uri}");
    }
    for resource in resources {
        let uri = resource["uri"].as_str().unwrap();
        let older = bed.request("resources/read", json!({"uri": uri}), None).await;
        let newer = read(&bed, uri).await;
        assert_eq!(older.body["result"]["contents"], newer.body["result"]["contents"]);
        assert_eq!(newer.body["result"]["contents"][0]["mimeType"], resource["mimeType"]);
        assert!(!text(&newer).is_empty());
    }
    let unknown = read(&bed, "omh://schema/pulse").await;
    assert_eq!(unknown.body["error"]["code"], -32602, "{unknown:?}");
}

#[tokio::test]
async fn a_document_of_the_program_may_be_kept_by_all_and_one_of_the_backend_by_the_caller() {
    let bed = Bed::start_as("helios").await;
    bed.backend.answer("/metadata", statement());
    for (method, params) in [
        ("resources/list", json!({})),
        ("resources/templates/list", json!({})),
        ("resources/read", json!({"uri": "guide://errors"})),
        ("resources/read", json!({"uri": "guide://tools/fhir_search"})),
    ] {
        let answer = bed.modern(method, params).await;
        let result = &answer.body["result"];
        assert_eq!(
            (&result["cacheScope"], &result["ttlMs"]),
            (&json!("public"), &json!(3_600_000))
        );
    }
    let of_backend = read(&bed, "fhir://type/Condition").await;
    assert_eq!(of_backend.body["result"]["cacheScope"], "private");
    let prompts = bed.modern_for("prompts/list", json!({}), Some(&["fhir_schema"])).await;
    assert_eq!(prompts.body["result"]["cacheScope"], "private");
}

#[tokio::test]
async fn a_tool_in_full_is_a_document_with_every_member_described() {
    let bed = Bed::start().await;
    let answer = read(&bed, "guide://tools/get_patient_observations").await;
    let whole: Value = serde_json::from_str(text(&answer)).unwrap();
    let members = whole["outputSchema"]["properties"].as_object().unwrap();
    assert!(members.values().all(|member| member["description"].is_string()), "{members:?}");
    let unknown = read(&bed, "guide://tools/drop_tables").await;
    assert_eq!(unknown.body["error"]["code"], -32602);
}

#[tokio::test]
async fn a_type_as_the_backend_has_it_is_a_document_and_costs_no_token() {
    let bed = Bed::start_as("helios").await;
    bed.backend.answer("/metadata", statement());
    let answer = read(&bed, "fhir://type/Condition").await;
    let shown: Value = serde_json::from_str(text(&answer)).unwrap();
    assert_eq!(shown["search_parameters"]["onset-date"], "date");
    assert!(bed.backend.asked().iter().all(|asked| asked.authorization.is_none()));
    for uri in ["fhir://type/Horoscope", "fhir://type/../Patient", "fhir://type/", "file:///etc"] {
        let refused = read(&bed, uri).await;
        assert_eq!(refused.body["error"]["code"], -32602, "{uri}: {refused:?}");
    }
}
