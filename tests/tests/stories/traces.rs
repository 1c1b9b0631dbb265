//! W3C Trace Context: a trace goes on through both programs; what a client could write freely in its
//! headers does not.

use anyhow::Result;
use reqwest::header::{HeaderMap, HeaderValue};
use serde_json::{Value, json};
use testbed::TestBed;
use testbed::login::Login;

const TRACE: &str = "4bf92f3577b34da6a3ce929d0e0e4736";

/// The trace of the one call with these headers, as the audit trail has it.
async fn trace_of(bed: &TestBed, token: &str, headers: &[(&'static str, &str)]) -> Result<String> {
    let before = bed.audit().await?.len();
    let mut sent = HeaderMap::new();
    for (name, value) in headers {
        sent.append(*name, HeaderValue::from_str(value)?);
    }
    let body = json!({"jsonrpc": "2.0", "id": 1, "method": "tools/call",
                      "params": {"name": "get_study_count", "arguments": {}}});
    let request = reqwest::Client::new().post(bed.at("/mcp")).headers(sent).bearer_auth(token);
    let answer = request
        .header("accept", "application/json, text/event-stream")
        .header("mcp-protocol-version", "2025-06-18")
        .json(&body)
        .send()
        .await?;
    assert_eq!(answer.status(), 200);
    let events: Vec<Value> = bed.audit().await?.split_off(before);
    assert_eq!(events.len(), 1);
    Ok(events.first().and_then(|event| event["trace.id"].as_str()).unwrap().to_owned())
}

#[tokio::test]
async fn a_trace_goes_on_and_what_is_no_trace_begins_one_of_our_own() -> Result<()> {
    let bed = TestBed::start().await?;
    let token = Login::register(&bed).await?.log_in("manager_mary").await?.access;
    let parent = format!("00-{TRACE}-00f067aa0ba902b7-01");
    assert_eq!(trace_of(&bed, &token, &[("traceparent", &parent)]).await?, TRACE);
    let none = trace_of(&bed, &token, &[]).await?;
    assert!(none.len() == 32 && none != TRACE);
    let twice = [("traceparent", parent.as_str()), ("traceparent", parent.as_str())];
    assert_ne!(trace_of(&bed, &token, &twice).await?, TRACE);
    let bad = [
        format!("00-{TRACE}-00f067aa0ba902b7-01-CANARY"),
        format!("01-{TRACE}-00f067aa0ba902b7-01"),
        parent.to_uppercase().replace("00-", "ff-"),
        "CANARY".to_owned(),
    ];
    for bad in bad {
        let named = trace_of(&bed, &token, &[("traceparent", &bad)]).await?;
        assert!(named.len() == 32 && named != TRACE, "{bad}");
    }
    Ok(())
}

#[tokio::test]
async fn baggage_and_tracestate_stay_outside() -> Result<()> {
    let bed = TestBed::start().await?;
    let token = Login::register(&bed).await?.log_in("manager_mary").await?.access;
    let parent = format!("00-{TRACE}-00f067aa0ba902b7-01");
    let headers = [
        ("traceparent", parent.as_str()),
        ("tracestate", "vendor=CANARY"),
        ("baggage", "patient=CANARY"),
    ];
    trace_of(&bed, &token, &headers).await?;
    let written = format!("{}{}", bed.records.text(), bed.metrics().await?);
    assert!(!written.contains("CANARY"));
    for seen in bed.exchange.log().all() {
        assert!(!format!("{seen:?}").contains("CANARY"));
    }
    Ok(())
}
