use serde_json::json;

use super::super::asked::{Word, invocation};
use super::*;
use crate::backend::profile::Profiles;
use crate::fhir::id::ResourceId;
use crate::fhir::resource_type::ResourceType;

fn everything(given: &[(&str, Vec<String>)]) -> Invocation {
    let on = (Some(ResourceType::PATIENT), ResourceId::parse("p-1"));
    invocation(Word::Everything, on, given).unwrap()
}

fn lastn(given: &[(&str, Vec<String>)]) -> Invocation {
    invocation(Word::Lastn, (None, None), given).unwrap()
}

fn given(name: &'static str, value: &str) -> (&'static str, Vec<String>) {
    (name, vec![value.to_owned()])
}

fn found(rows: &[Value], own: Option<&str>) -> Collected {
    let entry: Vec<Value> = rows.iter().map(|row| json!({"resource": row})).collect();
    let mut body = json!({"resourceType": "Bundle", "type": "searchset", "entry": entry});
    if let Some(own) = own {
        body["link"] = json!([{"relation": "self", "url": own}]);
    }
    Collected::set(body).unwrap()
}

fn of(kind: &str, patient: &str) -> Value {
    json!({"resourceType": kind, "subject": {"reference": format!("Patient/{patient}")}})
}

fn weighed(
    profile: &str,
    invocation: &Invocation,
    given: &[(&str, Vec<String>)],
    found: &Collected,
) -> Option<Verdict> {
    let profiles = Profiles::load(None, |_| Vec::new()).unwrap();
    weigh(profiles.find(profile).unwrap(), invocation, given, found)
}

#[test]
fn e06_an_answer_about_somebody_else_is_none() {
    let asked = everything(&[]);
    let about = |rows: &[Value]| weighed("fhir-r4", &asked, &[], &found(rows, None)).is_some();
    let patient = |id: &str| json!({"resourceType": "Patient", "id": id});
    assert!(about(&[]));
    assert!(about(&[patient("p-1"), of("Condition", "p-1"), of("Condition", "p-2")]));
    assert!(about(&[json!({"resourceType": "Organization"})]));
    assert!(!about(&[patient("p-2")]));
    assert!(!about(&[of("Condition", "p-2"), of("Observation", "p-3")]));
    let arguments = [given("patient", "p-1"), given("code", "x")];
    let last = lastn(&arguments);
    let about =
        |rows: &[Value]| weighed("fhir-r4", &last, &arguments, &found(rows, None)).is_some();
    assert!(about(&[of("Observation", "p-1")]));
    assert!(!about(&[of("Observation", "p-1"), of("Observation", "p-2")]));
    let absolute = json!({"subject": {"reference": "https://x.test/fhir/Patient/p-2/_history/3"}});
    assert!(!about(&[absolute]));
}

#[test]
fn a_type_or_time_that_was_not_asked_for_shows_that_the_parameter_was_ignored() {
    let ignored = |given: &[(&str, Vec<String>)], row: Value| {
        weighed("fhir-r4", &everything(given), given, &found(&[row], None)).unwrap().ignored
    };
    let types = [given("_type", "Condition")];
    assert!(ignored(&types, of("Condition", "p-1")).is_empty());
    assert!(ignored(&types, json!({"resourceType": "Patient", "id": "p-1"})).is_empty());
    assert_eq!(ignored(&types, of("Observation", "p-1")), ["_type"]);
    let since = [given("_since", "2026-04-01T00:00:00Z")];
    let at = |time: &str| json!({"resourceType": "Condition", "meta": {"lastUpdated": time}});
    assert!(ignored(&since, at("2026-04-01T02:00:00+01:00")).is_empty());
    assert_eq!(ignored(&since, at("2026-04-01T00:30:00+01:00")), ["_since"]);
}

#[test]
fn what_no_row_can_show_is_unproven_unless_the_self_link_says_it() {
    let arguments = [given("start", "2026-04-01")];
    let asked = everything(&arguments);
    let verdict = |profile: &str, own: Option<&str>| {
        weighed(profile, &asked, &arguments, &found(&[of("Condition", "p-1")], own)).unwrap()
    };
    assert_eq!(verdict("fhir-r4", Some("/x?start=2026-04-01")).unproven, ["start"]);
    assert_eq!(verdict("helios", None).unproven, ["start"]);
    assert_eq!(verdict("helios", Some("/x?start=2026-04-01")), Verdict::default());
    assert_eq!(verdict("helios", Some("/x?_count=2")).ignored, ["start"]);
}

#[test]
fn a_reading_of_another_code_shows_that_the_code_was_ignored() {
    let arguments = [given("patient", "p-1"), given("code", "http://loinc.org|8867-4")];
    let reading = |system: &str| {
        let coding = json!([{"system": system, "code": "8867-4"}]);
        json!({"resourceType": "Observation", "code": {"coding": coding}})
    };
    let verdict = |system: &str| {
        let found = found(&[reading(system)], None);
        weighed("fhir-r4", &lastn(&arguments), &arguments, &found).unwrap()
    };
    assert_eq!(verdict("http://loinc.org"), Verdict::default());
    assert_eq!(verdict("http://snomed.info/sct").ignored, ["code"]);
}

#[test]
fn one_reading_of_each_code_may_be_all_or_may_not() {
    let arguments = [given("patient", "p-1"), given("code", "a"), given("max", "3")];
    let reading = json!({"code": {"coding": [{"code": "a"}]}});
    let is_one_each = |rows: &[Value]| {
        weighed("fhir-r4", &lastn(&arguments), &arguments, &found(rows, None)).unwrap().is_one_each
    };
    assert!(is_one_each(std::slice::from_ref(&reading)));
    assert!(!is_one_each(&[reading.clone(), reading]));
}
