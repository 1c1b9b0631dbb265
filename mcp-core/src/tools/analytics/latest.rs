//! The newest reading of each kind, by when it was measured and not by when it was stored.

use futures::StreamExt as _;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::several;
use crate::backend::fault::Fault;
use crate::backend::inquiry::Inquiry;
use crate::backend::profile::Interaction;
use crate::fhir::date::Window;
use crate::fhir::id::PatientId;
use crate::fhir::observation::Observation;
use crate::fhir::search::Sort;
use crate::tools::data_type::{self, Sought};
use crate::tools::envelope::{Envelope, TruncatedBy};
use crate::tools::error::ToolError;
use crate::tools::records::{Counts, Records, counts, page};
use crate::tools::rows::{Row, Verbosity};
use crate::tools::served::{Family, Need};
use crate::tools::timeline::{order, read_undated};
use crate::tools::who::may_see;
use crate::tools::{Tool, imported};

/// Kinds in one answer.
const MOST: usize = 20;
const FREE_TEXT: &[&str] = &[
    "latest[].observation.type",
    "latest[].observation.activity",
    "latest[].observation.unit",
    "latest[].observation.measures[].unit",
    "latest[].observation.measures[].name",
    "latest[].observation.source",
    "latest[].observation.datasheets",
    "latest[].observation.statistic",
    "latest[].observation.statistic_over",
    "latest[].observation.effective_original",
];

/// `observation_latest`
#[derive(Debug)]
pub struct Latest;

/// Of whom, and of which kinds.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct LatestInput {
    /// The patient's id, from another answer.
    patient_id: PatientId,
    /// Kinds of data, up to 20; all kinds when left out.
    #[serde(default)]
    data_types: Vec<String>,
}

/// The newest of each kind.
#[derive(Serialize, JsonSchema)]
pub struct LatestAnswer {
    #[serde(flatten)]
    envelope: Envelope,
    /// Whose they are.
    patient_id: String,
    /// By kind, those without any data left out.
    latest: Vec<LatestRow>,
}

/// The newest of one kind.
#[derive(Serialize, JsonSchema)]
#[schemars(inline)]
pub struct LatestRow {
    /// The code that was asked for.
    code: String,
    /// How many records of this kind there are in all.
    count: u64,
    /// How it was found to be the newest.
    found_by: FoundBy,
    /// Set when its time lies in the future of this call.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    in_future: bool,
    /// The newest reading; null when none could be read with a time.
    observation: Option<Row>,
}

/// How the newest was found.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
#[schemars(inline)]
pub enum FoundBy {
    /// The backend's order by effective time.
    BackendOrder,
    /// That, and every record without an effective time read for the time in its body.
    AllRead,
    /// That, but not all such records could be read: a newer one may exist.
    PartlyRead,
}

impl Tool for Latest {
    const NAME: &'static str = "observation_latest";
    const TITLE: &'static str = "Newest reading of each kind";
    const FAMILY: Family = Family::Analytics;
    const NEEDS: &'static [Need] = &[Need::OnType("Observation", Interaction::Search)];
    const DESCRIPTION: &'static str =
        "A patient's newest reading of each kind, by when it was measured.";
    type Input = LatestInput;
    type Output = LatestAnswer;

    async fn run(inquiry: &Inquiry, input: LatestInput) -> Result<LatestAnswer, ToolError> {
        if input.data_types.len() > MOST {
            return Err(ToolError::Argument(format!("data_types must be at most {MOST}")));
        }
        may_see(inquiry, &input.patient_id).await?;
        let kinds = kinds(inquiry, &input.data_types).await?;
        let work = inquiry.progress.work_in(kinds.len());
        let patient = &input.patient_id;
        let asked: Vec<(String, Result<Option<LatestRow>, Fault>)> = futures::stream::iter(kinds)
            .map(|kind| async move {
                let code = kind.codes().join(", ");
                let newest = newest(inquiry, patient, &kind, &code).await;
                work.part_done();
                (code, newest)
            })
            .buffered(inquiry.profile.bounds.fan_out)
            .collect()
            .await;
        let mut envelope = Envelope::with_text(FREE_TEXT);
        let mut latest = Vec::new();
        for (code, newest) in asked {
            match newest {
                Ok(newest) => latest.extend(newest),
                Err(fault @ Fault::TokenRefused) => return Err(fault.into()),
                Err(fault) if fault.hides_the_record() => {
                    return Err(ToolError::about("patient")(fault));
                }
                Err(_) => envelope.truncate(
                    TruncatedBy::Backend,
                    format!("{code} could not be read, which does not mean that there is none."),
                ),
            }
        }
        if latest.iter().any(|row: &LatestRow| row.found_by == FoundBy::PartlyRead) {
            envelope.leave_out(
                "Where found_by is partly_read, records without an effective time at the backend \
                 could not all be read, and one of them may be newer.",
            );
        }
        Ok(LatestAnswer { envelope, patient_id: patient.to_string(), latest })
    }
}

/// The kinds that were asked for; each that the backend has when none were.
async fn kinds(inquiry: &Inquiry, asked: &[String]) -> Result<Vec<Sought>, ToolError> {
    if asked.is_empty() {
        return Ok(data_type::all(inquiry).await?.into_iter().map(Sought::one).collect());
    }
    Ok(several::kinds(inquiry, asked).await?.into_iter().map(|(_, sought)| sought).collect())
}

/// The newest record of a kind; none where there are none.
async fn newest(
    inquiry: &Inquiry,
    patient: &PatientId,
    kind: &Sought,
    code: &str,
) -> Result<Option<LatestRow>, Fault> {
    let records = Records::of_patient(patient.clone(), Some(kind), Window::default());
    let (counted, asked) =
        tokio::join!(counts(inquiry, &records), imported::ask(inquiry, &records));
    let Counts { inside: own, census } = counted?;
    let mut said = Envelope::default();
    let known = imported::noted(asked, &mut said)?;
    let count = own + known.unwrap_or_default();
    if count == 0 {
        return Ok(None);
    }
    let mut rows: Vec<Observation> = Vec::new();
    let mut found_by = FoundBy::BackendOrder;
    if own > 0 {
        let first = inquiry.search(page(records.dated(), 1, 1, Sort::Newest)).await?;
        rows.extend(records.read(first.resources())?);
    }
    if let Some(census) = census.filter(|census| census.undated() > 0) {
        let undated = read_undated(inquiry, &records, census).await?;
        found_by = if undated.is_complete() { FoundBy::AllRead } else { FoundBy::PartlyRead };
        rows.extend(undated.rows);
    }
    let imported = imported::read(inquiry, &records, known, &mut said).await?;
    rows.extend(imported.rows);
    if census.is_none() || !said.left_out.is_empty() || !said.sources.is_empty() {
        found_by = FoundBy::PartlyRead;
    }
    order(&mut rows, &Sort::Newest);
    let newest = rows.into_iter().next().filter(|row| row.instant().is_some());
    let at = newest.as_ref().and_then(Observation::instant);
    // When the call came is known to the second; within that second a reading may be of just now.
    let in_future = at.is_some_and(|at| at.as_second() > super::now(inquiry).as_second());
    let observation = newest.map(|row| Row::of(row, Verbosity::Slim));
    Ok(Some(LatestRow { code: code.to_owned(), count, found_by, in_future, observation }))
}
