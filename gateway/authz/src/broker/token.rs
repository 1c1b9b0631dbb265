//! The token endpoint (RFC 6749 §4.1.3, §6): the client proves itself to us first; only then is the
//! backend asked, and only what the backend vouches for is sealed.

use crate::broker::Broker;
use crate::broker::authorize::asked;
use crate::broker::callback::{CodeClaims, RedirectDigest};
use crate::broker::error::OAuthErrorCode;
use crate::broker::form::Form;
use crate::broker::no_grant::{NoGrant, Why};
use crate::ids::{ClientId, ClientRef, Subject};
use crate::scope::Scope;
use crate::seal::Unsealable;
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
    /// wrong is said to the operator alone.
    ///
    /// A grant that opens decides alone: it is bound to the client by fingerprint, so a login
    /// outlives its registration. Only when the grant does not open is the client looked at. One
    /// that nobody knows any more is told `invalid_client` (RFC 6749 §5.2) and registers again;
    /// with `invalid_grant` it would bring the same identifier back to `/authorize`, for ever.
    pub fn token(&self, form: &str, now: Timestamp) -> Result<Step, NoGrant> {
        let form = Form::parse(form).map_err(|_| OAuthErrorCode::InvalidRequest)?;
        let grant_type = form.value("grant_type").ok_or(OAuthErrorCode::InvalidRequest)?;
        if !matches!(grant_type, "authorization_code" | "refresh_token") {
            return Err(OAuthErrorCode::UnsupportedGrantType.into());
        }
        if !self.is_our_resource(&form) {
            return Err(OAuthErrorCode::InvalidTarget.into());
        }
        let client = form
            .value("client_id")
            .and_then(|id| ClientId::parse(id).ok())
            .ok_or(Why::OtherClient)?;
        if grant_type == "authorization_code" {
            self.redeem(&form, &client, now)
        } else {
            self.refresh(&form, &client, now)
        }
    }

    /// What the client is told when its code or refresh token does not open.
    fn unopened(&self, refused: Unsealable, client: &ClientId, now: Timestamp) -> NoGrant {
        if self.knows(client, now) {
            Why::from(refused).into()
        } else {
            OAuthErrorCode::InvalidClient.into()
        }
    }

    fn redeem(&self, form: &Form, id: &ClientId, now: Timestamp) -> Result<Step, NoGrant> {
        let required = |name| form.value(name).ok_or(OAuthErrorCode::InvalidRequest);
        let (code, verifier) = (required("code")?, required("code_verifier")?);
        let redirect = RedirectDigest::of(required("redirect_uri")?);
        let opened = self.sealer.open(code, now);
        let claims: CodeClaims = opened.map_err(|refused| self.unopened(refused, id, now))?;
        let client = id.fingerprint();
        let is_proven = claims.challenge.is_met_by(verifier);
        let wrong = [
            (claims.client != client, Why::OtherClient),
            (claims.redirect != redirect, Why::OtherRedirect),
            (claims.backend != *self.backend(), Why::BoundElsewhere),
            (!is_proven, Why::Unproven),
            (self.admission.denied_clients.contains(&client), Why::Denied),
        ];
        if let Some((_, why)) = wrong.into_iter().find(|(is_wrong, _)| *is_wrong) {
            return Err(why.into());
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

    fn refresh(&self, form: &Form, id: &ClientId, now: Timestamp) -> Result<Step, NoGrant> {
        let token = form.value("refresh_token").ok_or(OAuthErrorCode::InvalidRequest)?;
        let opened = self.sealer.open(token, now);
        let claims: RefreshClaims = opened.map_err(|refused| self.unopened(refused, id, now))?;
        let grant = claims.grant;
        if grant.client != id.fingerprint() {
            return Err(Why::OtherClient.into());
        }
        self.admission.admits(&grant).map_err(Why::from)?;
        let requested = asked(form.value("scope").unwrap_or_default())?;
        let requested = if requested.is_empty() { grant.scope.clone() } else { requested };
        // A refresh may ask for less, never for more (RFC 6749 §6).
        if !grant.scope.covers(&requested) {
            return Err(OAuthErrorCode::InvalidScope.into());
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
