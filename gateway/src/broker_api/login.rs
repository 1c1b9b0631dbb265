//! The browser's part of a login: authorize, consent, callback. No request to the backend is made
//! here; the browser alone is sent to and fro. A client that is a URL is asked about at its host.

use std::sync::Arc;

use authz::broker::authorize::Refusal;
use authz::broker::callback::transaction_of;
use authz::broker::client_document::ClientDocument;
use authz::broker::consent::{Answer, Approval, transaction_name};
use authz::broker::error::{OAuthErrorCode, PageError};
use authz::ids::{ClientRef, RequestId};
use axum::Extension;
use axum::body::Body;
use axum::extract::{RawQuery, State};
use http::{HeaderMap, Response};

use super::cookies::{Cookies, see_other};
use super::{Remark, Told, pages, remarked};
use crate::client_fetch::NoDocument;
use crate::record;
use crate::shared::Shared;

/// `GET /authorize`: shows the consent page, and changes nothing.
pub(super) async fn authorize(
    State(gateway): State<Arc<Shared>>,
    Extension(id): Extension<RequestId>,
    RawQuery(query): RawQuery,
    headers: HeaderMap,
) -> Response<Body> {
    let broker = &gateway.broker;
    let query = query.unwrap_or_default();
    let document = match document(&gateway, &query).await {
        Ok(document) => document,
        Err(no) => {
            let error = PageError::from(no);
            let stage = Some(Told::Refused(error.as_str()));
            let remark = Remark { stage, why: Some(no.into()), ..Remark::default() };
            return remarked(pages::error(error, &id), remark);
        }
    };
    let request = match broker.authorize(&query, document.as_deref(), gateway.clock.now()) {
        Ok(request) => request,
        Err(refusal) => return refused(refusal, &id),
    };
    let cookies = Cookies::of(&broker.urls);
    let known = cookies.consent(&headers);
    match broker.consent_page(&request, known, &mut rand::rng()) {
        Err(error) => refused(Refusal::Page(error), &id),
        Ok(page) => {
            let mut response = pages::consent(&gateway, &page);
            cookies.set_consent(response.headers_mut(), &page.cookie);
            remarked(response, Remark::of(request.client))
        }
    }
}

/// What the client's host says about it, if its identifier is a URL there.
async fn document(
    gateway: &Shared,
    query: &str,
) -> Result<Option<Arc<ClientDocument>>, NoDocument> {
    match gateway.broker.document_wanted(query) {
        None => Ok(None),
        Some(url) => Ok(Some(gateway.documents.document(&url).await?)),
    }
}

/// `POST /authorize`: the person's answer.
pub(super) async fn consent(
    State(gateway): State<Arc<Shared>>,
    Extension(id): Extension<RequestId>,
    headers: HeaderMap,
    form: String,
) -> Response<Body> {
    let broker = &gateway.broker;
    if !broker.is_own_form(&headers) {
        return refused(Refusal::Page(PageError::ForeignForm), &id);
    }
    let cookie = Cookies::of(&broker.urls).consent(&headers);
    let now = gateway.clock.now();
    let answer = broker.consent(&form, cookie.as_ref(), now, &mut rand::rng());
    match answer {
        Err(refusal) => refused(refusal, &id),
        Ok(Answer::Declined { location, client }) => {
            told(&location, OAuthErrorCode::AccessDenied, client)
        }
        Ok(Answer::Approved(approval)) => approved(&gateway, &headers, &approval, &id),
    }
}

fn approved(
    gateway: &Shared,
    sent: &HeaderMap,
    approval: &Approval,
    id: &RequestId,
) -> Response<Body> {
    let remark = Remark::of(approval.client.clone());
    let url = match gateway.upstream.authorize_url(approval) {
        Ok(url) => url,
        Err(fault) => {
            record::fault(&gateway.metrics, id, &fault);
            let stage = Some(Told::Faulted(fault.kind()));
            return remarked(pages::failed(id), Remark { stage, ..remark });
        }
    };
    let mut response = see_other(url.as_str());
    if let Some(name) = transaction_name(&approval.state) {
        let cookies = Cookies::of(&gateway.broker.urls);
        cookies.set_transaction(sent, response.headers_mut(), name, &approval.cookie);
    }
    remarked(response, remark)
}

/// `GET /oauth/callback`: the browser comes back from the backend.
pub(super) async fn callback(
    State(gateway): State<Arc<Shared>>,
    Extension(id): Extension<RequestId>,
    RawQuery(query): RawQuery,
    headers: HeaderMap,
) -> Response<Body> {
    let query = query.unwrap_or_default();
    let cookies = Cookies::of(&gateway.broker.urls);
    let transaction = match transaction_of(&query) {
        Ok(transaction) => transaction,
        Err(error) => return refused(Refusal::Page(error), &id),
    };
    let cookie = cookies.transaction(&headers, &transaction);
    let now = gateway.clock.now();
    let returned = gateway.broker.callback(&query, cookie.as_deref(), now, &mut rand::rng());
    let mut response = match returned {
        Err(error) => refused(Refusal::Page(error), &id),
        Ok(to) => match to.failed {
            Some(code) => told(&to.location, code, to.client),
            None => remarked(see_other(&to.location), Remark::of(to.client)),
        },
    };
    if cookie.is_some() {
        cookies.clear_transaction(response.headers_mut(), &transaction);
    }
    response
}

fn refused(refusal: Refusal, id: &RequestId) -> Response<Body> {
    match refusal {
        Refusal::Redirect { code, location, client } => told(&location, code, client),
        Refusal::Page(error) => {
            let stage = Some(Told::Refused(error.as_str()));
            remarked(pages::error(error, id), Remark { stage, ..Remark::default() })
        }
    }
}

/// Tells the client by way of the browser.
fn told(location: &str, code: OAuthErrorCode, client: ClientRef) -> Response<Body> {
    let stage = Some(Told::Refused(code.as_str()));
    remarked(see_other(location), Remark { stage, ..Remark::of(client) })
}
