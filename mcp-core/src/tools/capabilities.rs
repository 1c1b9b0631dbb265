//! What the backend announces about itself.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::Serialize;

use super::Tool;
use super::envelope::{Envelope, Status};
use super::error::ToolError;
use super::served::Family;
use super::studies::NoInput;
use super::text::clean;
use crate::backend::capability::{Announcement, Capability};
use crate::backend::inquiry::Inquiry;
use crate::fhir::statement::Announced;

/// `get_server_capabilities`
#[derive(Debug)]
pub struct ServerCapabilities;

/// What the FHIR server announces.
#[derive(Debug, Serialize, JsonSchema)]
pub struct CapabilitiesAnswer {
    #[serde(flatten)]
    envelope: Envelope,
    /// Whether the server announced its capabilities.
    available: bool,
    /// Why not, where it did not.
    #[serde(skip_serializing_if = "Option::is_none")]
    reason: Option<&'static str>,
    /// The FHIR version.
    #[serde(skip_serializing_if = "Option::is_none")]
    fhir_version: Option<String>,
    /// The version of the backend's own software.
    #[serde(skip_serializing_if = "Option::is_none")]
    backend_version: Option<String>,
    /// Interactions and search parameters by resource type.
    #[serde(skip_serializing_if = "Option::is_none")]
    resources: Option<BTreeMap<String, ResourceCapability>>,
    /// Search parameters that work on every type although the server does not announce them.
    undeclared_parameters: Vec<String>,
}

/// What can be done with one resource type.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(inline)]
pub struct ResourceCapability {
    /// Interactions, sorted. Through these tools everything is read-only.
    interactions: Vec<String>,
    /// Search parameter types by name.
    search_params: BTreeMap<String, String>,
}

impl From<&Announced> for ResourceCapability {
    fn from(announced: &Announced) -> Self {
        Self {
            interactions: announced.interactions.iter().map(|code| clean(code)).collect(),
            search_params: announced
                .search_parameters
                .iter()
                .map(|(name, kind)| (clean(name), clean(kind)))
                .collect(),
        }
    }
}

impl Tool for ServerCapabilities {
    const NAME: &'static str = "get_server_capabilities";
    const TITLE: &'static str = "Describe the FHIR server";
    const FAMILY: Family = Family::Fhir;
    const DESCRIPTION: &'static str = "The FHIR version, resource types, interactions and search parameters that the backend \
         announces. Holds no patient data. Use it when a search was refused as unsupported.";
    type Input = NoInput;
    type Output = CapabilitiesAnswer;

    async fn run(inquiry: &Inquiry, _: NoInput) -> Result<CapabilitiesAnswer, ToolError> {
        let undeclared_parameters = undeclared(inquiry);
        Ok(match &*inquiry.capability().await {
            Capability::Known(announcement) => known(announcement, undeclared_parameters),
            Capability::Unknown => unknown(undeclared_parameters),
        })
    }
}

/// What the profile adds: parameters of every type, and those that say which part of an answer is
/// wanted.
fn undeclared(inquiry: &Inquiry) -> Vec<String> {
    let habits = &inquiry.profile.search;
    let names = habits.every_type.keys().map(String::as_str);
    let paging = habits.paging.parameters.iter().map(String::as_str);
    names.chain(["_count", "_sort", "_summary"]).chain(paging).map(str::to_owned).collect()
}

fn known(announcement: &Announcement, undeclared_parameters: Vec<String>) -> CapabilitiesAnswer {
    let resources = announcement.statement.resources.iter();
    CapabilitiesAnswer {
        envelope: Envelope::default(),
        available: true,
        reason: None,
        fhir_version: announcement.statement.fhir_version.as_deref().map(clean),
        backend_version: announcement.version.as_deref().map(clean),
        resources: Some(
            resources.map(|(name, announced)| (clean(name), announced.into())).collect(),
        ),
        undeclared_parameters,
    }
}

fn unknown(undeclared_parameters: Vec<String>) -> CapabilitiesAnswer {
    let mut envelope = Envelope { status: Status::Unknown, ..Envelope::default() };
    envelope.leave_out("What the server supports is not known. Data tools may work all the same.");
    CapabilitiesAnswer {
        envelope,
        available: false,
        reason: Some("the server's capability statement could not be read"),
        fhir_version: None,
        backend_version: None,
        resources: None,
        undeclared_parameters,
    }
}
