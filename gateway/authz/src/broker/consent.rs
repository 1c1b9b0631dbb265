//! The consent page: what it shows, what its form must bring back, and what an approval starts.
//!
//! The broker has one client at the backend for all MCP clients, so the backend's own consent says
//! nothing about this client: ours is the question, on every authorization, bound to the browser.

use http::HeaderMap;
use http::header::ORIGIN;
use rand_core::CryptoRng;
use serde::{Deserialize, Serialize};

use crate::broker::authorize::{AuthorizationRequest, Refusal};
use crate::broker::client::ClientKind;
use crate::broker::error::{OAuthErrorCode, PageError};
use crate::broker::form::Form;
use crate::broker::{Broker, TRANSACTION_LIFETIME};
use crate::ids::{BackendName, ClientRef};
use crate::seal::{Purpose, Sealable, Unsealable};
use crate::secret::{self, CodeVerifier};
use crate::time::Timestamp;

/// What the page shows, and what its form sends back.
pub struct ConsentPage {
    /// The sealed request: the form's hidden field `request`.
    pub request: String,
    /// The browser's consent cookie; without it the form does not open.
    pub cookie: ConsentCookie,
    /// The client's name.
    pub client_name: String,
    /// Who answers for that name.
    pub client_kind: ClientKind,
    /// Where the answer will go, for a person to read.
    pub destination: String,
    /// Whether that is a program on the person's own machine.
    pub is_loopback: bool,
    /// What is asked for.
    pub scope: String,
    /// Where the form's redirects may lead, for `form-action`.
    pub csp_source: String,
}

/// The value of the browser's consent cookie: 43 random characters.
#[derive(Clone, PartialEq, Eq)]
pub struct ConsentCookie(String);

impl ConsentCookie {
    /// A cookie that the browser already has, if it is of ours by shape. Reusing it lets several
    /// tabs ask at the same time.
    pub fn parse(text: &str) -> Option<Self> {
        let base64url = |b: u8| b.is_ascii_alphanumeric() || b == b'-' || b == b'_';
        (text.len() == 43 && text.bytes().all(base64url)).then(|| Self(text.to_owned()))
    }

    /// The 43 characters.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// What travels in the browser while the person logs in at the backend. It is sealed beside the
/// `state` that the backend will bring back, so no other `state` opens it.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Transaction {
    /// What was approved.
    pub request: AuthorizationRequest,
    /// Our PKCE verifier towards the backend.
    #[serde(with = "secret::in_seal")]
    pub verifier: CodeVerifier,
    /// Binds the backend's id token to this login (OpenID Connect Core §3.1.2.1).
    pub nonce: String,
    /// Which backend the browser was sent to.
    pub backend: BackendName,
    /// When the person approved.
    pub approved_at: Timestamp,
}

impl Sealable for Transaction {
    const PURPOSE: Purpose = Purpose::Transaction;
    const PREFIX: &'static str = "";

    fn issued_at(&self) -> Timestamp {
        self.approved_at
    }

    fn expires_at(&self) -> Timestamp {
        self.approved_at.plus(TRANSACTION_LIFETIME)
    }
}

/// What the person's answer leads to.
#[derive(Debug)]
pub enum Answer {
    /// Set the cookie, then send the browser to the backend.
    Approved(Approval),
    /// Tell the client that the person said no.
    Declined {
        /// Where the browser is sent.
        location: String,
        /// The client, for the record.
        client: ClientRef,
    },
}

/// An approval: the transaction cookie, and what the backend's authorize URL needs.
pub struct Approval {
    /// Goes to the backend and comes back: 43 random characters.
    pub state: String,
    /// The value of the transaction cookie.
    pub cookie: String,
    /// Our PKCE verifier towards the backend: the URL carries its challenge.
    pub verifier: CodeVerifier,
    /// Our nonce.
    pub nonce: String,
    /// The client, for the record.
    pub client: ClientRef,
}

/// The part of `state` that names its transaction cookie, so that several logins can run at once.
pub fn transaction_name(state: &str) -> Option<&str> {
    let base64url = |b: u8| b.is_ascii_alphanumeric() || b == b'-' || b == b'_';
    (state.len() == 43 && state.bytes().all(base64url)).then(|| state.get(..8)).flatten()
}

impl Broker {
    /// The page for a valid request. Nothing is forwarded and no transaction begins.
    pub fn consent_page(
        &self,
        request: &AuthorizationRequest,
        cookie: Option<ConsentCookie>,
        rng: &mut impl CryptoRng,
    ) -> Result<ConsentPage, PageError> {
        let redirect = self
            .redirect(&request.client, &request.redirect_uri)
            .ok_or(PageError::RedirectMismatch)?;
        let cookie = cookie.unwrap_or_else(|| ConsentCookie(random_text(rng)));
        Ok(ConsentPage {
            request: self.sealer.seal_bound(request, cookie.0.as_bytes(), rng),
            cookie,
            client_name: request.client_name.clone(),
            client_kind: request.client_kind.clone(),
            destination: redirect.destination(),
            is_loopback: redirect.is_loopback(),
            scope: request.scope.to_string(),
            csp_source: redirect.csp_source(),
        })
    }

    /// Whether a form post comes from a page of ours: `Origin` is ours, and the browser, if it says
    /// so, calls the request same-origin (Fetch Metadata). The page must not be served with
    /// `Referrer-Policy: no-referrer`: browsers then send `Origin: null` (Fetch, "append a request
    /// `Origin` header"); `same-origin` leaks as little and keeps the header.
    pub fn is_own_form(&self, headers: &HeaderMap) -> bool {
        let origin = headers.get(ORIGIN).and_then(|value| value.to_str().ok());
        let site = headers.get("sec-fetch-site").map(|value| value == "same-origin");
        origin == Some(self.urls.issuer()) && site != Some(false)
    }

    /// Reads the answer of `POST /authorize`: `request` and `decision`.
    pub fn consent(
        &self,
        form: &str,
        cookie: Option<&ConsentCookie>,
        now: Timestamp,
        rng: &mut impl CryptoRng,
    ) -> Result<Answer, Refusal> {
        let form = Form::parse(form).map_err(|_| Refusal::Page(PageError::MalformedRequest))?;
        let cookie = cookie.ok_or(Refusal::Page(PageError::ForeignForm))?;
        let blob = form.value("request").ok_or(Refusal::Page(PageError::MalformedRequest))?;
        let request: AuthorizationRequest = self
            .sealer
            .open_bound(blob, cookie.0.as_bytes(), now)
            .map_err(|refused| match refused {
                Unsealable::Expired => Refusal::Page(PageError::TransactionExpired),
                Unsealable::Invalid => Refusal::Page(PageError::ForeignForm),
            })?;
        // The host may have left the configuration while the page was open.
        let redirect = self
            .redirect(&request.client, &request.redirect_uri)
            .ok_or(Refusal::Page(PageError::RedirectMismatch))?;
        match form.value("decision") {
            Some("approve") => Ok(Answer::Approved(self.approve(request, now, rng))),
            Some("decline") => {
                let state = request.state.as_deref();
                let location = self.error_location(&redirect, OAuthErrorCode::AccessDenied, state);
                Ok(Answer::Declined { location, client: request.client })
            }
            _ => Err(Refusal::Page(PageError::MalformedRequest)),
        }
    }

    fn approve(
        &self,
        request: AuthorizationRequest,
        now: Timestamp,
        rng: &mut impl CryptoRng,
    ) -> Approval {
        let state = random_text(rng);
        let verifier = CodeVerifier::new(random_text(rng));
        let nonce = random_text(rng);
        let client = request.client.clone();
        let transaction = Transaction {
            request,
            verifier: verifier.clone(),
            nonce: nonce.clone(),
            backend: self.backend().clone(),
            approved_at: now,
        };
        let cookie = self.sealer.seal_bound(&transaction, state.as_bytes(), rng);
        Approval { state, cookie, verifier, nonce, client }
    }
}

/// 256 random bits in 43 characters of base64url.
fn random_text(rng: &mut impl CryptoRng) -> String {
    use base64::Engine as _;
    let mut bytes = [0_u8; 32];
    rng.fill_bytes(&mut bytes);
    base64::engine::general_purpose::URL_SAFE_NO_PAD.encode(bytes)
}

secret::blind_debug!(ConsentPage, ConsentCookie, Approval);
