//! Every way to say no to an MCP client: one code word, one status, one sentence for strangers.

use std::time::Duration;

use serde_json::{Value, json};

use crate::challenge::Challenge;
use crate::ids::RequestId;
use crate::mcp_call::CallId;
use crate::policy::Denial;
use crate::scope::Scope;
use crate::words::words;

words! {
    /// Why a request is refused. The word is the problem type, the log's `reason`, the metric
    /// label and the audit outcome.
    RejectionCode {
        /// No such path.
        UnknownRoute = "unknown_route", 404, "There is nothing here. The MCP endpoint is POST /mcp.";
        /// The path is right, the method is not.
        MethodNotAllowed = "method_not_allowed", 405, "This path does not take that method; the MCP endpoint takes POST.";
        /// The Host is not ours.
        WrongHost = "wrong_host", 421, "This server does not answer for that Host.";
        /// A browser page elsewhere sent it.
        ForeignOrigin = "foreign_origin", 403, "Requests from that Origin are not allowed.";
        /// The header section is ambiguous or incomplete.
        MalformedRequest = "malformed_request", 400, "The request's header section is malformed.";
        /// Too large or too many.
        HeadersTooLarge = "headers_too_large", 431, "The request's header section is too large.";
        /// Neither JSON nor an event stream is wanted.
        NotAcceptable = "not_acceptable", 406, "Accept must allow application/json and text/event-stream.";
        /// Not JSON.
        UnsupportedMediaType = "unsupported_media_type", 415, "Content-Type must be application/json, without Content-Encoding.";
        /// A token in a URL is a token in every log.
        TokenInQuery = "token_in_query", 400, "Send the access token in the Authorization header, never in the URL.";
        /// Nobody is logged in.
        TokenMissing = "token_missing", 401, "Log in: this resource needs an access token.";
        /// Not one bearer token.
        TokenMalformed = "token_malformed", 401, "The Authorization header must hold one bearer token.";
        /// Not ours, altered, or for something else.
        TokenInvalid = "token_invalid", 401, "The access token is not valid here. Log in again.";
        /// Ours once.
        TokenExpired = "token_expired", 401, "The access token has expired. Refresh it or log in again.";
        /// The operator shut this subject or client out.
        Denied = "denied", 401, "Access has been withdrawn by the operator.";
        /// The backend says no.
        BackendTokenInactive = "backend_token_inactive", 401, "The login has ended at the backend. Log in again.";
        /// The backend's token is not meant for us.
        WrongAudience = "wrong_audience", 401, "The login was for another application. Log in again.";
        /// More than the limit.
        BodyTooLarge = "body_too_large", 413, "The request body is too large.";
        /// It did not arrive in time.
        BodyTimeout = "body_timeout", 408, "The request body did not arrive in time.";
        /// Not one JSON-RPC message.
        MalformedCall = "malformed_call", 400, "The body must be one JSON-RPC 2.0 request or notification.";
        /// Open to nobody.
        UnknownMethod = "unknown_method", 404, "Method not found";
        /// Named in no policy.
        UnlistedTool = "unlisted_tool", 200, "Unknown tool";
        /// The grant lacks something.
        InsufficientScope = "insufficient_scope", 403, "The login does not cover this tool. Ask for the scope that the challenge names.";
        /// Too often.
        RateLimited = "rate_limited", 429, "Too many requests. Try again later.";
        /// Too much at once.
        TooManyInFlight = "too_many_in_flight", 429, "Too many calls at the same time. Wait for one to end.";
        /// Shed before any work.
        Overloaded = "overloaded", 503, "The gateway is at its limit. Try again shortly.";
    }
}

/// One refused request: the code and what goes with it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rejection {
    code: RejectionCode,
    challenge: Option<Challenge>,
    retry_after: Option<Duration>,
    call: Option<CallId>,
}

impl Rejection {
    /// A refusal without anything beside the code.
    pub const fn new(code: RejectionCode) -> Self {
        Self { code, challenge: None, retry_after: None, call: None }
    }

    /// A 401 that says how to log in.
    pub const fn unauthenticated(code: RejectionCode, scope: Scope) -> Self {
        let challenge = if matches!(code, RejectionCode::TokenMissing) {
            Challenge::LogIn { scope }
        } else {
            Challenge::InvalidToken { scope }
        };
        Self { code, challenge: Some(challenge), retry_after: None, call: None }
    }

    /// A 429 or 503 that says when to come back.
    pub const fn later(code: RejectionCode, retry_after: Duration) -> Self {
        Self { code, challenge: None, retry_after: Some(retry_after), call: None }
    }

    /// What a denial becomes.
    pub fn denied(denial: Denial, call: Option<&CallId>) -> Self {
        let (code, challenge) = match denial {
            Denial::UnlistedTool => (RejectionCode::UnlistedTool, None),
            Denial::UnknownMethod => (RejectionCode::UnknownMethod, None),
            Denial::InsufficientScope { required } => {
                (RejectionCode::InsufficientScope, Some(Challenge::InsufficientScope { required }))
            }
        };
        Self { code, challenge, retry_after: None, call: call.cloned() }
    }

    /// The code.
    pub const fn code(&self) -> RejectionCode {
        self.code
    }

    /// The challenge, for every 401 and for `insufficient_scope`.
    pub const fn challenge(&self) -> Option<&Challenge> {
        self.challenge.as_ref()
    }

    /// When to come back.
    pub const fn retry_after(&self) -> Option<Duration> {
        self.retry_after
    }

    /// The body and its media type: a JSON-RPC error where the protocol was misused by a request
    /// that we understood, problem JSON (RFC 9457) everywhere else.
    pub fn body(&self, request_id: &RequestId) -> (&'static str, Value) {
        if self.code == RejectionCode::UnknownMethod {
            ("application/json", self.json_rpc(-32601))
        } else if self.code == RejectionCode::UnlistedTool {
            ("application/json", self.json_rpc(-32602))
        } else {
            ("application/problem+json", self.problem(request_id))
        }
    }

    fn problem(&self, request_id: &RequestId) -> Value {
        json!({
            "type": format!("urn:fhir-mcp-gateway:problem:{}", self.code.as_str()),
            "title": self.code.as_str(),
            "status": self.code.status(),
            "detail": self.code.text(),
            "request_id": request_id.as_str(),
        })
    }

    fn json_rpc(&self, code: i32) -> Value {
        json!({
            "jsonrpc": "2.0",
            "id": self.call.as_ref().map_or(Value::Null, Value::from),
            "error": { "code": code, "message": self.code.text() },
        })
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn every_code_has_its_own_word_and_a_sentence() {
        let words: BTreeSet<_> = RejectionCode::ALL.iter().map(|code| code.as_str()).collect();
        assert_eq!(words.len(), RejectionCode::ALL.len());
        assert!(RejectionCode::ALL.iter().all(|code| !code.text().is_empty()));
    }

    #[test]
    fn an_unknown_method_is_answered_in_json_rpc_with_its_id() {
        let id = CallId::Number(7);
        let rejection = Rejection::denied(Denial::UnknownMethod, Some(&id));
        let (_, body) = rejection.body(&RequestId::from_random([0; 16]));
        assert_eq!(body["id"], 7);
        assert_eq!(body["error"]["code"], -32601);
        assert_eq!(rejection.code().status(), 404);
    }

    #[test]
    fn only_a_missing_token_is_challenged_without_an_error_word() {
        let missing = Rejection::unauthenticated(RejectionCode::TokenMissing, Scope::default());
        assert!(matches!(missing.challenge(), Some(Challenge::LogIn { .. })));
        let expired = Rejection::unauthenticated(RejectionCode::TokenExpired, Scope::default());
        assert!(matches!(expired.challenge(), Some(Challenge::InvalidToken { .. })));
    }
}
