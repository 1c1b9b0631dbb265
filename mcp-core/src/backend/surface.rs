//! The closed table of what may be asked of the backend. Nothing outside it can be requested,
//! whatever an argument, a link or a record says.

use url::Url;

use self::address::{at, go_on, listed, operated, searched};
use super::list::Cursor;
use super::profile::Profile;
use crate::fhir::id::{PatientId, ResourceId, StudyId, VersionId};
use crate::fhir::operation::Invocation;
use crate::fhir::resource_type::ResourceType;
use crate::fhir::search::{Position, Search, Slice};

/// One request to the backend. Every one is a read.
#[derive(Clone)]
pub enum Call {
    /// `GET {rest}/studies`
    Studies {
        /// Rows on a page.
        page_size: u32,
        /// Where to go on.
        cursor: Cursor,
    },
    /// `GET {rest}/studies/{id}`
    Study(StudyId),
    /// `GET {rest}/studies/{id}/patients`
    StudyPatients {
        /// Whose patients.
        study: StudyId,
        /// Rows on a page.
        page_size: u32,
        /// Where to go on.
        cursor: Cursor,
    },
    /// `GET {rest}/users/profile`
    UserProfile,
    /// `GET {rest}/users/organizations`: those that the user is a direct member of.
    OwnOrganizations,
    /// `GET {rest}/patients/{id}/consents`, which never has a query: the Exchange would remember it.
    Consents(PatientId),
    /// `GET {rest}/data_sources/all_scopes`: the codes that the backend knows, a vocabulary.
    Vocabulary,
    /// `GET {fhir}/{Type}`
    Search(Search),
    /// `GET {fhir}/Patient/{id}`
    Patient(PatientId),
    /// `GET {fhir}/Group/{id}`
    Group(StudyId),
    /// `GET {fhir}/{Type}/{id}`, and `…/_history/{version}`
    Read {
        /// Of which type.
        resource_type: ResourceType,
        /// Which one.
        id: ResourceId,
        /// As it once was.
        version: Option<VersionId>,
    },
    /// `GET {fhir}/{Type}/{id}/_history`
    History {
        /// Of which type.
        resource_type: ResourceType,
        /// Which one.
        id: ResourceId,
        /// Versions on a page.
        count: u32,
        /// Where the page begins.
        at: Position,
    },
    /// `GET {fhir}/Patient/{id}/$everything`
    Everything {
        /// Of whom.
        patient: PatientId,
        /// Resources on a page.
        count: u32,
        /// Where the page begins.
        at: Position,
    },
    /// `GET {fhir}/${operation}`, on a type or on one resource if it says so. Which operations and
    /// parameters there are, stands in [`crate::fhir::operation`].
    Operation {
        /// The operation, on what, and with what.
        invocation: Invocation,
        /// Which part of the answer, where it has parts.
        part: Part,
    },
    /// `GET {fhir}/metadata`, without a token.
    Metadata,
    /// `GET {health}`, without a token.
    Health,
}

/// Which part of an operation's answer is wanted.
#[derive(Clone)]
pub enum Part {
    /// All of it.
    Whole,
    /// A page, paged as searches are.
    Page {
        /// Resources on a page.
        count: u32,
        /// Where the page begins.
        at: Position,
    },
    /// Codes of an expansion (FHIR R5 §4.9.11).
    Codes {
        /// Codes on a page.
        count: u32,
        /// The first one's number, from 0.
        offset: u64,
    },
}

impl Call {
    /// The word for it in metrics and logs.
    pub const fn interaction(&self) -> &'static str {
        match self {
            Self::Studies { .. } => "rest_studies",
            Self::Study(_) => "rest_study",
            Self::StudyPatients { .. } => "rest_study_patients",
            Self::UserProfile => "rest_profile",
            Self::OwnOrganizations => "rest_organizations",
            Self::Consents(_) => "rest_consents",
            Self::Vocabulary => "rest_vocabulary",
            Self::Search(Search { slice: Slice::Count, .. }) => "fhir_count",
            Self::Search(_) => "fhir_search",
            Self::Patient(_) | Self::Group(_) | Self::Read { version: None, .. } => "fhir_read",
            Self::Read { .. } => "fhir_vread",
            Self::History { .. } => "fhir_history",
            Self::Everything { .. } => "fhir_everything",
            Self::Operation { .. } => "fhir_operation",
            Self::Metadata => "fhir_metadata",
            Self::Health => "health",
        }
    }

    /// Whether it goes with the subject's token.
    pub const fn is_authorized(&self) -> bool {
        !matches!(self, Self::Metadata | Self::Health)
    }

    /// Whether it asks to be refused rather than half understood.
    pub const fn is_strict(&self) -> bool {
        matches!(self, Self::Search(_))
    }

    /// Whether the issues of an error say something that is an answer: of codes, they do.
    pub fn hears_issues(&self) -> bool {
        let Self::Operation { invocation, .. } = self else { return false };
        matches!(invocation.row().on, Some("CodeSystem" | "ValueSet" | "ConceptMap"))
    }

    /// The names of the parameters in it that could be at fault; empty where there are none.
    pub fn parameter_names<'a>(&'a self, profile: &'a Profile) -> Vec<&'a str> {
        let Self::Search(search) = self else { return Vec::new() };
        let dialect = &profile.search.dialect;
        search.filters.iter().map(|filter| filter.name(dialect)).collect()
    }

    /// The URL of it, built segment by segment. `None` only for a base that can carry no path, or for
    /// what the profile does not have.
    pub fn url(&self, base: &Url, profile: &Profile) -> Option<Url> {
        let fhir = profile.fhir.path.as_str();
        match self {
            Self::Studies { .. }
            | Self::Study(_)
            | Self::StudyPatients { .. }
            | Self::UserProfile
            | Self::OwnOrganizations
            | Self::Consents(_)
            | Self::Vocabulary => self.rest_url(base, &profile.rest.as_ref()?.path),
            Self::Search(search) => searched(base, profile, search),
            Self::Patient(id) => at(base, fhir, &[ResourceType::PATIENT.as_str(), id.as_str()]),
            Self::Group(id) => at(base, fhir, &[ResourceType::GROUP.as_str(), id.as_str()]),
            Self::Read { resource_type, id, version: None } => {
                at(base, fhir, &[resource_type.as_str(), id.as_str()])
            }
            Self::Read { resource_type, id, version: Some(version) } => {
                let segments = [resource_type.as_str(), id.as_str(), "_history", version.as_str()];
                at(base, fhir, &segments)
            }
            Self::History { resource_type, id, count, at: position } => {
                let mut url = at(base, fhir, &[resource_type.as_str(), id.as_str(), "_history"])?;
                url.query_pairs_mut().append_pair("_count", &count.to_string());
                go_on(&mut url, profile, position, *count);
                Some(url)
            }
            Self::Everything { patient, count, at: position } => {
                let segments = [ResourceType::PATIENT.as_str(), patient.as_str(), "$everything"];
                let mut url = at(base, fhir, &segments)?;
                url.query_pairs_mut().append_pair("_count", &count.to_string());
                go_on(&mut url, profile, position, *count);
                Some(url)
            }
            Self::Operation { invocation, part } => operated(base, profile, invocation, part),
            Self::Metadata => at(base, fhir, &["metadata"]),
            Self::Health => at(base, profile.health_path.as_deref()?, &[]),
        }
    }

    fn rest_url(&self, base: &Url, rest: &str) -> Option<Url> {
        match self {
            Self::Studies { page_size, cursor } => {
                Some(listed(at(base, rest, &["studies"])?, *page_size, cursor))
            }
            Self::Study(id) => at(base, rest, &["studies", id.as_str()]),
            Self::StudyPatients { study, page_size, cursor } => {
                let url = at(base, rest, &["studies", study.as_str(), "patients"])?;
                Some(listed(url, *page_size, cursor))
            }
            Self::UserProfile => at(base, rest, &["users", "profile"]),
            Self::OwnOrganizations => at(base, rest, &["users", "organizations"]),
            Self::Consents(id) => at(base, rest, &["patients", id.as_str(), "consents"]),
            Self::Vocabulary => at(base, rest, &["data_sources", "all_scopes"]),
            Self::Search(_)
            | Self::Patient(_)
            | Self::Group(_)
            | Self::Read { .. }
            | Self::History { .. }
            | Self::Everything { .. }
            | Self::Operation { .. }
            | Self::Metadata
            | Self::Health => None,
        }
    }
}

mod address;
#[cfg(test)]
mod tests;
