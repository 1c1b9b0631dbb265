//! A search as a value: which type, which filters, which slice. Its parameters are a closed set.

use jiff::civil::Date;

use super::id::{PatientId, StudyId};

/// The resource types that the tools search and read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ResourceType {
    /// Patients.
    Patient,
    /// Data points.
    Observation,
    /// Studies.
    Group,
}

impl ResourceType {
    /// The type's name in a URL.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Patient => "Patient",
            Self::Observation => "Observation",
            Self::Group => "Group",
        }
    }
}

/// A comparison in front of a date (FHIR R5 §3.2.1.5.6); the others are refused by the Exchange.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Comparison {
    /// On that day.
    On,
    /// On that day or later.
    From,
    /// On that day or earlier.
    Until,
    /// Later than that day.
    After,
    /// Earlier than that day.
    Before,
}

impl Comparison {
    const fn prefix(self) -> &'static str {
        match self {
            Self::On => "",
            Self::From => "ge",
            Self::Until => "le",
            Self::After => "gt",
            Self::Before => "lt",
        }
    }
}

/// One condition. An empty value cannot be expressed: the backend reads it as no condition.
#[derive(Clone, PartialEq, Eq)]
pub enum Filter {
    /// Rows of this patient.
    Patient(PatientId),
    /// Rows of the study's patients, of the kinds that the study asked for.
    Study(StudyId),
    /// Exactly this coding.
    Code {
        /// The coding system.
        system: String,
        /// The code in it.
        code: String,
    },
    /// The effective time.
    Date(Comparison, Date),
    /// A prefix of any part of the name.
    Name(String),
    /// A prefix of the family name.
    Family(String),
    /// A prefix of a given name.
    Given(String),
    /// The day of birth.
    Birthdate(Comparison, Date),
    /// The value of an identifier, whatever its system.
    Identifier(String),
}

impl Filter {
    /// Rows that have an effective time at all.
    pub const fn dated() -> Self {
        Self::Date(Comparison::From, Date::constant(1, 1, 1))
    }

    /// The parameter's name; `study` is what this backend calls membership in a study.
    pub fn name<'a>(&self, study: &'a str) -> &'a str {
        match self {
            Self::Patient(_) => "patient",
            Self::Study(_) => study,
            Self::Code { .. } => "code",
            Self::Date(..) => "date",
            Self::Name(_) => "name",
            Self::Family(_) => "family",
            Self::Given(_) => "given",
            Self::Birthdate(..) => "birthdate",
            Self::Identifier(_) => "identifier",
        }
    }

    /// The parameter's value, escaped.
    pub fn value(&self) -> String {
        match self {
            Self::Patient(id) => id.to_string(),
            Self::Study(id) => id.to_string(),
            Self::Code { system, code } => format!("{}|{}", escape(system), escape(code)),
            Self::Date(comparison, day) | Self::Birthdate(comparison, day) => {
                format!("{}{day}", comparison.prefix())
            }
            Self::Name(text) | Self::Family(text) | Self::Given(text) => escape(text),
            // The Exchange looks only at what follows the bar; without a bar it looks at nothing.
            Self::Identifier(text) => format!("|{}", escape(text)),
        }
    }
}

/// Backslash before what would split a value (FHIR R5 §3.2.1.5.7).
fn escape(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for character in text.chars() {
        if matches!(character, '\\' | ',' | '$' | '|') {
            escaped.push('\\');
        }
        escaped.push(character);
    }
    escaped
}

/// An order with a stable tie-break at the backend.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Sort {
    /// By effective time; rows without one come last.
    Oldest,
    /// By effective time, backwards; rows without one come last here too.
    Newest,
    /// By last update.
    Updated,
}

impl Sort {
    /// The value of `_sort`.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Oldest => "date",
            Self::Newest => "-date",
            Self::Updated => "_lastUpdated",
        }
    }
}

/// What part of the answer is wanted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Slice {
    /// Only how many there are.
    Count,
    /// A page of rows.
    Rows {
        /// Rows on a page.
        count: u32,
        /// Which page, from 1.
        page: u32,
        /// In which order.
        sort: Sort,
    },
}

/// A search of one resource type.
#[derive(Clone, PartialEq, Eq)]
pub struct Search {
    /// What is searched.
    pub resource_type: ResourceType,
    /// All of these hold.
    pub filters: Vec<Filter>,
    /// The part wanted.
    pub slice: Slice,
}

impl Search {
    /// How many rows match.
    pub const fn count(resource_type: ResourceType, filters: Vec<Filter>) -> Self {
        Self { resource_type, filters, slice: Slice::Count }
    }

    /// One page of rows.
    pub const fn page(
        resource_type: ResourceType,
        filters: Vec<Filter>,
        count: u32,
        page: u32,
        sort: Sort,
    ) -> Self {
        Self { resource_type, filters, slice: Slice::Rows { count, page, sort } }
    }
}

#[cfg(test)]
mod tests {
    use super::super::date::day;
    use super::*;

    #[test]
    fn a_value_cannot_become_two() {
        assert_eq!(Filter::Name("a,b".into()).value(), "a\\,b");
        assert_eq!(Filter::Identifier("x|y$z\\".into()).value(), "|x\\|y\\$z\\\\");
    }

    #[test]
    fn an_identifier_is_sent_behind_a_bar() {
        assert_eq!(Filter::Identifier("E1234".into()).value(), "|E1234");
    }

    #[test]
    fn days_carry_only_prefixes_that_the_backend_takes() {
        let day = day("2026-11-10").unwrap();
        let value = |comparison| Filter::Date(comparison, day).value();
        assert_eq!(value(Comparison::From), "ge2026-11-10");
        assert_eq!(value(Comparison::Until), "le2026-11-10");
        assert_eq!(value(Comparison::After), "gt2026-11-10");
        assert_eq!(value(Comparison::Before), "lt2026-11-10");
        assert_eq!(value(Comparison::On), "2026-11-10");
        assert_eq!(Filter::dated().value(), "ge0001-01-01");
    }

    #[test]
    fn a_study_goes_by_the_name_that_the_profile_gives() {
        let study = Filter::Study(StudyId::parse("30001").unwrap());
        assert_eq!(study.name("patient._has:Group:member:_id"), "patient._has:Group:member:_id");
        assert_eq!(study.value(), "30001");
    }
}
