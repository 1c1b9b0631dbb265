//! Who calls: nobody, unless the hop header opens. One layer in front of everything reads the body,
//! opens the header for exactly that body, and puts a typed [`Caller`] into the request.

use std::fmt;
use std::panic::AssertUnwindSafe;
use std::sync::{Arc, OnceLock};

use authz::hop::{self, HopClaims, HopSealer};
use authz::time::Timestamp;
use authz::tool_report::{self, ToolReport};
use authz::trace::{self, TraceId, TraceParent};
use axum::body::{Body, Bytes};
use axum::extract::{Request, State};
use axum::middleware::Next;
use axum::response::{IntoResponse as _, Response};
use futures::FutureExt as _;
use http::{HeaderMap, HeaderValue, StatusCode, header};
use http_body_util::{BodyExt as _, Limited};
use prometheus::IntCounter;
use tracing::{info, warn};

use crate::backend::inquiry::{BackendTime, TokenRefusal};

/// The largest request body, in bytes; the gateway lets no larger one through.
pub const LARGEST_BODY: usize = 4 << 20;

/// The caller of one request, as the gateway established it.
#[derive(Clone, Debug)]
pub struct Caller {
    claims: Arc<HopClaims>,
    refusal: TokenRefusal,
    admitted_at: Timestamp,
    step: Option<TraceParent>,
    waited: BackendTime,
    report: Arc<OnceLock<ToolReport>>,
}

impl Caller {
    /// What the gateway says about the caller.
    pub fn claims(&self) -> &HopClaims {
        &self.claims
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
        Some(Caller {
            claims: Arc::new(claims),
            refusal: TokenRefusal::default(),
            admitted_at,
            step,
            waited: BackendTime::default(),
            report: Arc::default(),
        })
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
    let mut response = next.run(Request::from_parts(parts, Body::from(body))).await;
    if caller.refusal.is_noted() {
        info!(
            request.id = caller.claims.request_id.as_str(),
            reason = "backend_token_refused",
            "the backend refused the token"
        );
        let mut refused = problem(StatusCode::UNAUTHORIZED);
        refused
            .headers_mut()
            .insert(hop::FAULT_HEADER, HeaderValue::from_static(hop::BACKEND_TOKEN_REFUSED));
        return refused;
    }
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

/// Problem details (RFC 9457) without any detail: whoever has no hop key learns nothing.
fn problem(status: StatusCode) -> Response {
    let title = status.canonical_reason().unwrap_or_default();
    let body =
        serde_json::json!({"type": "about:blank", "title": title, "status": status.as_u16()});
    let kind = [(header::CONTENT_TYPE, "application/problem+json")];
    (status, kind, body.to_string()).into_response()
}
