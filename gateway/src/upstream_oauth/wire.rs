//! The `oauth2` crate over our HTTP client: requests and answers are its business; what a status
//! means, how long we wait and how much we read is decided here.

use std::future::Future;
use std::pin::Pin;
use std::time::Duration;

use bytes::Bytes;
use oauth2::basic::{
    BasicErrorResponse, BasicErrorResponseType, BasicRevocationErrorResponse,
    BasicTokenIntrospectionResponse, BasicTokenType,
};
use oauth2::{
    AsyncHttpClient, AuthType, AuthUrl, Client, ClientId, ClientSecret, EndpointNotSet,
    EndpointSet, ExtraTokenFields, HttpRequest, HttpResponse, RedirectUrl, RequestTokenError,
    StandardRevocableToken, StandardTokenResponse, TokenUrl,
};
use secrecy::ExposeSecret as _;
use serde::{Deserialize, Serialize};

use super::NoTokens;
use crate::config::Backend;
use crate::fault::Fault;
use crate::http_answer;

/// The largest answer that is read, in bytes.
pub(super) const LARGEST_ANSWER: usize = 64 * 1024;

/// What a token answer holds beside RFC 6749 §5.1 (OpenID Connect Core §3.1.3.3).
#[derive(Debug, Deserialize, Serialize)]
pub(super) struct OpenId {
    pub(super) id_token: Option<String>,
}

impl ExtraTokenFields for OpenId {}

/// The backend's token answer.
pub(super) type TokenAnswer = StandardTokenResponse<OpenId, BasicTokenType>;

/// Our client at the backend, with the two endpoints it speaks to.
pub(super) type BackendClient = Client<
    BasicErrorResponse,
    TokenAnswer,
    BasicTokenIntrospectionResponse,
    StandardRevocableToken,
    BasicRevocationErrorResponse,
    EndpointSet,
    EndpointNotSet,
    EndpointNotSet,
    EndpointNotSet,
    EndpointSet,
>;

/// The client that the configuration describes.
pub(super) fn client(backend: &Backend, callback: RedirectUrl) -> BackendClient {
    let endpoints = &backend.endpoints;
    let client = Client::new(ClientId::new(backend.client_id.clone()))
        .set_auth_type(AuthType::RequestBody)
        .set_redirect_uri(callback)
        .set_auth_uri(AuthUrl::from_url(endpoints.authorize.clone()))
        .set_token_uri(TokenUrl::from_url(endpoints.token.clone()));
    match &backend.client_secret {
        None => client,
        Some(secret) => {
            client.set_client_secret(ClientSecret::new(secret.expose().expose_secret().to_owned()))
        }
    }
}

/// Our HTTP client as the crate sees it.
#[derive(Debug)]
pub(super) struct Wire {
    pub(super) http: reqwest::Client,
    pub(super) deadline: Duration,
}

impl<'c> AsyncHttpClient<'c> for Wire {
    type Error = Fault;
    type Future = Pin<Box<dyn Future<Output = Result<HttpResponse, Fault>> + Send + 'c>>;

    fn call(&'c self, request: HttpRequest) -> Self::Future {
        Box::pin(self.send(request))
    }
}

impl Wire {
    /// Sends one request and reads its answer whole.
    async fn send(&self, request: HttpRequest) -> Result<HttpResponse, Fault> {
        let mut request = reqwest::Request::try_from(request)?;
        *request.timeout_mut() = Some(self.deadline);
        let response = self.http.execute(request).await?;
        let (status, body) = http_answer::read(response, LARGEST_ANSWER).await?;
        answer(status, body)
    }
}

/// Only what RFC 6749 §5 gives a meaning goes on: 200 and 400. Without this, an error word in a 500
/// would log everybody out. The media type stays behind: some backends mislabel their JSON.
fn answer(status: u16, body: Bytes) -> Result<HttpResponse, Fault> {
    match status {
        200 | 400 => {
            let mut answer = HttpResponse::new(body.into());
            *answer.status_mut() = status.try_into().unwrap_or_default();
            Ok(answer)
        }
        401 | 403 => Err(Fault::BackendRefusedUs),
        _ => Err(Fault::BackendAnswer("status")),
    }
}

/// What came instead of tokens. Only the backend's own `invalid_grant` is one: were a hiccup taken
/// for it, everybody would be logged out.
pub(super) fn no_tokens(error: RequestTokenError<Fault, BasicErrorResponse>) -> NoTokens {
    use BasicErrorResponseType as Word;
    match error {
        RequestTokenError::Request(fault) => fault.into(),
        RequestTokenError::ServerResponse(told) => match told.error() {
            Word::InvalidGrant => NoTokens::InvalidGrant,
            Word::InvalidClient | Word::UnauthorizedClient => Fault::BackendRefusedUs.into(),
            Word::InvalidRequest
            | Word::InvalidScope
            | Word::UnsupportedGrantType
            | Word::Extension(_) => Fault::BackendAnswer("token endpoint error").into(),
        },
        // They quote the body, and go no further.
        RequestTokenError::Parse(..) | RequestTokenError::Other(_) => {
            Fault::BackendAnswer("token endpoint body").into()
        }
    }
}
