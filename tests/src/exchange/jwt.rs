//! Id tokens: RS256 under one key that protects nothing, and the key set that shows its public half.

use anyhow::{Context, Result, anyhow};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use ring::rand::SystemRandom;
use ring::rsa::{KeyPair, PublicKeyComponents};
use ring::signature::RSA_PKCS1_SHA256;
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

/// A 2048-bit key in PKCS #8, made for this stand-in. Making one anew would cost a second each start.
const KEY: &[u8] = include_bytes!("id_token_key.der");

/// Signs id tokens.
#[derive(Debug)]
pub(super) struct Signer {
    key: KeyPair,
    modulus: String,
    exponent: String,
    key_id: String,
}

impl Signer {
    pub(super) fn new() -> Result<Self> {
        let key = KeyPair::from_pkcs8(KEY).map_err(|why| anyhow!("id token key: {why}"))?;
        let public = PublicKeyComponents::<Vec<u8>>::from(key.public());
        let modulus = URL_SAFE_NO_PAD.encode(public.n);
        let exponent = URL_SAFE_NO_PAD.encode(public.e);
        // RFC 7638 §3: the required members in lexical order, without spaces.
        let print = format!(r#"{{"e":"{exponent}","kty":"RSA","n":"{modulus}"}}"#);
        let key_id = URL_SAFE_NO_PAD.encode(Sha256::digest(print));
        Ok(Self { key, modulus, exponent, key_id })
    }

    /// The claims, signed.
    pub(super) fn sign(&self, claims: &Value) -> Result<String> {
        let header = json!({ "alg": "RS256", "typ": "JWT", "kid": self.key_id });
        let encoded = |part: &Value| URL_SAFE_NO_PAD.encode(part.to_string());
        let message = format!("{}.{}", encoded(&header), encoded(claims));
        let mut signature = vec![0; self.key.public().modulus_len()];
        self.key
            .sign(&RSA_PKCS1_SHA256, &SystemRandom::new(), message.as_bytes(), &mut signature)
            .ok()
            .context("cannot sign an id token")?;
        Ok(format!("{message}.{}", URL_SAFE_NO_PAD.encode(signature)))
    }

    /// RFC 7517: the key set.
    pub(super) fn key_set(&self) -> Value {
        json!({ "keys": [{
            "alg": "RS256", "use": "sig", "kty": "RSA",
            "kid": self.key_id, "n": self.modulus, "e": self.exponent,
        }] })
    }
}

/// `OpenID` Connect Core §3.1.3.6: the left half of the token's digest.
pub(super) fn at_hash(access_token: &str) -> String {
    let digest = Sha256::digest(access_token);
    URL_SAFE_NO_PAD.encode(digest.get(..16).unwrap_or_default())
}
