//! The section `limits`: what one person may use, and what an anonymous address may.

use serde::Serialize;

use super::section::Section;
use super::values;

/// The section `limits`. All are counted in this replica alone.
#[derive(Clone, Debug, Serialize)]
pub struct Limits {
    /// Calls of one subject in a minute, over time.
    pub calls_per_minute: u32,
    /// Calls of one subject at once, before the rate counts.
    pub burst: u32,
    /// Calls of one subject at the same time.
    pub concurrent_calls: u32,
    /// Requests without a believable token from one address (IPv6: one /64) in a minute.
    pub anonymous_per_minute: u32,
    /// Registrations from all addresses together in a minute.
    pub registrations_per_minute: u32,
}

pub(super) fn read(mut section: Section<'_>) -> Option<Limits> {
    let calls_per_minute = section.or("calls_per_minute", 300, values::count);
    let burst = section.or("burst", 60, values::count);
    let concurrent_calls = section.or("concurrent_calls", 8, values::count);
    let anonymous_per_minute = section.or("anonymous_per_minute", 120, values::count);
    let registrations_per_minute = section.or("registrations_per_minute", 600, values::count);
    Some(Limits {
        calls_per_minute: calls_per_minute?,
        burst: burst?,
        concurrent_calls: concurrent_calls?,
        anonymous_per_minute: anonymous_per_minute?,
        registrations_per_minute: registrations_per_minute?,
    })
}
