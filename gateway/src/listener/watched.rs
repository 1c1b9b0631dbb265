//! A stream that does not wait for ever: neither for a client that does not read, nor for a header of
//! HTTP/2; that passes no header on which nobody should decode; and that ends when the connection is cut.

use std::fmt;
use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use async_trait::async_trait;
use pingora::http::ResponseHeader;
use pingora::protocols::raw_connect::ProxyDigest;
use pingora::protocols::tls::SslDigest;
use pingora::protocols::{
    ALPN, GetProxyDigest, GetSocketDigest, GetTimingDigest, IO, Peek, Shutdown, SocketDigest, Ssl,
    TimingDigest, UniqueID, UniqueIDType,
};
use tokio::io::{AsyncRead, AsyncWrite, AsyncWriteExt as _, BufWriter, ReadBuf};
use tokio::time::{Instant, Sleep, sleep};

use super::conduct::Conduct;
use super::frames::Frames;

/// What is gathered before it is sent, in bytes. The frame writes a header and a body apart and says when
/// both are to go: a usual answer is then one send, and one TLS record. Larger writes pass by; what was gathered has
/// the time of one write.
const GATHERED: usize = 2048;

/// A stream under watch.
pub(super) struct Watched<S: IO> {
    stream: BufWriter<S>,
    conduct: Conduct,
    digest: Option<Arc<ProxyDigest>>,
    /// How long one write may take that the client does not let through.
    write: Duration,
    /// Runs while a write is held up.
    held_up: Option<Pin<Box<Sleep>>>,
    /// On a connection that speaks HTTP/2.
    headers: Option<Headers>,
}

/// Holds a connection over HTTP/2 to the deadline of its headers: the preface first, then each header
/// from its first byte to its last, over however many frames it comes; and to headers of so many fields.
struct Headers {
    terms: HeaderTerms,
    frames: Frames,
    under_way: Option<(u64, Pin<Box<Sleep>>)>,
}

/// What a header of HTTP/2 is held to.
#[derive(Clone, Copy, Debug)]
pub(super) struct HeaderTerms {
    /// For all of it.
    pub(super) deadline: Duration,
    /// Fields that it may have and be decoded, those of the request line included.
    pub(super) most_fields: usize,
}

impl Headers {
    fn new(terms: HeaderTerms) -> Self {
        let mut headers = Self { terms, frames: Frames::default(), under_way: None };
        headers.pass(&[]);
        headers
    }

    /// These bytes were read; a header that begins with them has its time from now on.
    fn pass(&mut self, bytes: &[u8]) {
        self.frames.pass(bytes);
        let now = self.frames.header();
        if self.under_way.as_ref().map(|(header, _)| *header) != now {
            self.under_way = now.map(|header| (header, Box::pin(sleep(self.terms.deadline))));
        }
    }

    fn is_late(&mut self, cx: &mut Context<'_>) -> bool {
        let late =
            |(_, deadline): &mut (u64, Pin<Box<Sleep>>)| deadline.as_mut().poll(cx).is_ready();
        self.under_way.as_mut().is_some_and(late)
    }
}

impl<S: IO> Watched<S> {
    /// `header` is for a connection that speaks HTTP/2.
    pub(super) fn new(stream: S, write: Duration, header: Option<HeaderTerms>) -> Self {
        let conduct = Conduct::default();
        // The one way in which a connection can say something to its requests.
        let carried = ResponseHeader::build(200, None).ok().map(|head| {
            Arc::new(ProxyDigest::new(Box::new(head), Some(Box::new(conduct.clone()))))
        });
        // HTTP/2 gathers its frames by itself.
        let gathered = if header.is_some() { 0 } else { GATHERED };
        let stream = BufWriter::with_capacity(gathered, stream);
        let headers = header.map(Headers::new);
        Self { stream, conduct, digest: carried, write, held_up: None, headers }
    }

    /// What the connection shares with its requests.
    pub(super) fn conduct(&self) -> Conduct {
        self.conduct.clone()
    }

    /// Ends a write that is held up for too long.
    fn written<T>(
        &mut self,
        cx: &mut Context<'_>,
        polled: Poll<io::Result<T>>,
    ) -> Poll<io::Result<T>> {
        if polled.is_ready() {
            self.held_up = None;
            return polled;
        }
        let write = self.write;
        let held_up = self.held_up.get_or_insert_with(|| Box::pin(sleep(write)));
        held_up.as_mut().poll(cx).map(|()| Err(io::ErrorKind::TimedOut.into()))
    }

    fn is_cut(&self) -> Option<Poll<io::Result<()>>> {
        self.conduct.is_cut().then(|| Poll::Ready(Err(io::ErrorKind::ConnectionAborted.into())))
    }
}

impl<S: IO> AsyncRead for Watched<S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let this = &mut *self;
        this.conduct.wake_on_cut(cx.waker());
        if let Some(cut) = this.is_cut() {
            return cut;
        }
        let Some(headers) = &mut this.headers else {
            return Pin::new(&mut this.stream).poll_read(cx, buf);
        };
        if headers.is_late(cx) {
            return Poll::Ready(Err(io::ErrorKind::TimedOut.into()));
        }
        let before = buf.filled().len();
        let polled = Pin::new(&mut this.stream).poll_read(cx, buf);
        headers.pass(buf.filled().get(before..).unwrap_or_default());
        if headers.frames.most_fields() > headers.terms.most_fields {
            buf.set_filled(before);
            this.conduct.cut();
            return Poll::Ready(Err(io::ErrorKind::InvalidData.into()));
        }
        polled
    }
}

impl<S: IO> AsyncWrite for Watched<S> {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        if let Some(cut) = self.is_cut() {
            return cut.map_ok(|()| 0);
        }
        let polled = Pin::new(&mut self.stream).poll_write(cx, bytes);
        self.written(cx, polled)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let polled = Pin::new(&mut self.stream).poll_flush(cx);
        self.written(cx, polled)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let polled = Pin::new(&mut self.stream).poll_shutdown(cx);
        self.written(cx, polled)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        slices: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        if let Some(cut) = self.is_cut() {
            return cut.map_ok(|()| 0);
        }
        let polled = Pin::new(&mut self.stream).poll_write_vectored(cx, slices);
        self.written(cx, polled)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }
}

impl<S: IO> fmt::Debug for Watched<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Watched").finish_non_exhaustive()
    }
}

impl<S: IO> Drop for Watched<S> {
    /// The beginning of an answer that broke off is sent, as far as the client takes it at once: an answer
    /// cut short says more than none.
    fn drop(&mut self) {
        let mut nobody = Context::from_waker(Waker::noop());
        let _sent = Pin::new(&mut self.stream).poll_flush(&mut nobody);
    }
}

#[async_trait]
impl<S: IO> Shutdown for Watched<S> {
    async fn shutdown(&mut self) {
        let stream = &mut self.stream;
        let goodbye = async {
            // Gone is gone; there is nobody left to tell.
            let _sent = stream.flush().await;
            stream.get_mut().shutdown().await;
        };
        // A goodbye that the client does not take must not hold us either.
        let _late = tokio::time::timeout_at(Instant::now() + self.write, goodbye).await;
    }
}

impl<S: IO> UniqueID for Watched<S> {
    fn id(&self) -> UniqueIDType {
        self.stream.get_ref().id()
    }
}

impl<S: IO> Ssl for Watched<S> {
    fn get_ssl_digest(&self) -> Option<Arc<SslDigest>> {
        self.stream.get_ref().get_ssl_digest()
    }

    fn selected_alpn_proto(&self) -> Option<ALPN> {
        self.stream.get_ref().selected_alpn_proto()
    }
}

impl<S: IO> GetTimingDigest for Watched<S> {
    fn get_timing_digest(&self) -> Vec<Option<TimingDigest>> {
        self.stream.get_ref().get_timing_digest()
    }
}

impl<S: IO> GetProxyDigest for Watched<S> {
    fn get_proxy_digest(&self) -> Option<Arc<ProxyDigest>> {
        self.digest.clone()
    }
}

impl<S: IO> GetSocketDigest for Watched<S> {
    fn get_socket_digest(&self) -> Option<Arc<SocketDigest>> {
        self.stream.get_ref().get_socket_digest()
    }
}

impl<S: IO> Peek for Watched<S> {}

#[cfg(test)]
mod tests;
