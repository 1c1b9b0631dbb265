//! Devices and other sources of data: of one patient, of one study, or all that the backend knows.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::Tool;
use super::consents::{recorded, studies_of};
use super::envelope::{Envelope, SourceStatus, Status, TruncatedBy};
use super::error::ToolError;
use super::members;
use super::page::fit;
use super::served::{Family, Need};
use super::study::is_rest;
use super::text::{clean, clean_option};
use super::who::{Kind, may_see};
use crate::backend::cursor::Place;
use crate::backend::fault::Fault;
use crate::backend::inquiry::Inquiry;
use crate::backend::walk::Budget;
use crate::fhir::device::Device;
use crate::fhir::id::{PatientId, StudyId};
use crate::fhir::json::{elements, identifier, text};
use crate::fhir::resource_type::ResourceType;
use crate::fhir::search::{Filter, Search, Sort};

const FREE_TEXT: &[&str] = &[
    "data_sources[].name",
    "data_sources[].kind",
    "data_sources[].manufacturer",
    "data_sources[].model",
];
/// Pages of devices read.
const MOST_PAGES: u32 = 3;
const ACCEPTED: &str = "These are the sources that the studies accept; which of them a patient uses, \
                        the header of an observation tells (verbosity full).";
const WHOSE: &str = "The backend does not say which devices belong to the study; list those of its \
                     members by patient_id.";
const NO_MEMBER: &str = "The backend tells a study's sources only with the consents of one of its \
                         patients, and there is none that this user may see.";

/// `list_data_sources`
#[derive(Debug)]
pub struct DataSources;

/// Whose sources; all that the backend knows when nothing is given.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct DataSourcesInput {
    /// Those of this study.
    #[serde(default)]
    study_id: Option<StudyId>,
    /// Those of this patient.
    #[serde(default)]
    patient_id: Option<PatientId>,
}

/// The sources.
#[derive(Serialize, JsonSchema)]
pub struct DataSourcesAnswer {
    #[serde(flatten)]
    envelope: Envelope,
    /// How many are listed here.
    returned: usize,
    /// The sources.
    data_sources: Vec<DataSource>,
}

/// One source.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, JsonSchema)]
#[schemars(inline)]
pub struct DataSource {
    #[serde(rename = "data_source_id")]
    /// The source's id.
    id: String,
    /// Its name.
    name: Option<String>,
    /// A device, an app, or what else.
    kind: Option<String>,
    /// Who makes it.
    #[serde(skip_serializing_if = "Option::is_none")]
    manufacturer: Option<String>,
    /// Which model it is.
    #[serde(skip_serializing_if = "Option::is_none")]
    model: Option<String>,
    /// Whether it is in use, as the backend says.
    #[serde(skip_serializing_if = "Option::is_none")]
    status: Option<String>,
    /// Codes of the data that it can give.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    codes: Vec<String>,
    /// The studies that accept it.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    study_ids: Vec<String>,
}

impl Tool for DataSources {
    const NAME: &'static str = "list_data_sources";
    const TITLE: &'static str = "List data sources";
    const FAMILY: Family = Family::Studies;
    const NEEDS: &'static [Need] = &[Need::DataSources];
    const DESCRIPTION: &'static str = "Devices, apps and other sources of data, with the kinds of data that they give: of a patient, of \
         a study, or all that the backend knows.";
    type Input = DataSourcesInput;
    type Output = DataSourcesAnswer;

    async fn run(
        inquiry: &Inquiry,
        input: DataSourcesInput,
    ) -> Result<DataSourcesAnswer, ToolError> {
        let mut envelope = Envelope::with_text(FREE_TEXT);
        let sources = match (input.patient_id, input.study_id) {
            (Some(_), Some(_)) => {
                let rule = "give patient_id or study_id, not both";
                return Err(ToolError::Argument(rule.to_owned()));
            }
            (Some(patient), None) => of_patient(inquiry, patient, &mut envelope).await?,
            (None, Some(study)) => of_study(inquiry, &study, &mut envelope).await?,
            (None, None) => devices(inquiry, None, &mut envelope).await?,
        };
        let data_sources = fit(sources, inquiry.means.answer_bytes, &mut envelope);
        Ok(DataSourcesAnswer { envelope, returned: data_sources.len(), data_sources })
    }
}

async fn of_patient(
    inquiry: &Inquiry,
    patient: PatientId,
    envelope: &mut Envelope,
) -> Result<Vec<DataSource>, ToolError> {
    may_see(inquiry, &patient).await?;
    if inquiry.profile.rest.is_none() {
        return devices(inquiry, Some(patient), envelope).await;
    }
    envelope.hint(ACCEPTED);
    let body = recorded(inquiry, &patient).await?;
    Ok(accepted(studies_of(&body))?)
}

/// The Exchange has no call for a study's sources. They stand with the study wherever the consents of
/// one of its patients are shown; of that answer nothing else is used.
async fn of_study(
    inquiry: &Inquiry,
    study: &StudyId,
    envelope: &mut Envelope,
) -> Result<Vec<DataSource>, ToolError> {
    inquiry.takes_id("study_id", study.as_str())?;
    if !is_rest(inquiry, study) {
        super::study::resource(inquiry, study).await?;
        envelope.status = Status::Unknown;
        envelope.source("devices of the study", SourceStatus::NotSupported);
        envelope.hint(WHOSE);
        return Ok(Vec::new());
    }
    let member = match Kind::learn(inquiry).await? {
        Kind::Patient(own) => own,
        Kind::Staff => {
            let position = inquiry.beginning();
            let place = Place { part: 0, position, count: 1, skip: 0, before: 0, seen: Vec::new() };
            let page = members::page(inquiry, study, &place, &mut Envelope::default()).await?;
            page.members.into_iter().find_map(|member| member.patient)
        }
    };
    let Some(member) = member else {
        envelope.unknown(NO_MEMBER);
        return Ok(Vec::new());
    };
    let body = recorded(inquiry, &member).await?;
    let is_asked = |one: &&Value| identifier(one, "/id").as_deref() == Some(study.as_str());
    let found: Vec<&Value> = studies_of(&body).filter(is_asked).collect();
    if found.is_empty() {
        return Err(ToolError::NotFoundOrNotAuthorized("study"));
    }
    envelope.hint(ACCEPTED);
    Ok(accepted(found.into_iter())?)
}

/// The sources of these studies, each once.
fn accepted<'a>(studies: impl Iterator<Item = &'a Value>) -> Result<Vec<DataSource>, Fault> {
    let mut sources: BTreeMap<String, DataSource> = BTreeMap::new();
    for study in studies {
        let study_id = identifier(study, "/id").ok_or(Fault::Malformed)?;
        study.get("dataSources").filter(|list| list.is_array()).ok_or(Fault::Malformed)?;
        for source in elements(study, "/dataSources") {
            let id = identifier(source, "/id").ok_or(Fault::Malformed)?;
            let known = sources.entry(id.clone()).or_insert_with(|| DataSource {
                id,
                name: clean_option(text(source, "/name")),
                kind: clean_option(text(source, "/type")),
                codes: elements(source, "/supportedScopes")
                    .filter_map(|code| text(code, "/codingCode"))
                    .map(clean)
                    .collect(),
                ..DataSource::default()
            });
            if !known.study_ids.contains(&study_id) {
                known.study_ids.push(study_id.clone());
            }
        }
    }
    Ok(sources.into_values().collect())
}

/// FHIR Devices, of one patient if given.
async fn devices(
    inquiry: &Inquiry,
    patient: Option<PatientId>,
    envelope: &mut Envelope,
) -> Result<Vec<DataSource>, ToolError> {
    let filters = patient.map(Filter::Patient).into_iter().collect();
    let size = inquiry.profile.bounds.page_size;
    let search =
        Search::page(ResourceType::DEVICE, filters, size, 1, Sort::Updated).at(inquiry.beginning());
    let budget = Budget { pages: MOST_PAGES, bytes: inquiry.means.answer_bytes * 4 };
    let found = match inquiry.gather(search, budget).await {
        Ok(found) => found,
        // R5 has no such parameter: there a device does not say whose it is.
        Err(Fault::Unsupported(_)) => {
            envelope.unknown("The backend cannot tell which devices belong to a patient.");
            envelope.source("devices of the patient", SourceStatus::NotSupported);
            return Ok(Vec::new());
        }
        Err(fault) => return Err(ToolError::about("patient")(fault)),
    };
    if let Some(name) = found.ignored.into_iter().chain(found.unproven).next() {
        return Err(Fault::Ignored(name).into());
    }
    if let Some(stopped) = &found.stopped {
        envelope.truncate(stopped.into(), "There are more devices than are shown.");
    }
    if inquiry.profile.rest.is_some() {
        envelope.leave_out(
            "Only devices are listed so; apps and other sources are named with a study or a patient.",
        );
    }
    let rows: Vec<DataSource> =
        found.matches.iter().filter_map(Device::read).filter_map(DataSource::of).collect();
    if rows.len() < found.matches.len() {
        let sentence = "The backend sent devices without an id, which are left out.";
        envelope.truncate(TruncatedBy::Backend, sentence);
    }
    Ok(rows)
}

impl DataSource {
    fn of(device: Device) -> Option<Self> {
        let words = |text: Option<String>| clean_option(text.as_deref());
        Some(Self {
            id: device.id?,
            name: words(device.name),
            kind: words(device.kind),
            manufacturer: words(device.manufacturer),
            model: words(device.model),
            status: words(device.status),
            ..Self::default()
        })
    }
}
