//! Spans as the JSON that a collector reads: `ExportTraceServiceRequest` in the protobuf JSON mapping
//! of OTLP 1.x. Identifiers are hexadecimal there, and 64-bit numbers are texts.

use std::time::Duration;

use serde_json::{Value as Json, json};

use crate::exporter::Service;
use crate::span::{Span, Value};

/// `SPAN_KIND_SERVER`: both programs serve.
const SERVER: u8 = 2;
/// `STATUS_CODE_ERROR`.
const ERROR: u8 = 2;

/// One request to the collector.
pub(crate) fn document(service: Service, spans: &[Span]) -> Json {
    let Service { name, version } = service;
    let spans: Vec<Json> = spans.iter().map(one).collect();
    json!({"resourceSpans": [{
        "resource": {"attributes": [
            attribute("service.name", &json!({"stringValue": name})),
            attribute("service.version", &json!({"stringValue": version})),
        ]},
        "scopeSpans": [{"scope": {"name": name, "version": version}, "spans": spans}],
    }]})
}

fn one(span: &Span) -> Json {
    let name: Vec<String> = span.name.iter().filter_map(Value::text).collect();
    let error = span.error.map(|word| ("error.type", Value::Word(word)));
    let attributes: Vec<Json> =
        span.attributes.iter().cloned().chain(error).filter_map(shown).collect();
    let mut json = json!({
        "traceId": span.step.trace().to_string(),
        "spanId": span.step.span().to_string(),
        // Bit 8 and 9: it is known whether the parent is elsewhere, and it is. Bit 0: sampled.
        "flags": if span.parent.is_some() { 0x301 } else { 1 },
        "name": name.join(" "),
        "kind": SERVER,
        "startTimeUnixNano": nanoseconds(span.ended.saturating_sub(span.took)),
        "endTimeUnixNano": nanoseconds(span.ended),
        "attributes": attributes,
        "status": if span.error.is_some() { json!({"code": ERROR}) } else { json!({}) },
    });
    if let (Some(parent), Some(members)) = (span.parent, json.as_object_mut()) {
        members.insert("parentSpanId".to_owned(), parent.to_string().into());
    }
    json
}

fn shown((key, value): (&'static str, Value)) -> Option<Json> {
    let value = match value {
        Value::None => return None,
        Value::Number(number) => json!({"intValue": number.to_string()}),
        Value::Word(_) | Value::Tool(_) | Value::Request(_) => {
            json!({"stringValue": value.text()?})
        }
    };
    Some(attribute(key, &value))
}

fn attribute(key: &str, value: &Json) -> Json {
    json!({"key": key, "value": value})
}

fn nanoseconds(time: Duration) -> String {
    time.as_nanos().to_string()
}

#[cfg(test)]
mod tests {
    use authz::mcp_call::ToolName;
    use authz::trace::TraceParent;

    use super::*;

    #[test]
    fn a_span_is_what_a_collector_reads() {
        let caller = TraceParent::parse(
            "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01".as_bytes(),
        );
        let tool = ToolName::parse("list_studies").unwrap();
        let span = Span {
            step: TraceParent::after(caller, (1, 0x0707_0707_0707_0707)),
            parent: caller.map(|caller| caller.span()),
            name: [Value::Word("POST"), Value::Word("/mcp")],
            ended: Duration::from_millis(2_500),
            took: Duration::from_millis(500),
            error: Some("core_late"),
            attributes: vec![
                ("gen_ai.tool.name", Value::Tool(tool)),
                ("http.response.status_code", Value::Number(504)),
                ("mcp.method.name", Value::None),
            ],
        };
        let service = Service { name: "fhir-mcp-gateway", version: "1.2.3" };
        let document = document(service, &[span]);
        let resource = &document["resourceSpans"][0];
        assert_eq!(
            resource["resource"]["attributes"][0],
            json!({"key": "service.name", "value": {"stringValue": "fhir-mcp-gateway"}})
        );
        assert_eq!(
            resource["scopeSpans"][0]["spans"][0],
            json!({
                "traceId": "4bf92f3577b34da6a3ce929d0e0e4736",
                "spanId": "0707070707070707",
                "parentSpanId": "00f067aa0ba902b7",
                "flags": 0x301,
                "name": "POST /mcp",
                "kind": 2,
                "startTimeUnixNano": "2000000000",
                "endTimeUnixNano": "2500000000",
                "attributes": [
                    {"key": "gen_ai.tool.name", "value": {"stringValue": "list_studies"}},
                    {"key": "http.response.status_code", "value": {"intValue": "504"}},
                    {"key": "error.type", "value": {"stringValue": "core_late"}},
                ],
                "status": {"code": 2},
            })
        );
    }
}
