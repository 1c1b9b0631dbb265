//! An answer that is told in events: what went out of it, and its last event when it cannot go on.

use authz::ids::RequestId;
use authz::mcp_call::CallId;
use bytes::Bytes;
use http::header::{CONTENT_LENGTH, CONTENT_TYPE};
use pingora::http::ResponseHeader;
use serde_json::{Value, json};

use crate::fault::Fault;

/// JSON-RPC 2.0 §5.1: internal error.
const INTERNAL_ERROR: i64 = -32603;

/// How far a stream of events has come.
#[derive(Debug, Default)]
pub(crate) struct EventStream {
    passed: usize,
    end: [u8; 2],
}

impl EventStream {
    /// The stream that begins with this head; nothing if the answer is of another kind.
    pub(crate) fn of(answer: &ResponseHeader) -> Option<Self> {
        let media = answer.headers.get(CONTENT_TYPE)?;
        let has_events =
            media == "text/event-stream" && !answer.headers.contains_key(CONTENT_LENGTH);
        has_events.then(Self::default)
    }

    /// So much more of it goes out.
    pub(crate) fn pass(&mut self, chunk: &[u8]) {
        self.passed += chunk.len();
        for byte in chunk.iter().skip(chunk.len().saturating_sub(2)) {
            self.end = [self.end[1], *byte];
        }
    }

    /// Whether the client, who was sent `written` bytes, stands between two events: what is told then
    /// is read as an event, and not as the rest of one.
    pub(crate) fn is_between_events(&self, written: usize) -> bool {
        self.passed == written && (self.passed == 0 || self.end == *b"\n\n")
    }
}

/// The event by which a call is told that there will be no answer (MCP, Streamable HTTP): a JSON-RPC
/// error with its id, and the problem that it would have got before the stream began.
pub(crate) fn last_event(call: &CallId, fault: &Fault, id: &RequestId) -> Bytes {
    let problem = fault.problem(id);
    let message = problem.get("detail").cloned().unwrap_or_default();
    let error = json!({"code": INTERNAL_ERROR, "message": message, "data": problem});
    let told = json!({"jsonrpc": "2.0", "id": Value::from(call), "error": error});
    Bytes::from(format!("event: message\ndata: {told}\n\n"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn head(fields: &[(&'static str, &str)]) -> ResponseHeader {
        let mut head = ResponseHeader::build(200, None).unwrap();
        for (name, value) in fields {
            head.insert_header(*name, *value).unwrap();
        }
        head
    }

    #[test]
    fn only_a_stream_of_events_without_a_length_may_be_told_one_more() {
        let events = ("content-type", "text/event-stream");
        assert!(EventStream::of(&head(&[events])).is_some());
        assert!(EventStream::of(&head(&[events, ("content-length", "7")])).is_none());
        assert!(EventStream::of(&head(&[("content-type", "application/json")])).is_none());
        assert!(EventStream::of(&head(&[])).is_none());
    }

    #[test]
    fn between_events_is_after_a_blank_line_that_the_client_has_got() {
        let mut stream = EventStream::default();
        assert!(stream.is_between_events(0));
        for (chunk, is_between) in
            [("data: a\n", false), ("\n", true), ("", true), (":\n\n", true), ("data", false)]
        {
            stream.pass(chunk.as_bytes());
            assert_eq!(stream.is_between_events(stream.passed), is_between, "{chunk:?}");
        }
        stream.pass(b"\n\n");
        assert!(!stream.is_between_events(stream.passed - 2), "not all of it went out");
    }

    #[test]
    fn the_last_event_is_one_error_for_the_call_in_one_line() {
        let request = RequestId::from_random([7; 16]);
        let event = last_event(&CallId::Text("a\n\nb".to_owned()), &Fault::CoreLate, &request);
        let text = std::str::from_utf8(&event).unwrap();
        let data =
            text.strip_prefix("event: message\ndata: ").unwrap().strip_suffix("\n\n").unwrap();
        assert!(!data.contains('\n'));
        let told: Value = serde_json::from_str(data).unwrap();
        assert_eq!((&told["id"], &told["error"]["code"]), (&json!("a\n\nb"), &json!(-32603)));
        assert_eq!(told["error"]["data"]["title"], "core_late");
    }
}
