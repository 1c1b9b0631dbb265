//! How many observations a study has, in all or by patient.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::arguments::window;
use super::data_type::{Asked, Sought, resolve};
use super::envelope::{Envelope, TotalSource, TruncatedBy};
use super::error::ToolError;
use super::per_patient::{Wanted, Whole, check, tally, whole};
use super::records::{Dating, Records};
use super::served::{Family, Need};
use super::study_patients::walk;
use super::who::staff_only;
use super::{Tool, imported, study};
use crate::backend::inquiry::Inquiry;
use crate::fhir::id::{PatientId, StudyId};
use crate::fhir::json::identifier;
use crate::fhir::search::Filter;

/// `count_study_observations`
#[derive(Debug)]
pub struct StudyObservationCount;

/// Which study, which observations.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct StudyObservationCountInput {
    /// The study's id, from `list_studies`.
    study_id: StudyId,
    /// Only this kind of data, as `heart-rate` or `omh:heart-rate:2.0`; otherwise all kinds that the
    /// study asked for.
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
    /// Also count for each patient of the study.
    #[serde(default)]
    by_patient: bool,
}

/// How many.
#[derive(Serialize, JsonSchema)]
pub struct StudyObservationCountAnswer {
    #[serde(flatten)]
    envelope: Envelope,
    /// How many observations of the kinds that the study asked for, in the window if there is one.
    count: u64,
    /// Where the count comes from.
    total_source: TotalSource,
    /// How many of them are imported; the backend keeps those apart from its own.
    #[serde(skip_serializing_if = "imported::is_zero")]
    imported: u64,
    /// How many by `patient_id`, when asked for.
    #[serde(skip_serializing_if = "Option::is_none")]
    counts: Option<BTreeMap<String, u64>>,
    #[serde(flatten)]
    asked: Asked,
    #[serde(flatten)]
    dating: Dating,
}

impl Tool for StudyObservationCount {
    const NAME: &'static str = "count_study_observations";
    const TITLE: &'static str = "Count a study's observations";
    const FAMILY: Family = Family::Studies;
    const NEEDS: &'static [Need] = &[Need::Exchange];
    const DESCRIPTION: &'static str = "How many observations the patients of a study have, of the kinds that the study asked for; \
         by kind, by days and by patient if asked.";
    type Input = StudyObservationCountInput;
    type Output = StudyObservationCountAnswer;

    async fn run(
        inquiry: &Inquiry,
        input: StudyObservationCountInput,
    ) -> Result<StudyObservationCountAnswer, ToolError> {
        let window = window(input.start.as_deref(), input.end.as_deref())?;
        study::own(inquiry, &input.study_id)?;
        staff_only(inquiry).await?;
        let kind = resolve(inquiry, input.data_type.as_deref()).await?;
        let filters = [Filter::Study(input.study_id.clone())].into_iter();
        let of = filters.chain(kind.as_ref().map(Sought::filter)).collect();
        let records = Records { of, window };
        let mut envelope = Envelope::default();
        let asked = Asked::note(kind.as_ref(), &mut envelope);
        let counted = whole(inquiry, &records, &mut envelope).await;
        let Whole { tally, wanted } = counted.map_err(ToolError::about("study"))?;
        let dating = Dating::new(inquiry, &records.window, tally.census, &mut envelope);
        let count = tally.count();
        let counts = if input.by_patient {
            let whole = (&input.study_id, count);
            let wanted = Wanted { undated: false, ..wanted };
            Some(by_patient(inquiry, &records, (whole, wanted), &mut envelope).await?)
        } else {
            None
        };
        let (total_source, imported) = (TotalSource::Server, tally.imported);
        Ok(StudyObservationCountAnswer {
            envelope,
            count,
            total_source,
            imported,
            counts,
            asked,
            dating,
        })
    }
}

/// A count for each patient, study and patient in one request, so that they add up.
async fn by_patient(
    inquiry: &Inquiry,
    records: &Records,
    ((study, total), wanted): ((&StudyId, u64), Wanted),
    envelope: &mut Envelope,
) -> Result<BTreeMap<String, u64>, ToolError> {
    let walked = walk(inquiry, study).await?;
    if walked.is_cut {
        let sentence = "The study has more patients than are counted by patient.";
        envelope.truncate(TruncatedBy::Limit, sentence);
    }
    let patients: Vec<PatientId> =
        walked.rows.iter().filter_map(|row| PatientId::parse(&identifier(row, "/id")?)).collect();
    let counted = tally(inquiry, records, patients, wanted).await?;
    let failed = counted.iter().filter(|(_, counted)| counted.is_err()).count();
    let counts: BTreeMap<String, u64> = counted
        .into_iter()
        .filter_map(|(patient, counted)| Some((patient.to_string(), counted.ok()?.count())))
        .collect();
    check(counts.values().sum(), total, failed, envelope);
    Ok(counts)
}
