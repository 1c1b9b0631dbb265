//! Which addresses a document may be fetched from: public ones (RFC 6890), judged between
//! resolution and connection, so that no second look-up can answer otherwise.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::sync::Arc;

use reqwest::dns::{Addrs, Name, Resolve, Resolving};

use super::Network;

/// Resolves, and refuses a name that has any address which may not be dialled.
#[derive(Clone, Debug)]
pub(super) struct Guarded(Arc<dyn Network>);

/// A name that leads nowhere we go.
#[derive(Debug, thiserror::Error)]
#[error("the host has no address, or one that is not public")]
struct NotPublic;

impl Guarded {
    pub(super) fn new(network: Arc<dyn Network>) -> Self {
        Self(network)
    }
}

impl Resolve for Guarded {
    fn resolve(&self, name: Name) -> Resolving {
        let network = Arc::clone(&self.0);
        Box::pin(async move {
            let addresses = network.resolve(name.as_str()).await?;
            // One private address among public ones is an attempt, not an accident.
            if addresses.is_empty() || !addresses.iter().all(|one| network.may_dial(*one)) {
                return Err(NotPublic.into());
            }
            Ok::<Addrs, _>(Box::new(addresses.into_iter()))
        })
    }
}

/// Whether an address is one of the public internet (RFC 6890 and its successors). What embeds
/// another address (6to4, Teredo, NAT64, IPv4-mapped) is not.
pub fn is_global(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(address) => is_global_v4(address),
        IpAddr::V6(address) => is_global_v6(address),
    }
}

fn is_global_v4(address: Ipv4Addr) -> bool {
    let [a, b, c, _] = address.octets();
    let special = address.is_private()
        || address.is_loopback()
        || address.is_link_local()
        || address.is_documentation()
        || matches!(
            (a, b, c),
            (0 | 224..=255, ..)
                | (100, 64..=127, _)
                | (192, 0, 0)
                | (192, 88, 99)
                | (198, 18..=19, _)
        );
    !special
}

fn is_global_v6(address: Ipv6Addr) -> bool {
    // Only 2000::/3 is global unicast; within it, these are not.
    match address.segments() {
        [0x2001, 0..=0x01ff | 0x0db8, ..] | [0x2002, ..] | [0x3fff, 0..=0x0fff, ..] => false,
        [first, ..] => first & 0xe000 == 0x2000,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_addresses_of_the_public_internet_are_global() {
        for global in ["1.1.1.1", "104.16.0.1", "192.0.1.1", "2606:4700::1", "2a00:1450::1"] {
            assert!(is_global(global.parse().unwrap()), "{global}");
        }
        for special in [
            "0.0.0.0",
            "10.0.0.1",
            "100.64.0.1",
            "127.0.0.1",
            "127.1.2.3",
            "169.254.169.254",
            "172.16.0.1",
            "192.0.0.8",
            "192.0.2.1",
            "192.88.99.1",
            "192.168.1.1",
            "198.18.0.1",
            "198.51.100.1",
            "203.0.113.1",
            "224.0.0.1",
            "240.0.0.1",
            "255.255.255.255",
            "::",
            "::1",
            "::ffff:127.0.0.1",
            "::ffff:1.1.1.1",
            "64:ff9b::7f00:1",
            "2001::1",
            "2001:db8::1",
            "2002:7f00:1::",
            "3fff::1",
            "fc00::1",
            "fd00:ec2::254",
            "fe80::1",
            "fec0::1",
            "ff02::1",
        ] {
            assert!(!is_global(special.parse().unwrap()), "{special}");
        }
    }
}
