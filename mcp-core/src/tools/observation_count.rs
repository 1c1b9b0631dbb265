//! Counts of observations by patient, over a study or a list of patients, that add up.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::Tool;
use super::arguments::window;
use super::data_type::{Asked, Sought, resolve};
use super::envelope::{Envelope, Status, TotalSource, TruncatedBy};
use super::error::{HIDDEN, ToolError};
use super::imported;
use super::members;
use super::per_patient::{Counted, Tally, Wanted, Whole, added, check, tally, whole};
use super::records::{Census, Dating, Records};
use super::served::{Family, Need};
use super::study::is_rest;
use super::who::{may_see_all, staff_only};
use crate::backend::cursor::Place;
use crate::backend::inquiry::Inquiry;
use crate::backend::pages::End;
use crate::backend::profile::Interaction;
use crate::fhir::id::{PatientId, StudyId};
use crate::fhir::search::Filter;

/// Patients counted in one answer: each costs the backend up to four requests.
const MOST: usize = 200;
const UNCOUNTED: &str = "could not be counted, which does not mean that there is nothing";

/// `observation_count`
#[derive(Debug)]
pub struct ObservationCount;

/// Whose observations, and which.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ObservationCountInput {
    /// All members of this study; or give `patient_ids`.
    #[serde(default)]
    study_id: Option<StudyId>,
    /// These patients, up to 200; or give `study_id`.
    #[serde(default)]
    patient_ids: Vec<PatientId>,
    /// Only this kind of data, from `list_data_types`.
    #[serde(default)]
    data_type: Option<String>,
    /// The first day, YYYY-MM-DD, included.
    #[serde(default)]
    #[schemars(regex(pattern = r"^\d{4}-\d{2}-\d{2}$"))]
    start: Option<String>,
    /// The last day, YYYY-MM-DD, included.
    #[serde(default)]
    #[schemars(regex(pattern = r"^\d{4}-\d{2}-\d{2}$"))]
    end: Option<String>,
}

/// How many, in all and by patient.
#[derive(Serialize, JsonSchema)]
pub struct ObservationCountAnswer {
    #[serde(flatten)]
    envelope: Envelope,
    /// How many in all, in the window if there is one; null when nobody could be counted.
    count: Option<u64>,
    /// `server`: counted over all at once; `counted`: the counts by patient added up.
    total_source: TotalSource,
    /// How many of them are imported; the backend keeps those apart from its own.
    #[serde(skip_serializing_if = "imported::is_zero")]
    imported: u64,
    /// Whether the counts by patient add up to `count`; if not, `left_out` says what is missing.
    adds_up: bool,
    #[serde(flatten)]
    asked: Asked,
    #[serde(flatten)]
    dating: Dating,
    /// By patient.
    patients: Vec<PatientRow>,
}

/// What one patient has.
#[derive(Serialize, JsonSchema)]
#[schemars(inline)]
pub struct PatientRow {
    /// Whose count it is.
    patient_id: String,
    /// How many; null when unknown.
    count: Option<u64>,
    /// How many of them are imported.
    #[serde(skip_serializing_if = "imported::is_zero")]
    imported: u64,
    /// How many of the backend's own have no effective time there, in or out of the window.
    #[serde(skip_serializing_if = "Option::is_none")]
    undated: Option<u64>,
    /// Why the count is unknown.
    #[serde(skip_serializing_if = "Option::is_none")]
    problem: Option<&'static str>,
}

impl PatientRow {
    fn of((patient, counted): &Counted) -> Self {
        let (tally, problem) = match counted {
            Ok(tally) => (Some(tally), None),
            Err(fault) if fault.hides_the_record() => (None, Some(HIDDEN)),
            Err(_) => (None, Some(UNCOUNTED)),
        };
        Self {
            patient_id: patient.to_string(),
            count: tally.map(Tally::count),
            imported: tally.map_or(0, |tally| tally.imported),
            undated: tally.and_then(|tally| tally.census).map(Census::undated),
            problem,
        }
    }
}

/// Whose records are counted, and what is known of all together.
struct Scope {
    patients: Vec<PatientId>,
    records: Records,
    whole: Option<Tally>,
    wanted: Wanted,
}

impl Tool for ObservationCount {
    const NAME: &'static str = "observation_count";
    const TITLE: &'static str = "Count observations by patient";
    const FAMILY: Family = Family::Observations;
    const NEEDS: &'static [Need] = &[Need::OnType("Observation", Interaction::Search)];
    const DESCRIPTION: &'static str = "How many observations each patient has, for the members of a study or for patients by id, by \
         kind and by days if asked; whether that adds up; imported and undated records apart.";
    type Input = ObservationCountInput;
    type Output = ObservationCountAnswer;

    async fn run(
        inquiry: &Inquiry,
        input: ObservationCountInput,
    ) -> Result<ObservationCountAnswer, ToolError> {
        let window = window(input.start.as_deref(), input.end.as_deref())?;
        let mut envelope = Envelope::default();
        let who = match (input.study_id.as_ref(), input.patient_ids.as_slice()) {
            (Some(study), []) => Who::Study(study),
            (None, patients @ [_, ..]) if patients.len() <= MOST => Who::Patients(patients),
            _ => {
                let rule = format!("give either study_id or 1 to {MOST} patient_ids");
                return Err(ToolError::Argument(rule));
            }
        };
        permitted(inquiry, who).await?;
        let kind = resolve(inquiry, input.data_type.as_deref()).await?;
        let asked = Asked::note(kind.as_ref(), &mut envelope);
        let of = kind.iter().map(Sought::filter).collect();
        let scope = scope(inquiry, who, Records { of, window }, &mut envelope).await?;
        let counted = tally(inquiry, &scope.records, scope.patients, scope.wanted).await?;
        Ok(answer(inquiry, (&scope.records, scope.whole), &counted, (asked, envelope)))
    }
}

#[derive(Clone, Copy)]
enum Who<'a> {
    Study(&'a StudyId),
    Patients(&'a [PatientId]),
}

async fn permitted(inquiry: &Inquiry, who: Who<'_>) -> Result<(), ToolError> {
    match who {
        Who::Study(study) => {
            inquiry.takes_id("study_id", study.as_str())?;
            staff_only(inquiry).await
        }
        Who::Patients(patients) => may_see_all(inquiry, patients).await,
    }
}

async fn scope(
    inquiry: &Inquiry,
    who: Who<'_>,
    records: Records,
    envelope: &mut Envelope,
) -> Result<Scope, ToolError> {
    let patients = match who {
        Who::Patients(patients) => {
            let mut patients = patients.to_vec();
            patients.sort_unstable();
            patients.dedup();
            patients
        }
        Who::Study(study) => of_study(inquiry, study, envelope).await?,
    };
    if let Who::Study(study) = who
        && is_rest(inquiry, study)
    {
        let records = records.narrowed(Filter::Study(study.clone()));
        let whole = whole(inquiry, &records, envelope).await;
        let Whole { tally, wanted } = whole.map_err(ToolError::about("study"))?;
        return Ok(Scope { patients, records, whole: Some(tally), wanted });
    }
    // Whether there is anything imported at all, one question tells.
    let any = imported::noted(imported::ask(inquiry, &records).await, envelope)?;
    let wanted = Wanted { undated: true, imported: any.is_some_and(|any| any > 0) };
    if wanted.imported && !records.window.is_open() {
        imported::note_edges(envelope);
    }
    Ok(Scope { patients, records, whole: None, wanted })
}

/// The patients among a study's members, as far as one answer is about them.
///
/// # Errors
/// See [`members::page`].
pub async fn of_study(
    inquiry: &Inquiry,
    study: &StudyId,
    envelope: &mut Envelope,
) -> Result<Vec<PatientId>, ToolError> {
    let most = u32::try_from(MOST).unwrap_or(u32::MAX);
    let count = most.min(inquiry.profile.bounds.page_size);
    let position = inquiry.beginning();
    let mut place = Place { part: 0, position, count, skip: 0, before: 0, seen: Vec::new() };
    let mut patients: Vec<PatientId> = Vec::new();
    // What a page says of the whole list, every other page would say again.
    let mut said_again = Envelope::default();
    let mut stopped_by = Some(TruncatedBy::Limit);
    for number in 0..inquiry.profile.bounds.walk_pages {
        let says = if number == 0 { &mut *envelope } else { &mut said_again };
        let page = members::page(inquiry, study, &place, says).await?;
        place.before += u64::try_from(page.members.len()).unwrap_or_default();
        patients.extend(page.members.into_iter().filter_map(|member| member.patient));
        match page.end {
            End::More(next) if patients.len() < MOST => place.position = next,
            End::More(_) => break,
            End::Complete => {
                stopped_by = None;
                break;
            }
            End::Cut => {
                stopped_by = Some(TruncatedBy::Backend);
                break;
            }
        }
    }
    if let Some(by) = stopped_by {
        let sentence = format!(
            "Only the first {} members are looked at; study_members names the others, to be given as \
             patient_ids where a tool takes them.",
            patients.len().min(MOST)
        );
        envelope.truncate(by, sentence);
    }
    patients.truncate(MOST);
    patients.sort_unstable();
    patients.dedup();
    Ok(patients)
}

fn answer(
    inquiry: &Inquiry,
    (records, whole): (&Records, Option<Tally>),
    counted: &[Counted],
    (asked, mut envelope): (Asked, Envelope),
) -> ObservationCountAnswer {
    let tallies = || counted.iter().filter_map(|(_, tally)| tally.as_ref().ok());
    let sum: u64 = tallies().map(Tally::count).sum();
    let failed = counted.iter().filter(|(_, tally)| tally.is_err()).count();
    // Of whom nobody could be counted, nothing is known, which is not none.
    let nobody = whole.is_none() && failed > 0 && failed == counted.len();
    let (total, total_source) = match whole {
        Some(whole) => (whole, TotalSource::Server),
        None if nobody => (Tally::default(), TotalSource::Unknown),
        None => (added(counted), TotalSource::Counted),
    };
    let adds_up = check(sum, total.count(), failed, &mut envelope) && failed == 0;
    if nobody {
        envelope.status = Status::Unknown;
    }
    let dating = Dating::new(inquiry, &records.window, total.census, &mut envelope);
    let undated = total.census.map_or(0, Census::undated);
    if whole.is_none() && undated > 0 && !records.window.is_open() {
        envelope.leave_out(format!(
            "{undated} records have no effective time at the backend and are not counted, whether \
             or not they fall into the window."
        ));
    }
    ObservationCountAnswer {
        envelope,
        count: (!nobody).then(|| total.count()),
        total_source,
        imported: total.imported,
        adds_up,
        asked,
        dating,
        patients: counted.iter().map(PatientRow::of).collect(),
    }
}
