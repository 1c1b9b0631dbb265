//! Reading arguments: unknown names refused by name, bounds applied, days checked.

use std::borrow::Cow;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::Object;
use super::error::ToolError;
use super::text::clean;
use crate::fhir::date::{Window, day};

/// Reads typed parameters.
///
/// # Errors
/// An argument that is unknown, missing, or of the wrong shape, in one sentence.
pub fn read<T: DeserializeOwned>(arguments: Object) -> Result<T, ToolError> {
    let arguments = Value::Object(arguments);
    T::deserialize(&arguments).map_err(|error| {
        let cause = clean(&error.to_string());
        let named = culprit::<T>(&arguments, &error.to_string())
            .filter(|name| !cause.contains(name.as_str()))
            .map_or_else(String::new, |name| format!("{}: ", clean(&name)));
        ToolError::Argument(format!("invalid arguments: {named}{cause}"))
    })
}

/// The argument without which the complaint would be another one, or none.
fn culprit<T: DeserializeOwned>(arguments: &Value, complaint: &str) -> Option<String> {
    let names = arguments.as_object()?.keys();
    let is_to_blame = |name: &&String| {
        let mut others = arguments.clone();
        others.as_object_mut().and_then(|others| others.remove(name.as_str()));
        T::deserialize(&others).err().is_none_or(|error| error.to_string() != complaint)
    };
    names.into_iter().find(is_to_blame).cloned()
}

macro_rules! bounded {
    ($(#[$doc:meta])* $name:ident, $field:literal, $default:literal, $most:literal) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
        #[serde(try_from = "serde_json::Number")]
        pub struct $name(u32);

        impl JsonSchema for $name {
            fn inline_schema() -> bool {
                true
            }
            fn schema_name() -> Cow<'static, str> {
                stringify!($name).into()
            }
            fn json_schema(_: &mut SchemaGenerator) -> Schema {
                json_schema!({ "type": "integer", "minimum": 1, "maximum": $most })
            }
        }

        impl $name {
            /// The number, within its bounds.
            pub const fn number(self) -> u32 {
                self.0
            }
        }

        impl Default for $name {
            fn default() -> Self {
                Self($default)
            }
        }

        impl TryFrom<serde_json::Number> for $name {
            type Error = &'static str;

            /// Whole numbers outside the bounds become the nearest bound; the answer shows it.
            fn try_from(number: serde_json::Number) -> Result<Self, &'static str> {
                let whole = number.as_i64().ok_or(concat!($field, " must be a whole number"))?;
                let clamped = u32::try_from(whole.clamp(1, $most)).unwrap_or($default);
                Ok(Self(clamped))
            }
        }
    };
}

bounded! {
    /// How many rows a page of an answer has: 1 to 1000, usually 50.
    Limit, "limit", 50, 1000
}

bounded! {
    /// Which page, from 1.
    Page, "page", 1, 1_000_000
}

bounded! {
    /// How many of a few are wanted: 1 to 100, usually 20.
    Few, "limit", 20, 100
}

bounded! {
    /// How many entries each section shows: 1 to 20, usually 5.
    Entries, "entries", 5, 20
}

bounded! {
    /// How many characters stand on either side of a match: 1 to 300, usually 80.
    Around, "context", 80, 300
}

/// Reads `start` and `end`.
///
/// # Errors
/// A day that is none, or a start after the end.
pub fn window(start: Option<&str>, end: Option<&str>) -> Result<Window, ToolError> {
    let bound = |name: &str, text: Option<&str>| {
        text.map(|text| {
            day(text).ok_or_else(|| {
                ToolError::Argument(format!("{name} must be a real day written YYYY-MM-DD"))
            })
        })
        .transpose()
    };
    let window = Window { start: bound("start", start)?, end: bound("end", end)? };
    match (window.start, window.end) {
        (Some(start), Some(end)) if end < start => {
            Err(ToolError::Argument("start must not be later than end".to_owned()))
        }
        _ => Ok(window),
    }
}

/// A text argument: trimmed, and absent when blank.
///
/// # Errors
/// A text of unreasonable length.
pub fn words(name: &str, text: Option<&str>) -> Result<Option<String>, ToolError> {
    let trimmed = text.map(str::trim).filter(|text| !text.is_empty());
    if trimmed.is_some_and(|text| text.chars().count() > 200) {
        return Err(ToolError::Argument(format!("{name} must have at most 200 characters")));
    }
    Ok(trimmed.map(str::to_owned))
}

#[cfg(test)]
mod tests {
    use serde_json::{from_value, json};

    use super::*;

    #[derive(Debug, Deserialize)]
    #[serde(deny_unknown_fields)]
    struct Sample {
        #[serde(default)]
        limit: Limit,
        #[serde(default)]
        order: Option<Order>,
    }

    #[derive(Debug, Deserialize)]
    enum Order {
        Newest,
    }

    fn sample(arguments: &Value) -> Result<Sample, ToolError> {
        read(arguments.as_object().cloned().unwrap())
    }

    #[test]
    fn an_unknown_argument_is_refused_by_name() {
        let refusal = sample(&json!({"limt": 5})).unwrap_err().to_string();
        assert!(refusal.contains("limt") && refusal.contains("limit"), "{refusal}");
    }

    #[test]
    fn a_bad_argument_is_named_even_where_its_type_does_not_know_its_name() {
        for bad in [json!({"limit": 3, "order": "random"}), json!({"limit": 3, "order": 7})] {
            let refusal = sample(&bad).unwrap_err().to_string();
            assert!(refusal.starts_with("invalid arguments: order: "), "{refusal}");
        }
        assert!(sample(&json!({"limit": 3, "order": "Newest"})).unwrap().order.is_some());
    }

    #[test]
    fn a_bound_is_clamped_and_a_fraction_refused() {
        let limit = |value: Value| from_value::<Limit>(value).map(Limit::number).ok();
        assert_eq!(limit(json!(0)), Some(1));
        assert_eq!(limit(json!(-7)), Some(1));
        assert_eq!(limit(json!(100_000)), Some(1000));
        assert_eq!(limit(json!(2.5)), None);
        assert_eq!(limit(json!("5")), None);
        assert_eq!(sample(&json!({})).unwrap().limit.number(), 50);
    }

    #[test]
    fn a_window_is_refused_before_anything_is_asked() {
        assert!(window(Some("2026-11-10"), Some("2026-11-10")).is_ok());
        assert!(window(None, None).unwrap().is_open());
        for (start, end) in [(Some(""), None), (None, Some("2026-W15-1")), (Some("20261110"), None)]
        {
            assert!(window(start, end).is_err());
        }
        let reversed = window(Some("2026-11-11"), Some("2026-11-10")).unwrap_err().to_string();
        assert!(reversed.contains("start"), "{reversed}");
    }

    #[test]
    fn a_blank_text_is_an_absent_one() {
        assert_eq!(words("name", Some("  ")).unwrap(), None);
        assert_eq!(words("name", Some(" May ")).unwrap().as_deref(), Some("May"));
        assert!(words("name", Some(&"x".repeat(201))).is_err());
    }
}
