//! Who calls: nobody, unless the hop header opens. One layer in front of everything reads the body,
//! opens the header for exactly that body, and puts a typed [`Caller`] into the request. Without a
//! gateway, in [`crate::stdio`], the layer is another one, and the caller is whoever is logged in there.

use std::fmt;
use std::panic::AssertUnwindSafe;
use std::sync::{Arc, OnceLock};

use authz::hop::{self, HopBackend, HopClaims, HopSealer};
use authz::ids::{RequestId, Subject};
use authz::scope::Scope;
use authz::secret::BackendToken;
use authz::time::Timestamp;
use authz::tool_report::{self, ToolReport};
use authz::trace::{self, TraceId, TraceParent};
use axum::body::{Body, Bytes};
use axum::extract::{Request, State};
use axum::middleware::Next;
use axum::response::Response;
use futures::FutureExt as _;
use http::{HeaderMap, HeaderValue, StatusCode};
use http_body_util::{BodyExt as _, Limited};
use prometheus::IntCounter;
use tracing::{info, warn};

use crate::backend::inquiry::{BackendTime, TokenRefusal};
use crate::login::Live;
use crate::permitted::Permitted;
use crate::refusal::{self, problem};

/// The largest request body, in bytes; the gateway lets no larger one through.
pub const LARGEST_BODY: usize = 4 << 20;

/// The caller of one request. It comes from a hop that opened ([`admit`]), or from the login of the one
/// person whom [`crate::stdio`] serves ([`Caller::logged_in`]), and from nowhere else.
#[derive(Clone, Debug)]
pub struct Caller {
    known: Arc<Known>,
    refusal: TokenRefusal,
    admitted_at: Timestamp,
    step: Option<TraceParent>,
    waited: BackendTime,
    report: Arc<OnceLock<ToolReport>>,
}

/// What whoever vouches for a caller says of it.
#[derive(Debug)]
struct Known {
    subject: Subject,
    backend: HopBackend,
    token: BackendToken,
    /// What the gateway granted; without one nothing is narrowed.
    scope: Option<Scope>,
    permitted: Permitted,
    request_id: RequestId,
}

impl From<HopClaims> for Known {
    fn from(claims: HopClaims) -> Self {
        let HopClaims { subject, scope, backend, backend_token, request_id, tools, .. } = claims;
        let permitted = Permitted::Only(tools.unwrap_or_default());
        Self { subject, backend, token: backend_token, scope: Some(scope), permitted, request_id }
    }
}

impl Caller {
    /// The person who is logged in at this backend, for one request of theirs.
    pub fn logged_in(
        live: &Live,
        backend: HopBackend,
        request_id: RequestId,
        admitted_at: Timestamp,
    ) -> Self {
        let (subject, token) = (live.subject().clone(), live.token().clone());
        let permitted = Permitted::All;
        let known = Known { subject, backend, token, scope: None, permitted, request_id };
        Self::of(known, admitted_at, None)
    }

    fn of(known: Known, admitted_at: Timestamp, step: Option<TraceParent>) -> Self {
        let known = Arc::new(known);
        let (refusal, waited, report) = Default::default();
        Self { known, refusal, admitted_at, step, waited, report }
    }

    /// Who it is.
    pub fn subject(&self) -> &Subject {
        &self.known.subject
    }

    /// Where to ask.
    pub fn backend(&self) -> &HopBackend {
        &self.known.backend
    }

    /// What to ask with.
    pub fn token(&self) -> &BackendToken {
        &self.known.token
    }

    /// The scope that the gateway granted; none where no gateway stands in front.
    pub fn scope(&self) -> Option<&Scope> {
        self.known.scope.as_ref()
    }

    /// Which tools it is shown.
    pub fn permitted(&self) -> &Permitted {
        &self.known.permitted
    }

    /// Found again in the records.
    pub fn request_id(&self) -> &RequestId {
        &self.known.request_id
    }

    /// When the request was admitted.
    pub const fn admitted_at(&self) -> Timestamp {
        self.admitted_at
    }

    /// The trace that the request belongs to, as the gateway names it.
    pub fn trace(&self) -> Option<TraceId> {
        self.step.map(|step| step.trace())
    }

    /// The gateway's step of that trace.
    pub const fn step(&self) -> Option<TraceParent> {
        self.step
    }

    /// Where it is noted how long the backend was waited for.
    pub const fn waited(&self) -> &BackendTime {
        &self.waited
    }

    /// Says how the tool call ended, for the gateway's records.
    pub fn report(&self, report: ToolReport) {
        // There is one tool call in a request.
        let _once = self.report.set(report);
    }

    /// Where it is noted that the backend refused the caller's token.
    pub const fn refusal(&self) -> &TokenRefusal {
        &self.refusal
    }
}

/// Where the time comes from: the wall clock, or a test's own.
pub type Clock = Arc<dyn Fn() -> jiff::Timestamp + Send + Sync>;

/// Lets only requests of the gateway through.
#[derive(Clone)]
pub struct Gate {
    sealer: Arc<HopSealer>,
    clock: Clock,
    panics: Option<IntCounter>,
}

impl fmt::Debug for Gate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Gate").finish_non_exhaustive()
    }
}

impl Gate {
    /// A gate for requests sealed under this key, by the wall clock.
    pub fn new(sealer: HopSealer) -> Self {
        Self { sealer: Arc::new(sealer), clock: Arc::new(jiff::Timestamp::now), panics: None }
    }

    /// The same gate, counting the requests that end in a panic.
    #[must_use]
    pub fn counting(self, panics: IntCounter) -> Self {
        Self { panics: Some(panics), ..self }
    }

    /// The same gate by another clock.
    #[must_use]
    pub fn with_clock(&self, clock: Clock) -> Self {
        Self { sealer: Arc::clone(&self.sealer), clock, panics: self.panics.clone() }
    }

    fn now(&self) -> Timestamp {
        let seconds = (self.clock)().as_second();
        Timestamp::from_unix_seconds(u64::try_from(seconds).unwrap_or_default())
    }

    fn open(&self, headers: &HeaderMap, body: &[u8]) -> Option<Caller> {
        let mut values = headers.get_all(hop::HEADER).iter();
        let (value, None) = (values.next()?, values.next()) else { return None };
        let admitted_at = self.now();
        let claims = self.sealer.open(value.to_str().ok()?, body, admitted_at).ok()?;
        let step = headers.get(trace::HEADER);
        let step = step.and_then(|value| TraceParent::parse(value.as_bytes()));
        Some(Caller::of(claims.into(), admitted_at, step))
    }
}

/// The layer. A panic behind it, or in it, is that request's own and is answered.
pub async fn admit(State(gate): State<Arc<Gate>>, request: Request, next: Next) -> Response {
    let panics = gate.panics.clone();
    let answered = AssertUnwindSafe(guarded(gate, request, next)).catch_unwind().await;
    answered.unwrap_or_else(|_| {
        panics.iter().for_each(IntCounter::inc);
        problem(StatusCode::INTERNAL_SERVER_ERROR)
    })
}

async fn guarded(gate: Arc<Gate>, request: Request, next: Next) -> Response {
    let (mut parts, body) = request.into_parts();
    let Some(body) = read(body).await else {
        return problem(StatusCode::PAYLOAD_TOO_LARGE);
    };
    let Some(caller) = gate.open(&parts.headers, &body) else {
        warn!(reason = "hop_refused", "refused a request");
        return problem(StatusCode::UNAUTHORIZED);
    };
    parts.headers.remove(hop::HEADER);
    parts.extensions.insert(caller.clone());
    let response = next.run(Request::from_parts(parts, Body::from(body))).await;
    if caller.refusal.is_noted() {
        info!(
            request.id = caller.request_id().as_str(),
            reason = "backend_token_refused",
            "the backend refused the token"
        );
        let mut refused = problem(StatusCode::UNAUTHORIZED);
        refused
            .headers_mut()
            .insert(hop::FAULT_HEADER, HeaderValue::from_static(hop::BACKEND_TOKEN_REFUSED));
        return refused;
    }
    let mut response = refusal::plainly(response).await;
    // An answer that is streamed has begun before anybody knows how it ends.
    if let Some(report) = caller.report.get()
        && let Ok(value) = HeaderValue::try_from(report.to_string())
    {
        response.headers_mut().insert(tool_report::HEADER, value);
    }
    response
}

async fn read(body: Body) -> Option<Bytes> {
    Limited::new(body, LARGEST_BODY).collect().await.ok().map(http_body_util::Collected::to_bytes)
}
