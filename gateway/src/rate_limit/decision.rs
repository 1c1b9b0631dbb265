//! What came of a step's charges, and what the client is told about it.

use std::time::Duration;

use http::{HeaderMap, HeaderName};

use super::charge::{Charge, Limit};
use super::quota::Outcome;
use crate::respond::insert;

/// Over a limit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Exceeded {
    /// Over which.
    pub(crate) limit: Limit,
    /// When the same would be let in, if nothing else comes meanwhile.
    pub(crate) retry_after: Duration,
    /// What would be let in now.
    pub(crate) remaining: u32,
    /// What the limit is, a minute; `None` for what is not counted over time.
    pub(crate) per_minute: Option<u32>,
}

/// Within every limit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Allowance {
    /// The limit that the caller is told about.
    pub(crate) limit: Limit,
    /// How many further units would fit now.
    pub(crate) remaining: u32,
    /// What the limit is, a minute.
    pub(crate) per_minute: u32,
}

/// Adds up the outcomes of a step.
#[derive(Debug, Default)]
pub(super) struct Tally {
    first: Option<Allowance>,
    worst: Option<Exceeded>,
}

impl Tally {
    pub(super) fn add(&mut self, charge: &Charge<'_>, outcome: Outcome) {
        let (limit, per_minute) = (charge.limit, charge.quota.per_minute());
        match outcome {
            Outcome::Fits { remaining, .. } => {
                self.first.get_or_insert(Allowance { limit, remaining, per_minute });
            }
            Outcome::Exceeds { wait, remaining } => {
                let retry_after = Duration::from_micros(wait);
                if self.worst.is_none_or(|worst| worst.retry_after < retry_after) {
                    let per_minute = Some(per_minute);
                    self.worst = Some(Exceeded { limit, retry_after, remaining, per_minute });
                }
            }
        }
    }

    /// Whoever has to wait for several waits for the last of them. The first limit of a step is
    /// the caller's own, and the one that is shown: what a client or an address has left is also
    /// other people's doing.
    pub(super) fn verdict(self) -> Result<Allowance, Exceeded> {
        match (self.worst, self.first) {
            (Some(worst), _) => Err(worst),
            (None, Some(first)) => Ok(first),
            // A step without charges limits nothing.
            (None, None) => {
                Ok(Allowance { limit: Limit::Subject, remaining: u32::MAX, per_minute: u32::MAX })
            }
        }
    }
}

impl Exceeded {
    /// `RateLimit` and `RateLimit-Policy` (draft-ietf-httpapi-ratelimit-headers): structured fields
    /// of what is left, when there is more, and what the limit is.
    pub(crate) fn tell(&self, headers: &mut HeaderMap) {
        let Some(per_minute) = self.per_minute else { return };
        let wait = self.retry_after;
        let seconds = (wait.as_secs() + u64::from(wait.subsec_nanos() > 0)).max(1);
        let word = self.limit.as_str();
        let left = format!("\"{word}\";r={};t={seconds}", self.remaining);
        tell(headers, word, &left, per_minute);
    }
}

impl Allowance {
    /// The same, on an answer that was within the limit.
    pub(crate) fn tell(&self, headers: &mut HeaderMap) {
        let word = self.limit.as_str();
        tell(headers, word, &format!("\"{word}\";r={}", self.remaining), self.per_minute);
    }
}

fn tell(headers: &mut HeaderMap, word: &str, left: &str, per_minute: u32) {
    insert(headers, HeaderName::from_static("ratelimit"), left);
    let policy = format!("\"{word}\";q={per_minute};w=60");
    insert(headers, HeaderName::from_static("ratelimit-policy"), &policy);
}
