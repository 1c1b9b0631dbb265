//! The one place that reads the time.

use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use authz::time::Timestamp;

/// A source of time: the system's, or one that a test moves.
pub trait Clock: Send + Sync + std::fmt::Debug {
    /// The wall clock: for what is sealed, compared with others, or logged.
    fn now(&self) -> Timestamp;

    /// Time since some fixed moment, never going back: for caches, limits and durations.
    fn monotonic(&self) -> Duration;
}

/// The system's clocks.
#[derive(Debug)]
pub struct SystemClock {
    start: Instant,
}

impl SystemClock {
    /// A clock whose monotonic time starts now.
    pub fn start() -> Self {
        Self { start: Instant::now() }
    }
}

impl Clock for SystemClock {
    #[expect(clippy::disallowed_methods, reason = "this is that one place")]
    fn now(&self) -> Timestamp {
        // A clock before 1970 reads as 1970: then every token is from the future, and none opens.
        let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        Timestamp::from_unix_seconds(since.as_secs())
    }

    fn monotonic(&self) -> Duration {
        self.start.elapsed()
    }
}
