//! Studies: how many, which, and one of them.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::Tool;
use super::envelope::{Envelope, TotalSource, TruncatedBy};
use super::error::ToolError;
use super::served::{Family, Need};
use super::text::clean_option;
use super::who::Kind;
use crate::backend::fault::Fault;
use crate::backend::inquiry::Inquiry;
use crate::backend::list::{Cursor, List};
use crate::backend::surface::Call;
use crate::fhir::id::StudyId;
use crate::fhir::json::{identifier, text};
use crate::fhir::resource_type::ResourceType;
use crate::fhir::search::{Search, Sort};

const FREE_TEXT: &[&str] = &["name", "description", "organization_name"];
const FREE_TEXT_IN_LIST: &[&str] =
    &["studies[].name", "studies[].description", "studies[].organization_name"];
const PATIENT_USER: &str = "This user is a patient: the backend shows patients the names of their \
                            studies only, so description and organization are missing.";

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
    const NEEDS: &'static [Need] = &[Need::Exchange];
    const DESCRIPTION: &'static str = "How many studies this user can see. Use it instead of listing when only the number matters.";
    type Input = NoInput;
    type Output = StudyCountAnswer;

    async fn run(inquiry: &Inquiry, _: NoInput) -> Result<StudyCountAnswer, ToolError> {
        let page = Call::Studies { page_size: 1, cursor: Cursor::First };
        let count = match inquiry.ask(&page).await {
            Ok(body) => List::read(body).ok_or(Fault::Malformed)?.count,
            Err(fault) => {
                expect_patient(inquiry, fault).await?;
                inquiry.count(Search::count(ResourceType::GROUP, Vec::new())).await?
            }
        };
        let envelope = Envelope::default();
        Ok(StudyCountAnswer { envelope, count, total_source: TotalSource::Server })
    }
}

/// The list of studies is hidden from patient users alone; any other refusal stays one.
async fn expect_patient(inquiry: &Inquiry, fault: Fault) -> Result<(), ToolError> {
    if !fault.hides_the_record() {
        return Err(fault.into());
    }
    match Kind::learn(inquiry).await? {
        Kind::Patient(_) => Ok(()),
        Kind::Staff => Err(ToolError::about("study")(fault)),
    }
}

/// One study.
#[derive(Serialize, JsonSchema)]
#[schemars(inline)]
pub struct Study {
    /// The study's id, for the other tools.
    #[serde(rename = "study_id")]
    id: String,
    /// The study's name.
    name: Option<String>,
    /// What the study is about.
    description: Option<String>,
    /// The id of the organization that runs it.
    organization_id: Option<String>,
    /// The name of that organization.
    organization_name: Option<String>,
    /// The kind of that organization.
    #[serde(skip_serializing_if = "Option::is_none")]
    organization_type: Option<String>,
}

impl Study {
    /// From the REST list or record; without an id it is no study.
    fn from_record(record: &Value) -> Option<Self> {
        let words = |pointer| clean_option(text(record, pointer));
        Some(Self {
            id: identifier(record, "/id")?,
            name: words("/name"),
            description: words("/description"),
            organization_id: identifier(record, "/organization/id"),
            organization_name: words("/organization/name"),
            organization_type: words("/organization/type"),
        })
    }

    /// From a FHIR `Group`, which has a name and nothing more.
    fn from_group(group: &Value) -> Option<Self> {
        (text(group, "/resourceType") == Some("Group")).then_some(())?;
        Some(Self {
            id: identifier(group, "/id")?,
            name: clean_option(text(group, "/name")),
            description: None,
            organization_id: None,
            organization_name: None,
            organization_type: None,
        })
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
    /// How many studies there are; more than are listed when the answer is partial.
    total: u64,
    /// How many studies are listed here.
    returned: usize,
    /// The studies, in the backend's order.
    studies: Vec<Study>,
}

impl Tool for StudyList {
    const NAME: &'static str = "list_studies";
    const TITLE: &'static str = "List studies";
    const FAMILY: Family = Family::Studies;
    const NEEDS: &'static [Need] = &[Need::Exchange];
    const DESCRIPTION: &'static str = "All studies this user can see, with id, name, description and organization. Start here: the \
         study_id leads to the study's patients, and their patient_id to observations.";
    type Input = NoInput;
    type Output = StudyListAnswer;

    async fn run(inquiry: &Inquiry, _: NoInput) -> Result<StudyListAnswer, ToolError> {
        let page_size = inquiry.profile.bounds.page_size;
        let mut envelope = Envelope::with_text(FREE_TEXT_IN_LIST);
        let (total, rows, read): (_, _, fn(&Value) -> Option<Study>) =
            match inquiry.walk(|cursor| Call::Studies { page_size, cursor }).await {
                Ok(walked) => {
                    if walked.is_cut {
                        let sentence = "The list of studies is longer than what is shown.";
                        envelope.truncate(TruncatedBy::Limit, sentence);
                    }
                    (walked.count, walked.rows, Study::from_record)
                }
                Err(fault) => {
                    expect_patient(inquiry, fault).await?;
                    envelope.hint(PATIENT_USER);
                    let (total, rows) = groups(inquiry, &mut envelope).await?;
                    (total, rows, Study::from_group)
                }
            };
        let studies: Vec<Study> = rows.iter().filter_map(read).collect();
        if studies.len() < rows.len() {
            envelope.leave_out("The backend sent studies without an id, which are left out.");
        }
        Ok(StudyListAnswer { envelope, total, returned: studies.len(), studies })
    }
}

/// A patient user's studies: one page, as nobody takes part in a thousand.
async fn groups(
    inquiry: &Inquiry,
    envelope: &mut Envelope,
) -> Result<(u64, Vec<Value>), ToolError> {
    let page_size = inquiry.profile.bounds.page_size;
    let search = Search::page(ResourceType::GROUP, Vec::new(), page_size, 1, Sort::Updated);
    let bundle = inquiry.search(search).await?;
    let total = bundle.total();
    let rows = bundle.into_resources();
    if u64::try_from(rows.len()).is_ok_and(|read| read < total) {
        let sentence = "The list of studies is longer than what is shown.";
        envelope.truncate(TruncatedBy::Limit, sentence);
    }
    Ok((total, rows))
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
    const NEEDS: &'static [Need] = &[Need::Exchange];
    const DESCRIPTION: &'static str =
        "Name, description and organization of one study, by its study_id from list_studies.";
    type Input = StudyInput;
    type Output = StudyMetadataAnswer;

    async fn run(inquiry: &Inquiry, input: StudyInput) -> Result<StudyMetadataAnswer, ToolError> {
        let mut envelope = Envelope::with_text(FREE_TEXT);
        let study = match inquiry.ask(&Call::Study(input.study_id.clone())).await {
            Ok(record) => Study::from_record(&record),
            Err(fault) => {
                expect_patient(inquiry, fault).await?;
                envelope.hint(PATIENT_USER);
                let group = inquiry.ask(&Call::Group(input.study_id)).await;
                Study::from_group(&group.map_err(ToolError::about("study"))?)
            }
        };
        Ok(StudyMetadataAnswer { envelope, study: study.ok_or(Fault::Malformed)? })
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_sparse_study_keeps_its_keys() {
        let study = Study::from_record(&json!({"id": 30001, "organization": null})).unwrap();
        let shown = serde_json::to_value(study).unwrap();
        assert_eq!(
            shown,
            json!({"study_id": "30001", "name": null, "description": null,
                   "organization_id": null, "organization_name": null})
        );
    }

    #[test]
    fn a_group_is_a_study_with_a_name_only() {
        let group = json!({"resourceType": "Group", "id": "30001", "name": "BP"});
        assert_eq!(Study::from_group(&group).unwrap().name.as_deref(), Some("BP"));
        assert!(Study::from_group(&json!({"resourceType": "Patient", "id": "1"})).is_none());
    }
}
