//! The backend's answer to the browser (RFC 6749 §4.1.2). No call to the backend is made here: its
//! code is sealed into ours and redeemed when the client proves itself at the token endpoint.

use rand_core::CryptoRng;
use serde::{Deserialize, Serialize};

use crate::broker::consent::{Transaction, transaction_name};
use crate::broker::error::{OAuthErrorCode, PageError};
use crate::broker::form::Form;
use crate::broker::{Broker, CODE_LIFETIME};
use crate::ids::{BackendName, ClientRef, truncated_digest};
use crate::pkce::CodeChallenge;
use crate::scope::Scope;
use crate::seal::{Purpose, Sealable, Unsealable};
use crate::secret::{self, BackendCode, CodeVerifier};
use crate::time::Timestamp;

/// Inside our authorization code.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct CodeClaims {
    /// The backend's code, single use by the backend's own row.
    #[serde(with = "secret::in_seal")]
    pub backend_code: BackendCode,
    /// Our PKCE verifier towards the backend.
    #[serde(with = "secret::in_seal")]
    pub verifier: CodeVerifier,
    /// What the backend's id token must repeat.
    pub nonce: String,
    /// Who may redeem it.
    pub client: ClientRef,
    /// With which redirect URI, by digest.
    pub redirect: RedirectDigest,
    /// With which proof.
    pub challenge: CodeChallenge,
    /// For what.
    pub scope: Scope,
    /// At which backend.
    pub backend: BackendName,
    /// When it was sealed: also when the person logged in.
    pub issued_at: Timestamp,
}

impl Sealable for CodeClaims {
    const PURPOSE: Purpose = Purpose::Code;
    const PREFIX: &'static str = "";

    fn issued_at(&self) -> Timestamp {
        self.issued_at
    }

    fn expires_at(&self) -> Timestamp {
        self.issued_at.plus(CODE_LIFETIME)
    }
}

/// A redirect URI by digest: the code binds it without carrying it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct RedirectDigest(String);

impl RedirectDigest {
    /// The digest of a URI as written.
    pub fn of(uri: &str) -> Self {
        Self(truncated_digest(uri.as_bytes()))
    }
}

/// Where a callback leads: always to the client, whose redirect URI stands proven in the cookie.
#[derive(Clone, PartialEq, Eq)]
pub struct Return {
    /// Where the browser is sent.
    pub location: String,
    /// The error word, if the login failed.
    pub failed: Option<OAuthErrorCode>,
    /// The client, for the record.
    pub client: ClientRef,
}

/// The `state` of a callback query, by which the shell finds the transaction cookie.
pub fn transaction_of(query: &str) -> Result<String, PageError> {
    let form = Form::parse(query).map_err(|_| PageError::MalformedRequest)?;
    let name = form.value("state").and_then(transaction_name);
    name.map(str::to_owned).ok_or(PageError::TransactionLost)
}

impl Broker {
    /// Validates the query of `GET /oauth/callback` beside the cookie that [`transaction_of`] found.
    pub fn callback(
        &self,
        query: &str,
        cookie: Option<&str>,
        now: Timestamp,
        rng: &mut impl CryptoRng,
    ) -> Result<Return, PageError> {
        let form = Form::parse(query).map_err(|_| PageError::MalformedRequest)?;
        let state = form.value("state").ok_or(PageError::TransactionLost)?;
        let cookie = cookie.ok_or(PageError::TransactionLost)?;
        // The seal is bound to the state, so this compares it exactly and in constant time.
        let transaction: Transaction = self
            .sealer
            .open_bound(cookie, state.as_bytes(), now)
            .map_err(|refused| match refused {
                Unsealable::Expired => PageError::TransactionExpired,
                Unsealable::Invalid => PageError::TransactionLost,
            })?;
        let ours = |iss: &str| self.backend_issuers.iter().any(|known| known == iss);
        let foreign = form.value("iss").is_some_and(|iss| !ours(iss));
        if foreign || transaction.backend != *self.backend() {
            return Err(PageError::BackendMismatch);
        }
        let redirect = self
            .redirect(&transaction.request.client, &transaction.request.redirect_uri)
            .ok_or(PageError::RedirectMismatch)?;
        let client_state = transaction.request.state.clone();
        let client = transaction.request.client.clone();
        match (form.value("code"), form.value("error")) {
            (Some(code), None) => {
                let code = self.sealed_code(code, transaction, now, rng);
                let mut parameters = vec![("code", code.as_str())];
                parameters.extend(client_state.as_deref().map(|state| ("state", state)));
                parameters.push(("iss", self.urls.issuer()));
                Ok(Return { location: redirect.with_parameters(&parameters), failed: None, client })
            }
            (None, Some(error)) => {
                let code = relayed(error);
                let location = self.error_location(&redirect, code, client_state.as_deref());
                Ok(Return { location, failed: Some(code), client })
            }
            _ => Err(PageError::MalformedRequest),
        }
    }

    fn sealed_code(
        &self,
        backend_code: &str,
        transaction: Transaction,
        now: Timestamp,
        rng: &mut impl CryptoRng,
    ) -> String {
        let Transaction { request, verifier, nonce, backend, .. } = transaction;
        let claims = CodeClaims {
            backend_code: BackendCode::new(backend_code),
            verifier,
            nonce,
            client: request.client,
            redirect: RedirectDigest::of(&request.redirect_uri),
            challenge: request.challenge,
            scope: request.scope,
            backend,
            issued_at: now,
        };
        self.sealer.seal(&claims, rng)
    }
}

/// The backend's error words that mean the same to the client; every other is our failure to it.
/// Descriptions are never relayed.
fn relayed(error: &str) -> OAuthErrorCode {
    match error {
        "access_denied" => OAuthErrorCode::AccessDenied,
        "temporarily_unavailable" => OAuthErrorCode::TemporarilyUnavailable,
        _ => OAuthErrorCode::ServerError,
    }
}

secret::blind_debug!(Return);
