//! One event of the audit trail: who asked for what, about whom, and how it ended. Never arguments,
//! never bodies; every text is out of a closed set, checked, or a digest.

use std::net::IpAddr;

use authz::ids::RequestId;
use authz::trace::TraceId;
use serde::Serialize;

use super::pseudonym::Pseudonym;

/// One request, at its end.
#[derive(Clone, Debug, Serialize)]
pub struct AuditEvent {
    /// When, RFC 3339.
    pub time: String,
    /// Found again in the access line and in core's log.
    #[serde(rename = "request.id")]
    pub request_id: RequestId,
    /// The trace it belongs to.
    #[serde(rename = "trace.id", skip_serializing_if = "Option::is_none")]
    pub trace: Option<TraceId>,
    /// What was asked for.
    pub route: &'static str,
    /// Who, by the backend's `sub`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub subject: Option<String>,
    /// With which client, by its fingerprint.
    #[serde(rename = "client.id", skip_serializing_if = "Option::is_none")]
    pub client: Option<String>,
    /// The MCP method.
    #[serde(rename = "mcp.method", skip_serializing_if = "Option::is_none")]
    pub method: Option<&'static str>,
    /// The tool.
    #[serde(rename = "mcp.tool", skip_serializing_if = "Option::is_none")]
    pub tool: Option<String>,
    /// About whom, by pseudonym: the patients that the arguments name.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub patients: Vec<Pseudonym>,
    /// permitted, refused, answered, fault, abandoned.
    pub outcome: &'static str,
    /// The code word of a refusal or a fault.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reason: Option<&'static str>,
    /// The status that the client got.
    pub status: u16,
    /// From where, as the connection says. For FHIR's own format, which asks for it.
    #[serde(skip)]
    pub address: Option<IpAddr>,
}

/// The first line of each run of the program.
#[derive(Debug, Serialize)]
pub(super) struct Opened {
    pub(super) time: String,
    pub(super) found: Found,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) torn_bytes: Option<u64>,
}

/// The last line of a run that ended as it should.
#[derive(Debug, Serialize)]
pub(super) struct Closed {
    pub(super) time: String,
}

/// What the sink held when a run began.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Found {
    /// It cannot be read: the standard output, for instance.
    Stream,
    /// No line at all.
    Nothing,
    /// A chain, which is continued.
    Chain,
    /// A chain whose last line was cut short. It was left as it was, and the chain goes on from the
    /// last whole line.
    Torn,
    /// Lines whose digest does not hold under our key. A new chain begins.
    Unverified,
}
