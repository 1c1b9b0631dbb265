//! What the value of an operation's parameter is, and how it is written.

use crate::fhir::date::is_date_time;
use crate::fhir::id::is_fhir_id;
use crate::fhir::parameter::{Parameter, ParameterKind};
use crate::fhir::resource_type::ResourceType;
use crate::fhir::terms::{Canonical, is_code, is_language, is_version};

/// Values of one parameter.
const MOST_VALUES: usize = 50;
/// Bytes of free words, such as a filter.
const LONGEST_WORDS: usize = 200;
/// The most that a `max` may be.
const MOST_OF_EACH: u32 = 100;

/// What a parameter's value is; anything else is refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// A year, month or day.
    Date,
    /// A time with its offset.
    Instant,
    /// Resource types.
    Types,
    /// Codes, perhaps with their systems, any of which may match.
    Tokens,
    /// The id of a patient.
    Patient,
    /// A number from 1 to 100.
    Few,
    /// A canonical URL, perhaps with a version.
    Canonical,
    /// A canonical URL without a version.
    Uri,
    /// A version.
    Version,
    /// One code.
    Code,
    /// Codes, each sent as a parameter of its own.
    Codes,
    /// A language.
    Language,
    /// Words.
    Words,
    /// `true` or `false`.
    Flag,
}

impl Kind {
    /// The values as they are sent: one text, or one for each value.
    pub(super) fn write(self, values: &[String]) -> Result<Vec<String>, &'static str> {
        let values: Vec<&str> = values.iter().map(|value| value.trim()).collect();
        if values.is_empty() || values.len() > MOST_VALUES {
            return Err("give 1 to 50 values");
        }
        match self {
            Self::Types => {
                let is_right = values.iter().all(|text| ResourceType::parse(text).is_some());
                let rule = "write resource types, such as Observation";
                if is_right { Ok(vec![values.join(",")]) } else { Err(rule) }
            }
            Self::Tokens => {
                let values: Vec<String> = values.into_iter().map(str::to_owned).collect();
                let token = Parameter::new("code", None, &values, ParameterKind::Token);
                let rule = "write codes as system|code, or as code alone";
                token.map(|token| vec![token.value().to_owned()]).map_err(|_| rule)
            }
            Self::Codes => {
                if !values.iter().all(|text| is_code(text)) {
                    return Err("write codes alone");
                }
                Ok(values.into_iter().map(str::to_owned).collect())
            }
            Self::Date
            | Self::Instant
            | Self::Patient
            | Self::Few
            | Self::Canonical
            | Self::Uri
            | Self::Version
            | Self::Code
            | Self::Language
            | Self::Words
            | Self::Flag => match values.as_slice() {
                [only] => self.write_one(only).map(|value| vec![value]),
                _ => Err("give one value"),
            },
        }
    }

    fn write_one(self, value: &str) -> Result<String, &'static str> {
        let bare = || value.strip_prefix("Patient/").unwrap_or(value);
        let (is_right, rule) = match self {
            Self::Date => (
                value.len() <= 10 && is_date_time(value),
                "write a year, month or day, as in 2026-04-01",
            ),
            Self::Instant => (
                value.len() > 10 && is_date_time(value),
                "write a time with its offset, as in 2026-04-01T08:00:00Z",
            ),
            Self::Patient => (is_fhir_id(bare()), "write the id of a patient"),
            Self::Few => (is_few(value), "write a number from 1 to 100"),
            Self::Canonical => (
                Canonical::parse(value).is_some(),
                "write an absolute canonical URL, perhaps with |version",
            ),
            Self::Uri => (
                Canonical::parse(value).is_some_and(|one| one.version().is_none()),
                "write an absolute canonical URL",
            ),
            Self::Version => (is_version(value), "write a version"),
            Self::Code => (is_code(value), "write one code alone, without its system"),
            Self::Language => (is_language(value), "write a language as in de or pt-BR"),
            Self::Words => (is_words(value), "write up to 200 bytes of words"),
            Self::Flag => (matches!(value, "true" | "false"), "write true or false"),
            Self::Types | Self::Tokens | Self::Codes => (false, "give a list of values"),
        };
        let value = if self == Self::Patient { bare() } else { value };
        if is_right { Ok(value.to_owned()) } else { Err(rule) }
    }
}

fn is_few(text: &str) -> bool {
    let is_number = text.bytes().all(|byte| byte.is_ascii_digit());
    is_number && text.parse().is_ok_and(|number: u32| (1..=MOST_OF_EACH).contains(&number))
}

fn is_words(text: &str) -> bool {
    (1..=LONGEST_WORDS).contains(&text.len()) && !text.chars().any(char::is_control)
}
