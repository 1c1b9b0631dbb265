//! Nobody but the gateway is served.

use http::StatusCode;
use serde_json::{Value, json};

use crate::bed::Bed;

fn call() -> Value {
    json!({"jsonrpc": "2.0", "id": 1, "method": "tools/call",
           "params": {"name": "get_study_count", "arguments": {}}})
}

#[tokio::test]
async fn without_a_hop_header_nothing_is_answered_and_nothing_is_asked() {
    let bed = Bed::start().await;
    let answer = bed.send(None, "2025-06-18", &call()).await;
    assert_eq!(answer.status, StatusCode::UNAUTHORIZED);
    assert_eq!(answer.headers["content-type"], "application/problem+json");
    assert_eq!(answer.body["detail"], Value::Null);
    assert!(bed.backend.asked().is_empty());
}

#[tokio::test]
async fn a_hop_header_sealed_for_another_body_does_not_open() {
    let bed = Bed::start().await;
    let hop = Bed::seal(bed.claims("token", None), b"another body");
    assert_eq!(bed.send(Some(hop), "2025-06-18", &call()).await.status, StatusCode::UNAUTHORIZED);
    assert!(bed.backend.asked().is_empty());
}

#[tokio::test]
async fn a_page_in_a_browser_is_not_answered_even_with_a_hop() {
    let bed = Bed::start().await;
    let body = json!({"jsonrpc": "2.0", "id": 1, "method": "ping"});
    let hop = || Some(Bed::seal(bed.claims("token", None), body.to_string().as_bytes()));
    for origin in ["https://evil.example", "null", "http://127.0.0.1"] {
        let more = [("origin", Some(origin.to_owned()))];
        let answer = bed.send_with(hop(), "2025-06-18", &body, &more).await;
        assert_eq!(answer.status, StatusCode::FORBIDDEN, "{origin}");
    }
    assert_eq!(bed.send(hop(), "2025-06-18", &body).await.status, StatusCode::OK);
}

#[tokio::test]
async fn the_callers_own_token_is_the_one_that_is_sent() {
    let bed = Bed::start().await;
    bed.backend
        .answer("/api/v1/studies?page_size=1", json!({"count": 3, "next": null, "results": []}));
    for token in ["token-a", "token-b"] {
        let body = call();
        let hop = Bed::seal(bed.claims(token, None), body.to_string().as_bytes());
        assert_eq!(bed.send(Some(hop), "2025-06-18", &body).await.structured()["count"], 3);
    }
    let sent: Vec<_> =
        bed.backend.asked().into_iter().filter_map(|asked| asked.authorization).collect();
    assert_eq!(sent, ["Bearer token-a", "Bearer token-b"]);
}

#[tokio::test]
async fn a_token_that_the_backend_refuses_is_a_401_that_names_the_fault() {
    let bed = Bed::start().await;
    bed.backend.answer_with(
        "/api/v1/studies?page_size=1",
        StatusCode::UNAUTHORIZED,
        json!({"detail": "Authentication credentials were not provided."}),
    );
    let answer = bed.call("get_study_count", json!({})).await;
    assert_eq!(answer.status, StatusCode::UNAUTHORIZED);
    assert_eq!(answer.headers["fhir-mcp-fault"], "backend-token-refused");
}
