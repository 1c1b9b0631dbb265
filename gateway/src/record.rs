//! What is written down about each request, at its end: one access line, the counters, one audit
//! event.

use std::sync::Arc;
use std::time::Duration;

use authz::ids::RequestId;
use authz::trace::TraceParent;

use crate::audit::{AuditEvent, AuditTrail, rfc3339};
use crate::context::{Context, Stage};
use crate::fault::Fault;
use crate::metrics::Metrics;
use crate::route::Route;
use crate::shared::Shared;

/// For a request that was for nothing of ours.
const NO_ROUTE: &str = "none";

/// Logs a fault with its causes, once, and counts it.
pub(crate) fn fault(metrics: &Metrics, id: &RequestId, fault: &Fault) {
    metrics.faults.with_label_values(&[fault.peer(), fault.kind()]).inc();
    let mut cause = std::error::Error::source(fault);
    let mut causes = String::new();
    while let Some(why) = cause {
        causes = format!("{causes}: {why}");
        cause = why.source();
    }
    tracing::error!(
        request.id = %id,
        peer = fault.peer(),
        reason = fault.kind(),
        "{fault}{causes}"
    );
}

/// Our step of a trace, after the client's if it named one.
pub(crate) fn next_span(caller: Option<TraceParent>) -> TraceParent {
    TraceParent::after(caller, (rand::random(), rand::random()))
}

/// Records the end of a request.
pub(crate) async fn finish(audit: &AuditTrail, context: &mut Context) {
    context.trail = None;
    if let Some(event) = written(context) {
        audit.record(event).await;
    }
}

/// Counts a mistake of ours.
pub(crate) fn panicked(metrics: &Metrics) -> Fault {
    metrics.panics.inc();
    Fault::Internal("it panicked")
}

/// Records a request that ends in the middle, without waiting for anything.
pub(crate) fn cut(audit: &AuditTrail, context: &mut Context) {
    if std::thread::panicking() {
        let broken = panicked(&context.gateway.metrics);
        context.stage = Stage::Faulted(broken.kind());
        fault(&context.gateway.metrics, &context.request_id, &broken);
    }
    if let Some(event) = written(context) {
        audit.record_now(event);
    }
}

/// Writes the access line and counts; the audit event, if there is to be one.
fn written(context: &Context) -> Option<AuditEvent> {
    let gateway = Arc::clone(&context.gateway);
    let elapsed = gateway.clock.monotonic().saturating_sub(context.started);
    count(context, &gateway, elapsed);
    let event = event(context, &gateway);
    tracing::info!(
        request.id = %event.request_id,
        trace.id = %context.trace.trace(),
        route = event.route,
        outcome = event.outcome,
        reason = event.reason,
        status = event.status,
        elapsed_ms = u64::try_from(elapsed.as_millis()).unwrap_or(u64::MAX),
        client.id = event.client,
        login.step = context.step,
        login.why = context.why.map(tracing::field::display),
        mcp.method = event.method,
        mcp.tool = event.tool,
        limit.over = context.limited.over(),
        "request"
    );
    context.route.is_none_or(is_audited).then_some(event)
}

fn count(context: &Context, gateway: &Shared, elapsed: Duration) {
    let (metrics, now) = (&gateway.metrics, gateway.clock.monotonic());
    let (route, outcome) = (context.route.map_or(NO_ROUTE, Route::as_str), context.stage.outcome());
    metrics.requests.with_label_values(&[route, outcome]).inc();
    metrics.duration.with_label_values(&[route]).observe(elapsed.as_secs_f64());
    let own = elapsed.saturating_sub(context.upstream.total(now));
    metrics.own_duration.with_label_values(&[route]).observe(own.as_secs_f64());
    let upstream = [
        ("core", context.upstream.core(now)),
        ("backend", Some(context.upstream.backend).filter(|time| !time.is_zero())),
    ];
    for (peer, time) in upstream {
        if let Some(time) = time {
            metrics.upstream_duration.with_label_values(&[peer]).observe(time.as_secs_f64());
        }
    }
    if let Some(tool) = &context.tool {
        metrics.tool_calls.with_label_values(&[tool.as_str(), outcome]).inc();
    }
    if let Stage::Refused(reason) = context.stage {
        metrics.rejections.with_label_values(&[reason]).inc();
    }
}

fn event(context: &Context, gateway: &Shared) -> AuditEvent {
    let (subject, client) = match &context.caller {
        Some((subject, client)) => (Some(subject.as_str().to_owned()), Some(client)),
        None => (None, context.client.as_ref()),
    };
    AuditEvent {
        time: rfc3339(gateway.clock.now()),
        request_id: context.request_id.clone(),
        trace: Some(context.trace.trace()),
        route: context.route.map_or(NO_ROUTE, Route::as_str),
        subject,
        client: client.map(|client| client.as_str().to_owned()),
        method: context.method,
        tool: context.tool.clone(),
        patients: context.patients.clone(),
        outcome: context.stage.outcome(),
        reason: context.stage.reason(),
        status: context.status.unwrap_or_default(),
        address: context.address,
    }
}

/// Documents and probes are open to everybody and concern nobody.
const fn is_audited(route: Route) -> bool {
    !matches!(
        route,
        Route::ProtectedResource | Route::AuthorizationServer | Route::Health | Route::Home
    )
}
