//! A connection over HTTP/1.1: one request after the other, each header read and judged here.

use std::time::Duration;

use authz::rejection::RejectionCode;
use bytes::BytesMut;
use pingora::apps::{HttpPersistentSettings, HttpServerApp as _, ReusedHttpStream};
use pingora::protocols::Stream;
use pingora::protocols::http::ServerSession;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::sync::watch;
use tokio::time::{Instant, sleep_until, timeout};

use super::head::{self, Head, Turn};
use super::{Door, Terms, closed, unread};

/// Requests after which a connection ends, so that nothing accumulates in it.
const MOST_REQUESTS: u32 = 10_000;
/// How long, and how much, a client may still send to a connection that was refused.
const LINGER: Duration = Duration::from_secs(2);
const LINGER_BYTES: u64 = 64 * 1024;
/// Whoever was answered so shortly before may be about to ask again, when connections without a request are let
/// go. Its answer began before anybody knew that it would be the last one.
const ASKS_AGAIN: Duration = Duration::from_secs(1);

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
    for number in 1..=MOST_REQUESTS {
        // Who waits for nothing is let go; who is in the middle of a header has the drain deadline.
        let leave = let_go(door, Instant::now());
        let head = head::read(&mut stream, turn, limits, leave).await;
        match head {
            Head::Whole(bytes) => {
                match answer(stream, bytes, door, number == MOST_REQUESTS).await {
                    Some(reused) => stream = reused,
                    None => return,
                }
            }
            Head::Ended => {
                // Over TLS, a connection that ends without a word may have been cut by anybody (RFC 8446 §6.1).
                let _gone = stream.shutdown().await;
                return;
            }
            Head::Late => return door.closed("header_late"),
            Head::Refused(code) => return refuse(stream, code, door).await,
        }
        turn = Turn::Next;
    }
}

/// Ends when a connection without a request is let go, whose client was `answered` then.
async fn let_go(door: &Door, answered: Instant) {
    closed(&mut door.closing.clone()).await;
    sleep_until(answered + ASKS_AGAIN).await;
}

/// Hands a request over, with what was read of it; the connection comes back if it lives on. An answer says so
/// if it is the last one: a client that had to find out would have sent its next request.
async fn answer(stream: Stream, read: BytesMut, door: &Door, is_last: bool) -> Option<Stream> {
    let mut session = ServerSession::new_http1(stream);
    let mut settings = HttpPersistentSettings::for_session(&session);
    settings.set_pipelined_prefix(read);
    settings.apply_to_session(&mut session);
    let ending = is_last.then(|| watch::Sender::new(true).subscribe());
    let ends = ending.as_ref().unwrap_or(&door.retreating);
    let reused = door.proxy.process_new_http(session, ends).await;
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
