//! One patient's rows, type by type: asked for by the parameter that the backend has for it, and
//! looked through for rows of anybody else.

use serde_json::Value;

use super::envelope::SourceStatus;
use super::error::ToolError;
use super::served::serves;
use super::who::may_see;
use crate::backend::capability::Capability;
use crate::backend::fault::Fault;
use crate::backend::inquiry::Inquiry;
use crate::backend::pages::End;
use crate::backend::preflight::Standing;
use crate::backend::profile::Interaction;
use crate::backend::surface::Call;
use crate::fhir::id::PatientId;
use crate::fhir::json::{identifier, text};
use crate::fhir::owner::{EXCHANGE_STAMP, Owner};
use crate::fhir::parameter::{Parameter, ParameterKind};
use crate::fhir::resource_type::ResourceType;
use crate::fhir::search::{Filter, Search};

/// Where the Exchange keeps what it imported; without this, types of which it has records of its own
/// are searched in those alone.
const IMPORTED: &str = "https://jupyterhealth.org/fhir/fhir-source/";

/// Rows of one type.
#[derive(Clone)]
pub struct Wanted {
    /// The type.
    pub resource_type: ResourceType,
    /// What holds beside whose they are.
    pub filters: Vec<Filter>,
}

impl Wanted {
    /// All of a type.
    pub const fn all(resource_type: ResourceType) -> Self {
        Self { resource_type, filters: Vec::new() }
    }

    /// Those that the Exchange imported; `None` at any other backend, where all are searched anyway.
    pub fn imported(inquiry: &Inquiry, resource_type: ResourceType) -> Option<Self> {
        inquiry.profile.rest.as_ref()?;
        let values = [IMPORTED.to_owned()];
        let below = Parameter::new("_source", Some("below"), &values, ParameterKind::Uri).ok()?;
        Some(Self { resource_type, filters: vec![Filter::Parameter(below)] })
    }
}

/// A page of one patient's rows; each of them names that patient.
#[derive(Debug)]
pub struct Rows {
    /// The rows, in the backend's order.
    pub rows: Vec<Value>,
    /// How many came beside them that name no patient.
    pub unnamed: usize,
    /// How many there are on all pages; `None` where the backend does not say, or cannot be believed.
    pub total: Option<u64>,
    /// Whether there is more, and where.
    pub end: End,
}

/// Why there are no rows to show, which is never the same as that there are none.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Missed {
    /// The backend does not serve the type.
    NotServed,
    /// It serves the type, and cannot search it for one patient, or in the way that is needed.
    Unsearchable,
    /// This user may not see rows of the type.
    NotPermitted,
    /// It answered with rows of another patient, so that nothing in its answer can be believed.
    Foreign,
    /// It did not apply this parameter.
    Ignored(String),
    /// It gave no usable answer.
    Broken(Fault),
}

impl Missed {
    /// What it is in an envelope.
    pub const fn status(&self) -> SourceStatus {
        match self {
            Self::NotServed | Self::Unsearchable => SourceStatus::NotSupported,
            Self::NotPermitted => SourceStatus::NotPermitted,
            Self::Foreign | Self::Ignored(_) | Self::Broken(_) => SourceStatus::Failed,
        }
    }

    /// What happened, in words of ours.
    pub const fn why(&self) -> &'static str {
        match self {
            Self::NotServed => "this backend does not serve them",
            Self::Unsearchable => "this backend cannot search for them",
            Self::NotPermitted => "this user may not see them",
            Self::Foreign => "the backend answered with records of another patient",
            Self::Ignored(_) => "the backend ignored a part of the question",
            Self::Broken(Fault::Late | Fault::Busy) => "the time ran out",
            Self::Broken(Fault::TooLarge) => "the backend's answer is too large",
            Self::Broken(_) => "the backend gave no usable answer",
        }
    }

    /// Whether the login has ended, so that nothing more is to be asked.
    pub const fn ends_the_login(&self) -> bool {
        matches!(self, Self::Broken(Fault::TokenRefused))
    }
}

/// The patient themself, if this user may see them: asked before anything of theirs is.
///
/// # Errors
/// Not found or not authorized, or no answer from the backend.
pub async fn patient(inquiry: &Inquiry, id: &PatientId) -> Result<Value, ToolError> {
    may_see(inquiry, id).await?;
    let resource = inquiry.ask(&Call::Patient(id.clone())).await;
    let resource = resource.map_err(ToolError::about("patient"))?;
    let is_theirs = text(&resource, "/resourceType") == Some("Patient")
        && identifier(&resource, "/id").as_deref() == Some(id.as_str());
    if is_theirs { Ok(resource) } else { Err(Fault::Malformed.into()) }
}

/// The filter for one patient's rows of a type, by the parameter that the backend has.
pub async fn filter(
    inquiry: &Inquiry,
    resource_type: &ResourceType,
    id: &PatientId,
) -> Option<Filter> {
    if inquiry.standing(resource_type, "patient").await != Standing::Unsupported {
        return Some(Filter::Patient(id.clone()));
    }
    if inquiry.standing(resource_type, "subject").await == Standing::Unsupported {
        return None;
    }
    let values = [format!("Patient/{id}")];
    let subject = Parameter::new("subject", None, &values, ParameterKind::Reference);
    subject.ok().map(Filter::Parameter)
}

/// The filters for one patient's rows.
///
/// # Errors
/// The backend does not have the type, or cannot search it so.
pub async fn filters(
    inquiry: &Inquiry,
    wanted: &Wanted,
    id: &PatientId,
) -> Result<Vec<Filter>, Missed> {
    if serves(inquiry, &wanted.resource_type, Interaction::Search).await.is_err() {
        return Err(Missed::NotServed);
    }
    let own = filter(inquiry, &wanted.resource_type, id).await.ok_or(Missed::Unsearchable)?;
    Ok([own].into_iter().chain(wanted.filters.iter().cloned()).collect())
}

/// One page of a search for one patient's rows; `before` are the rows on earlier pages.
///
/// # Errors
/// See [`Missed`].
pub async fn rows(
    inquiry: &Inquiry,
    id: &PatientId,
    search: &Search,
    before: u64,
) -> Result<Rows, Missed> {
    let page = match inquiry.page(search, before).await {
        Ok(page) => page,
        Err(Fault::Missing) if before > 0 => return Err(Missed::Broken(Fault::Missing)),
        Err(fault) => return Err(missed(inquiry, fault).await),
    };
    if let Some(name) = page.ignored.into_iter().next() {
        return Err(Missed::Ignored(name));
    }
    let kind = search.resource_type.as_str();
    let (rows, unnamed) = own(inquiry, id, page.found.matches)?;
    if rows.iter().any(|row| text(row, "/resourceType") != Some(kind)) {
        return Err(Missed::Broken(Fault::Malformed));
    }
    let unnamed = unnamed.len();
    let given = u64::try_from(rows.len() + unnamed).unwrap_or(u64::MAX);
    let is_contradictory = page.found.total.is_some_and(|total| total < given)
        || (before == 0 && given == 0 && page.found.total.is_some_and(|total| total > 0));
    if is_contradictory {
        return Err(Missed::Broken(Fault::Malformed));
    }
    // Each row proves the filter by itself; how many there are in all would remain in doubt.
    let total = page.found.total.filter(|_| page.unproven.is_empty());
    Ok(Rows { rows, unnamed, total, end: page.end })
}

/// Those of the resources that are this patient's, and those that name nobody.
///
/// # Errors
/// One of them is somebody else's.
pub fn own(
    inquiry: &Inquiry,
    id: &PatientId,
    resources: Vec<Value>,
) -> Result<(Vec<Value>, Vec<Value>), Missed> {
    let stamp = inquiry.profile.rest.as_ref().map(|_| EXCHANGE_STAMP);
    let (mut rows, mut unnamed) = (Vec::new(), Vec::new());
    for resource in resources {
        match Owner::of(&resource, id.as_str(), stamp) {
            Owner::Theirs => rows.push(resource),
            Owner::Unnamed => unnamed.push(resource),
            Owner::Foreign => return Err(Missed::Foreign),
        }
    }
    Ok((rows, unnamed))
}

async fn missed(inquiry: &Inquiry, fault: Fault) -> Missed {
    if let Fault::Ignored(name) = fault {
        return Missed::Ignored(name);
    }
    // Whoever announces a type has it; whoever announces nothing may say so in this way.
    if fault == Fault::Missing && matches!(*inquiry.capability().await, Capability::Unknown) {
        return Missed::NotServed;
    }
    if matches!(fault, Fault::Unsupported(_) | Fault::Inexpressible(_)) {
        return Missed::Unsearchable;
    }
    if fault == Fault::Forbidden { Missed::NotPermitted } else { Missed::Broken(fault) }
}
