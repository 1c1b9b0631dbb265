//! The section `server.reload`: how the files of the configuration are watched.

use std::time::Duration;

use serde::{Serialize, Serializer};
use yaml_serde::Value;

use super::section::Section;
use super::values;

/// The section `server.reload`.
#[derive(Clone, Debug, Serialize)]
pub struct Reload {
    /// How often the files are looked at. Without it, only SIGHUP has them read.
    #[serde(serialize_with = "shown")]
    pub poll: Option<Duration>,
}

const OFF: &str = "off";
/// Two looks and a build are done within a second.
const USUAL: Duration = Duration::from_millis(250);

pub(super) fn read(mut section: Section<'_>) -> Option<Reload> {
    section.or("poll", Some(USUAL), poll).map(|poll| Reload { poll })
}

fn poll(value: &Value) -> Result<Option<Duration>, String> {
    if value.as_str() == Some(OFF) {
        return Ok(None);
    }
    let within = values::duration_within(Duration::from_millis(50), Duration::from_secs(60));
    within(value).map(Some).map_err(|why| format!("{why}, or be \"off\""))
}

#[expect(clippy::ref_option, reason = "serde hands in a reference to the field")]
fn shown<S: Serializer>(poll: &Option<Duration>, serializer: S) -> Result<S::Ok, S::Error> {
    match poll {
        Some(poll) => values::serialize_duration(poll, serializer),
        None => serializer.serialize_str(OFF),
    }
}
