//! The name of a resource type: what is held here may stand in a URL.

use std::borrow::Cow;
use std::fmt;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Serialize};

/// A resource type by its name, as in `Observation`. Whether a backend serves it is asked elsewhere.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String")]
pub struct ResourceType(Cow<'static, str>);

impl ResourceType {
    /// Patients.
    pub const PATIENT: Self = Self(Cow::Borrowed("Patient"));
    /// Measurements and data points.
    pub const OBSERVATION: Self = Self(Cow::Borrowed("Observation"));
    /// Groups of people, which the Exchange makes of its studies.
    pub const GROUP: Self = Self(Cow::Borrowed("Group"));
    /// Studies, on servers that keep them so.
    pub const RESEARCH_STUDY: Self = Self(Cow::Borrowed("ResearchStudy"));
    /// People in such a study.
    pub const RESEARCH_SUBJECT: Self = Self(Cow::Borrowed("ResearchSubject"));
    /// What somebody agreed to or declined.
    pub const CONSENT: Self = Self(Cow::Borrowed("Consent"));
    /// Where measurements come from.
    pub const DEVICE: Self = Self(Cow::Borrowed("Device"));

    /// Accepts an upper-case letter and up to 63 letters after it: no other name is a type (FHIR R5
    /// §2.1.27), and none of these can leave its place in a path.
    pub fn parse(text: &str) -> Option<Self> {
        let mut bytes = text.bytes();
        let begins = bytes.next().is_some_and(|first| first.is_ascii_uppercase());
        let is_name = begins && text.len() <= 64 && bytes.all(|byte| byte.is_ascii_alphabetic());
        is_name.then(|| Self(Cow::Owned(text.to_owned())))
    }

    /// The name in a URL.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for ResourceType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl TryFrom<String> for ResourceType {
    type Error = &'static str;

    fn try_from(text: String) -> Result<Self, &'static str> {
        Self::parse(&text).ok_or("type must be the name of a resource type, such as Observation")
    }
}

impl JsonSchema for ResourceType {
    fn inline_schema() -> bool {
        true
    }
    fn schema_name() -> Cow<'static, str> {
        "ResourceType".into()
    }
    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({ "type": "string", "pattern": "^[A-Z][A-Za-z]{0,63}$" })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn e01_what_could_leave_its_place_in_a_url_is_no_type() {
        assert_eq!(ResourceType::parse("Observation").unwrap(), ResourceType::OBSERVATION);
        for text in
            ["", "observation", "Observation/", "../Patient", "Patient?x=1", "Pat ient", "$x", "Ä"]
        {
            assert!(ResourceType::parse(text).is_none(), "{text:?}");
        }
        assert!(ResourceType::parse(&"A".repeat(65)).is_none());
    }
}
