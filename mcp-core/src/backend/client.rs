//! The one HTTP client: what goes out, how long we wait, how much we read, how often we try.

use std::time::Duration;

use authz::secret::BackendToken;
use bytes::{Bytes, BytesMut};
use http::header::{ACCEPT, ACCEPT_ENCODING, AUTHORIZATION, RETRY_AFTER};
use http::{HeaderMap, HeaderValue, StatusCode};
use reqwest::redirect::Policy;
use serde_json::Value;
use tokio::sync::{Semaphore, SemaphorePermit};
use tokio::time::{Instant, sleep, timeout_at};
use tracing::debug;
use url::Url;

use super::fault::Fault;
use crate::config::BackendLimits;
use crate::fhir::outcome;
use crate::metrics::Metrics;

/// How long we wait before the second try when the backend does not say.
const PAUSE: Duration = Duration::from_millis(500);
/// A person waits: whatever the backend says, the second try comes no later than this.
const LONGEST_PAUSE: Duration = Duration::from_secs(2);
/// Bytes of an error body that are looked at, to tell a page past the end from a missing record.
const ERROR_BODY: usize = 4096;

/// A request that the surface table has made.
pub struct Outgoing<'a> {
    /// Where to.
    pub url: Url,
    /// Whose token goes along, if any.
    pub token: Option<&'a BackendToken>,
    /// The word for it in metrics and logs.
    pub interaction: &'static str,
    /// When its answer is no longer of use.
    pub deadline: Instant,
}

/// The HTTP client, with the slots that all callers share.
#[derive(Debug)]
pub struct Client {
    http: reqwest::Client,
    slots: Semaphore,
    max_bytes: usize,
    metrics: Metrics,
}

/// One try that did not succeed.
struct Failure {
    fault: Fault,
    retry_after: Option<Duration>,
}

impl From<Fault> for Failure {
    fn from(fault: Fault) -> Self {
        Self { fault, retry_after: None }
    }
}

impl Client {
    /// A client within these limits. It takes no proxy from the environment and follows no redirect.
    ///
    /// # Errors
    /// No TLS provider has been installed, or the system's trust store cannot be read.
    pub fn new(limits: &BackendLimits, metrics: Metrics) -> Result<Self, reqwest::Error> {
        let http = reqwest::Client::builder()
            .redirect(Policy::none())
            .no_proxy()
            .referer(false)
            .connect_timeout(limits.connect_timeout)
            .user_agent(concat!("fhir-mcp-core/", env!("CARGO_PKG_VERSION")))
            .build()?;
        let slots = Semaphore::new(limits.concurrency);
        Ok(Self { http, slots, max_bytes: limits.max_response_bytes, metrics })
    }

    /// The JSON that the backend answers, tried at most twice before the deadline.
    ///
    /// # Errors
    /// See [`Fault`].
    pub async fn fetch(&self, outgoing: &Outgoing<'_>) -> Result<Value, Fault> {
        let first = match self.attempt(outgoing).await {
            Err(failure) if failure.fault.is_transient() => failure,
            settled => return settled.map_err(|failure| failure.fault),
        };
        let pause = first.retry_after.unwrap_or(PAUSE).min(LONGEST_PAUSE);
        if Instant::now() + pause >= outgoing.deadline {
            return Err(first.fault);
        }
        sleep(pause).await;
        self.attempt(outgoing).await.map_err(|failure| failure.fault)
    }

    /// One try, holding one of the slots towards the backend.
    async fn attempt(&self, outgoing: &Outgoing<'_>) -> Result<Value, Failure> {
        if Instant::now() >= outgoing.deadline {
            return Err(Fault::Late.into());
        }
        let _slot = self.slot(outgoing.deadline).await?;
        let mut status = None;
        let settled = timeout_at(outgoing.deadline, self.exchange(outgoing, &mut status))
            .await
            .unwrap_or_else(|_| Err(Fault::Late.into()));
        let class = status.map(|status: StatusCode| status.as_u16());
        self.metrics.backend_request(outgoing.interaction, class);
        debug!(interaction = outgoing.interaction, upstream.status = class, "asked the backend");
        settled
    }

    async fn slot(&self, deadline: Instant) -> Result<SemaphorePermit<'_>, Fault> {
        let acquired = timeout_at(deadline, self.slots.acquire()).await.map_err(|_| Fault::Busy)?;
        acquired.map_err(|_| Fault::Busy)
    }

    async fn exchange(
        &self,
        outgoing: &Outgoing<'_>,
        status: &mut Option<StatusCode>,
    ) -> Result<Value, Failure> {
        let request = self.http.get(outgoing.url.clone()).headers(headers(outgoing.token)?);
        let response = request.send().await.map_err(|_| Fault::Unavailable)?;
        *status = Some(response.status());
        let answered = response.status();
        if answered == StatusCode::OK {
            let body = read_bounded(response, self.max_bytes).await?;
            return serde_json::from_slice(&body).map_err(|_| Fault::Malformed.into());
        }
        let retry_after = retry_after(response.headers());
        let fault = match answered {
            StatusCode::UNAUTHORIZED => Fault::TokenRefused,
            StatusCode::FORBIDDEN => Fault::Forbidden,
            StatusCode::NOT_FOUND => missing(response).await,
            StatusCode::TOO_MANY_REQUESTS => Fault::Unavailable,
            other if other.is_server_error() => Fault::Unavailable,
            other if other.is_client_error() => Fault::Rejected,
            _ => Fault::Redirected,
        };
        Err(Failure { fault, retry_after })
    }
}

/// What every request carries. The token stands in the `Authorization` header and nowhere else.
fn headers(token: Option<&BackendToken>) -> Result<HeaderMap, Fault> {
    let mut headers = HeaderMap::new();
    headers.insert(ACCEPT, HeaderValue::from_static("application/json"));
    headers.insert(ACCEPT_ENCODING, HeaderValue::from_static("identity"));
    if let Some(token) = token {
        let mut bearer = HeaderValue::try_from(format!("Bearer {}", token.expose()))
            .map_err(|_| Fault::TokenRefused)?;
        bearer.set_sensitive(true);
        headers.insert(AUTHORIZATION, bearer);
    }
    Ok(headers)
}

async fn missing(response: reqwest::Response) -> Fault {
    match read_bounded(response, ERROR_BODY).await {
        Ok(body) if outcome::is_invalid_page(&body) => Fault::InvalidPage,
        Ok(_) | Err(_) => Fault::Missing,
    }
}

/// Reads a body until it ends or grows too large; a length that was announced is not believed.
async fn read_bounded(mut response: reqwest::Response, max_bytes: usize) -> Result<Bytes, Fault> {
    let mut body = BytesMut::new();
    while let Some(chunk) = response.chunk().await.map_err(|_| Fault::Unavailable)? {
        if body.len() + chunk.len() > max_bytes {
            return Err(Fault::TooLarge);
        }
        body.extend_from_slice(&chunk);
    }
    Ok(body.freeze())
}

/// `Retry-After` in seconds (RFC 9110 §10.2.3); a date is not worth a clock here.
fn retry_after(headers: &HeaderMap) -> Option<Duration> {
    headers.get(RETRY_AFTER)?.to_str().ok()?.trim().parse().ok().map(Duration::from_secs)
}
