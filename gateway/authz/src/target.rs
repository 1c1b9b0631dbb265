//! Which patients a call is about, as far as its arguments say: by the names that arguments have
//! throughout the catalogue, whatever the tool, its alias included.
//!
//! It is for the audit trail, which writes a pseudonym of what is found here and never the id.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::fmt;

use serde::Deserialize;
use serde_json::value::RawValue;

use crate::mcp_call::McpCall;

/// Arguments that name patients: by id, by a number, by a reference, or by a list of these.
const NAMES: [&str; 8] = [
    "patient",
    "patient_id",
    "patient_ids",
    "patients",
    "subject",
    "subject_id",
    "subject_ids",
    "subjects",
];
/// Arguments that say of which type the `id` beside them is.
const TYPES: [&str; 2] = ["type", "resource_type"];
/// Arguments that hold search criteria.
const CRITERIA: [&str; 3] = ["criteria", "parameters", "params"];
/// How a reference to a patient begins (FHIR R4 §2.3.0.1).
const REFERENCE: &str = "Patient/";
/// More patients than these are counted, and not named one by one.
const MOST: usize = 100;

/// The id of a patient as a call names it. It has no printable form.
#[derive(Clone, PartialEq, Eq)]
pub struct TargetPatient(String);

impl TargetPatient {
    /// A FHIR id, or a reference to a patient; core refuses what is neither.
    fn parse(text: &str) -> Option<Self> {
        let id = text.strip_prefix(REFERENCE).unwrap_or(text);
        let allowed = |byte: u8| byte.is_ascii_alphanumeric() || b"-.".contains(&byte);
        ((1..=64).contains(&id.len()) && id.bytes().all(allowed)).then(|| Self(id.to_owned()))
    }

    /// The id itself, for the one place that makes the pseudonym.
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for TargetPatient {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("TargetPatient([hidden])")
    }
}

/// The patients of one call, each once.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Targets {
    /// The first hundred, in the order of the text.
    pub named: Vec<TargetPatient>,
    /// How many more there are, repetitions included.
    pub more: usize,
}

impl Targets {
    /// The patients whom the arguments of `call` name. `body` is what the call was parsed from.
    pub fn of(call: &McpCall, body: &[u8]) -> Self {
        let mut found = Self::default();
        if call.tool().is_none() {
            return found;
        }
        let Ok(body) = serde_json::from_slice::<Body<'_>>(body) else { return found };
        let arguments = body.params.arguments.0;
        let is_type = |(name, value): &(Cow<'_, str>, &RawValue)| {
            TYPES.contains(&&**name) && text(value).as_deref() == Some("Patient")
        };
        let of_patients = arguments.iter().any(is_type);
        for (name, value) in &arguments {
            match &**name {
                name if NAMES.contains(&name) => found.take(value),
                "id" | "ids" if of_patients => found.take(value),
                name if CRITERIA.contains(&name) => found.take_criteria(value, of_patients),
                // Whatever it is called, a reference says what it is.
                _ => found.take_reference(value),
            }
        }
        found
    }

    fn add(&mut self, patient: TargetPatient) {
        if self.named.contains(&patient) {
            return;
        }
        if self.named.len() < MOST {
            self.named.push(patient);
        } else {
            self.more += 1;
        }
    }

    /// One id, or a list of them.
    fn take(&mut self, value: &RawValue) {
        for one in each(value) {
            if let Some(patient) = text(one).as_deref().and_then(TargetPatient::parse) {
                self.add(patient);
            }
        }
    }

    fn take_reference(&mut self, value: &RawValue) {
        for one in each(value) {
            if let Some(text) = text(one).filter(|text| text.starts_with(REFERENCE))
                && let Some(patient) = TargetPatient::parse(&text)
            {
                self.add(patient);
            }
        }
    }

    /// Criteria of a search: a list of `{name, modifier?, values}`, or an object of values by name.
    fn take_criteria(&mut self, value: &RawValue, of_patients: bool) {
        if let Ok(criteria) = serde_json::from_str::<Vec<Criterion<'_>>>(value.get()) {
            for Criterion { name, modifier, values } in criteria {
                let name = [&*name, modifier.as_deref().unwrap_or_default()];
                self.take_criterion(name, values, of_patients);
            }
        } else if let Ok(Members(members)) = serde_json::from_str(value.get()) {
            for (name, values) in members {
                let (name, modifier) = name.split_once(':').unwrap_or((&name, ""));
                self.take_criterion([name, modifier], values, of_patients);
            }
        }
    }

    fn take_criterion(&mut self, name: [&str; 2], values: &RawValue, of_patients: bool) {
        // Through a modifier such as `identifier` or `missing`, a value is no id.
        let [name, ""] = name.map(|word| if word == "Patient" { "" } else { word.trim() }) else {
            return;
        };
        let by_id = matches!(name, "patient" | "subject" | "patient._id" | "subject._id");
        if by_id || (of_patients && name == "_id") {
            self.take(values);
        }
    }
}

/// The values of a list; of anything else, itself.
fn each(value: &RawValue) -> Vec<&RawValue> {
    serde_json::from_str(value.get()).unwrap_or_else(|_| vec![value])
}

/// A text, or a whole number as a text.
fn text(value: &RawValue) -> Option<Cow<'_, str>> {
    let json = value.get();
    if json.bytes().all(|byte| byte.is_ascii_digit()) {
        return Some(json.into());
    }
    serde_json::from_str::<Name<'_>>(json).ok().map(|Name(text)| text)
}

#[derive(Deserialize)]
struct Criterion<'a> {
    #[serde(borrow)]
    name: Cow<'a, str>,
    #[serde(borrow, default)]
    modifier: Option<Cow<'a, str>>,
    #[serde(borrow)]
    values: &'a RawValue,
}

#[derive(Deserialize)]
struct Body<'a> {
    #[serde(borrow)]
    params: Parameters<'a>,
}

#[derive(Deserialize)]
struct Parameters<'a> {
    #[serde(borrow)]
    arguments: Members<'a>,
}

/// The members of an object, in the order of the text; of a repeated one the last, which is what core
/// reads.
struct Members<'a>(Vec<(Cow<'a, str>, &'a RawValue)>);

impl<'de: 'a, 'a> Deserialize<'de> for Members<'a> {
    fn deserialize<D: serde::Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        struct Visitor;
        impl<'de> serde::de::Visitor<'de> for Visitor {
            type Value = Vec<(Cow<'de, str>, &'de RawValue)>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object")
            }

            fn visit_map<M: serde::de::MapAccess<'de>>(
                self,
                mut map: M,
            ) -> Result<Self::Value, M::Error> {
                let mut members = BTreeMap::new();
                let mut at = 0_usize;
                while let Some(Name(name)) = map.next_key()? {
                    at += 1;
                    members.insert(name, (at, map.next_value()?));
                }
                let mut members: Vec<_> = members.into_iter().collect();
                members.sort_unstable_by_key(|(_, (at, _))| *at);
                Ok(members.into_iter().map(|(name, (_, value))| (name, value)).collect())
            }
        }
        from.deserialize_map(Visitor).map(Members)
    }
}

/// A name that is borrowed where it has no escapes.
#[derive(Deserialize, PartialEq, Eq)]
struct Name<'a>(#[serde(borrow)] Cow<'a, str>);

#[cfg(test)]
mod tests;
