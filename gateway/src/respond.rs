//! Writes every answer of our own: one place for the headers that each must have, and for the
//! request body that nobody read.

use std::time::Duration;

use authz::ids::RequestId;
use authz::metadata::PublicUrls;
use authz::rejection::{Rejection, RejectionCode};
use axum::body::{Body, HttpBody as _};
use bytes::Bytes;
use http::header::{
    CACHE_CONTROL, CONNECTION, CONTENT_LENGTH, CONTENT_SECURITY_POLICY, CONTENT_TYPE,
    REFERRER_POLICY, RETRY_AFTER, STRICT_TRANSPORT_SECURITY, TRANSFER_ENCODING, WWW_AUTHENTICATE,
    X_CONTENT_TYPE_OPTIONS, X_FRAME_OPTIONS,
};
use http::{HeaderMap, HeaderName, HeaderValue, Response, StatusCode};
use http_body_util::BodyExt as _;
use pingora::http::ResponseHeader;
use pingora::proxy::Session;
use tokio::time::timeout;

use crate::body;
use crate::fault::{Fault, RETRY_AFTER as FAULT_RETRY_AFTER};
use crate::listener::{Answer, Conduct};

/// An unread body up to this size is read before the answer: then the connection lives on.
const DRAIN_BEFORE: usize = 64 * 1024;
/// After the answer as much as this is read and dropped, since clients on HTTP/2 lose an answer
/// that comes while they still send.
const DRAIN_AFTER: usize = 4 * 1024 * 1024;
const DRAIN_TIME: Duration = Duration::from_secs(2);

/// Writes answers in the name of one gateway.
#[derive(Clone, Debug)]
pub(crate) struct Responder {
    urls: PublicUrls,
}

impl Responder {
    pub(crate) const fn new(urls: PublicUrls) -> Self {
        Self { urls }
    }

    /// The answer to a refused request.
    pub(crate) fn rejection(&self, rejection: &Rejection, id: &RequestId) -> Response<Body> {
        let (media, body) = rejection.body(id);
        // Such headers come many at a time, over streams that nobody reads: nothing must wait there.
        let pinned = rejection.code() == RejectionCode::HeadersTooLarge;
        let body = if pinned { String::new() } else { body.to_string() };
        let mut response = document(rejection.code().status(), media, body);
        if let Some(challenge) = rejection.challenge() {
            let value = challenge.header_value(&self.urls.resource_metadata());
            insert(response.headers_mut(), WWW_AUTHENTICATE, &value);
        }
        if let Some(wait) = rejection.retry_after() {
            retry_after(response.headers_mut(), wait);
        }
        response
    }

    /// The bytes of a refusal after which an HTTP/1.1 connection ends: for what was not read.
    pub(crate) fn last_words(&self, rejection: &Rejection, id: &RequestId) -> Vec<u8> {
        let (media, body) = rejection.body(id);
        let body = body.to_string();
        let mut response = document(rejection.code().status(), media, Body::empty());
        self.secure(response.headers_mut());
        response.headers_mut().insert(CONTENT_LENGTH, body.len().into());
        insert(response.headers_mut(), CONNECTION, "close");
        let mut bytes = format!("HTTP/1.1 {}\r\n", response.status()).into_bytes();
        for (name, value) in response.headers() {
            bytes.extend([name.as_str().as_bytes(), b": ", value.as_bytes(), b"\r\n"].concat());
        }
        bytes.extend([b"\r\n", body.as_bytes()].concat());
        bytes
    }

    /// The answer when something broke.
    pub(crate) fn fault(fault: &Fault, id: &RequestId) -> Response<Body> {
        let body = fault.problem(id).to_string();
        let mut response = document(fault.status(), "application/problem+json", body);
        retry_after(response.headers_mut(), FAULT_RETRY_AFTER);
        response
    }

    /// The headers that each answer has, whoever wrote it.
    pub(crate) fn secure(&self, headers: &mut HeaderMap) {
        let fixed = [
            (X_CONTENT_TYPE_OPTIONS, "nosniff"),
            (X_FRAME_OPTIONS, "DENY"),
            // Not no-referrer: browsers then send `Origin: null` with the consent form.
            (REFERRER_POLICY, "same-origin"),
            (CACHE_CONTROL, "no-store"),
            (CONTENT_SECURITY_POLICY, "default-src 'none'; frame-ancestors 'none'"),
        ];
        for (name, value) in fixed {
            headers.entry(name).or_insert(HeaderValue::from_static(value));
        }
        if self.urls.is_https() {
            let year = HeaderValue::from_static("max-age=31536000");
            headers.insert(STRICT_TRANSPORT_SECURITY, year);
        }
    }

    /// Writes `response`, streaming, and deals with what the client still sends.
    pub(crate) async fn send(
        &self,
        session: &mut Session,
        response: Response<Body>,
    ) -> pingora::Result<()> {
        let answer = Conduct::of(session).map(Conduct::answer);
        let is_refusal = response.status().is_client_error() || response.status().is_server_error();
        if is_refusal && answer.as_ref().is_some_and(Answer::is_one_too_many) {
            return self.send_head(session, response).await;
        }
        let drained = self.drain_first(session).await;
        let (mut parts, body) = response.into_parts();
        self.secure(&mut parts.headers);
        match body.size_hint().exact() {
            Some(length) => parts.headers.insert(CONTENT_LENGTH, length.into()),
            None if session.is_http2() => None,
            None => parts.headers.insert(TRANSFER_ENCODING, HeaderValue::from_static("chunked")),
        };
        if !drained {
            session.set_keepalive(None);
        }
        session.write_response_header(Box::new(ResponseHeader::from(parts)), false).await?;
        stream(session, body).await?;
        if !drained {
            drain(session, DRAIN_AFTER).await;
        }
        Ok(())
    }

    /// Writes a refusal without its body, and waits for nothing: headers need no window (RFC 9113 §6.9),
    /// and they say what a program has to know.
    async fn send_head(
        &self,
        session: &mut Session,
        response: Response<Body>,
    ) -> pingora::Result<()> {
        let (mut parts, _) = response.into_parts();
        self.secure(&mut parts.headers);
        parts.headers.insert(CONTENT_LENGTH, 0.into());
        session.set_keepalive(None);
        session.write_response_header(Box::new(ResponseHeader::from(parts)), true).await?;
        session.write_response_body(Some(Bytes::new()), true).await
    }

    /// Whether nothing of the request is left to read.
    async fn drain_first(&self, session: &mut Session) -> bool {
        if session.is_body_done() {
            return true;
        }
        let small = body::declared_length(session).is_some_and(|length| length <= DRAIN_BEFORE);
        // Whoever waits for permission has sent nothing, and takes the answer as a no.
        small && !body::awaits_permission(session) && drain(session, DRAIN_BEFORE).await
    }
}

/// Passes the body on as it comes.
async fn stream(session: &mut Session, mut body: Body) -> pingora::Result<()> {
    while let Some(Ok(frame)) = body.frame().await {
        if let Ok(chunk) = frame.into_data() {
            session.write_response_body(Some(chunk), false).await?;
        }
    }
    session.write_response_body(Some(Bytes::new()), true).await
}

async fn drain(session: &mut Session, cap: usize) -> bool {
    let reading = async {
        let mut seen = 0;
        while seen <= cap {
            match session.read_request_body().await {
                Ok(Some(chunk)) => seen += chunk.len(),
                Ok(None) => return true,
                Err(_) => return false,
            }
        }
        false
    };
    timeout(DRAIN_TIME, reading).await.unwrap_or(false)
}

/// An answer with a whole body.
pub(crate) fn document(status: u16, media: &str, body: impl Into<Body>) -> Response<Body> {
    let mut response = Response::new(body.into());
    *response.status_mut() =
        StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    insert(response.headers_mut(), CONTENT_TYPE, media);
    response
}

/// `Retry-After` in whole seconds, rounded up (RFC 9110 §10.2.3).
pub(crate) fn retry_after(headers: &mut HeaderMap, wait: Duration) {
    let seconds = wait.as_secs() + u64::from(wait.subsec_nanos() > 0);
    headers.insert(RETRY_AFTER, seconds.max(1).into());
}

/// Inserts a header whose value may come from configuration; one that is no header value is left
/// out.
pub(crate) fn insert(headers: &mut HeaderMap, name: HeaderName, value: &str) {
    if let Ok(value) = HeaderValue::from_str(value) {
        headers.insert(name, value);
    }
}
