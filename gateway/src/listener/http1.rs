//! A connection over HTTP/1.1: one request after the other, each header read and judged here.

use std::time::Duration;

use authz::rejection::RejectionCode;
use bytes::BytesMut;
use pingora::apps::{HttpPersistentSettings, HttpServerApp as _, ReusedHttpStream};
use pingora::protocols::Stream;
use pingora::protocols::http::ServerSession;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::time::timeout;

use super::head::{self, Head, Turn};
use super::{Door, Terms, closed, unread};

/// Requests after which a connection ends, so that nothing accumulates in it.
const MOST_REQUESTS: u32 = 10_000;
/// How long, and how much, a client may still send to a connection that was refused.
const LINGER: Duration = Duration::from_secs(2);
const LINGER_BYTES: u64 = 64 * 1024;

/// Serves requests until one ends the connection.
pub(super) async fn converse(mut stream: Stream, terms: &Terms, door: &Door) {
    let Terms { deadlines, caps } = terms;
    let limits = head::Limits {
        idle: deadlines.idle,
        header: deadlines.header,
        bytes: usize::try_from(caps.header_bytes).unwrap_or(usize::MAX),
        fields: usize::try_from(caps.header_fields).unwrap_or(usize::MAX),
    };
    let mut turn = Turn::First;
    for _ in 0..MOST_REQUESTS {
        let mut closing = door.closing.clone();
        // Who waits for nothing is let go; who is in the middle of a header has the drain deadline.
        let head = head::read(&mut stream, turn, limits, closed(&mut closing)).await;
        match head {
            Head::Whole(bytes) => match answer(stream, bytes, door).await {
                Some(reused) => stream = reused,
                None => return,
            },
            Head::Ended => return,
            Head::Late => return door.closed("header_late"),
            Head::Refused(code) => return refuse(stream, code, door).await,
        }
        turn = Turn::Next;
    }
}

/// Hands a request over, with what was read of it; the connection comes back if it lives on.
async fn answer(stream: Stream, read: BytesMut, door: &Door) -> Option<Stream> {
    let mut session = ServerSession::new_http1(stream);
    let mut settings = HttpPersistentSettings::for_session(&session);
    settings.set_pipelined_prefix(read);
    settings.apply_to_session(&mut session);
    let reused = door.proxy.process_new_http(session, &door.retreating).await;
    reused.map(ReusedHttpStream::consume).map(|(stream, _)| stream)
}

/// Says no to what is not read any further.
async fn refuse(mut stream: Stream, code: RejectionCode, door: &Door) {
    // Of the connection: what a proxy says of others was not read.
    let digest = stream.get_socket_digest();
    let peer = digest.as_ref().and_then(|digest| digest.peer_addr()).and_then(|at| at.as_inet());
    let address = peer.map(std::net::SocketAddr::ip);
    let answer = unread::refused(door, code, address).await;
    // Under the deadline of the stream; whoever does not take it has lost nothing.
    if stream.write_all(&answer).await.is_ok() && stream.flush().await.is_ok() {
        let _closed = stream.shutdown().await;
        // What still arrives at a closed socket would reset it, and take the answer along.
        let (mut rest, mut nowhere) = (stream.take(LINGER_BYTES), tokio::io::sink());
        let _ended = timeout(LINGER, tokio::io::copy(&mut rest, &mut nowhere)).await;
    }
}
