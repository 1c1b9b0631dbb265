//! What became of one resource, newest version first.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::projection::Projection;
use super::search::{first, go_on, stale};
use super::shown::Shelf;
use crate::backend::cursor::Place;
use crate::backend::inquiry::Inquiry;
use crate::backend::profile::Interaction;
use crate::fhir::history::Version;
use crate::fhir::id::ResourceId;
use crate::fhir::resource_type::ResourceType;
use crate::tools::arguments::Limit;
use crate::tools::envelope::{Envelope, TruncatedBy};
use crate::tools::error::ToolError;
use crate::tools::listing::Listing;
use crate::tools::served::{Family, Need, serves};
use crate::tools::text::clean_option;
use crate::tools::{Object, Tool};

const FREE_TEXT: &[&str] = &["versions[].resource", "free_text[].text"];

/// `fhir_history`
#[derive(Debug)]
pub struct FhirHistory;

/// Of which resource.
#[derive(Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct FhirHistoryInput {
    /// The resource type, as in `Condition`.
    r#type: ResourceType,
    /// Its id.
    id: ResourceId,
    /// Only these elements, as `code` or `meta.lastUpdated`.
    #[serde(default)]
    elements: Vec<String>,
    /// How many at most.
    #[serde(default)]
    #[serde(skip_serializing)]
    limit: Limit,
    /// From an answer to the same question: goes on from there.
    #[serde(default)]
    #[serde(skip_serializing)]
    cursor: Option<String>,
}

/// The versions.
#[derive(Serialize, JsonSchema)]
pub struct FhirHistoryAnswer {
    #[serde(flatten)]
    envelope: Envelope,
    #[serde(flatten)]
    listing: Listing,
    /// The versions, newest first.
    versions: Vec<VersionShown>,
}

/// One version.
#[derive(Serialize, JsonSchema)]
#[schemars(inline)]
pub struct VersionShown {
    /// Its id, for `fhir_read`.
    #[serde(skip_serializing_if = "Option::is_none")]
    version: Option<String>,
    /// When it came about.
    #[serde(skip_serializing_if = "Option::is_none")]
    last_updated: Option<String>,
    /// How: POST or PUT for a version, DELETE for an end.
    #[serde(skip_serializing_if = "Option::is_none")]
    method: Option<String>,
    /// The resource, as FHIR JSON; null where it was deleted, or is too large for the answer.
    #[schemars(with = "Option<Object>")]
    resource: Option<Value>,
}

impl Tool for FhirHistory {
    const NAME: &'static str = "fhir_history";
    const TITLE: &'static str = "Read a resource's history";
    const DESCRIPTION: &'static str = "The versions of one resource, newest first, with when and how each came about. Name the \
         elements that matter.";
    const FAMILY: Family = Family::Fhir;
    const NEEDS: &'static [Need] = &[Need::Interaction(Interaction::History)];
    type Input = FhirHistoryInput;
    type Output = FhirHistoryAnswer;

    async fn run(
        inquiry: &Inquiry,
        input: FhirHistoryInput,
    ) -> Result<FhirHistoryAnswer, ToolError> {
        let projection = Projection::of(&input.elements).map_err(ToolError::Argument)?;
        inquiry.takes_id("id", input.id.as_str())?;
        serves(inquiry, &input.r#type, Interaction::History).await?;
        let question = serde_json::to_string(&input).map_err(|_| ToolError::Internal)?;
        let place = match &input.cursor {
            Some(cursor) => inquiry.open_cursor(Self::NAME, &question, cursor).ok_or_else(stale)?,
            None => first(inquiry, input.limit),
        };
        let history = inquiry.history(&input.r#type, &input.id, &place).await;
        let (history, end) = history.map_err(ToolError::about("resource"))?;
        let mut envelope = Envelope::with_text(FREE_TEXT);
        let (given, skip) = (history.versions.len(), usize::try_from(place.skip).unwrap_or(0));
        let rows = history.versions.into_iter().skip(skip).collect();
        let versions = shown(inquiry, rows, projection, &mut envelope);
        let reached = skip + versions.len();
        let next: Option<Place> = go_on(place, (reached, given), end, &mut envelope);
        let cursor = next.map(|next| inquiry.seal_cursor(Self::NAME, &question, next));
        let listing = Listing::new(versions.len(), history.total, cursor);
        Ok(FhirHistoryAnswer { envelope, listing, versions })
    }
}

/// As many versions as fit.
fn shown(
    inquiry: &Inquiry,
    rows: Vec<Version>,
    projection: Option<Projection>,
    envelope: &mut Envelope,
) -> Vec<VersionShown> {
    let mut shelf = Shelf::new(inquiry.means.answer_bytes, projection);
    let mut versions: Vec<VersionShown> = Vec::new();
    for row in rows {
        let has_resource = row.resource.is_some();
        let fits = row.resource.is_none_or(|resource| shelf.add(resource));
        if !fits && !versions.is_empty() {
            break;
        }
        if !fits {
            let sentence =
                "A version alone is larger than an answer; name the elements that matter.";
            envelope.truncate(TruncatedBy::Bytes, sentence);
        }
        let resource = if has_resource && fits { shelf.resources.last().cloned() } else { None };
        versions.push(VersionShown {
            version: clean_option(row.version.as_deref()),
            last_updated: clean_option(row.last_updated.as_deref()),
            method: clean_option(row.method.as_deref()),
            resource,
        });
    }
    shelf.tell(envelope);
    versions
}
