//! Revocation (RFC 7009): a token of ours is opened, and the backend's inside is revoked there.

use crate::broker::Broker;
use crate::broker::error::OAuthErrorCode;
use crate::broker::form::Form;
use crate::ids::ClientId;
use crate::secret::{BackendRefreshToken, BackendToken};
use crate::time::Timestamp;
use crate::token::{AccessClaims, Grant, RefreshClaims};

/// What the backend has to be asked to revoke.
#[derive(Debug)]
pub enum Revocation {
    /// Its refresh token; the access token ends with it.
    Refresh(BackendRefreshToken),
    /// Its access token.
    Access(BackendToken),
    /// Nothing: unknown, expired or another client's, which is a success all the same (RFC 7009
    /// §2.2) and tells a stranger nothing.
    Nothing,
}

impl Broker {
    /// Reads the form of `POST /revoke`. The hint is not needed: our tokens say what they are.
    pub fn revoke(&self, form: &str, now: Timestamp) -> Result<Revocation, OAuthErrorCode> {
        let form = Form::parse(form).map_err(|_| OAuthErrorCode::InvalidRequest)?;
        let token = form.value("token").ok_or(OAuthErrorCode::InvalidRequest)?;
        let client = form.value("client_id").map(ClientId::parse);
        let may = |grant: &Grant| match &client {
            None => true,
            Some(Ok(id)) => id.fingerprint() == grant.client,
            Some(Err(_)) => false,
        } && grant.backend == *self.backend();
        if let Ok(claims) = self.sealer.open::<RefreshClaims>(token, now) {
            if may(&claims.grant) {
                return Ok(Revocation::Refresh(claims.backend_refresh));
            }
        } else if let Ok(claims) = self.sealer.open::<AccessClaims>(token, now)
            && may(&claims.grant)
        {
            return Ok(Revocation::Access(claims.backend_token));
        }
        Ok(Revocation::Nothing)
    }
}
