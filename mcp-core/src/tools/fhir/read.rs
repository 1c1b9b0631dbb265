//! Reading one resource of any type, as it is or as it once was.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::projection::Projection;
use super::shown::Shelf;
use crate::backend::fault::Fault;
use crate::backend::inquiry::Inquiry;
use crate::backend::profile::Interaction;
use crate::backend::surface::Call;
use crate::fhir::id::{ResourceId, VersionId};
use crate::fhir::json::{identifier, text};
use crate::fhir::resource_type::ResourceType;
use crate::tools::envelope::{Envelope, TruncatedBy};
use crate::tools::error::ToolError;
use crate::tools::served::{Family, Need, serves};
use crate::tools::{Object, Tool};

const FREE_TEXT: &[&str] = &["resource", "free_text[].text"];

/// `fhir_read`
#[derive(Debug)]
pub struct FhirRead;

/// Which resource.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct FhirReadInput {
    /// The resource type, as in `Condition`.
    r#type: ResourceType,
    /// Its id: what stands behind the type in a reference such as `Condition/123`.
    id: ResourceId,
    /// As it was in this version, from `fhir_history`.
    #[serde(default)]
    version: Option<VersionId>,
    /// Only these elements, as `code` or `component.valueQuantity.value`.
    #[serde(default)]
    elements: Vec<String>,
}

/// A resource.
#[derive(Serialize, JsonSchema)]
pub struct FhirReadAnswer {
    #[serde(flatten)]
    envelope: Envelope,
    /// The resource, as FHIR JSON; null when it is too large for an answer.
    #[schemars(with = "Option<Object>")]
    resource: Option<Value>,
}

impl Tool for FhirRead {
    const NAME: &'static str = "fhir_read";
    const TITLE: &'static str = "Read a FHIR resource";
    const DESCRIPTION: &'static str = "One resource by type and id, as FHIR JSON; in an earlier version if asked, and only some \
         elements if named. Longer texts stand in free_text.";
    const FAMILY: Family = Family::Fhir;
    const NEEDS: &'static [Need] = &[Need::Interaction(Interaction::Read)];
    type Input = FhirReadInput;
    type Output = FhirReadAnswer;

    async fn run(inquiry: &Inquiry, input: FhirReadInput) -> Result<FhirReadAnswer, ToolError> {
        let FhirReadInput { r#type: resource_type, id, version, elements } = input;
        let projection = Projection::of(&elements).map_err(ToolError::Argument)?;
        inquiry.takes_id("id", id.as_str())?;
        let how = if version.is_some() { Interaction::Vread } else { Interaction::Read };
        serves(inquiry, &resource_type, how).await?;
        let (kind, wanted) = (resource_type.clone(), id.clone());
        let found = inquiry.ask(&Call::Read { resource_type, id, version }).await;
        let found = found.map_err(ToolError::about("resource"))?;
        let is_it = text(&found, "/resourceType") == Some(kind.as_str())
            && identifier(&found, "/id").as_deref() == Some(wanted.as_str());
        if !is_it {
            return Err(Fault::Malformed.into());
        }
        let mut envelope = Envelope::with_text(FREE_TEXT);
        let sizes = sizes(&found);
        let mut shelf = Shelf::new(inquiry.means.answer_bytes, projection);
        if !shelf.add(found) {
            envelope.truncate(
                TruncatedBy::Bytes,
                format!("The resource is larger than an answer. Name elements; by size: {sizes}."),
            );
        }
        shelf.tell(&mut envelope);
        Ok(FhirReadAnswer { envelope, resource: shelf.resources.pop() })
    }
}

/// The elements of a resource that take most room, largest first.
fn sizes(resource: &Value) -> String {
    let mut sizes: Vec<(usize, &str)> = resource
        .as_object()
        .into_iter()
        .flatten()
        .map(|(name, value)| (value.to_string().len(), name.as_str()))
        .collect();
    sizes.sort_unstable_by(|one, other| other.cmp(one));
    let shown =
        |(bytes, name): &(usize, &str)| format!("{} {bytes}", crate::fhir::json::plain(name));
    sizes.iter().take(12).map(shown).collect::<Vec<_>>().join(", ")
}
