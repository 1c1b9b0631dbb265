//! How many observations a patient has.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::arguments::window;
use super::data_type::{Asked, resolve};
use super::envelope::{Envelope, TotalSource};
use super::error::ToolError;
use super::records::{Counts, Dating, Records, counts};
use super::served::{Family, Need};
use super::timeline::read_undated;
use super::who::may_see;
use super::{Tool, imported};
use crate::backend::inquiry::Inquiry;
use crate::backend::profile::Interaction;
use crate::fhir::id::PatientId;
use crate::fhir::observation::Observation;

/// `count_patient_observations`
#[derive(Debug)]
pub struct PatientCount;

/// Which observations.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct PatientCountInput {
    /// The patient's id, from another answer.
    patient_id: PatientId,
    /// Only this kind of data, as `heart-rate` or `omh:heart-rate:2.0`.
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

/// How many.
#[derive(Serialize, JsonSchema)]
pub struct PatientCountAnswer {
    #[serde(flatten)]
    envelope: Envelope,
    /// How many observations, in the window if there is one.
    count: u64,
    /// Where the count comes from.
    total_source: TotalSource,
    /// How many of them are imported; the backend keeps those apart from its own.
    #[serde(skip_serializing_if = "imported::is_zero")]
    imported: u64,
    #[serde(flatten)]
    asked: Asked,
    #[serde(flatten)]
    dating: Dating,
}

impl Tool for PatientCount {
    const NAME: &'static str = "count_patient_observations";
    const TITLE: &'static str = "Count a patient's observations";
    const FAMILY: Family = Family::Observations;
    const NEEDS: &'static [Need] = &[Need::OnType("Observation", Interaction::Search)];
    const DESCRIPTION: &'static str = "How many observations a patient has, by kind and by days if asked. Use it before reading, \
         and instead of paging when only the number matters.";
    type Input = PatientCountInput;
    type Output = PatientCountAnswer;

    async fn run(
        inquiry: &Inquiry,
        input: PatientCountInput,
    ) -> Result<PatientCountAnswer, ToolError> {
        let window = window(input.start.as_deref(), input.end.as_deref())?;
        may_see(inquiry, &input.patient_id).await?;
        let kind = resolve(inquiry, input.data_type.as_deref()).await?;
        let records = Records::of_patient(input.patient_id, kind.as_ref(), window);
        let about = ToolError::about("patient");
        let (counted, asked) =
            tokio::join!(counts(inquiry, &records), imported::ask(inquiry, &records));
        let Counts { inside: mut count, census } = counted.map_err(&about)?;
        let mut envelope = Envelope::default();
        let codes = Asked::note(kind.as_ref(), &mut envelope);
        let dating = Dating::new(inquiry, &records.window, census, &mut envelope);
        let mut total_source = TotalSource::Server;
        if let Some(census) = census.filter(|census| census.undated() > 0)
            && !records.window.is_open()
        {
            let undated = read_undated(inquiry, &records, census).await?;
            let zone = inquiry.zone();
            let inside = undated
                .rows
                .iter()
                .filter_map(Observation::instant)
                .filter(|instant| records.window.contains(*instant, &zone))
                .count();
            count += u64::try_from(inside).unwrap_or_default();
            total_source = TotalSource::Counted;
            envelope.leave_out(placed(census.undated(), inside, undated.is_complete()));
        }
        let mut imported = imported::noted(asked, &mut envelope)?.unwrap_or_default();
        if imported > 0 && !records.window.is_open() {
            let read = imported::read(inquiry, &records, Some(imported), &mut envelope).await?;
            (imported, total_source) = (read.count(), TotalSource::Counted);
        }
        count += imported;
        Ok(PatientCountAnswer { envelope, count, total_source, imported, asked: codes, dating })
    }
}

fn placed(undated: u64, inside: usize, is_complete: bool) -> String {
    let reach = if is_complete { "" } else { "; not all of them could be read" };
    format!(
        "{undated} records have no effective time at the backend. By the time in their Open mHealth \
         body {inside} of them fall into the window and are counted{reach}."
    )
}
