//! What the specification itself says of each resource type: its elements, and its search parameters.
//! Names and types only, from the published definitions (CC0) by `scripts/fhir-tables.mjs`.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use serde::Serialize;

use super::parameter::ParameterKind;

static R4: LazyLock<Specification> =
    LazyLock::new(|| Specification::read(include_str!("tables/r4.tsv")));
static R5: LazyLock<Specification> =
    LazyLock::new(|| Specification::read(include_str!("tables/r5.tsv")));

/// Search parameters that every type has (FHIR R5 §3.2.1.5.1).
pub const COMMON_PARAMETERS: &[(&str, ParameterKind)] = &[
    ("_id", ParameterKind::Token),
    ("_lastUpdated", ParameterKind::Date),
    ("_profile", ParameterKind::Uri),
    ("_security", ParameterKind::Token),
    ("_source", ParameterKind::Uri),
    ("_tag", ParameterKind::Token),
];

/// A version of FHIR.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub enum FhirVersion {
    /// 4.0.1, and 4.3.0 as far as it agrees.
    R4,
    /// 5.0.0.
    R5,
}

impl FhirVersion {
    /// The word for it in profiles and answers.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::R4 => "R4",
            Self::R5 => "R5",
        }
    }

    /// The version that a statement's `fhirVersion` belongs to.
    pub fn of(fhir_version: &str) -> Option<Self> {
        match fhir_version.split('.').next()? {
            "4" => Some(Self::R4),
            "5" => Some(Self::R5),
            _ => None,
        }
    }

    /// What its specification says.
    pub fn specification(self) -> &'static Specification {
        match self {
            Self::R4 => &R4,
            Self::R5 => &R5,
        }
    }
}

/// All resource types of a version.
#[derive(Debug)]
pub struct Specification(BTreeMap<&'static str, Definition>);

/// One resource type.
#[derive(Debug, Default)]
pub struct Definition {
    /// Its elements, in their order, without those that every resource has.
    pub elements: Vec<Element>,
    /// Its search parameters by name, without those that every type has.
    pub parameters: BTreeMap<&'static str, ParameterKind>,
}

/// One element of a resource type.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Element {
    /// Its name; a choice of types ends in `[x]`.
    pub name: &'static str,
    /// Whether every resource has it.
    pub is_required: bool,
    /// Whether there may be several.
    pub repeats: bool,
    /// Its types, separated by commas.
    pub types: &'static str,
}

impl Specification {
    fn read(table: &'static str) -> Self {
        let line = |line: &'static str| {
            let mut columns = line.split('\t');
            let name = columns.next()?;
            let elements = columns.next()?.split_whitespace().filter_map(Element::read).collect();
            let parameters = columns.next()?.split_whitespace().filter_map(parameter).collect();
            Some((name, Definition { elements, parameters }))
        };
        Self(table.lines().filter_map(line).collect())
    }

    /// What it says of the type of this name.
    pub fn definition(&self, resource_type: &str) -> Option<&Definition> {
        self.0.get(resource_type)
    }

    /// The names of all types, sorted.
    pub fn types(&self) -> impl Iterator<Item = &'static str> {
        self.0.keys().copied()
    }

    /// The kind of a parameter of this type, or of every type.
    pub fn parameter(&self, resource_type: &str, name: &str) -> Option<ParameterKind> {
        let common = || COMMON_PARAMETERS.iter().find(|(known, _)| *known == name);
        let own = self.definition(resource_type)?.parameters.get(name);
        own.copied().or_else(|| common().map(|(_, kind)| *kind))
    }

    /// The kind of a parameter of this name on whichever type has it first: for chains whose target
    /// is not named.
    pub fn any_parameter(&self, name: &str) -> Option<ParameterKind> {
        let common = COMMON_PARAMETERS.iter().find(|(known, _)| *known == name);
        let own = || self.0.values().find_map(|definition| definition.parameters.get(name));
        common.map(|(_, kind)| *kind).or_else(|| own().copied())
    }
}

impl Element {
    fn read(cell: &'static str) -> Option<Self> {
        let (marked, types) = cell.split_once(':')?;
        let name = marked.trim_end_matches(['!', '*']);
        let marks = marked.get(name.len()..)?;
        let (is_required, repeats) = (marks.contains('!'), marks.contains('*'));
        Some(Self { name, is_required, repeats, types })
    }
}

fn parameter(cell: &'static str) -> Option<(&'static str, ParameterKind)> {
    let (name, kind) = cell.rsplit_once(':')?;
    Some((name, ParameterKind::parse(kind)?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_tables_are_read_whole() {
        for (version, types) in [(FhirVersion::R4, 147), (FhirVersion::R5, 158)] {
            let specification = version.specification();
            assert_eq!(specification.types().count(), types, "{}", version.as_str());
            for name in specification.types() {
                let definition = specification.definition(name).unwrap();
                assert!(!definition.elements.is_empty() || name == "Parameters", "{name}");
            }
        }
    }

    #[test]
    fn a_parameter_is_known_with_its_kind() {
        let r5 = FhirVersion::R5.specification();
        assert_eq!(r5.parameter("Observation", "date"), Some(ParameterKind::Date));
        assert_eq!(r5.parameter("Observation", "_id"), Some(ParameterKind::Token));
        assert_eq!(r5.parameter("Observation", "birthdate"), None);
        assert_eq!(r5.any_parameter("birthdate"), Some(ParameterKind::Date));
        let status = r5.definition("Observation").unwrap();
        let status = status.elements.iter().find(|element| element.name == "status").unwrap();
        assert!(status.is_required && !status.repeats);
        assert_eq!(status.types, "code");
    }

    #[test]
    fn a_version_is_known_by_its_first_number() {
        assert_eq!(FhirVersion::of("5.0.0"), Some(FhirVersion::R5));
        assert_eq!(FhirVersion::of("4.0.1"), Some(FhirVersion::R4));
        assert_eq!(FhirVersion::of("3.0.2"), None);
    }
}
