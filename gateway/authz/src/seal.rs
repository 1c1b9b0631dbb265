//! Sealing: a payload becomes a blob that only we can read, that nobody can alter, that serves one
//! purpose and ends at its time.
//!
//! `blob = prefix || base64url(version | algorithm | key id | nonce | ciphertext | tag)`, with
//! XChaCha20-Poly1305 (draft-irtf-cfrg-xchacha-03), a key for each purpose by HKDF-SHA-256
//! (RFC 5869), and version, algorithm, key id, purpose, issuer and context as associated data.
//! Nonces are 192 random bits, so replicas need no coordination.

use std::collections::BTreeMap;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use chacha20poly1305::aead::{Aead as _, KeyInit as _, Payload};
use chacha20poly1305::{XChaCha20Poly1305, XNonce};
use rand_core::CryptoRng;
use serde::{Serialize, de::DeserializeOwned};

use crate::keyring::{KeyId, KeyRing, SecretKey};
use crate::time::{SKEW, Timestamp};

const VERSION: u8 = 1;
const XCHACHA20_POLY1305: u8 = 1;
const HEADER_BYTES: usize = 3;
const NONCE_BYTES: usize = 24;

/// What a blob is for. Each purpose has a key of its own, so that one never opens as another.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Purpose {
    /// A client's registration, inside its `client_id`.
    Registration,
    /// The consent form.
    Consent,
    /// The browser's transaction cookie.
    Transaction,
    /// An authorization code.
    Code,
    /// An access token.
    Access,
    /// A refresh token.
    Refresh,
    /// The hop from gateway to core.
    Hop,
    /// Where a long answer of core goes on.
    Cursor,
}

impl Purpose {
    /// Every purpose.
    pub const ALL: [Self; 8] = [
        Self::Registration,
        Self::Consent,
        Self::Transaction,
        Self::Code,
        Self::Access,
        Self::Refresh,
        Self::Hop,
        Self::Cursor,
    ];

    const fn label(self) -> &'static str {
        match self {
            Self::Registration => "registration",
            Self::Consent => "consent",
            Self::Transaction => "transaction",
            Self::Code => "code",
            Self::Access => "access",
            Self::Refresh => "refresh",
            Self::Hop => "hop",
            Self::Cursor => "cursor",
        }
    }
}

/// A payload that knows what it is for and when it ends.
pub trait Sealable: Serialize + DeserializeOwned {
    /// What its blobs are for.
    const PURPOSE: Purpose;
    /// Stands before the blob, for people and secret scanners; may be empty.
    const PREFIX: &'static str;
    /// When it was made.
    fn issued_at(&self) -> Timestamp;
    /// When it stops being believed.
    fn expires_at(&self) -> Timestamp;
}

/// The one outcome of every failure to open. The reason is kept from strangers and is for metrics.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Unsealable {
    /// Not a blob of ours, altered, under another key, for another purpose, issuer or context.
    #[error("is not valid")]
    Invalid,
    /// Once valid, now past its end.
    #[error("is not valid any more")]
    Expired,
}

/// Seals and opens under one key ring, for one issuer.
pub struct Sealer {
    issuer: String,
    active: KeyId,
    ciphers: BTreeMap<(KeyId, Purpose), XChaCha20Poly1305>,
}

impl std::fmt::Debug for Sealer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Sealer").field("issuer", &self.issuer).finish_non_exhaustive()
    }
}

impl Sealer {
    /// A sealer for `issuer` with the keys of `ring`.
    pub fn new(ring: &KeyRing, issuer: &str) -> Self {
        let ciphers = ring
            .opening()
            .flat_map(|(id, key)| Purpose::ALL.map(|purpose| ((id, purpose), cipher(key, purpose))))
            .collect();
        Self { issuer: issuer.to_owned(), active: ring.active(), ciphers }
    }

    /// Seals `payload`.
    pub fn seal<T: Sealable>(&self, payload: &T, rng: &mut impl CryptoRng) -> String {
        self.seal_bound(payload, &[], rng)
    }

    /// Seals `payload` so that it opens only beside the same `context`.
    pub fn seal_bound<T: Sealable>(
        &self,
        payload: &T,
        context: &[u8],
        rng: &mut impl CryptoRng,
    ) -> String {
        let header = [VERSION, XCHACHA20_POLY1305, self.active.as_u8()];
        let mut nonce = [0_u8; NONCE_BYTES];
        rng.fill_bytes(&mut nonce);
        let aad = self.associated(header, T::PURPOSE, context);
        // A payload of ours always encodes and a ring always has its active key; were either ever
        // untrue, the blob would open nowhere, which is the safe way to be wrong.
        let plain = zeroize::Zeroizing::new(postcard::to_stdvec(payload).unwrap_or_default());
        let sealed = self
            .ciphers
            .get(&(self.active, T::PURPOSE))
            .and_then(|cipher| {
                let text = Payload { msg: &plain, aad: &aad };
                cipher.encrypt(&XNonce::from(nonce), text).ok()
            })
            .unwrap_or_default();
        let blob = [header.as_slice(), nonce.as_slice(), sealed.as_slice()].concat();
        format!("{}{}", T::PREFIX, URL_SAFE_NO_PAD.encode(blob))
    }

    /// Opens a blob of `T`'s purpose that is neither expired nor from the future.
    pub fn open<T: Sealable>(&self, blob: &str, now: Timestamp) -> Result<T, Unsealable> {
        self.open_bound(blob, &[], now)
    }

    /// Opens a blob that was sealed beside `context`.
    pub fn open_bound<T: Sealable>(
        &self,
        blob: &str,
        context: &[u8],
        now: Timestamp,
    ) -> Result<T, Unsealable> {
        let plain = self.decrypt::<T>(blob, context).ok_or(Unsealable::Invalid)?;
        let (payload, rest) =
            postcard::take_from_bytes::<T>(&plain).map_err(|_| Unsealable::Invalid)?;
        if !rest.is_empty() || payload.issued_at() > now.plus(SKEW) {
            return Err(Unsealable::Invalid);
        }
        if payload.expires_at() <= now { Err(Unsealable::Expired) } else { Ok(payload) }
    }

    fn decrypt<T: Sealable>(
        &self,
        blob: &str,
        context: &[u8],
    ) -> Option<zeroize::Zeroizing<Vec<u8>>> {
        let bytes = URL_SAFE_NO_PAD.decode(blob.strip_prefix(T::PREFIX)?).ok()?;
        let (header, rest) = bytes.split_first_chunk::<HEADER_BYTES>()?;
        let (nonce, sealed) = rest.split_first_chunk::<NONCE_BYTES>()?;
        let [VERSION, XCHACHA20_POLY1305, id] = *header else { return None };
        // The key id picks exactly one key: no trial decryption over the ring.
        let cipher = self.ciphers.get(&(KeyId::new(id)?, T::PURPOSE))?;
        let aad = self.associated(*header, T::PURPOSE, context);
        let text = Payload { msg: sealed, aad: &aad };
        cipher.decrypt(&XNonce::from(*nonce), text).ok().map(zeroize::Zeroizing::new)
    }

    fn associated(&self, header: [u8; HEADER_BYTES], purpose: Purpose, context: &[u8]) -> Vec<u8> {
        // Label and issuer hold no NUL, so the parts cannot run into each other.
        let parts = [
            header.as_slice(),
            purpose.label().as_bytes(),
            &[0],
            self.issuer.as_bytes(),
            &[0],
            context,
        ];
        parts.concat()
    }
}

fn cipher(key: &SecretKey, purpose: Purpose) -> XChaCha20Poly1305 {
    XChaCha20Poly1305::new(&(*key.derive(purpose.label())).into())
}

#[cfg(test)]
mod laws;
#[cfg(test)]
mod tests;
