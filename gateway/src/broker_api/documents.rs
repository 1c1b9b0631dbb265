//! What anybody may read: the discovery documents, the health answer, and the page for a person.

use std::sync::Arc;

use authz::metadata::{self, ClientDocuments};
use authz::scope::Scope;
use axum::body::Body;
use axum::extract::State;
use http::header::{ACCESS_CONTROL_ALLOW_ORIGIN, CACHE_CONTROL};
use http::{HeaderValue, Response};
use serde_json::Value;

use super::pages;
use crate::respond::document;
use crate::shared::Shared;

/// RFC 9728 §3.
pub(super) async fn protected_resource(State(gateway): State<Arc<Shared>>) -> Response<Body> {
    public(&metadata::protected_resource(&gateway.broker.urls, &scopes(&gateway)))
}

/// RFC 8414 §3.
pub(super) async fn authorization_server(State(gateway): State<Arc<Shared>>) -> Response<Body> {
    let documents = if gateway.broker.clients.read_documents() {
        ClientDocuments::Read
    } else {
        ClientDocuments::Unread
    };
    public(&metadata::authorization_server(&gateway.broker.urls, &scopes(&gateway), documents))
}

/// The same answer as the reference implementation's.
pub(super) async fn health() -> Response<Body> {
    document(200, "application/json", r#"{"status":"ok"}"#)
}

/// How to connect, for a person who opened our origin in a browser.
pub(super) async fn home(State(gateway): State<Arc<Shared>>) -> Response<Body> {
    pages::home(&gateway)
}

/// Each scope token on its own, as the documents list them.
fn scopes(gateway: &Shared) -> Vec<Scope> {
    let all = gateway.broker.scopes_supported.to_string();
    all.split(' ').filter_map(|token| token.parse().ok()).collect()
}

/// Documents hold nothing of anybody's; a client in a browser may read them too (RFC 9728 §3.1).
fn public(value: &Value) -> Response<Body> {
    let mut response = document(200, "application/json", value.to_string());
    let headers = response.headers_mut();
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("public, max-age=300"));
    headers.insert(ACCESS_CONTROL_ALLOW_ORIGIN, HeaderValue::from_static("*"));
    response
}
