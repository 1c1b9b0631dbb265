//! The one place that reads the time.

use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use authz::time::Timestamp;

/// A source of time: the system's, or one that a test moves.
pub trait Clock: Send + Sync + std::fmt::Debug {
    /// The wall clock: for what is sealed, compared with others, or logged.
    fn now(&self) -> Timestamp;

    /// The same, as exactly as it is known, since 1970: for spans.
    fn since_1970(&self) -> Duration {
        Duration::from_secs(self.now().unix_seconds())
    }

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
    fn now(&self) -> Timestamp {
        Timestamp::from_unix_seconds(self.since_1970().as_secs())
    }

    #[expect(clippy::disallowed_methods, reason = "this is that one place")]
    fn since_1970(&self) -> Duration {
        // A clock before 1970 reads as 1970: then every token is from the future, and none opens.
        SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default()
    }

    fn monotonic(&self) -> Duration {
        self.start.elapsed()
    }
}
