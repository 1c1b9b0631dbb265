//! A round-robin TCP proxy in front of several gateways: it knows nothing of HTTP, and gives each
//! connection to the next gateway in turn.

use std::collections::HashMap;
use std::io;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, PoisonError};

use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio::task::{JoinHandle, JoinSet};

/// A running proxy; it stops, and cuts its connections, when dropped.
#[derive(Debug)]
pub struct Balancer {
    turns: Arc<Turns>,
    task: JoinHandle<()>,
}

/// Who is next, and how many connections each has.
#[derive(Debug)]
struct Turns {
    row: Mutex<Row>,
    open: watch::Sender<HashMap<SocketAddr, usize>>,
}

#[derive(Debug)]
struct Row {
    targets: Vec<SocketAddr>,
    next: usize,
}

impl Drop for Balancer {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl Balancer {
    /// Serves `listener` with these targets.
    pub fn start(listener: std::net::TcpListener, targets: Vec<SocketAddr>) -> io::Result<Self> {
        listener.set_nonblocking(true)?;
        let listener = TcpListener::from_std(listener)?;
        let row = Mutex::new(Row { targets, next: 0 });
        let turns = Arc::new(Turns { row, open: watch::Sender::new(HashMap::new()) });
        let task = tokio::spawn(accept(listener, Arc::clone(&turns)));
        Ok(Self { turns, task })
    }

    /// Gives the place of one target to another; connections that are open stay where they are.
    pub fn replace(&self, old: SocketAddr, new: SocketAddr) {
        let mut row = self.turns.row.lock().unwrap_or_else(PoisonError::into_inner);
        row.targets.iter_mut().filter(|target| **target == old).for_each(|target| *target = new);
    }

    /// Waits until `target` has no connection of ours left.
    pub async fn drained(&self, target: SocketAddr) {
        let mut open = self.turns.open.subscribe();
        // Fails only when the proxy is gone, and its connections with it.
        let _gone = open.wait_for(|open| open.get(&target).is_none_or(|count| *count == 0)).await;
    }
}

impl Turns {
    /// The next target, counted as connected from now on.
    fn pick(self: &Arc<Self>) -> Option<Place> {
        let mut row = self.row.lock().unwrap_or_else(PoisonError::into_inner);
        let target = row.targets.get(row.next % row.targets.len().max(1)).copied()?;
        row.next += 1;
        // Still under the lock, so that nobody finds a target drained that was just picked.
        self.open.send_modify(|open| *open.entry(target).or_default() += 1);
        Some(Place { turns: Arc::clone(self), target })
    }
}

/// One connection's place at a target.
struct Place {
    turns: Arc<Turns>,
    target: SocketAddr,
}

impl Drop for Place {
    fn drop(&mut self) {
        self.turns.open.send_modify(|open| *open.entry(self.target).or_insert(1) -= 1);
    }
}

async fn accept(listener: TcpListener, turns: Arc<Turns>) {
    let mut connections = JoinSet::new();
    loop {
        tokio::select! {
            Some(_) = connections.join_next() => {}
            Ok((stream, _)) = listener.accept() => {
                if let Some(place) = turns.pick() {
                    connections.spawn(carry(stream, place));
                }
            }
        }
    }
}

async fn carry(mut client: TcpStream, place: Place) {
    if let Ok(mut gateway) = TcpStream::connect(place.target).await {
        let _unsupported = (client.set_nodelay(true), gateway.set_nodelay(true));
        // However it ends, both sides are closed.
        let _ended = tokio::io::copy_bidirectional(&mut client, &mut gateway).await;
    }
}
