//! What a patient agreed to share, declined, or was not asked to decide yet.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::Tool;
use super::envelope::{Envelope, TruncatedBy};
use super::error::ToolError;
use super::served::{Family, Need};
use super::text::{clean, clean_option};
use super::who::may_see;
use crate::backend::fault::Fault;
use crate::backend::inquiry::Inquiry;
use crate::backend::surface::Call;
use crate::backend::walk::Budget;
use crate::fhir::consent::Consent;
use crate::fhir::id::PatientId;
use crate::fhir::json::{elements, identifier, text};
use crate::fhir::resource_type::ResourceType;
use crate::fhir::search::{Filter, Search, Sort};

const FREE_TEXT: &[&str] = &[
    "studies[].name",
    "studies[].organization_name",
    "studies[].scopes[].display",
    "consents[].about",
];
/// Consents read of one patient.
const MOST_PAGES: u32 = 3;
const MEANING: &str = "Consent decides what may be uploaded to a study. Who may read what was uploaded \
                       follows membership.";

/// `get_patient_consents`
#[derive(Debug)]
pub struct PatientConsents;

/// Whose consents.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct PatientConsentsInput {
    /// The patient's id, from `search_patients` or `study_members`.
    patient_id: PatientId,
}

/// Consents as the backend keeps them: by study, or as FHIR Consents.
#[derive(Serialize, JsonSchema)]
pub struct PatientConsentsAnswer {
    #[serde(flatten)]
    envelope: Envelope,
    /// Where consents belong to studies: by study.
    #[serde(skip_serializing_if = "Option::is_none")]
    studies: Option<Vec<StudyConsents>>,
    /// Where consents are records of their own.
    #[serde(skip_serializing_if = "Option::is_none")]
    consents: Option<Vec<ConsentRow>>,
}

/// What was decided in one study.
#[derive(Serialize, JsonSchema)]
#[schemars(inline)]
pub struct StudyConsents {
    /// The study's id.
    study_id: String,
    /// Its name.
    name: Option<String>,
    /// Who runs it.
    organization_name: Option<String>,
    /// By kind of data.
    scopes: Vec<ScopeConsent>,
}

/// What was decided about one kind of data.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
#[schemars(inline)]
pub struct ScopeConsent {
    /// The code of the kind.
    code: String,
    /// Its name.
    display: String,
    /// As it is recorded.
    decision: Decision,
    /// When it was decided.
    #[serde(skip_serializing_if = "Option::is_none")]
    decided_at: Option<String>,
}

/// A decision, as it is recorded.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
#[schemars(inline)]
enum Decision {
    Consented,
    Declined,
    Pending,
}

/// One FHIR Consent, as it says of itself.
#[derive(Serialize, JsonSchema)]
#[schemars(inline)]
pub struct ConsentRow {
    /// For `fhir_read`, which shows all of it.
    consent_id: Option<String>,
    /// How the Consent itself stands, such as active.
    status: Option<String>,
    /// permit or deny, as it says; null where it does not.
    decision: Option<String>,
    /// Whether parts of it decide otherwise.
    has_exceptions: bool,
    /// What it is about.
    about: Vec<String>,
    /// When it was given.
    given_at: Option<String>,
    /// From when on it holds.
    #[serde(skip_serializing_if = "Option::is_none")]
    from: Option<String>,
    /// Until when it holds.
    #[serde(skip_serializing_if = "Option::is_none")]
    until: Option<String>,
}

impl Tool for PatientConsents {
    const NAME: &'static str = "get_patient_consents";
    const TITLE: &'static str = "Read a patient's consents";
    const FAMILY: Family = Family::Patients;
    const NEEDS: &'static [Need] = &[Need::Consents];
    const DESCRIPTION: &'static str = "What a patient consented to, declined, or has still to decide, with times: by study and kind of \
         data, or as FHIR Consents. Report it as recorded; conclude nothing from what is missing.";
    type Input = PatientConsentsInput;
    type Output = PatientConsentsAnswer;

    async fn run(
        inquiry: &Inquiry,
        input: PatientConsentsInput,
    ) -> Result<PatientConsentsAnswer, ToolError> {
        may_see(inquiry, &input.patient_id).await?;
        let mut envelope = Envelope::with_text(FREE_TEXT);
        let (studies, consents) = if inquiry.profile.rest.is_some() {
            let body = recorded(inquiry, &input.patient_id).await?;
            envelope.hint(MEANING);
            (Some(by_study(&body)?), None)
        } else {
            (None, Some(of_fhir(inquiry, input.patient_id, &mut envelope).await?))
        };
        Ok(PatientConsentsAnswer { envelope, studies, consents })
    }
}

/// The Exchange's own answer about this patient, whom the user may ask about.
///
/// # Errors
/// Not found or not authorized, or no answer from the backend; an answer about somebody else is none.
pub async fn recorded(inquiry: &Inquiry, patient: &PatientId) -> Result<Value, ToolError> {
    // Imported patients have no consents at the Exchange, and it would stumble over their ids.
    if !patient.is_number() {
        return Err(ToolError::NotFoundOrNotAuthorized("patient"));
    }
    let body = inquiry.ask(&Call::Consents(patient.clone())).await;
    let body = body.map_err(ToolError::about("patient"))?;
    if identifier(&body, "/patient/id").as_deref() != Some(patient.as_str()) {
        return Err(Fault::Malformed.into());
    }
    Ok(body)
}

/// The two lists of studies in such an answer: decided, at least in part, and pending.
pub fn studies_of(body: &Value) -> impl Iterator<Item = &Value> {
    elements(body, "/studies").chain(elements(body, "/studiesPendingConsent"))
}

/// A study may stand in both lists, with what is decided in one and what is pending in the other.
fn by_study(body: &Value) -> Result<Vec<StudyConsents>, Fault> {
    for list in ["/studies", "/studiesPendingConsent"] {
        body.pointer(list).filter(|list| list.is_array()).ok_or(Fault::Malformed)?;
    }
    let mut studies: BTreeMap<String, StudyConsents> = BTreeMap::new();
    for study in studies_of(body) {
        let id = identifier(study, "/id").ok_or(Fault::Malformed)?;
        let known = studies.entry(id.clone()).or_insert_with(|| StudyConsents {
            study_id: id,
            name: clean_option(text(study, "/name")),
            organization_name: clean_option(text(study, "/organization/name")),
            scopes: Vec::new(),
        });
        let listed =
            elements(study, "/scopeConsents").chain(elements(study, "/pendingScopeConsents"));
        for scope in listed {
            let scope = ScopeConsent::read(scope).ok_or(Fault::Malformed)?;
            if !known.scopes.contains(&scope) {
                known.scopes.push(scope);
            }
        }
    }
    Ok(studies.into_values().collect())
}

impl ScopeConsent {
    fn read(entry: &Value) -> Option<Self> {
        let code = text(entry, "/code/codingCode")?;
        let decision = match entry.get("consented") {
            Some(Value::Bool(true)) => Decision::Consented,
            Some(Value::Bool(false)) => Decision::Declined,
            None | Some(Value::Null) => Decision::Pending,
            Some(Value::Number(_) | Value::String(_) | Value::Array(_) | Value::Object(_)) => {
                return None;
            }
        };
        Some(Self {
            code: clean(code),
            display: clean(text(entry, "/code/text").unwrap_or(code)),
            decision,
            decided_at: clean_option(text(entry, "/consentedTime")),
        })
    }
}

async fn of_fhir(
    inquiry: &Inquiry,
    patient: PatientId,
    envelope: &mut Envelope,
) -> Result<Vec<ConsentRow>, ToolError> {
    let bounds = inquiry.profile.bounds;
    let filters = vec![Filter::Patient(patient)];
    let search = Search::page(ResourceType::CONSENT, filters, bounds.page_size, 1, Sort::Updated)
        .at(inquiry.beginning());
    let budget = Budget { pages: MOST_PAGES, bytes: inquiry.means.answer_bytes * 4 };
    let found = inquiry.gather(search, budget).await.map_err(ToolError::about("patient"))?;
    if let Some(name) = found.ignored.into_iter().chain(found.unproven).next() {
        return Err(Fault::Ignored(name).into());
    }
    if let Some(stopped) = &found.stopped {
        envelope.truncate(stopped.into(), "The patient has more consents than are shown.");
    }
    let rows: Vec<ConsentRow> =
        found.matches.iter().filter_map(Consent::read).map(ConsentRow::from).collect();
    if rows.iter().any(|row| row.decision.is_none() || row.has_exceptions) {
        envelope.hint("Not every consent says all in one word; fhir_read shows the whole of one.");
    }
    if rows.len() < found.matches.len() {
        let sentence = "The backend sent records that are no consents, which are left out.";
        envelope.truncate(TruncatedBy::Backend, sentence);
    }
    Ok(super::page::fit(rows, inquiry.means.answer_bytes, envelope))
}

impl From<Consent> for ConsentRow {
    fn from(consent: Consent) -> Self {
        let words = |text: Option<String>| clean_option(text.as_deref());
        Self {
            consent_id: words(consent.id),
            status: words(consent.status),
            decision: words(consent.decision),
            has_exceptions: consent.has_exceptions,
            about: consent.about.iter().map(|about| clean(about)).collect(),
            given_at: words(consent.given_at),
            from: words(consent.from),
            until: words(consent.until),
        }
    }
}
