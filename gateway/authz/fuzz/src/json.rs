//! JSON as anybody reads it: the members of one object, in order and with repetitions.

use std::fmt;

use serde::de::{Deserialize, Deserializer, MapAccess, Visitor};
use serde_json::Value;
use serde_json::value::RawValue;

/// The members of an object, names unescaped, values as they are written.
pub struct Members(pub Vec<(String, Box<RawValue>)>);

impl<'de> Deserialize<'de> for Members {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        struct All;
        impl<'de> Visitor<'de> for All {
            type Value = Vec<(String, Box<RawValue>)>;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object")
            }
            fn visit_map<M: MapAccess<'de>>(self, mut map: M) -> Result<Self::Value, M::Error> {
                let mut members = Vec::new();
                while let Some(name) = map.next_key::<String>()? {
                    members.push((name, map.next_value()?));
                }
                Ok(members)
            }
        }
        from.deserialize_map(All).map(Members)
    }
}

impl Members {
    /// The members of an object that is written here.
    pub fn of(text: &str) -> Option<Self> {
        serde_json::from_str(text).ok()
    }

    /// How often a name stands here.
    pub fn times(&self, name: &str) -> usize {
        self.0.iter().filter(|(known, _)| known == name).count()
    }

    /// The value of a name.
    pub fn text(&self, name: &str) -> Option<&str> {
        self.0.iter().find(|(known, _)| known == name).map(|(_, value)| value.get())
    }
}

/// How deep a value is nested.
pub fn depth(value: &Value) -> usize {
    match value {
        Value::Array(items) => 1 + items.iter().map(depth).max().unwrap_or(0),
        Value::Object(members) => 1 + members.values().map(depth).max().unwrap_or(0),
        _ => 0,
    }
}

/// Whether any object, however deep, has a name twice, or one that a library keeps for itself.
pub fn is_ambiguous(text: &str) -> bool {
    let text = text.trim_matches([' ', '\t', '\n', '\r']);
    match text.as_bytes().first() {
        Some(b'{') => Members::of(text).is_none_or(|all| {
            all.0.iter().any(|(name, value)| {
                all.times(name) > 1
                    || name.starts_with("$serde_json::private::")
                    || is_ambiguous(value.get())
            })
        }),
        Some(b'[') => serde_json::from_str::<Vec<Box<RawValue>>>(text)
            .map_or(true, |all| all.iter().any(|value| is_ambiguous(value.get()))),
        _ => false,
    }
}
