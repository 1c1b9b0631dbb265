//! What is known about one request, from its header to its access line.

use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use authz::broker::no_grant::Why;
use authz::ids::{ClientRef, RequestId, Subject};
use authz::mcp_call::CallId;
use authz::tool_report::ToolReport;
use authz::trace::{self, TraceParent};
use http::{HeaderMap, HeaderValue, Method};

use crate::audit::{AuditTrail, Pseudonym};
use crate::client_fetch::NoDocument;
use crate::event_stream::EventStream;
use crate::fault::Stop;
use crate::forward::SealedHop;
use crate::introspection_cache::CacheKey;
use crate::live::Generation;
use crate::rate_limit::{CallPlace, Limited};
use crate::record;
use crate::route::Route;
use crate::upstream_time::UpstreamTime;

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

/// Why a step of a login failed, for the records alone.
#[derive(Clone, Copy, Debug, thiserror::Error)]
pub(crate) enum LoginFailure {
    /// A code or a refresh token bought nothing.
    #[error(transparent)]
    Grant(#[from] Why),
    /// There is no client document.
    #[error(transparent)]
    Document(#[from] NoDocument),
}

/// One request.
#[derive(Debug)]
pub(crate) struct Context {
    /// The configuration that it began under, and ends under.
    pub(crate) gateway: Arc<Generation>,
    /// Stands in every record about it.
    pub(crate) request_id: RequestId,
    /// Our step of the trace that it belongs to.
    pub(crate) trace: TraceParent,
    /// The step before ours, if the client named one.
    pub(crate) caller_span: Option<TraceParent>,
    /// When its header was complete, on the monotonic clock.
    pub(crate) started: Duration,
    /// How long others took for it.
    pub(crate) upstream: UpstreamTime,
    /// Where it is recorded if it ends otherwise than all requests should.
    pub(crate) trail: Option<AuditTrail>,
    /// How it asks, by a word of ours.
    pub(crate) verb: Option<&'static str>,
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
    /// Why a login failed, in more words than whoever logs in is told.
    pub(crate) why: Option<LoginFailure>,
    /// The MCP method, out of a closed set.
    pub(crate) method: Option<&'static str>,
    /// The tool, if the policy knows it.
    pub(crate) tool: Option<String>,
    /// The patients that the arguments name, by pseudonym.
    pub(crate) patients: Vec<Pseudonym>,
    /// How many more of them there are.
    pub(crate) patients_more: usize,
    /// What core said of the tool call.
    pub(crate) report: Option<ToolReport>,
    /// From where, as the connection says.
    pub(crate) address: Option<IpAddr>,
    /// What goes to core beside the body.
    pub(crate) hop: Option<SealedHop>,
    /// Under which key introspection is cached, to forget it when the backend refuses the token.
    pub(crate) cached_under: Option<CacheKey>,
    /// The core that it was last to be sent to.
    pub(crate) dialled: Option<SocketAddr>,
    /// Whether a second connection to core was tried.
    pub(crate) redialled: bool,
    /// The id of the call, for the error that ends its stream.
    pub(crate) call: Option<CallId>,
    /// How far the answer has come, if it is a stream of events.
    pub(crate) events: Option<EventStream>,
    /// Why the answer of core is replaced.
    pub(crate) stop: Option<Stop>,
    /// What the limits said.
    pub(crate) limited: Limited,
    /// The caller's place among its calls under way.
    pub(crate) place: Option<CallPlace>,
    /// Counts the request while it is being answered.
    _counted: Counted,
    /// Its place among the requests at work.
    pub(crate) at_work: Option<Counted>,
}

impl Context {
    /// A request whose header has just arrived.
    pub(crate) fn new(request_id: RequestId, gateway: Arc<Generation>) -> Self {
        let started = gateway.clock.monotonic();
        let counted = Counted::enter(&gateway.metrics.in_flight);
        Self {
            gateway,
            request_id,
            trace: record::next_span(None),
            caller_span: None,
            started,
            upstream: UpstreamTime::default(),
            trail: None,
            verb: None,
            route: None,
            page: None,
            stage: Stage::Received,
            status: None,
            caller: None,
            client: None,
            step: None,
            why: None,
            method: None,
            tool: None,
            patients: Vec::new(),
            patients_more: 0,
            report: None,
            address: None,
            hop: None,
            cached_under: None,
            dialled: None,
            redialled: false,
            call: None,
            events: None,
            stop: None,
            limited: Limited::default(),
            place: None,
            _counted: counted,
            at_work: None,
        }
    }
}

impl Context {
    /// The core to try next.
    pub(crate) fn next_core(&mut self) -> Option<SocketAddr> {
        self.dialled = self.gateway.core.pick(self.dialled);
        self.dialled
    }

    /// How long core may still take for it; the deadline counts from the request's header.
    pub(crate) fn call_time_left(&self) -> Duration {
        let elapsed = self.gateway.clock.monotonic().saturating_sub(self.started);
        self.gateway.config.server.deadlines.call.saturating_sub(elapsed)
    }

    /// Notes how it asks, and goes on with the client's trace, if it named exactly one.
    pub(crate) fn read_head(&mut self, method: &Method, headers: &HeaderMap) {
        self.verb = Some(spans::verb(method));
        let mut named = headers.get_all(trace::HEADER).iter();
        if let (Some(one), None) = (named.next(), named.next()) {
            self.caller_span = TraceParent::parse(one.as_bytes());
            self.trace = record::next_span(self.caller_span);
        }
    }
}

/// A request that was cut off in the middle, by a panic or at the end of the program, is recorded all
/// the same.
impl Drop for Context {
    fn drop(&mut self) {
        if let Some(trail) = self.trail.take() {
            record::cut(&trail, self);
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
