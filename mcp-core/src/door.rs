//! Where callers come in, and how that ends: nobody who has come in is sent away unheard.
//!
//! A socket that stops listening resets the connections in its queue, and a connection on which nothing was
//! said yet is closed as one that nobody needs. Whoever called over either cannot know how far the call came.
//! So the queue is emptied before the socket is closed, and whoever has not begun yet is given a moment for it.

use std::collections::VecDeque;
use std::io::{self, IoSlice};
use std::net::{self, SocketAddr};
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use axum::serve::Listener;
use closing::Queue;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::{TcpListener, TcpStream};
use tokio::time::timeout;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use tokio_util::task::task_tracker::TaskTrackerToken;

/// How long whoever is connected may take to begin a first request, once nobody else is let in.
const FIRST_WORD: Duration = Duration::from_secs(1);

/// A listening socket that closes in good order.
#[derive(Debug)]
pub(crate) struct Door {
    address: SocketAddr,
    /// Open until it is told to close.
    socket: Option<TcpListener>,
    queue: Queue,
    /// Who was in the queue then.
    last: VecDeque<(net::TcpStream, SocketAddr)>,
    closing: CancellationToken,
    /// The socket is closed, and nobody is left in the queue.
    closed: CancellationToken,
    /// Connections on which nothing was said yet.
    unheard: TaskTracker,
}

impl Door {
    /// Lets callers in until `closing` is cancelled.
    ///
    /// # Errors
    /// A socket without an address.
    pub(crate) fn new(
        socket: TcpListener,
        queue: Queue,
        closing: CancellationToken,
    ) -> io::Result<Self> {
        Ok(Self {
            address: socket.local_addr()?,
            socket: Some(socket),
            queue,
            last: VecDeque::new(),
            closing,
            closed: CancellationToken::new(),
            unheard: TaskTracker::new(),
        })
    }

    /// Ends when the door is closed, and whoever came in has begun a request, left, or had its moment.
    pub(crate) fn emptied(&self) -> impl Future<Output = ()> + Send + use<> {
        let (closed, unheard) = (self.closed.clone(), self.unheard.clone());
        async move {
            closed.cancelled().await;
            unheard.close();
            // Whoever is silent for longer has nothing to say.
            let _silent = timeout(FIRST_WORD, unheard.wait()).await;
        }
    }

    /// The next one to come in. Once the door is closed and all are in, nobody comes any more.
    pub(crate) async fn next(&mut self) -> (Connection<TcpStream>, SocketAddr) {
        let (stream, peer) = loop {
            if let Some(socket) = &mut self.socket {
                tokio::select! {
                    // The listener of the library waits where there are no descriptors left.
                    accepted = Listener::accept(socket) => break accepted,
                    () = self.closing.cancelled() => self.close(),
                }
            } else if let Some((stream, peer)) = self.last.pop_front() {
                if let Ok(stream) = TcpStream::from_std(stream) {
                    break (stream, peer);
                }
            } else {
                // All are in, and each counts as unheard until it is heard.
                self.closed.cancel();
                std::future::pending::<()>().await;
            }
        };
        // Without this a streamed answer waits 40 ms for an acknowledgement.
        let _unsupported = stream.set_nodelay(true);
        (Connection { stream, unheard: Some(self.unheard.token()) }, peer)
    }

    /// Empties the queue and closes the socket, with nothing between that could wait: whoever connects from
    /// then on is refused, and knows that nothing was done.
    fn close(&mut self) {
        // The runtime may not have heard yet of who is in the queue, so the kernel is asked.
        if let Some(socket) = self.socket.take().and_then(|socket| socket.into_std().ok()) {
            self.last = closing::close(socket, self.queue).into();
        }
    }
}

impl Listener for Door {
    type Io = Connection<TcpStream>;
    type Addr = SocketAddr;

    async fn accept(&mut self) -> (Self::Io, Self::Addr) {
        self.next().await
    }

    fn local_addr(&self) -> io::Result<SocketAddr> {
        Ok(self.address)
    }
}

/// A connection that counts as unheard until the first byte of a request is read from it.
#[derive(Debug)]
pub(crate) struct Connection<S> {
    stream: S,
    unheard: Option<TaskTrackerToken>,
}

impl<S> Connection<S> {
    /// The same over `layer`: what was said below it was no request yet.
    pub(crate) async fn over<T, E>(
        self,
        layer: impl AsyncFnOnce(S) -> Result<T, E>,
    ) -> Result<Connection<T>, E> {
        Ok(Connection { stream: layer(self.stream).await?, unheard: self.unheard })
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for Connection<S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        into: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let before = into.filled().len();
        let read = Pin::new(&mut self.stream).poll_read(context, into);
        if into.filled().len() > before {
            self.unheard = None;
        }
        read
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for Connection<S> {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write(context, bytes)
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(context)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        slices: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write_vectored(context, slices)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }
}
