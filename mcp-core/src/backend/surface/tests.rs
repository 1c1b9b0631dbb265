use super::super::profile::Profiles;
use super::*;
use crate::fhir::date::day;
use crate::fhir::operation::{EXPAND, GENERAL};
use crate::fhir::search::{Comparison, Filter, Sort};

fn url_by(profile: &str, base: &str, call: &Call) -> String {
    let profiles = Profiles::load(None, |_| Vec::new()).unwrap();
    call.url(&base.parse().unwrap(), profiles.find(profile).unwrap()).unwrap().to_string()
}

fn url(base: &str, call: &Call) -> String {
    url_by("jhe", base, call)
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
        (Call::OwnOrganizations, "/api/v1/users/organizations"),
        (Call::Consents(PatientId::parse("40001").unwrap()), "/api/v1/patients/40001/consents"),
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
fn elements_are_asked_for_where_the_backend_leaves_the_others_out() {
    let search = Search::page(ResourceType::OBSERVATION, Vec::new(), 10, 1, Sort::Updated);
    let search = search.of_elements(&["code", "subject"]);
    let asked = |profile, search: &Search| {
        url_by(profile, "https://x.test", &Call::Search(search.clone()))
            .contains("_elements=code%2Csubject")
    };
    assert!(asked("helios", &search));
    assert!(!asked("jhe", &search), "it would be ignored");
    assert!(!asked("helios", &search.counted()));
}

#[test]
fn a_value_cannot_add_a_parameter() {
    let search = Search::page(
        ResourceType::PATIENT,
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
fn each_backend_pages_in_its_own_way() {
    let page = |number| {
        Call::Search(Search::page(ResourceType::PATIENT, Vec::new(), 7, number, Sort::Updated))
    };
    let base = "https://x.test";
    let medplum = |number| url_by("medplum", base, &page(number));
    let at = format!("{base}/fhir/R4/Patient?_count=7");
    assert_eq!(medplum(1), format!("{at}&_sort=_lastUpdated"));
    assert_eq!(medplum(3), format!("{at}&_offset=14&_sort=_lastUpdated"));
    let link = Position::Link(vec![("_cursor".to_owned(), "a&b".to_owned())]);
    let Call::Search(search) = page(1) else { panic!("is a search") };
    let helios = url_by("helios", base, &Call::Search(search.at(link)));
    let order = "_sort=_lastUpdated%2C_id&_total=accurate";
    assert_eq!(helios, format!("{base}/Patient?_count=7&_cursor=a%26b&{order}"));
}

#[test]
fn a_version_and_an_operation_stay_under_their_resource() {
    let (resource_type, id) = (ResourceType::PATIENT, ResourceId::parse("p-1").unwrap());
    let version = VersionId::parse("2").unwrap();
    let read =
        Call::Read { resource_type: resource_type.clone(), id: id.clone(), version: Some(version) };
    let base = "https://x.test/fhir";
    assert_eq!(url_by("fhir-r5", base, &read), format!("{base}/Patient/p-1/_history/2"));
    let everything = GENERAL.iter().find(|row| row.name == "everything").unwrap();
    let since = [("_type", vec!["Condition".to_owned(), "Observation".to_owned()])];
    let invocation = Invocation::new(everything, (Some(resource_type), Some(id)), &since).unwrap();
    let part = Part::Page { count: 10, at: Position::Page(1) };
    let everything = Call::Operation { invocation, part };
    let expected =
        format!("{base}/Patient/p-1/$everything?_type=Condition%2CObservation&_count=10");
    assert_eq!(url_by("fhir-r5", base, &everything), expected);
}

#[test]
fn e02_a_value_of_an_operation_cannot_add_a_parameter() {
    let hostile = "http://x.test/ValueSet/1?a=b&persist=true";
    let parameters =
        [("url", vec![hostile.to_owned()]), ("filter", vec!["x&y=1#?/../$z".to_owned()])];
    let invocation = Invocation::new(&EXPAND, (None, None), &parameters).unwrap();
    let call = Call::Operation { invocation, part: Part::Codes { count: 5, offset: 10 } };
    let url: Url = url_by("fhir-r5", "https://x.test/fhir", &call).parse().unwrap();
    assert_eq!((url.path(), url.fragment()), ("/fhir/ValueSet/$expand", None));
    let names: Vec<String> = url.query_pairs().map(|(name, _)| name.into_owned()).collect();
    assert_eq!(names, ["url", "filter", "offset", "count"]);
    assert!(url.query_pairs().any(|(_, value)| value == hostile));
}

#[test]
fn everything_of_a_patient_goes_on_by_its_cursor_alone() {
    let at = |at| {
        let patient = PatientId::parse("p-1").unwrap();
        url_by("helios", "https://x.test", &Call::Everything { patient, count: 10, at })
    };
    let path = "https://x.test/Patient/p-1/$everything?_count=10";
    assert_eq!(at(Position::Page(1)), path);
    let link = Position::Link(vec![("_cursor".to_owned(), "a/b".to_owned())]);
    assert_eq!(at(link), format!("{path}&_cursor=a%2Fb"));
}

#[test]
fn a_backend_without_a_rest_side_has_no_such_calls() {
    let profiles = Profiles::load(None, |_| Vec::new()).unwrap();
    let base = "https://x.test".parse().unwrap();
    assert!(Call::UserProfile.url(&base, profiles.find("fhir-r5").unwrap()).is_none());
}

#[test]
fn a_count_asks_for_no_rows() {
    let filters =
        vec![Filter::Study(study()), Filter::Date(Comparison::From, day("2026-11-10").unwrap())];
    let call = Call::Search(Search::count(ResourceType::OBSERVATION, filters));
    assert_eq!(
        url("https://jhe.example.org", &call),
        "https://jhe.example.org/FHIR/R5/Observation?patient._has%3AGroup%3Amember%3A_id=30001\
         &date=ge2026-11-10&_summary=count"
    );
}
