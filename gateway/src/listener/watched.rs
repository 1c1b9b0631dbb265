//! A stream that does not wait for ever: neither for a client that does not read, nor for the
//! preface of HTTP/2; and that ends when the connection is cut.

use std::fmt;
use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use async_trait::async_trait;
use pingora::http::ResponseHeader;
use pingora::protocols::raw_connect::ProxyDigest;
use pingora::protocols::tls::SslDigest;
use pingora::protocols::{
    ALPN, GetProxyDigest, GetSocketDigest, GetTimingDigest, IO, Peek, Shutdown, SocketDigest, Ssl,
    TimingDigest, UniqueID, UniqueIDType,
};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::time::{Instant, Sleep, sleep};

use super::conduct::Conduct;

/// The preface of HTTP/2 and the head of the frame that must follow it (RFC 9113 §3.4).
const PREFACE: usize = 24 + 9;

/// A stream under watch.
pub(super) struct Watched<S> {
    stream: S,
    conduct: Conduct,
    digest: Option<Arc<ProxyDigest>>,
    /// How long one write may take that the client does not let through.
    write: Duration,
    /// Runs while a write is held up.
    held_up: Option<Pin<Box<Sleep>>>,
    /// Runs until the preface is complete: what of it is missing, and when it is late.
    preface: Option<(usize, Pin<Box<Sleep>>)>,
}

impl<S: IO> Watched<S> {
    /// `preface` is the deadline for HTTP/2's, on a connection that speaks it.
    pub(super) fn new(stream: S, write: Duration, preface: Option<Duration>) -> Self {
        let conduct = Conduct::default();
        // The one way in which a connection can say something to its requests.
        let carried = ResponseHeader::build(200, None).ok().map(|head| {
            Arc::new(ProxyDigest::new(Box::new(head), Some(Box::new(conduct.clone()))))
        });
        let preface = preface.map(|deadline| (PREFACE, Box::pin(sleep(deadline))));
        Self { stream, conduct, digest: carried, write, held_up: None, preface }
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
        if let Some(cut) = this.is_cut() {
            return cut;
        }
        if let Some((_, deadline)) = &mut this.preface
            && deadline.as_mut().poll(cx).is_ready()
        {
            return Poll::Ready(Err(io::ErrorKind::TimedOut.into()));
        }
        let before = buf.filled().len();
        let polled = Pin::new(&mut this.stream).poll_read(cx, buf);
        this.preface = this.preface.take().and_then(|(missing, deadline)| {
            let missing = missing.saturating_sub(buf.filled().len() - before);
            (missing > 0).then_some((missing, deadline))
        });
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

impl<S> fmt::Debug for Watched<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Watched").finish_non_exhaustive()
    }
}

#[async_trait]
impl<S: IO> Shutdown for Watched<S> {
    async fn shutdown(&mut self) {
        // A goodbye that the client does not take must not hold us either.
        let _late =
            tokio::time::timeout_at(Instant::now() + self.write, self.stream.shutdown()).await;
    }
}

impl<S: IO> UniqueID for Watched<S> {
    fn id(&self) -> UniqueIDType {
        self.stream.id()
    }
}

impl<S: IO> Ssl for Watched<S> {
    fn get_ssl_digest(&self) -> Option<Arc<SslDigest>> {
        self.stream.get_ssl_digest()
    }

    fn selected_alpn_proto(&self) -> Option<ALPN> {
        self.stream.selected_alpn_proto()
    }
}

impl<S: IO> GetTimingDigest for Watched<S> {
    fn get_timing_digest(&self) -> Vec<Option<TimingDigest>> {
        self.stream.get_timing_digest()
    }
}

impl<S: IO> GetProxyDigest for Watched<S> {
    fn get_proxy_digest(&self) -> Option<Arc<ProxyDigest>> {
        self.digest.clone()
    }
}

impl<S: IO> GetSocketDigest for Watched<S> {
    fn get_socket_digest(&self) -> Option<Arc<SocketDigest>> {
        self.stream.get_socket_digest()
    }
}

impl<S: IO> Peek for Watched<S> {}

#[cfg(test)]
mod tests {
    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _, duplex};

    use super::*;

    const WRITE: Duration = Duration::from_secs(30);

    #[tokio::test(start_paused = true)]
    async fn a_client_that_does_not_read_is_given_up() {
        let (_client, stream) = duplex(16);
        let mut server = Watched::new(stream, WRITE, None);
        let began = Instant::now();
        let late = server.write_all(&[0; 64]).await.unwrap_err();
        assert_eq!((late.kind(), began.elapsed()), (io::ErrorKind::TimedOut, WRITE));
    }

    #[tokio::test(start_paused = true)]
    async fn a_client_that_reads_in_time_is_served_however_long_it_takes() {
        let (mut client, stream) = duplex(16);
        let mut server = Watched::new(stream, WRITE, None);
        let reading = async {
            for _ in 0..8 {
                sleep(WRITE / 2).await;
                client.read_exact(&mut [0; 16]).await.unwrap();
            }
        };
        let (written, ()) = tokio::join!(server.write_all(&[0; 128]), reading);
        written.unwrap();
    }

    #[tokio::test(start_paused = true)]
    async fn half_a_preface_of_http_2_ends_with_its_deadline() {
        let header = Duration::from_secs(10);
        let (mut client, stream) = duplex(64);
        let mut server = Watched::new(stream, WRITE, Some(header));
        client.write_all(b"PRI * HTTP/2.0\r\n\r\n").await.unwrap();
        let began = Instant::now();
        let late = server.read_exact(&mut [0; 24]).await.unwrap_err();
        assert_eq!((late.kind(), began.elapsed()), (io::ErrorKind::TimedOut, header));
    }

    #[tokio::test(start_paused = true)]
    async fn after_the_preface_time_is_no_longer_ours_to_count() {
        let (mut client, stream) = duplex(64);
        let mut server = Watched::new(stream, WRITE, Some(Duration::from_secs(10)));
        client.write_all(&[0; PREFACE]).await.unwrap();
        server.read_exact(&mut [0; PREFACE]).await.unwrap();
        tokio::time::advance(Duration::from_secs(60)).await;
        client.write_all(b"x").await.unwrap();
        server.read_exact(&mut [0; 1]).await.unwrap();
    }

    #[tokio::test]
    async fn a_cut_connection_takes_and_gives_nothing_more() {
        let (mut client, stream) = duplex(64);
        let mut server = Watched::new(stream, WRITE, None);
        client.write_all(b"x").await.unwrap();
        server.conduct.cut();
        assert!(server.read_exact(&mut [0; 1]).await.is_err());
        assert!(server.write_all(b"x").await.is_err());
    }
}
