//! Studies: how many, which, and one of them.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::Tool;
use super::envelope::{Envelope, TotalSource};
use super::error::ToolError;
use super::served::{Family, Need};
use super::study::{self, Study};
use crate::backend::inquiry::Inquiry;
use crate::fhir::id::StudyId;

const FREE_TEXT: &[&str] = &["name", "description", "organization_name"];
const FREE_TEXT_IN_LIST: &[&str] =
    &["studies[].name", "studies[].description", "studies[].organization_name"];

/// A tool without parameters.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct NoInput {}

/// `get_study_count`
#[derive(Debug)]
pub struct StudyCount;

/// How many studies there are.
#[derive(Serialize, JsonSchema)]
pub struct StudyCountAnswer {
    #[serde(flatten)]
    envelope: Envelope,
    /// How many studies this user can see.
    count: u64,
    /// Where the count comes from.
    total_source: TotalSource,
}

impl Tool for StudyCount {
    const NAME: &'static str = "get_study_count";
    const TITLE: &'static str = "Count studies";
    const FAMILY: Family = Family::Studies;
    const NEEDS: &'static [Need] = &[Need::Studies];
    const DESCRIPTION: &'static str = "How many studies this user can see. Use it instead of listing when only the number matters.";
    type Input = NoInput;
    type Output = StudyCountAnswer;

    async fn run(inquiry: &Inquiry, _: NoInput) -> Result<StudyCountAnswer, ToolError> {
        let count = study::count(inquiry).await?;
        let envelope = Envelope::default();
        Ok(StudyCountAnswer { envelope, count, total_source: TotalSource::Server })
    }
}

/// `list_studies`
#[derive(Debug)]
pub struct StudyList;

/// The studies.
#[derive(Serialize, JsonSchema)]
pub struct StudyListAnswer {
    #[serde(flatten)]
    envelope: Envelope,
    /// How many studies there are; more than are listed when the answer is partial, null when nobody
    /// knows.
    total: Option<u64>,
    /// How many studies are listed here.
    returned: usize,
    /// The studies, in the backend's order.
    studies: Vec<Study>,
}

impl Tool for StudyList {
    const NAME: &'static str = "list_studies";
    const TITLE: &'static str = "List studies";
    const FAMILY: Family = Family::Studies;
    const NEEDS: &'static [Need] = &[Need::Studies];
    const DESCRIPTION: &'static str = "All studies this user can see, with id, name, description and organization. Start here: the \
         study_id leads to the study's patients, and their patient_id to observations.";
    type Input = NoInput;
    type Output = StudyListAnswer;

    async fn run(inquiry: &Inquiry, _: NoInput) -> Result<StudyListAnswer, ToolError> {
        let mut envelope = Envelope::with_text(FREE_TEXT_IN_LIST);
        let study::Listed { studies, total } = study::list(inquiry, &mut envelope).await?;
        Ok(StudyListAnswer { envelope, total, returned: studies.len(), studies })
    }
}

/// `get_study_metadata`
#[derive(Debug)]
pub struct StudyMetadata;

/// Which study.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct StudyInput {
    /// The study's id, from `list_studies`.
    study_id: StudyId,
}

/// One study.
#[derive(Serialize, JsonSchema)]
pub struct StudyMetadataAnswer {
    #[serde(flatten)]
    envelope: Envelope,
    #[serde(flatten)]
    study: Study,
}

impl Tool for StudyMetadata {
    const NAME: &'static str = "get_study_metadata";
    const TITLE: &'static str = "Describe a study";
    const FAMILY: Family = Family::Studies;
    const NEEDS: &'static [Need] = &[Need::Studies];
    const DESCRIPTION: &'static str =
        "Name, description and organization of one study, by its study_id from list_studies.";
    type Input = StudyInput;
    type Output = StudyMetadataAnswer;

    async fn run(inquiry: &Inquiry, input: StudyInput) -> Result<StudyMetadataAnswer, ToolError> {
        let mut envelope = Envelope::with_text(FREE_TEXT);
        let study = study::one(inquiry, &input.study_id, &mut envelope).await?;
        Ok(StudyMetadataAnswer { envelope, study })
    }
}
