//! Who is in the queue of a socket when it closes.

use std::net::SocketAddr;

use closing::Queue;
use tokio::net::{TcpListener, TcpStream};

/// Closes the socket and lets in whoever waits, with nothing between that could wait.
pub(super) fn let_in(listener: TcpListener, queue: Queue) -> Vec<(TcpStream, SocketAddr)> {
    // The runtime may not have heard yet of who is in the queue, so the kernel is asked.
    let Ok(socket) = listener.into_std() else { return Vec::new() };
    let last = closing::close(socket, queue).into_iter();
    last.filter_map(|(stream, peer)| Some((TcpStream::from_std(stream).ok()?, peer))).collect()
}
