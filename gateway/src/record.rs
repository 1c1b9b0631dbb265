//! What is written down about each request, at its end: one access line, the counters, one audit
//! event.

use authz::ids::RequestId;
use jiff::Timestamp;

use crate::audit::{AuditEvent, AuditTrail};
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

/// Records the end of a request.
pub(crate) async fn finish(gateway: &Shared, audit: &AuditTrail, context: &mut Context) {
    let route = context.route.map_or(NO_ROUTE, Route::as_str);
    let elapsed = gateway.clock.monotonic().saturating_sub(context.started);
    let outcome = context.stage.outcome();
    let reason = context.stage.reason();
    let status = context.status.unwrap_or_default();
    let metrics = &gateway.metrics;
    metrics.requests.with_label_values(&[route, outcome]).inc();
    metrics.duration.with_label_values(&[route]).observe(elapsed.as_secs_f64());
    if let Stage::Refused(reason) = context.stage {
        metrics.rejections.with_label_values(&[reason]).inc();
    }
    let (subject, client) = match &context.caller {
        Some((subject, client)) => (Some(subject.as_str()), Some(client.as_str())),
        None => (None, context.client.as_ref().map(authz::ids::ClientRef::as_str)),
    };
    tracing::info!(
        request.id = %context.request_id,
        route,
        outcome,
        reason,
        status,
        elapsed_ms = u64::try_from(elapsed.as_millis()).unwrap_or(u64::MAX),
        client.id = client,
        login.step = context.step,
        mcp.method = context.method,
        mcp.tool = context.tool,
        "request"
    );
    if context.route.is_none_or(is_audited) {
        let seconds = i64::try_from(gateway.clock.now().unix_seconds()).unwrap_or_default();
        let event = AuditEvent {
            time: Timestamp::from_second(seconds).unwrap_or_default().to_string(),
            request_id: context.request_id.clone(),
            route,
            subject: subject.map(str::to_owned),
            client: client.map(str::to_owned),
            method: context.method,
            tool: context.tool.clone(),
            outcome,
            reason,
            status,
        };
        audit.record(event).await;
    }
}

/// Documents and probes are open to everybody and concern nobody.
const fn is_audited(route: Route) -> bool {
    !matches!(
        route,
        Route::ProtectedResource | Route::AuthorizationServer | Route::Health | Route::Home
    )
}
