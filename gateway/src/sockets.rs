//! The sockets that a gateway listens on: those that a service manager hands over, and the rest
//! bound here.
//!
//! Whoever holds a listening socket keeps its queue: a new process that is handed the same socket
//! answers what the old one no longer accepts, and nobody is refused in between.

use std::io;
use std::net::{SocketAddr, TcpListener};

use closing::Queue;
use listenfd::ListenFd;

use crate::config::Config;

/// Waiting connections that the kernel holds for us.
const BACKLOG: u32 = 4096;

/// Why a gateway does not listen.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// An address is taken, or not ours.
    #[error("cannot listen on {address}")]
    Bind {
        /// Which one.
        address: SocketAddr,
        /// Why.
        #[source]
        source: io::Error,
    },
    /// A socket cannot be used.
    #[error("a listening socket cannot be used")]
    Socket(#[from] io::Error),
    /// A service manager holds a socket that no listener is configured for.
    #[error(
        "a socket for {address} was handed over, and nothing of the configuration listens there"
    )]
    HandedOver {
        /// Where the socket listens.
        address: SocketAddr,
    },
    /// The sockets are not those that the configuration lists.
    #[error("there are {sockets} public sockets for {listeners} listeners")]
    Count {
        /// Sockets handed in.
        sockets: usize,
        /// Listeners configured.
        listeners: usize,
    },
}

/// The sockets of a gateway. A test binds them to port 0.
#[derive(Debug)]
pub struct Listeners {
    /// One for each of `server.listeners`, in the same order.
    pub public: Vec<TcpListener>,
    /// For metrics and probes.
    pub admin: TcpListener,
    /// Who accepts from the public ones.
    pub queue: Queue,
}

impl Listeners {
    /// Takes the sockets that were handed over (systemd's `LISTEN_FDS`), each for the listener with
    /// its address, and binds what is missing; the first address that cannot be bound ends it.
    pub fn bind(config: &Config) -> Result<Self, StartError> {
        let mut handed = handed_over()?;
        let queue = if handed.is_empty() { Queue::Ours } else { Queue::Shared };
        let mut listen = |address: SocketAddr| {
            let held = handed.iter().position(|(known, _)| *known == address);
            held.map_or_else(|| bind(address), |at| Ok(handed.swap_remove(at).1))
        };
        let public = config.public_addresses().into_iter().map(&mut listen);
        let public = public.collect::<Result<_, _>>()?;
        let admin = listen(config.server.admin)?;
        match handed.first() {
            Some((address, _)) => Err(StartError::HandedOver { address: *address }),
            None => Ok(Self { public, admin, queue }),
        }
    }
}

fn handed_over() -> Result<Vec<(SocketAddr, TcpListener)>, StartError> {
    let mut descriptors = ListenFd::from_env();
    let mut handed = Vec::new();
    for at in 0..descriptors.len() {
        if let Some(listener) = descriptors.take_tcp_listener(at)? {
            handed.push((listener.local_addr()?, listener));
        }
    }
    Ok(handed)
}

fn bind(address: SocketAddr) -> Result<TcpListener, StartError> {
    let bound = || {
        let socket = if address.is_ipv4() {
            tokio::net::TcpSocket::new_v4()?
        } else {
            tokio::net::TcpSocket::new_v6()?
        };
        socket.set_reuseaddr(true)?;
        socket.bind(address)?;
        socket.listen(BACKLOG)?.into_std()
    };
    bound().map_err(|source| StartError::Bind { address, source })
}

#[cfg(all(test, target_os = "linux"))]
mod tests {
    use std::sync::Arc;
    use std::time::Duration;

    use super::*;
    use crate::clock::SystemClock;
    use crate::{Gateway, bench};

    #[tokio::test]
    async fn a_gateway_takes_nobody_new_at_its_end_from_a_socket_that_it_bound_itself() {
        for queue in [Queue::Ours, Queue::Shared] {
            let mut config = bench::config("http://127.0.0.1:1", "http://127.0.0.1:1", "");
            let any = SocketAddr::from(([127, 0, 0, 1], 0));
            config.server.admin = any;
            config.server.listeners.iter_mut().for_each(|listener| listener.address = any);
            let mut listeners = Listeners::bind(&config).unwrap();
            assert_eq!(listeners.queue, Queue::Ours);
            listeners.queue = queue;
            // With another holder the socket outlives the gateway, and so shows what became of its queue.
            let held = listeners.public[0].try_clone().unwrap();
            let gateway = Gateway::build(config, Arc::new(SystemClock::start())).unwrap();
            gateway.audit_to(io::sink()).start(listeners).unwrap().shutdown().await;
            let address = held.local_addr().unwrap();
            let late = std::net::TcpStream::connect_timeout(&address, Duration::from_millis(50));
            assert_eq!(late.is_err(), queue == Queue::Ours);
        }
    }
}
