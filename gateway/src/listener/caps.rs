//! How many connections there may be: in all, and from one address.

use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::net::IpAddr;
use std::sync::{Arc, Mutex, PoisonError};

use crate::config::Caps;
use crate::rate_limit::network;

/// Counts the connections and refuses those beyond the caps.
#[derive(Clone, Debug)]
pub(crate) struct ConnectionCaps {
    in_all: u32,
    per_address: u32,
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
    pub(crate) fn new(caps: &Caps) -> Self {
        Self {
            in_all: caps.connections,
            per_address: caps.connections_per_address,
            open: Arc::default(),
        }
    }

    /// A place for a connection from `address`, if there is one.
    pub(crate) fn enter(&self, address: IpAddr) -> Option<Place> {
        let network = network(address);
        let mut open = self.open.lock().unwrap_or_else(PoisonError::into_inner);
        if open.in_all >= self.in_all {
            return None;
        }
        let count = open.by_network.entry(network).or_insert(0);
        if *count >= self.per_address {
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

    fn caps(in_all: u32, per_address: u32) -> ConnectionCaps {
        ConnectionCaps { in_all, per_address, open: Arc::default() }
    }

    #[test]
    fn an_address_has_its_share_and_gets_it_back() {
        let caps = caps(10, 2);
        let one: IpAddr = "192.0.2.1".parse().unwrap();
        let first = caps.enter(one).unwrap();
        let _second = caps.enter(one).unwrap();
        assert!(caps.enter(one).is_none());
        assert!(caps.enter("192.0.2.2".parse().unwrap()).is_some());
        drop(first);
        assert!(caps.enter(one).is_some());
    }

    #[test]
    fn all_addresses_together_have_a_cap() {
        let caps = caps(1, 5);
        let _only = caps.enter("192.0.2.1".parse().unwrap()).unwrap();
        assert!(caps.enter("192.0.2.2".parse().unwrap()).is_none());
    }

    #[test]
    fn nothing_is_remembered_of_connections_that_ended() {
        let caps = caps(10, 2);
        drop(caps.enter("192.0.2.1".parse().unwrap()));
        assert!(caps.open.lock().unwrap().by_network.is_empty());
    }
}
