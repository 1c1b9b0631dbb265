//! The gateway as pingora sees it: one function for each phase of a request.

use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use authz::rejection::{Rejection, RejectionCode};
use axum::body::Body;
use bytes::Bytes;
use futures::FutureExt as _;
use http::header::ALLOW;
use http::{HeaderMap, HeaderName, HeaderValue, Response, StatusCode};
use pingora::http::{RequestHeader, ResponseHeader};
use pingora::proxy::{FailToProxy, ProxyHttp, Session};
use pingora::upstreams::peer::HttpPeer;
use pingora::{Error, ErrorSource, ErrorType};

use crate::audit::AuditTrail;
use crate::broker_api::{self, unserved};
use crate::context::{Context, Stage};
use crate::cors;
use crate::edge::Seen;
use crate::event_stream::{EventStream, last_event};
use crate::fault::{Fault, Stop};
use crate::forward::{self, Verdict};
use crate::listener::Conduct;
use crate::live::Live;
use crate::respond::{Responder, insert};
use crate::route::Route;
use crate::shared::Shared;
use crate::{admission, limiting, overload, record};

/// One gateway's requests.
pub(crate) struct GatewayProxy {
    pub(crate) live: Arc<Live>,
    pub(crate) audit: AuditTrail,
}

#[async_trait]
impl ProxyHttp for GatewayProxy {
    type CTX = Context;

    fn new_ctx(&self) -> Context {
        // The header is complete: this is where a request meets its configuration.
        let mut context = Context::new(Shared::request_id(), self.live.current());
        context.trail = Some(self.audit.clone());
        context
    }

    async fn request_filter(
        &self,
        session: &mut Session,
        context: &mut Context,
    ) -> pingora::Result<bool> {
        session.set_write_timeout(Some(context.gateway.config.server.deadlines.write));
        let conduct = Conduct::of(session).cloned();
        conduct.iter().for_each(Conduct::has_asked);
        context.address = limiting::client_address(session, &context.gateway);
        // A panic is this request's own: it is answered and recorded, and no other one notices.
        let served = AssertUnwindSafe(serve(session, context)).catch_unwind().await;
        let mut response = match served
            .unwrap_or_else(|_| Err(record::panicked(&context.gateway.metrics).into()))
        {
            Ok(None) if self.audit.permits_calls() => return Ok(false),
            Ok(None) => stopped(Fault::AuditUnwritable.into(), context),
            Ok(Some(response)) => response,
            Err(stop) => stopped(stop, context),
        };
        share(context, response.headers_mut());
        context.status = Some(response.status().as_u16());
        // The work is done; what is left is to write, and to read what nobody wants.
        context.at_work = None;
        let too_large = response.status() == StatusCode::REQUEST_HEADER_FIELDS_TOO_LARGE;
        context.gateway.responder.send(session, response).await?;
        if too_large && let Some(conduct) = conduct {
            conduct.sent_large_header();
        }
        Ok(true)
    }

    async fn upstream_peer(
        &self,
        _session: &mut Session,
        context: &mut Context,
    ) -> pingora::Result<Box<HttpPeer>> {
        let Some(address) = context.next_core() else {
            context.stop = Some(Fault::CoreUnresolved.into());
            return Error::e_explain(ErrorType::ConnectError, "no address");
        };
        let left = context.call_time_left();
        if left.is_zero() {
            return Error::e_explain(ErrorType::ReadTimedout, "no time is left for core");
        }
        Ok(Box::new(context.gateway.core_peer.at(address, left)))
    }

    /// Nothing has been sent, so another try repeats nothing; it meets another core, if there is one.
    fn fail_to_connect(
        &self,
        _session: &mut Session,
        _peer: &HttpPeer,
        context: &mut Context,
        mut error: Box<Error>,
    ) -> Box<Error> {
        error.set_retry(!std::mem::replace(&mut context.redialled, true));
        error
    }

    async fn upstream_request_filter(
        &self,
        _session: &mut Session,
        request: &mut RequestHeader,
        context: &mut Context,
    ) -> pingora::Result<()> {
        let Some(hop) = &context.hop else {
            return Error::e_explain(ErrorType::InternalError, "nothing was permitted");
        };
        context.stage = Stage::Permitted;
        context.upstream.ask_core(context.gateway.clock.monotonic());
        forward::attach(request, hop, &context.trace)
    }

    async fn upstream_response_filter(
        &self,
        _session: &mut Session,
        answer: &mut ResponseHeader,
        context: &mut Context,
    ) -> pingora::Result<()> {
        context.report = forward::report(answer);
        context.stop = Some(match forward::judge(answer) {
            Verdict::Relay => return Ok(()),
            Verdict::Broken(fault) => fault.into(),
            Verdict::BackendTokenRefused => {
                if let Some(key) = &context.cached_under {
                    context.gateway.introspections.forget(key).await;
                }
                context.gateway.refused_by_backend()
            }
        });
        Error::e_explain(ErrorType::Custom("core's answer is replaced"), "by ours")
    }

    async fn response_filter(
        &self,
        _session: &mut Session,
        answer: &mut ResponseHeader,
        context: &mut Context,
    ) -> pingora::Result<()> {
        context.status = Some(answer.status.as_u16());
        let mut ours = HeaderMap::with_capacity(16);
        context.gateway.responder.secure(&mut ours);
        ours.insert(HeaderName::from_static("x-accel-buffering"), HeaderValue::from_static("no"));
        share(context, &mut ours);
        context.limited.tell(&mut ours);
        forward::harden(answer, ours);
        context.events = EventStream::of(answer);
        Ok(())
    }

    fn response_body_filter(
        &self,
        _session: &mut Session,
        chunk: &mut Option<Bytes>,
        end: bool,
        context: &mut Context,
    ) -> pingora::Result<Option<Duration>> {
        if end {
            context.upstream.core_answered(context.gateway.clock.monotonic());
        } else if context.call_time_left().is_zero() {
            return Error::e_explain(ErrorType::ReadTimedout, "the whole answer is late");
        }
        if let (Some(events), Some(chunk)) = (&mut context.events, chunk) {
            events.pass(chunk);
        }
        Ok(None)
    }

    async fn fail_to_proxy(
        &self,
        session: &mut Session,
        error: &Error,
        context: &mut Context,
    ) -> FailToProxy {
        let stop = context.stop.take().unwrap_or_else(|| forward::broken(error).into());
        // An interim answer is not yet the answer.
        let begun = session.response_written().is_some_and(|head| !head.status.is_informational());
        if *error.esource() == ErrorSource::Downstream {
            return FailToProxy { error_code: 0, can_reuse_downstream: false };
        }
        let last = begun.then(|| last_words(session, context, &stop)).flatten();
        let mut response = stopped(stop, context);
        share(context, response.headers_mut());
        let status = response.status().as_u16();
        // The client may have left meanwhile; then there is nobody to tell.
        if let Some(event) = last {
            let _ = session.write_response_body(Some(event), true).await;
        } else if !begun {
            context.status = Some(status);
            let _ = context.gateway.responder.send(session, response).await;
        }
        FailToProxy { error_code: status, can_reuse_downstream: false }
    }

    async fn logging(&self, session: &mut Session, _: Option<&Error>, context: &mut Context) {
        let status = session.response_written().map(|head| head.status.as_u16());
        context.status = status.or(context.status);
        record::finish(&self.audit, context).await;
    }

    /// Everything is recorded by [`record::finish`], in fields that cannot hold a query.
    fn suppress_error_log(&self, _: &Session, _: &Context, _: &Error) -> bool {
        true
    }

    fn request_summary(&self, _: &Session, context: &Context) -> String {
        context.request_id.to_string()
    }
}

/// Decides about one request; `None` forwards it to core.
async fn serve(
    session: &mut Session,
    context: &mut Context,
) -> Result<Option<Response<Body>>, Stop> {
    let gateway = Arc::clone(&context.gateway);
    let head = session.req_header();
    context.read_head(&head.method, &head.headers);
    // Which methods would be right is known even when this one is wrong.
    context.route = Route::ALL.iter().find(|r| r.has_path(head.raw_path())).copied();
    context.step = context.route.and_then(|route| broker_api::step(route, &head.method));
    let seen = Seen { method: &head.method, uri: &head.uri, headers: &head.headers };
    let preflight = cors::is_preflight(&head.method, &head.headers);
    let route = match context.route {
        Some(route) if preflight && cors::is_for_scripts(route) => route,
        _ => Route::classify(&head.method, head.raw_path())?,
    };
    gateway.edge.admit(route, seen)?;
    context.page = gateway.edge.page_elsewhere(&head.headers);
    if preflight {
        context.stage = Stage::Answered;
        return Ok(Some(cors::preflight(route)));
    }
    if let Some(for_what) = route.asked_anonymously() {
        limiting::charge_stranger(context, for_what).await?;
    }
    if route == Route::Mcp {
        context.at_work = Some(overload::enter(&gateway, session)?);
        admission::admit(&gateway, session, context).await?;
        return Ok(None);
    }
    broker_api::serve(&gateway, session, context).await.map(Some)
}

/// The event that ends a stream which has begun, where one can still be told.
fn last_words(session: &Session, context: &Context, stop: &Stop) -> Option<Bytes> {
    let (Some(events), Some(call), Stop::Fault(fault)) = (&context.events, &context.call, stop)
    else {
        return None;
    };
    let is_clean = events.is_between_events(session.as_downstream().body_bytes_sent());
    is_clean.then(|| last_event(call, fault, &context.request_id))
}

/// The answer of a request that goes no further.
fn stopped(stop: Stop, context: &mut Context) -> Response<Body> {
    match stop {
        Stop::Fault(fault) => {
            context.stage = Stage::Faulted(fault.kind());
            record::fault(&context.gateway.metrics, &context.request_id, &fault);
            let own = context.route.and_then(|r| unserved::fault(r, &fault, &context.request_id));
            own.unwrap_or_else(|| Responder::fault(&fault, &context.request_id))
        }
        Stop::Refuse(rejection) => {
            context.stage = Stage::Refused(rejection.code().as_str());
            let (responder, id) = (&context.gateway.responder, &context.request_id);
            let own = context.route.and_then(|route| unserved::refusal(route, &rejection, id));
            let mut response = own.unwrap_or_else(|| responder.rejection(&rejection, id));
            explain(&rejection, context, response.headers_mut());
            response
        }
    }
}

/// Lets an allowed page elsewhere read the answer, where it has business.
fn share(context: &Context, headers: &mut HeaderMap) {
    if let (Some(origin), Some(route)) = (&context.page, context.route)
        && cors::is_for_scripts(route)
    {
        cors::grant(headers, origin);
    }
}

/// What some codes owe the client beside their body.
fn explain(rejection: &Rejection, context: &Context, headers: &mut HeaderMap) {
    if let (RejectionCode::MethodNotAllowed, Some(route)) = (rejection.code(), context.route) {
        insert(headers, ALLOW, route.allow());
    }
    context.limited.tell(headers);
}
