//! Speaks OAuth to the backend, as its client: one function for each request.

use std::sync::Arc;

use authz::broker::consent::Approval;
use authz::broker::issue::BackendTokens;
use authz::ids::Subject;
use authz::secret::{BackendCode, BackendRefreshToken, BackendToken, CodeVerifier};
use oauth2::basic::BasicTokenType;
use oauth2::{AuthorizationCode, PkceCodeVerifier, RedirectUrl, RefreshToken, TokenResponse as _};
use secrecy::ExposeSecret as _;
use serde::Deserialize;
use url::Url;

use crate::clock::Clock;
use crate::config::Backend;
use crate::fault::Fault;
use crate::http_answer;

mod authorize_url;
mod id_token;
mod jwks;
mod wire;

use id_token::Expected;
use jwks::Jwks;
pub(crate) use jwks::usable_keys;
use wire::{BackendClient, LARGEST_ANSWER, TokenAnswer, Wire};

/// Why the backend gave no tokens.
#[derive(Clone, Debug, thiserror::Error)]
pub(crate) enum NoTokens {
    /// Its own `invalid_grant`: the code or refresh token is spent, expired or revoked.
    #[error("the backend does not accept the grant")]
    InvalidGrant,
    /// Anything else.
    #[error(transparent)]
    Fault(#[from] Fault),
}

/// What the backend gave for a grant that it has spent by now.
pub(crate) struct Granted {
    answer: TokenAnswer,
    shown: Option<BackendRefreshToken>,
}

/// Our client at the backend.
#[derive(Debug)]
pub(crate) struct UpstreamOAuth {
    http: reqwest::Client,
    backend: Backend,
    client: BackendClient,
    wire: Wire,
    jwks: Jwks,
    clock: Arc<dyn Clock>,
}

#[derive(Deserialize)]
struct Userinfo {
    sub: String,
}

impl UpstreamOAuth {
    pub(crate) fn new(
        http: reqwest::Client,
        backend: &Backend,
        callback: RedirectUrl,
        clock: Arc<dyn Clock>,
    ) -> Self {
        Self {
            jwks: Jwks::new(http.clone(), backend, Arc::clone(&clock)),
            client: wire::client(backend, callback),
            wire: Wire { http: http.clone(), deadline: backend.token_deadline },
            http,
            backend: backend.clone(),
            clock,
        }
    }

    /// Where the browser logs in.
    pub(crate) fn authorize_url(&self, approval: &Approval) -> Result<Url, Fault> {
        authorize_url::build(&self.client, &self.backend.scope, approval)
    }

    /// Redeems a code (RFC 6749 §4.1.3). The backend has spent it when this succeeds.
    pub(crate) async fn redeem(
        &self,
        code: &BackendCode,
        verifier: &CodeVerifier,
    ) -> Result<Granted, NoTokens> {
        let answer = self
            .client
            .exchange_code(AuthorizationCode::new(code.expose().to_owned()))
            .set_pkce_verifier(PkceCodeVerifier::new(verifier.expose().to_owned()))
            .request_async(&self.wire)
            .await
            .map_err(wire::no_tokens)?;
        self.check(&answer)?;
        Ok(Granted { answer, shown: None })
    }

    /// Refreshes (RFC 6749 §6). The backend has spent the token when this succeeds.
    pub(crate) async fn refresh(&self, token: &BackendRefreshToken) -> Result<Granted, NoTokens> {
        let shown = RefreshToken::new(token.expose().to_owned());
        let answer = self
            .client
            .exchange_refresh_token(&shown)
            .request_async(&self.wire)
            .await
            .map_err(wire::no_tokens)?;
        self.check(&answer)?;
        Ok(Granted { answer, shown: Some(token.clone()) })
    }

    /// Learns whom a grant is about; may be tried again. At a login (`nonce` is given) somebody must
    /// be named; at a refresh our seal knows, and an id token that says otherwise ends the session.
    pub(crate) async fn identify(
        &self,
        granted: &Granted,
        nonce: Option<&str>,
    ) -> Result<BackendTokens, Fault> {
        let answer = &granted.answer;
        let subject = match (&answer.extra_fields().id_token, nonce) {
            (Some(token), _) => Some(self.subject_of(token, nonce).await?),
            (None, Some(_)) => Some(self.userinfo(answer.access_token().secret()).await?),
            (None, None) => None,
        };
        let mut tokens = backend_tokens(answer, subject);
        // A refresh token that is not replaced stays good (RFC 6749 §6).
        tokens.refresh = tokens.refresh.or_else(|| granted.shown.clone());
        Ok(tokens)
    }

    /// Revokes (RFC 7009 §2.1). Written out here: the crate revokes over https alone, and a backend
    /// may be on loopback.
    pub(crate) async fn revoke(&self, token: &str, hint: &str) -> Result<(), Fault> {
        let mut form = vec![("token", token), ("token_type_hint", hint)];
        form.push(("client_id", &self.backend.client_id));
        let secret = self.backend.client_secret.as_ref().map(crate::config::Secret::expose);
        form.extend(secret.map(|secret| ("client_secret", secret.expose_secret())));
        let request = self.http.post(self.backend.endpoints.revoke.clone());
        let response = request.timeout(self.backend.deadline).form(&form).send().await?;
        match http_answer::read(response, LARGEST_ANSWER).await?.0 {
            200 => Ok(()),
            401 | 403 => Err(Fault::BackendRefusedUs),
            _ => Err(Fault::BackendAnswer("revocation status")),
        }
    }

    /// What an answer must say beyond its form.
    fn check(&self, answer: &TokenAnswer) -> Result<(), Fault> {
        let empty = answer.access_token().secret().is_empty();
        if empty || *answer.token_type() != BasicTokenType::Bearer {
            return Err(Fault::BackendAnswer("token endpoint token type"));
        }
        // A login that is not openid says nothing about who it is.
        let asked = self.backend.scope.split(' ').any(|scope| scope == "openid");
        let given = answer.scopes().is_none_or(|scopes| scopes.iter().any(|s| **s == *"openid"));
        if asked && !given {
            return Err(Fault::BackendAnswer("scope without openid"));
        }
        Ok(())
    }

    async fn subject_of(&self, token: &str, nonce: Option<&str>) -> Result<Subject, Fault> {
        let expected = Expected {
            issuers: &self.backend.issuers,
            audience: &self.backend.client_id,
            nonce,
            now: self.clock.now(),
        };
        let unverified = id_token::Unverified::parse(token)?;
        let key = self.jwks.key(unverified.key_id()).await?;
        unverified.verify(&key, expected)
    }

    async fn userinfo(&self, token: &str) -> Result<Subject, Fault> {
        let request = self.http.get(self.backend.endpoints.userinfo.clone());
        let response = request.timeout(self.backend.deadline).bearer_auth(token).send().await?;
        let (status, body) = http_answer::read(response, LARGEST_ANSWER).await?;
        if status != 200 {
            return Err(Fault::BackendAnswer("userinfo status"));
        }
        let userinfo: Userinfo =
            serde_json::from_slice(&body).map_err(|_| Fault::BackendAnswer("userinfo body"))?;
        Subject::parse(&userinfo.sub).map_err(|_| Fault::BackendAnswer("userinfo subject"))
    }
}

fn backend_tokens(answer: &TokenAnswer, subject: Option<Subject>) -> BackendTokens {
    let refresh = answer.refresh_token().map(|token| token.secret().as_str());
    BackendTokens {
        access: BackendToken::new(answer.access_token().secret().as_str()),
        refresh: refresh.map(BackendRefreshToken::new),
        expires_in: answer.expires_in(),
        subject,
    }
}

#[cfg(test)]
mod tests;
