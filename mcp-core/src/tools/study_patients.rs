//! The patients of a study.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::envelope::{Envelope, TruncatedBy};
use super::error::ToolError;
use super::served::{Family, Need};
use super::text::clean_option;
use super::{Tool, study};
use crate::backend::inquiry::{Inquiry, Walked};
use crate::backend::surface::Call;
use crate::fhir::id::StudyId;
use crate::fhir::json::{identifier, text};

const FREE_TEXT: &[&str] = &["patients[].given_name", "patients[].family_name", "patients[].email"];

/// `list_study_patients`
#[derive(Debug)]
pub struct StudyPatients;

/// Which study.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct StudyPatientsInput {
    /// The study's id, from `list_studies`.
    study_id: StudyId,
}

/// The patients of a study.
#[derive(Serialize, JsonSchema)]
pub struct StudyPatientsAnswer {
    #[serde(flatten)]
    envelope: Envelope,
    /// How many patients the study has; more than are listed when the answer is partial.
    total: u64,
    /// How many patients are listed here.
    returned: usize,
    /// The patients, by id.
    patients: Vec<StudyPatient>,
}

/// One patient of a study.
#[derive(Serialize, JsonSchema)]
#[schemars(inline)]
pub struct StudyPatient {
    /// The patient's id, for the other tools.
    patient_id: String,
    /// Given names.
    given_name: Option<String>,
    /// Family name.
    family_name: Option<String>,
    /// E-mail address.
    email: Option<String>,
    /// Day of birth.
    #[serde(skip_serializing_if = "Option::is_none")]
    birth_date: Option<String>,
}

impl StudyPatient {
    fn read(row: &Value) -> Option<Self> {
        let words = |pointer| clean_option(text(row, pointer));
        Some(Self {
            patient_id: identifier(row, "/id")?,
            given_name: words("/nameGiven"),
            family_name: words("/nameFamily"),
            email: words("/telecomEmail"),
            birth_date: words("/birthDate"),
        })
    }
}

impl Tool for StudyPatients {
    const NAME: &'static str = "list_study_patients";
    const TITLE: &'static str = "List a study's patients";
    const FAMILY: Family = Family::Studies;
    const NEEDS: &'static [Need] = &[Need::Exchange];
    const DESCRIPTION: &'static str = "The patients enrolled in one study, with patient_id, name, e-mail address and birth date. \
         Take study_id from list_studies.";
    type Input = StudyPatientsInput;
    type Output = StudyPatientsAnswer;

    async fn run(
        inquiry: &Inquiry,
        input: StudyPatientsInput,
    ) -> Result<StudyPatientsAnswer, ToolError> {
        study::own(inquiry, &input.study_id)?;
        let mut envelope = Envelope::with_text(FREE_TEXT);
        let walked = walk(inquiry, &input.study_id).await?;
        if walked.is_cut {
            let sentence = "The study has more patients than are shown.";
            envelope.truncate(TruncatedBy::Limit, sentence);
        }
        let patients: Vec<StudyPatient> =
            walked.rows.iter().filter_map(StudyPatient::read).collect();
        if patients.len() < walked.rows.len() {
            envelope.leave_out("The backend sent patients without an id, which are left out.");
        }
        let returned = patients.len();
        Ok(StudyPatientsAnswer { envelope, total: walked.count, returned, patients })
    }
}

/// All patients of a study. The Exchange answers with an empty list also when the study is not this
/// user's to see; so an empty list is believed only after the study itself was shown.
///
/// # Errors
/// Not found or not authorized, or no answer from the backend.
pub async fn walk(inquiry: &Inquiry, study: &StudyId) -> Result<Walked, ToolError> {
    let page_size = inquiry.profile.bounds.page_size;
    let page = |cursor| Call::StudyPatients { study: study.clone(), page_size, cursor };
    let walked = inquiry.walk(page).await.map_err(ToolError::about("study"))?;
    if walked.rows.is_empty() {
        inquiry.ask(&Call::Study(study.clone())).await.map_err(ToolError::about("study"))?;
    }
    Ok(walked)
}
