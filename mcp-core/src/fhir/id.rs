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
    /// A patient: a number for native rows, a lower-case UUID for imported ones. Read from a JSON
    /// string or integer, written as a string.
    PatientId, |text: &str| is_native(text) || is_uuid(text),
    "patient_id must be a positive whole number or a lower-case UUID",
    "^([1-9][0-9]{0,17}|[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12})$"
}

identifier! {
    /// A study: a number. Read from a JSON string or integer, written as a string.
    StudyId, is_native,
    "study_id must be a positive whole number",
    "^[1-9][0-9]{0,17}$"
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
            assert!(PatientId::parse(text).is_none(), "{text:?}");
            assert!(StudyId::parse(text).is_none(), "{text:?}");
            assert!(from_value::<PatientId>(json!(text)).is_err(), "{text:?}");
        }
        for value in [json!(-1), json!(0), json!(1.5), json!(true), json!([1]), json!(null)] {
            assert!(from_value::<StudyId>(value.clone()).is_err(), "{value}");
        }
    }

    #[test]
    fn a_refused_id_is_named_and_explained() {
        let error = from_value::<StudyId>(json!("abc")).unwrap_err().to_string();
        assert!(error.contains("study_id must be a positive whole number"), "{error}");
    }
}
