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
    code: Option<&'static str>,
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
    let kind = DataType::by_name(name);
    let wanted = kind.map_or(name, |kind| kind.short_name);
    let name = schema::names().into_iter().find(|known| *known == wanted)?;
    let schema = schema::document(name)?;
    let code = kind.map(|kind| kind.code);
    Some(OmhSchemaAnswer { envelope: Envelope::default(), name, code, schema })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_short_name_and_a_full_code_give_the_same_schema() {
        let short = find("blood-pressure").unwrap();
        assert_eq!(short.schema, find("omh:blood-pressure:4.0").unwrap().schema);
        assert_eq!(short.code, Some("omh:blood-pressure:4.0"));
        assert!(find("blood-pressur").is_none());
    }

    #[test]
    fn t16_every_data_type_has_a_schema() {
        for kind in DataType::all() {
            assert!(find(kind.code).is_some(), "{}", kind.code);
        }
    }
}
