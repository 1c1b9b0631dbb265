//! The endpoints that OAuth clients call themselves: token, registration, revocation.

use std::future::Future;
use std::sync::Arc;

use authz::broker::error::{OAuthError, OAuthErrorCode};
use authz::broker::issue::{Issued, Vouch};
use authz::broker::revoke::Revocation;
use authz::broker::token::{Pending, Step};
use authz::ids::RequestId;
use authz::token::AccessToken;
use axum::Extension;
use axum::body::Body;
use axum::extract::State;
use bytes::Bytes;
use http::header::CONTENT_TYPE;
use http::{HeaderMap, Response};
use serde_json::Value;

use super::{Remark, Told, remarked};
use crate::fault::RETRY_AFTER;
use crate::grant_flights::{Hearers, Landing};
use crate::no_issue::NoIssue;
use crate::record;
use crate::respond::{document, retry_after};
use crate::shared::Shared;
use crate::upstream_oauth::{Granted, NoTokens};

/// `POST /token` (RFC 6749 §3.2).
pub(super) async fn token(
    State(gateway): State<Arc<Shared>>,
    Extension(id): Extension<RequestId>,
    headers: HeaderMap,
    body: Bytes,
) -> Response<Body> {
    let mut remark = Remark::default();
    match issue(&gateway, &headers, &body, &mut remark).await {
        Ok(issued) => {
            remark.subject = Some(issued.subject().clone());
            remarked(json(200, &issued.body()), remark)
        }
        Err(no) => no_issue(&gateway, &id, no, remark),
    }
}

/// Asks the backend what the proven request needs, and seals what it gives.
async fn issue(
    gateway: &Arc<Shared>,
    headers: &HeaderMap,
    body: &[u8],
    remark: &mut Remark,
) -> Result<Arc<Issued>, NoIssue> {
    let form = form(headers, body)?;
    let step = gateway.broker.token(form, gateway.clock.now())?;
    let (Step::Redeem { pending, .. } | Step::Refresh { pending, .. }) = &step;
    remark.client = Some(pending.client().clone());
    remark.subject = pending.subject().cloned();
    let shared = Arc::clone(gateway);
    match step {
        Step::Redeem { code, verifier, nonce, pending } => {
            let redeem = |parked| async move {
                let ask = shared.upstream.redeem(&code, &verifier);
                land(&shared, parked, ask, Identity { pending, nonce: Some(nonce) }).await
            };
            gateway.grants.join(form, Hearers::One, redeem).await
        }
        Step::Refresh { token, pending } => {
            let refresh = |parked| async move {
                let ask = shared.upstream.refresh(&token);
                land(&shared, parked, ask, Identity { pending, nonce: None }).await
            };
            gateway.grants.join(form, Hearers::All, refresh).await
        }
    }
}

/// For whom a grant is.
struct Identity {
    pending: Pending,
    /// What the id token of a login must repeat.
    nonce: Option<String>,
}

/// Gets what the backend gives, unless an earlier try has it, and seals it.
async fn land(
    gateway: &Shared,
    parked: Option<Arc<Granted>>,
    ask: impl Future<Output = Result<Granted, NoTokens>>,
    identity: Identity,
) -> Landing {
    let granted = match parked {
        Some(granted) => granted,
        None => match ask.await {
            Ok(granted) => Arc::new(granted),
            Err(no) => return Landing { issued: Err(no.into()), granted: None },
        },
    };
    let issued = seal(gateway, identity, &granted).await;
    Landing { issued, granted: Some(granted) }
}

/// Nothing is issued that the backend's own introspection does not vouch for.
async fn seal(gateway: &Shared, identity: Identity, granted: &Granted) -> Result<Issued, NoIssue> {
    let Identity { pending, nonce } = identity;
    let tokens = gateway.upstream.identify(granted, nonce.as_deref()).await?;
    let answer = gateway.introspections.ask(&tokens.access).await?;
    let vouch = Vouch { answer: &answer, audience: &gateway.audience, now: gateway.clock.now() };
    Ok(gateway.broker.issue(pending, tokens, vouch, &mut rand::rng())?)
}

fn no_issue(gateway: &Shared, id: &RequestId, no: NoIssue, mut remark: Remark) -> Response<Body> {
    let error = match no {
        NoIssue::Refused(no) => {
            remark.stage = Some(Told::Refused(no.code.as_str()));
            remark.why = no.why.map(Into::into);
            no.code.into()
        }
        NoIssue::Fault(fault) => {
            record::fault(&gateway.metrics, id, &fault);
            remark.stage = Some(Told::Faulted(fault.kind()));
            OAuthError::unavailable(RETRY_AFTER)
        }
    };
    remarked(refusal(error, Some(id)), remark)
}

/// `POST /register` (RFC 7591 §3).
pub(super) async fn register(
    State(gateway): State<Arc<Shared>>,
    headers: HeaderMap,
    body: Bytes,
) -> Response<Body> {
    let registered = if is(&headers, "application/json") {
        gateway.broker.register(&body, gateway.clock.now(), &mut rand::rng())
    } else {
        Err(OAuthErrorCode::InvalidClientMetadata)
    };
    match registered {
        Ok(registration) => json(201, &registration),
        Err(code) => refused(code),
    }
}

/// `POST /revoke` (RFC 7009 §2).
pub(super) async fn revoke(
    State(gateway): State<Arc<Shared>>,
    Extension(id): Extension<RequestId>,
    headers: HeaderMap,
    body: Bytes,
) -> Response<Body> {
    let read = form(&headers, &body)
        .and_then(|form| Ok((form, gateway.broker.revoke(form, gateway.clock.now())?)));
    let (form, revocation) = match read {
        Ok(read) => read,
        Err(code) => return refused(code),
    };
    let revoked = match revocation {
        Revocation::Nothing => Ok(()),
        Revocation::Refresh(token) => {
            gateway.upstream.revoke(token.expose(), "refresh_token").await
        }
        Revocation::Access(token) => gateway.upstream.revoke(token.expose(), "access_token").await,
    };
    forget(&gateway, form).await;
    match revoked {
        Ok(()) => document(200, "application/json", Body::empty()),
        Err(fault) => no_issue(&gateway, &id, NoIssue::Fault(fault), Remark::default()),
    }
}

/// What introspection said about a revoked token is no longer true.
async fn forget(gateway: &Shared, form: &str) {
    if let Ok(form) = authz::broker::form::Form::parse(form)
        && let Some(token) = form.value("token")
    {
        let key = gateway.introspections.key(&AccessToken::from_form(token));
        gateway.introspections.forget(&key).await;
    }
}

/// The form of a request; a query is never looked at (RFC 6749 §3.2).
fn form<'b>(headers: &HeaderMap, body: &'b [u8]) -> Result<&'b str, OAuthErrorCode> {
    if !is(headers, "application/x-www-form-urlencoded") {
        return Err(OAuthErrorCode::InvalidRequest);
    }
    std::str::from_utf8(body).map_err(|_| OAuthErrorCode::InvalidRequest)
}

fn is(headers: &HeaderMap, media: &str) -> bool {
    let content = headers.get(CONTENT_TYPE).and_then(|value| value.to_str().ok());
    content
        .and_then(|content| content.split(';').next())
        .is_some_and(|content| content.trim().eq_ignore_ascii_case(media))
}

fn refused(code: OAuthErrorCode) -> Response<Body> {
    let stage = Some(Told::Refused(code.as_str()));
    remarked(refusal(code.into(), None), Remark { stage, ..Remark::default() })
}

/// `reference` is for whoever looks up in the records why it failed.
pub(super) fn refusal(error: OAuthError, reference: Option<&RequestId>) -> Response<Body> {
    let mut response = json(error.code().status(), &error.body(reference));
    if let Some(wait) = error.retry_after() {
        retry_after(response.headers_mut(), wait);
    }
    response
}

fn json(status: u16, value: &Value) -> Response<Body> {
    document(status, "application/json", value.to_string())
}
