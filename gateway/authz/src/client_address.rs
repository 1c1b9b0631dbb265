//! Whose address a request counts under, when proxies of ours stand between: the rightmost hop of
//! `X-Forwarded-For` that is none of them.
//!
//! Each proxy appends the address that it was called from, so what stands further left was written
//! by whoever called the proxy, and proves nothing. `Forwarded` (RFC 7239) is not looked at: a proxy
//! that writes the one passes the other through as a stranger sent it.

use std::fmt;
use std::net::{IpAddr, Ipv6Addr, SocketAddr};
use std::str::FromStr;

/// No chain of proxies is longer; what lies beyond is not looked at.
const MOST_HOPS: usize = 16;

/// A block of addresses in the notation of RFC 4632 §3.1 and RFC 4291 §2.3.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Cidr {
    address: IpAddr,
    prefix: u8,
}

/// Why text is no block of addresses.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum InvalidCidr {
    /// No address, or no length of a prefix.
    #[error("must be a block of addresses such as 10.0.0.0/8 or fd00::/8")]
    Malformed,
    /// The address lies inside the block, and does not name it.
    #[error("has bits set beyond its prefix; the block is {0}")]
    HostBits(Cidr),
    /// Then a stranger could say who he is.
    #[error("trusts everybody; name the addresses of your own proxies")]
    Everybody,
}

impl Cidr {
    /// Whether `address` lies in the block. An IPv4 address is the same in its IPv6 form.
    pub fn contains(&self, address: IpAddr) -> bool {
        let address = address.to_canonical();
        address.is_ipv4() == self.address.is_ipv4() && masked(address, self.prefix) == self.address
    }
}

impl FromStr for Cidr {
    type Err = InvalidCidr;

    fn from_str(text: &str) -> Result<Self, InvalidCidr> {
        let (address, prefix) = text.split_once('/').unwrap_or((text, ""));
        let address: IpAddr = address.parse().map_err(|_| InvalidCidr::Malformed)?;
        // `::ffff:10.0.0.0/104` would be another name for what we only know as IPv4.
        if address != address.to_canonical() {
            return Err(InvalidCidr::Malformed);
        }
        let bits = if address.is_ipv4() { 32 } else { 128 };
        let prefix = match prefix {
            "" if !text.contains('/') => Some(bits),
            digits if digits.bytes().all(|b| b.is_ascii_digit()) => digits.parse().ok(),
            _ => None,
        };
        let prefix = prefix.filter(|prefix| *prefix <= bits).ok_or(InvalidCidr::Malformed)?;
        if prefix == 0 {
            return Err(InvalidCidr::Everybody);
        }
        let named = Self { address: masked(address, prefix), prefix };
        if named.address == address { Ok(named) } else { Err(InvalidCidr::HostBits(named)) }
    }
}

impl fmt::Display for Cidr {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.address, self.prefix)
    }
}

/// `address` with nothing left beyond its first `prefix` bits.
fn masked(address: IpAddr, prefix: u8) -> IpAddr {
    let prefix = u32::from(prefix);
    match address {
        IpAddr::V4(v4) => {
            let mask = u32::MAX.checked_shl(32 - prefix.min(32)).unwrap_or(0);
            IpAddr::V4((v4.to_bits() & mask).into())
        }
        IpAddr::V6(v6) => {
            let mask = u128::MAX.checked_shl(128 - prefix.min(128)).unwrap_or(0);
            IpAddr::V6((v6.to_bits() & mask).into())
        }
    }
}

/// The blocks that our own proxies call from.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TrustedProxies(Vec<Cidr>);

impl TrustedProxies {
    /// Trusts these blocks and no other; none at all believes no header.
    pub const fn new(blocks: Vec<Cidr>) -> Self {
        Self(blocks)
    }

    /// The blocks.
    pub fn blocks(&self) -> &[Cidr] {
        &self.0
    }

    fn trusts(&self, address: IpAddr) -> bool {
        self.0.iter().any(|block| block.contains(address))
    }

    /// The address that a request from `peer` counts under, given the lines of `X-Forwarded-For` in
    /// their order. Where the chain cannot be read on, it ends: the last address that a trusted
    /// proxy vouches for is the answer.
    pub fn client<'l>(
        &self,
        peer: IpAddr,
        lines: impl DoubleEndedIterator<Item = &'l [u8]>,
    ) -> IpAddr {
        let mut believed = peer.to_canonical();
        // RFC 9110 §5.2: several lines are one list.
        let hops = lines.rev().flat_map(|line| line.rsplit(|byte| *byte == b','));
        for hop in hops.take(MOST_HOPS) {
            if !self.trusts(believed) {
                break;
            }
            let Some(address) = hop_address(hop) else { break };
            believed = address;
        }
        believed
    }
}

/// One hop as proxies write it: an address, perhaps with a port, IPv6 perhaps in brackets.
fn hop_address(hop: &[u8]) -> Option<IpAddr> {
    let text = str::from_utf8(hop.trim_ascii()).ok()?;
    let bracketed = || text.strip_prefix('[')?.strip_suffix(']')?.parse::<Ipv6Addr>().ok();
    let address = text
        .parse()
        .ok()
        .or_else(|| bracketed().map(IpAddr::V6))
        .or_else(|| text.parse::<SocketAddr>().ok().map(|socket| socket.ip()))?;
    Some(address.to_canonical())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn trusting(blocks: &[&str]) -> TrustedProxies {
        TrustedProxies::new(blocks.iter().map(|block| block.parse().unwrap()).collect())
    }

    fn client(proxies: &TrustedProxies, peer: &str, lines: &[&str]) -> String {
        let lines = lines.iter().map(|line| line.as_bytes());
        proxies.client(peer.parse().unwrap(), lines).to_string()
    }

    #[test]
    fn without_trusted_proxies_no_header_is_believed() {
        let nobody = TrustedProxies::default();
        assert_eq!(client(&nobody, "192.0.2.1", &["198.51.100.7"]), "192.0.2.1");
    }

    #[test]
    fn the_rightmost_hop_that_is_no_proxy_of_ours_counts() {
        let ours = trusting(&["10.0.0.0/8", "fd00::/8"]);
        for (peer, lines, counts) in [
            ("10.0.0.1", &["198.51.100.7"][..], "198.51.100.7"),
            ("10.0.0.1", &["203.0.113.9, 198.51.100.7"], "198.51.100.7"),
            ("10.0.0.1", &["203.0.113.9, 198.51.100.7, 10.2.3.4"], "198.51.100.7"),
            ("10.0.0.1", &["203.0.113.9", "198.51.100.7", "10.2.3.4"], "198.51.100.7"),
            ("fd00::1", &["2001:db8::7"], "2001:db8::7"),
            ("::ffff:10.0.0.1", &["::ffff:198.51.100.7"], "198.51.100.7"),
            ("10.0.0.1", &["10.0.0.3, 10.0.0.2"], "10.0.0.3"),
            ("10.0.0.1", &[], "10.0.0.1"),
            ("192.0.2.1", &["198.51.100.7"], "192.0.2.1"),
        ] {
            assert_eq!(client(&ours, peer, lines), counts, "{peer} {lines:?}");
        }
    }

    #[test]
    fn a_hop_may_have_a_port_brackets_and_blanks() {
        let ours = trusting(&["10.0.0.0/8"]);
        for (hop, counts) in [
            (" \t198.51.100.7 ", "198.51.100.7"),
            ("198.51.100.7:4711", "198.51.100.7"),
            ("[2001:db8::7]:443", "2001:db8::7"),
            ("[2001:db8::7]", "2001:db8::7"),
            ("2001:DB8::7", "2001:db8::7"),
        ] {
            assert_eq!(client(&ours, "10.0.0.1", &[hop]), counts, "{hop:?}");
        }
    }

    #[test]
    fn what_cannot_be_read_ends_the_chain_at_the_proxy_that_passed_it_on() {
        let ours = trusting(&["10.0.0.0/8"]);
        for hop in [
            "",
            "unknown",
            "_hidden",
            "198.51.100.7:99999",
            "198.51.100.07",
            "198.51.100",
            "fe80::1%eth0",
            "[198.51.100.7]",
            "\"198.51.100.7\"",
            "198.51.100.7 203.0.113.9",
            "\u{661}",
        ] {
            let lines = [format!("203.0.113.9, {hop}, 10.2.3.4")];
            let lines: Vec<&str> = lines.iter().map(String::as_str).collect();
            assert_eq!(client(&ours, "10.0.0.1", &lines), "10.2.3.4", "{hop:?}");
        }
    }

    #[test]
    fn a_chain_is_read_for_sixteen_hops_and_no_further() {
        let ours = trusting(&["10.0.0.0/8"]);
        let long = format!("198.51.100.7{}", ", 10.0.0.9".repeat(16));
        assert_eq!(client(&ours, "10.0.0.1", &[&long]), "10.0.0.9");
        let short = format!("198.51.100.7{}", ", 10.0.0.9".repeat(15));
        assert_eq!(client(&ours, "10.0.0.1", &[&short]), "198.51.100.7");
    }

    #[test]
    fn a_block_is_named_exactly_and_is_not_everybody() {
        assert_eq!("192.0.2.1".parse::<Cidr>().unwrap().to_string(), "192.0.2.1/32");
        assert_eq!("fd00::/8".parse::<Cidr>().unwrap().to_string(), "fd00::/8");
        for malformed in [
            "",
            "10.0.0.0/",
            "10.0.0.0/33",
            "::/129",
            "10/8",
            "a/8",
            "10.0.0.0/+8",
            "::ffff:10.0.0.0/104",
        ] {
            assert_eq!(malformed.parse::<Cidr>(), Err(InvalidCidr::Malformed), "{malformed}");
        }
        for everybody in ["0.0.0.0/0", "::/0"] {
            assert_eq!(everybody.parse::<Cidr>(), Err(InvalidCidr::Everybody));
        }
        let inside = "10.0.0.1/8".parse::<Cidr>().unwrap_err();
        assert!(inside.to_string().contains("10.0.0.0/8"), "{inside}");
    }

    proptest! {
        #[test]
        fn whatever_is_sent_only_a_trusted_peer_is_asked(
            peer: [u8; 4],
            lines in prop::collection::vec(prop::collection::vec(any::<u8>(), 0..200), 0..8),
        ) {
            let ours = trusting(&["10.0.0.0/8"]);
            let peer = IpAddr::from(peer);
            let counts = ours.client(peer, lines.iter().map(Vec::as_slice));
            let trusted = "10.0.0.0/8".parse::<Cidr>().unwrap().contains(peer);
            prop_assert!(trusted || counts == peer);
        }

        #[test]
        fn what_a_stranger_writes_on_the_left_changes_nothing(
            left in "[0-9a-f:., \\[\\]]{0,200}",
            stranger: u32,
        ) {
            let ours = trusting(&["10.0.0.0/8"]);
            let stranger = IpAddr::V4(stranger.into());
            prop_assume!(!"10.0.0.0/8".parse::<Cidr>().unwrap().contains(stranger));
            let line = format!("{left}, {stranger}");
            let counts = ours.client("10.0.0.1".parse().unwrap(), [line.as_bytes()].into_iter());
            prop_assert_eq!(counts, stranger);
        }
    }
}
