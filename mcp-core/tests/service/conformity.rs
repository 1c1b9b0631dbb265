//! Every answer that a test of the service sees is held against its tool's schema, and every tool is
//! seen to answer.

use std::collections::HashMap;
use std::sync::LazyLock;

use fhir_mcp_core::tools::{self, Entry};
use jsonschema::Validator;
use serde_json::{Value, json};

use crate::bed::Bed;
use crate::{generic, operations, value_sets};

/// The whole schema of an answer, and its outline in the list of tools.
struct Schemas {
    whole: Validator,
    outline: Validator,
}

impl Schemas {
    fn of(entry: &Entry) -> Self {
        let compiled = |schema: &Value| jsonschema::validator_for(schema).unwrap();
        let listed = serde_json::to_value(entry.listed()).unwrap();
        Self {
            whole: compiled(&json!(entry.output_schema)),
            outline: compiled(&listed["outputSchema"]),
        }
    }
}

static SCHEMAS: LazyLock<HashMap<&'static str, Schemas>> = LazyLock::new(|| {
    tools::catalogue().iter().map(|entry| (entry.name, Schemas::of(entry))).collect()
});

/// Panics if the answer to a tool call is not what the tool's schema says; a refusal has no structure.
pub(crate) fn judge(tool: &Value, body: &Value) {
    let Some(schemas) = tool.as_str().and_then(|name| SCHEMAS.get(name)) else { return };
    let result = &body["result"];
    if result["isError"] == true {
        assert!(result.get("structuredContent").is_none(), "{tool}: {result}");
        return;
    }
    let Some(content) = result.get("structuredContent") else { return };
    for schema in [&schemas.whole, &schemas.outline] {
        let mistakes: Vec<String> =
            schema.iter_errors(content).map(|mistake| mistake.to_string()).collect();
        assert!(mistakes.is_empty(), "{tool}: {mistakes:?} in {content}");
    }
}

/// The tools that the stand-in Exchange cannot serve, and a backend that answers them; the others are
/// called in the stories of the whole system.
async fn elsewhere(tool: &str) -> Option<Value> {
    let (bed, arguments) = match tool {
        "fhir_history" => generic::with_a_history().await,
        "fhir_operation" => operations::with_everything().await,
        "terminology_expand" | "terminology_validate_code" | "terminology_translate" => {
            value_sets::known_to(tool).await
        }
        _ => return None,
    };
    Some(bed.call(tool, arguments).await.structured().clone())
}

#[tokio::test]
async fn every_tool_that_the_exchange_cannot_serve_is_seen_to_answer_elsewhere() {
    let all: Vec<&str> = tools::catalogue().iter().map(|tool| tool.name).collect();
    let exchange = Bed::start().await;
    let listed = exchange.request("tools/list", json!({}), Some(&all)).await;
    let listed = listed.body["result"]["tools"].as_array().unwrap().clone();
    for tool in all {
        if !listed.iter().any(|listed| listed["name"] == tool) {
            let answer = elsewhere(tool).await;
            assert!(
                answer.is_some_and(|answer| answer["status"] == "ok"),
                "{tool} has no row here"
            );
        }
    }
}

#[test]
#[should_panic(expected = "get_study_count")]
fn an_answer_of_another_shape_is_noticed() {
    let content = json!({"status": "ok", "count": "three", "total_source": "server"});
    judge(&json!("get_study_count"), &json!({"result": {"structuredContent": content}}));
}
