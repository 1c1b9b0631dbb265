//! Identifiers as types: what is held here may stand in a URL.

use std::borrow::Cow;
use std::fmt;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::de::{self, Deserializer, Visitor};
use serde::{Deserialize, Serialize};

/// A decimal number without a leading zero, at most 18 digits.
fn is_native(text: &str) -> bool {
    (1..=18).contains(&text.len())
        && !text.starts_with('0')
        && text.bytes().all(|byte| byte.is_ascii_digit())
}

/// A FHIR id (FHIR R5 §2.1.28.0.1), but not one of dots alone: those mean something in a path.
pub fn is_fhir_id(text: &str) -> bool {
    (1..=64).contains(&text.len())
        && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.'))
        && text.bytes().any(|byte| byte != b'.')
}

/// How the ids of a backend look. What no backend may give out is refused before this is asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum IdRule {
    /// Whatever FHIR allows.
    Fhir,
    /// A UUID in lower case.
    Uuid,
    /// A positive whole number, or a UUID in lower case.
    NumberOrUuid,
}

impl IdRule {
    /// Whether the backend may have given this id out.
    pub fn admits(self, id: &str) -> bool {
        match self {
            Self::Fhir => is_fhir_id(id),
            Self::Uuid => is_uuid(id),
            Self::NumberOrUuid => is_native(id) || is_uuid(id),
        }
    }

    /// The rule in words.
    pub const fn words(self) -> &'static str {
        match self {
            Self::Fhir => "1 to 64 letters, digits, hyphens and dots",
            Self::Uuid => "a lower-case UUID",
            Self::NumberOrUuid => "a positive whole number or a lower-case UUID",
        }
    }
}

/// A UUID in lower case with its four hyphens (RFC 9562 §4).
fn is_uuid(text: &str) -> bool {
    text.len() == 36
        && text.bytes().enumerate().all(|(at, byte)| match at {
            8 | 13 | 18 | 23 => byte == b'-',
            _ => matches!(byte, b'0'..=b'9' | b'a'..=b'f'),
        })
}

macro_rules! identifier {
    ($(#[$doc:meta])* $name:ident, $accepts:expr, $rule:literal, $pattern:literal) => {
        $(#[$doc])*
        #[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize)]
        #[serde(transparent)]
        pub struct $name(String);

        impl $name {
            /// Accepts exactly the shapes that the backend gives out; anything else is no id.
            pub fn parse(text: &str) -> Option<Self> {
                $accepts(text).then(|| Self(text.to_owned()))
            }

            /// The identifier as the backend writes it.
            pub fn as_str(&self) -> &str {
                &self.0
            }

            /// Whether it is a positive whole number, as the Exchange gives its own records.
            pub fn is_number(&self) -> bool {
                is_native(&self.0)
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(concat!(stringify!($name), "([hidden])"))
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }

        impl<'de> Deserialize<'de> for $name {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                struct Reader;
                impl Visitor<'_> for Reader {
                    type Value = $name;
                    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                        f.write_str($rule)
                    }
                    fn visit_str<E: de::Error>(self, text: &str) -> Result<$name, E> {
                        $name::parse(text).ok_or_else(|| E::custom($rule))
                    }
                    fn visit_u64<E: de::Error>(self, number: u64) -> Result<$name, E> {
                        self.visit_str(&number.to_string())
                    }
                    fn visit_i64<E: de::Error>(self, number: i64) -> Result<$name, E> {
                        self.visit_str(&number.to_string())
                    }
                }
                deserializer.deserialize_any(Reader)
            }
        }

        impl JsonSchema for $name {
            fn inline_schema() -> bool {
                true
            }
            fn schema_name() -> Cow<'static, str> {
                stringify!($name).into()
            }
            fn json_schema(generator: &mut SchemaGenerator) -> Schema {
                let text = json_schema!({ "type": "string", "pattern": $pattern });
                if generator.contract().is_serialize() {
                    return text;
                }
                json_schema!({ "anyOf": [text, { "type": "integer", "minimum": 1 }] })
            }
        }
    };
}

identifier! {
    /// A patient. Read from a JSON string or integer, written as a string. Which of them a backend
    /// may have given out, its [`IdRule`] says.
    PatientId, is_fhir_id,
    "patient_id must be an id: 1 to 64 letters, digits, hyphens and dots",
    "^[A-Za-z0-9.-]{1,64}$"
}

identifier! {
    /// A resource of any type. Read from a JSON string or integer, written as a string.
    ResourceId, is_fhir_id,
    "id must be an id: 1 to 64 letters, digits, hyphens and dots",
    "^[A-Za-z0-9.-]{1,64}$"
}

identifier! {
    /// A version of a resource. Read from a JSON string or integer, written as a string.
    VersionId, is_fhir_id,
    "version must be a version id: 1 to 64 letters, digits, hyphens and dots",
    "^[A-Za-z0-9.-]{1,64}$"
}

identifier! {
    /// A study. Read from a JSON string or integer, written as a string. Which of them a backend may
    /// have given out, its [`IdRule`] says.
    StudyId, is_fhir_id,
    "study_id must be an id: 1 to 64 letters, digits, hyphens and dots",
    "^[A-Za-z0-9.-]{1,64}$"
}

#[cfg(test)]
mod tests {
    use serde_json::{from_value, json};

    use super::*;

    #[test]
    fn an_id_is_read_from_a_string_or_an_integer_and_written_as_a_string() {
        for spelling in [json!("40001"), json!(40001)] {
            let id: PatientId = from_value(spelling).unwrap();
            assert_eq!(serde_json::to_value(&id).unwrap(), json!("40001"));
        }
        let uuid = "0b2f6a52-9d5e-4c0a-8b83-0a7a1c1f2e3d";
        assert_eq!(from_value::<PatientId>(json!(uuid)).unwrap().as_str(), uuid);
    }

    #[test]
    fn what_could_leave_its_place_in_a_url_is_no_id() {
        let hostile = [
            "",
            "0",
            "01",
            "-1",
            "+1",
            " 1",
            "1 ",
            "1.0",
            "1e3",
            "..",
            ".",
            "../1",
            "1/..",
            "%2e%2e",
            "1?x=1",
            "1#",
            "1\0",
            "١",
            "9999999999999999999",
            "Patient/1",
            "1,2",
            "0B2F6A52-9D5E-4C0A-8B83-0A7A1C1F2E3D",
            "0b2f6a529d5e4c0a8b830a7a1c1f2e3d",
        ];
        for text in hostile {
            assert!(!IdRule::NumberOrUuid.admits(text), "{text:?}");
        }
        for value in [json!(1.5), json!(true), json!([1]), json!(null)] {
            assert!(from_value::<StudyId>(value.clone()).is_err(), "{value}");
        }
    }

    #[test]
    fn e01_no_fhir_id_leaves_its_place_either() {
        let hostile_anywhere = [
            "",
            " 1",
            "1 ",
            "+1",
            ".",
            "..",
            "...",
            "../1",
            "1/..",
            "%2e%2e",
            "1?x=1",
            "1#",
            "1\0",
            "١",
            "Patient/1",
            "1,2",
            "a_b",
            "a\\b",
            "a:b",
            "@x",
        ];
        for text in hostile_anywhere {
            assert!(!IdRule::Fhir.admits(text), "{text:?}");
            assert!(PatientId::parse(text).is_none(), "{text:?}");
            assert!(StudyId::parse(text).is_none(), "{text:?}");
            assert!(from_value::<ResourceId>(json!(text)).is_err(), "{text:?}");
        }
        assert!(ResourceId::parse(&"a".repeat(65)).is_none());
    }

    #[test]
    fn a_refused_id_is_named_and_explained() {
        let error = from_value::<StudyId>(json!("a/b")).unwrap_err().to_string();
        assert!(error.contains("study_id must be an id: "), "{error}");
    }
}
