//! Operations of the closed table: what they answer, shown as any other resources are.

mod asked;
mod evidence;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use self::asked::{Argument, Word};
use self::evidence::{Verdict, weigh};
use super::projection::Projection;
use super::search::{first, go_on, stale};
use super::shown::{Shelf, named};
use crate::backend::cursor::Place;
use crate::backend::fault::Fault;
use crate::backend::inquiry::Inquiry;
use crate::backend::pages::End;
use crate::backend::surface::{Call, Part};
use crate::fhir::collected::{Collected, Remark};
use crate::fhir::id::{PatientId, ResourceId};
use crate::fhir::json::text;
use crate::fhir::operation::{GENERAL, Gives, Invocation, Row};
use crate::fhir::resource_type::ResourceType;
use crate::tools::arguments::Limit;
use crate::tools::envelope::{Envelope, TotalSource, TruncatedBy};
use crate::tools::error::ToolError;
use crate::tools::listing::Listing;
use crate::tools::served::{Family, Need, has_operation, offers};
use crate::tools::text::clean;
use crate::tools::who::may_see;
use crate::tools::{Object, Tool};

const FREE_TEXT: &[&str] = &["resources", "free_text[].text"];

/// `fhir_operation`
#[derive(Debug)]
pub struct FhirOperation;

/// Which operation, on what, with what.
#[derive(Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct FhirOperationInput {
    /// `everything` about a Patient, Group, Encounter or `EpisodeOfCare`; `lastn`: latest Observations
    /// of each code; `summary` of a Patient; `document` of a Composition; `meta`; `find` a functional
    /// List; `subsumes`: how two codes relate.
    operation: Word,
    /// The resource type.
    #[serde(default)]
    r#type: Option<ResourceType>,
    /// The id, where the operation is about one resource.
    #[serde(default)]
    id: Option<ResourceId>,
    /// everything: start, end, _since, _type; lastn: patient, code or category, max; find: patient,
    /// name; subsumes: system, codeA, codeB.
    #[serde(default)]
    params: Vec<Argument>,
    /// Only these elements, as paths such as `code` or `component.valueQuantity.value`.
    #[serde(default)]
    elements: Vec<String>,
    /// How many resources are wanted at most, where the operation has pages.
    #[serde(default)]
    #[serde(skip_serializing)]
    limit: Limit,
    /// From an earlier answer to the same question: goes on where that one ended.
    #[serde(default)]
    #[serde(skip_serializing)]
    cursor: Option<String>,
}

/// What the operation gave.
#[derive(Serialize, JsonSchema)]
pub struct FhirOperationAnswer {
    #[serde(flatten)]
    envelope: Envelope,
    #[serde(flatten)]
    listing: Listing,
    /// What came, as FHIR JSON.
    #[schemars(with = "Vec<Object>")]
    resources: Vec<Value>,
    /// Of a document: by which URLs its parts refer to each other, in the order of `resources`.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    full_urls: Vec<String>,
}

impl Tool for FhirOperation {
    const NAME: &'static str = "fhir_operation";
    const TITLE: &'static str = "Run a FHIR operation";
    const DESCRIPTION: &'static str = "Runs one of the read-only FHIR operations that the backend offers (fhir_capabilities lists \
         them). Ask for few types and name the elements: everything is large. `cursor` leads on.";
    const FAMILY: Family = Family::Fhir;
    const NEEDS: &'static [Need] = &[Need::Operation(Word::NAMES)];
    type Input = FhirOperationInput;
    type Output = FhirOperationAnswer;

    async fn run(
        inquiry: &Inquiry,
        input: FhirOperationInput,
    ) -> Result<FhirOperationAnswer, ToolError> {
        let projection = Projection::of(&input.elements).map_err(ToolError::Argument)?;
        let on = (input.r#type.clone(), input.id.clone());
        let given = asked::values(&input.params);
        let invocation = asked::invocation(input.operation, on, &given);
        let invocation = invocation.map_err(ToolError::Argument)?;
        offered(inquiry, &invocation).await?;
        may_ask(inquiry, &invocation).await?;
        if let Gives::One(kind) = invocation.row().gives {
            return one(inquiry, invocation, kind, projection).await;
        }
        let question = serde_json::to_string(&input).map_err(|_| ToolError::Internal)?;
        let place = match &input.cursor {
            Some(cursor) => inquiry.open_cursor(Self::NAME, &question, cursor).ok_or_else(stale)?,
            None => first(inquiry, input.limit),
        };
        let found = inquiry.collect(invocation.clone(), &place).await;
        let (found, end) = found.map_err(ToolError::about("resource"))?;
        let verdict = weigh(&inquiry.profile, &invocation, &given, &found);
        let verdict = verdict.ok_or(Fault::Malformed)?;
        let page = Page { found, end, verdict, is_document: is_document(&invocation) };
        Ok(answer(inquiry, &question, (page, place), projection))
    }
}

/// What the backend gave for one place of the answer.
struct Page {
    found: Collected,
    end: End,
    verdict: Verdict,
    is_document: bool,
}

fn is_document(invocation: &Invocation) -> bool {
    invocation.row().gives == Gives::Document
}

/// Refuses what the backend does not offer, and says what it does.
async fn offered(inquiry: &Inquiry, invocation: &Invocation) -> Result<(), ToolError> {
    let capability = inquiry.capability().await;
    let row = invocation.row();
    let kind = invocation.resource_type().map(ResourceType::as_str);
    if offers(&inquiry.profile, &capability, kind, row.name) {
        return Ok(());
    }
    let profile = &inquiry.profile;
    let others = GENERAL.iter().filter(|other| match other.on {
        None => has_operation(profile, &capability, other.name),
        Some(_) => offers(profile, &capability, other.on, other.name),
    });
    let others: Vec<String> = others.map(Row::words).collect();
    let place = kind.map_or_else(String::new, |kind| format!(" on {kind}"));
    Err(ToolError::NotServed(format!(
        "this backend does not offer ${}{place}; what can be run here: {}",
        row.name,
        if others.is_empty() { "no operation".to_owned() } else { others.join(", ") }
    )))
}

/// Refuses ids that the backend cannot have given out, and a patient user's question about another.
async fn may_ask(inquiry: &Inquiry, invocation: &Invocation) -> Result<(), ToolError> {
    if let Some(id) = invocation.id() {
        inquiry.takes_id("id", id.as_str())?;
    }
    if let Some(patient) = subject(invocation).and_then(PatientId::parse) {
        may_see(inquiry, &patient).await?;
    }
    Ok(())
}

/// The patient whom an invocation is about, as far as it says.
fn subject(invocation: &Invocation) -> Option<&str> {
    let is_patient = invocation.resource_type() == Some(&ResourceType::PATIENT);
    let own = invocation.id().filter(|_| is_patient).map(ResourceId::as_str);
    own.or_else(|| invocation.value("patient"))
}

/// An answer of one resource.
async fn one(
    inquiry: &Inquiry,
    invocation: Invocation,
    kind: &str,
    projection: Option<Projection>,
) -> Result<FhirOperationAnswer, ToolError> {
    let patient = subject(&invocation).map(str::to_owned);
    let asked = inquiry.ask(&Call::Operation { invocation, part: Part::Whole }).await;
    let found = asked.map_err(ToolError::about("resource"))?;
    let is_about = |patient| evidence::patient_of(&found).is_none_or(|named| named == patient);
    if text(&found, "/resourceType") != Some(kind) || !patient.as_deref().is_none_or(is_about) {
        return Err(Fault::Malformed.into());
    }
    let mut envelope = Envelope::with_text(FREE_TEXT);
    let mut shelf = Shelf::new(inquiry.means.answer_bytes, projection);
    if !shelf.add(found) {
        let sentence = "The answer is larger than can be shown; name the elements that matter.";
        envelope.truncate(TruncatedBy::Bytes, sentence);
    }
    shelf.tell(&mut envelope);
    let mut listing = Listing::new(shelf.resources.len(), Some(1), None);
    listing.total_source = TotalSource::Counted;
    Ok(FhirOperationAnswer { envelope, listing, resources: shelf.resources, full_urls: Vec::new() })
}

/// A page as an answer: as much as fits, and a cursor to the rest.
fn answer(
    inquiry: &Inquiry,
    question: &str,
    (page, place): (Page, Place),
    projection: Option<Projection>,
) -> FhirOperationAnswer {
    let Page { found, end, verdict, is_document } = page;
    let mut envelope = Envelope::with_text(FREE_TEXT);
    let is_exact = verdict.tell(&mut envelope);
    remark(found.remark, &mut envelope);
    let urls = found.rows.iter().filter_map(|row| row.full_url.as_ref());
    let reserved: usize = if is_document { urls.map(|url| url.len() + 4).sum() } else { 0 };
    let room = inquiry.means.answer_bytes.saturating_sub(reserved);
    let mut shelf = Shelf::new(room, projection);
    let (given, counted) = (found.rows.len(), found.counted);
    let skip = usize::try_from(place.skip).unwrap_or(usize::MAX).min(given);
    let (mut reached, mut full_urls) = (skip, Vec::new());
    for row in found.rows.into_iter().skip(skip) {
        let name = named(&row.resource);
        let fits = shelf.add(row.resource);
        if !fits && !shelf.resources.is_empty() {
            break;
        }
        if !fits {
            let sentence =
                format!("{name} alone is larger than an answer; name the elements that matter.");
            envelope.truncate(TruncatedBy::Bytes, sentence);
        } else if is_document {
            full_urls.push(row.full_url.as_deref().map(clean).unwrap_or_default());
        }
        reached += 1;
    }
    shelf.tell(&mut envelope);
    let before = place.before;
    let next = go_on(place, (reached, given), end, &mut envelope).map(|mut next| {
        // What only came along is no part of the total.
        if next.skip == 0 {
            next.before = before + u64::try_from(counted).unwrap_or_default();
        }
        next
    });
    let cursor = next.map(|next| inquiry.seal_cursor(FhirOperation::NAME, question, next));
    let mut listing = Listing::new(shelf.resources.len(), found.total, cursor);
    if !is_exact {
        listing.total_source = TotalSource::Unknown;
    }
    FhirOperationAnswer { envelope, listing, resources: shelf.resources, full_urls }
}

/// What the backend remarked; its words stay where they are.
fn remark(remark: Remark, envelope: &mut Envelope) {
    match remark {
        Remark::Absent => {}
        Remark::Information => {
            envelope.hint("The backend remarked on this answer; its words are not shown.");
        }
        Remark::Warning => envelope.truncate(
            TruncatedBy::Backend,
            "The backend warned that something is wrong with this answer or missing from it; its \
             words are not shown.",
        ),
    }
}
