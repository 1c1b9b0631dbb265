//! A stream that watches the request header go by: a deadline for the whole of it, a cap on its
//! size, and no line end or framing that two servers could read in two ways.
//!
//! The server above counts its read timeout from one read to the next, so a byte every few seconds
//! would hold a connection for ever.

use std::fmt;
use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll, ready};
use std::time::Duration;

use async_trait::async_trait;
use pingora::protocols::raw_connect::ProxyDigest;
use pingora::protocols::tls::SslDigest;
use pingora::protocols::{
    ALPN, GetProxyDigest, GetSocketDigest, GetTimingDigest, IO, Peek, Shutdown, SocketDigest, Ssl,
    TimingDigest, UniqueID, UniqueIDType,
};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::time::{Instant, Sleep, sleep};

use super::scan::{Scan, Scanned};

/// What a request header may take.
#[derive(Clone, Copy, Debug)]
pub(super) struct Limits {
    /// From its first byte to its last; on a new connection from the handshake's end.
    pub(super) header: Duration,
    /// Bytes after which the connection is closed. The request itself is refused politely at half
    /// of it.
    pub(super) header_bytes: usize,
}

/// A stream under watch.
pub(super) struct Guarded<S> {
    stream: S,
    limits: Limits,
    /// Set from outside when the connection is about to serve another request.
    fresh: Arc<AtomicBool>,
    phase: Phase,
    deadline: Pin<Box<Sleep>>,
}

enum Phase {
    /// Between two requests.
    Idle,
    /// Inside a header.
    Header(Scan),
    /// The header is complete; what follows is not ours to watch.
    Passed,
}

impl<S> Guarded<S> {
    pub(super) fn new(stream: S, limits: Limits, fresh: Arc<AtomicBool>) -> Self {
        let deadline = Box::pin(sleep(limits.header));
        let scan = Scan::new(limits.header_bytes.saturating_mul(2));
        Self { stream, limits, fresh, phase: Phase::Header(scan), deadline }
    }

    fn seen(&mut self, bytes: &[u8]) -> io::Result<()> {
        if matches!(self.phase, Phase::Idle) && !bytes.is_empty() {
            self.deadline.as_mut().reset(Instant::now() + self.limits.header);
            self.phase = Phase::Header(Scan::new(self.limits.header_bytes.saturating_mul(2)));
        }
        if let Phase::Header(scan) = &mut self.phase {
            match scan.feed(bytes) {
                Scanned::More => {}
                Scanned::Complete => self.phase = Phase::Passed,
                Scanned::Ambiguous => return Err(io::ErrorKind::InvalidData.into()),
            }
        }
        Ok(())
    }
}

impl<S: IO> AsyncRead for Guarded<S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let this = &mut *self;
        if this.fresh.swap(false, Ordering::Relaxed) {
            this.phase = Phase::Idle;
        }
        if matches!(this.phase, Phase::Header(_)) && this.deadline.as_mut().poll(cx).is_ready() {
            return Poll::Ready(Err(io::ErrorKind::TimedOut.into()));
        }
        let before = buf.filled().len();
        ready!(Pin::new(&mut this.stream).poll_read(cx, buf))?;
        let bytes = buf.filled().get(before..).unwrap_or_default();
        Poll::Ready(this.seen(bytes))
    }
}

impl<S: IO> AsyncWrite for Guarded<S> {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write(cx, bytes)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(cx)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        slices: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write_vectored(cx, slices)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }
}

impl<S> fmt::Debug for Guarded<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Guarded").finish_non_exhaustive()
    }
}

#[async_trait]
impl<S: IO> Shutdown for Guarded<S> {
    async fn shutdown(&mut self) {
        self.stream.shutdown().await;
    }
}

impl<S: IO> UniqueID for Guarded<S> {
    fn id(&self) -> UniqueIDType {
        self.stream.id()
    }
}

impl<S: IO> Ssl for Guarded<S> {
    fn get_ssl_digest(&self) -> Option<Arc<SslDigest>> {
        self.stream.get_ssl_digest()
    }

    fn selected_alpn_proto(&self) -> Option<ALPN> {
        self.stream.selected_alpn_proto()
    }
}

impl<S: IO> GetTimingDigest for Guarded<S> {
    fn get_timing_digest(&self) -> Vec<Option<TimingDigest>> {
        self.stream.get_timing_digest()
    }
}

impl<S: IO> GetProxyDigest for Guarded<S> {
    fn get_proxy_digest(&self) -> Option<Arc<ProxyDigest>> {
        self.stream.get_proxy_digest()
    }
}

impl<S: IO> GetSocketDigest for Guarded<S> {
    fn get_socket_digest(&self) -> Option<Arc<SocketDigest>> {
        self.stream.get_socket_digest()
    }
}

impl<S: IO> Peek for Guarded<S> {}

#[cfg(test)]
mod tests {
    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _, DuplexStream, duplex};

    use super::*;

    const LIMITS: Limits = Limits { header: Duration::from_secs(10), header_bytes: 1024 };

    struct Bench {
        client: DuplexStream,
        server: Guarded<DuplexStream>,
        fresh: Arc<AtomicBool>,
    }

    fn bench() -> Bench {
        let (client, stream) = duplex(4096);
        let fresh = Arc::new(AtomicBool::new(false));
        Bench { client, server: Guarded::new(stream, LIMITS, Arc::clone(&fresh)), fresh }
    }

    impl Bench {
        async fn arrives(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.client.write_all(bytes).await.unwrap();
            self.server.read(&mut [0; 4096]).await
        }

        async fn nothing_arrives(&mut self) -> io::Result<usize> {
            self.server.read(&mut [0; 4096]).await
        }
    }

    #[tokio::test(start_paused = true)]
    async fn a_byte_now_and_then_does_not_stretch_the_deadline() {
        let mut bench = bench();
        for _ in 0..9 {
            bench.arrives(b"x").await.unwrap();
            tokio::time::advance(Duration::from_secs(1)).await;
        }
        tokio::time::advance(Duration::from_secs(1)).await;
        let late = bench.arrives(b"x").await.unwrap_err();
        assert_eq!(late.kind(), io::ErrorKind::TimedOut);
    }

    #[tokio::test(start_paused = true)]
    async fn a_silent_connection_ends_with_the_deadline() {
        let late = bench().nothing_arrives().await.unwrap_err();
        assert_eq!(late.kind(), io::ErrorKind::TimedOut);
    }

    #[tokio::test(start_paused = true)]
    async fn after_the_header_time_is_no_longer_ours_to_count() {
        let mut bench = bench();
        bench.arrives(b"POST /mcp HTTP/1.1\r\nHost: a\r\n\r\n").await.unwrap();
        tokio::time::advance(Duration::from_secs(60)).await;
        bench.arrives(b"body\n").await.unwrap();
    }

    #[tokio::test(start_paused = true)]
    async fn the_next_request_has_its_own_deadline_from_its_first_byte() {
        let mut bench = bench();
        bench.arrives(b"GET / HTTP/1.1\r\nHost: a\r\n\r\n").await.unwrap();
        bench.fresh.store(true, Ordering::Relaxed);
        tokio::time::advance(Duration::from_secs(30)).await;
        bench.arrives(b"G").await.unwrap();
        let late = bench.nothing_arrives().await.unwrap_err();
        assert_eq!(late.kind(), io::ErrorKind::TimedOut);
    }

    #[tokio::test]
    async fn an_ambiguous_header_ends_the_connection() {
        let refused = bench().arrives(b"GET / HTTP/1.1\nHost: a\r\n\r\n").await.unwrap_err();
        assert_eq!(refused.kind(), io::ErrorKind::InvalidData);
    }
}
