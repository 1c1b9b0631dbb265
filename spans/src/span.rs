//! What is said about one request.

use std::time::Duration;

use authz::ids::RequestId;
use authz::mcp_call::ToolName;
use authz::trace::{SpanId, TraceParent};
use http::Method;

/// One request, served.
#[derive(Clone, Debug)]
pub struct Span {
    /// Our step of the trace.
    pub step: TraceParent,
    /// The step before it, if somebody named one.
    pub parent: Option<SpanId>,
    /// What was done, in up to two words such as `tools/call` and the tool.
    pub name: [Value; 2],
    /// When it ended, since 1970.
    pub ended: Duration,
    /// How long it took.
    pub took: Duration,
    /// The code word of what broke. A refusal is no error of a server's (OpenTelemetry, HTTP spans).
    pub error: Option<&'static str>,
    /// What else is known, under names of the semantic conventions where they have one.
    pub attributes: Vec<(&'static str, Value)>,
}

/// A value that cannot hold what a stranger wrote, beyond a name that was checked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Value {
    /// Nothing; it is left out.
    None,
    /// A word of ours.
    Word(&'static str),
    /// A number.
    Number(u64),
    /// A tool that the policy names.
    Tool(ToolName),
    /// The request, as it stands in every other record.
    Request(RequestId),
}

impl From<Option<&'static str>> for Value {
    fn from(word: Option<&'static str>) -> Self {
        word.map_or(Self::None, Self::Word)
    }
}

impl From<Option<u64>> for Value {
    fn from(number: Option<u64>) -> Self {
        number.map_or(Self::None, Self::Number)
    }
}

impl Value {
    /// The value as text; nothing is none.
    pub(crate) fn text(&self) -> Option<String> {
        match self {
            Self::None => None,
            Self::Word(word) => Some((*word).to_owned()),
            Self::Number(number) => Some(number.to_string()),
            Self::Tool(name) => Some(name.to_string()),
            Self::Request(id) => Some(id.to_string()),
        }
    }
}

/// A method by a word of ours: whatever is no usual one is `_OTHER`, as the conventions have it.
pub fn verb(method: &Method) -> &'static str {
    const USUAL: [&str; 7] = ["GET", "POST", "HEAD", "OPTIONS", "PUT", "PATCH", "DELETE"];
    USUAL.into_iter().find(|usual| *usual == method.as_str()).unwrap_or("_OTHER")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_method_that_somebody_invented_is_other() {
        assert_eq!(verb(&Method::POST), "POST");
        assert_eq!(verb(&Method::from_bytes(b"CANARY").unwrap()), "_OTHER");
    }
}
