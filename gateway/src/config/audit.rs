//! The section `audit`: where the trail goes, what it is digested with, and what happens when it
//! cannot be written.

use std::path::PathBuf;
use std::time::Duration;

use authz::keyring::SecretKey;
use serde::Serialize;
use yaml_serde::Value;

use super::files::Environment;
use super::keys;
use super::secret::{self, Secret};
use super::section::Section;
use super::values;

/// The section `audit`.
#[derive(Clone, Debug, Serialize)]
pub struct Audit {
    /// A file that lines are appended to; without one they go to the standard output.
    pub file: Option<PathBuf>,
    key: Option<Secret<SecretKey>>,
    /// What happens to calls meanwhile.
    pub when_unwritable: WhenUnwritable,
    /// How long a request waits for room in the queue.
    #[serde(serialize_with = "values::serialize_duration")]
    pub patience: Duration,
    /// A file that the same events are appended to as FHIR `AuditEvent` resources.
    pub fhir: Option<PathBuf>,
}

/// What happens to calls while the audit trail cannot be written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum WhenUnwritable {
    /// They are refused: nothing is done that cannot be recorded.
    Refuse,
    /// They go on; what could not be recorded is counted and leaves a gap.
    Continue,
}

impl Default for Audit {
    fn default() -> Self {
        let when_unwritable = WhenUnwritable::Refuse;
        let patience = Duration::from_secs(2);
        Self { file: None, key: None, when_unwritable, patience, fhir: None }
    }
}

impl Audit {
    /// What digests and pseudonyms are made with, if there is a key for them.
    pub fn key(&self) -> Option<&SecretKey> {
        self.key.as_ref().map(Secret::expose)
    }

    /// Whether `other` is configured alike, down to the key.
    pub fn is_same(&self, other: &Self) -> bool {
        let same_key = match (self.key(), other.key()) {
            (Some(one), Some(other)) => keys::are_the_same(one, other),
            (one, other) => one.is_none() && other.is_none(),
        };
        let Self { file, when_unwritable, patience, fhir, .. } = self;
        same_key
            && (file, fhir) == (&other.file, &other.fhir)
            && (when_unwritable, patience) == (&other.when_unwritable, &other.patience)
    }
}

pub(super) fn read(mut section: Section<'_>, environment: Environment<'_>) -> Option<Audit> {
    let default = Audit::default();
    let file = section.optional("file", values::path);
    let key = section.optional("key", secret::key(environment));
    let when_unwritable = section.or("when_unwritable", default.when_unwritable, when);
    let within = values::duration_within(Duration::from_millis(10), Duration::from_secs(60));
    let patience = section.or("patience", default.patience, within);
    let fhir = fhir(&mut section);
    let (file, fhir) = (file?, fhir?);
    if fhir.is_some() && file == fhir {
        section.wrong("fhir.file", "is audit.file too; each trail needs a file of its own");
        return None;
    }
    Some(Audit { file, key: key?, when_unwritable: when_unwritable?, patience: patience?, fhir })
}

fn when(value: &Value) -> Result<WhenUnwritable, String> {
    match values::text(value)?.as_str() {
        "refuse" => Ok(WhenUnwritable::Refuse),
        "continue" => Ok(WhenUnwritable::Continue),
        _ => Err("must be refuse or continue".to_owned()),
    }
}

#[expect(clippy::option_option, reason = "a mistake and an absence are two things")]
fn fhir(section: &mut Section<'_>) -> Option<Option<PathBuf>> {
    let Some(value) = section.take("fhir") else { return Some(None) };
    let mut fhir = Section::new(section.name("fhir"), value, section.mistakes());
    fhir.required("file", values::path).map(Some)
}
