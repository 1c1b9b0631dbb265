//! The gateway as pingora sees it: one function for each phase of a request.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use authz::rejection::{Rejection, RejectionCode};
use axum::Router;
use axum::body::Body;
use bytes::Bytes;
use http::header::ALLOW;
use http::{HeaderMap, HeaderName, HeaderValue, Response};
use pingora::http::{RequestHeader, ResponseHeader};
use pingora::protocols::l4::socket::SocketAddr;
use pingora::proxy::{FailToProxy, ProxyHttp, Session};
use pingora::upstreams::peer::{HttpPeer, HttpUpstreamRequestPolicy};
use pingora::{Error, ErrorSource, ErrorType};

use crate::audit::AuditTrail;
use crate::broker_api;
use crate::context::{Context, Counted, Stage};
use crate::cors;
use crate::edge::Seen;
use crate::fault::{Fault, Stop};
use crate::forward::{self, Verdict};
use crate::rate_limit::Exceeded;
use crate::respond::{Responder, insert};
use crate::route::Route;
use crate::shared::Shared;
use crate::{admission, record};

/// For one write to a client that does not read.
const WRITE_TIME: Duration = Duration::from_secs(30);
const CONNECT_TIME: Duration = Duration::from_secs(2);
/// Below core's own idle time, so that no call meets a connection that is just being closed.
const IDLE_TIME: Duration = Duration::from_secs(30);

/// One gateway's requests.
pub(crate) struct GatewayProxy {
    pub(crate) gateway: Arc<Shared>,
    pub(crate) broker: Router,
    pub(crate) audit: AuditTrail,
}

#[async_trait]
impl ProxyHttp for GatewayProxy {
    type CTX = Context;

    fn new_ctx(&self) -> Context {
        let mut context = Context::new(Shared::request_id(), self.gateway.clock.monotonic());
        context.counted = Some(Counted::enter(&self.gateway.metrics.in_flight));
        context
    }

    async fn request_filter(
        &self,
        session: &mut Session,
        context: &mut Context,
    ) -> pingora::Result<bool> {
        // A connection may have waited for long; the header is complete, so it begins here.
        context.started = self.gateway.clock.monotonic();
        session.set_write_timeout(Some(WRITE_TIME));
        let mut response = match self.serve(session, context).await {
            Ok(None) => return Ok(false),
            Ok(Some(response)) => response,
            Err(stop) => self.stopped(stop, context),
        };
        share(context, response.headers_mut());
        context.status = Some(response.status().as_u16());
        self.gateway.responder.send(session, response).await?;
        Ok(true)
    }

    async fn upstream_peer(
        &self,
        _session: &mut Session,
        context: &mut Context,
    ) -> pingora::Result<Box<HttpPeer>> {
        let Some(address) = self.gateway.core.pick() else {
            context.stop = Some(Fault::CoreUnresolved.into());
            return Error::e_explain(ErrorType::ConnectError, "no address");
        };
        let mut peer = HttpPeer::new(address, false, String::new());
        peer.options.connection_timeout = Some(CONNECT_TIME);
        peer.options.total_connection_timeout = Some(CONNECT_TIME);
        peer.options.read_timeout = Some(self.gateway.config.server.deadlines.call);
        peer.options.write_timeout = Some(self.gateway.config.server.deadlines.body);
        peer.options.idle_timeout = Some(IDLE_TIME);
        peer.options.http_upstream_request_policy = HttpUpstreamRequestPolicy::deny_upgrades();
        Ok(Box::new(peer))
    }

    /// Nothing has been sent, so another try repeats nothing; in turn, it meets another core.
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
        forward::attach(request, hop)
    }

    async fn upstream_response_filter(
        &self,
        _session: &mut Session,
        answer: &mut ResponseHeader,
        context: &mut Context,
    ) -> pingora::Result<()> {
        context.stop = Some(match forward::judge(answer) {
            Verdict::Relay => return Ok(()),
            Verdict::Broken(fault) => fault.into(),
            Verdict::BackendTokenRefused => {
                if let Some(key) = &context.cached_under {
                    self.gateway.introspections.forget(key).await;
                }
                self.gateway.refused_by_backend()
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
        let mut ours = HeaderMap::new();
        self.gateway.responder.secure(&mut ours);
        ours.insert(HeaderName::from_static("x-accel-buffering"), HeaderValue::from_static("no"));
        share(context, &mut ours);
        forward::harden(answer, &ours)
    }

    fn response_body_filter(
        &self,
        _session: &mut Session,
        _chunk: &mut Option<Bytes>,
        _end: bool,
        context: &mut Context,
    ) -> pingora::Result<Option<Duration>> {
        let elapsed = self.gateway.clock.monotonic().saturating_sub(context.started);
        if elapsed > self.gateway.config.server.deadlines.call {
            return Error::e_explain(ErrorType::ReadTimedout, "the whole answer is late");
        }
        Ok(None)
    }

    async fn fail_to_proxy(
        &self,
        session: &mut Session,
        error: &Error,
        context: &mut Context,
    ) -> FailToProxy {
        let gone = *error.esource() == ErrorSource::Downstream;
        let stop = context.stop.take().unwrap_or_else(|| forward::broken(error).into());
        // An interim answer is not yet the answer.
        let begun = session.response_written().is_some_and(|head| !head.status.is_informational());
        if gone {
            return FailToProxy { error_code: 0, can_reuse_downstream: false };
        }
        let mut response = self.stopped(stop, context);
        share(context, response.headers_mut());
        let status = response.status().as_u16();
        if !begun {
            context.status = Some(status);
            // The client may have left meanwhile; then there is nobody to tell.
            let _ = self.gateway.responder.send(session, response).await;
        }
        FailToProxy { error_code: status, can_reuse_downstream: false }
    }

    async fn logging(&self, session: &mut Session, _: Option<&Error>, context: &mut Context) {
        let status = session.response_written().map(|head| head.status.as_u16());
        context.status = status.or(context.status);
        record::finish(&self.gateway, &self.audit, context).await;
    }

    /// Everything is recorded by [`record::finish`], in fields that cannot hold a query.
    fn suppress_error_log(&self, _: &Session, _: &Context, _: &Error) -> bool {
        true
    }

    fn request_summary(&self, _: &Session, context: &Context) -> String {
        context.request_id.to_string()
    }
}

impl GatewayProxy {
    /// `None` forwards to core.
    async fn serve(
        &self,
        session: &mut Session,
        context: &mut Context,
    ) -> Result<Option<Response<Body>>, Stop> {
        let head = session.req_header();
        // Which methods would be right is known even when this one is wrong.
        context.route = Route::ALL.iter().find(|r| r.has_path(head.raw_path())).copied();
        let seen = Seen { method: &head.method, uri: &head.uri, headers: &head.headers };
        let preflight = cors::is_preflight(&head.method, &head.headers);
        let route = match context.route {
            Some(route) if preflight && cors::is_for_scripts(route) => route,
            _ => Route::classify(&head.method, head.raw_path())?,
        };
        self.gateway.edge.admit(route, seen)?;
        context.page = self.gateway.edge.page_elsewhere(&head.headers);
        if preflight {
            context.stage = Stage::Answered;
            return Ok(Some(cors::preflight(route)));
        }
        if route.is_limited_by_address() {
            self.limit(session, context)?;
        }
        if route == Route::Mcp {
            admission::admit(&self.gateway, session, context).await?;
            return Ok(None);
        }
        broker_api::serve(&self.gateway, &self.broker, session, context).await.map(Some)
    }

    fn limit(&self, session: &Session, context: &mut Context) -> Result<(), Stop> {
        let Some(SocketAddr::Inet(address)) = session.client_addr() else {
            return Err(Fault::Internal("a connection without an address").into());
        };
        let limits = &self.gateway.limits;
        let charged = limits.charge_address(address.ip()).and_then(|()| {
            if context.route == Some(Route::Register) {
                limits.charge_registration()
            } else {
                Ok(())
            }
        });
        charged.map_err(|over: Exceeded| {
            context.limit = Some(over);
            Rejection::later(RejectionCode::RateLimited, over.retry_after).into()
        })
    }

    /// The answer of a request that goes no further.
    fn stopped(&self, stop: Stop, context: &mut Context) -> Response<Body> {
        match stop {
            Stop::Fault(fault) => {
                context.stage = Stage::Faulted(fault.kind());
                record::fault(&self.gateway.metrics, &context.request_id, &fault);
                Responder::fault(&fault, &context.request_id)
            }
            Stop::Refuse(rejection) => {
                context.stage = Stage::Refused(rejection.code().as_str());
                let mut response =
                    self.gateway.responder.rejection(&rejection, &context.request_id);
                explain(&rejection, context, response.headers_mut());
                response
            }
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
    if let Some(over) = context.limit {
        let wait = over.retry_after.as_secs() + 1;
        let limit = HeaderName::from_static("ratelimit");
        let policy = HeaderName::from_static("ratelimit-policy");
        insert(headers, limit, &format!("\"calls\";r=0;t={wait}"));
        insert(headers, policy, &format!("\"calls\";q={};w=60", over.per_minute));
    }
}
