//! How a tool call ended: one word for metrics and logs, one line for the log.

use std::panic::AssertUnwindSafe;
use std::time::Duration;

use futures::FutureExt as _;
use serde_json::Value;
use tracing::{info, warn};

use crate::asker::Asker;
use crate::caller::Caller;
use crate::tools::Entry;
use crate::tools::error::ToolError;

/// The word for an outcome in metrics and logs.
pub(crate) fn outcome_word(outcome: &Result<Value, ToolError>) -> &'static str {
    match outcome {
        Ok(answer) => match answer.get("status").and_then(Value::as_str) {
            Some("ok") => "ok",
            Some("partial") => "partial",
            _ => "unknown",
        },
        Err(error) if error.is_fault() => "fault",
        Err(_) => "refused",
    }
}

/// What a tool comes to; none if it panicked. Other calls do not notice.
pub(crate) async fn caught<T>(tool: impl Future<Output = T>) -> Option<T> {
    AssertUnwindSafe(tool).catch_unwind().await.ok()
}

/// One line for each tool call: which, for which request, how it ended. Never with what.
pub(crate) fn record(
    asker: Asker<'_>,
    entry: &Entry,
    outcome: &Result<Value, ToolError>,
    took: Duration,
) {
    let caller = asker.caller();
    let request = caller.map(|caller| caller.request_id().as_str());
    let trace = caller.and_then(Caller::trace).map(tracing::field::display);
    let elapsed = u64::try_from(took.as_millis()).unwrap_or(u64::MAX);
    let word = outcome_word(outcome);
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
    use super::*;

    #[tokio::test]
    async fn a_tool_that_panics_is_a_tool_without_an_answer() {
        assert_eq!(caught(async { 1 }).await, Some(1));
        assert_eq!(caught(async { panic!("canary") }).await, None::<()>);
    }
}
