//! How the broker says no: to a client in the registered words of OAuth, to a person on a page.

use std::time::Duration;

use serde_json::{Value, json};

use crate::ids::RequestId;
use crate::words::words;

words! {
    /// A registered error code (RFC 6749 §4.1.2.1 and §5.2, RFC 7591 §3.2.2, RFC 8707 §2).
    OAuthErrorCode {
        /// Something is missing, repeated or malformed.
        InvalidRequest = "invalid_request", 400, "A parameter is missing, repeated or malformed.";
        /// The client is not known here.
        InvalidClient = "invalid_client", 401, "The client is not registered here.";
        /// The code or refresh token is not good, for whatever reason.
        InvalidGrant = "invalid_grant", 400, "The code or refresh token is not valid. Log in again.";
        /// Only codes and refresh tokens are granted on.
        UnsupportedGrantType = "unsupported_grant_type", 400, "grant_type must be authorization_code or refresh_token.";
        /// Only `code` is offered.
        UnsupportedResponseType = "unsupported_response_type", 400, "response_type must be code.";
        /// Not a scope of ours, or more than was granted.
        InvalidScope = "invalid_scope", 400, "The scope is not offered here.";
        /// Another resource.
        InvalidTarget = "invalid_target", 400, "resource must be this server's MCP endpoint.";
        /// The person said no.
        AccessDenied = "access_denied", 400, "The person did not approve.";
        /// The backend failed in a way that waiting does not mend.
        ServerError = "server_error", 500, "The login could not be completed.";
        /// The backend cannot be asked just now.
        TemporarilyUnavailable = "temporarily_unavailable", 503, "The backend does not answer. Try again shortly; the login is not lost.";
        /// No redirect URI of the registration is acceptable.
        InvalidRedirectUri = "invalid_redirect_uri", 400, "No redirect URI is acceptable: use loopback, or ask the operator to allow the host.";
        /// The registration is not the JSON of RFC 7591.
        InvalidClientMetadata = "invalid_client_metadata", 400, "The registration must be a JSON object as in RFC 7591.";
    }
}

words! {
    /// Why a browser gets a page instead of a redirect: there is nobody it would be safe to
    /// redirect to, or nothing that could be redirected.
    PageError {
        /// A parameter is repeated or the request makes no sense at all.
        MalformedRequest = "malformed_request", 400, "The link that brought you here is damaged. Start again from your LLM client.";
        /// The `client_id` is not one of ours.
        UnknownClient = "unknown_client", 400, "The program that sent you here is not registered with this gateway. Remove the connection in your LLM client and add it again.";
        /// The client's document could not be fetched.
        DocumentUnavailable = "client_document_unavailable", 503, "The site of the program that sent you here could not be asked about it. Try again shortly from your LLM client.";
        /// The client's document describes no client of ours.
        DocumentInvalid = "client_document_invalid", 400, "What the site of the program that sent you here says about it cannot be used. Nothing was shared with it.";
        /// The redirect URI is not the registered one.
        RedirectMismatch = "redirect_mismatch", 400, "The program that sent you here gave another return address than it registered. Nothing was shared with it.";
        /// The form came from elsewhere, or without its cookie.
        ForeignForm = "foreign_form", 403, "This form was not sent from our page in this browser. Start again from your LLM client.";
        /// The form, or the login, took too long.
        TransactionExpired = "transaction_expired", 400, "This login took too long. Start again from your LLM client.";
        /// The login at the backend ended in another browser than it began in.
        TransactionLost = "transaction_lost", 400, "This login did not begin in this browser, or cookies are blocked. Start again from your LLM client.";
        /// The backend answered in another's name, or was replaced meanwhile.
        BackendMismatch = "backend_mismatch", 400, "The answer did not come from the place where you were sent to log in. Start again from your LLM client.";
    }
}

/// A refusal that an OAuth client reads as JSON (RFC 6749 §5.2).
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{}", code.as_str())]
pub struct OAuthError {
    code: OAuthErrorCode,
    retry_after: Option<Duration>,
}

impl OAuthError {
    /// A refusal with this code.
    pub const fn new(code: OAuthErrorCode) -> Self {
        Self { code, retry_after: None }
    }

    /// The backend cannot be asked: the client keeps its login and comes back.
    pub const fn unavailable(retry_after: Duration) -> Self {
        Self { code: OAuthErrorCode::TemporarilyUnavailable, retry_after: Some(retry_after) }
    }

    /// The code.
    pub const fn code(self) -> OAuthErrorCode {
        self.code
    }

    /// When to come back.
    pub const fn retry_after(self) -> Option<Duration> {
        self.retry_after
    }

    /// The body, with a reference by which the operator finds the reason.
    pub fn body(self, reference: Option<&RequestId>) -> Value {
        let text = self.code.text();
        let description = reference.map_or_else(
            || text.to_owned(),
            |reference| format!("{text} (reference {})", reference.short()),
        );
        json!({ "error": self.code.as_str(), "error_description": description })
    }
}

impl From<OAuthErrorCode> for OAuthError {
    fn from(code: OAuthErrorCode) -> Self {
        Self::new(code)
    }
}
