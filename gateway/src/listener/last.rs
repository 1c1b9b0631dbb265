//! Who is in the queue of a socket when it closes: a closed socket resets those connections, and their
//! clients cannot know how far a request came.

use std::io::ErrorKind;
use std::net::SocketAddr;

use tokio::net::{TcpListener, TcpStream};

/// So many are let in at the end. The queue need not become empty where another gateway accepts from it too.
const LAST: usize = 4096;

/// Empties the queue and closes the socket, with nothing between that could wait: whoever connects from then
/// on is refused, and knows that nothing was done.
pub(super) fn let_in(listener: TcpListener) -> Vec<(TcpStream, SocketAddr)> {
    let mut last = Vec::new();
    // The runtime may not have heard yet of who is in the queue, so the kernel is asked.
    let Ok(socket) = listener.into_std() else { return Vec::new() };
    while last.len() < LAST {
        match socket.accept() {
            Ok(accepted) => last.push(accepted),
            Err(why) if is_of_one(why.kind()) => {}
            Err(_) => break,
        }
    }
    drop(socket);
    let last = last.into_iter().filter_map(|(stream, peer)| {
        stream.set_nonblocking(true).ok()?;
        Some((TcpStream::from_std(stream).ok()?, peer))
    });
    last.collect()
}

/// Whether an error of accepting is one client's, so that the next one can still be let in.
const fn is_of_one(kind: ErrorKind) -> bool {
    matches!(
        kind,
        ErrorKind::Interrupted | ErrorKind::ConnectionAborted | ErrorKind::ConnectionReset
    )
}

#[cfg(test)]
mod tests {
    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};

    use super::*;

    #[tokio::test]
    async fn whoever_waits_when_a_socket_closes_is_let_in_and_nobody_after_them() {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let mut waiting = Vec::new();
        for _ in 0..3 {
            waiting.push(TcpStream::connect(address).await.unwrap());
        }
        let last = let_in(listener);
        assert!(TcpStream::connect(address).await.is_err());
        assert_eq!(last.len(), 3);
        for ((mut inside, peer), mut outside) in last.into_iter().zip(waiting) {
            assert_eq!(peer, outside.local_addr().unwrap());
            inside.write_all(b"!").await.unwrap();
            assert_eq!(outside.read_u8().await.unwrap(), b'!');
        }
    }
}
