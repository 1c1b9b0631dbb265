//! On what a candidate rests: each criterion compared with the record itself, since servers match
//! loosely and in their own ways.

use std::collections::BTreeMap;

use serde::Serialize;
use serde_json::Value;

use crate::fhir::fold::fold;
use crate::fhir::json::{elements, text};

/// Digits that a telephone number must have to be known by its end.
const LOCAL_DIGITS: usize = 7;

/// Something that is known of the person.
#[derive(Clone, PartialEq, Eq)]
pub enum Criterion {
    /// Words of the name.
    Name(String),
    /// The family name.
    Family(String),
    /// A given name.
    Given(String),
    /// The birth date: a year, a month or a day.
    BirthDate(String),
    /// An identifier, perhaps with its system.
    Identifier {
        /// The system, where it was named.
        system: Option<String>,
        /// The value in it.
        value: String,
    },
    /// A telephone number.
    Phone(String),
    /// An e-mail address.
    Email(String),
}

/// How far a record agrees with a criterion.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Grade {
    /// It is the same.
    Exact,
    /// The record begins so.
    Prefix,
    /// In part: some of the words, the value under another system, a date that the record does not
    /// hold in full.
    Partly,
    /// It is not what the record says.
    No,
    /// The record says nothing about it.
    NotRecorded,
}

/// How far one record agrees with each criterion.
pub type Basis = BTreeMap<&'static str, Grade>;

/// The criteria, compared with one record.
pub fn basis(criteria: &[Criterion], patient: &Value) -> Basis {
    criteria.iter().map(|one| (one.word(), one.grade(patient))).collect()
}

/// By this the strongest come first: what contradicts nothing, then what agrees in most.
pub fn strength(basis: &Basis) -> impl Ord + use<> {
    let count = |of: &[Grade]| basis.values().filter(|grade| of.contains(grade)).count();
    let near = std::cmp::Reverse(count(&[Grade::Prefix, Grade::Partly]));
    (count(&[Grade::No]), std::cmp::Reverse(count(&[Grade::Exact])), near)
}

impl Criterion {
    /// The argument that it came in.
    pub const fn word(&self) -> &'static str {
        match self {
            Self::Name(_) => "name",
            Self::Family(_) => "family",
            Self::Given(_) => "given",
            Self::BirthDate(_) => "birthdate",
            Self::Identifier { .. } => "identifier",
            Self::Phone(_) => "phone",
            Self::Email(_) => "email",
        }
    }

    fn grade(&self, patient: &Value) -> Grade {
        match self {
            Self::Name(words) => by_words(words, &parts(patient)),
            Self::Family(family) => best(families(patient).iter().map(|one| alike(family, one))),
            Self::Given(given) => best(givens(patient).iter().map(|one| alike(given, one))),
            Self::BirthDate(asked) => {
                text(patient, "/birthDate").map_or(Grade::NotRecorded, |date| dated(asked, date))
            }
            Self::Identifier { system, value } => best(
                elements(patient, "/identifier")
                    .filter_map(|one| Some((text(one, "/system"), text(one, "/value")?)))
                    .map(|known| identified((system.as_deref(), value), known)),
            ),
            Self::Phone(asked) => best(contacts(patient, "phone").map(|one| dialled(asked, one))),
            Self::Email(asked) => best(
                contacts(patient, "email")
                    .map(|one| if fold(one) == fold(asked) { Grade::Exact } else { Grade::No }),
            ),
        }
    }
}

/// The best of several; nothing to compare with is no contradiction.
fn best(grades: impl Iterator<Item = Grade>) -> Grade {
    let rank = |grade: &Grade| match grade {
        Grade::Exact => 0,
        Grade::Prefix => 1,
        Grade::Partly => 2,
        Grade::No => 3,
        Grade::NotRecorded => 4,
    };
    grades.min_by_key(rank).unwrap_or(Grade::NotRecorded)
}

fn alike(asked: &str, known: &str) -> Grade {
    let (asked, known) = (fold(asked.trim()), fold(known.trim()));
    if asked == known {
        Grade::Exact
    } else if known.starts_with(&asked) {
        Grade::Prefix
    } else if known.split([' ', '-']).any(|word| word.starts_with(&asked)) {
        Grade::Partly
    } else {
        Grade::No
    }
}

fn by_words(asked: &str, known: &[String]) -> Grade {
    if known.is_empty() {
        return Grade::NotRecorded;
    }
    let words = fold(asked);
    let words: Vec<&str> = words.split_whitespace().collect();
    let is_whole = |word: &&&str| known.iter().any(|part| part == **word);
    let is_begun = |word: &&&str| known.iter().any(|part| part.starts_with(**word));
    let (whole, begun) = (words.iter().filter(is_whole), words.iter().filter(is_begun));
    match (whole.count(), begun.count()) {
        (whole, _) if whole == words.len() => Grade::Exact,
        (_, begun) if begun == words.len() => Grade::Prefix,
        (_, 0) => Grade::No,
        _ => Grade::Partly,
    }
}

fn dated(asked: &str, known: &str) -> Grade {
    let day = known.get(..10).unwrap_or(known);
    if asked == day {
        Grade::Exact
    } else if day.starts_with(&format!("{asked}-")) {
        Grade::Prefix
    } else if asked.starts_with(&format!("{day}-")) {
        Grade::Partly
    } else {
        Grade::No
    }
}

fn identified(
    (system, value): (Option<&str>, &str),
    (known_system, known): (Option<&str>, &str),
) -> Grade {
    if known.trim() != value {
        return if fold(known) == fold(value) { Grade::Partly } else { Grade::No };
    }
    if system.is_none() || system == known_system { Grade::Exact } else { Grade::Partly }
}

/// Telephone numbers agree by their digits; in part where one lacks the country.
fn dialled(asked: &str, known: &str) -> Grade {
    let digits = |text: &str| text.chars().filter(char::is_ascii_digit).collect::<String>();
    let (asked, known) = (digits(asked), digits(known));
    let national = |number: &str| number.trim_start_matches('0').to_owned();
    let (short, long) = if asked.len() < known.len() { (&asked, &known) } else { (&known, &asked) };
    if asked == known && !asked.is_empty() {
        Grade::Exact
    } else if short.len() >= LOCAL_DIGITS && long.ends_with(&national(short)) {
        Grade::Partly
    } else {
        Grade::No
    }
}

fn contacts<'a>(patient: &'a Value, system: &'static str) -> impl Iterator<Item = &'a str> {
    let telecom = elements(patient, "/telecom");
    telecom
        .filter(move |one| text(one, "/system").is_none_or(|known| known == system))
        .filter_map(|one| text(one, "/value"))
}

fn families(patient: &Value) -> Vec<&str> {
    elements(patient, "/name").filter_map(|name| text(name, "/family")).collect()
}

/// Each given name, and those of one name together.
fn givens(patient: &Value) -> Vec<String> {
    let of = |name: &Value| {
        let given: Vec<String> =
            elements(name, "/given").filter_map(Value::as_str).map(str::to_owned).collect();
        let together = (given.len() > 1).then(|| given.join(" "));
        given.into_iter().chain(together).collect::<Vec<_>>()
    };
    elements(patient, "/name").flat_map(of).collect()
}

/// All words of all names, folded.
fn parts(patient: &Value) -> Vec<String> {
    let of = |name: &Value| {
        let single = ["/family", "/text"].into_iter().filter_map(|at| text(name, at));
        let several = ["/given", "/prefix", "/suffix"].into_iter();
        let several = several.flat_map(|at| elements(name, at)).filter_map(Value::as_str);
        single.chain(several).map(fold).collect::<Vec<_>>()
    };
    let folded = elements(patient, "/name").flat_map(of);
    folded
        .flat_map(|part| {
            let words: Vec<String> = part.split([' ', '-', ',']).map(str::to_owned).collect();
            words.into_iter().chain([part])
        })
        .filter(|part| !part.is_empty())
        .collect()
}

#[cfg(test)]
mod tests;
