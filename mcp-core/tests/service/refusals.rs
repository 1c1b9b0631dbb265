//! Whatever a tool is given that it cannot use, it says what is wrong and what to do next.

use fhir_mcp_core::tools;
use http::StatusCode;
use serde_json::{Value, json};

use crate::bed::Bed;

#[tokio::test]
async fn every_tool_refuses_an_unknown_argument_by_name_and_says_what_to_do_next() {
    for profile in ["jhe", "fhir-r4"] {
        let bed = Bed::start_as(profile).await;
        for tool in tools::catalogue() {
            let answer = bed.call(tool.name, json!({"no_such_argument": 1})).await;
            let refusal = answer.refusal();
            let next = refusal.split_once(". Next: ").map(|(_, next)| next);
            assert!(next.is_some_and(|next| next.ends_with('.')), "{}: {refusal}", tool.name);
            let is_offered = !refusal.contains("not offered");
            assert!(
                !is_offered || refusal.contains("no_such_argument"),
                "{}: {refusal}",
                tool.name
            );
        }
    }
}

#[tokio::test]
async fn every_tool_names_the_argument_that_it_needs_and_does_not_get() {
    let bed = Bed::start().await;
    for tool in tools::catalogue() {
        let Some(needed) = tool.input_schema.get("required").and_then(Value::as_array) else {
            continue;
        };
        let answer = bed.call(tool.name, json!({})).await;
        let refusal = answer.refusal();
        let is_named = needed.iter().filter_map(Value::as_str).any(|name| refusal.contains(name));
        assert!(is_named || refusal.contains("not offered"), "{}: {refusal}", tool.name);
    }
}

#[tokio::test]
async fn a_backend_that_fails_is_unknown_and_there_is_something_to_do() {
    let bed = Bed::start().await;
    let target = "/api/v1/studies?page_size=1";
    for (status, body, next) in [
        (StatusCode::SERVICE_UNAVAILABLE, json!({}), "try again in a moment"),
        (StatusCode::BAD_REQUEST, json!({}), "check the arguments"),
        (StatusCode::FOUND, json!({}), "an operator must look"),
        (StatusCode::OK, json!("no list"), "try again in a moment"),
    ] {
        bed.backend.answer_with(target, status, body);
        let answer = bed.call("get_study_count", json!({})).await;
        let refusal = answer.refusal();
        assert!(refusal.starts_with("unknown: ") && refusal.contains(next), "{status}: {refusal}");
    }
}
