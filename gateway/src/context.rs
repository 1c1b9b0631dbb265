//! What is known about one request, from its header to its access line.

use std::time::Duration;

use authz::ids::{ClientRef, RequestId, Subject};
use http::HeaderValue;

use crate::fault::Stop;
use crate::forward::SealedHop;
use crate::introspection_cache::CacheKey;
use crate::rate_limit::{CallPlace, Exceeded};
use crate::route::Route;

/// How far a request came. It is exactly one of these, so that no record claims what did not happen.
#[derive(Debug)]
pub(crate) enum Stage {
    /// Nothing was decided yet.
    Received,
    /// A broker page, a document, a probe: answered here.
    Answered,
    /// Permitted, and forwarded.
    Permitted,
    /// Told no, by this code word.
    Refused(&'static str),
    /// Broken, by this kind.
    Faulted(&'static str),
}

impl Stage {
    /// The outcome for metrics and the audit trail.
    pub(crate) const fn outcome(&self) -> &'static str {
        match self {
            Self::Received => "abandoned",
            Self::Answered => "answered",
            Self::Permitted => "permitted",
            Self::Refused(_) => "refused",
            Self::Faulted(_) => "fault",
        }
    }

    /// The code word of a refusal or a fault.
    pub(crate) const fn reason(&self) -> Option<&'static str> {
        match self {
            Self::Refused(word) | Self::Faulted(word) => Some(word),
            Self::Received | Self::Answered | Self::Permitted => None,
        }
    }
}

/// One request.
#[derive(Debug)]
pub(crate) struct Context {
    /// Stands in every record about it.
    pub(crate) request_id: RequestId,
    /// When its header was complete, on the monotonic clock.
    pub(crate) started: Duration,
    /// What it is for.
    pub(crate) route: Option<Route>,
    /// The page elsewhere, of an allowed origin, that may read the answer.
    pub(crate) page: Option<HeaderValue>,
    /// How far it came.
    pub(crate) stage: Stage,
    /// The status that was written, once it was.
    pub(crate) status: Option<u16>,
    /// Who calls, once the seal was opened.
    pub(crate) caller: Option<(Subject, ClientRef)>,
    /// The client alone, where nobody is logged in yet.
    pub(crate) client: Option<ClientRef>,
    /// The step of a login.
    pub(crate) step: Option<&'static str>,
    /// The MCP method, out of a closed set.
    pub(crate) method: Option<&'static str>,
    /// The tool, if the policy knows it.
    pub(crate) tool: Option<String>,
    /// What goes to core beside the body.
    pub(crate) hop: Option<SealedHop>,
    /// Under which key introspection is cached, to forget it when the backend refuses the token.
    pub(crate) cached_under: Option<CacheKey>,
    /// Whether a second connection to core was tried.
    pub(crate) redialled: bool,
    /// Why the answer of core is replaced.
    pub(crate) stop: Option<Stop>,
    /// The limit that was exceeded.
    pub(crate) limit: Option<Exceeded>,
    /// The caller's place among its calls under way.
    pub(crate) place: Option<CallPlace>,
    /// Counts the request while it is being answered.
    pub(crate) counted: Option<Counted>,
}

impl Context {
    /// A request that has just arrived.
    pub(crate) fn new(request_id: RequestId, started: Duration) -> Self {
        Self {
            request_id,
            started,
            route: None,
            page: None,
            stage: Stage::Received,
            status: None,
            caller: None,
            client: None,
            step: None,
            method: None,
            tool: None,
            hop: None,
            cached_under: None,
            redialled: false,
            stop: None,
            limit: None,
            place: None,
            counted: None,
        }
    }
}

/// Counts a request while it is being answered.
#[derive(Debug)]
pub(crate) struct Counted(prometheus::IntGauge);

impl Counted {
    pub(crate) fn enter(gauge: &prometheus::IntGauge) -> Self {
        gauge.inc();
        Self(gauge.clone())
    }
}

impl Drop for Counted {
    fn drop(&mut self) {
        self.0.dec();
    }
}
