//! The admin listener: metrics and probes, for the pod network and for nobody else.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use authz::time::Timestamp;
use axum::extract::State;
use axum::routing::get;
use axum::{Json, Router};
use http::StatusCode;
use serde_json::{Value, json};

use crate::live::Live;
use crate::reload::Report;
use crate::shared::Shared;
use crate::tls::{Certificates, Leaf};

/// Whether the gateway wants requests.
#[derive(Clone, Debug, Default)]
pub(crate) struct Readiness(Arc<AtomicBool>);

impl Readiness {
    pub(crate) fn set(&self, ready: bool) {
        self.0.store(ready, Ordering::Relaxed);
    }

    fn is_ready(&self) -> bool {
        self.0.load(Ordering::Relaxed)
    }
}

#[derive(Clone)]
struct Admin {
    gateway: Arc<Live>,
    report: Arc<Report>,
    listeners: Vec<Option<Arc<Certificates>>>,
    readiness: Readiness,
    started: Timestamp,
}

/// The router of the admin listener.
pub(crate) fn router(
    gateway: &Arc<Live>,
    report: &Arc<Report>,
    listeners: &[Option<Arc<Certificates>>],
    readiness: &Readiness,
) -> Router {
    let started = gateway.current().clock.now();
    Router::new()
        .route("/metrics", get(metrics))
        .route("/live", get(live))
        .route("/ready", get(ready))
        .route("/status", get(status))
        .with_state(Admin {
            gateway: Arc::clone(gateway),
            report: Arc::clone(report),
            listeners: listeners.to_vec(),
            readiness: readiness.clone(),
            started,
        })
}

async fn metrics(State(admin): State<Admin>) -> Result<String, StatusCode> {
    let gateway = admin.gateway.current();
    let oldest = gateway.introspections.oldest();
    gateway.metrics.introspection_oldest.set(oldest.as_secs_f64());
    gateway.metrics.render().map_err(|_| StatusCode::INTERNAL_SERVER_ERROR)
}

/// The program answers; nothing behind it matters.
async fn live() -> &'static str {
    "live\n"
}

/// We listen and do not drain. The backend is left out: when it is down, we must be there to say so.
async fn ready(State(admin): State<Admin>) -> (StatusCode, &'static str) {
    if admin.readiness.is_ready() {
        (StatusCode::OK, "ready\n")
    } else {
        (StatusCode::SERVICE_UNAVAILABLE, "not ready\n")
    }
}

/// What runs, without a secret in it.
async fn status(State(admin): State<Admin>) -> Json<Value> {
    let gateway = admin.gateway.current();
    let config = &gateway.config;
    Json(json!({
        "version": provenance::VERSION,
        "revision": provenance::REVISION,
        "started": admin.started,
        "config": admin.report.shown(&gateway),
        "ready": admin.readiness.is_ready(),
        "public_url": config.server.public_url.origin().ascii_serialization(),
        "backend": config.backend.name,
        "backend_last_asked": last_asked(&gateway),
        "core_resolved": gateway.core.pick(None).is_some(),
        "certificates": certificates(&admin.listeners, gateway.clock.now()),
    }))
}

/// How the backend's last answer about a token came out. It is not asked for the sake of this page:
/// null says that nobody needed to know yet.
fn last_asked(gateway: &Shared) -> Option<Value> {
    let (outcome, ago) = gateway.introspections.last()?;
    Some(json!({"outcome": outcome, "seconds_ago": ago.as_secs()}))
}

/// What the listeners show, and how long it still holds.
fn certificates(listeners: &[Option<Arc<Certificates>>], now: Timestamp) -> Vec<Value> {
    let shown = listeners.iter().flatten().map(|listener| listener.current());
    let leaves = shown.flat_map(|loaded| loaded.leaves().to_vec());
    let one = |leaf: Leaf| {
        json!({
            "field": leaf.field,
            "names": leaf.names,
            "not_after": leaf.not_after,
            "seconds_left": leaf.seconds_left(now),
        })
    };
    leaves.map(one).collect()
}
