//! The closed table of what may be asked of the backend. Nothing outside it can be requested,
//! whatever an argument, a link or a record says.

use url::Url;

use super::list::Cursor;
use super::profile::{PagingBy, Profile, Total};
use crate::fhir::id::{PatientId, ResourceId, StudyId, VersionId};
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
    /// `GET {fhir}/${operation}`, on a type or on one resource if named. The name is one of the
    /// program's own, and so are the names of the parameters.
    Operation {
        /// On which type; `None` for the whole server.
        on: Option<(ResourceType, Option<ResourceId>)>,
        /// Without the dollar sign.
        name: &'static str,
        /// Names and values, in order.
        parameters: Vec<(&'static str, String)>,
    },
    /// `GET {fhir}/metadata`, without a token.
    Metadata,
    /// `GET {health}`, without a token.
    Health,
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
            Self::Operation { on, name, parameters } => {
                operated(base, fhir, on.as_ref(), (name, parameters))
            }
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
            | Self::Operation { .. }
            | Self::Metadata
            | Self::Health => None,
        }
    }
}

/// A path under the base; each segment is percent-encoded on its own.
fn at(base: &Url, prefix: &str, segments: &[&str]) -> Option<Url> {
    let mut url = base.clone();
    url.set_query(None);
    url.set_fragment(None);
    let prefix = prefix.split('/').filter(|segment| !segment.is_empty());
    url.path_segments_mut().ok()?.pop_if_empty().extend(prefix).extend(segments);
    Some(url)
}

fn listed(mut url: Url, page_size: u32, cursor: &Cursor) -> Url {
    url.query_pairs_mut().append_pair("page_size", &page_size.to_string());
    if let Some((name, value)) = cursor.parameter() {
        url.query_pairs_mut().append_pair(name, &value);
    }
    url
}

fn operated(
    base: &Url,
    fhir: &str,
    on: Option<&(ResourceType, Option<ResourceId>)>,
    (name, parameters): (&str, &[(&'static str, String)]),
) -> Option<Url> {
    let operation = format!("${name}");
    let mut segments: Vec<&str> = Vec::new();
    if let Some((resource_type, id)) = on {
        segments.push(resource_type.as_str());
        segments.extend(id.as_ref().map(ResourceId::as_str));
    }
    segments.push(&operation);
    let mut url = at(base, fhir, &segments)?;
    if !parameters.is_empty() {
        url.query_pairs_mut().extend_pairs(parameters);
    }
    Some(url)
}

fn searched(base: &Url, profile: &Profile, search: &Search) -> Option<Url> {
    let mut url = at(base, &profile.fhir.path, &[search.resource_type.as_str()])?;
    let dialect = &profile.search.dialect;
    for filter in &search.filters {
        url.query_pairs_mut().append_pair(filter.key(dialect), &filter.value(dialect));
    }
    match &search.slice {
        Slice::Count => {
            url.query_pairs_mut().append_pair("_summary", "count");
        }
        Slice::Rows { count, at: position, sort } => {
            url.query_pairs_mut().append_pair("_count", &count.to_string());
            go_on(&mut url, profile, position, *count);
            let mut query = url.query_pairs_mut();
            if let Some(order) = sort.value(dialect) {
                query.append_pair("_sort", &order);
            }
            for (name, value) in &search.includes {
                query.append_pair(name, value);
            }
            if let Total::OnRequest(name, value) = &profile.search.total {
                query.append_pair(name, value);
            }
        }
    }
    Some(url)
}

/// Where the page begins, as the backend counts; the first one needs no words, except where pages are
/// numbered.
fn go_on(url: &mut Url, profile: &Profile, position: &Position, count: u32) {
    let paging = &profile.search.paging;
    let name = paging.parameters.first().map_or("", String::as_str);
    match (paging.by, position) {
        (PagingBy::Page, Position::Page(number)) => {
            url.query_pairs_mut().append_pair(name, &number.to_string());
        }
        (PagingBy::Offset, Position::Page(number)) if *number > 1 => {
            let offset = u64::from(*number - 1) * u64::from(count);
            url.query_pairs_mut().append_pair(name, &offset.to_string());
        }
        (_, Position::Offset(offset)) if *offset > 0 => {
            url.query_pairs_mut().append_pair(name, &offset.to_string());
        }
        (_, Position::Link(parameters)) => {
            url.query_pairs_mut().extend_pairs(parameters);
        }
        (PagingBy::Offset | PagingBy::Link, Position::Page(_)) | (_, Position::Offset(_)) => {}
    }
}

#[cfg(test)]
mod tests;
