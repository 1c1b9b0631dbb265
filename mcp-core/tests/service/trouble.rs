//! A backend that fails: what is tried again, what is said, what is counted.

use std::time::Duration;

use fhir_mcp_core::config::BackendLimits;
use http::StatusCode;
use serde_json::json;

use crate::bed::Bed;

const COUNT: &str = "/api/v1/studies?page_size=1";

#[tokio::test]
async fn j03_an_outage_is_tried_once_more_and_is_never_a_zero() {
    let bed = Bed::start().await;
    for status in [StatusCode::INTERNAL_SERVER_ERROR, StatusCode::TOO_MANY_REQUESTS] {
        bed.backend.answer_with(COUNT, status, json!({"detail": "SECRET canary"}));
        let before = bed.backend.targets().len();
        let answer = bed.call("get_study_count", json!({})).await;
        assert!(answer.refusal().starts_with("unknown: "), "{answer:?}");
        assert!(!answer.body.to_string().contains("canary"));
        assert_eq!(bed.backend.targets().len() - before, 2);
    }
}

#[tokio::test]
async fn e04_a_redirect_is_not_followed_and_not_tried_again() {
    let bed = Bed::start().await;
    bed.backend.answer_with(COUNT, StatusCode::FOUND, json!({}));
    assert!(bed.call("get_study_count", json!({})).await.refusal().starts_with("unknown: "));
    assert_eq!(bed.backend.targets().len(), 1);
}

#[tokio::test]
async fn an_answer_that_grows_too_large_is_not_read() {
    let limits = BackendLimits { max_response_bytes: 100, ..BackendLimits::default() };
    let bed = Bed::start_with(limits).await;
    bed.backend.answer(COUNT, json!({"count": 3, "results": [], "padding": "x".repeat(200)}));
    let answer = bed.call("get_study_count", json!({})).await;
    assert!(answer.refusal().contains("too large"), "{answer:?}");
    assert_eq!(bed.backend.targets().len(), 1);
}

#[tokio::test]
async fn a_deadline_that_has_passed_is_unknown() {
    let limits = BackendLimits { deadline: Duration::ZERO, ..BackendLimits::default() };
    let bed = Bed::start_with(limits).await;
    bed.backend.answer(COUNT, json!({"count": 3, "results": []}));
    let answer = bed.call("get_study_count", json!({})).await;
    assert!(answer.refusal().starts_with("unknown: "), "{answer:?}");
}

#[tokio::test]
async fn calls_and_requests_are_counted_under_closed_labels() {
    let bed = Bed::start().await;
    bed.backend.answer(COUNT, json!({"count": 3, "results": []}));
    bed.call("get_study_count", json!({})).await;
    bed.call("get_study_metadata", json!({"study_id": "x"})).await;
    let metrics = bed.metrics().await;
    for line in [
        "mcp_tool_calls_total{outcome=\"ok\",tool=\"get_study_count\"} 1",
        "mcp_tool_calls_total{outcome=\"refused\",tool=\"get_study_metadata\"} 1",
        "mcp_backend_requests_total{interaction=\"rest_studies\",status_class=\"2xx\"} 1",
    ] {
        assert!(metrics.contains(line), "{line} in {metrics}");
    }
}
