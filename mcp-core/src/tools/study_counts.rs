//! How many observations a study has, in all or by patient.

use std::collections::BTreeMap;

use futures::StreamExt as _;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::Tool;
use super::arguments::window;
use super::data_type::{Asked, Sought, resolve};
use super::envelope::{Envelope, TotalSource, TruncatedBy};
use super::error::ToolError;
use super::records::{Census, Counts, Dating, Records, count, counts};
use super::served::{Family, Need};
use super::study_patients::walk;
use super::who::Kind;
use crate::backend::fault::Fault;
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
        if Kind::learn(inquiry).await? != Kind::Staff {
            return Err(ToolError::Unsuitable(
                "someone signed in as a patient cannot count over a study; count their own \
                 observations with count_patient_observations",
            ));
        }
        let kind = resolve(inquiry, input.data_type.as_deref()).await?;
        let filters = [Filter::Study(input.study_id.clone())].into_iter();
        let of = filters.chain(kind.as_ref().map(Sought::filter)).collect();
        let records = Records { of, window };
        let about = ToolError::about("study");
        let Counts { inside: count, census } = counts(inquiry, &records).await.map_err(&about)?;
        let mut envelope = Envelope::default();
        let asked = Asked::note(kind.as_ref(), &mut envelope);
        let dating = Dating::new(inquiry, &records.window, census, &mut envelope);
        note_undated(&records, census, &mut envelope);
        let counts = if input.by_patient {
            Some(by_patient(inquiry, &records, (&input.study_id, count), &mut envelope).await?)
        } else {
            None
        };
        let total_source = TotalSource::Server;
        Ok(StudyObservationCountAnswer { envelope, count, total_source, counts, asked, dating })
    }
}

fn note_undated(records: &Records, census: Option<Census>, envelope: &mut Envelope) {
    let undated = census.map_or(0, Census::undated);
    if undated > 0 && !records.window.is_open() {
        envelope.leave_out(format!(
            "{undated} records have no effective time at the backend and are not counted, whether \
             or not they fall into the window. count_patient_observations reads the time in their \
             body, for one patient."
        ));
    }
}

/// A count for each patient, study and patient in one request, so that they add up.
async fn by_patient(
    inquiry: &Inquiry,
    records: &Records,
    (study, total): (&StudyId, u64),
    envelope: &mut Envelope,
) -> Result<BTreeMap<String, u64>, ToolError> {
    let walked = walk(inquiry, study).await?;
    if walked.is_cut {
        let sentence = "The study has more patients than are counted by patient.";
        envelope.truncate(TruncatedBy::Limit, sentence);
    }
    let patients: Vec<PatientId> =
        walked.rows.iter().filter_map(|row| PatientId::parse(&identifier(row, "/id")?)).collect();
    let work = inquiry.progress.work_in(patients.len());
    let counted: Vec<(PatientId, Result<u64, Fault>)> = futures::stream::iter(patients)
        .map(|patient| async move {
            let filters = records.narrowed(Filter::Patient(patient.clone())).inside();
            let counted = count(inquiry, filters).await;
            work.part_done();
            (patient, counted)
        })
        .buffer_unordered(inquiry.profile.bounds.fan_out)
        .collect()
        .await;
    let mut counts = BTreeMap::new();
    let mut failed = 0_u32;
    for (patient, counted) in counted {
        match counted {
            Ok(number) => {
                counts.insert(patient.to_string(), number);
            }
            Err(Fault::TokenRefused) => return Err(Fault::TokenRefused.into()),
            Err(_) => failed += 1,
        }
    }
    if failed > 0 {
        let sentence = format!(
            "{failed} patients could not be counted; they are missing from counts, which does not \
             mean that they have no data."
        );
        envelope.truncate(TruncatedBy::Backend, sentence);
    } else if !walked.is_cut && counts.values().sum::<u64>() != total {
        envelope.leave_out("The counts by patient do not add up to count.");
    }
    Ok(counts)
}
