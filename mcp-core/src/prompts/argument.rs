//! Arguments of prompts and of resource templates: of which kind they are, how they are read, and what
//! may be suggested for them.

use serde_json::Value;

use crate::fhir::date::day;
use crate::fhir::id::{PatientId, StudyId};
use crate::fhir::parameter::is_name;
use crate::fhir::resource_type::ResourceType;
use crate::tools::text::clean;

/// The longest free text, in characters.
const LONGEST: usize = 200;
/// The longest span of days.
const MOST_DAYS: u32 = 3_660;

/// An argument of a prompt.
#[derive(Debug)]
pub struct Argument {
    /// Its name.
    pub name: &'static str,
    /// What it is, for people.
    pub description: &'static str,
    /// Of which kind.
    pub kind: Kind,
    /// What stands in the words when it is left out; without this it is needed.
    pub otherwise: Option<&'static str>,
}

/// What an argument names.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// A study, by its id.
    Study,
    /// A patient, by their id. Nothing is suggested: ids come from answers.
    Patient,
    /// A data type, by its short name or its full code.
    DataType,
    /// A FHIR resource type.
    ResourceType,
    /// A search parameter of the resource type that was named before.
    Parameter,
    /// An Open mHealth schema.
    Schema,
    /// A tool.
    Tool,
    /// A day.
    Day,
    /// How many days.
    Days,
    /// Words of the person's own.
    Words,
}

impl Kind {
    /// A value of this kind, as it stands in the words.
    fn read(self, text: &str) -> Result<String, &'static str> {
        let is_right = match self {
            Self::Study => StudyId::parse(text).is_some(),
            Self::Patient => PatientId::parse(text).is_some(),
            Self::DataType => {
                let allowed = |b: u8| b.is_ascii_alphanumeric() || b":._-".contains(&b);
                text.len() <= 100 && text.bytes().all(allowed)
            }
            Self::ResourceType => ResourceType::parse(text).is_some(),
            Self::Parameter => is_name(text),
            Self::Schema | Self::Tool => {
                text.bytes().all(|b| b.is_ascii_alphanumeric() || b"_-".contains(&b))
            }
            Self::Day => day(text).is_some(),
            Self::Days => text.parse().is_ok_and(|days| (1..=MOST_DAYS).contains(&days)),
            Self::Words => text.chars().count() <= LONGEST,
        };
        let cleaned = clean(text);
        if is_right && !cleaned.is_empty() { Ok(cleaned) } else { Err(self.rule()) }
    }

    const fn rule(self) -> &'static str {
        match self {
            Self::Study => "must be a study's id, as list_studies gives it",
            Self::Patient => "must be a patient's id, as another answer gives it",
            Self::DataType => "must be a data type, such as heart-rate or omh:heart-rate:2.0",
            Self::ResourceType => "must be the name of a resource type, such as Observation",
            Self::Parameter => "must be the name of a search parameter, such as code",
            Self::Schema => "must be the name of a schema, such as blood-pressure",
            Self::Tool => "must be the name of a tool",
            Self::Day => "must be a real day written YYYY-MM-DD",
            Self::Days => "must be a number of days, from 1 to 3660",
            Self::Words => "must be a text of 1 to 200 characters",
        }
    }
}

impl Argument {
    /// The argument as it was given, or what stands for it.
    ///
    /// # Errors
    /// It is needed and missing, or it is not of its kind; the sentence names it.
    pub fn read(&self, given: Option<&Value>) -> Result<String, String> {
        let refusal = |rule: &str| format!("{} {rule}", self.name);
        let text = match given {
            None | Some(Value::Null) => "",
            Some(Value::String(text)) => text.trim(),
            Some(Value::Number(number)) => {
                return self.kind.read(&number.to_string()).map_err(refusal);
            }
            Some(Value::Bool(_) | Value::Array(_) | Value::Object(_)) => {
                return Err(refusal(self.kind.rule()));
            }
        };
        match (text, self.otherwise) {
            ("", Some(otherwise)) => Ok(otherwise.to_owned()),
            ("", None) => Err(format!("{} is missing; it {}", self.name, self.kind.rule())),
            (text, _) => self.kind.read(text).map_err(refusal),
        }
    }
}
