//! One patient's record at a glance: each section with its status, its count and its newest entries.

pub mod asking;
pub mod everything;
pub mod line;
pub mod section;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use self::asking::{Filled, fill};
use self::line::Line;
use self::section::Section;
use super::Tool;
use super::arguments::Entries;
use super::compartment::{self, Missed};
use super::envelope::{Envelope, SourceStatus, Status, TotalSource, TruncatedBy};
use super::error::ToolError;
use super::patients::Person;
use super::served::{Family, Need};
use crate::backend::fault::Fault;
use crate::backend::inquiry::Inquiry;
use crate::backend::profile::Interaction;
use crate::fhir::id::PatientId;
use crate::fhir::patient::Patient;

const FREE_TEXT: &[&str] = &["patient", "sections[].entries[]"];

/// `patient_overview`
#[derive(Debug)]
pub struct PatientOverview;

/// Whose record.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct PatientOverviewInput {
    /// The patient's id.
    patient_id: PatientId,
    /// Only these sections; all when left out.
    #[serde(default)]
    sections: Vec<Section>,
    /// How many of the newest entries each section shows.
    #[serde(default)]
    entries: Entries,
}

/// The record at a glance.
#[derive(Serialize, JsonSchema)]
pub struct PatientOverviewAnswer {
    #[serde(flatten)]
    envelope: Envelope,
    /// Whose record it is.
    patient: Person,
    /// Sections of which nothing is known: never report them as none.
    nothing_known_of: Vec<String>,
    /// The sections.
    sections: Vec<SectionShown>,
}

/// One section.
#[derive(Serialize, JsonSchema)]
#[schemars(inline)]
pub struct SectionShown {
    /// Its name.
    #[serde(rename = "section")]
    name: &'static str,
    /// As in `sources`. Only `ok` is an answer; with any other, nothing is known.
    #[schemars(with = "String")]
    status: SourceStatus,
    /// How many entries there are; null when nobody knows, which is not none.
    total: Option<u64>,
    /// Where the total comes from: server, counted or unknown.
    #[schemars(with = "String")]
    total_source: TotalSource,
    /// What is to be known before reading it.
    #[serde(skip_serializing_if = "Option::is_none")]
    says: Option<String>,
    /// The newest entries.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    entries: Vec<Line>,
}

impl Tool for PatientOverview {
    const NAME: &'static str = "patient_overview";
    const TITLE: &'static str = "Overview of a patient's record";
    const FAMILY: Family = Family::Fhir;
    const NEEDS: &'static [Need] =
        &[Need::Interaction(Interaction::Search), Need::Interaction(Interaction::Read)];
    const DESCRIPTION: &'static str = "One patient's record by sections (allergies, problems, medications, vital signs and so on): \
         status, count and newest entries of each. A section that is not ok is unknown, never none.";
    type Input = PatientOverviewInput;
    type Output = PatientOverviewAnswer;

    async fn run(
        inquiry: &Inquiry,
        input: PatientOverviewInput,
    ) -> Result<PatientOverviewAnswer, ToolError> {
        let resource = compartment::patient(inquiry, &input.patient_id).await?;
        let person = Patient::read(&resource).as_ref().and_then(Person::of);
        let patient = person.ok_or(Fault::Malformed)?;
        let all = Section::of(inquiry);
        let is_chosen =
            |section: &Section| input.sections.is_empty() || input.sections.contains(section);
        let chosen: Vec<Section> = all.iter().copied().filter(is_chosen).collect();
        let answers = fill(inquiry, &input.patient_id, &chosen, input.entries.number()).await?;
        let mut envelope = Envelope::with_text(FREE_TEXT);
        if answers.is_foreign {
            let sentence = "The backend's $everything held records of another patient and is not \
                            used; each section was asked for by itself.";
            envelope.leave_out(sentence);
        }
        let mut sections: Vec<SectionShown> = answers
            .sections
            .into_iter()
            .map(|(section, filled)| SectionShown::of(section, filled, &mut envelope))
            .collect();
        for section in all.iter().filter(|section| !is_chosen(section)) {
            envelope.source(section.name(), SourceStatus::NotAsked);
        }
        let nothing_known_of = unknown(&sections);
        if nothing_known_of.len() == sections.len() {
            envelope.unknown("No section could be read: nothing is known of this record.");
        }
        fit(&mut sections, inquiry.means.answer_bytes, &mut envelope);
        envelope.hint("fhir_search leads to all entries of a section, fhir_read to one of them.");
        Ok(PatientOverviewAnswer { envelope, patient, nothing_known_of, sections })
    }
}

fn unknown(sections: &[SectionShown]) -> Vec<String> {
    let is_unknown = |shown: &&SectionShown| shown.status != SourceStatus::Ok;
    sections.iter().filter(is_unknown).map(|shown| shown.name.to_owned()).collect()
}

impl SectionShown {
    fn of(section: Section, filled: Result<Filled, Missed>, envelope: &mut Envelope) -> Self {
        match filled {
            Ok(filled) => Self::filled(section, filled, envelope),
            Err(missed) => Self::missed(section, &missed, envelope),
        }
    }

    fn filled(section: Section, filled: Filled, envelope: &mut Envelope) -> Self {
        let Filled { lines, total, total_source, is_newest, unnamed } = filled;
        let words = section.words();
        if unnamed > 0 {
            envelope.leave_out(format!(
                "{unnamed} {words} name no patient, so that it is not known whose they are; they are \
                 not shown."
            ));
        }
        let says = if total == Some(0) {
            Some(format!(
                "No {words} are recorded here for this user to see; that is not a finding that \
                 there are none."
            ))
        } else if !is_newest {
            Some("Some of the entries; the backend did not give them newest first.".to_owned())
        } else {
            None
        };
        envelope.source(section.name(), SourceStatus::Ok);
        let (name, status) = (section.name(), SourceStatus::Ok);
        Self { name, status, total, total_source, says, entries: lines }
    }

    fn missed(section: Section, missed: &Missed, envelope: &mut Envelope) -> Self {
        let (words, why) = (section.words(), missed.why());
        let says = Some(format!("UNKNOWN, which is not none: no {words} could be read, as {why}."));
        envelope.source(section.name(), missed.status());
        match missed {
            Missed::Ignored(name) if !envelope.ignored_parameters.contains(name) => {
                envelope.ignored_parameters.push(name.clone());
            }
            Missed::Broken(Fault::Late | Fault::Busy)
                if !envelope.truncated_by.contains(&TruncatedBy::Deadline) =>
            {
                let sentence = "The time ran out; ask again for the sections that failed.";
                envelope.truncate(TruncatedBy::Deadline, sentence);
            }
            Missed::NotServed
            | Missed::Unsearchable
            | Missed::NotPermitted
            | Missed::Foreign
            | Missed::Ignored(_)
            | Missed::Broken(_) => {}
        }
        Self {
            name: section.name(),
            status: missed.status(),
            total: None,
            total_source: TotalSource::Unknown,
            says,
            entries: Vec::new(),
        }
    }
}

/// Shows fewer entries of each section until the answer fits.
fn fit(sections: &mut [SectionShown], most: usize, envelope: &mut Envelope) {
    // Room for the envelope itself, which has a line for each section.
    let most = most.saturating_sub(6_000);
    let size =
        |sections: &[SectionShown]| serde_json::to_vec(sections).map_or(0, |json| json.len());
    let longest = sections.iter().map(|shown| shown.entries.len()).max().unwrap_or_default();
    for keep in (0..longest).rev() {
        if size(sections) <= most {
            return;
        }
        for shown in &mut *sections {
            shown.entries.truncate(keep);
        }
        if envelope.status == Status::Ok || !envelope.truncated_by.contains(&TruncatedBy::Bytes) {
            let sentence = "Fewer entries are shown than were asked for, as the answer is full.";
            envelope.truncate(TruncatedBy::Bytes, sentence);
        }
    }
}

#[cfg(test)]
mod tests;
