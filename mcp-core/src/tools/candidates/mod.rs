//! Finding a person: candidates, each with what it rests on, and never one taken silently.

pub mod asked;
pub mod basis;

use schemars::JsonSchema;
use serde::Serialize;
use serde_json::Value;

use self::asked::FindPatientInput;
use self::basis::{Basis, Criterion, basis, strength};
use super::Tool;
use super::criteria::refused;
use super::envelope::{Envelope, Status, TotalSource, TruncatedBy};
use super::error::ToolError;
use super::listing::Listing;
use super::page::fit;
use super::patients::Person;
use super::served::{Family, Need};
use super::text::clean_option;
use crate::backend::inquiry::Inquiry;
use crate::backend::pages::Page;
use crate::backend::profile::Interaction;
use crate::fhir::json::{elements, text};
use crate::fhir::patient::Patient;
use crate::fhir::resource_type::ResourceType;
use crate::fhir::search::{Filter, Search, Sort};

/// Matches that are looked through for the strongest.
const LOOKED_THROUGH: u32 = 100;
/// Other names of a person that are shown.
const OTHER_NAMES: usize = 3;
const FREE_TEXT: &[&str] = &["candidates[]"];

/// `find_patient`
#[derive(Debug)]
pub struct FindPatient;

/// The candidates.
#[derive(Serialize, JsonSchema)]
pub struct FindPatientAnswer {
    #[serde(flatten)]
    envelope: Envelope,
    #[serde(flatten)]
    listing: Listing,
    /// How many more match than are shown; null when nobody knows.
    more: Option<u64>,
    /// Criteria that this backend cannot search by: they were only compared with what it found.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    not_searched: Vec<&'static str>,
    /// The candidates, strongest first. One alone is a candidate too: confirm it.
    candidates: Vec<Candidate>,
}

/// Somebody who may be meant.
#[derive(Serialize, JsonSchema)]
#[schemars(inline)]
pub struct Candidate {
    #[serde(flatten)]
    person: Person,
    /// Other names that the record holds.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    other_names: Vec<String>,
    /// Gender as recorded.
    #[serde(skip_serializing_if = "Option::is_none")]
    gender: Option<String>,
    /// What stands against using the record: inactive, deceased, replaced.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    remarks: Vec<&'static str>,
    /// How the record agrees with each criterion: exact, prefix, partly (some words, another identifier
    /// system, a date not recorded in full), no, or `not_recorded`.
    #[schemars(with = "std::collections::BTreeMap<String, String>")]
    basis: Basis,
}

impl Tool for FindPatient {
    const NAME: &'static str = "find_patient";
    const TITLE: &'static str = "Find a person";
    const FAMILY: Family = Family::Patients;
    const NEEDS: &'static [Need] = &[Need::OnType("Patient", Interaction::Search)];
    const DESCRIPTION: &'static str = "Candidates for a person by name, birth date (also partial), identifier, phone or e-mail. Each \
         shows how its record agrees with each criterion. Confirm who is meant, also with one.";
    type Input = FindPatientInput;
    type Output = FindPatientAnswer;

    async fn run(
        inquiry: &Inquiry,
        input: FindPatientInput,
    ) -> Result<FindPatientAnswer, ToolError> {
        let criteria = input.criteria()?;
        let (mut filters, mut not_searched) = (Vec::new(), Vec::new());
        for criterion in &criteria {
            match asked::filters(inquiry, criterion).await {
                Some(some) => filters.extend(some),
                None => not_searched.push(criterion.word()),
            }
        }
        if filters.is_empty() {
            let given = not_searched.join(", ");
            let sentence = format!("this backend cannot search patients by {given}");
            return Err(ToolError::Argument(format!("{sentence}; give another criterion")));
        }
        let page = inquiry.page(&search(inquiry, filters), 0).await.map_err(refused)?;
        Ok(answer(inquiry, &criteria, (page, not_searched), input.limit.number()))
    }
}

fn search(inquiry: &Inquiry, filters: Vec<Filter>) -> Search {
    let count = inquiry.profile.bounds.page_size.min(LOOKED_THROUGH);
    Search::page(ResourceType::PATIENT, filters, count, 1, Sort::Updated)
}

fn answer(
    inquiry: &Inquiry,
    criteria: &[Criterion],
    (page, not_searched): (Page, Vec<&'static str>),
    limit: u32,
) -> FindPatientAnswer {
    let mut envelope = Envelope::with_text(FREE_TEXT);
    let is_exact = page.ignored.is_empty() && page.unproven.is_empty();
    envelope.doubt(page.ignored, &page.unproven);
    for name in &not_searched {
        envelope.leave_out(format!(
            "This backend cannot search by {name}: it was only compared with what was found."
        ));
    }
    let given = page.found.matches.len();
    let mut candidates: Vec<Candidate> =
        page.found.matches.iter().filter_map(|one| Candidate::of(criteria, one)).collect();
    if candidates.len() < given {
        let nameless = given - candidates.len();
        envelope.leave_out(format!("error: {nameless} of the matches came without an id."));
    }
    candidates.sort_by_cached_key(|candidate| strength(&candidate.basis));
    candidates.truncate(usize::try_from(limit).unwrap_or(usize::MAX));
    let candidates = fit(candidates, inquiry.means.answer_bytes, &mut envelope);
    let total = page.found.total.filter(|_| is_exact);
    let mut listing = Listing::new(candidates.len(), total, None);
    listing.total_source = if total.is_some() { TotalSource::Server } else { TotalSource::Unknown };
    let shown = u64::try_from(candidates.len()).unwrap_or(u64::MAX);
    let more = total.map(|total| total.saturating_sub(shown));
    note(&mut envelope, &candidates, (total, given));
    FindPatientAnswer { envelope, listing, more, not_searched, candidates }
}

/// What is to be done with the candidates.
fn note(envelope: &mut Envelope, candidates: &[Candidate], (total, given): (Option<u64>, usize)) {
    let read = u64::try_from(given).unwrap_or(u64::MAX);
    match total {
        Some(total) if total > read => {
            let sentence = format!(
                "{total} match, of which {given} were looked through for the strongest: the person \
                 may be among the others. Give more criteria."
            );
            envelope.truncate(TruncatedBy::Limit, sentence);
        }
        None if envelope.status == Status::Ok => {
            envelope.leave_out("The backend does not say how many match; there may be more.");
        }
        Some(_) | None => {}
    }
    envelope.hint(match candidates {
        [] => {
            "Nobody whom this user may see matches, which does not mean that the person is not \
             known here: try fewer words, another spelling, or family and given apart."
        }
        [_] => "One candidate is not yet the person: confirm with the user before going on.",
        _ => "Several candidates: ask the user which person is meant; do not choose.",
    });
}

impl Candidate {
    /// A match; without an id it is none.
    fn of(criteria: &[Criterion], resource: &Value) -> Option<Self> {
        let person = Patient::read(resource).as_ref().and_then(Person::of)?;
        let others = elements(resource, "/name").skip(1).take(OTHER_NAMES);
        let is_set = |pointer| resource.pointer(pointer).is_some_and(|value| *value != false);
        let is_replaced =
            elements(resource, "/link").any(|link| text(link, "/type") == Some("replaced-by"));
        let remarks = [
            (resource.get("active") == Some(&Value::Bool(false)), "inactive"),
            (is_set("/deceasedBoolean") || is_set("/deceasedDateTime"), "deceased"),
            (is_replaced, "replaced"),
        ];
        Some(Self {
            person,
            other_names: others.filter_map(written).collect(),
            gender: clean_option(text(resource, "/gender")),
            remarks: remarks.into_iter().filter(|(is, _)| *is).map(|(_, word)| word).collect(),
            basis: basis(criteria, resource),
        })
    }
}

fn written(name: &Value) -> Option<String> {
    let given = elements(name, "/given").filter_map(Value::as_str);
    let parts: Vec<&str> = given.chain(text(name, "/family")).collect();
    let whole = text(name, "/text").map_or_else(|| parts.join(" "), str::to_owned);
    clean_option(Some(&whole))
}
