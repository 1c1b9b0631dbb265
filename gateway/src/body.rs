//! Reads a request body: bounded in bytes, bounded in time as a whole.

use std::time::Duration;

use authz::rejection::RejectionCode;
use bytes::{Bytes, BytesMut};
use http::header::{CONTENT_LENGTH, EXPECT};
use pingora::proxy::Session;
use tokio::time::timeout;

use crate::fault::{Fault, Stop};

/// The whole body, of at most `cap` bytes, within `deadline`.
pub(crate) async fn read_bounded(
    session: &mut Session,
    cap: usize,
    deadline: Duration,
) -> Result<Bytes, Stop> {
    if declared_length(session).is_some_and(|length| length > cap) {
        return Err(RejectionCode::BodyTooLarge.into());
    }
    match timeout(deadline, collect(session, cap)).await {
        Ok(read) => read,
        Err(_) => Err(RejectionCode::BodyTimeout.into()),
    }
}

async fn collect(session: &mut Session, cap: usize) -> Result<Bytes, Stop> {
    if awaits_permission(session) && session.write_continue_response().await.is_err() {
        return Err(Fault::Internal("the client went away").into());
    }
    let mut body = BytesMut::new();
    loop {
        match session.read_request_body().await {
            Ok(Some(chunk)) if body.len() + chunk.len() > cap => {
                return Err(RejectionCode::BodyTooLarge.into());
            }
            Ok(Some(chunk)) => body.extend_from_slice(&chunk),
            Ok(None) => return Ok(body.freeze()),
            // Broken framing, or the client went away.
            Err(_) => return Err(RejectionCode::MalformedRequest.into()),
        }
    }
}

/// RFC 9110 §10.1.1: the client holds its body back until it is told to go on.
pub(crate) fn awaits_permission(session: &Session) -> bool {
    let expects =
        |value: &http::HeaderValue| value.as_bytes().eq_ignore_ascii_case(b"100-continue");
    session.req_header().headers.get(EXPECT).is_some_and(expects)
}

/// The length that the header promises, if it does.
pub(crate) fn declared_length(session: &Session) -> Option<usize> {
    session.req_header().headers.get(CONTENT_LENGTH)?.to_str().ok()?.parse().ok()
}
