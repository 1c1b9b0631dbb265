//! What a request asks for, read from the body that will be forwarded and from nowhere else.
//!
//! Headers such as `Mcp-Method` can lie and are not looked at. The body is never rewritten, so core
//! parses the same bytes; whatever two parsers could read differently (a repeated key, an array in
//! place of an object, a batch, nesting that one of them gives up on, a name that one of them keeps for
//! itself) is refused here.

use std::borrow::Cow;
use std::fmt;

use serde::Deserialize;
use serde::de::IgnoredAny;
use serde_json::value::RawValue;

use crate::json;

mod depth;

/// One JSON-RPC message of a client (MCP base protocol): a request or a notification.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct McpCall {
    id: Option<CallId>,
    action: Action,
}

/// What the message wants done.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Action {
    /// `tools/call`, and of which tool.
    CallTool(ToolName),
    /// `tools/list`.
    ListTools,
    /// A method that every principal may use: it answers without anybody's data, or with what the tools
    /// give that the principal may call ([`Action::depends_on_tools`]).
    Open(OpenMethod),
    /// Anything else: open to nobody.
    Unknown,
}

macro_rules! open_methods {
    ($($(#[$doc:meta])* $name:ident = $text:literal),* $(,)?) => {
        /// The methods that every principal may use.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub enum OpenMethod {
            $($(#[$doc])* $name),*
        }

        impl OpenMethod {
            /// Every one of them.
            pub const ALL: &[Self] = &[$(Self::$name),*];

            /// The method's name on the wire.
            pub const fn as_str(self) -> &'static str {
                match self {
                    $(Self::$name => $text),*
                }
            }
        }
    };
}

open_methods! {
    /// The handshake of the revisions before 2026-07-28.
    Initialize = "initialize",
    /// Its end.
    Initialized = "notifications/initialized",
    /// A request is not waited for any more.
    Cancelled = "notifications/cancelled",
    /// Progress of something that the client does.
    Progress = "notifications/progress",
    /// The client's roots changed; nobody here looks at them.
    RootsChanged = "notifications/roots/list_changed",
    /// Is anybody there?
    Ping = "ping",
    /// The discovery of 2026-07-28.
    Discover = "server/discover",
    /// The public documents: schemas, guides and the permission model.
    ListResources = "resources/list",
    /// The same, by template.
    ListResourceTemplates = "resources/templates/list",
    /// One public document.
    ReadResource = "resources/read",
    /// Prompts are words without anybody's data, shown to those who may call the tools in them.
    ListPrompts = "prompts/list",
    /// One of them.
    GetPrompt = "prompts/get",
    /// Suggestions for an argument of a prompt or of a resource template; ids only from a tool that the
    /// caller may call.
    Complete = "completion/complete",
}

/// A tool's name as the client wrote it: bounded, printable, not yet known to exist.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ToolName(String);

impl ToolName {
    /// 1 to 128 characters of `A-Za-z0-9_.-` (MCP 2026-07-28, tool names).
    pub fn parse(text: &str) -> Option<Self> {
        let allowed = |b: u8| b.is_ascii_alphanumeric() || b"_.-".contains(&b);
        ((1..=128).contains(&text.len()) && text.bytes().all(allowed))
            .then(|| Self(text.to_owned()))
    }

    /// The name.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for ToolName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// The id of a JSON-RPC request, to be echoed in an error: a string or a number (JSON-RPC 2.0 §4).
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(untagged)]
pub enum CallId {
    /// A number; JSON-RPC discourages fractions and MCP forbids them.
    Number(i64),
    /// A string of the client's choosing.
    Text(String),
}

impl From<&CallId> for serde_json::Value {
    fn from(id: &CallId) -> Self {
        match id {
            CallId::Number(number) => Self::from(*number),
            CallId::Text(text) => Self::from(text.as_str()),
        }
    }
}

/// The body is not one well-formed JSON-RPC message.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the body is not one JSON-RPC 2.0 request or notification")]
pub struct MalformedCall;

#[derive(Deserialize)]
struct Envelope<'a> {
    #[serde(borrow)]
    jsonrpc: Cow<'a, str>,
    #[serde(default, deserialize_with = "present")]
    id: Option<CallId>,
    #[serde(borrow)]
    method: Cow<'a, str>,
    #[serde(borrow)]
    params: Option<&'a RawValue>,
}

/// The members that select what is done; named so that a repetition of one is an error.
#[derive(Deserialize)]
struct Params<'a> {
    #[serde(borrow)]
    name: Option<Cow<'a, str>>,
    #[serde(rename = "uri")]
    _uri: Option<IgnoredAny>,
    #[serde(rename = "arguments")]
    _arguments: Option<IgnoredAny>,
    #[serde(rename = "_meta")]
    _meta: Option<IgnoredAny>,
}

/// An `id` that is there must be a string or a number: `null` is no id (MCP base protocol).
fn present<'de, D: serde::Deserializer<'de>>(from: D) -> Result<Option<CallId>, D::Error> {
    CallId::deserialize(from).map(Some)
}

impl McpCall {
    /// Reads one message; batches were removed from MCP in 2025-06-18 and are refused, and so is
    /// whatever is nested deeper than 64 levels: core's own parser would give it up later.
    pub fn parse(body: &[u8]) -> Result<Self, MalformedCall> {
        if depth::is_too_deep(body) {
            return Err(MalformedCall);
        }
        let envelope: Envelope<'_> = json::object(body).ok_or(MalformedCall)?;
        if envelope.jsonrpc != "2.0" {
            return Err(MalformedCall);
        }
        let name = match envelope.params {
            None => None,
            Some(raw) => {
                let params: Params<'_> = json::object(raw.get().as_bytes()).ok_or(MalformedCall)?;
                params.name
            }
        };
        let action = Action::of(&envelope.method, name.as_deref())?;
        Ok(Self { id: envelope.id, action })
    }

    /// What it wants done.
    pub const fn action(&self) -> &Action {
        &self.action
    }

    /// The request's id; none for a notification.
    pub const fn id(&self) -> Option<&CallId> {
        self.id.as_ref()
    }

    /// The tool, if it calls one.
    pub const fn tool(&self) -> Option<&ToolName> {
        match &self.action {
            Action::CallTool(tool) => Some(tool),
            Action::ListTools | Action::Open(_) | Action::Unknown => None,
        }
    }

    /// The method, from a closed set: fit for a log field and a metric label.
    pub const fn method(&self) -> &'static str {
        match &self.action {
            Action::CallTool(_) => "tools/call",
            Action::ListTools => "tools/list",
            Action::Open(method) => method.as_str(),
            Action::Unknown => "unknown",
        }
    }
}

impl Action {
    /// Whether core has to know which tools the caller may call, to answer with no more than these give.
    pub const fn depends_on_tools(&self) -> bool {
        use OpenMethod::{Complete, GetPrompt, ListPrompts};
        matches!(self, Self::ListTools | Self::Open(ListPrompts | GetPrompt | Complete))
    }

    fn of(method: &str, name: Option<&str>) -> Result<Self, MalformedCall> {
        match method {
            "tools/call" => {
                let tool = name.and_then(ToolName::parse).ok_or(MalformedCall)?;
                Ok(Self::CallTool(tool))
            }
            "tools/list" => Ok(Self::ListTools),
            other => {
                let open = OpenMethod::ALL.iter().find(|known| known.as_str() == other);
                Ok(open.map_or(Self::Unknown, |known| Self::Open(*known)))
            }
        }
    }
}

#[cfg(test)]
mod tests;
