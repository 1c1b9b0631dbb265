//! How many connections there may be: in all, and from one address.

use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::net::IpAddr;
use std::sync::{Arc, Mutex, PoisonError};

use crate::config::Caps;
use crate::rate_limit::network;

/// Counts the connections and refuses those beyond the caps.
#[derive(Clone, Debug, Default)]
pub(crate) struct ConnectionCaps {
    open: Arc<Mutex<Open>>,
}

#[derive(Debug, Default)]
struct Open {
    in_all: u32,
    by_network: HashMap<IpAddr, u32>,
}

/// A connection's place, given back when it is dropped.
#[derive(Debug)]
pub(crate) struct Place {
    network: IpAddr,
    open: Arc<Mutex<Open>>,
}

impl ConnectionCaps {
    /// A place for a connection from `address`, if `caps` leave one.
    pub(crate) fn enter(&self, caps: &Caps, address: IpAddr) -> Option<Place> {
        let network = network(address);
        let mut open = self.open.lock().unwrap_or_else(PoisonError::into_inner);
        if open.in_all >= caps.connections {
            return None;
        }
        let count = open.by_network.entry(network).or_insert(0);
        if *count >= caps.connections_per_address {
            return None;
        }
        *count += 1;
        open.in_all += 1;
        Some(Place { network, open: Arc::clone(&self.open) })
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let mut open = self.open.lock().unwrap_or_else(PoisonError::into_inner);
        open.in_all = open.in_all.saturating_sub(1);
        if let Entry::Occupied(mut count) = open.by_network.entry(self.network) {
            *count.get_mut() -= 1;
            if *count.get() == 0 {
                count.remove();
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn caps(connections: u32, connections_per_address: u32) -> (ConnectionCaps, Caps) {
        let caps = crate::bench::config("http://127.0.0.1:1", "http://127.0.0.1:1", "");
        let caps = Caps { connections, connections_per_address, ..caps.server.caps };
        (ConnectionCaps::default(), caps)
    }

    #[test]
    fn an_address_has_its_share_and_gets_it_back() {
        let (open, caps) = caps(10, 2);
        let one: IpAddr = "192.0.2.1".parse().unwrap();
        let first = open.enter(&caps, one).unwrap();
        let _second = open.enter(&caps, one).unwrap();
        assert!(open.enter(&caps, one).is_none());
        assert!(open.enter(&caps, "192.0.2.2".parse().unwrap()).is_some());
        drop(first);
        assert!(open.enter(&caps, one).is_some());
    }

    #[test]
    fn all_addresses_together_have_a_cap() {
        let (open, caps) = caps(1, 5);
        let _only = open.enter(&caps, "192.0.2.1".parse().unwrap()).unwrap();
        assert!(open.enter(&caps, "192.0.2.2".parse().unwrap()).is_none());
    }

    #[test]
    fn nothing_is_remembered_of_connections_that_ended() {
        let (open, caps) = caps(10, 2);
        drop(open.enter(&caps, "192.0.2.1".parse().unwrap()));
        assert!(open.open.lock().unwrap().by_network.is_empty());
    }
}
