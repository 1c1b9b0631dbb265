//! A search as a value: which type, which filters, which slice. Its parameters are a closed set.

use std::borrow::Cow;

use jiff::civil::Date;

use super::id::{PatientId, StudyId};
use super::parameter::{Parameter, ParameterKind, escape};
use super::resource_type::ResourceType;

/// How one backend wants searches written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Dialect {
    /// The parameter that narrows to one study.
    pub study_parameter: String,
    /// How an identifier without a system is written.
    pub identifiers: IdentifierFormat,
    /// The sort key for the last update, which is also the order where none is asked for.
    pub updated_key: Option<String>,
    /// Added to every order, so that equal rows have one too; `None` where the backend does that.
    pub tie_break: Option<String>,
}

/// How an identifier without a system is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum IdentifierFormat {
    /// As it is.
    Plain,
    /// Behind a bar: the Exchange looks only at what follows one.
    AfterBar,
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
    /// Rows that were imported from below this source, where the backend keeps them apart.
    Imported(String),
    /// Exactly this coding.
    Code {
        /// The coding system.
        system: String,
        /// The code in it.
        code: String,
    },
    /// Any of these codings, each a system and a code in it.
    Codes(Vec<(String, String)>),
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
    /// Any other parameter, checked and escaped.
    Parameter(Parameter),
}

impl Filter {
    /// Rows that have an effective time at all.
    pub const fn dated() -> Self {
        Self::Date(Comparison::From, Date::constant(1, 1, 1))
    }

    /// The parameter as it stands in the query, with its modifier.
    pub fn key<'a>(&'a self, dialect: &'a Dialect) -> &'a str {
        match self {
            Self::Patient(_) => "patient",
            Self::Study(_) => &dialect.study_parameter,
            Self::Imported(_) => "_source:below",
            Self::Code { .. } | Self::Codes(_) => "code",
            Self::Date(..) => "date",
            Self::Name(_) => "name",
            Self::Family(_) => "family",
            Self::Given(_) => "given",
            Self::Birthdate(..) => "birthdate",
            Self::Identifier(_) => "identifier",
            Self::Parameter(parameter) => parameter.key(),
        }
    }

    /// The parameter's name, without modifier.
    pub fn name<'a>(&'a self, dialect: &'a Dialect) -> &'a str {
        match self {
            Self::Parameter(parameter) => parameter.name(),
            Self::Imported(_) => "_source",
            Self::Patient(_)
            | Self::Study(_)
            | Self::Code { .. }
            | Self::Codes(_)
            | Self::Date(..)
            | Self::Name(_)
            | Self::Family(_)
            | Self::Given(_)
            | Self::Birthdate(..)
            | Self::Identifier(_) => self.key(dialect),
        }
    }

    /// What the parameter's values mean.
    pub const fn kind(&self) -> ParameterKind {
        match self {
            Self::Patient(_) => ParameterKind::Reference,
            Self::Study(_) | Self::Code { .. } | Self::Codes(_) | Self::Identifier(_) => {
                ParameterKind::Token
            }
            Self::Date(..) | Self::Birthdate(..) => ParameterKind::Date,
            Self::Name(_) | Self::Family(_) | Self::Given(_) => ParameterKind::String,
            Self::Imported(_) => ParameterKind::Uri,
            Self::Parameter(parameter) => parameter.kind(),
        }
    }

    /// The parameter's value, escaped.
    pub fn value(&self, dialect: &Dialect) -> Cow<'_, str> {
        match self {
            Self::Patient(id) => id.as_str().into(),
            Self::Study(id) => id.as_str().into(),
            Self::Imported(source) => escape(source).into(),
            Self::Code { system, code } => coding(system, code).into(),
            Self::Codes(codings) => {
                let all: Vec<String> =
                    codings.iter().map(|(system, code)| coding(system, code)).collect();
                all.join(",").into()
            }
            Self::Date(comparison, day) | Self::Birthdate(comparison, day) => {
                format!("{}{day}", comparison.prefix()).into()
            }
            Self::Name(text) | Self::Family(text) | Self::Given(text) => escape(text).into(),
            Self::Identifier(text) => match dialect.identifiers {
                IdentifierFormat::Plain => escape(text).into(),
                IdentifierFormat::AfterBar => format!("|{}", escape(text)).into(),
            },
            Self::Parameter(parameter) => parameter.value().into(),
        }
    }
}

fn coding(system: &str, code: &str) -> String {
    format!("{}|{}", escape(system), escape(code))
}

/// In which order. A tie-break is added where the backend has none of its own.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Sort {
    /// By effective time; rows without one come last at the Exchange.
    Oldest,
    /// By effective time, backwards; rows without one come last at the Exchange here too.
    Newest,
    /// By last update, or as the backend likes.
    Updated,
    /// By these parameters; a hyphen in front turns the order round.
    Keys(Vec<String>),
}

impl Sort {
    /// The value of `_sort`; `None` leaves the order to the backend.
    pub fn value(&self, dialect: &Dialect) -> Option<String> {
        let updated = dialect.updated_key.as_deref();
        let keys: Vec<&str> = match self {
            Self::Oldest => vec!["date"],
            Self::Newest => vec!["-date"],
            Self::Updated => updated.into_iter().collect(),
            Self::Keys(keys) => keys.iter().map(String::as_str).collect(),
        };
        let named = |key: &&str| !keys.iter().any(|k| k.trim_start_matches('-') == *key);
        let tie_break = dialect.tie_break.as_deref().filter(named);
        let all: Vec<&str> = keys.iter().copied().chain(tie_break).collect();
        (!all.is_empty()).then(|| all.join(","))
    }
}

/// Where a page of rows begins.
#[derive(Clone, Debug, PartialEq, Eq, Hash, serde::Serialize, serde::Deserialize)]
pub enum Position {
    /// The page of this number, from 1.
    Page(u32),
    /// The row of this number, from 0.
    Offset(u64),
    /// What the backend's `next` link said, by the parameters that the profile names.
    Link(Vec<(String, String)>),
}

/// What part of the answer is wanted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Slice {
    /// Only how many there are.
    Count,
    /// A page of rows.
    Rows {
        /// Rows on a page.
        count: u32,
        /// Where it begins.
        at: Position,
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
    /// Resources that matches refer to, or that refer to matches: `_include` or `_revinclude`, and
    /// its value.
    pub includes: Vec<(&'static str, String)>,
    /// The elements that are wanted, where the backend can leave the others out; none for whole
    /// resources.
    pub elements: &'static [&'static str],
}

impl Search {
    /// How many rows match.
    pub const fn count(resource_type: ResourceType, filters: Vec<Filter>) -> Self {
        Self { resource_type, filters, slice: Slice::Count, includes: Vec::new(), elements: &[] }
    }

    /// One page of rows.
    pub const fn page(
        resource_type: ResourceType,
        filters: Vec<Filter>,
        count: u32,
        page: u32,
        sort: Sort,
    ) -> Self {
        let slice = Slice::Rows { count, at: Position::Page(page), sort };
        Self { resource_type, filters, slice, includes: Vec::new(), elements: &[] }
    }

    /// The same search for these elements only, where the backend can do that.
    #[must_use]
    pub const fn of_elements(mut self, elements: &'static [&'static str]) -> Self {
        self.elements = elements;
        self
    }

    /// The same search from another place on; a count stays one.
    #[must_use]
    pub fn at(mut self, position: Position) -> Self {
        if let Slice::Rows { at, .. } = &mut self.slice {
            *at = position;
        }
        self
    }

    /// The same question, answered by a number.
    #[must_use]
    pub fn counted(&self) -> Self {
        Self::count(self.resource_type.clone(), self.filters.clone())
    }
}

#[cfg(test)]
mod tests;
