//! One caller's questions to the backend during one tool call. It is made from the caller and
//! dropped with the answer; nothing of a user outlives it.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use authz::secret::BackendToken;
use jiff::tz::TimeZone;
use serde_json::Value;
use tokio::time::Instant;
use url::Url;

use super::capability::{Capabilities, Capability};
use super::client::{Client, Outgoing};
use super::fault::Fault;
use super::list::{Cursor, List};
use super::profile::Profile;
use super::surface::Call;
use super::vocabulary::{self, ListedCode, Vocabularies};
use crate::fhir::bundle::Bundle;
use crate::fhir::search::{Search, Slice};

/// How long we wait for a document that only describes the server.
const DOCUMENT_DEADLINE: Duration = Duration::from_secs(5);

/// What an inquiry needs that is not the caller's.
#[derive(Clone, Debug)]
pub struct Means {
    /// The HTTP client.
    pub client: Arc<Client>,
    /// What backends announce.
    pub capabilities: Capabilities,
    /// The codes that backends know.
    pub vocabularies: Vocabularies,
}

/// Whether the backend refused this caller's token during this request: the tool may have answered
/// something else, but the person has to log in again.
#[derive(Clone, Debug, Default)]
pub struct TokenRefusal(Arc<AtomicBool>);

impl TokenRefusal {
    /// Notes a refusal.
    pub fn note(&self) {
        self.0.store(true, Ordering::Release);
    }

    /// Whether one was noted.
    pub fn is_noted(&self) -> bool {
        self.0.load(Ordering::Acquire)
    }
}

/// The backend, as one caller may ask it.
pub struct Inquiry {
    /// What is shared.
    pub means: Means,
    /// The backend's habits.
    pub profile: Profile,
    /// Where it is.
    pub base_url: Url,
    /// The caller's token.
    pub token: BackendToken,
    /// Noted when the backend refuses the token.
    pub refusal: TokenRefusal,
    /// When the tool call must have its answer.
    pub deadline: Instant,
}

/// A REST list as far as it was walked.
pub struct Walked {
    /// The rows, in the backend's order.
    pub rows: Vec<Value>,
    /// How many rows the backend says there are.
    pub count: u64,
    /// Whether the walk ended before the list did.
    pub is_cut: bool,
}

impl Inquiry {
    /// Performs one call.
    ///
    /// # Errors
    /// See [`Fault`].
    pub async fn ask(&self, call: &Call) -> Result<Value, Fault> {
        self.ask_until(call, self.deadline).await
    }

    async fn ask_until(&self, call: &Call, deadline: Instant) -> Result<Value, Fault> {
        let url = call.url(&self.base_url, &self.profile).ok_or(Fault::Unavailable)?;
        let token = call.is_authorized().then_some(&self.token);
        let interaction = call.interaction();
        let outgoing = Outgoing { url, token, interaction, deadline };
        // Boxed once here, as the state of an HTTP exchange is large and many wait side by side.
        let answer = Box::pin(self.means.client.fetch(&outgoing)).await;
        if matches!(answer, Err(Fault::TokenRefused)) && call.is_authorized() {
            self.refusal.note();
        }
        answer
    }

    /// Performs a search, after making sure that no filter of it would be ignored.
    ///
    /// # Errors
    /// See [`Fault`]; an answer without a `total` is malformed.
    pub async fn search(&self, search: Search) -> Result<Bundle, Fault> {
        self.preflight(&search).await?;
        let body = self.ask(&Call::Search(search)).await?;
        Bundle::read(body).ok_or(Fault::Malformed)
    }

    /// How many rows match.
    ///
    /// # Errors
    /// See [`Inquiry::search`].
    pub async fn count(&self, search: Search) -> Result<u64, Fault> {
        self.search(Search { slice: Slice::Count, ..search }).await.map(|bundle| bundle.total())
    }

    /// A filter must be announced by the server or listed in the profile; otherwise it may be
    /// ignored in silence, and the answer would be wider than the question.
    async fn preflight(&self, search: &Search) -> Result<(), Fault> {
        let fhir = &self.profile.fhir;
        for filter in &search.filters {
            let name = filter.name(&fhir.study_parameter);
            let listed = fhir.undeclared_parameters.iter().any(|parameter| parameter == name);
            if !listed
                && !Box::pin(self.capability()).await.permits(search.resource_type.as_str(), name)
            {
                return Err(Fault::Unsupported(name.to_owned()));
            }
        }
        Ok(())
    }

    /// What the backend announces about itself.
    pub async fn capability(&self) -> Arc<Capability> {
        self.means.capabilities.of(self.key(), self.fetch_capability()).await
    }

    /// Under which documents of this backend are kept.
    fn key(&self) -> String {
        format!("{} {}", self.profile.name, self.base_url)
    }

    /// The codes that the backend lists; empty where it has no list.
    ///
    /// # Errors
    /// The backend could not be asked; see [`Fault`].
    pub async fn vocabulary(&self) -> Result<Arc<Vec<ListedCode>>, Fault> {
        let key = self.key();
        if let Some(kept) = self.means.vocabularies.kept(&key).await {
            return Ok(kept);
        }
        // Fetched with this caller's token, so nobody else waits for how it ends.
        let codes = match self.ask(&Call::Vocabulary).await {
            Ok(body) => vocabulary::read(&body),
            Err(Fault::Missing | Fault::Forbidden | Fault::Rejected) => Vec::new(),
            Err(fault) => return Err(fault),
        };
        let codes = Arc::new(codes);
        self.means.vocabularies.keep(key, Arc::clone(&codes)).await;
        Ok(codes)
    }

    async fn fetch_capability(&self) -> Capability {
        let deadline = self.deadline.min(Instant::now() + DOCUMENT_DEADLINE);
        let (metadata, health) = tokio::join!(
            self.ask_until(&Call::Metadata, deadline),
            self.ask_until(&Call::Health, deadline),
        );
        Capability::read(metadata.ok().as_ref(), health.ok().as_ref())
    }

    /// Walks a REST list to its end or to the profile's bound; `page` makes the call for a cursor.
    ///
    /// # Errors
    /// See [`Fault`]; a page that is no list is malformed.
    pub async fn walk(&self, page: impl Fn(Cursor) -> Call + Send) -> Result<Walked, Fault> {
        let mut walked = Walked { rows: Vec::new(), count: 0, is_cut: false };
        let mut seen = vec![Cursor::First];
        for _ in 0..self.profile.bounds.walk_pages {
            let cursor = seen.last().cloned().unwrap_or(Cursor::First);
            let list = List::read(self.ask(&page(cursor)).await?).ok_or(Fault::Malformed)?;
            walked.count = list.count;
            walked.rows.extend(list.rows);
            match list.next {
                Some(next) if !seen.contains(&next) => seen.push(next),
                next => {
                    let reached = u64::try_from(walked.rows.len()).unwrap_or(u64::MAX);
                    walked.is_cut = next.is_some() || list.is_cut || reached < walked.count;
                    return Ok(walked);
                }
            }
        }
        walked.is_cut = true;
        Ok(walked)
    }

    /// The zone in which the backend counts days.
    pub fn zone(&self) -> TimeZone {
        self.profile.fhir.zone().unwrap_or(TimeZone::UTC)
    }
}
