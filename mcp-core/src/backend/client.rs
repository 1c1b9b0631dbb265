//! The one HTTP client: what goes out, how long we wait, how much we read, how often we try.

use std::sync::Arc;
use std::time::Duration;

use authz::ids::Subject;
use authz::secret::BackendToken;
use bytes::{Bytes, BytesMut};
use http::header::{ACCEPT, ACCEPT_ENCODING, AUTHORIZATION, RETRY_AFTER};
use http::{HeaderMap, HeaderName, HeaderValue, StatusCode};
use moka::sync::Cache;
use reqwest::redirect::Policy;
use serde_json::Value;
use tokio::sync::{Semaphore, SemaphorePermit};
use tokio::time::{Instant, sleep, timeout_at};
use tracing::debug;
use url::Url;

use super::fault::Fault;
use crate::config::{Authority, BackendLimits};
use crate::fhir::outcome;
use crate::metrics::Metrics;

/// How long we wait before the second try when the backend does not say.
const PAUSE: Duration = Duration::from_millis(500);
/// A person waits: whatever the backend says, the second try comes no later than this.
const LONGEST_PAUSE: Duration = Duration::from_secs(2);
/// Bytes of an error body that are looked at, to tell a page past the end from a missing record.
const ERROR_BODY: usize = 4096;
/// Bytes of an error body whose issues are an answer: they name what is wrong at length.
const OUTCOME_BODY: usize = 64 * 1024;
/// How a request asks to be refused rather than half understood (FHIR R5 §3.2.1.3.3).
const PREFER: HeaderName = HeaderName::from_static("prefer");
/// The Exchange answers 406 to anything that it does not list; plain JSON is what all list.
const ACCEPTED: &str = "application/json";
/// Callers whose share is remembered.
const SUBJECTS: u64 = 100_000;
/// How long after their last request.
const SHARE_KEPT: Duration = Duration::from_secs(120);

/// A request that the surface table has made.
pub struct Outgoing<'a> {
    /// Where to.
    pub url: Url,
    /// Whose token goes along, if any.
    pub token: Option<&'a BackendToken>,
    /// The word for it in metrics and logs.
    pub interaction: &'static str,
    /// Whether the backend is asked to refuse what it does not understand.
    pub is_strict: bool,
    /// Whether the issues of an error are an answer, too.
    pub hears_issues: bool,
    /// Our own words, of which an error may speak.
    pub words: Vec<&'a str>,
    /// Who asks, for a fair share of the slots.
    pub subject: &'a Subject,
    /// When its answer is no longer of use.
    pub deadline: Instant,
}

/// The HTTP client, with the slots that all callers share, and how many of them one may hold.
#[derive(Debug)]
pub struct Client {
    http: reqwest::Client,
    slots: Semaphore,
    shares: Cache<Subject, Arc<Semaphore>>,
    share: usize,
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
    /// No TLS provider has been installed, an authority's certificate is unusable, or the system's trust store cannot be read.
    pub fn new(
        limits: &BackendLimits,
        authority: Option<&Authority>,
        metrics: Metrics,
    ) -> Result<Self, reqwest::Error> {
        let http = connections(limits, authority)?;
        let slots = Semaphore::new(limits.concurrency);
        let shares = Cache::builder().max_capacity(SUBJECTS).time_to_idle(SHARE_KEPT).build();
        let (share, max_bytes) = (limits.concurrency_per_subject, limits.max_response_bytes);
        Ok(Self { http, slots, shares, share, max_bytes, metrics })
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
        // One's own share first: whoever waits for it holds nothing that another could use.
        let new = || Arc::new(Semaphore::new(self.share));
        let share = self.shares.get_with_by_ref(outgoing.subject, new);
        let _share = slot(&share, outgoing.deadline).await?;
        let _slot = slot(&self.slots, outgoing.deadline).await?;
        let mut status = None;
        let settled = timeout_at(outgoing.deadline, self.exchange(outgoing, &mut status))
            .await
            .unwrap_or_else(|_| Err(Fault::Late.into()));
        let class = status.map(|status: StatusCode| status.as_u16());
        self.metrics.backend_request(outgoing.interaction, class);
        debug!(interaction = outgoing.interaction, upstream.status = class, "asked the backend");
        settled
    }

    async fn exchange(
        &self,
        outgoing: &Outgoing<'_>,
        status: &mut Option<StatusCode>,
    ) -> Result<Value, Failure> {
        let request = self.http.get(outgoing.url.clone()).headers(headers(outgoing)?);
        let response = request.send().await.map_err(|_| Fault::Unavailable)?;
        *status = Some(response.status());
        let answered = response.status();
        if answered == StatusCode::OK {
            let body = read_bounded(response, self.max_bytes).await?;
            return authz::json::read(&body).ok_or_else(|| Fault::Malformed.into());
        }
        let retry_after = retry_after(response.headers());
        let fault = match answered {
            StatusCode::UNAUTHORIZED => Fault::TokenRefused,
            StatusCode::FORBIDDEN => Fault::Forbidden,
            StatusCode::NOT_FOUND | StatusCode::BAD_REQUEST | StatusCode::UNPROCESSABLE_ENTITY
                if outgoing.hears_issues =>
            {
                declined(response).await
            }
            StatusCode::NOT_FOUND => missing(response).await,
            StatusCode::TOO_MANY_REQUESTS => Fault::Unavailable,
            other if other.is_server_error() => Fault::Unavailable,
            StatusCode::BAD_REQUEST | StatusCode::UNPROCESSABLE_ENTITY => {
                rejected(response, outgoing).await
            }
            other if other.is_client_error() => Fault::Rejected,
            _ => Fault::Redirected,
        };
        Err(Failure { fault, retry_after })
    }
}

/// Connections to a backend, the same for all that it is asked, and to a collector: no proxy from the
/// environment, and no redirect is followed.
pub(crate) fn connections(
    limits: &BackendLimits,
    authority: Option<&Authority>,
) -> Result<reqwest::Client, reqwest::Error> {
    let builder = match authority {
        None => reqwest::Client::builder(),
        Some(authority) => reqwest::Client::builder().tls_certs_only(authority.trusted()?),
    };
    builder
        .redirect(Policy::none())
        .no_proxy()
        .referer(false)
        .connect_timeout(limits.connect_timeout)
        .user_agent(concat!("fhir-mcp-core/", env!("CARGO_PKG_VERSION")))
        .build()
}

async fn slot(slots: &Semaphore, deadline: Instant) -> Result<SemaphorePermit<'_>, Fault> {
    let acquired = timeout_at(deadline, slots.acquire()).await.map_err(|_| Fault::Busy)?;
    acquired.map_err(|_| Fault::Busy)
}

/// What every request carries. The token stands in the `Authorization` header and nowhere else.
fn headers(outgoing: &Outgoing<'_>) -> Result<HeaderMap, Fault> {
    let mut headers = HeaderMap::new();
    headers.insert(ACCEPT, HeaderValue::from_static(ACCEPTED));
    headers.insert(ACCEPT_ENCODING, HeaderValue::from_static("identity"));
    if outgoing.is_strict {
        headers.insert(PREFER, HeaderValue::from_static("handling=strict"));
    }
    if let Some(token) = outgoing.token {
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

/// To a question about codes, "no such code" is an answer, and it takes an outcome to give it: a 404
/// without one says that nobody was asked.
async fn declined(response: reqwest::Response) -> Fault {
    let is_missing = response.status() == StatusCode::NOT_FOUND;
    let body = read_bounded(response, OUTCOME_BODY).await.unwrap_or_default();
    outcome::issue(&body, is_missing).map_or(Fault::Rejected, Fault::Declined)
}

/// A strict search may be refused for a parameter; then its name is all that is taken from the answer.
async fn rejected(response: reqwest::Response, outgoing: &Outgoing<'_>) -> Fault {
    let body = read_bounded(response, ERROR_BODY).await.unwrap_or_default();
    let text = String::from_utf8_lossy(&body);
    let named = outcome::named(&text, outgoing.words.iter().copied());
    match named.into_iter().next() {
        Some(name) if outgoing.is_strict => Fault::Unsupported(name),
        _ => Fault::Rejected,
    }
}

/// Reads a body until it ends or grows too large; a length that was announced is not believed.
pub(crate) async fn read_bounded(
    mut response: reqwest::Response,
    max_bytes: usize,
) -> Result<Bytes, Fault> {
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
