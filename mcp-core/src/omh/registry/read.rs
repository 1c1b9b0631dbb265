//! Reading `registry.yaml`, so that one mistake does not hide the next.

use std::collections::BTreeSet;

use serde::Deserialize;

use super::super::unit;
use super::{DataType, Field, IEEE_1752, OPEN_MHEALTH, Role, Successor};

const NAMESPACES: [&str; 4] = ["omh", "ieee", "local", "granola"];

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Row {
    id: String,
    versions: Vec<String>,
    display: String,
    #[serde(default)]
    shipped: bool,
    successor: Option<String>,
    into: Option<String>,
    #[serde(default)]
    fields: Vec<FieldRow>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct FieldRow {
    at: String,
    role: Role,
    #[serde(default)]
    units: Units,
    #[serde(default)]
    bare: bool,
}

/// The name of a group, or single units.
#[derive(Default, Deserialize)]
#[serde(untagged)]
enum Units {
    #[default]
    None,
    Group(String),
    Some(Vec<String>),
}

/// Reads the registry.
///
/// # Errors
/// Every mistake in it, each beginning with the id of its row.
pub(super) fn parse(text: &str) -> Result<Vec<DataType>, Vec<String>> {
    let rows: Vec<Row> = yaml_serde::from_str(text).map_err(|error| vec![error.to_string()])?;
    let mut mistakes = Vec::new();
    let types: Vec<DataType> = rows
        .into_iter()
        .filter_map(|row| {
            let mut own = Vec::new();
            let id = row.id.clone();
            let read = data_type(row, &mut own);
            mistakes.extend(own.into_iter().map(|mistake| format!("{id}: {mistake}")));
            read
        })
        .collect();
    across(&types, &mut mistakes);
    if mistakes.is_empty() { Ok(types) } else { Err(mistakes) }
}

fn data_type(row: Row, mistakes: &mut Vec<String>) -> Option<DataType> {
    let Some((namespace, name)) = row
        .id
        .split_once(':')
        .filter(|(namespace, name)| NAMESPACES.contains(namespace) && is_word(name, '-'))
    else {
        mistakes.push("write a namespace that is known, a colon, and a name".to_owned());
        return None;
    };
    let newest = row.versions.first().cloned().unwrap_or_default();
    check_versions(&row.versions, mistakes);
    if row.display.trim().is_empty() {
        mistakes.push("it has no display".to_owned());
    }
    if row.into.is_some() && row.successor.is_none() {
        mistakes.push("into needs a successor".to_owned());
    }
    let into = row.into;
    Some(DataType {
        short_name: name.to_owned(),
        code: format!("{}:{newest}", row.id),
        system: if namespace == "ieee" { IEEE_1752 } else { OPEN_MHEALTH },
        display: row.display,
        versions: row.versions,
        is_shipped: row.shipped,
        successor: row.successor.map(|id| Successor { id, into }),
        fields: fields(row.fields, mistakes),
        id: row.id,
    })
}

fn check_versions(versions: &[String], mistakes: &mut Vec<String>) {
    let numbers: Vec<Option<(u32, u32)>> = versions.iter().map(|text| version(text)).collect();
    if numbers.is_empty() || numbers.contains(&None) {
        mistakes.push("write versions as \"2.0\"".to_owned());
    } else if !numbers.is_sorted_by(|newer, older| newer > older) {
        mistakes.push("write the newest version first, and each once".to_owned());
    }
}

/// Major and minor, in their shortest spelling.
fn version(text: &str) -> Option<(u32, u32)> {
    let (major, minor) = text.split_once('.')?;
    let numbers = (major.parse().ok()?, minor.parse().ok()?);
    (format!("{}.{}", numbers.0, numbers.1) == text).then_some(numbers)
}

fn fields(rows: Vec<FieldRow>, mistakes: &mut Vec<String>) -> Vec<Field> {
    let mut names = BTreeSet::new();
    let read: Vec<Field> = rows.into_iter().map(|row| field(row, &mut names, mistakes)).collect();
    if read.iter().filter(|field| field.role == Role::Headline).count() > 1 {
        mistakes.push("it has more than one headline".to_owned());
    }
    read
}

fn field(row: FieldRow, names: &mut BTreeSet<String>, mistakes: &mut Vec<String>) -> Field {
    let path: Vec<String> = row.at.split('.').map(str::to_owned).collect();
    if !path.iter().all(|name| is_word(name, '_')) {
        mistakes.push(format!("{:?} is no path", row.at));
    }
    if !names.insert(path.last().cloned().unwrap_or_default()) {
        mistakes.push(format!("{} names a measure twice", row.at));
    }
    let units = match row.units {
        Units::None => Vec::new(),
        Units::Some(units) => units,
        Units::Group(name) => {
            let units: Vec<String> = unit::group(&name).map(str::to_owned).collect();
            if units.is_empty() {
                mistakes.push(format!("{name:?} is no group of units"));
            }
            units
        }
    };
    for unknown in units.iter().filter(|unit| unit::known(unit).is_none()) {
        mistakes.push(format!("{unknown:?} is no unit"));
    }
    if units.is_empty() && row.bare {
        mistakes.push(format!("{} has no units, so bare has no meaning", row.at));
    }
    Field { path, role: row.role, units, may_be_bare: row.bare }
}

/// What can only be seen across rows.
fn across(types: &[DataType], mistakes: &mut Vec<String>) {
    let (mut ids, mut displays) = (BTreeSet::new(), BTreeSet::new());
    for known in types {
        if !ids.insert(&known.id) {
            mistakes.push(format!("{}: it stands here twice", known.id));
        }
        if !displays.insert(&known.display) {
            mistakes.push(format!("{}: another type has its display", known.id));
        }
        let Some(successor) = &known.successor else { continue };
        let Some(next) = types.iter().find(|other| other.id == successor.id) else {
            mistakes.push(format!("{}: its successor {} is unknown", known.id, successor.id));
            continue;
        };
        let holds = |name: &String| next.fields.iter().any(|field| field.path.last() == Some(name));
        if successor.into.as_ref().is_some_and(|name| !holds(name)) {
            mistakes.push(format!("{}: {} has no such field", known.id, next.id));
        }
        if leads_round(types, known) {
            mistakes.push(format!("{}: its successors lead back to it", known.id));
        }
    }
}

fn leads_round(types: &[DataType], from: &DataType) -> bool {
    let step = |known: &&DataType| {
        let next = &known.successor.as_ref()?.id;
        types.iter().find(|other| &other.id == next)
    };
    std::iter::successors(step(&from), step).take(types.len()).any(|known| known.id == from.id)
}

fn is_word(text: &str, joint: char) -> bool {
    !text.is_empty()
        && text.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == joint)
}
