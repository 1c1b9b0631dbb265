//! What kinds of observations a patient has: how many of each, from when to when.

use std::collections::BTreeMap;

use futures::StreamExt as _;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::arguments::window;
use super::data_type::{self, DataType};
use super::envelope::{Envelope, TruncatedBy};
use super::error::ToolError;
use super::mix::{Mix, Sample};
use super::range::Range;
use super::records::{Counts, Dating, Records, counts, page};
use super::rows::Timestamped;
use super::served::{Family, Need};
use super::timeline::read_undated;
use super::who::may_see;
use super::{Tool, imported};
use crate::backend::fault::Fault;
use crate::backend::inquiry::Inquiry;
use crate::backend::profile::Interaction;
use crate::fhir::id::PatientId;
use crate::fhir::observation::Observation;
use crate::fhir::search::Sort;

const NEWEST: &str = "get_patient_observations with a code as data_type and a small limit shows the newest \
                      readings of one kind.";

/// `summarize_patient_observations`
#[derive(Debug)]
pub struct Summary;

/// Which observations.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct SummaryInput {
    /// The patient's id, from another answer.
    patient_id: PatientId,
    /// The first day, YYYY-MM-DD, included.
    #[serde(default)]
    #[schemars(regex(pattern = r"^\d{4}-\d{2}-\d{2}$"))]
    start: Option<String>,
    /// The last day, YYYY-MM-DD, included.
    #[serde(default)]
    #[schemars(regex(pattern = r"^\d{4}-\d{2}-\d{2}$"))]
    end: Option<String>,
}

/// The kinds of observations.
#[derive(Serialize, JsonSchema)]
pub struct SummaryAnswer {
    #[serde(flatten)]
    envelope: Envelope,
    /// Whether records were left out because there are too many of them.
    truncated: bool,
    /// How many observations there are of all kinds, in the window if there is one.
    count: u64,
    /// How many of them are imported; the backend keeps those apart from its own.
    #[serde(skip_serializing_if = "imported::is_zero")]
    imported: u64,
    /// The kinds, by their names.
    types: BTreeMap<String, TypeSummary>,
    #[serde(flatten)]
    dating: Dating,
}

/// One kind.
#[derive(Serialize, JsonSchema)]
#[schemars(inline)]
pub struct TypeSummary {
    /// The full code, which `data_type` accepts.
    code: String,
    /// How many.
    count: u64,
    /// The earliest time, in UTC; null when none is known.
    earliest: Option<Timestamped>,
    /// The latest time, in UTC; null when none is known.
    latest: Option<Timestamped>,
    /// What they are, as far as they were read for this answer.
    readings: Mix,
}

/// What is known of one kind while the answer is put together.
struct Tally {
    kind: DataType,
    count: u64,
    range: Range,
    sample: Sample,
}

impl Tool for Summary {
    const NAME: &'static str = "summarize_patient_observations";
    const TITLE: &'static str = "Summarize a patient's observations";
    const FAMILY: Family = Family::Observations;
    const NEEDS: &'static [Need] = &[Need::OnType("Observation", Interaction::Search)];
    const DESCRIPTION: &'static str = "Which kinds of data a patient has: for each kind its code, how many observations, and the \
         earliest and latest time; by days if asked. A good first question about a patient.";
    type Input = SummaryInput;
    type Output = SummaryAnswer;

    async fn run(inquiry: &Inquiry, input: SummaryInput) -> Result<SummaryAnswer, ToolError> {
        let window = window(input.start.as_deref(), input.end.as_deref())?;
        may_see(inquiry, &input.patient_id).await?;
        let records = Records::of_patient(input.patient_id, None, window);
        let about = ToolError::about("patient");
        let (counted, asked) =
            tokio::join!(counts(inquiry, &records), imported::ask(inquiry, &records));
        let Counts { inside: mut total, census } = counted.map_err(&about)?;
        let mut envelope = Envelope::default();
        let dating = Dating::new(inquiry, &records.window, census, &mut envelope);
        let mut tallies = tally(inquiry, &records, total, &mut envelope).await?;
        let mut truncated = false;
        if let Some(census) = census.filter(|census| census.undated() > 0) {
            let undated = read_undated(inquiry, &records, census).await?;
            truncated = !undated.is_complete();
            if let Some(by) = undated.stopped_by {
                envelope.truncate(by, unread(census.undated()));
            }
            // With an open window the backend's counts hold these records already.
            let is_new = !records.window.is_open();
            let rows = undated.rows.iter().filter(|row| is_inside(inquiry, &records, row));
            total += place(rows, is_new, &mut tallies);
        }
        let known = imported::noted(asked, &mut envelope)?;
        let imported = imported::read(inquiry, &records, known, &mut envelope).await?;
        truncated |= imported.stopped_by.is_some();
        total += place(imported.rows.iter(), true, &mut tallies);
        note_remainder(&tallies, total, &mut envelope);
        if total > 0 {
            envelope.hint(NEWEST);
        }
        let types = by_display(tallies, &mut envelope);
        let imported = imported.count();
        Ok(SummaryAnswer { envelope, truncated, count: total, imported, types, dating })
    }
}

fn unread(undated: u64) -> String {
    format!(
        "{undated} records have no effective time at the backend, and not all of them could be \
         read: the times below may not reach as far as they should, and a window may miss records."
    )
}

/// Counts and ranges of all kinds, from the backend alone.
async fn tally(
    inquiry: &Inquiry,
    records: &Records,
    total: u64,
    envelope: &mut Envelope,
) -> Result<Vec<Tally>, ToolError> {
    let kinds = data_type::all(inquiry).await?;
    if total == 0 {
        let empty =
            |kind| Tally { kind, count: 0, range: Range::default(), sample: Sample::default() };
        return Ok(kinds.into_iter().map(empty).collect());
    }
    let work = inquiry.progress.work_in(kinds.len());
    let probes: Vec<(DataType, Result<Tally, Fault>)> = futures::stream::iter(kinds)
        .map(|kind| async move {
            let probed = probe(inquiry, records, kind.clone()).await;
            work.part_done();
            (kind, probed)
        })
        .buffered(inquiry.profile.bounds.fan_out)
        .collect()
        .await;
    let mut tallies = Vec::new();
    for (kind, probe) in probes {
        match probe {
            Ok(tally) => tallies.push(tally),
            Err(Fault::TokenRefused) => return Err(Fault::TokenRefused.into()),
            Err(_) => envelope.truncate(
                TruncatedBy::Backend,
                format!(
                    "{} could not be counted, which does not mean that there is none.",
                    kind.code
                ),
            ),
        }
    }
    Ok(tallies)
}

/// One row from either end; the first one brings the count with it.
async fn probe(inquiry: &Inquiry, records: &Records, kind: DataType) -> Result<Tally, Fault> {
    let records = records.narrowed(kind.filter());
    let (mut range, mut sample) = (Range::default(), Sample::default());
    let oldest = inquiry.search(page(records.inside(), 1, 1, Sort::Oldest)).await?;
    let rows = records.read(oldest.resources())?;
    range.extend_by(&rows);
    sample.take(&rows);
    if oldest.total() > 1 {
        let newest = inquiry.search(page(records.dated_inside(), 1, 1, Sort::Newest)).await;
        match newest {
            Ok(newest) => {
                let rows = records.read(newest.resources())?;
                range.extend_by(&rows);
                sample.take(&rows);
            }
            // Then the census says that nothing is known about dates.
            Err(Fault::Unsupported(_)) => {}
            Err(fault) => return Err(fault),
        }
    }
    Ok(Tally { kind, count: oldest.total(), range, sample })
}

fn is_inside(inquiry: &Inquiry, records: &Records, row: &Observation) -> bool {
    row.instant().is_some_and(|instant| records.window.contains(instant, &inquiry.zone()))
}

/// Puts records where their own times say; returns how many the backend's total did not hold.
fn place<'r>(
    rows: impl Iterator<Item = &'r Observation>,
    is_new: bool,
    tallies: &mut [Tally],
) -> u64 {
    let mut added = 0;
    for row in rows {
        let of_kind = |tally: &&mut Tally| {
            row.coding.code.as_deref() == Some(tally.kind.code.as_str())
                && row.coding.system.as_deref() == Some(tally.kind.system.as_str())
        };
        added += u64::from(is_new);
        if let Some(tally) = tallies.iter_mut().find(of_kind) {
            row.instant().into_iter().for_each(|instant| tally.range.extend(instant));
            tally.count += u64::from(is_new);
            tally.sample.take([row]);
        }
    }
    added
}

fn note_remainder(tallies: &[Tally], total: u64, envelope: &mut Envelope) {
    let named: u64 = tallies.iter().map(|tally| tally.count).sum();
    if named < total && envelope.truncated_by.is_empty() {
        envelope.leave_out(format!(
            "{} records are of kinds that the backend's list of codes does not name.",
            total - named
        ));
    }
}

/// By name; two kinds of one name stay apart.
fn by_display(tallies: Vec<Tally>, envelope: &mut Envelope) -> BTreeMap<String, TypeSummary> {
    let mut types = BTreeMap::new();
    for tally in tallies.into_iter().filter(|tally| tally.count > 0) {
        let DataType { code, display, .. } = tally.kind;
        let name =
            if types.contains_key(&display) { format!("{display} ({code})") } else { display };
        let readings = tally.sample.mix(tally.count);
        readings.warn(&code, envelope);
        let (earliest, latest) = (tally.range.earliest, tally.range.latest);
        let summary = TypeSummary {
            code,
            count: tally.count,
            earliest: earliest.map(Into::into),
            latest: latest.map(Into::into),
            readings,
        };
        types.insert(name, summary);
    }
    types
}

#[cfg(test)]
mod tests;
