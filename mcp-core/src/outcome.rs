//! How a tool call ended: one word for metrics and logs, one line for the log.

use std::panic::AssertUnwindSafe;
use std::time::Duration;

use authz::tool_report::{ToolOutcome, ToolReport};
use futures::FutureExt as _;
use serde_json::Value;
use tracing::{info, warn};

use crate::asker::Asker;
use crate::caller::Caller;
use crate::tools::Entry;
use crate::tools::answered::Answered;
use crate::tools::error::ToolError;

/// How the call ended, and how many records its answer holds, or counts.
pub(crate) fn report(outcome: &Result<Answered, ToolError>) -> ToolReport {
    let (outcome, count) = match outcome {
        Ok(Answered { answer, .. }) => {
            let outcome = match answer.get("status").and_then(Value::as_str) {
                Some("ok") => ToolOutcome::Ok,
                Some("partial") => ToolOutcome::Partial,
                _ => ToolOutcome::Unknown,
            };
            let count = ["returned", "count"].iter().find_map(|name| answer.get(*name)?.as_u64());
            (outcome, count)
        }
        Err(error) if error.is_fault() => (ToolOutcome::Fault, None),
        Err(_) => (ToolOutcome::Refused, None),
    };
    ToolReport { outcome, count }
}

/// What a tool comes to; none if it panicked. Other calls do not notice.
pub(crate) async fn caught<T>(tool: impl Future<Output = T>) -> Option<T> {
    AssertUnwindSafe(tool).catch_unwind().await.ok()
}

/// One line for each tool call: which, for which request, how it ended. Never with what.
pub(crate) fn record(
    asker: Asker<'_>,
    entry: &Entry,
    outcome: &Result<Answered, ToolError>,
    took: Duration,
) {
    let caller = asker.caller();
    let request = caller.map(|caller| caller.request_id().as_str());
    let trace = caller.and_then(Caller::trace).map(tracing::field::display);
    let elapsed = u64::try_from(took.as_millis()).unwrap_or(u64::MAX);
    let word = report(outcome).outcome.as_str();
    match outcome {
        Err(error) => {
            let reason = error.code();
            warn!(
                request.id = request,
                trace.id = trace,
                mcp.tool = entry.name,
                outcome = word,
                reason,
                elapsed_ms = elapsed,
                "a tool gave no answer"
            );
        }
        Ok(_) => {
            info!(
                request.id = request,
                trace.id = trace,
                mcp.tool = entry.name,
                outcome = word,
                elapsed_ms = elapsed,
                "a tool answered"
            );
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_report_has_the_number_of_records_and_no_more_of_the_answer() {
        let of = |answer: Value| report(&Ok(Answered { answer, pictures: Vec::new() })).to_string();
        assert_eq!(of(json!({"status": "ok", "returned": 7, "total": 900})), "ok 7");
        assert_eq!(of(json!({"status": "partial", "count": 12})), "partial 12");
        assert_eq!(of(json!({"status": "unknown", "returned": "Ada"})), "unknown");
        let refused = Err(ToolError::NotFoundOrNotAuthorized("patient"));
        assert_eq!(report(&refused).to_string(), "refused");
        assert_eq!(report(&Err(ToolError::Internal)).to_string(), "fault");
    }

    #[tokio::test]
    async fn a_tool_that_panics_is_a_tool_without_an_answer() {
        assert_eq!(caught(async { 1 }).await, Some(1));
        assert_eq!(caught(async { panic!("canary") }).await, None::<()>);
    }
}
