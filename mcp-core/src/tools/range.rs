//! From when to when a patient has observations.

use jiff::Timestamp;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::envelope::Envelope;
use super::error::ToolError;
use super::records::{Census, Dating, Records, page};
use super::rows::Timestamped;
use super::served::{Family, Need};
use super::timeline::read_undated;
use super::who::may_see;
use super::{Tool, imported};
use crate::backend::fault::Fault;
use crate::backend::inquiry::Inquiry;
use crate::backend::profile::Interaction;
use crate::fhir::bundle::Bundle;
use crate::fhir::date::Window;
use crate::fhir::id::PatientId;
use crate::fhir::observation::Observation;
use crate::fhir::search::Sort;

const KINDS: &str = "summarize_patient_observations shows which kinds these are, with a count and a range for each.";

/// `get_patient_date_range`
#[derive(Debug)]
pub struct DateRange;

/// Which patient.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct DateRangeInput {
    /// The patient's id, from another answer.
    patient_id: PatientId,
}

/// From when to when.
#[derive(Serialize, JsonSchema)]
pub struct DateRangeAnswer {
    #[serde(flatten)]
    envelope: Envelope,
    /// The earliest time, in UTC; null when there is none, or none is known.
    earliest: Option<Timestamped>,
    /// The latest time, in UTC; null when there is none, or none is known.
    latest: Option<Timestamped>,
    /// How many observations the patient has.
    count: u64,
    /// How many of them are imported; the backend keeps those apart from its own.
    #[serde(skip_serializing_if = "imported::is_zero")]
    imported: u64,
    #[serde(flatten)]
    dating: Dating,
}

impl Tool for DateRange {
    const NAME: &'static str = "get_patient_date_range";
    const TITLE: &'static str = "Find a patient's date range";
    const FAMILY: Family = Family::Observations;
    const NEEDS: &'static [Need] = &[Need::OnType("Observation", Interaction::Search)];
    const DESCRIPTION: &'static str = "The times of a patient's earliest and latest observation, and how many there are. Ask this \
         before choosing start and end for other tools.";
    type Input = DateRangeInput;
    type Output = DateRangeAnswer;

    async fn run(inquiry: &Inquiry, input: DateRangeInput) -> Result<DateRangeAnswer, ToolError> {
        may_see(inquiry, &input.patient_id).await?;
        let records = Records::of_patient(input.patient_id, None, Window::default());
        let about = ToolError::about("patient");
        let (oldest, asked) = tokio::join!(
            inquiry.search(page(records.everything(), 1, 1, Sort::Oldest)),
            imported::ask(inquiry, &records),
        );
        let oldest = oldest.map_err(&about)?;
        let total = oldest.total();
        let mut envelope = Envelope::default();
        let mut range = Range::default();
        let mut census = Some(Census { total, dated: 0 });
        if total > 0 {
            let newest = inquiry.search(page(records.dated(), 1, 1, Sort::Newest)).await;
            census = range.probe(&records, &oldest, newest).map_err(&about)?;
        }
        let dating = Dating::new(inquiry, &records.window, census, &mut envelope);
        if let Some(census) = census.filter(|census| census.undated() > 0) {
            let undated = read_undated(inquiry, &records, census).await?;
            range.extend_by(&undated.rows);
            if let Some(by) = undated.stopped_by {
                envelope.truncate(by, unread(census));
            }
        }
        let known = imported::noted(asked, &mut envelope)?;
        let read = imported::read(inquiry, &records, known, &mut envelope).await?;
        range.extend_by(&read.rows);
        let imported = known.unwrap_or_default();
        let total = total + imported;
        if total > 0 && range.earliest.is_none() {
            envelope
                .leave_out("No record that could be read has a time, so the range is not known.");
        }
        if total > 0 {
            envelope.hint(KINDS);
        }
        let (earliest, latest) = (range.earliest.map(Into::into), range.latest.map(Into::into));
        Ok(DateRangeAnswer { envelope, earliest, latest, count: total, imported, dating })
    }
}

fn unread(census: Census) -> String {
    format!(
        "{} records have no effective time at the backend, and not all of them could be read: the \
         true range may be wider.",
        census.undated()
    )
}

/// The earliest and the latest instant seen so far.
#[derive(Clone, Copy, Default)]
pub struct Range {
    /// The earliest.
    pub earliest: Option<Timestamp>,
    /// The latest.
    pub latest: Option<Timestamp>,
}

impl Range {
    /// Takes an instant in.
    pub fn extend(&mut self, at: Timestamp) {
        self.earliest = Some(self.earliest.map_or(at, |earliest| earliest.min(at)));
        self.latest = Some(self.latest.map_or(at, |latest| latest.max(at)));
    }

    /// Takes rows in.
    pub fn extend_by(&mut self, rows: &[Observation]) {
        rows.iter().filter_map(Observation::instant).for_each(|at| self.extend(at));
    }

    /// Takes both probes in. The second one's total is how many records the backend can date.
    fn probe(
        &mut self,
        records: &Records,
        oldest: &Bundle,
        newest: Result<Bundle, Fault>,
    ) -> Result<Option<Census>, Fault> {
        self.extend_by(&records.read(oldest.resources())?);
        match newest {
            Ok(newest) => {
                self.extend_by(&records.read(newest.resources())?);
                Ok(Some(Census { total: oldest.total(), dated: newest.total() }))
            }
            Err(Fault::Unsupported(_)) => Ok(None),
            Err(fault) => Err(fault),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_range_is_of_instants_not_of_spellings() {
        let mut range = Range::default();
        for text in ["2026-11-02T00:30:00+01:00", "2026-11-01T23:45:00Z"] {
            range.extend(text.parse().unwrap());
        }
        assert_eq!(range.earliest.unwrap().to_string(), "2026-11-01T23:30:00Z");
        assert_eq!(range.latest.unwrap().to_string(), "2026-11-01T23:45:00Z");
    }
}
