//! What the backend announces about itself: fetched without a token, kept for a while, fetched once
//! at a time. It holds nothing of any user.

use std::sync::Arc;
use std::time::{Duration, Instant as StdInstant};

use moka::Expiry;
use moka::future::Cache;
use serde_json::Value;

use crate::fhir::json::text;
use crate::fhir::statement::Statement;

/// How long an announcement is believed.
const KEPT: Duration = Duration::from_secs(300);
/// How long a failure is remembered: long enough not to add to an outage.
const FAILURE_KEPT: Duration = Duration::from_secs(10);
/// Backends remembered; there is one, or two while it is being replaced.
const BACKENDS: u64 = 16;

/// What is known about a backend.
#[derive(Clone, Debug)]
pub enum Capability {
    /// It announced this.
    Known(Announcement),
    /// It announced nothing that can be read.
    Unknown,
}

/// An announcement.
#[derive(Clone, Debug)]
pub struct Announcement {
    /// Its capability statement.
    pub statement: Statement,
    /// Its version, where the health document names one.
    pub version: Option<String>,
}

impl Capability {
    /// Puts the two documents together; the health document may be missing.
    pub fn read(metadata: Option<&Value>, health: Option<&Value>) -> Self {
        metadata.and_then(Statement::read).map_or(Self::Unknown, |statement| {
            let version = health.and_then(|body| text(body, "/version")).map(str::to_owned);
            Self::Known(Announcement { statement, version })
        })
    }

    /// Whether this parameter may be sent. Where nothing is known we go on, as there is no evidence
    /// against it.
    pub fn permits(&self, resource_type: &str, parameter: &str) -> bool {
        match self {
            Self::Known(announced) => announced.statement.declares(resource_type, parameter),
            Self::Unknown => true,
        }
    }
}

/// The announcements, by base URL and profile.
#[derive(Clone, Debug)]
pub struct Capabilities(Cache<String, Arc<Capability>>);

struct Kept;

impl Expiry<String, Arc<Capability>> for Kept {
    fn expire_after_create(
        &self,
        _: &String,
        capability: &Arc<Capability>,
        _: StdInstant,
    ) -> Option<Duration> {
        Some(match **capability {
            Capability::Known(_) => KEPT,
            Capability::Unknown => FAILURE_KEPT,
        })
    }
}

impl Default for Capabilities {
    fn default() -> Self {
        Self(Cache::builder().max_capacity(BACKENDS).expire_after(Kept).build())
    }
}

impl Capabilities {
    /// What is known under `key`; `fetch` runs only when nothing is, and only once at a time.
    pub async fn of<F>(&self, key: String, fetch: F) -> Arc<Capability>
    where
        F: Future<Output = Capability> + Send,
    {
        self.0.get_with(key, async { Arc::new(fetch.await) }).await
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn what_is_unknown_permits_and_what_is_known_decides() {
        let known = Capability::read(
            Some(&json!({"resourceType": "CapabilityStatement", "rest": [{"resource":
                [{"type": "Patient", "searchParam": [{"name": "name", "type": "string"}]}]}]})),
            Some(&json!({"status": "ok", "version": "v0.0.13"})),
        );
        assert!(known.permits("Patient", "name"));
        assert!(!known.permits("Observation", "date"));
        let Capability::Known(announced) = known else { panic!("a statement is known") };
        assert_eq!(announced.version.as_deref(), Some("v0.0.13"));
        assert!(Capability::read(None, None).permits("Observation", "date"));
    }

    #[tokio::test]
    async fn parallel_questions_are_fetched_once() {
        let capabilities = Capabilities::default();
        let fetches = std::sync::atomic::AtomicUsize::new(0);
        let ask = || {
            capabilities.of("jhe".to_owned(), async {
                tokio::task::yield_now().await;
                fetches.fetch_add(1, std::sync::atomic::Ordering::SeqCst);
                Capability::Unknown
            })
        };
        futures::future::join_all((0..8).map(|_| ask())).await;
        assert_eq!(fetches.load(std::sync::atomic::Ordering::SeqCst), 1);
    }
}
