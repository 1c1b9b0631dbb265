//! Reads a request body: bounded in bytes, bounded in time as a whole, and not slower than a rate.

use std::time::Duration;

use authz::rejection::RejectionCode;
use bytes::{Bytes, BytesMut};
use http::header::{CONTENT_LENGTH, EXPECT};
use pingora::proxy::Session;
use tokio::time::{Instant, timeout_at};

use crate::config::Server;
use crate::fault::{Fault, Stop};

/// What a body may take.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Limits {
    /// Bytes in all.
    pub(crate) bytes: usize,
    /// For all of it.
    pub(crate) whole: Duration,
    /// For its beginning, before the rate counts.
    pub(crate) start: Duration,
    /// Bytes that must arrive each second, on average.
    pub(crate) rate: u32,
}

impl Limits {
    /// Those of the configuration, for a body of at most `bytes`.
    pub(crate) fn of(server: &Server, bytes: usize) -> Self {
        let Server { deadlines, caps, .. } = server;
        Self {
            bytes,
            whole: deadlines.body,
            start: deadlines.body_start,
            rate: caps.body_bytes_per_second,
        }
    }

    /// When the next bytes are late, after `read` of them: each has bought some time.
    fn patience(&self, read: usize) -> Duration {
        let read = u32::try_from(read).unwrap_or(u32::MAX);
        let earned = Duration::from_secs_f64(f64::from(read) / f64::from(self.rate.max(1)));
        self.whole.min(self.start.saturating_add(earned))
    }
}

/// The whole body, if it is small enough and arrives fast enough.
pub(crate) async fn read_bounded(session: &mut Session, limits: Limits) -> Result<Bytes, Stop> {
    if declared_length(session).is_some_and(|length| length > limits.bytes) {
        return Err(RejectionCode::BodyTooLarge.into());
    }
    if awaits_permission(session) && session.write_continue_response().await.is_err() {
        return Err(Fault::Internal("the client went away").into());
    }
    let began = Instant::now();
    let mut body = BytesMut::new();
    loop {
        let late = began + limits.patience(body.len());
        match timeout_at(late, session.read_request_body()).await {
            Ok(Ok(Some(chunk))) if body.len() + chunk.len() > limits.bytes => {
                return Err(RejectionCode::BodyTooLarge.into());
            }
            Ok(Ok(Some(chunk))) => body.extend_from_slice(&chunk),
            Ok(Ok(None)) => return Ok(body.freeze()),
            // Broken framing, or the client went away.
            Ok(Err(_)) => return Err(RejectionCode::MalformedRequest.into()),
            Err(_) => return Err(RejectionCode::BodyTimeout.into()),
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_body_buys_its_time_with_its_bytes_and_no_more_than_there_is() {
        let seconds = Duration::from_secs;
        let limits = Limits { bytes: 65536, whole: seconds(15), start: seconds(5), rate: 1024 };
        for (read, patience) in [(0, 5), (1024, 6), (4096, 9), (10_240, 15), (65_536, 15)] {
            assert_eq!(limits.patience(read), seconds(patience), "{read}");
        }
    }
}
