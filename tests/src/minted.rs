//! Access tokens without a login.

use std::time::Duration;

use anyhow::{Context as _, Result};
use authz::ids::{ClientId, Subject};
use authz::keyring::{KeyRing, SecretKey};
use authz::seal::Sealer;
use authz::secret::BackendToken;
use authz::token::{AccessClaims, Grant};

use crate::TestBed;

impl TestBed {
    /// An access token of this person as a gateway of this bed would have sealed it.
    pub fn minted(&self, login: &str) -> Result<String> {
        let claims = AccessClaims {
            grant: Grant {
                subject: Subject::parse(login)?,
                client: ClientId::parse("a-client")?.fingerprint(),
                scope: "user/*.rs".parse()?,
                resource: self.at("/mcp"),
                backend: self.binding()?,
                authenticated_at: self.now(),
            },
            backend_token: BackendToken::new(self.exchange.issue_token(login)?),
            issued_at: self.now(),
            expires_at: self.now().plus(Duration::from_secs(3600)),
        };
        let entry = self.setup.ring.first().context("a key")?;
        let ring = KeyRing::single(SecretKey::from_base64(&entry.key)?);
        Ok(Sealer::new(&ring, self.origin()).seal(&claims, &mut rand::rng()))
    }
}
