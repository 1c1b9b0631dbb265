//! What we ask of the backend's token and revocation endpoints, as a client without a secret.

use std::time::Duration;

use authz::secret::{BackendCode, BackendRefreshToken, BackendToken};
use http::header::{ACCEPT, HeaderValue};
use serde::Deserialize;

use super::attempt::Attempt;
use super::registration::Registration;
use super::store::Stored;
use crate::backend::client::read_bounded;

/// For one answer. The backend may have spent the grant when it is late, so it is a long time.
const DEADLINE: Duration = Duration::from_secs(15);
/// The largest answer that is read, in bytes.
const LARGEST_ANSWER: usize = 64 * 1024;

/// Why the backend gave no tokens.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NoTokens {
    /// Its own `invalid_grant`: the code or refresh token is spent, expired or revoked.
    #[error("the backend does not accept the login any more")]
    InvalidGrant,
    /// It does not know our client, or wants a secret of it.
    #[error(
        "the backend does not accept this client; it must be registered there as a public client for the \
         authorization code grant, under the id in --client-id"
    )]
    ClientRefused,
    /// It refused in another way.
    #[error(
        "the backend refused; compare --scope and --redirect-uri with what is registered there"
    )]
    Refused,
    /// No answer in time, no connection, or an error of the backend's own.
    #[error("the backend's login is unavailable")]
    Unavailable,
    /// An answer that is none.
    #[error("the backend's login answered something that cannot be read")]
    Malformed,
}

/// What the backend gave for a grant that it has spent by now.
pub(super) struct Granted {
    pub(super) access: BackendToken,
    /// Absent, the one that was shown stays good (RFC 6749 §6).
    pub(super) refresh: Option<BackendRefreshToken>,
    pub(super) expires_in: Option<Duration>,
    pub(super) id_token: Option<String>,
}

#[derive(Deserialize)]
struct Answer {
    access_token: String,
    token_type: String,
    refresh_token: Option<String>,
    expires_in: Option<u64>,
    scope: Option<String>,
    id_token: Option<String>,
}

#[derive(Deserialize)]
struct ErrorAnswer {
    error: String,
}

/// The endpoints, and the connections to them.
#[derive(Clone, Debug)]
pub(super) struct TokenEndpoint {
    pub(super) http: reqwest::Client,
    pub(super) registration: Registration,
}

impl TokenEndpoint {
    /// Redeems a code (RFC 6749 §4.1.3, RFC 7636 §4.5).
    pub(super) async fn redeem(
        &self,
        code: &BackendCode,
        attempt: &Attempt,
    ) -> Result<Granted, NoTokens> {
        self.tokens(&[
            ("grant_type", "authorization_code"),
            ("code", code.expose()),
            ("redirect_uri", attempt.redirect().as_str()),
            ("code_verifier", attempt.verifier().expose()),
            ("client_id", &self.registration.client_id),
        ])
        .await
    }

    /// Refreshes (RFC 6749 §6). The backend has spent the token when this succeeds.
    pub(super) async fn refresh(&self, token: &BackendRefreshToken) -> Result<Granted, NoTokens> {
        self.tokens(&[
            ("grant_type", "refresh_token"),
            ("refresh_token", token.expose()),
            ("client_id", &self.registration.client_id),
        ])
        .await
    }

    /// Revokes (RFC 7009 §2.1): the access token of the same login ends with its refresh token.
    pub(super) async fn revoke(&self, stored: &Stored) -> Result<(), NoTokens> {
        let Some(endpoint) = &self.registration.endpoints.revoke else {
            return Err(NoTokens::Refused);
        };
        let (hint, token) = stored.refresh.as_ref().map_or_else(
            || ("access_token", stored.access.expose()),
            |refresh| ("refresh_token", refresh.expose()),
        );
        let form = [
            ("token", token),
            ("token_type_hint", hint),
            ("client_id", &self.registration.client_id),
        ];
        match self.post(endpoint, &form).await? {
            (200, _) => Ok(()),
            (401 | 403, _) => Err(NoTokens::ClientRefused),
            _ => Err(NoTokens::Unavailable),
        }
    }

    async fn tokens(&self, form: &[(&str, &str)]) -> Result<Granted, NoTokens> {
        let (status, body) = self.post(&self.registration.endpoints.token, form).await?;
        judge(status, &body)
    }

    async fn post(
        &self,
        url: &url::Url,
        form: &[(&str, &str)],
    ) -> Result<(u16, Vec<u8>), NoTokens> {
        let request = self.http.post(url.clone()).timeout(DEADLINE).form(form);
        let request = request.header(ACCEPT, HeaderValue::from_static("application/json"));
        let response = request.send().await.map_err(|_| NoTokens::Unavailable)?;
        let status = response.status().as_u16();
        let body = read_bounded(response, LARGEST_ANSWER).await;
        Ok((status, body.map_err(|_| NoTokens::Unavailable)?.into()))
    }
}

/// Only what RFC 6749 §5 gives a meaning ends a login: were an error word in a 500 taken for
/// `invalid_grant`, a hiccup of the backend would log people out. The media type is not looked at: some
/// backends mislabel their JSON.
fn judge(status: u16, body: &[u8]) -> Result<Granted, NoTokens> {
    match status {
        200 => granted(body),
        400 => {
            let told: ErrorAnswer =
                serde_json::from_slice(body).map_err(|_| NoTokens::Malformed)?;
            Err(match told.error.as_str() {
                "invalid_grant" => NoTokens::InvalidGrant,
                "invalid_client" | "unauthorized_client" => NoTokens::ClientRefused,
                _ => NoTokens::Refused,
            })
        }
        401 | 403 => Err(NoTokens::ClientRefused),
        _ => Err(NoTokens::Unavailable),
    }
}

fn granted(body: &[u8]) -> Result<Granted, NoTokens> {
    let answer: Answer = serde_json::from_slice(body).map_err(|_| NoTokens::Malformed)?;
    let is_bearer = answer.token_type.eq_ignore_ascii_case("bearer");
    let is_openid =
        answer.scope.as_deref().is_none_or(|scope| scope.split(' ').any(|one| one == "openid"));
    // It goes into a header, which takes no other characters (RFC 6750 §2.1).
    let is_sendable =
        |token: &str| !token.is_empty() && token.bytes().all(|b| b.is_ascii_graphic());
    if !is_bearer || !is_openid || !is_sendable(&answer.access_token) {
        return Err(NoTokens::Malformed);
    }
    Ok(Granted {
        access: answer.access_token.into(),
        refresh: answer.refresh_token.filter(|token| !token.is_empty()).map(Into::into),
        expires_in: answer.expires_in.map(Duration::from_secs),
        id_token: answer.id_token,
    })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn refusal(status: u16, body: &str) -> NoTokens {
        judge(status, body.as_bytes()).err().unwrap()
    }

    #[test]
    fn only_a_400_that_says_invalid_grant_ends_a_login() {
        let word = r#"{"error": "invalid_grant"}"#;
        assert_eq!(refusal(400, word), NoTokens::InvalidGrant);
        for status in [301, 404, 408, 429, 500, 502, 503] {
            assert_eq!(refusal(status, word), NoTokens::Unavailable, "{status}");
        }
        for status in [401, 403] {
            assert_eq!(refusal(status, word), NoTokens::ClientRefused, "{status}");
        }
        assert_eq!(refusal(400, r#"{"error": "invalid_client"}"#), NoTokens::ClientRefused);
        assert_eq!(refusal(400, r#"{"error": "invalid_scope"}"#), NoTokens::Refused);
        assert_eq!(refusal(400, "<html>invalid_grant</html>"), NoTokens::Malformed);
    }

    #[test]
    fn an_answer_holds_a_bearer_token_of_an_openid_login_or_is_none() {
        let good = json!({"access_token": "t", "token_type": "bearer", "scope": "email openid",
                          "expires_in": 60, "refresh_token": "r", "id_token": "i"});
        let granted = judge(200, good.to_string().as_bytes()).ok().unwrap();
        assert_eq!(granted.access.expose(), "t");
        assert_eq!(granted.refresh.unwrap().expose(), "r");
        assert_eq!(granted.expires_in, Some(Duration::from_secs(60)));
        for change in [
            json!({"access_token": ""}),
            json!({"access_token": "a b"}),
            json!({"access_token": "a\r\nb"}),
            json!({"token_type": "mac"}),
            json!({"scope": "email"}),
            json!({"expires_in": -1}),
        ] {
            let mut bad = good.clone();
            bad.as_object_mut().unwrap().extend(change.as_object().unwrap().clone());
            assert_eq!(refusal(200, &bad.to_string()), NoTokens::Malformed, "{change}");
        }
        assert_eq!(refusal(200, "<html>"), NoTokens::Malformed);
    }
}
