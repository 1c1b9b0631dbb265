//! The keys that seal: which one seals now, which ones still open, which ones no longer do.

use std::fmt;

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, STANDARD_NO_PAD, URL_SAFE, URL_SAFE_NO_PAD};
use hkdf::Hkdf;
use sha2::Sha256;
use zeroize::Zeroizing;

/// The length of every key, in bytes.
pub const KEY_BYTES: usize = 32;

/// 32 bytes of key material without a printable form.
#[derive(Clone)]
pub struct SecretKey(Zeroizing<[u8; KEY_BYTES]>);

impl SecretKey {
    /// Reads base64 (either alphabet, padded or not) of exactly 32 bytes, and refuses what is
    /// plainly no random key.
    pub fn from_base64(text: &str) -> Result<Self, InvalidKey> {
        let text = text.trim();
        let bytes = [STANDARD, URL_SAFE, STANDARD_NO_PAD, URL_SAFE_NO_PAD]
            .iter()
            .find_map(|engine| engine.decode(text).ok())
            .map(Zeroizing::new)
            .ok_or(InvalidKey::NotBase64)?;
        let bytes: [u8; KEY_BYTES] =
            bytes.as_slice().try_into().map_err(|_| InvalidKey::Length { bytes: bytes.len() })?;
        Self::from_bytes(bytes)
    }

    /// Takes 32 bytes, and refuses what is plainly no random key.
    pub fn from_bytes(bytes: [u8; KEY_BYTES]) -> Result<Self, InvalidKey> {
        let key = Zeroizing::new(bytes);
        if looks_made_up(&key) { Err(InvalidKey::Placeholder) } else { Ok(Self(key)) }
    }

    pub(crate) fn expose(&self) -> &[u8; KEY_BYTES] {
        &self.0
    }

    /// A key for `purpose` that says nothing about this one (HKDF-SHA-256, RFC 5869, without a salt,
    /// since this key is uniformly random already).
    pub fn derive(&self, purpose: &str) -> Zeroizing<[u8; KEY_BYTES]> {
        let mut derived = Zeroizing::new([0; KEY_BYTES]);
        let label = ["fhir-mcp-gateway/v1/", purpose].concat();
        // Expanding to 32 bytes cannot fail: the limit is 255 × 32.
        let expanded = Hkdf::<Sha256>::new(None, &*self.0).expand(label.as_bytes(), &mut *derived);
        debug_assert!(expanded.is_ok());
        derived
    }
}

/// 32 random bytes hold fewer than 12 distinct values about once in 10^13 tries, and are all
/// printable about once in 10^14; a typed placeholder is either.
fn looks_made_up(key: &[u8; KEY_BYTES]) -> bool {
    let mut seen = [false; 256];
    for byte in key {
        if let Some(slot) = seen.get_mut(usize::from(*byte)) {
            *slot = true;
        }
    }
    let distinct = seen.iter().filter(|seen| **seen).count();
    let printable = key.iter().all(|b| b.is_ascii_graphic() || *b == b' ');
    distinct < 12 || printable
}

impl fmt::Debug for SecretKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SecretKey([hidden])")
    }
}

/// Why bytes are no key. The text names no byte of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum InvalidKey {
    /// Not base64 at all.
    #[error("is not base64; write 32 random bytes in base64 (`fhir-mcp-gateway keygen`)")]
    NotBase64,
    /// Base64 of another length.
    #[error("has {bytes} bytes; a key has 32 (`fhir-mcp-gateway keygen`)")]
    Length {
        /// How many bytes it has.
        bytes: usize,
    },
    /// A word or a repetition instead of random bytes.
    #[error("is a placeholder, not random; use `fhir-mcp-gateway keygen`")]
    Placeholder,
}

/// Picks exactly one key of a ring; stands in every blob.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct KeyId(u8);

impl KeyId {
    /// Key ids are 1 to 255.
    pub const fn new(id: u8) -> Option<Self> {
        if id == 0 { None } else { Some(Self(id)) }
    }

    /// The number.
    pub const fn as_u8(self) -> u8 {
        self.0
    }
}

impl fmt::Display for KeyId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// What a key may do. A rotation goes verify → active → verify → retired.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum KeyState {
    /// Opens, does not seal: known to every replica before or after its time as active key.
    Verify,
    /// Seals and opens. A ring has exactly one.
    Active,
    /// Neither: kept in the file for the record.
    Retired,
}

/// One key of a ring.
#[derive(Debug, Clone)]
pub struct RingKey {
    /// Stands in what the key seals.
    pub id: KeyId,
    /// What it may do.
    pub state: KeyState,
    /// The key itself.
    pub key: SecretKey,
}

/// A set of keys with distinct ids and material, of which exactly one is active.
#[derive(Debug, Clone)]
pub struct KeyRing {
    active: KeyId,
    keys: Vec<RingKey>,
}

impl KeyRing {
    /// A ring of these keys; names every reason why they are none.
    pub fn new(keys: Vec<RingKey>) -> Result<Self, Vec<InvalidRing>> {
        let mut mistakes = Vec::new();
        for (position, one) in keys.iter().enumerate() {
            for other in keys.iter().skip(position + 1) {
                if one.id == other.id {
                    mistakes.push(InvalidRing::RepeatedId(one.id));
                }
                if one.key.expose() == other.key.expose() {
                    mistakes.push(InvalidRing::RepeatedKey(one.id, other.id));
                }
            }
        }
        let mut active = keys.iter().filter(|k| k.state == KeyState::Active).map(|k| k.id);
        match (active.next(), active.next()) {
            (Some(active), None) if mistakes.is_empty() => Ok(Self { active, keys }),
            (Some(_), None) => Err(mistakes),
            (None, _) => Err([mistakes, vec![InvalidRing::NoActiveKey]].concat()),
            (Some(_), Some(_)) => Err([mistakes, vec![InvalidRing::SeveralActiveKeys]].concat()),
        }
    }

    /// A ring of one active key with id 1.
    pub fn single(key: SecretKey) -> Self {
        let id = KeyId(1);
        Self { active: id, keys: vec![RingKey { id, state: KeyState::Active, key }] }
    }

    pub(crate) const fn active(&self) -> KeyId {
        self.active
    }

    /// A key for `purpose`, derived from the active one ([`SecretKey::derive`]): it changes with a
    /// rotation. A ring always has an active key.
    pub fn derive(&self, purpose: &str) -> Option<Zeroizing<[u8; KEY_BYTES]>> {
        let active = self.keys.iter().find(|key| key.id == self.active)?;
        Some(active.key.derive(purpose))
    }

    /// The keys that open: active and verify.
    pub(crate) fn opening(&self) -> impl Iterator<Item = (KeyId, &SecretKey)> {
        self.keys.iter().filter(|k| k.state != KeyState::Retired).map(|k| (k.id, &k.key))
    }
}

/// Why keys are no ring.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum InvalidRing {
    /// Two keys under one id.
    #[error("key id {0} appears twice; every key needs its own id")]
    RepeatedId(KeyId),
    /// One key under two ids.
    #[error("keys {0} and {1} are the same; every id needs its own key")]
    RepeatedKey(KeyId, KeyId),
    /// Nothing could be sealed.
    #[error("no key is active; exactly one must be")]
    NoActiveKey,
    /// Which one seals would be chance.
    #[error("several keys are active; exactly one must be")]
    SeveralActiveKeys,
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key(seed: u8) -> SecretKey {
        let mut bytes = [0; KEY_BYTES];
        for (at, byte) in bytes.iter_mut().enumerate() {
            *byte = seed.wrapping_mul(31).wrapping_add(u8::try_from(at).unwrap().wrapping_mul(37));
        }
        SecretKey::from_bytes(bytes).unwrap()
    }

    fn ring_key(id: u8, state: KeyState, seed: u8) -> RingKey {
        RingKey { id: KeyId::new(id).unwrap(), state, key: key(seed) }
    }

    #[test]
    fn a_key_is_exactly_32_random_bytes() {
        assert_eq!(SecretKey::from_base64("?").unwrap_err(), InvalidKey::NotBase64);
        let short = STANDARD.encode([7; 31]);
        assert_eq!(SecretKey::from_base64(&short).unwrap_err(), InvalidKey::Length { bytes: 31 });
        for placeholder in [[0; 32], [b'x'; 32], *b"change-me-change-me-change-me-ok"] {
            let text = STANDARD.encode(placeholder);
            assert_eq!(SecretKey::from_base64(&text).unwrap_err(), InvalidKey::Placeholder);
        }
    }

    #[test]
    fn a_ring_has_exactly_one_active_key() {
        assert!(KeyRing::new(vec![ring_key(1, KeyState::Active, 1)]).is_ok());
        let none = KeyRing::new(vec![ring_key(1, KeyState::Verify, 1)]).unwrap_err();
        assert_eq!(none, [InvalidRing::NoActiveKey]);
        let two = vec![ring_key(1, KeyState::Active, 1), ring_key(2, KeyState::Active, 2)];
        assert_eq!(KeyRing::new(two).unwrap_err(), [InvalidRing::SeveralActiveKeys]);
    }

    #[test]
    fn ids_and_keys_are_not_repeated_and_every_mistake_is_named() {
        let keys = vec![ring_key(1, KeyState::Active, 1), ring_key(1, KeyState::Active, 1)];
        assert_eq!(KeyRing::new(keys).unwrap_err().len(), 3);
    }

    #[test]
    fn each_purpose_has_a_key_of_its_own() {
        let ring = KeyRing::single(key(1));
        let derived = ring.derive("audit").unwrap();
        assert_eq!(derived, key(1).derive("audit"));
        assert_ne!(derived, key(1).derive("hop"));
        assert_ne!(*derived, *key(1).expose());
        assert_ne!(derived, key(2).derive("audit"));
    }

    #[test]
    fn a_key_has_no_printable_form() {
        assert_eq!(format!("{:?}", key(1)), "SecretKey([hidden])");
    }
}
