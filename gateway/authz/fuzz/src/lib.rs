//! What the targets share: fixed keys, a broker as small as one can be, and plain readings of text to compare
//! with. Nothing here uses the code under test to say what is right.

pub mod address;
pub mod broker;
pub mod json;
pub mod redirect;

use authz::keyring::{KeyId, KeyRing, KeyState, RingKey, SecretKey};
use authz::time::Timestamp;
use rand::SeedableRng as _;
use rand::rngs::StdRng;

/// When everything happens.
pub const NOW: Timestamp = Timestamp::from_unix_seconds(1_800_000_000);

/// A key that differs for each seed.
pub fn key(seed: u8) -> SecretKey {
    let bytes = std::array::from_fn(|at| (at as u8).wrapping_mul(37).wrapping_add(seed));
    SecretKey::from_bytes(bytes).expect("37 steps give 32 different bytes")
}

/// A ring of one active key under this id.
pub fn ring(id: u8, seed: u8) -> KeyRing {
    let id = KeyId::new(id).expect("an id is not 0");
    KeyRing::new(vec![RingKey { id, state: KeyState::Active, key: key(seed) }])
        .expect("one active key")
}

/// Dice that fall the same way for the same input, so that a crash can be repeated.
pub fn dice(bytes: &[u8]) -> StdRng {
    let seed = bytes.iter().fold(bytes.len() as u64, |seed, byte| {
        seed.rotate_left(5).wrapping_mul(0x9e37_79b9_7f4a_7c15) ^ u64::from(*byte)
    });
    StdRng::seed_from_u64(seed)
}
