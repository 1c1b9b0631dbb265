//! One caller's questions to the backend during one tool call. It is made from the caller and
//! dropped with the answer; nothing of a user outlives it.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

use authz::ids::{BackendName, Subject};
use authz::keyring::SecretKey;
use authz::scope::Scope;
use authz::secret::BackendToken;
use authz::time::Timestamp;
use jiff::tz::TimeZone;
use serde_json::Value;
use tokio::time::Instant;
use url::Url;

use super::capability::{Capabilities, Capability};
use super::client::{Client, Outgoing};
use super::cursor::Cursors;
use super::detector::Proven;
use super::fault::Fault;
use super::list::{Cursor, List};
use super::profile::{PagingBy, Profile};
use super::surface::Call;
use super::vocabulary::{self, ListedCode, Vocabularies};
use crate::config::BackendLimits;
use crate::fhir::bundle::Bundle;
use crate::fhir::search::{Position, Search, Slice};
use crate::permitted::Permitted;
use crate::progress::Progress;

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
    /// Which parameters backends have been seen to apply.
    pub proven: Proven,
    /// Seals and opens the cursors of long answers.
    pub cursors: Arc<Cursors>,
    /// The largest answer of a tool, in bytes of JSON.
    pub answer_bytes: usize,
    /// Figures about fewer participants than this are suppressed.
    pub smallest_cell: usize,
}

impl Means {
    /// What a program starts with: nothing is known of any backend. Cursors have a key of their own, made
    /// from `key`.
    pub fn new(client: Client, key: SecretKey, limits: &BackendLimits) -> Self {
        Self {
            client: Arc::new(client),
            capabilities: Capabilities::default(),
            vocabularies: Vocabularies::default(),
            proven: Proven::default(),
            cursors: Arc::new(Cursors::new(key)),
            answer_bytes: limits.answer_bytes,
            smallest_cell: limits.smallest_cell,
        }
    }
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

/// How long the backend was waited for in one call, all its requests added up; several may run at a
/// time.
#[derive(Clone, Debug, Default)]
pub struct BackendTime(Arc<AtomicU64>);

impl BackendTime {
    fn add(&self, waited: Duration) {
        let waited = u64::try_from(waited.as_micros()).unwrap_or(u64::MAX);
        self.0.fetch_add(waited, Ordering::AcqRel);
    }

    /// In whole milliseconds.
    pub fn milliseconds(&self) -> u64 {
        self.0.load(Ordering::Acquire) / 1000
    }
}

/// The backend, as one caller may ask it.
pub struct Inquiry {
    /// What is shared.
    pub means: Means,
    /// The backend's habits.
    pub profile: Arc<Profile>,
    /// What the operator calls the backend.
    pub backend: BackendName,
    /// Where it is.
    pub base_url: Url,
    /// Who asks.
    pub subject: Subject,
    /// What was granted to the client; none where no gateway narrows anything.
    pub scope: Option<Scope>,
    /// The tools that the policy opens to this grant, where the gateway says so.
    pub permitted: Permitted,
    /// The caller's token.
    pub token: BackendToken,
    /// When the call was admitted, by the clock that cursors expire by.
    pub now: Timestamp,
    /// Noted when the backend refuses the token.
    pub refusal: TokenRefusal,
    /// Added to when the backend is waited for.
    pub waited: BackendTime,
    /// When the tool call must have its answer.
    pub deadline: Instant,
    /// Where long work says how far it is.
    pub progress: Progress,
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
        let outgoing = Outgoing {
            url,
            token: call.is_authorized().then_some(&self.token),
            interaction: call.interaction(),
            is_strict: call.is_strict() && self.profile.search.refuses_when_strict,
            hears_issues: call.hears_issues(),
            words: call.parameter_names(&self.profile),
            subject: &self.subject,
            deadline,
        };
        let asked = Instant::now();
        // Boxed once here, as the state of an HTTP exchange is large and many wait side by side.
        let answer = Box::pin(self.means.client.fetch(&outgoing)).await;
        self.waited.add(asked.elapsed());
        if matches!(answer, Err(Fault::TokenRefused)) && call.is_authorized() {
            self.refusal.note();
        }
        answer
    }

    /// Performs a search whose answer must be exact: every filter applied, and the total known.
    ///
    /// # Errors
    /// See [`Fault`]; an answer without a `total` is malformed.
    pub async fn search(&self, search: Search) -> Result<Bundle, Fault> {
        if let Slice::Rows { at: Position::Page(number @ 2..), .. } = search.slice
            && self.profile.search.paging.by == PagingBy::Link
        {
            return self.numbered(search, number).await;
        }
        let page = self.page(&search, 0).await?;
        if let Some(name) = page.ignored.into_iter().chain(page.unproven).next() {
            return Err(Fault::Ignored(name));
        }
        Bundle::of(page.found).ok_or(Fault::Malformed)
    }

    /// How many rows match, every filter applied.
    ///
    /// # Errors
    /// See [`Inquiry::search`].
    pub async fn count(&self, search: Search) -> Result<u64, Fault> {
        self.search(Search { slice: Slice::Count, ..search }).await.map(|bundle| bundle.total())
    }

    /// What the backend announces about itself.
    pub async fn capability(&self) -> Arc<Capability> {
        self.means.capabilities.of(self.key(), self.fetch_capability()).await
    }

    /// Under which documents of this backend are kept.
    pub(super) fn key(&self) -> String {
        format!("{} {}", self.profile.name, self.base_url)
    }

    /// The codes that the backend lists; empty where it has no list. The list may be minutes old.
    ///
    /// # Errors
    /// The backend could not be asked; see [`Fault`].
    pub async fn vocabulary(&self) -> Result<Arc<Vec<ListedCode>>, Fault> {
        match self.means.vocabularies.kept(&self.key()).await {
            Some(kept) => Ok(kept),
            None => self.vocabulary_now().await,
        }
    }

    /// The same as it is now, which is remembered from here on.
    ///
    /// # Errors
    /// The backend could not be asked; see [`Fault`].
    pub async fn vocabulary_now(&self) -> Result<Arc<Vec<ListedCode>>, Fault> {
        if self.profile.rest.is_none() || !self.profile.vocabulary.is_empty() {
            return Ok(Arc::new(self.profile.vocabulary.clone()));
        }
        // Fetched with this caller's token, so nobody else waits for how it ends.
        let codes = match self.ask(&Call::Vocabulary).await {
            Ok(body) => vocabulary::read(&body),
            // An older server has no such list. What one user may not see, another may: not kept.
            Err(Fault::Missing | Fault::Rejected) => Vec::new(),
            Err(fault) => return Err(fault),
        };
        let codes = Arc::new(codes);
        self.means.vocabularies.keep(self.key(), Arc::clone(&codes)).await;
        Ok(codes)
    }

    async fn fetch_capability(&self) -> Capability {
        if !self.profile.fhir.has_statement {
            return Capability::Unknown;
        }
        let deadline = self.deadline.min(Instant::now() + DOCUMENT_DEADLINE);
        let health = async {
            self.profile.health_path.as_ref()?;
            self.ask_until(&Call::Health, deadline).await.ok()
        };
        let (metadata, health) = tokio::join!(self.ask_until(&Call::Metadata, deadline), health);
        Capability::read(metadata.ok().as_ref(), health.as_ref())
    }

    /// Walks a REST list to its end or to the profile's bound; `page` makes the call for a cursor.
    ///
    /// # Errors
    /// See [`Fault`]; a page that is no list is malformed.
    pub async fn walk(&self, page: impl Fn(Cursor) -> Call + Send) -> Result<Walked, Fault> {
        let mut walked = Walked { rows: Vec::new(), count: 0, is_cut: false };
        let mut seen = vec![Cursor::First];
        // How many pages there are, the first one says.
        let mut work = None;
        let bound = self.profile.bounds.walk_pages;
        for _ in 0..bound {
            let cursor = seen.last().cloned().unwrap_or(Cursor::First);
            let list = List::read(self.ask(&page(cursor)).await?).ok_or(Fault::Malformed)?;
            work.get_or_insert_with(|| {
                self.progress.work_in(pages(list.count, list.rows.len(), bound))
            })
            .part_done();
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
        self.profile.fhir.zone()
    }
}

/// How many pages of the first one's length so many rows fill, up to the bound.
fn pages(rows: u64, on_the_first: usize, bound: u32) -> usize {
    let size = u64::try_from(on_the_first).unwrap_or(u64::MAX).max(1);
    let pages = rows.div_ceil(size).clamp(1, u64::from(bound));
    usize::try_from(pages).unwrap_or(usize::MAX)
}
