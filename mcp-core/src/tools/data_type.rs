//! Data types by name: the backend's own list decides, the built-in table helps where there is none.

use std::sync::Arc;

use schemars::JsonSchema;
use serde::Serialize;

use crate::backend::fault::Fault;
use crate::backend::inquiry::Inquiry;
use crate::backend::vocabulary::ListedCode;
use crate::fhir::search::Filter;
use crate::omh::registry;

use super::error::ToolError;
use super::text::clean;

/// A kind of data point that the backend can be asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DataType {
    /// Its short name, where the backend's profile gives one.
    pub name: Option<String>,
    /// The coding system.
    pub system: String,
    /// The code in it, as in `omh:heart-rate:2.0`.
    pub code: String,
    /// Its name for people.
    pub display: String,
}

impl DataType {
    /// The middle of the code, as in `heart-rate`.
    pub fn short_name(&self) -> &str {
        let middle = || self.code.split(':').nth(1).unwrap_or(&self.code);
        self.name.as_deref().unwrap_or_else(middle)
    }

    /// The filter for it.
    pub fn filter(&self) -> Filter {
        Filter::Code { system: self.system.clone(), code: self.code.clone() }
    }
}

/// Codes of this system name types of resources: something to consent to, not a kind of data point.
const RESOURCE_TYPES: &str = "http://hl7.org/fhir/resource-types";

/// Where a list of data types comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
#[schemars(inline)]
pub enum Origin {
    /// The backend's own list, as it is now.
    Backend,
    /// The backend's profile at this service.
    Profile,
    /// The table that this service is built with.
    BuiltIn,
}

/// The data types of a backend, sorted by code.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Known {
    /// Kinds of data points.
    pub types: Vec<DataType>,
    /// Codes that are no kinds of data points.
    pub others: Vec<ListedCode>,
    /// Where they come from.
    pub origin: Origin,
}

impl Known {
    /// From the backend's list, or from the built-in table where that is empty.
    pub fn of(inquiry: &Inquiry, listed: &[ListedCode]) -> Self {
        let is_point = |listed: &&ListedCode| listed.system != RESOURCE_TYPES;
        let (points, others): (Vec<_>, Vec<_>) = listed.iter().partition(is_point);
        let mut types: Vec<DataType> = points
            .into_iter()
            .map(|listed| DataType {
                name: listed.name.clone(),
                system: listed.system.clone(),
                code: listed.code.clone(),
                display: clean(&listed.display),
            })
            .collect();
        let mut origin =
            if inquiry.profile.vocabulary.is_empty() { Origin::Backend } else { Origin::Profile };
        if types.is_empty() {
            (types, origin) = (built_in(), Origin::BuiltIn);
        }
        types.sort_by(|one, other| one.code.cmp(&other.code));
        Self { types, others: others.into_iter().cloned().collect(), origin }
    }
}

/// All data types of the backend, sorted by code.
///
/// # Errors
/// The backend refused the token. Any other failure leaves the built-in table.
pub async fn all(inquiry: &Inquiry) -> Result<Vec<DataType>, Fault> {
    Ok(usable(inquiry, inquiry.vocabulary().await)?.types)
}

fn usable(inquiry: &Inquiry, listed: Result<Arc<Vec<ListedCode>>, Fault>) -> Result<Known, Fault> {
    match listed {
        Err(Fault::TokenRefused) => Err(Fault::TokenRefused),
        listed => Ok(Known::of(inquiry, &listed.unwrap_or_default())),
    }
}

fn built_in() -> Vec<DataType> {
    let owned = |known: &registry::DataType| DataType {
        name: None,
        system: known.system.to_owned(),
        code: known.code.to_owned(),
        display: known.display.to_owned(),
    };
    registry::DataType::shipped().map(owned).collect()
}

/// The data type of this name, which may be absent or blank. A name that the list as we remember it does
/// not have may have been added since, so the backend is asked again before it is refused.
///
/// # Errors
/// A name that the backend has no code for, or that several codes share.
pub async fn resolve(inquiry: &Inquiry, name: Option<&str>) -> Result<Option<DataType>, ToolError> {
    let Some(name) = name.map(str::trim).filter(|name| !name.is_empty()) else { return Ok(None) };
    if let Ok(known) = pick(&all(inquiry).await?, name) {
        return Ok(Some(known));
    }
    match inquiry.vocabulary_now().await {
        // Without the list it is not known whether there is such a code.
        Err(fault) if !fault.hides_the_record() => Err(fault.into()),
        listed => pick(&usable(inquiry, listed)?.types, name).map(Some),
    }
}

fn pick(types: &[DataType], name: &str) -> Result<DataType, ToolError> {
    if let Some(exact) = types.iter().find(|known| known.code == name) {
        return Ok(exact.clone());
    }
    let named: Vec<&DataType> = types.iter().filter(|known| known.short_name() == name).collect();
    match named.as_slice() {
        [only] => Ok((*only).clone()),
        [] => {
            let known: Vec<&str> = types.iter().map(DataType::short_name).collect();
            let known = known.join(", ");
            Err(ToolError::Argument(format!("data_type is not one that this backend has: {known}")))
        }
        several => {
            let codes: Vec<&str> = several.iter().map(|known| known.code.as_str()).collect();
            let codes = codes.join(", ");
            Err(ToolError::Argument(format!("data_type has several codes, name one: {codes}")))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn types(codes: &[&str]) -> Vec<DataType> {
        let of = |code: &&str| DataType {
            name: None,
            system: "https://w3id.org/openmhealth".to_owned(),
            code: (*code).to_owned(),
            display: String::new(),
        };
        codes.iter().map(of).collect()
    }

    #[test]
    fn a_short_name_and_a_full_code_mean_the_same() {
        let types = types(&["omh:heart-rate:2.0", "omh:step-count:3.0"]);
        assert_eq!(
            pick(&types, "heart-rate").unwrap(),
            pick(&types, "omh:heart-rate:2.0").unwrap()
        );
    }

    #[test]
    fn t08_an_unknown_type_is_refused_with_the_known_names() {
        let refusal = pick(&types(&["omh:heart-rate:2.0"]), "pulse").unwrap_err().to_string();
        assert!(refusal.contains("data_type") && refusal.contains("heart-rate"), "{refusal}");
    }

    #[test]
    fn a_name_with_two_codes_must_be_said_in_full() {
        let types = types(&["omh:heart-rate:1.0", "omh:heart-rate:2.0"]);
        assert!(pick(&types, "heart-rate").unwrap_err().to_string().contains("omh:heart-rate:1.0"));
        assert_eq!(pick(&types, "omh:heart-rate:1.0").unwrap().code, "omh:heart-rate:1.0");
    }

    #[test]
    fn t16_every_built_in_type_can_be_named_short() {
        let types = built_in();
        assert!(!types.is_empty());
        for known in &types {
            assert_eq!(pick(&types, known.short_name()).unwrap(), *known);
        }
    }
}
