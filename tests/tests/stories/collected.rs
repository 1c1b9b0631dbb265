//! OpenTelemetry export: one span for each request, core's below the gateway's, and nothing in either
//! that a client or a backend wrote.

use anyhow::Result;
use reqwest::StatusCode;
use serde_json::{Value, json};
use testbed::collector::{Collector, ReceivedSpan};
use testbed::login::Login;
use testbed::mcp::{Era, Mcp};
use testbed::{Inside, Setup, TestBed};

const TRACE: &str = "4bf92f3577b34da6a3ce929d0e0e4736";
const CALLER: &str = "00f067aa0ba902b7";

async fn told(collector: &Collector) -> Result<TestBed> {
    let extra_yaml = format!("telemetry: {{otlp: {{endpoint: \"{}\"}}}}", collector.endpoint());
    let inside = Inside { collector: Some(collector.endpoint()), ..Inside::default() };
    TestBed::start_with(Setup { extra_yaml, inside, ..Setup::default() }).await
}

/// Calls a tool under this `traceparent`.
async fn call(bed: &TestBed, token: &str, tool: (&str, Value), parent: &str) -> Result<StatusCode> {
    let (name, arguments) = tool;
    let body = json!({"jsonrpc": "2.0", "id": 1, "method": "tools/call",
                      "params": {"name": name, "arguments": arguments}});
    let request = reqwest::Client::new().post(bed.at("/mcp")).bearer_auth(token);
    let answer = request
        .header("accept", "application/json, text/event-stream")
        .header("mcp-protocol-version", "2025-06-18")
        .header("traceparent", parent)
        .header("baggage", "patient=CANARY")
        .header("tracestate", "vendor=CANARY")
        .json(&body)
        .send()
        .await?;
    Ok(answer.status())
}

fn of_trace(span: &ReceivedSpan) -> bool {
    span.text("traceId") == TRACE
}

fn attribute(span: &ReceivedSpan, name: &str) -> String {
    span.attributes().remove(name).unwrap_or_default()
}

#[tokio::test]
async fn a_call_is_a_span_of_the_gateway_below_the_callers_and_one_of_core_below_that() -> Result<()>
{
    let collector = Collector::start().await?;
    let bed = told(&collector).await?;
    let token = Login::register(&bed).await?.log_in("manager_mary").await?.access;
    let parent = format!("00-{TRACE}-{CALLER}-01");
    let tool = ("get_patient_demographics", json!({"patient_id": 40001}));
    assert_eq!(call(&bed, &token, tool, &parent).await?, 200);
    let spans = collector.wait_for(2, of_trace).await?;
    let by = |service| spans.iter().find(|span| span.service == service).unwrap();
    let (gateway, core) = (by("fhir-mcp-gateway"), by("fhir-mcp-core"));
    assert_eq!((gateway.text("parentSpanId"), gateway.text("name")), (CALLER, "POST /mcp"));
    assert_eq!(core.text("parentSpanId"), gateway.text("spanId"));
    assert_eq!(core.text("name"), "tools/call get_patient_demographics");
    for span in [gateway, core] {
        assert_eq!(attribute(span, "gen_ai.tool.name"), "get_patient_demographics");
        assert_eq!(attribute(span, "mcp.method.name"), "tools/call");
        assert_eq!(attribute(span, "fhir_mcp.tool.outcome"), "ok");
        let at = |name| span.text(name).parse::<u128>().unwrap();
        assert!(at("startTimeUnixNano") <= at("endTimeUnixNano"));
    }
    assert_eq!(attribute(gateway, "http.response.status_code"), "200");
    assert!(!attribute(core, "fhir_mcp.backend.duration_ms").is_empty());
    let request = attribute(gateway, "fhir_mcp.request.id");
    assert_eq!(attribute(core, "fhir_mcp.request.id"), request);
    let events = bed.audit().await?;
    assert!(events.iter().any(|event| event["request.id"] == request));
    Ok(())
}

#[tokio::test]
async fn a_trace_that_its_beginner_does_not_keep_is_not_exported() -> Result<()> {
    let collector = Collector::start().await?;
    let bed = told(&collector).await?;
    let token = Login::register(&bed).await?.log_in("manager_mary").await?.access;
    let unsampled = format!("00-{TRACE}-{CALLER}-00");
    assert_eq!(call(&bed, &token, ("list_studies", json!({})), &unsampled).await?, 200);
    // One that comes later and is exported: the one before it would be there by then.
    let later = "00-11111111111111111111111111111111-2222222222222222-01";
    assert_eq!(call(&bed, &token, ("list_studies", json!({})), later).await?, 200);
    collector.wait_for(2, |span| span.text("traceId").starts_with("1111")).await?;
    assert!(!collector.spans()?.iter().any(of_trace));
    Ok(())
}

#[tokio::test]
async fn no_span_holds_what_a_client_a_person_or_a_backend_wrote() -> Result<()> {
    let collector = Collector::start().await?;
    let bed = told(&collector).await?;
    let held = Login::register(&bed).await?.log_in("manager_mary").await?;
    let mcp = Mcp::of(&bed, Era::Modern);
    let shown =
        mcp.call(&held.access, "get_patient_demographics", json!({"patient_id": 40001})).await?;
    let person = shown.content()?.clone();
    let parent = format!("00-{TRACE}-{CALLER}-01");
    for tool in [
        ("search_patients", json!({"family": "Canary"})),
        ("no_such_tool_canary", json!({"canary": "CANARY"})),
        ("get_patient_demographics", json!({"patient_id": "Ada Canary"})),
    ] {
        call(&bed, &held.access, tool, &parent).await?;
    }
    let invented = reqwest::Method::from_bytes(b"CANARY")?;
    let url = bed.at("/canary?code=CANARY");
    let stranger = reqwest::Client::new().request(invented, url).header("traceparent", &parent);
    assert_eq!(stranger.send().await?.status(), 404);
    let spans = collector.wait_for(6, of_trace).await?;
    assert!(spans.iter().any(|span| span.text("name") == "_OTHER"), "{spans:?}");
    let text = collector.text();
    let lower = text.to_lowercase();
    let mut secrets = vec!["canary", "40001", "10002", "manager_mary", &held.access];
    let names = ["family_name", "given_name", "birth_date"];
    secrets.extend(names.iter().filter_map(|name| person[*name].as_str()));
    assert!(secrets.len() >= 7);
    for secret in secrets {
        assert!(!lower.contains(&secret.to_lowercase()), "{secret} was exported");
    }
    Ok(())
}

#[tokio::test]
async fn a_collector_that_is_away_changes_no_answer_and_is_counted() -> Result<()> {
    let endpoint = "http://127.0.0.1:1/v1/traces";
    let extra_yaml = format!("telemetry: {{otlp: {{endpoint: \"{endpoint}\"}}}}");
    let bed = TestBed::start_with(Setup { extra_yaml, ..Setup::default() }).await?;
    let held = Login::register(&bed).await?.log_in("manager_mary").await?;
    let mcp = Mcp::of(&bed, Era::Modern);
    let failed = async || -> Result<bool> {
        let metrics = bed.metrics().await?;
        let failed = metrics
            .lines()
            .find_map(|line| line.strip_prefix("gateway_spans_total{outcome=\"failed\"} "));
        Ok(failed.is_some_and(|count| count != "0"))
    };
    while !failed().await? {
        assert_eq!(mcp.call(&held.access, "list_studies", json!({})).await?.status, 200);
    }
    Ok(())
}

/// Makes sure that a header that a collector wants is a reference, as every secret is.
#[tokio::test]
async fn what_the_collector_wants_to_see_is_a_secret_and_never_shown() -> Result<()> {
    let yaml = "telemetry: {otlp: {endpoint: \"http://127.0.0.1:1/v1/traces\", \
                headers: [{name: x-key, value: CANARY}]}}";
    let setup = Setup { extra_yaml: yaml.to_owned(), ..Setup::default() };
    let refused = TestBed::start_with(setup).await.err().unwrap();
    let told = format!("{:?}", refused.root_cause());
    assert!(told.contains("telemetry.otlp.headers[0].value"), "{told}");
    assert!(!refused.root_cause().to_string().contains("CANARY"));
    Ok(())
}
