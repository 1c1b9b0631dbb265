//! Digests under a key: what is kept by one is neither a secret nor says which one.

use hmac::{Hmac, KeyInit as _, Mac as _};
use rand::Rng as _;
use sha2::Sha256;
use zeroize::Zeroizing;

/// HMAC-SHA-256 (RFC 2104) under a random key.
#[derive(Clone)]
pub(crate) struct KeyedDigest(Hmac<Sha256>);

impl KeyedDigest {
    /// A key that nobody else has and that ends with this process.
    pub(crate) fn random() -> Self {
        // As long as the block of SHA-256: longer would be hashed, shorter padded (RFC 2104 §2).
        let mut key = [0; 64];
        rand::rng().fill_bytes(&mut key);
        Self(Hmac::<Sha256>::new(&key.into()))
    }

    /// A key that was derived for one use, and that others may have too.
    pub(crate) fn under(derived: &Zeroizing<[u8; 32]>) -> Self {
        // Filled up with zeros, as HMAC itself would.
        let mut block = Zeroizing::new([0_u8; 64]);
        for (place, byte) in block.iter_mut().zip(derived.iter()) {
            *place = *byte;
        }
        Self(Hmac::<Sha256>::new(&(*block).into()))
    }

    /// The digest of `bytes`.
    pub(crate) fn of(&self, bytes: &[u8]) -> [u8; 32] {
        self.0.clone().chain_update(bytes).finalize().into_bytes().into()
    }
}

impl std::fmt::Debug for KeyedDigest {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("KeyedDigest").finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn two_inputs_have_two_digests_and_two_runs_share_none() {
        let (one, other) = (KeyedDigest::random(), KeyedDigest::random());
        assert_eq!(one.of(b"fmga1_a"), one.of(b"fmga1_a"));
        assert_ne!(one.of(b"fmga1_a"), one.of(b"fmga1_A"));
        assert_ne!(one.of(b"fmga1_a"), other.of(b"fmga1_a"));
    }
}
