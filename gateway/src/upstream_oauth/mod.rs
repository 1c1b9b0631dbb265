//! Speaks OAuth to the backend, as its client: one function for each request.

use std::sync::Arc;
use std::time::Duration;

use authz::broker::consent::Approval;
use authz::broker::issue::BackendTokens;
use authz::ids::Subject;
use authz::secret::{BackendCode, BackendRefreshToken, BackendToken, CodeVerifier};
use secrecy::{ExposeSecret as _, SecretString};
use serde::Deserialize;
use url::Url;

use crate::clock::Clock;
use crate::config::Backend;
use crate::fault::Fault;
use crate::http_answer;

mod authorize_url;
mod id_token;
mod jwks;

use id_token::Expected;
use jwks::Jwks;

/// The largest answer that is read, in bytes.
const LARGEST_ANSWER: usize = 64 * 1024;

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

impl From<reqwest::Error> for NoTokens {
    fn from(error: reqwest::Error) -> Self {
        Self::Fault(error.into())
    }
}

/// Our client at the backend.
#[derive(Debug)]
pub(crate) struct UpstreamOAuth {
    http: reqwest::Client,
    backend: Backend,
    client_secret: Option<SecretString>,
    callback: String,
    jwks: Jwks,
    clock: Arc<dyn Clock>,
}

/// RFC 6749 §5.1, with OpenID Connect Core §3.1.3.3.
#[derive(Deserialize)]
struct TokenAnswer {
    access_token: String,
    token_type: String,
    expires_in: Option<u64>,
    refresh_token: Option<String>,
    scope: Option<String>,
    id_token: Option<String>,
}

#[derive(Deserialize)]
struct ErrorAnswer {
    error: String,
}

#[derive(Deserialize)]
struct Userinfo {
    sub: String,
}

impl UpstreamOAuth {
    pub(crate) fn new(
        http: reqwest::Client,
        backend: &Backend,
        callback: String,
        clock: Arc<dyn Clock>,
    ) -> Self {
        Self {
            jwks: Jwks::new(http.clone(), backend, Arc::clone(&clock)),
            client_secret: backend.client_secret.as_ref().map(|secret| secret.expose().clone()),
            http,
            backend: backend.clone(),
            callback,
            clock,
        }
    }

    /// Where the browser logs in.
    pub(crate) fn authorize_url(&self, approval: &Approval) -> Result<Url, Fault> {
        authorize_url::build(&self.backend, &self.callback, approval)
    }

    /// Redeems a code (RFC 6749 §4.1.3); learns who logged in.
    pub(crate) async fn redeem(
        &self,
        code: &BackendCode,
        verifier: &CodeVerifier,
        nonce: &str,
    ) -> Result<BackendTokens, NoTokens> {
        let answer = self
            .ask_for_tokens(&[
                ("grant_type", "authorization_code"),
                ("code", code.expose()),
                ("redirect_uri", &self.callback),
                ("code_verifier", verifier.expose()),
            ])
            .await?;
        let subject = match &answer.id_token {
            Some(token) => self.subject_of(token, Some(nonce)).await?,
            None => self.userinfo(&answer.access_token).await?,
        };
        Ok(answer.into_tokens(Some(subject)))
    }

    /// Refreshes (RFC 6749 §6). Who it is about stands in our seal; an id token that says otherwise
    /// ends the session.
    pub(crate) async fn refresh(
        &self,
        token: &BackendRefreshToken,
    ) -> Result<BackendTokens, NoTokens> {
        let answer = self
            .ask_for_tokens(&[("grant_type", "refresh_token"), ("refresh_token", token.expose())])
            .await?;
        let subject = match &answer.id_token {
            Some(id_token) => Some(self.subject_of(id_token, None).await?),
            None => None,
        };
        let mut tokens = answer.into_tokens(subject);
        // A token that is not replaced stays good (RFC 6749 §6).
        tokens.refresh.get_or_insert_with(|| token.clone());
        Ok(tokens)
    }

    /// Revokes (RFC 7009 §2.1).
    pub(crate) async fn revoke(&self, token: &str, hint: &str) -> Result<(), Fault> {
        let form = self.with_client(&[("token", token), ("token_type_hint", hint)]);
        let request = self.http.post(self.backend.endpoints.revoke.clone());
        let response = request.timeout(self.backend.deadline).form(&form).send().await?;
        match http_answer::read(response, LARGEST_ANSWER).await?.0 {
            200 => Ok(()),
            401 | 403 => Err(Fault::BackendRefusedUs),
            _ => Err(Fault::BackendAnswer("revocation status")),
        }
    }

    async fn ask_for_tokens(&self, form: &[(&str, &str)]) -> Result<TokenAnswer, NoTokens> {
        let form = self.with_client(form);
        let request = self.http.post(self.backend.endpoints.token.clone());
        let response = request.timeout(self.backend.deadline).form(&form).send().await?;
        let (status, body) = http_answer::read(response, LARGEST_ANSWER).await?;
        let answer = token_answer(status, &body)?;
        // A login that is not openid says nothing about who it is.
        let asked = |scope: &str| scope.split(' ').any(|token| token == "openid");
        if asked(&self.backend.scope) && answer.scope.as_deref().is_some_and(|got| !asked(got)) {
            return Err(Fault::BackendAnswer("scope without openid").into());
        }
        Ok(answer)
    }

    fn with_client<'f>(&'f self, form: &[(&'f str, &'f str)]) -> Vec<(&'f str, &'f str)> {
        let mut form = form.to_vec();
        form.push(("client_id", &self.backend.client_id));
        form.extend(self.client_secret.as_ref().map(|s| ("client_secret", s.expose_secret())));
        form
    }

    async fn subject_of(&self, token: &str, nonce: Option<&str>) -> Result<Subject, Fault> {
        let expected = Expected {
            issuer: &self.backend.issuer,
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

impl TokenAnswer {
    fn into_tokens(self, subject: Option<Subject>) -> BackendTokens {
        BackendTokens {
            access: BackendToken::new(self.access_token),
            refresh: self.refresh_token.map(BackendRefreshToken::new),
            expires_in: self.expires_in.map(Duration::from_secs),
            subject,
        }
    }
}

/// Only the backend's own `invalid_grant` is one: were a hiccup taken for it, everybody would be
/// logged out.
fn token_answer(status: u16, body: &[u8]) -> Result<TokenAnswer, NoTokens> {
    if status == 200 {
        let answer: TokenAnswer = serde_json::from_slice(body)
            .map_err(|_| Fault::BackendAnswer("token endpoint body"))?;
        if !answer.token_type.eq_ignore_ascii_case("bearer") || answer.access_token.is_empty() {
            return Err(Fault::BackendAnswer("token endpoint token type").into());
        }
        return Ok(answer);
    }
    let error = serde_json::from_slice(body).map(|answer: ErrorAnswer| answer.error);
    match (status, error.as_deref()) {
        (400, Ok("invalid_grant")) => Err(NoTokens::InvalidGrant),
        (400 | 401, Ok("invalid_client" | "unauthorized_client")) | (401 | 403, _) => {
            Err(Fault::BackendRefusedUs.into())
        }
        _ => Err(Fault::BackendAnswer("token endpoint status").into()),
    }
}

#[cfg(test)]
mod tests;
