//! Both eras of the protocol, and what is listed for whom.

use http::StatusCode;
use serde_json::{Value, json};

use crate::bed::Bed;

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
    assert_eq!(result["capabilities"], json!({"tools": {}, "resources": {}}));
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
async fn what_is_not_declared_is_not_there() {
    let bed = Bed::start().await;
    for method in ["prompts/list", "completion/complete"] {
        let params = if method == "completion/complete" {
            json!({"ref": {"type": "ref/prompt", "name": "x"}, "argument": {"name": "a", "value": "b"}})
        } else {
            json!({})
        };
        let answer = bed.request(method, params, None).await;
        assert_eq!(answer.body["error"]["code"], -32601, "{method}: {answer:?}");
    }
}
