//! `X-Forwarded-For` once more: the whole list first, then the answer.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// One hop: an address, perhaps with a port.
pub fn hop(bytes: &[u8]) -> Option<IpAddr> {
    let text = std::str::from_utf8(bytes).ok()?.trim_matches([' ', '\t', '\n', '\x0c', '\r']);
    let address = match text.strip_prefix('[') {
        Some(rest) => {
            let (inside, after) = rest.rsplit_once(']')?;
            let port = after.strip_prefix(':').map(is_port);
            (after.is_empty() || port == Some(true)).then_some(())?;
            // The scope of a link is written in digits where there is a port.
            let scope = inside.split_once('%');
            let is_scoped = scope.is_some_and(|(_, id)| {
                port.is_some() && id.parse::<u32>().is_ok() && !id.starts_with('+')
            });
            let inside = if is_scoped { scope?.0 } else { inside };
            IpAddr::V6(inside.parse::<Ipv6Addr>().ok()?)
        }
        None => match text.split_once(':') {
            Some((v4, port)) if !port.contains(':') && v4.contains('.') => {
                is_port(port).then_some(())?;
                IpAddr::V4(v4.parse::<Ipv4Addr>().ok()?)
            }
            _ => text.parse().ok()?,
        },
    };
    Some(plain(address))
}

/// An IPv4 address in its IPv6 form is the IPv4 address.
pub fn plain(address: IpAddr) -> IpAddr {
    match address {
        IpAddr::V6(v6) => v6.to_ipv4_mapped().map_or(address, IpAddr::V4),
        IpAddr::V4(_) => address,
    }
}

/// Whether the fixture trusts an address: 10.0.0.0/8 and fd00::/8.
pub fn is_trusted(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(v4) => v4.octets()[0] == 10,
        IpAddr::V6(v6) => v6.octets()[0] == 0xfd,
    }
}

/// Whose address counts.
pub fn client(peer: IpAddr, lines: &[&[u8]]) -> IpAddr {
    let all: Vec<&[u8]> = lines.iter().flat_map(|line| line.split(|b| *b == b',')).collect();
    let from_right: Vec<Option<IpAddr>> = all.iter().rev().take(16).map(|one| hop(one)).collect();
    let mut chain = vec![plain(peer)];
    chain.extend(from_right.iter().map_while(|one| *one));
    let first_stranger = chain.iter().position(|one| !is_trusted(*one)).unwrap_or(chain.len() - 1);
    chain[first_stranger]
}

fn is_port(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit()) && text.parse::<u16>().is_ok()
}
