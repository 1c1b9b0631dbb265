//! How long a request waited for others: what is left of its time is our own.

use std::time::Duration;

/// The waits of one request, on the monotonic clock.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct UpstreamTime {
    /// For the client's body.
    pub(crate) client: Duration,
    /// For the backend's word about a token.
    pub(crate) backend: Duration,
    asked_core: Option<Duration>,
    answered: Option<Duration>,
}

impl UpstreamTime {
    /// Core is asked `now`. A second try counts from the first.
    pub(crate) const fn ask_core(&mut self, now: Duration) {
        if self.asked_core.is_none() {
            self.asked_core = Some(now);
        }
    }

    /// Core gave the last of its answer `now`.
    pub(crate) const fn core_answered(&mut self, now: Duration) {
        self.answered = Some(now);
    }

    /// How long core took, if it was asked; `now` if it never came to an end.
    pub(crate) fn core(&self, now: Duration) -> Option<Duration> {
        let end = self.answered.unwrap_or(now);
        self.asked_core.map(|asked| end.saturating_sub(asked))
    }

    /// All of it, for a request that ends `now`.
    pub(crate) fn total(&self, now: Duration) -> Duration {
        self.client + self.backend + self.core(now).unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_nobody_else_took_is_our_own() {
        let seconds = Duration::from_secs;
        let mut time = UpstreamTime { backend: seconds(2), ..UpstreamTime::default() };
        assert_eq!((time.core(seconds(9)), time.total(seconds(9))), (None, seconds(2)));
        time.ask_core(seconds(5));
        time.ask_core(seconds(6));
        assert_eq!(time.core(seconds(9)), Some(seconds(4)));
        time.core_answered(seconds(8));
        assert_eq!(time.total(seconds(9)), seconds(5));
    }
}
