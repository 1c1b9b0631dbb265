//! Open mHealth schemas.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::envelope::Envelope;
use super::error::ToolError;
use super::served::Family;
use super::{Object, Tool};
use crate::backend::inquiry::Inquiry;
use crate::omh::registry::DataType;
use crate::omh::schema;

/// `get_omh_schema`
#[derive(Debug)]
pub struct OmhSchema;

/// Which schema.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct OmhSchemaInput {
    /// A short name such as `blood-pressure`, or a full code such as `omh:blood-pressure:4.0`.
    name: String,
}

/// A schema.
#[derive(Debug, Serialize, JsonSchema)]
pub struct OmhSchemaAnswer {
    #[serde(flatten)]
    envelope: Envelope,
    /// The schema's short name.
    name: &'static str,
    /// The full code of the data type; a header has none.
    #[serde(skip_serializing_if = "Option::is_none")]
    code: Option<String>,
    /// Other codes under which the same measure is written, or was.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    other_codes: Vec<String>,
    /// What it is written as today, where that is another type.
    #[serde(skip_serializing_if = "Option::is_none")]
    superseded_by: Option<&'static str>,
    /// The JSON Schema; everything it refers to is inside it.
    #[schemars(with = "Object")]
    schema: &'static Value,
}

impl Tool for OmhSchema {
    const NAME: &'static str = "get_omh_schema";
    const TITLE: &'static str = "Explain a data type";
    const FAMILY: Family = Family::Schemas;
    const DESCRIPTION: &'static str = "The JSON Schema of an Open mHealth data type: its fields, their meaning and their units. \
         Holds no patient data.";
    type Input = OmhSchemaInput;
    type Output = OmhSchemaAnswer;

    async fn run(_: &Inquiry, input: OmhSchemaInput) -> Result<OmhSchemaAnswer, ToolError> {
        find(input.name.trim()).ok_or_else(|| {
            let known = schema::names().join(", ");
            ToolError::Argument(format!("name is no schema that is known here: {known}"))
        })
    }
}

fn find(name: &str) -> Option<OmhSchemaAnswer> {
    let schema = schema::document(name)?;
    let envelope = Envelope::default();
    let Some(kind) = DataType::by_name(name) else {
        let (code, other_codes, superseded_by) = (None, Vec::new(), None);
        return Some(OmhSchemaAnswer {
            envelope,
            name: "header",
            code,
            other_codes,
            superseded_by,
            schema,
        });
    };
    let code = if name == kind.short_name { &kind.code } else { name };
    let kin = DataType::kin(&kind.short_name).into_iter().flat_map(DataType::codes);
    Some(OmhSchemaAnswer {
        envelope,
        name: &kind.short_name,
        code: Some(code.to_owned()),
        other_codes: kin.filter(|other| other != code).collect(),
        superseded_by: kind.successor().map(|successor| successor.code.as_str()),
        schema,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_short_name_and_the_newest_full_code_give_the_same_schema() {
        let short = find("blood-pressure").unwrap();
        assert_eq!(short.schema, find("omh:blood-pressure:4.0").unwrap().schema);
        assert_eq!(short.code.as_deref(), Some("omh:blood-pressure:4.0"));
        assert!(find("blood-pressur").is_none());
    }

    #[test]
    fn t16_every_version_of_every_data_type_has_a_schema_of_its_own() {
        for kind in DataType::all() {
            for code in kind.codes() {
                assert_eq!(find(&code).unwrap().code.as_ref(), Some(&code));
            }
        }
        let (old, new) = (find("omh:blood-glucose:1.0").unwrap(), find("blood-glucose").unwrap());
        assert_ne!(old.schema, new.schema);
        assert!(new.other_codes.contains(&"omh:blood-glucose:1.0".to_owned()));
    }

    #[test]
    fn what_a_type_is_written_as_today_is_told() {
        let steps = find("step-count").unwrap();
        assert_eq!(steps.superseded_by, Some("ieee:physical-activity:1.0"));
        assert!(steps.other_codes.contains(&"ieee:physical-activity:1.0".to_owned()));
        assert_eq!(find("ieee:physical-activity:1.0").unwrap().superseded_by, None);
    }

    #[test]
    fn both_generations_of_the_header_are_explained() {
        let header = find("header").unwrap();
        assert_eq!((header.name, header.code), ("header", None));
        assert_ne!(find("omh:header:1.2").unwrap().schema, header.schema);
    }
}
