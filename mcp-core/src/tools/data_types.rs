//! Which kinds of data the backend knows, asked anew each time.

use schemars::JsonSchema;
use serde::Serialize;

use super::Tool;
use super::data_type::{DataType, Known, Origin};
use super::envelope::{Envelope, SourceStatus};
use super::error::ToolError;
use super::served::Family;
use super::studies::NoInput;
use super::text::clean;
use crate::backend::fault::Fault;
use crate::backend::inquiry::Inquiry;
use crate::omh::registry;

const FREE_TEXT: &[&str] = &["data_types[].display", "other_codes[].display"];

/// `list_data_types`
#[derive(Debug)]
pub struct DataTypes;

/// The kinds of data.
#[derive(Serialize, JsonSchema)]
pub struct DataTypesAnswer {
    #[serde(flatten)]
    envelope: Envelope,
    /// Where the list comes from. `built_in` does not prove that the backend has such data.
    origin: Origin,
    /// Kinds of data points, sorted by code.
    data_types: Vec<DataTypeRow>,
    /// Codes that are no kinds of data points, and yet can be consented to.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    other_codes: Vec<OtherCode>,
}

/// One kind.
#[derive(Serialize, JsonSchema)]
#[schemars(inline)]
pub struct DataTypeRow {
    /// What `data_type` takes in the other tools.
    data_type: String,
    /// The full code.
    code: String,
    /// The system of the code.
    system: String,
    /// The name for people.
    display: String,
    /// Whether its values are known by name; if not, `verbosity` full shows the body as it is.
    has_named_values: bool,
}

/// A code that is no kind of data point.
#[derive(Serialize, JsonSchema)]
#[schemars(inline)]
pub struct OtherCode {
    /// The full code.
    code: String,
    /// The system of the code.
    system: String,
    /// The name for people.
    display: String,
}

impl DataTypeRow {
    /// With its short name, if that is its own alone.
    fn of(known: &DataType, all: &[DataType]) -> Self {
        let short = known.short_name();
        let is_shared = all.iter().filter(|other| other.short_name() == short).count() > 1;
        Self {
            data_type: if is_shared { known.code.clone() } else { short.to_owned() },
            code: known.code.clone(),
            system: known.system.clone(),
            display: known.display.clone(),
            has_named_values: registry::DataType::by_code(&known.system, &known.code).is_some(),
        }
    }
}

impl Tool for DataTypes {
    const NAME: &'static str = "list_data_types";
    const TITLE: &'static str = "List data types";
    const FAMILY: Family = Family::Schemas;
    const DESCRIPTION: &'static str = "The kinds of data that the backend knows, asked anew: what `data_type` takes, with codes and \
         names. Holds no patient data.";
    type Input = NoInput;
    type Output = DataTypesAnswer;

    async fn run(inquiry: &Inquiry, _: NoInput) -> Result<DataTypesAnswer, ToolError> {
        let mut envelope = Envelope::with_text(FREE_TEXT);
        let listed = match inquiry.vocabulary_now().await {
            Ok(listed) => listed,
            Err(Fault::TokenRefused) => return Err(Fault::TokenRefused.into()),
            Err(_) => {
                envelope.source("the backend's list of codes", SourceStatus::Failed);
                inquiry.vocabulary().await.unwrap_or_default()
            }
        };
        let known = Known::of(inquiry, &listed);
        if known.origin == Origin::BuiltIn {
            envelope.hint(
                "The backend lists no codes of its own; whether it has data of these kinds, only a \
                 count tells.",
            );
        }
        let data_types = known.types.iter().map(|one| DataTypeRow::of(one, &known.types)).collect();
        let other = |code: &crate::backend::vocabulary::ListedCode| OtherCode {
            code: clean(&code.code),
            system: clean(&code.system),
            display: clean(&code.display),
        };
        let other_codes = known.others.iter().map(other).collect();
        Ok(DataTypesAnswer { envelope, origin: known.origin, data_types, other_codes })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_short_name_is_offered_only_where_it_is_one_kind_alone() {
        let of = |code: &str| DataType {
            name: None,
            system: registry::OPEN_MHEALTH.to_owned(),
            code: code.to_owned(),
            display: String::new(),
        };
        let all = ["omh:heart-rate:1.0", "omh:heart-rate:2.0", "ieee:food-entry:0.1"].map(of);
        let offered = all.clone().map(|one| DataTypeRow::of(&one, &all).data_type);
        assert_eq!(offered, ["omh:heart-rate:1.0", "omh:heart-rate:2.0", "food-entry"]);
        assert!(!DataTypeRow::of(&all[2], &all).has_named_values);
        assert!(DataTypeRow::of(&all[1], &all).has_named_values);
    }
}
