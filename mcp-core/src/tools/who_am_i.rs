//! Who is signed in, and what they may see and do. As little as answers that: no address, and counts
//! only of what the client was granted.

use schemars::JsonSchema;
use serde::Serialize;
use serde_json::Value;

use authz::scope::Scope;

use super::envelope::{Envelope, SourceStatus};
use super::error::ToolError;
use super::served::{self, Family};
use super::studies::NoInput;
use super::text::{clean, clean_option};
use super::who::Kind;
use super::{Tool, imported, study};
use crate::backend::capability::Capability;
use crate::backend::fault::Fault;
use crate::backend::inquiry::Inquiry;
use crate::backend::surface::Call;
use crate::fhir::date::Window;
use crate::fhir::json::{identifier, text};
use crate::fhir::resource_type::ResourceType;
use crate::fhir::search::Search;
use crate::permitted::Permitted;

use super::records::Records;

const FREE_TEXT: &[&str] = &["name", "organizations[].name"];

/// `who_am_i`
#[derive(Debug)]
pub struct WhoAmI;

/// The person, as this backend and this gateway know them.
#[derive(Serialize, JsonSchema)]
pub struct WhoAmIAnswer {
    #[serde(flatten)]
    envelope: Envelope,
    /// What the operator calls the backend.
    backend: String,
    /// The FHIR version that the backend speaks.
    fhir_version: &'static str,
    /// The version of the backend's own software, where it tells.
    #[serde(skip_serializing_if = "Option::is_none")]
    backend_version: Option<String>,
    /// The kind of user; `unknown` where the backend does not tell.
    kind: UserKind,
    /// What this kind of user sees, in words.
    may_see: &'static str,
    /// The user's id at the backend.
    #[serde(skip_serializing_if = "Option::is_none")]
    user_id: Option<String>,
    /// The user's own name.
    #[serde(skip_serializing_if = "Option::is_none")]
    name: Option<String>,
    /// The user's own id as a patient.
    #[serde(skip_serializing_if = "Option::is_none")]
    patient_id: Option<String>,
    /// Organizations of which the user is a direct member.
    #[serde(skip_serializing_if = "Option::is_none")]
    organizations: Option<Vec<Organization>>,
    /// How much of it there is.
    visible: Visible,
    /// What the client was granted; absent where no gateway narrows anything.
    #[serde(skip_serializing_if = "Option::is_none")]
    scope: Option<String>,
    /// The tools that this opens, as far as the backend serves them.
    #[serde(skip_serializing_if = "Option::is_none")]
    tools: Option<Vec<String>>,
}

/// A kind of user.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
#[schemars(inline)]
enum UserKind {
    Practitioner,
    Patient,
    Administrator,
    AdministratorWithoutMembership,
    Unknown,
}

impl UserKind {
    const fn may_see(self) -> &'static str {
        match self {
            Self::Practitioner | Self::Administrator => {
                "The studies of the organizations below, the patients who share an organization with \
                 this user, and those patients' records."
            }
            Self::Patient => {
                "Their own record, observations and consents, and the names of their own studies."
            }
            Self::AdministratorWithoutMembership => {
                "Nothing: who administers and is a member of no organization sees no studies, \
                 patients or records."
            }
            Self::Unknown => "What the backend shows to this login; it does not say more.",
        }
    }
}

/// One organization.
#[derive(Serialize, JsonSchema)]
#[schemars(inline)]
pub struct Organization {
    #[serde(rename = "organization_id")]
    /// The organization's id.
    id: String,
    /// Its name.
    name: Option<String>,
    /// Of which kind it is.
    kind: Option<String>,
}

/// How much the user can see; absent where the grant does not cover it or the backend did not say.
#[derive(Default, Serialize, JsonSchema)]
#[schemars(inline)]
pub struct Visible {
    #[serde(skip_serializing_if = "Option::is_none")]
    studies: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    patients: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    observations: Option<u64>,
    /// Observations that the backend imported and keeps apart; not among the others.
    #[serde(skip_serializing_if = "Option::is_none")]
    imported_observations: Option<u64>,
}

impl Tool for WhoAmI {
    const NAME: &'static str = "who_am_i";
    const TITLE: &'static str = "Who is signed in";
    const FAMILY: Family = Family::Fhir;
    const DESCRIPTION: &'static str = "Who is signed in: kind of user, organizations, what they may see in words and counts, the \
         granted scopes, the tools that these open, and the backend.";
    type Input = NoInput;
    type Output = WhoAmIAnswer;

    async fn run(inquiry: &Inquiry, _: NoInput) -> Result<WhoAmIAnswer, ToolError> {
        let mut envelope = Envelope::with_text(FREE_TEXT);
        let capability = inquiry.capability().await;
        let person = Person::learn(inquiry, &mut envelope).await?;
        let visible = visible(inquiry, &mut envelope).await?;
        let backend_version = match &*capability {
            Capability::Known(known) => known.version.as_deref().map(clean),
            Capability::Unknown => None,
        };
        Ok(WhoAmIAnswer {
            envelope,
            backend: inquiry.backend.as_str().to_owned(),
            fhir_version: inquiry.profile.fhir.version.as_str(),
            backend_version,
            kind: person.kind,
            may_see: person.kind.may_see(),
            user_id: person.user_id,
            name: person.name,
            patient_id: person.patient_id,
            organizations: person.organizations,
            visible,
            scope: inquiry.scope.as_ref().map(ToString::to_string),
            tools: open(inquiry, &capability),
        })
    }
}

/// The tools that the policy opens and the backend serves, where the gateway named the former.
fn open(inquiry: &Inquiry, capability: &Capability) -> Option<Vec<String>> {
    if matches!(&inquiry.permitted, Permitted::Only(names) if names.is_empty()) {
        return None;
    }
    let offered = served::offered(&inquiry.profile, capability).map(|(name, _)| name);
    Some(offered.filter(|name| inquiry.permitted.includes(name)).map(str::to_owned).collect())
}

/// What the backend says of the user.
struct Person {
    kind: UserKind,
    user_id: Option<String>,
    name: Option<String>,
    patient_id: Option<String>,
    organizations: Option<Vec<Organization>>,
}

impl Person {
    async fn learn(inquiry: &Inquiry, envelope: &mut Envelope) -> Result<Self, ToolError> {
        if inquiry.profile.rest.is_none() {
            envelope.source("user", SourceStatus::NotSupported);
            envelope.source("organizations", SourceStatus::NotSupported);
            let (user_id, name, patient_id, organizations) = (None, None, None, None);
            let kind = UserKind::Unknown;
            return Ok(Self { kind, user_id, name, patient_id, organizations });
        }
        let (profile, organizations) =
            tokio::join!(inquiry.ask(&Call::UserProfile), inquiry.ask(&Call::OwnOrganizations));
        let profile = profile?;
        let kind = Kind::of(inquiry, &profile).await?;
        let organizations = match organizations.map(|body| members(&body)) {
            Ok(Some(organizations)) => Some(organizations),
            Err(Fault::TokenRefused) => return Err(Fault::TokenRefused.into()),
            Ok(None) | Err(_) => {
                envelope.source("organizations", SourceStatus::Failed);
                None
            }
        };
        let is_superuser = profile.get("isSuperuser").and_then(Value::as_bool) == Some(true);
        let is_member = organizations.as_ref().is_none_or(|all| !all.is_empty());
        let patient_id = match &kind {
            Kind::Patient(own) => own.as_ref().map(ToString::to_string),
            Kind::Staff => None,
        };
        let kind = match kind {
            Kind::Patient(_) => UserKind::Patient,
            Kind::Staff if !is_superuser => UserKind::Practitioner,
            Kind::Staff if is_member => UserKind::Administrator,
            Kind::Staff => UserKind::AdministratorWithoutMembership,
        };
        let names = [text(&profile, "/firstName"), text(&profile, "/lastName")];
        let name: Vec<&str> = names.into_iter().flatten().collect();
        let name = clean_option(Some(&name.join(" ")));
        let user_id = identifier(&profile, "/id");
        Ok(Self { kind, user_id, name, patient_id, organizations })
    }
}

/// The organizations; `None` for what is no list of them.
fn members(body: &Value) -> Option<Vec<Organization>> {
    let read = |one: &Value| {
        Some(Organization {
            id: identifier(one, "/id")?,
            name: clean_option(text(one, "/name")),
            kind: clean_option(text(one, "/type")),
        })
    };
    body.as_array()?.iter().map(read).collect()
}

/// Counts of what the grant covers; a count that fails is no reason to say nothing.
async fn visible(inquiry: &Inquiry, envelope: &mut Envelope) -> Result<Visible, ToolError> {
    let is_granted = |resource_type: &ResourceType| {
        let wanted: Result<Scope, _> = format!("user/{resource_type}.rs").parse();
        wanted.is_ok_and(|wanted| inquiry.scope.as_ref().is_none_or(|scope| scope.covers(&wanted)))
    };
    let count = |resource_type: ResourceType| async move {
        let search = Search::count(resource_type.clone(), Vec::new());
        if is_granted(&resource_type) { Some(inquiry.count(search).await) } else { None }
    };
    let studies = async {
        let granted = is_granted(&ResourceType::GROUP);
        if granted { Some(study::count(inquiry).await) } else { None }
    };
    let imported = async {
        let everything = Records { of: Vec::new(), window: Window::default() };
        if !is_granted(&ResourceType::OBSERVATION) {
            return None;
        }
        imported::ask(inquiry, &everything).await
    };
    let (studies, patients, observations, imported) = tokio::join!(
        studies,
        count(ResourceType::PATIENT),
        count(ResourceType::OBSERVATION),
        imported
    );
    let mut noted = |name: &str, counted: Option<Result<u64, ToolError>>| match counted {
        None => {
            envelope.source(name, SourceStatus::NotAsked);
            Ok(None)
        }
        Some(Ok(number)) => Ok(Some(number)),
        Some(Err(ToolError::Backend(Fault::TokenRefused))) => Err(Fault::TokenRefused),
        Some(Err(_)) => {
            envelope.source(name, SourceStatus::Failed);
            Ok(None)
        }
    };
    let from = |counted: Option<Result<u64, Fault>>| counted.map(|c| c.map_err(ToolError::from));
    let studies = noted("studies", studies)?;
    let patients = noted("patients", from(patients))?;
    let observations = noted("observations", from(observations))?;
    let imported_observations =
        if imported.is_some() { noted("imported observations", from(imported))? } else { None };
    Ok(Visible { studies, patients, observations, imported_observations })
}
