//! What a resource type has, and how it is searched.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::mistakes;
use crate::backend::capability::Capability;
use crate::backend::inquiry::Inquiry;
use crate::fhir::resource_type::ResourceType;
use crate::fhir::specification::{COMMON_PARAMETERS, Element};
use crate::tools::Tool;
use crate::tools::envelope::Envelope;
use crate::tools::error::ToolError;
use crate::tools::served::Family;
use crate::tools::text::clean;

/// `fhir_schema`
#[derive(Debug)]
pub struct FhirSchema;

/// Which type.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct FhirSchemaInput {
    /// The resource type, as in `Condition`.
    r#type: ResourceType,
}

/// What a type has.
#[derive(Debug, Serialize, JsonSchema)]
pub struct FhirSchemaAnswer {
    #[serde(flatten)]
    envelope: Envelope,
    /// The resource type.
    r#type: String,
    /// The FHIR version.
    fhir_version: &'static str,
    /// Whether the backend serves the type; absent where it does not tell.
    #[serde(skip_serializing_if = "Option::is_none")]
    served: Option<bool>,
    /// Its elements and their types. `!` stands behind what every resource has, `*` behind what may
    /// repeat; `[x]` is one of the types, with its name, as in valueQuantity.
    elements: BTreeMap<&'static str, String>,
    /// Search parameters that work at this backend, and what their values are.
    search_parameters: BTreeMap<String, &'static str>,
    /// What is easily got wrong.
    common_mistakes: Vec<&'static str>,
}

impl Tool for FhirSchema {
    const NAME: &'static str = "fhir_schema";
    const TITLE: &'static str = "Explain a resource type";
    const DESCRIPTION: &'static str = "The elements of a FHIR resource type, the search parameters that this backend supports for \
         it, and common mistakes. Holds no patient data. Ask it before the first fhir_search of a type.";
    const FAMILY: Family = Family::Fhir;
    type Input = FhirSchemaInput;
    type Output = FhirSchemaAnswer;

    async fn run(inquiry: &Inquiry, input: FhirSchemaInput) -> Result<FhirSchemaAnswer, ToolError> {
        let kind = input.r#type.as_str();
        let version = inquiry.profile.fhir.version;
        let Some(definition) = version.specification().definition(kind) else {
            let words = version.as_str();
            let mistake = format!(
                "type: FHIR {words} has no resource type {kind}; write it as in Observation"
            );
            return Err(ToolError::Argument(mistake));
        };
        let capability = inquiry.capability().await;
        let mut envelope = Envelope::default();
        let served = match &*capability {
            Capability::Known(known) => Some(known.statement.resources.contains_key(kind)),
            Capability::Unknown => None,
        };
        let search_parameters = parameters(inquiry, &capability, kind, &mut envelope);
        if served == Some(false) {
            envelope.hint(
                "This backend does not serve the type; fhir_capabilities lists those it does.",
            );
        }
        let element = |element: &Element| (element.name, described(element));
        let common = mistakes::of(kind).iter().chain(mistakes::ALL).copied();
        Ok(FhirSchemaAnswer {
            envelope,
            r#type: kind.to_owned(),
            fhir_version: version.as_str(),
            served,
            elements: definition.elements.iter().map(element).collect(),
            search_parameters,
            common_mistakes: common.collect(),
        })
    }
}

fn described(element: &Element) -> String {
    let required = if element.is_required { "!" } else { "" };
    let repeats = if element.repeats { "*" } else { "" };
    format!("{}{required}{repeats}", element.types)
}

/// What works: announced, or listed in the profile, or, where nothing is known, specified.
pub fn parameters(
    inquiry: &Inquiry,
    capability: &Capability,
    kind: &str,
    envelope: &mut Envelope,
) -> BTreeMap<String, &'static str> {
    let profile = &inquiry.profile;
    let mut parameters: BTreeMap<String, &'static str> =
        profile.undeclared(kind).map(|(name, kind)| (name.to_owned(), kind.as_str())).collect();
    if let Capability::Known(known) = capability
        && let Some(announced) = known.statement.resources.get(kind)
    {
        let words = announced.search_parameters.keys();
        let known = words.filter_map(|name| Some((clean(name), known.statement.kind(kind, name)?)));
        parameters.extend(known.map(|(name, kind)| (name, kind.as_str())));
        return parameters;
    }
    if matches!(capability, Capability::Unknown) {
        let definition = profile.fhir.version.specification().definition(kind);
        let own = definition.into_iter().flat_map(|definition| definition.parameters.iter());
        let own = own.map(|(name, kind)| ((*name).to_owned(), kind.as_str()));
        let common =
            COMMON_PARAMETERS.iter().map(|(name, kind)| ((*name).to_owned(), kind.as_str()));
        parameters.extend(own.chain(common));
        if !profile.search.knows_specification {
            let sentence = "The backend does not tell which search parameters it supports: these \
                            are all that FHIR knows.";
            envelope.leave_out(sentence);
        }
    }
    parameters
}
