//! Which tools a backend can serve: by its profile, and by what it announces. What it cannot serve is
//! neither listed nor run.

use serde::Serialize;

use super::{Entry, catalogue, find};
use crate::backend::capability::Capability;
use crate::backend::inquiry::Inquiry;
use crate::backend::profile::{Interaction, Profile};
use crate::fhir::resource_type::ResourceType;
use crate::fhir::statement::Statement;

use super::error::ToolError;

/// What a tool is about; a profile may leave a whole family out.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Family {
    /// Studies and their patients.
    Studies,
    /// Patients.
    Patients,
    /// Observations and Open mHealth data points.
    Observations,
    /// What data types look like.
    Schemas,
    /// Figures over series of readings.
    Analytics,
    /// Any FHIR resource.
    Fhir,
    /// Codes and their meaning.
    Terminology,
}

impl Family {
    const ALL: [Self; 7] = [
        Self::Studies,
        Self::Patients,
        Self::Observations,
        Self::Schemas,
        Self::Analytics,
        Self::Fhir,
        Self::Terminology,
    ];

    const fn as_str(self) -> &'static str {
        match self {
            Self::Studies => "studies",
            Self::Patients => "patients",
            Self::Observations => "observations",
            Self::Schemas => "schemas",
            Self::Analytics => "analytics",
            Self::Fhir => "fhir",
            Self::Terminology => "terminology",
        }
    }
}

/// What a backend must have for a tool.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Need {
    /// The Exchange's REST API.
    Exchange,
    /// Studies: in the Exchange's REST API, or as the FHIR type that the profile names.
    Studies,
    /// Consents: in the Exchange's REST API, or as FHIR `Consent`.
    Consents,
    /// Where data come from: in the Exchange's REST API, or as FHIR `Device`.
    DataSources,
    /// An interaction, on whichever type.
    Interaction(Interaction),
    /// An interaction on this type.
    OnType(&'static str, Interaction),
    /// One of these operations, by name without the dollar sign, wherever it is offered.
    Operation(&'static [&'static str]),
    /// This operation, or a list of codes that is no operation: the profile's, or the Exchange's.
    OperationOrCodes(&'static str),
}

impl Need {
    /// Whether the backend has it; what it announces goes before what the profile says of it.
    pub fn is_met(self, profile: &Profile, capability: &Capability) -> bool {
        let statement = match capability {
            Capability::Known(announced) => Some(&announced.statement),
            Capability::Unknown => None,
        };
        let usual = |interaction| profile.fhir.interactions.contains(&interaction);
        let searchable = |kind: &str| {
            let announced = |statement: &Statement| statement.offers(kind, "search");
            statement.map_or_else(|| usual(Interaction::Search), announced)
        };
        let rest_or = |kind: &str| profile.rest.is_some() || searchable(kind);
        match self {
            Self::Exchange => profile.rest.is_some(),
            Self::Studies => rest_or(profile.fhir.studies.resource_type().as_str()),
            Self::Consents => rest_or("Consent"),
            Self::DataSources => rest_or("Device"),
            Self::Interaction(interaction) => statement.map_or_else(
                || usual(interaction),
                |statement| {
                    let mut types = statement.resources.values();
                    types.any(|one| one.interactions.iter().any(|c| c == interaction.as_str()))
                },
            ),
            Self::OnType(kind, interaction) => statement.map_or_else(
                || usual(interaction),
                |statement| statement.offers(kind, interaction.as_str()),
            ),
            Self::Operation(names) => {
                names.iter().any(|name| has_operation(profile, capability, name))
            }
            Self::OperationOrCodes(name) => {
                let has_codes = profile.rest.is_some() || !profile.vocabulary.is_empty();
                has_codes || has_operation(profile, capability, name)
            }
        }
    }
}

/// Whether an operation is offered on any type.
pub fn has_operation(profile: &Profile, capability: &Capability, name: &str) -> bool {
    profile.fhir.operations.iter().any(|known| known == name)
        || matches!(capability, Capability::Known(known) if known.statement.has_operation(name))
}

/// Whether an operation is offered on this type, or on the server: the profile names it, or the server
/// announces it.
pub fn offers(
    profile: &Profile,
    capability: &Capability,
    resource_type: Option<&str>,
    name: &str,
) -> bool {
    let announces = |statement: &Statement| statement.offers_operation(resource_type, name);
    profile.fhir.operations.iter().any(|known| known == name)
        || matches!(capability, Capability::Known(known) if announces(&known.statement))
}

impl Entry {
    /// Whether the backend can serve the tool.
    pub fn is_served(&self, profile: &Profile, capability: &Capability) -> bool {
        let is_out = |left_out: &String| left_out == self.name || left_out == self.family.as_str();
        !profile.without.iter().any(is_out)
            && self.needs.iter().all(|need| need.is_met(profile, capability))
    }

    /// The same for a call. The backend is asked what it announces only where that decides: a tool for
    /// one type learns soon enough that there is no such type.
    pub async fn is_served_by(&self, inquiry: &Inquiry) -> bool {
        let depends = |need: &Need| match need {
            Need::Interaction(_) | Need::Operation(_) | Need::OperationOrCodes(_) => true,
            Need::Exchange
            | Need::Studies
            | Need::Consents
            | Need::DataSources
            | Need::OnType(..) => false,
        };
        if self.needs.iter().any(depends) {
            return self.is_served(&inquiry.profile, &*inquiry.capability().await);
        }
        self.is_served(&inquiry.profile, &Capability::Unknown)
    }
}

/// What is wrong with a profile's aliases and with what it leaves out.
pub fn mistakes(profile: &Profile) -> Vec<String> {
    let aliases = profile.aliases.iter().filter_map(|(alias, tool)| {
        if find(alias).is_some() {
            return Some(format!("aliases.{alias}: is the name of a tool, choose another"));
        }
        let unknown = find(tool).is_none();
        unknown.then(|| format!("aliases.{alias}: there is no tool {tool}"))
    });
    let known = |word: &&String| {
        find(word).is_some() || Family::ALL.iter().any(|family| family.as_str() == word.as_str())
    };
    let without = profile.without.iter().filter(|word| !known(word)).map(|word| {
        let families = Family::ALL.map(Family::as_str).join(", ");
        format!("without: {word} is no tool and no family, the families are {families}")
    });
    aliases.chain(without).collect()
}

/// The tool that a profile calls so, or that the catalogue does.
pub fn named(profile: &Profile, name: &str) -> Option<&'static Entry> {
    find(name).or_else(|| find(profile.aliases.get(name)?))
}

/// All tools that the backend can serve, with the names that they have there.
pub fn offered<'a>(
    profile: &'a Profile,
    capability: &'a Capability,
) -> impl Iterator<Item = (&'a str, &'static Entry)> {
    let own = catalogue().iter().map(|entry| (entry.name, entry));
    let renamed = profile.aliases.iter();
    let renamed = renamed.filter_map(|(alias, tool)| Some((alias.as_str(), find(tool)?)));
    own.chain(renamed).filter(|(_, entry)| entry.is_served(profile, capability))
}

/// Refuses a type that the backend does not serve in this way.
///
/// # Errors
/// A sentence with the types that it does serve.
pub async fn serves(
    inquiry: &Inquiry,
    resource_type: &ResourceType,
    interaction: Interaction,
) -> Result<(), ToolError> {
    let (kind, how) = (resource_type.as_str(), interaction.as_str());
    match &*inquiry.capability().await {
        Capability::Known(announced) if announced.statement.offers(kind, how) => Ok(()),
        Capability::Known(announced) => {
            let types = announced.statement.resources.iter();
            let able = types.filter(|(_, one)| one.interactions.iter().any(|code| code == how));
            let able: Vec<&str> = able.map(|(name, _)| name.as_str()).collect();
            if able.is_empty() {
                return Err(ToolError::NotServed(format!("this backend does not offer {how}")));
            }
            let able = super::text::clean(&able.join(", "));
            Err(ToolError::Argument(format!("type: this backend offers {how} for: {able}")))
        }
        Capability::Unknown => {
            let version = inquiry.profile.fhir.version;
            if version.specification().definition(kind).is_none() {
                let version = version.as_str();
                let mistake = format!(
                    "type: FHIR {version} has no resource type {kind}; write it as in Observation"
                );
                return Err(ToolError::Argument(mistake));
            }
            if inquiry.profile.fhir.interactions.contains(&interaction) {
                return Ok(());
            }
            Err(ToolError::NotServed(format!("this backend does not offer {how}")))
        }
    }
}
