//! Words in one patient's record, with the text around them. Nothing is kept between calls: each reads
//! within its budget, and says what it did not reach.

pub mod leaves;
pub mod reading;
pub mod snippet;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use self::reading::{Outcome, Part, Reached, Reader};
use self::snippet::{Hit, Needles};
use super::Tool;
use super::arguments::{Around, Few};
use super::compartment::{self, Missed};
use super::envelope::{Envelope, SourceStatus, TruncatedBy};
use super::error::ToolError;
use super::fhir::search::stale;
use super::served::{Family, Need};
use crate::backend::inquiry::Inquiry;
use crate::backend::profile::Interaction;
use crate::fhir::id::PatientId;
use crate::fhir::resource_type::ResourceType;

/// Types of one question.
const MOST_TYPES: usize = 30;
/// What is looked through where no types are named: those with the most words in the fewest rows first.
const USUAL: [&str; 19] = [
    "Patient",
    "Condition",
    "AllergyIntolerance",
    "DocumentReference",
    "DiagnosticReport",
    "Composition",
    "ClinicalImpression",
    "CarePlan",
    "Goal",
    "Encounter",
    "Procedure",
    "MedicationRequest",
    "MedicationStatement",
    "Immunization",
    "ServiceRequest",
    "FamilyMemberHistory",
    "Communication",
    "QuestionnaireResponse",
    "Observation",
];
const FREE_TEXT: &[&str] = &["hits[]"];

/// `record_grep`
#[derive(Debug)]
pub struct RecordGrep;

/// What is looked for, and where.
#[derive(Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct RecordGrepInput {
    /// The patient's id.
    patient_id: PatientId,
    /// Plain words or phrases, any of which may match, in any case, with or without accents. No
    /// patterns.
    find: Vec<String>,
    /// Not inside longer words.
    #[serde(default)]
    whole_words: bool,
    /// Only these resource types; the usual clinical ones when left out.
    #[serde(default)]
    types: Vec<ResourceType>,
    /// Characters shown on either side of a match.
    #[serde(default)]
    context: Around,
    /// How many resources with matches are wanted at most.
    #[serde(default)]
    #[serde(skip_serializing)]
    limit: Few,
    /// From an earlier answer to the same question: goes on where that one ended.
    #[serde(default)]
    #[serde(skip_serializing)]
    cursor: Option<String>,
}

/// What was found.
#[derive(Serialize, JsonSchema)]
pub struct RecordGrepAnswer {
    #[serde(flatten)]
    envelope: Envelope,
    /// How many resources this call looked through.
    searched: usize,
    /// How many of them have matches.
    returned: usize,
    /// Leads to the rest of the record: ask again with the same arguments and this.
    #[serde(skip_serializing_if = "Option::is_none")]
    cursor: Option<String>,
    /// Resources with matches, in the order in which they were read.
    hits: Vec<Hit>,
}

impl Tool for RecordGrep {
    const NAME: &'static str = "record_grep";
    const TITLE: &'static str = "Find words in a patient's record";
    const FAMILY: Family = Family::Fhir;
    const NEEDS: &'static [Need] =
        &[Need::Interaction(Interaction::Search), Need::Interaction(Interaction::Read)];
    const DESCRIPTION: &'static str = "Finds words in all texts of one patient's record (notes, narratives, text attachments, codes), \
         with what stands around them. Reads a part of the record in each call: no hits means none \
         only when the status is ok.";
    type Input = RecordGrepInput;
    type Output = RecordGrepAnswer;

    async fn run(inquiry: &Inquiry, input: RecordGrepInput) -> Result<RecordGrepAnswer, ToolError> {
        let needles = Needles::new(&input.find, input.whole_words, input.context.number());
        let needles = needles.map_err(ToolError::Argument)?;
        if input.types.len() > MOST_TYPES {
            return Err(ToolError::Argument(format!("types: give at most {MOST_TYPES}")));
        }
        let question = serde_json::to_string(&input).map_err(|_| ToolError::Internal)?;
        let from = match &input.cursor {
            Some(cursor) => inquiry.open_cursor(Self::NAME, &question, cursor).ok_or_else(stale)?,
            None => Reader::start(inquiry, 0),
        };
        let patient = compartment::patient(inquiry, &input.patient_id).await?;
        let parts = Part::of(inquiry, &kinds(&input.types));
        let mut reader = Reader {
            inquiry,
            id: &input.patient_id,
            needles,
            most: usize::try_from(input.limit.number()).unwrap_or(usize::MAX),
            reached: Reached::default(),
            pages: inquiry.profile.bounds.walk_pages,
            bytes: (0, 0),
        };
        let first = usize::try_from(from.part).unwrap_or(usize::MAX);
        reader.read(&patient, &parts, from).await?;
        let mut envelope = Envelope::with_text(FREE_TEXT);
        let reached = reader.reached;
        let is_over = reached.next.is_none();
        tell(&reached, &parts, first, &mut envelope);
        let cursor = reached.next.map(|next| inquiry.seal_cursor(Self::NAME, &question, next));
        if reached.hits.is_empty() && is_over {
            envelope.hint("Words may be spelt otherwise, or stand in what could not be read.");
        }
        let (searched, hits) = (reached.searched, reached.hits);
        Ok(RecordGrepAnswer { envelope, searched, returned: hits.len(), cursor, hits })
    }
}

/// The types that were named, each once; or the usual ones.
fn kinds(named: &[ResourceType]) -> Vec<ResourceType> {
    let usual = || USUAL.iter().filter_map(|name| ResourceType::parse(name)).collect();
    let wanted: Vec<ResourceType> = if named.is_empty() { usual() } else { named.to_vec() };
    let mut kinds = Vec::new();
    for kind in wanted {
        if !kinds.contains(&kind) {
            kinds.push(kind);
        }
    }
    kinds
}

/// What was read, what was not, and why.
fn tell(reached: &Reached, parts: &[Part], first: usize, envelope: &mut Envelope) {
    for (name, outcome) in &reached.parts {
        envelope.source(name, outcome.status());
        match outcome {
            Outcome::Cut => {
                let sentence = format!("The backend's pages of {name} end before all was seen.");
                envelope.truncate(TruncatedBy::Backend, sentence);
            }
            Outcome::Missed(Missed::Foreign) => envelope.leave_out(format!(
                "The backend answered with {name} of another patient: nothing found in it is shown, and \
                 what an earlier answer showed of it is not to be believed."
            )),
            Outcome::Missed(missed) if missed.status() == SourceStatus::Failed => {
                envelope.leave_out(format!("{name} was not searched, as {}.", missed.why()));
            }
            Outcome::Read | Outcome::Missed(_) => {}
        }
    }
    for part in parts.iter().skip(first + reached.parts.len()) {
        envelope.source(&part.name, SourceStatus::NotAsked);
    }
    if let Some(by) = reached.stopped {
        let here = reached.parts.last().map_or("", |(name, _)| name.as_str());
        let sentence = format!(
            "This call ended within {here}; what comes after was not searched. The cursor leads on."
        );
        envelope.truncate(by, sentence);
    }
    let Reached { unread, unnamed, .. } = reached;
    for (count, what) in [
        (unread.binary, "attachments are no text, or cannot be decoded, and were not searched."),
        (unread.remote, "attachments stand behind URLs, which are not followed."),
        (unread.cut, "texts are so long that only their beginning was searched."),
        (*unnamed, "resources name no patient and were not searched."),
    ] {
        if count > 0 {
            envelope.leave_out(format!("{count} {what}"));
        }
    }
}
