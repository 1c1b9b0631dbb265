//! What can break, whose it is, and what the client is told: never more than that it broke.

use std::sync::Arc;
use std::time::Duration;

use authz::ids::RequestId;
use authz::rejection::Rejection;
use serde_json::{Value, json};

mod code;

pub use code::FaultCode;

/// How long a client should wait before it tries again.
pub const RETRY_AFTER: Duration = Duration::from_secs(5);

/// Something broke. The cause is logged once; the client gets the status and the kind.
#[derive(Clone, Debug, thiserror::Error)]
pub enum Fault {
    /// The backend cannot be reached.
    #[error("the backend cannot be reached")]
    BackendUnreachable(#[source] Arc<reqwest::Error>),
    /// The backend did not answer within its deadline.
    #[error("the backend did not answer in time")]
    BackendLate,
    /// The backend answered with something that proves nothing.
    #[error("the backend's answer cannot be used: {0}")]
    BackendAnswer(&'static str),
    /// The backend refused our own client: the configuration is wrong.
    #[error("the backend refused this gateway's own credentials")]
    BackendRefusedUs,
    /// Too many questions to the backend wait already.
    #[error("too many questions to the backend wait already")]
    BackendBusy,
    /// The backend has failed so often in a row that it is asked no more than once a second.
    #[error("the backend has failed too often in a row to be asked again yet")]
    BackendSpared,
    /// Core's name has no address.
    #[error("the address of mcp-core is not known")]
    CoreUnresolved,
    /// Core cannot be reached.
    #[error("mcp-core cannot be reached")]
    CoreUnreachable,
    /// Core is there, and not the one that `core.tls` describes; says in which way.
    #[error("no TLS connection to mcp-core: {0}")]
    CoreUntrusted(&'static str),
    /// Core did not answer within its deadline.
    #[error("mcp-core did not answer in time")]
    CoreLate,
    /// Core broke, or answered with what no client may see.
    #[error("mcp-core answered with status {0}")]
    CoreAnswer(u16),
    /// Core's answer broke off, or was no HTTP.
    #[error("mcp-core's answer broke off")]
    CoreBroken,
    /// Core did not open the hop: the two programs hold different keys or clocks.
    #[error("mcp-core did not accept the hop; compare hop keys and clocks")]
    CoreRefusedHop,
    /// What cannot be recorded is not done.
    #[error("the audit trail cannot be written")]
    AuditUnwritable,
    /// We broke.
    #[error("the gateway failed: {0}")]
    Internal(&'static str),
}

impl Fault {
    /// What kind of fault it is.
    pub const fn code(&self) -> FaultCode {
        match self {
            Self::BackendUnreachable(_) => FaultCode::BackendUnreachable,
            Self::BackendLate => FaultCode::BackendLate,
            Self::BackendAnswer(_) => FaultCode::BackendAnswer,
            Self::BackendRefusedUs => FaultCode::BackendRefusedUs,
            Self::BackendBusy => FaultCode::BackendBusy,
            Self::BackendSpared => FaultCode::BackendSpared,
            Self::CoreUnresolved => FaultCode::CoreUnresolved,
            Self::CoreUnreachable => FaultCode::CoreUnreachable,
            Self::CoreUntrusted(_) => FaultCode::CoreUntrusted,
            Self::CoreLate => FaultCode::CoreLate,
            Self::CoreAnswer(_) => FaultCode::CoreAnswer,
            Self::CoreBroken => FaultCode::CoreBroken,
            Self::CoreRefusedHop => FaultCode::CoreRefusedHop,
            Self::AuditUnwritable => FaultCode::AuditUnwritable,
            Self::Internal(_) => FaultCode::Internal,
        }
    }

    /// Whose fault: the label `peer`.
    pub const fn peer(&self) -> &'static str {
        self.code().peer()
    }

    /// The code word: metric label, log field, problem type.
    pub const fn kind(&self) -> &'static str {
        self.code().as_str()
    }

    /// The HTTP status: 502 answered badly, 503 cannot know, 504 late.
    pub const fn status(&self) -> u16 {
        self.code().status()
    }

    /// The problem (RFC 9457) that a client gets.
    pub fn problem(&self, request_id: &RequestId) -> Value {
        json!({
            "type": format!("urn:fhir-mcp-gateway:problem:{}", self.kind()),
            "title": self.kind(),
            "status": self.status(),
            "detail": "Something behind this gateway is not working. Your login is still good; \
                       try again shortly.",
            "request_id": request_id.as_str(),
        })
    }
}

impl From<reqwest::Error> for Fault {
    fn from(error: reqwest::Error) -> Self {
        if error.is_timeout() {
            Self::BackendLate
        } else {
            // The URL names endpoints of the backend's; a log needs the cause, not the address.
            Self::BackendUnreachable(Arc::new(error.without_url()))
        }
    }
}

/// Why a request goes no further.
#[derive(Clone, Debug)]
pub enum Stop {
    /// It is told no.
    Refuse(Rejection),
    /// Something broke.
    Fault(Fault),
}

impl From<Rejection> for Stop {
    fn from(rejection: Rejection) -> Self {
        Self::Refuse(rejection)
    }
}

impl From<authz::rejection::RejectionCode> for Stop {
    fn from(code: authz::rejection::RejectionCode) -> Self {
        Self::Refuse(Rejection::new(code))
    }
}

impl From<Fault> for Stop {
    fn from(fault: Fault) -> Self {
        Self::Fault(fault)
    }
}
