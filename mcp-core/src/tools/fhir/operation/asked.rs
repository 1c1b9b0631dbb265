//! An operation as a model asks for it, put into the closed table.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::fhir::id::ResourceId;
use crate::fhir::operation::{GENERAL, Invocation, Row};
use crate::fhir::resource_type::ResourceType;
use crate::tools::criteria::Scalar;

/// Parameters of one invocation.
const MOST: usize = 10;

/// The operations, by name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
#[schemars(inline)]
pub(super) enum Word {
    /// Everything about one resource.
    #[serde(alias = "$everything")]
    Everything,
    /// The latest observations of each code.
    #[serde(alias = "$lastn")]
    Lastn,
    /// An International Patient Summary.
    #[serde(alias = "$summary")]
    Summary,
    /// A composition with what it refers to.
    #[serde(alias = "$document")]
    Document,
    /// Profiles, tags and security labels.
    #[serde(alias = "$meta")]
    Meta,
    /// A functional list, such as current allergies.
    #[serde(alias = "$find")]
    Find,
    /// How two codes relate.
    #[serde(alias = "$subsumes")]
    Subsumes,
}

impl Word {
    /// The names of all of them.
    pub(super) const NAMES: &'static [&'static str] =
        &["everything", "lastn", "summary", "document", "meta", "find", "subsumes"];

    const fn name(self) -> &'static str {
        match self {
            Self::Everything => "everything",
            Self::Lastn => "lastn",
            Self::Summary => "summary",
            Self::Document => "document",
            Self::Meta => "meta",
            Self::Find => "find",
            Self::Subsumes => "subsumes",
        }
    }
}

/// One parameter.
#[derive(Clone, Debug, Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(inline)]
pub(super) struct Argument {
    /// Its name, as in `_type`.
    name: String,
    /// Its values; most parameters take one.
    values: Vec<Scalar>,
}

/// Names and values, as they were written.
pub(super) fn values(arguments: &[Argument]) -> Vec<(&str, Vec<String>)> {
    let written = |one: &Argument| one.values.iter().map(|v| v.as_str().to_owned()).collect();
    arguments.iter().map(|one| (one.name.trim(), written(one))).collect()
}

/// The invocation that is meant.
///
/// # Errors
/// A sentence that names what is wrong and says what would be right.
pub(super) fn invocation(
    word: Word,
    on: (Option<ResourceType>, Option<ResourceId>),
    given: &[(&str, Vec<String>)],
) -> Result<Invocation, String> {
    if given.len() > MOST {
        return Err(format!("params: give at most {MOST} parameters"));
    }
    if given.iter().any(|(name, _)| *name == "_count") {
        return Err("params: for _count there is the argument limit".to_owned());
    }
    let invocation = Invocation::new(row(word, on.0.as_ref())?, on, given)?;
    let has = |name| invocation.value(name).is_some();
    if word == Word::Lastn && !has("code") && !has("category") {
        return Err("params: $lastn needs code or category, beside patient".to_owned());
    }
    Ok(invocation)
}

fn row(word: Word, resource_type: Option<&ResourceType>) -> Result<&'static Row, String> {
    let rows = || GENERAL.iter().filter(|row| row.name == word.name());
    let is_meant = |row: &&Row| match (row.on, resource_type) {
        (None, _) => true,
        (Some(kind), Some(asked)) => kind == asked.as_str(),
        (Some(_), None) => rows().count() == 1,
    };
    rows().find(is_meant).ok_or_else(|| {
        let kinds: Vec<&str> = rows().filter_map(|row| row.on).collect();
        format!("type: ${} works on {}", word.name(), kinds.join(", "))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_operation_of_the_table_has_a_word_and_every_word_an_operation() {
        let named = |name: &&str| GENERAL.iter().any(|row| row.name == *name);
        assert!(Word::NAMES.iter().all(named));
        assert!(GENERAL.iter().all(|row| Word::NAMES.contains(&row.name)));
        for name in Word::NAMES {
            for spelling in [(*name).to_owned(), format!("${name}")] {
                let word: Word = serde_json::from_value(spelling.into()).unwrap();
                assert_eq!(word.name(), *name);
            }
        }
    }

    #[test]
    fn what_is_not_in_the_table_is_no_operation() {
        for name in
            ["expunge", "$expunge", "graphql", "export", "match", "validate", "meta-add", ""]
        {
            assert!(serde_json::from_value::<Word>(name.into()).is_err(), "{name}");
        }
    }

    #[test]
    fn a_type_is_needed_where_several_are_possible() {
        let refused = row(Word::Everything, None).unwrap_err();
        assert_eq!(refused, "type: $everything works on Patient, Group, Encounter, EpisodeOfCare");
        assert!(row(Word::Everything, ResourceType::parse("Condition").as_ref()).is_err());
        assert_eq!(row(Word::Lastn, None).unwrap().on, Some("Observation"));
    }
}
