//! Which patients a call is about, as far as its arguments say: a closed table, by tool.
//!
//! It is for the audit trail, which writes a pseudonym of what is found here and never the id.

use std::borrow::Cow;
use std::fmt;

use serde::Deserialize;
use serde_json::value::RawValue;

use crate::mcp_call::McpCall;

/// The argument that names a patient, or several, by tool.
const PATIENT_ARGUMENT: &[(&str, &str)] = &[
    ("count_patient_observations", "patient_id"),
    ("get_patient_consents", "patient_id"),
    ("get_patient_date_range", "patient_id"),
    ("get_patient_demographics", "patient_id"),
    ("get_patient_observations", "patient_id"),
    ("list_data_sources", "patient_id"),
    ("observation_count", "patient_ids"),
    ("summarize_patient_observations", "patient_id"),
];

/// Patients of one call; core refuses more.
const MOST: usize = 200;

/// The id of a patient as a call names it. It has no printable form.
#[derive(Clone, PartialEq, Eq)]
pub struct TargetPatient(String);

impl TargetPatient {
    /// The patients whom the arguments of `call` name, each once. `body` is what the call was parsed
    /// from.
    pub fn of(call: &McpCall, body: &[u8]) -> Vec<Self> {
        let argument = call.tool().and_then(|tool| Self::argument_of(tool.as_str()));
        let Some(argument) = argument else { return Vec::new() };
        let Ok(body) = serde_json::from_slice::<Body<'_>>(body) else { return Vec::new() };
        let value = body.params.arguments.0.into_iter().find(|(name, _)| name == argument);
        let Some((_, value)) = value else { return Vec::new() };
        let mut patients: Vec<Self> = match serde_json::from_str::<Vec<&RawValue>>(value.get()) {
            Ok(several) => {
                several.into_iter().take(MOST).filter_map(|one| Self::parse(one.get())).collect()
            }
            Err(_) => Self::parse(value.get()).into_iter().collect(),
        };
        patients.sort_unstable_by(|one, other| one.0.cmp(&other.0));
        patients.dedup();
        patients
    }

    /// A FHIR id, as a string or as a whole number; core refuses what is neither.
    fn parse(json: &str) -> Option<Self> {
        let id = match serde_json::from_str(json).ok()? {
            Id::Text(text) => text.into_owned(),
            Id::Number(number) => number.to_string(),
        };
        let allowed = |byte: u8| byte.is_ascii_alphanumeric() || b"-.".contains(&byte);
        ((1..=64).contains(&id.len()) && id.bytes().all(allowed)).then_some(Self(id))
    }

    /// The id itself, for the one place that makes the pseudonym.
    pub fn expose(&self) -> &str {
        &self.0
    }

    /// Which argument of `tool` names a patient, or several.
    pub fn argument_of(tool: &str) -> Option<&'static str> {
        PATIENT_ARGUMENT.iter().find(|(known, _)| *known == tool).map(|(_, argument)| *argument)
    }
}

impl fmt::Debug for TargetPatient {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("TargetPatient([hidden])")
    }
}

#[derive(Deserialize)]
struct Body<'a> {
    #[serde(borrow)]
    params: Parameters<'a>,
}

#[derive(Deserialize)]
struct Parameters<'a> {
    #[serde(borrow)]
    arguments: Arguments<'a>,
}

/// The members of `arguments`, in the order of the text.
struct Arguments<'a>(Vec<(Cow<'a, str>, &'a RawValue)>);

impl<'de: 'a, 'a> Deserialize<'de> for Arguments<'a> {
    fn deserialize<D: serde::Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        struct Members;
        impl<'de> serde::de::Visitor<'de> for Members {
            type Value = Vec<(Cow<'de, str>, &'de RawValue)>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object")
            }

            fn visit_map<M: serde::de::MapAccess<'de>>(
                self,
                mut map: M,
            ) -> Result<Self::Value, M::Error> {
                let mut members = Vec::new();
                while let Some(Name(name)) = map.next_key()? {
                    let value = map.next_value()?;
                    // The last of a repeated name is what core reads.
                    members.insert(0, (name, value));
                }
                Ok(members)
            }
        }
        from.deserialize_map(Members).map(Arguments)
    }
}

/// A name that is borrowed where it has no escapes.
#[derive(Deserialize, PartialEq, Eq)]
struct Name<'a>(#[serde(borrow)] Cow<'a, str>);

#[derive(Deserialize)]
#[serde(untagged)]
enum Id<'a> {
    Text(#[serde(borrow)] Cow<'a, str>),
    Number(u64),
}

#[cfg(test)]
mod tests {
    use super::*;

    fn targets(params: &str) -> Vec<String> {
        let body = format!(r#"{{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{params}}}"#);
        let call = McpCall::parse(body.as_bytes()).unwrap();
        let patients = TargetPatient::of(&call, body.as_bytes());
        patients.iter().map(|patient| patient.expose().to_owned()).collect()
    }

    fn target(params: &str) -> Option<String> {
        targets(params).pop()
    }

    #[test]
    fn several_patients_are_named_each_once_and_not_without_end() {
        let of = |ids: &str| {
            targets(&format!(
                r#"{{"name":"observation_count","arguments":{{"patient_ids":{ids}}}}}"#
            ))
        };
        assert_eq!(of(r#"[40002, "40001", 40002, "Ada Canary", null]"#), ["40001", "40002"]);
        assert_eq!(of("[]"), Vec::<String>::new());
        assert_eq!(of(&format!("{:?}", (1000..2000).collect::<Vec<u32>>())).len(), MOST);
    }

    #[test]
    fn a_number_and_its_text_are_the_same_patient() {
        for id in ["40001", "\"40001\"", "\"\\u00340001\""] {
            let params = format!(
                r#"{{"name":"get_patient_demographics","arguments":{{"patient_id":{id}}}}}"#
            );
            assert_eq!(target(&params).as_deref(), Some("40001"), "{id}");
        }
    }

    #[test]
    fn the_last_of_a_repeated_argument_counts_as_it_does_in_core() {
        let twice = r#"{"name":"get_patient_demographics",
            "arguments":{"patient_id":1,"patient_id":2,"patient\u005fid":3}}"#;
        assert_eq!(target(twice).as_deref(), Some("3"));
    }

    #[test]
    fn what_is_no_id_and_what_names_nobody_is_none() {
        for params in [
            r#"{"name":"list_studies","arguments":{"patient_id":40001}}"#,
            r#"{"name":"get_patient_demographics"}"#,
            r#"{"name":"get_patient_demographics","arguments":[]}"#,
            r#"{"name":"get_patient_demographics","arguments":{"patient":1}}"#,
            r#"{"name":"get_patient_demographics","arguments":{"patient_id":{"id":1}}}"#,
            r#"{"name":"get_patient_demographics","arguments":{"patient_id":"Ada Canary"}}"#,
            r#"{"name":"get_patient_demographics","arguments":{"patient_id":-1.5}}"#,
        ] {
            assert_eq!(target(params), None, "{params}");
        }
        let long = "9".repeat(65);
        let params = format!(
            r#"{{"name":"get_patient_demographics","arguments":{{"patient_id":"{long}"}}}}"#
        );
        assert_eq!(target(&params), None);
    }

    #[test]
    fn an_id_has_no_printable_form() {
        assert!(!format!("{:?}", TargetPatient("40001".to_owned())).contains("40001"));
    }
}
