//! The token endpoint (RFC 6749 §4.1.3, §6): the client proves itself to us first; only then is the
//! backend asked, and only what the backend vouches for is sealed.

use crate::broker::Broker;
use crate::broker::callback::{CodeClaims, RedirectDigest};
use crate::broker::error::OAuthErrorCode;
use crate::broker::form::Form;
use crate::ids::{ClientId, ClientRef, Subject};
use crate::scope::Scope;
use crate::secret::{BackendCode, BackendRefreshToken, CodeVerifier};
use crate::time::Timestamp;
use crate::token::RefreshClaims;

/// What the shell has to ask of the backend's token endpoint.
#[derive(Debug)]
pub enum Step {
    /// Redeem the backend's code.
    Redeem {
        /// The code.
        code: BackendCode,
        /// Its proof.
        verifier: CodeVerifier,
        /// What the id token must repeat.
        nonce: String,
        /// What will be issued if the backend agrees.
        pending: Pending,
    },
    /// Refresh the backend's tokens.
    Refresh {
        /// The backend's refresh token.
        token: BackendRefreshToken,
        /// What will be issued if the backend agrees.
        pending: Pending,
    },
}

/// A client's request that has been proven and waits for the backend.
#[derive(Clone, Debug)]
pub struct Pending {
    pub(super) client: ClientRef,
    pub(super) granted: Scope,
    pub(super) requested: Scope,
    pub(super) authenticated_at: Timestamp,
    /// Known from the seal at a refresh, from the backend at a login.
    pub(super) subject: Option<Subject>,
}

impl Pending {
    /// The client, for the record.
    pub const fn client(&self) -> &ClientRef {
        &self.client
    }

    /// The person, where already known.
    pub const fn subject(&self) -> Option<&Subject> {
        self.subject.as_ref()
    }
}

impl Broker {
    /// Validates the form of `POST /token`. Which of code, client, redirect URI or verifier was
    /// wrong is not said.
    ///
    /// A grant that opens decides alone: it is bound to the client by fingerprint, so a login
    /// outlives its registration. Only when the grant does not open is the client looked at. One
    /// that nobody knows any more is told `invalid_client` (RFC 6749 §5.2) and registers again;
    /// with `invalid_grant` it would bring the same identifier back to `/authorize`, for ever.
    pub fn token(&self, form: &str, now: Timestamp) -> Result<Step, OAuthErrorCode> {
        let form = Form::parse(form).map_err(|_| OAuthErrorCode::InvalidRequest)?;
        let grant_type = form.value("grant_type").ok_or(OAuthErrorCode::InvalidRequest)?;
        if !matches!(grant_type, "authorization_code" | "refresh_token") {
            return Err(OAuthErrorCode::UnsupportedGrantType);
        }
        if !self.is_our_resource(&form) {
            return Err(OAuthErrorCode::InvalidTarget);
        }
        let client = form
            .value("client_id")
            .and_then(|id| ClientId::parse(id).ok())
            .ok_or(OAuthErrorCode::InvalidGrant)?;
        if grant_type == "authorization_code" {
            self.redeem(&form, &client, now)
        } else {
            self.refresh(&form, &client, now)
        }
    }

    /// What the client is told when its code or refresh token does not open.
    fn no_grant(&self, client: &ClientId, now: Timestamp) -> OAuthErrorCode {
        if self.knows(client, now) {
            OAuthErrorCode::InvalidGrant
        } else {
            OAuthErrorCode::InvalidClient
        }
    }

    fn redeem(&self, form: &Form, id: &ClientId, now: Timestamp) -> Result<Step, OAuthErrorCode> {
        let required = |name| form.value(name).ok_or(OAuthErrorCode::InvalidRequest);
        let (code, verifier) = (required("code")?, required("code_verifier")?);
        let redirect = RedirectDigest::of(required("redirect_uri")?);
        let claims: CodeClaims = self.sealer.open(code, now).map_err(|_| self.no_grant(id, now))?;
        let client = id.fingerprint();
        if claims.client != client
            || claims.redirect != redirect
            || claims.backend != *self.backend()
            || !claims.challenge.is_met_by(verifier)
            || self.admission.denied_clients.contains(&client)
        {
            return Err(OAuthErrorCode::InvalidGrant);
        }
        Ok(Step::Redeem {
            code: claims.backend_code,
            verifier: claims.verifier,
            nonce: claims.nonce,
            pending: Pending {
                client,
                granted: claims.scope.clone(),
                requested: claims.scope,
                authenticated_at: claims.issued_at,
                subject: None,
            },
        })
    }

    fn refresh(&self, form: &Form, id: &ClientId, now: Timestamp) -> Result<Step, OAuthErrorCode> {
        let token = form.value("refresh_token").ok_or(OAuthErrorCode::InvalidRequest)?;
        let claims: RefreshClaims =
            self.sealer.open(token, now).map_err(|_| self.no_grant(id, now))?;
        let grant = claims.grant;
        if grant.client != id.fingerprint() || self.admission.admits(&grant).is_err() {
            return Err(OAuthErrorCode::InvalidGrant);
        }
        let requested = match form.value("scope") {
            None => grant.scope.clone(),
            Some(text) => text.parse().map_err(|_| OAuthErrorCode::InvalidScope)?,
        };
        // A refresh may ask for less, never for more (RFC 6749 §6).
        if !grant.scope.covers(&requested) {
            return Err(OAuthErrorCode::InvalidScope);
        }
        Ok(Step::Refresh {
            token: claims.backend_refresh,
            pending: Pending {
                client: grant.client,
                granted: grant.scope,
                requested,
                authenticated_at: grant.authenticated_at,
                subject: Some(grant.subject),
            },
        })
    }
}
