//! The section `limits`: what one person may use, what a client may, and what a stranger may.

use serde::Serialize;

use super::files::Environment;
use super::section::Section;
use super::shared_limits::{self, SharedLimits};
use super::values;

/// The section `limits`.
#[derive(Clone, Debug, Serialize)]
pub struct Limits {
    /// Whether what is over a limit is refused, or only counted.
    pub mode: LimitMode,
    /// Units of one subject in a minute, over time.
    pub calls_per_minute: u32,
    /// Units of one subject at once, before the rate counts.
    pub burst: u32,
    /// Calls of one subject at the same time, in each replica.
    pub concurrent_calls: u32,
    /// Calls through one client in a minute, over time, whoever uses it.
    pub client_calls_per_minute: u32,
    /// Calls through one client at once, before the rate counts.
    pub client_burst: u32,
    /// What one address may ask before anybody is logged in.
    pub per_address: AddressLimits,
    /// Registrations from all addresses together in a minute.
    pub registrations_per_minute: u32,
    /// Records of strangers from all addresses together in a minute; what is beyond is counted.
    pub records_per_minute: u32,
    /// Where replicas count together; without it each counts for itself.
    pub shared: Option<SharedLimits>,
}

/// What happens to what is over a limit.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum LimitMode {
    /// It is refused.
    Enforce,
    /// It is counted, noted in the access line, and let in.
    Shadow,
}

/// Requests from one address (IPv6: one /64) in a minute, and at once.
#[derive(Clone, Debug, Serialize)]
pub struct AddressLimits {
    /// To `/register`.
    pub register: u32,
    /// To `/authorize`: the page, and its form.
    pub authorize: u32,
    /// To `/token`, `/revoke` and the callback.
    pub token: u32,
    /// That are recorded one by one, while nobody is known to have sent them.
    pub records: u32,
}

pub(super) fn read(mut section: Section<'_>, environment: Environment<'_>) -> Option<Limits> {
    let mode = section.or("mode", LimitMode::Enforce, mode);
    let calls_per_minute = section.or("calls_per_minute", 300, values::count);
    let burst = section.or("burst", 60, values::count);
    let concurrent_calls = section.or("concurrent_calls", 8, values::count);
    let client_calls_per_minute = section.or("client_calls_per_minute", 6000, values::count);
    let client_burst = section.or("client_burst", 1200, values::count);
    let per_address = addresses(section.section("per_address"));
    let registrations_per_minute = section.or("registrations_per_minute", 600, values::count);
    let records_per_minute = section.or("records_per_minute", 600, values::count);
    let shared = match section.take("shared") {
        None => Some(None),
        Some(value) => {
            let inner = Section::new(section.name("shared"), value, section.mistakes());
            shared_limits::read(inner, environment).map(Some)
        }
    };
    Some(Limits {
        mode: mode?,
        calls_per_minute: calls_per_minute?,
        burst: burst?,
        concurrent_calls: concurrent_calls?,
        client_calls_per_minute: client_calls_per_minute?,
        client_burst: client_burst?,
        per_address: per_address?,
        registrations_per_minute: registrations_per_minute?,
        records_per_minute: records_per_minute?,
        shared: shared?,
    })
}

fn addresses(mut section: Section<'_>) -> Option<AddressLimits> {
    let register = section.or("register", 10, values::count);
    let authorize = section.or("authorize", 30, values::count);
    let token = section.or("token", 60, values::count);
    let records = section.or("records", 60, values::count);
    Some(AddressLimits {
        register: register?,
        authorize: authorize?,
        token: token?,
        records: records?,
    })
}

fn mode(value: &yaml_serde::Value) -> Result<LimitMode, String> {
    match value.as_str() {
        Some("enforce") => Ok(LimitMode::Enforce),
        Some("shadow") => Ok(LimitMode::Shadow),
        _ => Err("must be enforce or shadow".to_owned()),
    }
}
