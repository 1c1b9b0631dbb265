//! The measurement types known here: ids, versions, successors, and the fields that hold their
//! numbers. The rows are data, in `registry.yaml`; this module looks things up in them.

mod read;
#[cfg(test)]
mod tests;

use std::collections::BTreeSet;
use std::sync::LazyLock;

use super::unit::{self, Standing};

/// The coding system of `omh:` codes, and of those that nobody else publishes.
pub const OPEN_MHEALTH: &str = "https://w3id.org/openmhealth";

/// The coding system of `ieee:` codes (IEEE 1752.1).
pub const IEEE_1752: &str = "https://w3id.org/ieee1752";

static ALL: LazyLock<Vec<DataType>> = LazyLock::new(|| {
    // A test reads the file and asserts that it has no mistakes.
    read::parse(include_str!("registry.yaml")).unwrap_or_default()
});

/// One type of measurement: a schema in all its versions, a row of the registry.
#[derive(Debug, PartialEq, Eq)]
pub struct DataType {
    /// What a caller writes, such as `heart-rate`. An `omh:` and an `ieee:` type may share it.
    pub short_name: String,
    /// The `code` of the newest version: namespace, name and version, such as `omh:heart-rate:2.0`.
    pub code: String,
    /// The coding's `system`.
    pub system: &'static str,
    /// The words shown to people.
    pub display: String,
    /// Namespace and name, such as `omh:heart-rate`.
    pub id: String,
    versions: Vec<String>,
    is_shipped: bool,
    successor: Option<Successor>,
    pub(super) fields: Vec<Field>,
}

/// Under what a measure is written today.
#[derive(Debug, PartialEq, Eq)]
struct Successor {
    id: String,
    /// The field that holds it, where the successor is a wider type.
    into: Option<String>,
}

/// Where in a body a number stands.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Field {
    /// Property names from the top of the body down; the last one names the measure.
    pub(super) path: Vec<String>,
    /// Whether this number is what the type measures, or stands beside it.
    pub(super) role: Role,
    /// The units it may have; none for a bare number.
    pub(super) units: Vec<String>,
    /// Whether older versions leave the unit out.
    may_be_bare: bool,
}

/// What a number is to its type.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Deserialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum Role {
    /// The one number that the type is about.
    Headline,
    /// One of several equals, or a detail.
    Beside,
}

impl Field {
    /// What the unit that was found is to this field.
    pub(super) fn standing(&self, written: Option<&str>) -> Standing {
        let Some(written) = written else {
            let is_bare = self.units.is_empty() || self.may_be_bare;
            return if is_bare { Standing::Bare } else { Standing::Missing };
        };
        match unit::known(written) {
            Some(unit) if self.units.iter().any(|known| known == written) => {
                Standing::Allowed(unit)
            }
            Some(unit) => Standing::Foreign(unit),
            None => Standing::Unknown,
        }
    }
}

impl DataType {
    /// Finds a type by short name (`heart-rate`) or by the full code of any version known here
    /// (`omh:heart-rate:2.0`). Of several with one short name, the one that backends ship with
    /// comes first, then the IEEE 1752.1 one.
    pub fn by_name(name: &str) -> Option<&'static Self> {
        let rank = |known: &&Self| (!known.is_shipped, known.system != IEEE_1752);
        let of_code = || ALL.iter().find(|known| known.has_code(name));
        of_code().or_else(|| Self::all_named(name).min_by_key(rank))
    }

    /// Finds a type by exactly this system and code; any version known here will do.
    pub fn by_code(system: &str, code: &str) -> Option<&'static Self> {
        ALL.iter().find(|known| known.system == system && known.has_code(code))
    }

    /// Every type known here.
    pub fn all() -> &'static [Self] {
        &ALL
    }

    /// The types that the JupyterHealth Exchange ships with.
    pub fn shipped() -> impl Iterator<Item = &'static Self> {
        ALL.iter().filter(|known| known.is_shipped)
    }

    /// The full codes of all versions, newest first.
    pub fn codes(&self) -> impl Iterator<Item = String> {
        self.versions.iter().map(|version| format!("{}:{version}", self.id))
    }

    /// The type under which the same measure is written today.
    pub fn successor(&self) -> Option<&'static Self> {
        Self::by_id(&self.successor.as_ref()?.id)
    }

    /// The types under which what `name` means is written: those of that name; what they were
    /// renamed to, and from; and wider types that took them in. Whoever asks for steps is shown
    /// activities with steps in them, but whoever asks for activities is not shown step counts.
    pub fn kin(name: &str) -> Vec<&'static Self> {
        let mut same: BTreeSet<&str> =
            Self::all_named(name).map(|known| known.id.as_str()).collect();
        loop {
            let next: Vec<&str> = ALL.iter().filter_map(|known| known.renamed(&same)).collect();
            let before = same.len();
            same.extend(next);
            if same.len() == before {
                break;
            }
        }
        let wider: Vec<&str> = ALL
            .iter()
            .filter(|known| same.contains(known.id.as_str()))
            .filter_map(Self::wider)
            .collect();
        same.extend(wider);
        ALL.iter().filter(|known| same.contains(known.id.as_str())).collect()
    }

    /// The type of a code whatever its version: Open mHealth keeps a measure's field name when it
    /// revises a schema, so an unknown version is read as the newest is.
    pub(super) fn of_any_version(code: &str) -> Option<&'static Self> {
        let (id, _) = code.rsplit_once(':')?;
        Self::by_id(id)
    }

    fn all_named(name: &str) -> impl Iterator<Item = &'static Self> {
        ALL.iter().filter(move |known| known.short_name == name)
    }

    fn by_id(id: &str) -> Option<&'static Self> {
        ALL.iter().find(|known| known.id == id)
    }

    fn has_code(&self, code: &str) -> bool {
        let version = code.strip_prefix(self.id.as_str()).and_then(|rest| rest.strip_prefix(':'));
        version.is_some_and(|version| self.versions.iter().any(|known| known == version))
    }

    /// The other end of this type's renaming, if one end is among `found`.
    fn renamed(&self, found: &BTreeSet<&str>) -> Option<&str> {
        let next = self.successor.as_ref().filter(|successor| successor.into.is_none())?;
        match (found.contains(self.id.as_str()), found.contains(next.id.as_str())) {
            (true, false) => Some(&next.id),
            (false, true) => Some(&self.id),
            _ => None,
        }
    }

    /// The wider type that took this one in.
    fn wider(&self) -> Option<&str> {
        let next = self.successor.as_ref().filter(|successor| successor.into.is_some())?;
        Some(&next.id)
    }
}
