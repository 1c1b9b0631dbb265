use super::*;

const JHE: &str = include_str!("../../../../config/profiles/jhe.yaml");

fn unchecked(_: &Profile) -> Vec<String> {
    Vec::new()
}

#[test]
fn the_built_in_profiles_load() {
    let profiles = Profiles::load(None, unchecked).unwrap();
    let names: Vec<&str> = profiles.names().collect();
    assert_eq!(names, ["fhir-r4", "fhir-r5", "helios", "jhe", "medplum"]);
    assert_eq!(profiles.find("jhe").unwrap().fhir.path, "FHIR/R5");
    assert!(profiles.find("unheard-of").is_none());
}

#[test]
fn only_the_exchange_has_a_rest_side() {
    let profiles = Profiles::load(None, unchecked).unwrap();
    for name in profiles.names() {
        assert_eq!(profiles.find(name).unwrap().rest.is_some(), name == "jhe", "{name}");
    }
}

#[test]
fn a_profile_that_would_leave_its_path_is_refused() {
    for path in ["/FHIR", "FHIR/", "FHIR//R5", "FHIR/../o", "FHIR?x=1", "//x.test"] {
        let text = JHE.replace("path: FHIR/R5", &format!("path: \"{path}\""));
        assert!(Profile::parse(&text).is_err(), "{path:?}");
    }
}

#[test]
fn every_mistake_of_a_profile_is_named_at_once() {
    let mistakes = Profile::parse(
        "name: My Server\n\
         fhir: {path: /x, version: R9, ids: any, interactions: [delete], time_zone: Mars/Olympus,\
         studies: Trial, imported_source: here}\n\
         search: {canary: maybe, parameters: {every_type: [patient], thing: []}, refuses: true,\
         paging: {by: page, parameters: [_a, _b]}, total: {given: sometimes}}\n\
         rest: {}\nvocabulary: [{name: pulse}]\naliases: {A: list_studies}\n\
         bounds: {page_size: 0}\nsurprise: 1\n",
    )
    .unwrap_err()
    .to_string();
    for place in [
        "name: ",
        "fhir.path: ",
        "fhir.version: ",
        "fhir.ids: ",
        "fhir.interactions: ",
        "fhir.time_zone: ",
        "fhir.studies: ",
        "fhir.imported_source: ",
        "search.canary: ",
        "search.parameters.every_type: ",
        "search.parameters.thing: ",
        "search.refuses: ",
        "search.paging.parameters: ",
        "search.total.given: ",
        "rest.path: ",
        "vocabulary[0].system: ",
        "aliases: ",
        "bounds.page_size: ",
        "surprise: ",
    ] {
        assert!(mistakes.lines().any(|line| line.starts_with(place)), "{place} in {mistakes}");
    }
}

#[test]
fn a_parameter_that_the_profile_lists_is_vouched_for() {
    let profiles = Profiles::load(None, unchecked).unwrap();
    let (jhe, medplum) = (profiles.find("jhe").unwrap(), profiles.find("medplum").unwrap());
    assert_eq!(jhe.vouches("Encounter", "patient"), Some(ParameterKind::Reference));
    assert_eq!(jhe.vouches("Observation", "code"), None);
    assert_eq!(medplum.vouches("Observation", "code"), Some(ParameterKind::Token));
    assert_eq!(medplum.vouches("Observation", "colour"), None);
}

#[test]
fn a_changed_folder_is_taken_whole_or_left() {
    let folder = std::env::temp_dir().join(format!("profiles-{}", uuid::Uuid::new_v4()));
    std::fs::create_dir(&folder).unwrap();
    let write = |text: &str| std::fs::write(folder.join("own.yaml"), text).unwrap();
    let live = LiveProfiles::load(Some(folder.clone()), unchecked).unwrap();
    let before = live.snapshot();
    assert_eq!(live.refresh(), Reload::Unchanged);
    write("name: own\nfhir: {path: fhir}\n");
    assert_eq!(live.refresh(), Reload::Swapped(2));
    assert!(live.snapshot().find("own").is_some());
    // A request that began before goes on as it began.
    assert!(before.find("own").is_none());
    write("name: own\nfhir: {pfad: fhir}\n");
    let Reload::Refused(mistakes) = live.refresh() else { panic!("must be refused") };
    assert!(mistakes.contains("own.yaml: fhir.pfad: no such field"), "{mistakes}");
    assert_eq!(live.refresh(), Reload::Unchanged);
    assert!(live.snapshot().find("own").is_some());
    write("name: own\nfhir: {path: \"\"}\n");
    assert_eq!(live.refresh(), Reload::Swapped(3));
    std::fs::remove_dir_all(folder).unwrap();
}
