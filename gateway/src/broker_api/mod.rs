//! The broker's endpoints and pages: an axum router, called from inside the proxy.

use std::sync::Arc;

use authz::ids::{ClientRef, RequestId, Subject};
use axum::Router;
use axum::body::Body;
use axum::routing::{get, post};
use bytes::Bytes;
use http::{Method, Request, Response};
use pingora::proxy::Session;
use tower::ServiceExt as _;

use crate::context::{Context, LoginFailure, Stage};
use crate::fault::{Fault, Stop};
use crate::live::Generation;
use crate::route::Route;
use crate::shared::Shared;
use crate::{body, overload};

mod cookies;
mod documents;
mod login;
mod pages;
mod tokens;
pub(crate) mod unserved;

#[cfg(test)]
mod tests;

/// What a handler tells the records, beside its answer.
#[derive(Clone, Debug, Default)]
struct Remark {
    stage: Option<Told>,
    why: Option<LoginFailure>,
    subject: Option<Subject>,
    client: Option<ClientRef>,
}

impl Remark {
    /// About this client alone.
    fn of(client: ClientRef) -> Self {
        Self { client: Some(client), ..Self::default() }
    }
}

/// Why a handler's answer is a no.
#[derive(Clone, Copy, Debug)]
enum Told {
    Refused(&'static str),
    Faulted(&'static str),
}

/// The router; its paths are those of [`Route`].
pub(crate) fn router(gateway: Arc<Shared>) -> Router {
    let mut router = Router::new();
    for route in Route::ALL {
        for path in route.paths() {
            router = match route {
                Route::Mcp => router,
                Route::ProtectedResource => router.route(path, get(documents::protected_resource)),
                Route::AuthorizationServer => {
                    router.route(path, get(documents::authorization_server))
                }
                Route::Health => router.route(path, get(documents::health)),
                Route::Home => router.route(path, get(documents::home)),
                Route::Authorize => router.route(path, get(login::authorize).post(login::consent)),
                Route::Callback => router.route(path, get(login::callback)),
                Route::Token => router.route(path, post(tokens::token)),
                Route::Register => router.route(path, post(tokens::register)),
                Route::Revoke => router.route(path, post(tokens::revoke)),
            };
        }
    }
    router.with_state(gateway)
}

/// Answers one request with the router of its generation.
pub(crate) async fn serve(
    gateway: &Generation,
    session: &mut Session,
    context: &mut Context,
) -> Result<Response<Body>, Stop> {
    let most = context.route.map_or(0, Route::body_cap);
    let limits = body::Limits::of(&gateway.config.server, most);
    let body = body::read_bounded(session, limits).await?;
    context.at_work = Some(overload::enter(gateway, session)?);
    let request = request(session, body, &context.request_id)?;
    // The router has no errors of its own.
    let Ok(mut response) = gateway.router.clone().oneshot(request).await;
    let remark = response.extensions_mut().remove::<Remark>().unwrap_or_default();
    context.stage = match remark.stage {
        None => Stage::Answered,
        Some(Told::Refused(reason)) => Stage::Refused(reason),
        Some(Told::Faulted(reason)) => Stage::Faulted(reason),
    };
    context.why = remark.why;
    context.caller = remark.subject.zip(remark.client.clone());
    context.client = remark.client;
    Ok(response)
}

/// Which step of a login this is, for whoever looks up why one failed.
pub(crate) fn step(route: Route, method: &Method) -> Option<&'static str> {
    match route {
        Route::Authorize if method == Method::POST => Some("consent"),
        Route::Authorize | Route::Callback | Route::Token | Route::Register => Some(route.as_str()),
        Route::Mcp
        | Route::ProtectedResource
        | Route::AuthorizationServer
        | Route::Revoke
        | Route::Health
        | Route::Home => None,
    }
}

fn request(session: &Session, body: Bytes, id: &RequestId) -> Result<Request<Body>, Stop> {
    let head = session.req_header();
    let target = head.uri.path_and_query().map_or("/", |target| target.as_str());
    let mut request = Request::builder()
        .method(head.method.clone())
        .uri(target)
        .body(Body::from(body))
        .map_err(|_| Fault::Internal("a request target that is none"))?;
    *request.headers_mut() = head.headers.clone();
    request.extensions_mut().insert(id.clone());
    Ok(request)
}

/// Adds a remark to an answer.
fn remarked(mut response: Response<Body>, remark: Remark) -> Response<Body> {
    response.extensions_mut().insert(remark);
    response
}
