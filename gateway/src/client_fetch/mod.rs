//! Fetches client documents from hosts that the operator trusts, and remembers them: by the rules of
//! draft-ietf-oauth-client-id-metadata-document §6.6 for whoever lets strangers name URLs.
//!
//! A name is resolved once, and the connection goes to those very addresses, if all of them are
//! public. No redirects, no proxy, no credentials; little time, little memory, few at once.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use authz::broker::client_document::{ClientDocument, DocumentUrl, InvalidDocument};
use authz::broker::error::PageError;
use authz::redirect_uri::RedirectPolicy;
use bytes::Bytes;
use http::header::{ACCEPT, ACCEPT_ENCODING, CACHE_CONTROL, CONTENT_ENCODING, CONTENT_TYPE};
use http::{HeaderMap, HeaderName};
use moka::future::Cache;
use tokio::sync::Semaphore;
use tokio::time::timeout;

use crate::clock::Clock;
use crate::fault::Fault;
use crate::http_answer;

mod resolve;

use resolve::Guarded;
pub use resolve::is_global;

/// For one document, waiting for one's turn included.
const DEADLINE: Duration = Duration::from_secs(3);
/// The largest document, in bytes.
const LARGEST: usize = 5 * 1024;
/// Documents that are fetched at the same time.
const AT_ONCE: usize = 4;
/// Documents and failures that are remembered.
const MOST_KNOWN: u64 = 256;
/// How long a document is believed, at least and at most, whatever its host says.
const LIFETIME: (Duration, Duration) =
    (Duration::from_secs(5 * 60), Duration::from_secs(24 * 3600));
/// How long a document that failed is left alone.
const PAUSE: Duration = Duration::from_secs(15);

/// The network as documents are fetched over it: the internet, or one that a test made.
#[async_trait]
pub trait Network: Send + Sync + std::fmt::Debug {
    /// The addresses of a host. Port 0 stands for the usual one.
    async fn resolve(&self, host: &str) -> std::io::Result<Vec<SocketAddr>>;

    /// Whether this address may be connected to.
    fn may_dial(&self, address: SocketAddr) -> bool {
        is_global(address.ip())
    }

    /// Certificates that are trusted beside the system's.
    fn also_trusted(&self) -> Vec<reqwest::Certificate> {
        Vec::new()
    }
}

/// The internet.
#[derive(Debug)]
pub struct Internet;

#[async_trait]
impl Network for Internet {
    async fn resolve(&self, host: &str) -> std::io::Result<Vec<SocketAddr>> {
        Ok(tokio::net::lookup_host((host, 0)).await?.collect())
    }
}

/// Why there is no document.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum NoDocument {
    /// Its host could not be reached, or not in time.
    #[error("its host cannot be reached")]
    Unreachable,
    /// Its host answered with this status.
    #[error("its host answered with status {0}")]
    Status(u16),
    /// The answer is no small, plain JSON document.
    #[error("the answer is no JSON document of at most 5 KiB")]
    Unfit,
    /// The document describes no client of ours.
    #[error(transparent)]
    Invalid(#[from] InvalidDocument),
}

/// The documents that were fetched.
#[derive(Debug)]
pub(crate) struct ClientDocuments {
    http: reqwest::Client,
    redirects: RedirectPolicy,
    known: Cache<String, Known>,
    turns: Semaphore,
    clock: Arc<dyn Clock>,
}

#[derive(Clone, Debug)]
struct Known {
    outcome: Result<Arc<ClientDocument>, NoDocument>,
    until: Duration,
}

impl From<NoDocument> for PageError {
    fn from(no: NoDocument) -> Self {
        match no {
            NoDocument::Unreachable | NoDocument::Status(429 | 500..) => Self::DocumentUnavailable,
            NoDocument::Status(_) | NoDocument::Unfit | NoDocument::Invalid(_) => {
                Self::DocumentInvalid
            }
        }
    }
}

impl ClientDocuments {
    /// Nothing is fetched yet.
    pub(crate) fn new(
        network: Arc<dyn Network>,
        redirects: RedirectPolicy,
        clock: Arc<dyn Clock>,
    ) -> Result<Self, reqwest::Error> {
        let http = reqwest::Client::builder()
            .https_only(true)
            .redirect(reqwest::redirect::Policy::none())
            .no_proxy()
            .referer(false)
            .tls_certs_merge(network.also_trusted())
            .dns_resolver(Arc::new(Guarded::new(network)))
            // Every fetch resolves anew, and is judged anew.
            .pool_max_idle_per_host(0)
            .http1_only()
            .user_agent(concat!("fhir-mcp-gateway/", env!("CARGO_PKG_VERSION")))
            .build()?;
        let known = Cache::new(MOST_KNOWN);
        Ok(Self { http, redirects, known, turns: Semaphore::new(AT_ONCE), clock })
    }

    /// The document at `url`. All who want it at the same time share one fetch. A failure is
    /// remembered for moments only, and never in place of a document.
    pub(crate) async fn document(
        &self,
        url: &DocumentUrl,
    ) -> Result<Arc<ClientDocument>, NoDocument> {
        let now = self.clock.monotonic();
        let known = self
            .known
            .entry_by_ref(url.as_str())
            .or_insert_with_if(self.fetched(url), |known| known.until <= now)
            .await;
        known.into_value().outcome
    }

    async fn fetched(&self, url: &DocumentUrl) -> Known {
        let fetched = timeout(DEADLINE, self.fetch(url)).await;
        let outcome = fetched.unwrap_or(Err(NoDocument::Unreachable));
        let now = self.clock.monotonic();
        match outcome {
            Ok((document, lifetime)) => {
                Known { outcome: Ok(Arc::new(document)), until: now + lifetime }
            }
            Err(why) => Known { outcome: Err(why), until: now + PAUSE },
        }
    }

    async fn fetch(&self, url: &DocumentUrl) -> Result<(ClientDocument, Duration), NoDocument> {
        let _turn = self.turns.acquire().await.map_err(|_| NoDocument::Unreachable)?;
        let request = self.http.get(url.as_str());
        let request = request.header(ACCEPT, "application/json");
        let response = request
            .header(ACCEPT_ENCODING, "identity")
            .send()
            .await
            .map_err(|_| NoDocument::Unreachable)?;
        if response.status() != http::StatusCode::OK {
            return Err(NoDocument::Status(response.status().as_u16()));
        }
        if !is_plain_json(response.headers()) {
            return Err(NoDocument::Unfit);
        }
        let lifetime = lifetime(response.headers());
        let body = read(response).await?;
        Ok((ClientDocument::read(url, &body, &self.redirects)?, lifetime))
    }
}

async fn read(response: reqwest::Response) -> Result<Bytes, NoDocument> {
    match http_answer::read(response, LARGEST).await {
        Ok((_, body)) => Ok(body),
        Err(Fault::BackendAnswer(_)) => Err(NoDocument::Unfit),
        Err(_) => Err(NoDocument::Unreachable),
    }
}

/// `application/json` or `application/…+json`, not compressed: what unpacks can be a bomb.
fn is_plain_json(headers: &HeaderMap) -> bool {
    let plain = field(headers, &CONTENT_ENCODING)
        .is_none_or(|encoding| encoding.eq_ignore_ascii_case("identity"));
    let media = field(headers, &CONTENT_TYPE).and_then(|value| value.split(';').next());
    let media = media.unwrap_or_default().trim().to_ascii_lowercase();
    let json = media.strip_prefix("application/");
    plain && json.is_some_and(|kind| kind == "json" || kind.ends_with("+json"))
}

/// How long the document is believed: its `max-age` (RFC 9111 §5.2.2.1) within our bounds.
fn lifetime(headers: &HeaderMap) -> Duration {
    let (least, most) = LIFETIME;
    let directives = field(headers, &CACHE_CONTROL).unwrap_or_default().to_ascii_lowercase();
    let mut directives = directives.split(',').map(str::trim);
    let seconds = directives.find_map(|one| one.strip_prefix("max-age=")?.parse().ok());
    seconds.map_or(least, Duration::from_secs).clamp(least, most)
}

fn field<'h>(headers: &'h HeaderMap, name: &HeaderName) -> Option<&'h str> {
    headers.get(name).and_then(|value| value.to_str().ok())
}

#[cfg(test)]
mod tests;
