//! The chain: each line carries its number, the digest of the line before and its own. With a key
//! the digests are HMACs, so that whoever can rewrite the file still cannot make a chain that holds.

use hmac::{Hmac, KeyInit as _, Mac as _};
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};
use zeroize::Zeroizing;

use super::event::Found;

/// How each line's digest stands at its end.
const BEFORE_DIGEST: &str = ",\"digest\":\"";
const AFTER_DIGEST: &str = "\"}";
const DIGEST_CHARACTERS: usize = 64;

/// How lines are digested.
#[derive(Clone)]
pub struct Digests(Option<Hmac<Sha256>>);

impl Digests {
    /// SHA-256: shows accidents, and forgeries by whoever cannot rewrite all that follows.
    pub const fn plain() -> Self {
        Self(None)
    }

    /// HMAC-SHA-256 (RFC 2104) under `key`.
    pub fn keyed(key: &Zeroizing<[u8; 32]>) -> Self {
        let mut block = Zeroizing::new([0_u8; 64]);
        // As long as the block of SHA-256, padded with zeros (RFC 2104 §2).
        for (place, byte) in block.iter_mut().zip(key.iter()) {
            *place = *byte;
        }
        Self(Some(Hmac::<Sha256>::new(&(*block).into())))
    }

    fn of(&self, text: &[u8]) -> String {
        match &self.0 {
            None => hex(&Sha256::digest(text)),
            Some(keyed) => hex(&keyed.clone().chain_update(text).finalize().into_bytes()),
        }
    }
}

impl std::fmt::Debug for Digests {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(if self.0.is_some() { "Digests(keyed)" } else { "Digests(plain)" })
    }
}

/// Before the first line there is no digest.
pub(super) fn nothing_before() -> String {
    "0".repeat(DIGEST_CHARACTERS)
}

#[derive(Serialize)]
struct Line<'l, B: Serialize> {
    log: &'static str,
    boot: &'l str,
    sequence: u64,
    previous: &'l str,
    event: &'static str,
    #[serde(flatten)]
    body: &'l B,
}

/// The writer's end of the chain.
#[derive(Debug)]
pub(super) struct Chain {
    digests: Digests,
    boot: String,
    sequence: u64,
    previous: String,
}

impl Chain {
    /// A run `boot` that continues after the line whose digest is `previous`.
    pub(super) const fn after(previous: String, boot: String, digests: Digests) -> Self {
        Self { digests, boot, sequence: 0, previous }
    }

    /// Leaves numbers out, for events that were lost: the gap shows.
    pub(super) const fn skip(&mut self, lost: u64) {
        self.sequence = self.sequence.saturating_add(lost);
    }

    /// The next line, with its line end.
    pub(super) fn next(&mut self, event: &'static str, body: &impl Serialize) -> String {
        let (boot, previous) = (self.boot.as_str(), self.previous.as_str());
        let line = Line { log: "audit", boot, sequence: self.sequence, previous, event, body };
        // An event of strings and numbers always serialises.
        let text = serde_json::to_string(&line).unwrap_or_default();
        let digest = self.digests.of(text.as_bytes());
        let open = text.strip_suffix('}').unwrap_or(&text);
        let line = format!("{open}{BEFORE_DIGEST}{digest}{AFTER_DIGEST}\n");
        self.sequence = self.sequence.saturating_add(1);
        self.previous = digest;
        line
    }
}

/// A line of a trail as it was read back: its own digest holds.
#[derive(Debug, Deserialize)]
pub(super) struct Link {
    pub(super) boot: String,
    pub(super) sequence: u64,
    pub(super) previous: String,
    pub(super) event: String,
    #[serde(default)]
    pub(super) found: Option<Found>,
    #[serde(default)]
    pub(super) torn_bytes: Option<u64>,
    #[serde(default)]
    pub(super) count: Option<u64>,
    #[serde(skip)]
    pub(super) digest: String,
}

/// Why a line is no link of the chain.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum NoLink {
    /// A JSON object, and not of the audit trail: the standard output carries both.
    Other,
    /// Not a line of ours.
    Malformed,
    /// Its digest is not that of its text under this key.
    Digest,
}

impl Link {
    /// Reads one line, without its line end.
    pub(super) fn read(line: &[u8], digests: &Digests) -> Result<Self, NoLink> {
        let text = std::str::from_utf8(line).map_err(|_| NoLink::Malformed)?;
        let Some((open, digest)) = split(text) else {
            return Err(if is_other(text) { NoLink::Other } else { NoLink::Malformed });
        };
        let mut read: Self = serde_json::from_str(text).map_err(|_| NoLink::Malformed)?;
        if digests.of([open, "}"].concat().as_bytes()) != digest {
            return Err(NoLink::Digest);
        }
        digest.clone_into(&mut read.digest);
        Ok(read)
    }
}

fn split(text: &str) -> Option<(&str, &str)> {
    let rest = text.strip_suffix(AFTER_DIGEST)?;
    let (rest, digest) = rest.split_at_checked(rest.len().checked_sub(DIGEST_CHARACTERS)?)?;
    Some((rest.strip_suffix(BEFORE_DIGEST)?, digest))
}

fn is_other(text: &str) -> bool {
    let object: Result<serde_json::Map<String, serde_json::Value>, _> = serde_json::from_str(text);
    object.is_ok_and(|object| object.get("log").and_then(|log| log.as_str()) != Some("audit"))
}

pub(super) fn hex(bytes: &[u8]) -> String {
    let digits = bytes.iter().flat_map(|byte| [byte >> 4, byte & 15]);
    digits.filter_map(|digit| char::from_digit(u32::from(digit), 16)).collect()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn chain(digests: Digests) -> Chain {
        Chain::after(nothing_before(), "b".to_owned(), digests)
    }

    fn read(line: &str, digests: &Digests) -> Result<Link, NoLink> {
        Link::read(line.trim_end().as_bytes(), digests)
    }

    #[test]
    fn each_line_names_the_digest_of_the_one_before() {
        let mut chain = chain(Digests::plain());
        let lines: Vec<String> = (0..3).map(|_| chain.next("call", &json!({"a": 1}))).collect();
        let read_back: Vec<Link> =
            lines.iter().map(|line| read(line, &Digests::plain()).unwrap()).collect();
        assert_eq!(read_back[1].previous, read_back[0].digest);
        assert_eq!(read_back[2].previous, read_back[1].digest);
        assert_eq!(
            [read_back[0].sequence, read_back[1].sequence, read_back[2].sequence],
            [0, 1, 2]
        );
    }

    #[test]
    fn a_line_break_in_a_value_forges_no_line() {
        let body = json!({"subject": "1\r\n{\"log\":\"audit\"}\n\u{2028}"});
        let line = chain(Digests::plain()).next("call", &body);
        assert_eq!(line.matches(['\n', '\r']).count(), 1);
        assert!(read(&line, &Digests::plain()).is_ok());
    }

    #[test]
    fn every_changed_byte_shows() {
        let line = chain(Digests::plain()).next("call", &json!({"subject": "10002"}));
        for at in 0..line.len() - 1 {
            let mut changed = line.trim_end().as_bytes().to_vec();
            changed[at] ^= 1;
            assert!(Link::read(&changed, &Digests::plain()).is_err(), "byte {at}");
        }
    }

    #[test]
    fn without_the_key_nobody_makes_a_line_that_holds() {
        let (ours, theirs) =
            (Digests::keyed(&Zeroizing::new([1; 32])), Digests::keyed(&Zeroizing::new([2; 32])));
        let line = chain(ours.clone()).next("call", &json!({}));
        assert!(read(&line, &ours).is_ok());
        for other in [theirs, Digests::plain()] {
            assert_eq!(read(&line, &other).unwrap_err(), NoLink::Digest);
        }
        assert!(!format!("{ours:?}").contains('1'));
    }

    #[test]
    fn another_log_line_is_told_from_a_damaged_one() {
        let plain = Digests::plain();
        assert_eq!(read("{\"level\":\"INFO\"}", &plain).unwrap_err(), NoLink::Other);
        assert_eq!(read("{\"log\":\"audit\"}", &plain).unwrap_err(), NoLink::Malformed);
        assert_eq!(read("{\"log\":\"aud", &plain).unwrap_err(), NoLink::Malformed);
    }
}
