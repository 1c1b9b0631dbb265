//! Searching resources of any type.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::projection::Projection;
use super::shown::{Shelf, named};
use crate::backend::cursor::Place;
use crate::backend::inquiry::Inquiry;
use crate::backend::pages::{End, Page, digest};
use crate::backend::profile::Interaction;
use crate::fhir::resource_type::ResourceType;
use crate::fhir::search::{Search, Slice};
use crate::tools::arguments::Limit;
use crate::tools::criteria::{self, Criterion};
use crate::tools::envelope::{Envelope, Status, TotalSource, TruncatedBy};
use crate::tools::error::ToolError;
use crate::tools::listing::Listing;
use crate::tools::served::{Family, Need, serves};
use crate::tools::{Object, Tool};

/// Positions that a cursor remembers, to notice a circle.
const REMEMBERED: usize = 16;
const FREE_TEXT: &[&str] = &["resources", "included", "free_text[].text"];

/// `fhir_search`
#[derive(Debug)]
pub struct FhirSearch;

/// What is searched for.
#[derive(Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct FhirSearchInput {
    /// The resource type, as in `Condition`.
    r#type: ResourceType,
    /// All of these must hold. For a range of dates give two of one name.
    #[serde(default)]
    params: Vec<Criterion>,
    /// Search parameters; a hyphen in front turns the order round.
    #[serde(default)]
    sort: Vec<String>,
    /// Only these elements, as `code` or `component.valueQuantity.value`: whole resources are large.
    #[serde(default)]
    elements: Vec<String>,
    /// Also what matches refer to, as `Observation:subject`.
    #[serde(default)]
    include: Vec<String>,
    /// Also what refers to matches, as `Provenance:target`.
    #[serde(default)]
    revinclude: Vec<String>,
    /// Only how many match.
    #[serde(default)]
    count_only: bool,
    /// How many at most.
    #[serde(default)]
    #[serde(skip_serializing)]
    limit: Limit,
    /// From an answer to the same question: goes on from there.
    #[serde(default)]
    #[serde(skip_serializing)]
    cursor: Option<String>,
}

/// What was found.
#[derive(Serialize, JsonSchema)]
pub struct FhirSearchAnswer {
    #[serde(flatten)]
    envelope: Envelope,
    #[serde(flatten)]
    listing: Listing,
    /// The matches, as FHIR JSON.
    #[schemars(with = "Vec<Object>")]
    resources: Vec<Value>,
    /// What came along with them.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    #[schemars(with = "Vec<Object>")]
    included: Vec<Value>,
}

impl Tool for FhirSearch {
    const NAME: &'static str = "fhir_search";
    const TITLE: &'static str = "Search FHIR resources";
    const DESCRIPTION: &'static str = "Searches resources of any type. `params` is a list of {name, modifier?, values}: repeated \
         names are AND, the values of one entry are OR. Ask fhir_schema for the names, count_only \
         first for large questions, and name the elements that matter. `cursor` leads on.";
    const FAMILY: Family = Family::Fhir;
    const NEEDS: &'static [Need] = &[Need::Interaction(Interaction::Search)];
    type Input = FhirSearchInput;
    type Output = FhirSearchAnswer;

    async fn run(inquiry: &Inquiry, input: FhirSearchInput) -> Result<FhirSearchAnswer, ToolError> {
        let projection = Projection::of(&input.elements).map_err(ToolError::Argument)?;
        let includes = criteria::includes(&input.include, &input.revinclude)?;
        serves(inquiry, &input.r#type, Interaction::Search).await?;
        let filters = criteria::filters(inquiry, &input.r#type, &input.params).await?;
        let sort = criteria::sort(inquiry, &input.r#type, &input.sort).await?;
        criteria::may_ask(inquiry, &filters).await?;
        if input.count_only {
            return count(inquiry, Search::count(input.r#type, filters)).await;
        }
        let question = serde_json::to_string(&input).map_err(|_| ToolError::Internal)?;
        let place = match &input.cursor {
            Some(cursor) => inquiry.open_cursor(Self::NAME, &question, cursor).ok_or_else(stale)?,
            None => first(inquiry, input.limit),
        };
        let (count, at) = (place.count, place.position.clone());
        let slice = Slice::Rows { count, at, sort };
        let search =
            Search { resource_type: input.r#type, filters, slice, includes, elements: &[] };
        let page = inquiry.page(&search, place.before).await.map_err(criteria::refused)?;
        Ok(answer(inquiry, &question, (page, place), projection))
    }
}

/// Where a search begins.
pub(in crate::tools) fn first(inquiry: &Inquiry, limit: Limit) -> Place {
    let count = limit.number().min(inquiry.profile.bounds.page_size);
    Place { part: 0, position: inquiry.beginning(), count, skip: 0, before: 0, seen: Vec::new() }
}

/// What is said to a cursor that does not open.
pub(in crate::tools) fn stale() -> ToolError {
    let rule = "cursor: it is good for 15 minutes, for this user, and together with exactly the \
                arguments of the answer that it came from; ask again without it";
    ToolError::Argument(rule.to_owned())
}

/// How many match; where a filter was ignored, nobody knows.
async fn count(inquiry: &Inquiry, search: Search) -> Result<FhirSearchAnswer, ToolError> {
    let page = inquiry.page(&search, 0).await.map_err(criteria::refused)?;
    let mut envelope = Envelope::default();
    let is_exact = page.ignored.is_empty() && page.unproven.is_empty();
    envelope.doubt(page.ignored, &page.unproven);
    let total = page.found.total.filter(|_| is_exact);
    if total.is_none() {
        envelope.status = Status::Unknown;
        if is_exact {
            envelope.unknown("The backend does not say how many match.");
        }
    }
    let listing = Listing::new(0, total, None);
    Ok(FhirSearchAnswer { envelope, listing, resources: Vec::new(), included: Vec::new() })
}

/// A page as an answer: as much as fits, and a cursor to the rest.
fn answer(
    inquiry: &Inquiry,
    question: &str,
    (page, place): (Page, Place),
    projection: Option<Projection>,
) -> FhirSearchAnswer {
    let mut envelope = Envelope::with_text(FREE_TEXT);
    let Page { found, ignored, unproven, end } = page;
    let is_exact = ignored.is_empty() && unproven.is_empty();
    envelope.doubt(ignored, &unproven);
    if !found.outcomes.is_empty() && envelope.ignored_parameters.is_empty() {
        envelope.hint("The backend remarked on this search; its words are not shown.");
    }
    let mut shelf = Shelf::new(inquiry.means.answer_bytes, projection);
    let given = found.matches.len();
    let skip = usize::try_from(place.skip).unwrap_or(usize::MAX).min(given);
    let mut reached = skip;
    for resource in found.matches.into_iter().skip(skip) {
        let name = named(&resource);
        if !shelf.add(resource) {
            if !shelf.resources.is_empty() {
                break;
            }
            envelope.truncate(
                TruncatedBy::Bytes,
                format!("{name} alone is larger than an answer; name the elements that matter."),
            );
        }
        reached += 1;
    }
    let returned = shelf.resources.len();
    let mut left_behind = 0;
    for resource in found.included {
        left_behind += usize::from(!shelf.add(resource));
    }
    if left_behind > 0 {
        let sentence = format!("{left_behind} included resources did not fit; read them by id.");
        envelope.truncate(TruncatedBy::Bytes, sentence);
    }
    shelf.tell(&mut envelope);
    let next = go_on(place, (reached, given), end, &mut envelope);
    let cursor = next.map(|next| inquiry.seal_cursor(FhirSearch::NAME, question, next));
    let included = shelf.resources.split_off(returned);
    let mut listing = Listing::new(returned, found.total, cursor);
    if !is_exact {
        listing.total_source = TotalSource::Unknown;
    }
    FhirSearchAnswer { envelope, listing, resources: shelf.resources, included }
}

/// Where the rest is, and what is to be said about it.
pub(in crate::tools) fn go_on(
    mut place: Place,
    (reached, given): (usize, usize),
    end: End,
    envelope: &mut Envelope,
) -> Option<Place> {
    if reached < given {
        let sentence = "The answer is full; the cursor leads to the rest.";
        envelope.truncate(TruncatedBy::Bytes, sentence);
        return Some(Place { skip: u32::try_from(reached).unwrap_or(u32::MAX), ..place });
    }
    let next = match end {
        End::Complete => return None,
        End::More(next) => Some(next),
        End::Cut => None,
    };
    let mut seen = std::mem::take(&mut place.seen);
    seen.push(digest(&place.position));
    let Some(position) = next.filter(|next| !seen.contains(&digest(next))) else {
        let sentence = "The backend's pages end before all matches were seen.";
        envelope.truncate(TruncatedBy::Backend, sentence);
        return None;
    };
    envelope.truncate(TruncatedBy::Limit, "There are more; the cursor leads to them.");
    let forget = seen.len().saturating_sub(REMEMBERED);
    seen.drain(..forget);
    let before = place.before + u64::try_from(given).unwrap_or_default();
    Some(Place { position, skip: 0, before, seen, ..place })
}
