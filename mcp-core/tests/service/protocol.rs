//! Both eras of the protocol, and what is listed for whom.

use http::StatusCode;
use serde_json::{Value, json};

use crate::bed::Bed;

/// What the first backend's own server offers, under the same names.
const THIRTEEN: [&str; 13] = [
    "get_study_count",
    "list_studies",
    "get_study_metadata",
    "list_study_patients",
    "get_patient_demographics",
    "search_patients",
    "get_patient_observations",
    "count_patient_observations",
    "count_study_observations",
    "summarize_patient_observations",
    "get_patient_date_range",
    "get_omh_schema",
    "get_server_capabilities",
];

fn names(tools: &Value) -> Vec<&str> {
    tools.as_array().unwrap().iter().map(|tool| tool["name"].as_str().unwrap()).collect()
}

#[tokio::test]
async fn an_older_client_initializes_without_a_session() {
    let bed = Bed::start().await;
    let params = json!({"protocolVersion": "2025-06-18", "capabilities": {},
                        "clientInfo": {"name": "test", "version": "1"}});
    let answer = bed.request("initialize", params, None).await;
    assert_eq!(answer.status, StatusCode::OK, "{answer:?}");
    assert!(answer.headers.get("mcp-session-id").is_none());
    let result = &answer.body["result"];
    assert_eq!(result["protocolVersion"], "2025-06-18");
    assert_eq!(result["serverInfo"]["name"], "fhir-mcp-gateway");
    let declared = json!({"tools": {}, "resources": {}, "prompts": {}, "completions": {}});
    assert_eq!(result["capabilities"], declared);
    assert!(result["instructions"].as_str().unwrap().contains("list_studies"));
}

#[tokio::test]
async fn only_permitted_tools_are_listed_and_the_list_is_private() {
    let bed = Bed::start().await;
    let permitted: &[&str] = &["list_studies", "no_such_tool"];
    let answer = bed.request("tools/list", json!({}), Some(permitted)).await;
    assert_eq!(names(&answer.body["result"]["tools"]), ["list_studies"]);
    assert_eq!(answer.body["result"]["cacheScope"], "private");
    let unsaid = bed.request("tools/list", json!({}), None).await;
    assert_eq!(names(&unsaid.body["result"]["tools"]), Vec::<&str>::new());
}

#[tokio::test]
async fn an_unknown_tool_is_a_protocol_error() {
    let bed = Bed::start().await;
    let answer = bed.call("drop_tables", json!({})).await;
    assert_eq!(answer.body["error"]["code"], -32602, "{answer:?}");
}

#[tokio::test]
async fn a_newer_client_discovers_and_calls_without_initializing() {
    let bed = Bed::start().await;
    bed.backend.answer("/api/v1/studies?page_size=1", json!({"count": 3, "results": []}));
    let discovered = bed.modern("server/discover", json!({})).await;
    assert_eq!(
        discovered.body["result"]["supportedVersions"],
        json!(["2025-03-26", "2025-06-18", "2025-11-25", "2026-07-28"]),
        "{discovered:?}"
    );
    let call = json!({"name": "get_study_count", "arguments": {}});
    let answer = bed.modern("tools/call", call).await;
    assert_eq!(answer.structured()["count"], 3);
    assert_eq!(answer.headers["content-type"], "application/json");
}

#[tokio::test]
async fn the_text_of_an_answer_says_the_same_as_its_structure() {
    let bed = Bed::start().await;
    bed.backend.answer("/api/v1/studies?page_size=1", json!({"count": 3, "results": []}));
    let answer = bed.call("get_study_count", json!({})).await;
    let text = answer.body["result"]["content"][0]["text"].as_str().unwrap();
    assert_eq!(&serde_json::from_str::<Value>(text).unwrap(), answer.structured());
}

#[test]
fn t01_the_thirteen_tools_are_there_and_every_tool_explains_itself() {
    let catalogue = fhir_mcp_core::tools::catalogue();
    let names: std::collections::BTreeSet<&str> = catalogue.iter().map(|tool| tool.name).collect();
    assert_eq!(catalogue.len(), names.len());
    assert!(THIRTEEN.iter().all(|name| names.contains(name)), "{names:?}");
    for tool in catalogue {
        assert_eq!(tool.input_schema["additionalProperties"], json!(false), "{}", tool.name);
        for (name, parameter) in tool.input_schema["properties"].as_object().unwrap() {
            assert!(parameter["description"].is_string(), "{}.{name}", tool.name);
        }
        let text = json!([tool.input_schema, tool.output_schema]).to_string();
        for forbidden in ["\"type\":[", "$ref", "oneOf"] {
            assert!(!text.contains(forbidden), "{}: {forbidden}", tool.name);
        }
        for schema in [&tool.input_schema, &tool.output_schema] {
            assert_eq!(schema["type"], "object");
            jsonschema::validator_for(&json!(schema)).unwrap();
        }
    }
}
