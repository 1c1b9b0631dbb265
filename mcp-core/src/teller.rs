//! What an OpenTelemetry collector is told of a tool call: the step after the gateway's.

use std::sync::Arc;
use std::time::Duration;

use authz::trace::TraceParent;
use spans::{Exporter, Span, Value};

use crate::caller::{Caller, Clock};
use crate::outcome::report;
use crate::tools::Entry;
use crate::tools::answered::Answered;
use crate::tools::error::ToolError;

/// Makes spans of tool calls.
#[derive(Clone)]
pub(crate) struct Teller {
    exporter: Exporter,
    clock: Clock,
}

impl std::fmt::Debug for Teller {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Teller").finish_non_exhaustive()
    }
}

impl Teller {
    /// Through this exporter, by the wall clock.
    pub(crate) fn new(exporter: Exporter) -> Self {
        Self { exporter, clock: Arc::new(jiff::Timestamp::now) }
    }

    /// Where spans are handed in.
    pub(crate) const fn exporter(&self) -> &Exporter {
        &self.exporter
    }

    /// Tells of one tool call that has just ended.
    pub(crate) fn tell(
        &self,
        caller: &Caller,
        entry: &Entry,
        outcome: &Result<Answered, ToolError>,
        took: Duration,
    ) {
        let gateway = caller.step();
        let step = TraceParent::after(gateway, (rand::random(), rand::random()));
        let reason = outcome.as_ref().err();
        let (error, reason) = match reason {
            Some(broken) if broken.is_fault() => (Some(broken.code()), None),
            Some(refused) => (None, Some(refused.code())),
            None => (None, None),
        };
        let report = report(outcome);
        let ended = Duration::try_from((self.clock)().as_duration()).unwrap_or_default();
        self.exporter.export(Span {
            step,
            parent: gateway.map(|gateway| gateway.span()),
            name: [Value::Word("tools/call"), Value::Word(entry.name)],
            ended,
            took,
            error,
            attributes: vec![
                ("mcp.method.name", Value::Word("tools/call")),
                ("gen_ai.tool.name", Value::Word(entry.name)),
                ("fhir_mcp.tool.outcome", Value::Word(report.outcome.as_str())),
                ("fhir_mcp.reason", reason.into()),
                ("fhir_mcp.backend.duration_ms", Value::Number(caller.waited().milliseconds())),
                ("fhir_mcp.request.id", Value::Request(caller.request_id().clone())),
            ],
        });
    }
}
