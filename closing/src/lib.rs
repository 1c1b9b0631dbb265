//! How a listening socket closes without resetting anybody.
//!
//! A socket that stops listening resets the connections in its queue, and their callers cannot know how far a request
//! came. So the queue is emptied first. Somebody could still enter it between the last one let in and the socket's end, so
//! nobody new is taken from before the one until after the other.

use std::io::ErrorKind;
use std::net::{SocketAddr, TcpListener, TcpStream};

/// So many are let in at the end. A queue that is shared need not become empty.
const LAST: usize = 4096;

/// Whose a queue of waiting callers is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Queue {
    /// Nobody else accepts from it.
    Ours,
    /// Another process may accept from it, or will: a service manager holds the socket.
    Shared,
}

/// Closes `socket`, which must not block, and lets in whoever waits in its queue: connections that do not block either.
///
/// Whoever comes while it is emptied gets no answer yet where it is [`Queue::Ours`]: their system asks again after a
/// second (RFC 6298 §2), and is refused. Whoever comes afterwards is refused at once. Both know that nothing was done.
pub fn close(socket: TcpListener, queue: Queue) -> Vec<(TcpStream, SocketAddr)> {
    if queue == Queue::Ours {
        admit_nobody_new(&socket);
    }
    let mut last = Vec::new();
    while last.len() < LAST {
        match socket.accept() {
            Ok(accepted) => last.push(accepted),
            Err(why) if is_of_one(why.kind()) => {}
            Err(_) => break,
        }
    }
    drop(socket);
    last.retain(|(stream, _)| stream.set_nonblocking(true).is_ok());
    last
}

/// Drops what arrives for the socket itself; connections that it has made are not touched.
#[cfg(target_os = "linux")]
fn admit_nobody_new(socket: &TcpListener) {
    use socket2::{SockFilter, SockRef};

    /// The program of one instruction that keeps 0 bytes of whatever comes (`BPF_RET | BPF_K`; linux/filter.h).
    const NOTHING: (u16, u32) = (0x06, 0);

    let (code, kept) = NOTHING;
    // Without it there is a moment between the last one in and the end, in which somebody may come.
    let _unsupported = SockRef::from(socket).attach_filter(&[SockFilter::new(code, 0, 0, kept)]);
}

#[cfg(not(target_os = "linux"))]
fn admit_nobody_new(_: &TcpListener) {}

/// Whether an error of accepting is one caller's, so that the next one can still be let in.
const fn is_of_one(kind: ErrorKind) -> bool {
    matches!(
        kind,
        ErrorKind::Interrupted | ErrorKind::ConnectionAborted | ErrorKind::ConnectionReset
    )
}

#[cfg(test)]
mod tests {
    use std::io::{Read as _, Write as _};
    use std::time::Duration;

    use super::*;

    fn listening() -> (TcpListener, SocketAddr) {
        let socket = TcpListener::bind("127.0.0.1:0").unwrap();
        socket.set_nonblocking(true).unwrap();
        let address = socket.local_addr().unwrap();
        (socket, address)
    }

    #[test]
    fn whoever_waits_when_a_socket_closes_is_let_in_and_nobody_after_them() {
        for queue in [Queue::Ours, Queue::Shared] {
            let (socket, address) = listening();
            let waiting = [(); 3].map(|()| TcpStream::connect(address).unwrap());
            let last = close(socket, queue);
            let refused = TcpStream::connect(address).unwrap_err();
            assert_eq!(refused.kind(), ErrorKind::ConnectionRefused);
            assert_eq!(last.len(), 3);
            for ((mut inside, peer), mut outside) in last.into_iter().zip(waiting) {
                assert_eq!(peer, outside.local_addr().unwrap());
                assert!(socket2::SockRef::from(&inside).nonblocking().unwrap());
                // What was made before hears and is heard as before.
                outside.write_all(b"?").unwrap();
                inside.set_nonblocking(false).unwrap();
                let mut heard = [0];
                inside.read_exact(&mut heard).unwrap();
                inside.write_all(b"!").unwrap();
                outside.read_exact(&mut heard).unwrap();
                assert_eq!(&heard, b"!");
            }
        }
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn nobody_new_is_taken_by_a_queue_of_ours_and_a_shared_one_goes_on() {
        for queue in [Queue::Ours, Queue::Shared] {
            let (socket, address) = listening();
            // With another holder the socket outlives its closing here, and so shows what became of its queue.
            let held = socket.try_clone().unwrap();
            drop(close(socket, queue));
            let late = TcpStream::connect_timeout(&address, Duration::from_millis(50));
            match queue {
                Queue::Ours => assert_eq!(late.unwrap_err().kind(), ErrorKind::TimedOut),
                Queue::Shared => assert!(late.is_ok() && held.accept().is_ok()),
            }
        }
    }
}
