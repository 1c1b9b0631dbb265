//! Where studies come from: the Exchange's REST lists, or the FHIR type that the profile names.

use schemars::JsonSchema;
use serde::Serialize;
use serde_json::Value;

use super::envelope::{Envelope, TruncatedBy};
use super::error::ToolError;
use super::text::clean_option;
use super::who::Kind;
use crate::backend::fault::Fault;
use crate::backend::inquiry::{Inquiry, Walked};
use crate::backend::list::{Cursor, List};
use crate::backend::profile::StudyKind;
use crate::backend::surface::Call;
use crate::backend::walk::Budget;
use crate::fhir::id::{ResourceId, StudyId};
use crate::fhir::json::{identifier, text};
use crate::fhir::reference::local_id;
use crate::fhir::search::{Search, Sort};

const PATIENT_USER: &str = "This user is a patient: the backend shows patients the names of their \
                            studies only, so description and organization are missing.";
const GROUPS: &str = "On this backend a study is a FHIR Group; not every group need be a study.";
/// Bytes read of a list: a group may name thousands of members.
const MOST_BYTES: usize = 8 << 20;
const CUT: &str = "The list of studies is longer than what is shown.";

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

    /// From a FHIR `Group`, of which the Exchange gives a name and nothing more.
    fn from_group(group: &Value) -> Option<Self> {
        Self::from_fhir(group, StudyKind::Group, ("/name", "/managingEntity"))
    }

    /// From a `ResearchStudy`; its sponsor is a member in R4, and one party of several in R5.
    fn from_research(study: &Value) -> Option<Self> {
        let title = if text(study, "/title").is_some() { "/title" } else { "/name" };
        Self::from_fhir(study, StudyKind::ResearchStudy, (title, "/sponsor"))
    }

    fn from_fhir(
        resource: &Value,
        kind: StudyKind,
        (name, organization): (&str, &str),
    ) -> Option<Self> {
        let is_one = text(resource, "/resourceType") == Some(kind.resource_type().as_str());
        is_one.then_some(())?;
        let words = |pointer: &str| clean_option(text(resource, pointer));
        let reference = text(resource, &format!("{organization}/reference"));
        Some(Self {
            id: identifier(resource, "/id")?,
            name: words(name),
            description: words("/description"),
            organization_id: reference.and_then(|one| local_id(one, "Organization")),
            organization_name: words(&format!("{organization}/display")),
            organization_type: None,
        })
    }

    fn reader(kind: StudyKind) -> fn(&Value) -> Option<Self> {
        match kind {
            StudyKind::Group => Self::from_group,
            StudyKind::ResearchStudy => Self::from_research,
        }
    }
}

/// Whether the REST side knows the study: its own have numbers, imported groups have UUIDs.
pub fn is_rest(inquiry: &Inquiry, study: &StudyId) -> bool {
    inquiry.profile.rest.is_some() && study.is_number()
}

/// Refuses a study that is none of the Exchange's own: it lists and counts only by those.
///
/// # Errors
/// An id that is no number.
pub fn own(inquiry: &Inquiry, study: &StudyId) -> Result<(), ToolError> {
    inquiry.takes_id("study_id", study.as_str())?;
    if study.is_number() {
        return Ok(());
    }
    let rule = "study_id: the backend has lists of its own studies only, whose ids are numbers";
    Err(ToolError::Argument(rule.to_owned()))
}

/// How many studies this user can see.
///
/// # Errors
/// No answer from the backend; see [`ToolError`].
pub async fn count(inquiry: &Inquiry) -> Result<u64, ToolError> {
    let kind = inquiry.profile.fhir.studies.resource_type();
    if inquiry.profile.rest.is_none() {
        return Ok(inquiry.count(Search::count(kind, Vec::new())).await?);
    }
    let page = Call::Studies { page_size: 1, cursor: Cursor::First };
    match inquiry.ask(&page).await {
        Ok(body) => Ok(List::read(body).ok_or(Fault::Malformed)?.count),
        Err(fault) => {
            expect_patient(inquiry, fault).await?;
            Ok(inquiry.count(Search::count(kind, Vec::new())).await?)
        }
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

/// Studies as far as they were read, in the backend's order.
pub struct Listed {
    /// The studies.
    pub studies: Vec<Study>,
    /// How many there are, where the backend says so.
    pub total: Option<u64>,
}

/// All studies, within the profile's bounds.
///
/// # Errors
/// No answer from the backend; see [`ToolError`].
pub async fn list(inquiry: &Inquiry, envelope: &mut Envelope) -> Result<Listed, ToolError> {
    let (total, rows, read): (_, _, fn(&Value) -> Option<Study>) =
        if let Some(walked) = rest_rows(inquiry).await? {
            if walked.is_cut {
                envelope.truncate(TruncatedBy::Limit, CUT);
            }
            (Some(walked.count), walked.rows, Study::from_record)
        } else {
            let (total, rows) = fhir_rows(inquiry, envelope).await?;
            (total, rows, Study::reader(inquiry.profile.fhir.studies))
        };
    let studies: Vec<Study> = rows.iter().filter_map(read).collect();
    if studies.len() < rows.len() {
        envelope.leave_out("The backend sent studies without an id, which are left out.");
    }
    Ok(Listed { studies, total })
}

/// The REST list; `None` where there is none for this user.
async fn rest_rows(inquiry: &Inquiry) -> Result<Option<Walked>, ToolError> {
    if inquiry.profile.rest.is_none() {
        return Ok(None);
    }
    let page_size = inquiry.profile.bounds.page_size;
    match inquiry.walk(|cursor| Call::Studies { page_size, cursor }).await {
        Ok(walked) => Ok(Some(walked)),
        Err(fault) => expect_patient(inquiry, fault).await.map(|()| None),
    }
}

async fn fhir_rows(
    inquiry: &Inquiry,
    envelope: &mut Envelope,
) -> Result<(Option<u64>, Vec<Value>), ToolError> {
    let (bounds, kind) = (inquiry.profile.bounds, inquiry.profile.fhir.studies);
    if inquiry.profile.rest.is_some() {
        envelope.hint(PATIENT_USER);
    } else if kind == StudyKind::Group {
        envelope.hint(GROUPS);
    }
    let size = bounds.page_size;
    let search = Search::page(kind.resource_type(), Vec::new(), size, 1, Sort::Updated)
        .at(inquiry.beginning());
    let budget = Budget { pages: bounds.walk_pages, bytes: MOST_BYTES };
    let found = inquiry.gather(search, budget).await?;
    if let Some(stopped) = &found.stopped {
        envelope.truncate(stopped.into(), CUT);
    }
    let is_whole = found.stopped.is_none();
    let read = u64::try_from(found.matches.len()).ok().filter(|_| is_whole);
    Ok((found.total.or(read), found.matches))
}

/// One study.
///
/// # Errors
/// Not found or not authorized, or no answer from the backend.
pub async fn one(
    inquiry: &Inquiry,
    id: &StudyId,
    envelope: &mut Envelope,
) -> Result<Study, ToolError> {
    inquiry.takes_id("study_id", id.as_str())?;
    let kind = inquiry.profile.fhir.studies;
    if is_rest(inquiry, id) {
        match inquiry.ask(&Call::Study(id.clone())).await {
            Ok(record) => return Ok(Study::from_record(&record).ok_or(Fault::Malformed)?),
            Err(fault) => {
                expect_patient(inquiry, fault).await?;
                envelope.hint(PATIENT_USER);
            }
        }
    }
    let resource = resource(inquiry, id).await?;
    Ok(Study::reader(kind)(&resource).ok_or(Fault::Malformed)?)
}

/// The FHIR resource that a study is.
///
/// # Errors
/// Not found or not authorized, or no answer from the backend.
pub async fn resource(inquiry: &Inquiry, id: &StudyId) -> Result<Value, ToolError> {
    let call = match inquiry.profile.fhir.studies {
        StudyKind::Group => Call::Group(id.clone()),
        StudyKind::ResearchStudy => Call::Read {
            resource_type: StudyKind::ResearchStudy.resource_type(),
            id: ResourceId::parse(id.as_str()).ok_or(ToolError::Internal)?,
            version: None,
        },
    };
    inquiry.ask(&call).await.map_err(ToolError::about("study"))
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
    fn a_group_is_a_study_with_what_it_says_of_itself() {
        let group = json!({"resourceType": "Group", "id": "30001", "name": "BP"});
        assert_eq!(Study::from_group(&group).unwrap().name.as_deref(), Some("BP"));
        assert!(Study::from_group(&json!({"resourceType": "Patient", "id": "1"})).is_none());
        assert!(Study::from_research(&group).is_none());
        let study = json!({"resourceType": "ResearchStudy", "id": "s", "title": "BP",
            "sponsor": {"reference": "Organization/o-1", "display": "Lab"}});
        let study = Study::from_research(&study).unwrap();
        assert_eq!(study.organization_id.as_deref(), Some("o-1"));
        assert_eq!(
            (study.name.as_deref(), study.organization_name.as_deref()),
            (Some("BP"), Some("Lab"))
        );
    }
}
