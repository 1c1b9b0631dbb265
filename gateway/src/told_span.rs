//! What an OpenTelemetry collector is told of a request: what the access line says, in spans.

use std::time::Duration;

use authz::mcp_call::ToolName;
use spans::{Span, Value};

use crate::audit::AuditEvent;
use crate::context::{Context, Stage};
use crate::route::Route;

/// The span of one request, which is recorded as `event`.
pub(crate) fn of(context: &Context, event: &AuditEvent, elapsed: Duration) -> Span {
    let path = context.route.and_then(first_path);
    let tool = event.tool.as_deref().and_then(ToolName::parse).map_or(Value::None, Value::Tool);
    let (error, reason) = match context.stage {
        Stage::Faulted(word) => (Some(word), None),
        Stage::Refused(word) => (None, Some(word)),
        Stage::Received | Stage::Answered | Stage::Permitted => (None, None),
    };
    Span {
        step: context.trace,
        parent: context.caller_span.map(|caller| caller.span()),
        name: [Value::Word(context.verb.unwrap_or("HTTP")), path.into()],
        ended: context.gateway.clock.since_1970(),
        took: elapsed,
        error,
        attributes: vec![
            ("http.request.method", context.verb.into()),
            ("http.route", path.into()),
            ("http.response.status_code", context.status.map(u64::from).into()),
            ("mcp.method.name", event.method.into()),
            ("gen_ai.tool.name", tool),
            ("fhir_mcp.outcome", Value::Word(event.outcome)),
            ("fhir_mcp.reason", reason.into()),
            ("fhir_mcp.tool.outcome", event.report.map(|report| report.outcome.as_str()).into()),
            ("fhir_mcp.request.id", Value::Request(event.request_id.clone())),
        ],
    }
}

fn first_path(route: Route) -> Option<&'static str> {
    route.paths().first().copied()
}
