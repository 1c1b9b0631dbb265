//! What is known of the person, as criteria, and as the filters by which this backend can look for
//! them. What it cannot search by is told, and still compared with what it found.

use jiff::ToSpan as _;
use jiff::civil::Date;
use schemars::JsonSchema;
use serde::Deserialize;

use super::basis::Criterion;
use crate::backend::inquiry::Inquiry;
use crate::backend::preflight::Standing;
use crate::fhir::date::{day, is_date_time};
use crate::fhir::parameter::Parameter;
use crate::fhir::resource_type::ResourceType;
use crate::fhir::search::{Comparison, Filter};
use crate::tools::arguments::{Few, words};
use crate::tools::error::ToolError;

/// Words of a name that are looked for; more are compared only.
const WORDS: usize = 5;

/// What is known of the person; at least one criterion.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct FindPatientInput {
    /// Words of the name, in any order.
    #[serde(default)]
    name: Option<String>,
    /// The family name, or its beginning.
    #[serde(default)]
    family: Option<String>,
    /// A given name, or its beginning.
    #[serde(default)]
    given: Option<String>,
    /// The birth date: YYYY, YYYY-MM or YYYY-MM-DD.
    #[serde(default)]
    #[schemars(regex(pattern = r"^\s*(\d{4}(-\d{2}(-\d{2})?)?)?\s*$"))]
    birthdate: Option<String>,
    /// An identifier, such as a medical record number: its value, or system|value.
    #[serde(default)]
    identifier: Option<String>,
    /// A telephone number.
    #[serde(default)]
    phone: Option<String>,
    /// An e-mail address.
    #[serde(default)]
    email: Option<String>,
    /// How many candidates are wanted at most.
    #[serde(default)]
    pub(super) limit: Few,
}

impl FindPatientInput {
    /// The criteria.
    ///
    /// # Errors
    /// None at all, or a birth date that is none.
    pub(super) fn criteria(&self) -> Result<Vec<Criterion>, ToolError> {
        let born = words("birthdate", self.birthdate.as_deref())?;
        if born.as_deref().is_some_and(|date| date.len() > 10 || !is_date_time(date)) {
            let rule =
                "birthdate must be a year, a month or a real day: YYYY, YYYY-MM or YYYY-MM-DD";
            return Err(ToolError::Argument(rule.to_owned()));
        }
        let identifier = words("identifier", self.identifier.as_deref())?;
        let identifier = identifier.as_deref().map(self::identifier);
        let criteria: Vec<Criterion> = [
            identifier.transpose()?,
            words("family", self.family.as_deref())?.map(Criterion::Family),
            words("given", self.given.as_deref())?.map(Criterion::Given),
            words("name", self.name.as_deref())?.map(Criterion::Name),
            born.map(Criterion::BirthDate),
            words("phone", self.phone.as_deref())?.map(Criterion::Phone),
            words("email", self.email.as_deref())?.map(Criterion::Email),
        ]
        .into_iter()
        .flatten()
        .collect();
        if criteria.is_empty() {
            let rule =
                "give at least one of name, family, given, birthdate, identifier, phone, email";
            return Err(ToolError::Argument(rule.to_owned()));
        }
        Ok(criteria)
    }
}

/// What stands before a bar is the system.
fn identifier(text: &str) -> Result<Criterion, ToolError> {
    let (system, value) =
        text.split_once('|').map_or((None, text), |(system, value)| (Some(system), value));
    let part = |text: &str| Some(text.trim().to_owned()).filter(|text| !text.is_empty());
    let system = system.and_then(part);
    part(value).map(|value| Criterion::Identifier { system, value }).ok_or_else(|| {
        ToolError::Argument("identifier must have a value, alone or after system|".to_owned())
    })
}

/// The filters for a criterion; `None` where this backend cannot search by it.
pub(super) async fn filters(inquiry: &Inquiry, criterion: &Criterion) -> Option<Vec<Filter>> {
    let standing = inquiry.standing(&ResourceType::PATIENT, criterion.word()).await;
    let (Standing::Vouched(kind) | Standing::Doubtful(kind)) = standing else { return None };
    let one = |value: &str| {
        let values = [value.to_owned()];
        Parameter::new(criterion.word(), None, &values, kind).ok().map(Filter::Parameter)
    };
    match criterion {
        // Each word by itself: a server compares it with the beginning of each part of the name.
        Criterion::Name(name) => {
            let words = name.split_whitespace().take(WORDS);
            Some(words.map(|word| Filter::Name(word.to_owned())).collect())
        }
        Criterion::Family(family) => Some(vec![Filter::Family(family.clone())]),
        Criterion::Given(given) => Some(vec![Filter::Given(given.clone())]),
        Criterion::BirthDate(date) => born(inquiry, date, one(date)),
        Criterion::Identifier { system: None, value } => {
            Some(vec![Filter::Identifier(value.clone())])
        }
        Criterion::Identifier { system: Some(system), value } => {
            Some(vec![one(&format!("{system}|{value}"))?])
        }
        Criterion::Phone(text) | Criterion::Email(text) => Some(vec![one(text)?]),
    }
}

/// A birth date of any precision; where the backend wants whole days, a month or a year is two bounds.
fn born(inquiry: &Inquiry, date: &str, whole: Option<Filter>) -> Option<Vec<Filter>> {
    if let Some(day) = day(date) {
        return Some(vec![Filter::Birthdate(Comparison::On, day)]);
    }
    let habits = &inquiry.profile.search.dates;
    if habits.partial {
        return Some(vec![whole?]);
    }
    let knows = |prefix: &str| habits.prefixes.iter().any(|known| known == prefix);
    let (first, after) = bounds(date)?;
    (knows("ge") && knows("lt")).then(|| {
        vec![
            Filter::Birthdate(Comparison::From, first),
            Filter::Birthdate(Comparison::Before, after),
        ]
    })
}

/// The first day of a year or month, and the first one after it.
fn bounds(date: &str) -> Option<(Date, Date)> {
    let (first, span) = match date.len() {
        4 => (day(&format!("{date}-01-01"))?, 1.year()),
        7 => (day(&format!("{date}-01"))?, 1.month()),
        _ => return None,
    };
    Some((first, first.checked_add(span).ok()?))
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, from_value, json};

    use super::*;

    fn criteria(input: Value) -> Result<Vec<Criterion>, ToolError> {
        from_value::<FindPatientInput>(input).unwrap().criteria()
    }

    #[test]
    fn blank_criteria_are_none_and_none_at_all_is_refused() {
        assert!(criteria(json!({})).is_err());
        assert!(criteria(json!({"name": " ", "identifier": ""})).is_err());
        assert!(criteria(json!({"identifier": "urn:mrn|"})).is_err());
        assert_eq!(criteria(json!({"name": " may ", "phone": ""})).unwrap().len(), 1);
    }

    #[test]
    fn a_birth_date_may_be_partial_and_must_be_real() {
        for date in ["1984", "1984-07", "1984-07-11"] {
            assert!(criteria(json!({"birthdate": date})).is_ok(), "{date}");
        }
        for date in ["84", "1984-13", "1984-02-30", "ge1984", "1984-07-11T00:00:00Z", "July"] {
            assert!(criteria(json!({"birthdate": date})).is_err(), "{date}");
        }
    }

    #[test]
    fn a_year_and_a_month_have_two_bounds() {
        let shown = |date| bounds(date).map(|(first, after)| format!("{first} {after}"));
        assert_eq!(shown("1984").as_deref(), Some("1984-01-01 1985-01-01"));
        assert_eq!(shown("1984-12").as_deref(), Some("1984-12-01 1985-01-01"));
        assert_eq!(shown("9999"), None);
    }

    #[test]
    fn what_stands_before_the_bar_is_the_system() {
        let of = |text: &str| criteria(json!({"identifier": text})).unwrap().remove(0);
        let expected = |system: Option<&str>, value: &str| Criterion::Identifier {
            system: system.map(str::to_owned),
            value: value.to_owned(),
        };
        assert!(of("urn:mrn|E1") == expected(Some("urn:mrn"), "E1"));
        assert!(of("|E1") == expected(None, "E1"));
        assert!(of("E1") == expected(None, "E1"));
    }
}
