//! The admin listener: metrics and probes, for the pod network and for nobody else.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use authz::time::Timestamp;
use axum::extract::State;
use axum::routing::get;
use axum::{Json, Router};
use http::StatusCode;
use serde_json::{Value, json};

use crate::shared::Shared;

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
    gateway: Arc<Shared>,
    readiness: Readiness,
    started: Timestamp,
}

/// The router of the admin listener.
pub(crate) fn router(gateway: Arc<Shared>, readiness: Readiness) -> Router {
    let started = gateway.clock.now();
    Router::new()
        .route("/metrics", get(metrics))
        .route("/live", get(live))
        .route("/ready", get(ready))
        .route("/status", get(status))
        .with_state(Admin { gateway, readiness, started })
}

async fn metrics(State(admin): State<Admin>) -> Result<String, StatusCode> {
    admin.gateway.metrics.render().map_err(|_| StatusCode::INTERNAL_SERVER_ERROR)
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
    let config = &admin.gateway.config;
    Json(json!({
        "version": env!("CARGO_PKG_VERSION"),
        "started": admin.started,
        "ready": admin.readiness.is_ready(),
        "public_url": config.server.public_url.origin().ascii_serialization(),
        "backend": config.backend.name,
        "core_resolved": admin.gateway.core.pick().is_some(),
    }))
}
