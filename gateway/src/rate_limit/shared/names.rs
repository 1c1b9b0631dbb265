//! The names under which counts stand in the store. Whoever holds the key makes the same name again;
//! whoever reads the store cannot even test a guess.

use authz::keyring::SecretKey;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

use crate::keyed_digest::KeyedDigest;

/// What the key is derived for.
const PURPOSE: &str = "limits";

/// Makes names, the same ones in every replica that holds the key.
#[derive(Clone, Debug)]
pub(super) struct Names(KeyedDigest);

impl Names {
    /// Names under `key`, unlike those that it makes for any other purpose.
    pub(super) fn under(key: &SecretKey) -> Self {
        Self(KeyedDigest::under(&key.derive(PURPOSE)))
    }

    /// The name of an identifier of this kind: 128 bits in 22 characters.
    pub(super) fn of(&self, kind: &str, identifier: &[u8]) -> String {
        // No kind contains a zero, so none makes the names of another.
        let digest = self.0.of(&[kind.as_bytes(), &[0], identifier].concat());
        URL_SAFE_NO_PAD.encode(digest.get(..16).unwrap_or_default())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(seed: u8) -> Names {
        let bytes = std::array::from_fn(|at| seed.wrapping_add(u8::try_from(at).unwrap() * 7));
        Names::under(&SecretKey::from_bytes(bytes).unwrap())
    }

    #[test]
    fn every_replica_with_the_key_makes_the_same_name_and_nobody_else_does() {
        let name = names(1).of("subject", b"10002");
        assert_eq!(name, names(1).of("subject", b"10002"));
        assert_eq!(name.len(), 22);
        let others = [
            names(2).of("subject", b"10002"),
            names(1).of("client", b"10002"),
            names(1).of("subject", b"10003"),
        ];
        assert!(!others.contains(&name));
    }
}
