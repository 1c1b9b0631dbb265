//! The units that Open mHealth and IEEE 1752.1 allow: a closed table, with the code that UCUM has
//! for each. Nothing here converts; what is not in the table is passed on as it came, and marked.

use std::collections::BTreeMap;
use std::sync::LazyLock;

/// What units measure, by name; for each unit as it is written its UCUM code, if there is one.
type Table = BTreeMap<String, BTreeMap<String, Option<String>>>;

static TABLE: LazyLock<Table> = LazyLock::new(|| {
    // A test reads the table; here a broken one would be empty, and every unit unknown.
    yaml_serde::from_str(include_str!("units.yaml")).unwrap_or_default()
});

/// A unit of the table.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Unit {
    /// What it measures, such as `duration`.
    pub group: &'static str,
    /// As the schemas write it, such as `sec`.
    pub written: &'static str,
    /// As UCUM writes it, such as `s`; absent where UCUM has no code.
    pub ucum: Option<&'static str>,
}

/// What a unit is to the field in which it was found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Standing {
    /// The field allows it.
    Allowed(Unit),
    /// The table has it, but not for this field.
    Foreign(Unit),
    /// Not in the table.
    Unknown,
    /// There is none, and the field wants one.
    Missing,
    /// There is none, as it should be.
    Bare,
}

impl Standing {
    /// The UCUM code, where the unit is one that the field allows.
    pub const fn ucum(self) -> Option<&'static str> {
        if let Self::Allowed(unit) = self { unit.ucum } else { None }
    }

    /// What is wrong with the unit, in words.
    pub const fn problem(self) -> Option<&'static str> {
        match self {
            Self::Allowed(_) | Self::Bare => None,
            Self::Foreign(_) => Some("not a unit of this measure; shown as written"),
            Self::Unknown => Some("unknown unit; shown as written"),
            Self::Missing => Some("the record gives no unit"),
        }
    }
}

/// The unit that is written exactly so.
pub fn known(written: &str) -> Option<Unit> {
    TABLE.iter().find_map(|(group, units)| {
        let (written, ucum) = units.get_key_value(written)?;
        Some(Unit { group, written, ucum: ucum.as_deref() })
    })
}

/// The units that measure the same, in order of their names; none for an unknown group.
pub fn group(name: &str) -> impl Iterator<Item = &'static str> {
    TABLE.get(name).into_iter().flat_map(BTreeMap::keys).map(String::as_str)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn every_unit_stands_in_the_table_once_and_is_found_by_its_exact_spelling() {
        let read: Table = yaml_serde::from_str(include_str!("units.yaml")).unwrap();
        let all: Vec<&String> = read.values().flat_map(BTreeMap::keys).collect();
        assert_eq!(all.iter().collect::<BTreeSet<_>>().len(), all.len());
        assert!(all.len() > 60, "{}", all.len());
        for unit in all {
            assert_eq!(known(unit).unwrap().written, unit);
        }
        for unknown in ["", "bpm", "Sec", "mmhg", "kg ", "duration"] {
            assert_eq!(known(unknown), None, "{unknown:?}");
        }
    }

    #[test]
    fn spellings_that_differ_from_ucum_are_told_in_ucum() {
        for (written, ucum) in [
            ("mmHg", Some("mm[Hg]")),
            ("C", Some("Cel")),
            ("sec", Some("s")),
            ("Mo", Some("mo")),
            ("lb", Some("[lb_av]")),
            ("Metric Ton", Some("t")),
            ("lux", Some("lx")),
            ("%", Some("%")),
            ("kg/m^2", Some("kg/m2")),
            ("steps", Some("{steps}")),
            ("dBA", None),
        ] {
            assert_eq!(known(written).unwrap().ucum, ucum, "{written}");
        }
    }

    #[test]
    fn only_an_allowed_unit_has_a_ucum_code_and_no_problem() {
        let pounds = known("lb").unwrap();
        assert_eq!(Standing::Allowed(pounds).ucum(), Some("[lb_av]"));
        assert_eq!(Standing::Allowed(pounds).problem(), None);
        for doubtful in [Standing::Foreign(pounds), Standing::Unknown, Standing::Missing] {
            assert_eq!(doubtful.ucum(), None);
            assert!(doubtful.problem().is_some());
        }
        assert_eq!((Standing::Bare.ucum(), Standing::Bare.problem()), (None, None));
    }

    #[test]
    fn a_group_has_its_units_and_an_unknown_group_none() {
        assert_eq!(group("temperature").collect::<Vec<_>>(), ["C", "F", "K"]);
        assert_eq!(group("colour").count(), 0);
    }
}
