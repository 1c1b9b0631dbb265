//! Our own projection: of a resource, the elements that were asked for. It keeps type and id, adds
//! nothing, and tells what it did not find.

use std::collections::BTreeMap;

use serde_json::{Map, Value};

/// Paths in one projection.
const MOST: usize = 50;
/// Names in one path.
const DEEPEST: usize = 8;

/// The elements that were asked for.
#[derive(Clone, Debug, Default)]
pub struct Projection {
    wanted: Tree,
    paths: Vec<String>,
    matched: Vec<bool>,
}

/// What is wanted under each name, and which path ends there.
#[derive(Clone, Debug, Default)]
struct Tree {
    ends: Option<usize>,
    under: BTreeMap<String, Self>,
}

impl Projection {
    /// Reads paths such as `code` or `component.valueQuantity.value`; no paths keep everything.
    ///
    /// # Errors
    /// A sentence that says what would be right.
    pub fn of(paths: &[String]) -> Result<Option<Self>, String> {
        if paths.is_empty() {
            return Ok(None);
        }
        let rule = || {
            format!(
                "elements: give up to {MOST} paths of up to {DEEPEST} names with dots between them, \
                 such as code or component.valueQuantity.value"
            )
        };
        if paths.len() > MOST {
            return Err(rule());
        }
        let mut projection = Self { matched: vec![false; paths.len()], ..Self::default() };
        for (at, path) in paths.iter().enumerate() {
            let names: Vec<&str> = path.trim().split('.').collect();
            if names.len() > DEEPEST || !names.iter().all(|name| is_element(name)) {
                return Err(rule());
            }
            projection.paths.push(path.trim().to_owned());
            let mut tree = &mut projection.wanted;
            for name in names {
                tree = tree.under.entry(name.trim_end_matches("[x]").to_owned()).or_default();
            }
            tree.ends = Some(at);
        }
        Ok(Some(projection))
    }

    /// Of a resource what was asked for, with its type and id.
    pub fn project(&mut self, resource: Value) -> Value {
        let Value::Object(members) = resource else { return resource };
        let mut kept = Map::new();
        for name in ["resourceType", "id"] {
            if let Some(value) = members.get(name) {
                kept.insert(name.to_owned(), value.clone());
            }
        }
        kept.extend(project(members, &self.wanted, &mut self.matched));
        Value::Object(kept)
    }

    /// The paths that no resource so far had.
    pub fn unmatched(&self) -> Vec<String> {
        let paths = self.paths.iter().zip(&self.matched);
        paths.filter(|(_, matched)| !**matched).map(|(path, _)| path.clone()).collect()
    }
}

fn is_element(name: &str) -> bool {
    let name = name.trim_end_matches("[x]");
    (1..=64).contains(&name.len()) && name.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_')
}

fn project(members: Map<String, Value>, wanted: &Tree, matched: &mut [bool]) -> Map<String, Value> {
    let mut kept = Map::new();
    for (name, value) in members {
        let Some(tree) = wanted_under(wanted, &name) else { continue };
        if let Some(slot) = tree.ends.and_then(|at| matched.get_mut(at)) {
            *slot = true;
            kept.insert(name, value);
            continue;
        }
        let inner = inside(value, tree, matched);
        if !inner.is_null() {
            kept.insert(name, inner);
        }
    }
    kept
}

/// By its name; an element of several types also by its name without the type, as in `value`.
fn wanted_under<'a>(wanted: &'a Tree, name: &str) -> Option<&'a Tree> {
    wanted.under.get(name).or_else(|| {
        let is_choice = |stem: &str| {
            name.strip_prefix(stem).is_some_and(|rest| {
                matches!(stem, "value" | "effective" | "onset" | "deceased" | "medication")
                    && rest.starts_with(|first: char| first.is_ascii_uppercase())
            })
        };
        wanted.under.iter().find(|(stem, _)| is_choice(stem)).map(|(_, tree)| tree)
    })
}

fn inside(value: Value, wanted: &Tree, matched: &mut [bool]) -> Value {
    match value {
        Value::Object(members) => {
            let kept = project(members, wanted, matched);
            if kept.is_empty() { Value::Null } else { Value::Object(kept) }
        }
        Value::Array(items) => {
            let kept = items.into_iter().map(|item| inside(item, wanted, matched));
            let kept: Vec<Value> = kept.filter(|item| !item.is_null()).collect();
            if kept.is_empty() { Value::Null } else { Value::Array(kept) }
        }
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => Value::Null,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn projection(paths: &[&str]) -> Projection {
        let paths: Vec<String> = paths.iter().map(|path| (*path).to_owned()).collect();
        Projection::of(&paths).unwrap().unwrap()
    }

    #[test]
    fn what_was_asked_for_stays_in_its_place_and_nothing_is_added() {
        let resource = json!({
            "resourceType": "Observation", "id": "1", "status": "final",
            "code": {"text": "BP", "coding": [{"system": "s", "code": "c"}]},
            "component": [{"code": {"text": "sys"}, "valueQuantity": {"value": 120, "unit": "mmHg"}},
                          {"code": {"text": "dia"}}],
        });
        let mut projection =
            projection(&["code.coding.code", "component.valueQuantity.value", "note.text"]);
        assert_eq!(
            projection.project(resource),
            json!({"resourceType": "Observation", "id": "1", "code": {"coding": [{"code": "c"}]},
                   "component": [{"valueQuantity": {"value": 120}}]})
        );
        assert_eq!(projection.unmatched(), ["note.text"]);
    }

    #[test]
    fn an_element_of_several_types_is_found_by_its_stem() {
        for path in ["value", "value[x]", "valueQuantity"] {
            let mut projection = projection(&[path]);
            let kept = projection.project(json!({"valueQuantity": {"value": 1}, "status": "x"}));
            assert_eq!(kept, json!({"valueQuantity": {"value": 1}}), "{path}");
            assert!(projection.unmatched().is_empty());
        }
    }

    #[test]
    fn what_is_no_path_is_refused() {
        for path in ["", ".", "a..b", "a.b(c)", "a|b", "a.b.c.d.e.f.g.h.i", "where(x)"] {
            assert!(Projection::of(&[path.to_owned()]).is_err(), "{path:?}");
        }
        assert!(Projection::of(&[]).unwrap().is_none());
    }
}
