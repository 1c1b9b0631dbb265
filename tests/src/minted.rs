//! Access tokens without a login.

use std::time::Duration;

use anyhow::{Context as _, Result};
use authz::ids::{BackendName, ClientId, Subject};
use authz::keyring::{KeyRing, SecretKey};
use authz::seal::Sealer;
use authz::secret::BackendToken;
use authz::time::Timestamp;
use authz::token::{AccessClaims, Grant};

use crate::TestBed;

/// What a gateway seals with.
#[derive(Clone, Copy, Debug)]
pub struct Mint<'m> {
    /// Its public origin.
    pub origin: &'m str,
    /// The key of its ring that has id 1, in base64.
    pub ring_key: &'m str,
    /// What its logins are bound to.
    pub backend: &'m BackendName,
    /// When.
    pub now: Timestamp,
}

impl Mint<'_> {
    /// An access token of this person as that gateway would have sealed it at a login, for an hour.
    pub fn access_token(&self, login: &str, backend_token: String) -> Result<String> {
        let claims = AccessClaims {
            grant: Grant {
                subject: Subject::parse(login)?,
                client: ClientId::parse("a-client")?.fingerprint(),
                scope: "user/*.rs".parse()?,
                resource: format!("{}/mcp", self.origin),
                backend: self.backend.clone(),
                authenticated_at: self.now,
            },
            backend_token: BackendToken::new(backend_token),
            issued_at: self.now,
            expires_at: self.now.plus(Duration::from_secs(3600)),
        };
        let ring = KeyRing::single(SecretKey::from_base64(self.ring_key)?);
        Ok(Sealer::new(&ring, self.origin).seal(&claims, &mut rand::rng()))
    }
}

impl TestBed {
    /// An access token of this person as a gateway of this bed would have sealed it.
    pub fn minted(&self, login: &str) -> Result<String> {
        let entry = self.setup.ring.first().context("a key")?;
        let mint = Mint {
            origin: self.origin(),
            ring_key: &entry.key,
            backend: &self.binding()?,
            now: self.now(),
        };
        mint.access_token(login, self.exchange.issue_token(login)?)
    }
}
