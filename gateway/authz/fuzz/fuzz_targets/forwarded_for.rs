//! The address that counts is the peer's or stands in the list, and is the one that a second reading of the
//! list finds; a block of addresses is written as it was read.
#![no_main]

use std::net::IpAddr;
use std::sync::LazyLock;

use authz::client_address::{Cidr, TrustedProxies};
use authz_fuzz::address::{client, hop, is_trusted, plain};
use libfuzzer_sys::fuzz_target;

static TRUSTED: LazyLock<TrustedProxies> = LazyLock::new(|| {
    TrustedProxies::new(
        ["10.0.0.0/8", "fd00::/8"].map(|block| block.parse().expect("a block")).into(),
    )
});
const PEERS: [&str; 5] = ["10.0.0.1", "fd00::1", "192.0.2.1", "::ffff:10.0.0.1", "2001:db8::1"];

fuzz_target!(|bytes: &[u8]| {
    let [first, list @ ..] = bytes else { return };
    let peer: IpAddr = PEERS[usize::from(*first) % PEERS.len()].parse().expect("an address");
    let lines: Vec<&[u8]> = list.split(|byte| *byte == b'\n').collect();
    let counts = TRUSTED.client(peer, lines.iter().copied());
    assert_eq!(counts, client(peer, &lines));
    let mut hops = lines.iter().flat_map(|line| line.split(|byte| *byte == b','));
    assert!(counts == plain(peer) || hops.any(|one| hop(one) == Some(counts)));
    assert!(is_trusted(plain(peer)) || counts == plain(peer), "a stranger was believed");
    if !is_trusted(counts) {
        let with_more: Vec<&[u8]> = [&b"198.51.100.9"[..]].iter().chain(&lines).copied().collect();
        assert_eq!(
            TRUSTED.client(peer, with_more.into_iter()),
            counts,
            "what stands left changed it"
        );
    }
    block(list);
});

fn block(bytes: &[u8]) {
    let Ok(text) = std::str::from_utf8(bytes) else { return };
    let Ok(read) = text.parse::<Cidr>() else { return };
    assert_eq!(read.to_string().parse::<Cidr>(), Ok(read));
    let shown = read.to_string();
    let (address, prefix) = shown.split_once('/').expect("a prefix");
    let address: IpAddr = address.parse().expect("an address");
    assert!(read.contains(address) && prefix != "0");
    // The bit before the prefix's end is the last one that counts, the next is the first that does not.
    let prefix: u32 = prefix.parse().expect("a number");
    let flipped = |bit: u32| match address {
        IpAddr::V4(v4) if bit < 32 => Some(IpAddr::V4((v4.to_bits() ^ (1 << (31 - bit))).into())),
        IpAddr::V6(v6) if bit < 128 => Some(IpAddr::V6((v6.to_bits() ^ (1 << (127 - bit))).into())),
        _ => None,
    };
    assert_ne!(flipped(prefix - 1).map(|outside| read.contains(outside)), Some(true));
    assert_ne!(flipped(prefix).map(|inside| read.contains(inside)), Some(false));
}
