//! What was asked of the Exchange, and how much of it at once: tests read and count it.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use jiff::Timestamp;

/// The endpoints, grouped as faults and counts are.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Endpoint {
    /// `/o/authorize/` and the login page.
    Authorize,
    /// `/o/token/`.
    Token,
    /// `/o/introspect/`.
    Introspect,
    /// `/o/userinfo/`.
    Userinfo,
    /// `/o/revoke_token/`.
    Revoke,
    /// Well-known documents, keys and `/health`.
    Discovery,
    /// `/api/v1/`.
    Rest,
    /// `/FHIR/R5/metadata`.
    Metadata,
    /// The rest of `/FHIR/`.
    Fhir,
    /// Anything else.
    Other,
}

impl Endpoint {
    /// The group that serves `path`.
    pub fn of(path: &str) -> Self {
        let table = [
            ("/o/authorize", Self::Authorize),
            ("/accounts/", Self::Authorize),
            ("/o/token", Self::Token),
            ("/o/introspect", Self::Introspect),
            ("/o/userinfo", Self::Userinfo),
            ("/o/revoke_token", Self::Revoke),
            ("/o/.well-known/", Self::Discovery),
            ("/.well-known/", Self::Discovery),
            ("/FHIR/R5/.well-known/", Self::Discovery),
            ("/health", Self::Discovery),
            ("/api/", Self::Rest),
            ("/FHIR/R5/metadata", Self::Metadata),
            ("/FHIR/", Self::Fhir),
        ];
        table
            .iter()
            .find_map(|(start, endpoint)| path.starts_with(start).then_some(*endpoint))
            .unwrap_or(Self::Other)
    }
}

/// One request that arrived.
#[derive(Clone, Debug)]
pub struct Seen {
    /// When, by the Exchange's clock.
    pub at: Timestamp,
    /// Which group it belongs to.
    pub endpoint: Endpoint,
    /// `GET`, `POST`, …
    pub method: String,
    /// The path as sent.
    pub path: String,
    /// The query as sent.
    pub query: Option<String>,
    /// Whether an `Authorization` header was there.
    pub authorized: bool,
    /// Whose token it was: `<login>#<n>`, or `unknown`. For an introspection, the token asked about.
    pub token_label: Option<String>,
    /// The names of its headers, lower case, in order of arrival.
    pub header_names: Vec<String>,
    /// Its `Accept` header.
    pub accept: Option<String>,
    /// The header `Accept-Encoding`.
    pub accept_encoding: Option<String>,
}

#[derive(Debug, Default)]
struct Book {
    seen: Vec<Seen>,
    now: HashMap<Endpoint, usize>,
    most: HashMap<Endpoint, usize>,
}

/// The log of one Exchange; clones share it.
#[derive(Clone, Debug, Default)]
pub struct Log {
    book: Arc<Mutex<Book>>,
}

impl Log {
    /// Every request so far, oldest first.
    pub fn all(&self) -> Vec<Seen> {
        self.book().seen.clone()
    }

    /// The requests to one group, oldest first.
    pub fn to(&self, endpoint: Endpoint) -> Vec<Seen> {
        self.book().seen.iter().filter(|seen| seen.endpoint == endpoint).cloned().collect()
    }

    /// How many requests came to one group.
    pub fn count(&self, endpoint: Endpoint) -> usize {
        self.book().seen.iter().filter(|seen| seen.endpoint == endpoint).count()
    }

    /// The highest number of requests that one group had open at the same time.
    pub fn most_at_once(&self, endpoint: Endpoint) -> usize {
        self.book().most.get(&endpoint).copied().unwrap_or(0)
    }

    /// How many requests one group has open at this moment.
    pub fn open(&self, endpoint: Endpoint) -> usize {
        self.book().now.get(&endpoint).copied().unwrap_or(0)
    }

    /// Forgets everything but the requests that are still open.
    pub fn clear(&self) {
        let mut book = self.book();
        book.seen.clear();
        let Book { now, most, .. } = &mut *book;
        most.clone_from(now);
    }

    /// Notes an arrival; the request counts as open until the visit is dropped.
    pub(super) fn arrive(&self, seen: Seen) -> Visit {
        let endpoint = seen.endpoint;
        let mut book = self.book();
        book.seen.push(seen);
        let now = book.now.entry(endpoint).or_default();
        *now += 1;
        let now = *now;
        let most = book.most.entry(endpoint).or_default();
        *most = now.max(*most);
        Visit { log: self.clone(), endpoint }
    }

    fn book(&self) -> MutexGuard<'_, Book> {
        self.book.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// An open request.
#[derive(Debug)]
pub(super) struct Visit {
    log: Log,
    endpoint: Endpoint,
}

impl Drop for Visit {
    fn drop(&mut self) {
        if let Some(now) = self.log.book().now.get_mut(&self.endpoint) {
            *now = now.saturating_sub(1);
        }
    }
}
