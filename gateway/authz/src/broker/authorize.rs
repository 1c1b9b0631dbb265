//! The authorization request (RFC 6749 §4.1.1): validated whole before a person is asked.

use serde::{Deserialize, Serialize};

use crate::broker::client::ClientKind;
use crate::broker::client_document::ClientDocument;
use crate::broker::error::{OAuthErrorCode, PageError};
use crate::broker::form::Form;
use crate::broker::{Broker, TRANSACTION_LIFETIME};
use crate::ids::{ClientId, ClientRef};
use crate::pkce::CodeChallenge;
use crate::redirect_uri::RedirectUri;
use crate::scope::Scope;
use crate::seal::{Purpose, Sealable};
use crate::time::Timestamp;

/// The longest `state` of a client that is carried, in bytes.
const LONGEST_STATE: usize = 512;

/// Scope tokens that clients of OpenID providers send out of habit. They mean nothing here and
/// asking for them is no mistake worth a failed login.
const IGNORED_SCOPES: [&str; 4] = ["openid", "profile", "email", "offline_access"];

/// A valid request, as it travels through the consent form and the transaction cookie.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct AuthorizationRequest {
    /// The client.
    pub client: ClientRef,
    /// Its name.
    pub client_name: String,
    /// Who answers for that name.
    pub client_kind: ClientKind,
    /// Where the answer goes.
    pub redirect_uri: String,
    /// The client's own `state`, given back untouched.
    pub state: Option<String>,
    /// What the client will have to prove at the token endpoint.
    pub challenge: CodeChallenge,
    /// What is asked for.
    pub scope: Scope,
    /// When it was validated.
    pub issued_at: Timestamp,
}

impl Sealable for AuthorizationRequest {
    const PURPOSE: Purpose = Purpose::Consent;
    const PREFIX: &'static str = "";

    fn issued_at(&self) -> Timestamp {
        self.issued_at
    }

    fn expires_at(&self) -> Timestamp {
        self.issued_at.plus(TRANSACTION_LIFETIME)
    }
}

/// A request that is not shown to a person.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Refusal {
    /// Client or redirect URI are not proven: nobody is redirected anywhere (RFC 6749 §4.1.2.1).
    Page(PageError),
    /// Both are proven: the client is told.
    Redirect {
        /// The error word.
        code: OAuthErrorCode,
        /// Where the browser is sent.
        location: String,
        /// The client, for the record.
        client: ClientRef,
    },
}

/// What a client asks for, without what it asks for out of habit.
pub(super) fn asked(text: &str) -> Result<Scope, OAuthErrorCode> {
    let ours = text.split(' ').filter(|token| !IGNORED_SCOPES.contains(token));
    ours.collect::<Vec<_>>().join(" ").parse().map_err(|_| OAuthErrorCode::InvalidScope)
}

impl Broker {
    /// Validates the query of `GET /authorize`, beside the document that [`Broker::document_wanted`]
    /// asked for.
    pub fn authorize(
        &self,
        query: &str,
        document: Option<&ClientDocument>,
        now: Timestamp,
    ) -> Result<AuthorizationRequest, Refusal> {
        let form = Form::parse(query).map_err(|_| Refusal::Page(PageError::MalformedRequest))?;
        let id = form.value("client_id").and_then(|id| ClientId::parse(id).ok());
        let id = id.ok_or(Refusal::Page(PageError::UnknownClient))?;
        let client =
            self.client(&id, document, now).ok_or(Refusal::Page(PageError::UnknownClient))?;
        let fingerprint = id.fingerprint();
        let redirect = form
            .value("redirect_uri")
            .and_then(|text| self.redirect(&fingerprint, text))
            .filter(|uri| {
                let registered = client.redirect_uris.iter();
                registered
                    .filter_map(|known| self.redirect(&fingerprint, known))
                    .any(|known| uri.matches(&known))
            })
            .ok_or(Refusal::Page(PageError::RedirectMismatch))?;
        let state = form.value("state");
        let (challenge, scope) = self.requested(&form).map_err(|code| Refusal::Redirect {
            code,
            // A state that is too long is not worth carrying even in the refusal.
            location: self.error_location(
                &redirect,
                code,
                state.filter(|state| state.len() <= LONGEST_STATE),
            ),
            client: fingerprint.clone(),
        })?;
        Ok(AuthorizationRequest {
            client: fingerprint,
            client_name: client.name,
            client_kind: client.kind,
            redirect_uri: redirect.as_str().to_owned(),
            state: state.map(str::to_owned),
            challenge,
            scope,
            issued_at: now,
        })
    }

    fn requested(&self, form: &Form) -> Result<(CodeChallenge, Scope), OAuthErrorCode> {
        if form.value("response_type") != Some("code") {
            return Err(OAuthErrorCode::UnsupportedResponseType);
        }
        if form.value("response_mode").is_some_and(|mode| mode != "query")
            || form.value("state").is_some_and(|state| state.len() > LONGEST_STATE)
        {
            return Err(OAuthErrorCode::InvalidRequest);
        }
        let challenge =
            CodeChallenge::parse(form.value("code_challenge"), form.value("code_challenge_method"))
                .map_err(|_| OAuthErrorCode::InvalidRequest)?;
        if !self.is_our_resource(form) {
            return Err(OAuthErrorCode::InvalidTarget);
        }
        Ok((challenge, self.requested_scope(form.value("scope").unwrap_or_default())?))
    }

    fn requested_scope(&self, text: &str) -> Result<Scope, OAuthErrorCode> {
        let scope = asked(text)?;
        if scope.is_empty() {
            return Ok(self.default_scope.clone());
        }
        if self.scopes_supported.covers(&scope) {
            Ok(scope)
        } else {
            Err(OAuthErrorCode::InvalidScope)
        }
    }

    /// An error redirect (RFC 6749 §4.1.2.1) with `iss` (RFC 9207 §2).
    pub(crate) fn error_location(
        &self,
        redirect: &RedirectUri,
        code: OAuthErrorCode,
        state: Option<&str>,
    ) -> String {
        let mut parameters = vec![("error", code.as_str()), ("error_description", code.text())];
        parameters.extend(state.map(|state| ("state", state)));
        parameters.push(("iss", self.urls.issuer()));
        redirect.with_parameters(&parameters)
    }
}
