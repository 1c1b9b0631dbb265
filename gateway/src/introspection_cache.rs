//! Remembers what introspection said, briefly: one question for a burst of calls with one token,
//! and never an answer that outlives its token, and never an error.

use std::sync::Arc;
use std::time::{Duration, Instant};

use authz::introspection::Introspection;
use authz::secret::BackendToken;
use authz::token::AccessToken;
use moka::Expiry;
use moka::future::Cache;
use prometheus::IntCounterVec;
use tokio::sync::Mutex;

use crate::clock::Clock;
use crate::fault::Fault;
use crate::introspector::TokenIntrospector;
use crate::keyed_digest::KeyedDigest;
use crate::last_answer::{ANSWERED, LastAnswer};

/// How long "not active" is believed.
const INACTIVE: Duration = Duration::from_secs(10);
const MOST_ENTRIES: u64 = 10_000;

/// A token by a digest under a key of this run: nothing in memory is a token or says which one.
pub(crate) type CacheKey = [u8; 32];

/// Introspection with a memory.
#[derive(Debug)]
pub struct IntrospectionCache {
    inner: Arc<dyn TokenIntrospector>,
    known: Cache<CacheKey, Known>,
    digest: KeyedDigest,
    lifetime: Duration,
    clock: Arc<dyn Clock>,
    asked: IntCounterVec,
    last: LastAnswer,
    ageing: Mutex<()>,
}

#[derive(Clone, Debug)]
struct Known {
    answer: Introspection,
    lifetime: Duration,
    until: Duration,
}

struct ByAnswer;

impl Expiry<CacheKey, Known> for ByAnswer {
    fn expire_after_create(&self, _: &CacheKey, known: &Known, _: Instant) -> Option<Duration> {
        Some(known.lifetime)
    }
}

impl IntrospectionCache {
    /// A memory over `inner` that believes "active" for `lifetime` at most, and counts in `asked`.
    pub fn new(
        inner: Arc<dyn TokenIntrospector>,
        lifetime: Duration,
        clock: Arc<dyn Clock>,
        asked: IntCounterVec,
    ) -> Self {
        let known = Cache::builder().max_capacity(MOST_ENTRIES).expire_after(ByAnswer).build();
        let digest = KeyedDigest::random();
        let (last, ageing) = (LastAnswer::default(), Mutex::new(()));
        Self { inner, known, digest, lifetime, clock, asked, last, ageing }
    }

    /// The key of an access token of ours, as the client presented it.
    pub fn key(&self, token: &AccessToken) -> CacheKey {
        self.digest.of(token.expose().as_bytes())
    }

    /// How long ago the oldest answer was given that is still believed; zero if there is none.
    pub(crate) fn oldest(&self) -> Duration {
        let now = self.clock.monotonic();
        let left = |known: &Known| known.until.saturating_sub(now);
        let fresh = self.known.iter().filter(|(_, known)| self.is_fresh(known));
        fresh
            .map(|(_, known)| known.lifetime.saturating_sub(left(&known)))
            .max()
            .unwrap_or_default()
    }

    /// How the last question to the backend ended, and how long ago; none if nobody has asked yet.
    pub(crate) fn last(&self) -> Option<(&'static str, Duration)> {
        self.last.told(self.clock.monotonic())
    }

    /// Forgets what is known about a token.
    pub(crate) async fn forget(&self, key: &CacheKey) {
        self.known.invalidate(key).await;
    }

    /// Believes a live answer that was no use to anybody no longer than "not active": the login may
    /// be mended at the backend.
    pub(crate) async fn distrust(&self, key: CacheKey) {
        let until = self.clock.monotonic() + INACTIVE;
        if let Some(known) = self.known.get(&key).await.filter(|known| known.until > until) {
            self.known.insert(key, Known { until, ..known }).await;
        }
    }

    /// What the backend says about the token behind `key`. All who ask at the same time share one
    /// question, which goes on when the first of them hangs up.
    pub async fn introspect(
        self: &Arc<Self>,
        key: CacheKey,
        token: &BackendToken,
    ) -> Result<Introspection, Fault> {
        if let Some(known) = self.known.get(&key).await.filter(|known| self.is_fresh(known)) {
            self.count("hit");
            return Ok(known.answer);
        }
        let (this, token) = (Arc::clone(self), token.clone());
        let flight = tokio::spawn(async move { this.fly(key, token).await });
        flight.await.unwrap_or(Err(Fault::Internal("introspection panicked")))
    }

    /// Asks without remembering: at the moment a token is issued.
    pub(crate) async fn ask(&self, token: &BackendToken) -> Result<Introspection, Fault> {
        let answer = self.inner.introspect(token).await;
        let word = answer.as_ref().map_or_else(Fault::kind, |_| ANSWERED);
        self.last.note(word, self.clock.monotonic());
        self.count(match &answer {
            Ok(Introspection::Active(_)) => "active",
            Ok(Introspection::Inactive) => "inactive",
            Err(Fault::BackendSpared) => "spared",
            Err(_) => "fault",
        });
        answer
    }

    async fn fly(&self, key: CacheKey, token: BackendToken) -> Result<Introspection, Fault> {
        {
            // Look and forget as one, or a second flight would forget the first one's answer.
            let _alone = self.ageing.lock().await;
            if self.known.get(&key).await.is_some_and(|known| !self.is_fresh(&known)) {
                self.known.invalidate(&key).await;
            }
        }
        let question = async { self.ask(&token).await.map(|answer| self.remember(answer)) };
        match self.known.try_get_with(key, question).await {
            Ok(known) => Ok(known.answer),
            Err(fault) => Err(Fault::clone(&fault)),
        }
    }

    fn is_fresh(&self, known: &Known) -> bool {
        known.until > self.clock.monotonic()
    }

    fn remember(&self, answer: Introspection) -> Known {
        let lifetime = match &answer {
            Introspection::Inactive => INACTIVE,
            Introspection::Active(claims) => {
                // Downwards only, so that a burst of logins does not come back as a burst.
                let ours = self.lifetime.mul_f64(rand::random_range(0.9..=1.0));
                let now = self.clock.now();
                claims.expires_at.map_or(ours, |end| ours.min(now.until(end)))
            }
        };
        Known { answer, lifetime, until: self.clock.monotonic() + lifetime }
    }

    fn count(&self, answer: &str) {
        self.asked.with_label_values(&[answer]).inc();
    }
}

#[cfg(test)]
mod tests;
