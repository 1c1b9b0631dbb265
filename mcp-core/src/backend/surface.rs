//! The closed table of what may be asked of the backend. Nothing outside it can be requested,
//! whatever an argument, a link or a record says.

use url::Url;

use super::list::Cursor;
use super::profile::Profile;
use crate::fhir::id::{PatientId, StudyId};
use crate::fhir::search::{ResourceType, Search, Slice};

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
    /// `GET {rest}/data_sources/all_scopes`: the codes that the backend knows, a vocabulary.
    Vocabulary,
    /// `GET {fhir}/{Type}`
    Search(Search),
    /// `GET {fhir}/Patient/{id}`
    Patient(PatientId),
    /// `GET {fhir}/Group/{id}`
    Group(StudyId),
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
            Self::Vocabulary => "rest_vocabulary",
            Self::Search(Search { slice: Slice::Count, .. }) => "fhir_count",
            Self::Search(_) => "fhir_search",
            Self::Patient(_) | Self::Group(_) => "fhir_read",
            Self::Metadata => "fhir_metadata",
            Self::Health => "health",
        }
    }

    /// Whether it goes with the subject's token.
    pub const fn is_authorized(&self) -> bool {
        !matches!(self, Self::Metadata | Self::Health)
    }

    /// The URL of it, built segment by segment. `None` only for a base that can carry no path, or a
    /// health document that the profile does not have.
    pub fn url(&self, base: &Url, profile: &Profile) -> Option<Url> {
        let rest = profile.rest.path.as_str();
        let fhir = profile.fhir.path.as_str();
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
            Self::Vocabulary => at(base, rest, &["data_sources", "all_scopes"]),
            Self::Search(search) => searched(base, profile, search),
            Self::Patient(id) => at(base, fhir, &[ResourceType::Patient.as_str(), id.as_str()]),
            Self::Group(id) => at(base, fhir, &[ResourceType::Group.as_str(), id.as_str()]),
            Self::Metadata => at(base, fhir, &["metadata"]),
            Self::Health => at(base, profile.health_path.as_deref()?, &[]),
        }
    }
}

/// A path under the base; each segment is percent-encoded on its own.
fn at(base: &Url, prefix: &str, segments: &[&str]) -> Option<Url> {
    let mut url = base.clone();
    url.set_query(None);
    url.set_fragment(None);
    url.path_segments_mut().ok()?.pop_if_empty().extend(prefix.split('/')).extend(segments);
    Some(url)
}

fn listed(mut url: Url, page_size: u32, cursor: &Cursor) -> Url {
    url.query_pairs_mut().append_pair("page_size", &page_size.to_string());
    if let Some((name, value)) = cursor.parameter() {
        url.query_pairs_mut().append_pair(name, &value);
    }
    url
}

fn searched(base: &Url, profile: &Profile, search: &Search) -> Option<Url> {
    let mut url = at(base, &profile.fhir.path, &[search.resource_type.as_str()])?;
    {
        let mut query = url.query_pairs_mut();
        for filter in &search.filters {
            query.append_pair(filter.name(&profile.fhir.study_parameter), &filter.value());
        }
        match search.slice {
            Slice::Count => {
                query.append_pair("_summary", "count");
            }
            Slice::Rows { count, page, sort } => {
                query
                    .append_pair("_count", &count.to_string())
                    .append_pair(&profile.fhir.page_parameter, &page.to_string())
                    .append_pair("_sort", sort.as_str());
            }
        }
    }
    Some(url)
}

#[cfg(test)]
mod tests {
    use super::super::profile::Profiles;
    use super::*;
    use crate::fhir::date::day;
    use crate::fhir::search::{Comparison, Filter, Sort};

    fn url(base: &str, call: &Call) -> String {
        let profiles = Profiles::load(None).unwrap();
        call.url(&base.parse().unwrap(), profiles.find("jhe").unwrap()).unwrap().to_string()
    }

    fn study() -> StudyId {
        StudyId::parse("30001").unwrap()
    }

    #[test]
    fn each_call_has_its_path_and_nothing_else() {
        let base = "https://jhe.example.org";
        let expected = [
            (Call::Study(study()), "/api/v1/studies/30001"),
            (Call::UserProfile, "/api/v1/users/profile"),
            (Call::Vocabulary, "/api/v1/data_sources/all_scopes"),
            (Call::Patient(PatientId::parse("40001").unwrap()), "/FHIR/R5/Patient/40001"),
            (Call::Group(study()), "/FHIR/R5/Group/30001"),
            (Call::Metadata, "/FHIR/R5/metadata"),
            (Call::Health, "/health"),
            (
                Call::Studies { page_size: 1000, cursor: Cursor::First },
                "/api/v1/studies?page_size=1000",
            ),
            (
                Call::StudyPatients { study: study(), page_size: 7, cursor: Cursor::Page(2) },
                "/api/v1/studies/30001/patients?page_size=7&page=2",
            ),
        ];
        for (call, path) in expected {
            assert_eq!(url(base, &call), format!("{base}{path}"));
        }
    }

    #[test]
    fn a_base_with_a_path_keeps_it() {
        let call = Call::UserProfile;
        for base in ["https://example.org/jhe", "https://example.org/jhe/"] {
            assert_eq!(url(base, &call), "https://example.org/jhe/api/v1/users/profile");
        }
    }

    #[test]
    fn a_value_cannot_add_a_parameter() {
        let search = Search::page(
            ResourceType::Patient,
            vec![Filter::Name("x&patient=1#?".into())],
            50,
            1,
            Sort::Updated,
        );
        let url: Url = url("https://jhe.example.org", &Call::Search(search)).parse().unwrap();
        let names: Vec<String> = url.query_pairs().map(|(name, _)| name.into_owned()).collect();
        assert_eq!(names, ["name", "_count", "_page", "_sort"]);
        assert_eq!(url.fragment(), None);
    }

    #[test]
    fn a_count_asks_for_no_rows() {
        let filters = vec![
            Filter::Study(study()),
            Filter::Date(Comparison::From, day("2026-11-10").unwrap()),
        ];
        let call = Call::Search(Search::count(ResourceType::Observation, filters));
        assert_eq!(
            url("https://jhe.example.org", &call),
            "https://jhe.example.org/FHIR/R5/Observation?patient._has%3AGroup%3Amember%3A_id=30001\
             &date=ge2026-11-10&_summary=count"
        );
    }
}
