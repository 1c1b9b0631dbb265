//! Reads a YAML mapping key by key and collects every mistake instead of stopping at the first.

use std::cell::RefCell;
use std::fmt;

use yaml_serde::{Mapping, Value};

/// One thing that is wrong with the configuration, with the place where it stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mistake {
    /// Where: `section.field`, list positions in brackets.
    pub field: String,
    /// What is wrong there, and what would be right.
    pub text: String,
}

impl fmt::Display for Mistake {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.field, self.text)
    }
}

/// The mistakes found so far.
#[derive(Debug, Default)]
pub(super) struct Mistakes(RefCell<Vec<Mistake>>);

impl Mistakes {
    pub(super) fn note(&self, field: impl Into<String>, text: impl Into<String>) {
        self.0.borrow_mut().push(Mistake { field: field.into(), text: text.into() });
    }

    pub(super) fn into_inner(self) -> Vec<Mistake> {
        self.0.into_inner()
    }
}

/// A mapping that is being read. Every reading method notes its mistake and returns `None`, so that
/// a caller reads all fields first and gives up afterwards. What nobody asked for when the section
/// is dropped is reported as unknown.
pub(super) struct Section<'m> {
    path: String,
    fields: Mapping,
    asked: Vec<&'static str>,
    mistakes: &'m Mistakes,
}

impl<'m> Section<'m> {
    /// The section at `path`; anything but a mapping is a mistake and reads as an empty one.
    pub(super) fn new(path: impl Into<String>, value: Value, mistakes: &'m Mistakes) -> Self {
        let path = path.into();
        let fields = match value {
            Value::Mapping(fields) => fields,
            Value::Null => Mapping::new(),
            Value::Bool(_)
            | Value::Number(_)
            | Value::String(_)
            | Value::Sequence(_)
            | Value::Tagged(_) => {
                mistakes.note(if path.is_empty() { "file" } else { &path }, "must be a mapping");
                Mapping::new()
            }
        };
        Self { path, fields, asked: Vec::new(), mistakes }
    }

    /// The full name of a field of this section.
    pub(super) fn name(&self, key: &str) -> String {
        if self.path.is_empty() { key.to_owned() } else { format!("{}.{key}", self.path) }
    }

    /// Notes a mistake about the field `key`.
    pub(super) fn wrong(&self, key: &str, text: impl Into<String>) {
        self.mistakes.note(self.name(key), text);
    }

    /// Where mistakes go.
    pub(super) const fn mistakes(&self) -> &'m Mistakes {
        self.mistakes
    }

    /// The value of `key`; absent and `null` are the same.
    pub(super) fn take(&mut self, key: &'static str) -> Option<Value> {
        self.asked.push(key);
        self.fields.remove(key).filter(|value| !value.is_null())
    }

    /// A field that must be there.
    pub(super) fn required<T>(
        &mut self,
        key: &'static str,
        parse: impl Fn(&Value) -> Result<T, String>,
    ) -> Option<T> {
        let Some(value) = self.take(key) else {
            self.wrong(key, "is missing");
            return None;
        };
        parse(&value).map_err(|text| self.wrong(key, text)).ok()
    }

    /// A field that may be absent: the outer `None` is a mistake, the inner one absence.
    #[expect(clippy::option_option, reason = "a mistake and an absence are two things")]
    pub(super) fn optional<T>(
        &mut self,
        key: &'static str,
        parse: impl Fn(&Value) -> Result<T, String>,
    ) -> Option<Option<T>> {
        let Some(value) = self.take(key) else { return Some(None) };
        parse(&value).map_err(|text| self.wrong(key, text)).ok().map(Some)
    }

    /// A field with a default.
    pub(super) fn or<T>(
        &mut self,
        key: &'static str,
        default: T,
        parse: impl Fn(&Value) -> Result<T, String>,
    ) -> Option<T> {
        self.optional(key, parse).map(|value| value.unwrap_or(default))
    }

    /// A list whose entries are scalars; absent is empty.
    pub(super) fn list<T>(
        &mut self,
        key: &'static str,
        parse: impl Fn(&Value) -> Result<T, String>,
    ) -> Option<Vec<T>> {
        let entries = self.entries(key)?;
        let read: Vec<Option<T>> = entries
            .iter()
            .enumerate()
            .map(|(at, entry)| {
                parse(entry).map_err(|text| self.wrong(&format!("{key}[{at}]"), text)).ok()
            })
            .collect();
        read.into_iter().collect()
    }

    /// A list whose entries are mappings; absent is empty.
    pub(super) fn sections(&mut self, key: &'static str) -> Option<Vec<Self>> {
        let entries = self.entries(key)?;
        let section =
            |(at, entry)| Self::new(self.name(&format!("{key}[{at}]")), entry, self.mistakes);
        Some(entries.into_iter().enumerate().map(section).collect())
    }

    fn entries(&mut self, key: &'static str) -> Option<Vec<Value>> {
        match self.take(key) {
            None => Some(Vec::new()),
            Some(Value::Sequence(entries)) => Some(entries),
            Some(_) => {
                self.wrong(key, "must be a list");
                None
            }
        }
    }

    /// A section inside this one; absent reads as empty.
    pub(super) fn section(&mut self, key: &'static str) -> Self {
        let value = self.take(key).unwrap_or(Value::Null);
        Self::new(self.name(key), value, self.mistakes)
    }

    /// All fields, by names that the operator chooses.
    pub(super) fn take_all(&mut self) -> Vec<(String, Value)> {
        let fields = std::mem::take(&mut self.fields);
        let text = |key: Value| key.as_str().map_or_else(|| format!("{key:?}"), str::to_owned);
        fields.into_iter().map(|(key, value)| (text(key), value)).collect()
    }
}

impl Drop for Section<'_> {
    fn drop(&mut self) {
        for (key, _) in self.take_all() {
            let known = self.asked.join(", ");
            self.wrong(&key, format!("is not a key here; the keys are {known}"));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::values;
    use super::*;

    #[test]
    fn every_mistake_is_named_with_its_place() {
        let mistakes = Mistakes::default();
        let yaml = "a: {port: many, colour: red}\nb: [1]\n";
        {
            let mut root = Section::new("", yaml_serde::from_str(yaml).unwrap(), &mistakes);
            let mut a = root.section("a");
            assert_eq!(a.required("port", values::count), None);
            assert_eq!(a.required("name", values::text), None);
            assert_eq!(root.list("b", values::text), None);
        }
        let fields: Vec<_> = mistakes.into_inner().into_iter().map(|m| m.field).collect();
        assert_eq!(fields, ["a.port", "a.name", "b[0]", "a.colour"]);
    }
}
