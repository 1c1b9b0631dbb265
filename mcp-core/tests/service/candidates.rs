//! Finding a person: what is sent, what each candidate rests on, and what is never kept silent.

use http::StatusCode;
use serde_json::{Value, json};

use crate::bed::{Bed, bundle};

/// A server that searches patients by these parameters.
fn statement(parameters: &[(&str, &str)]) -> Value {
    let parameters: Vec<Value> =
        parameters.iter().map(|(name, kind)| json!({"name": name, "type": kind})).collect();
    json!({"resourceType": "CapabilityStatement", "fhirVersion": "5.0.0", "rest": [{"resource": [
        {"type": "Patient", "interaction": [{"code": "read"}, {"code": "search-type"}],
         "searchParam": parameters}]}]})
}

fn patient(id: &str, family: &str, born: Option<&str>) -> Value {
    let mut patient = json!({"resourceType": "Patient", "id": id,
                             "name": [{"family": family, "given": ["Anna"]}],
                             "telecom": [{"system": "phone", "value": "+49 170 1234567"}]});
    if let Some(born) = born {
        patient["birthDate"] = json!(born);
    }
    patient
}

const TAIL: &str = "_count=100&_sort=_lastUpdated%2C_id&_total=accurate";

async fn helios() -> Bed {
    let bed = Bed::start_as("helios").await;
    bed.backend.answer("/metadata", statement(&[("family", "string"), ("birthdate", "date")]));
    bed
}

#[tokio::test]
async fn candidates_are_ordered_by_what_the_records_say_and_not_by_the_server() {
    let bed = helios().await;
    let found = [
        patient("1", "Meier", Some("1984-07-11")),
        patient("2", "Müllerin", None),
        patient("3", "MÜLLER", Some("1984")),
        patient("4", "Muller", Some("1984-07-11")),
    ];
    let target = format!("/Patient?family=M%C3%BCller&birthdate=1984-07-11&{TAIL}");
    bed.backend.answer(&target, bundle(4, &found));
    let asked = json!({"family": "Müller", "birthdate": "1984-07-11"});
    let answer = bed.call("find_patient", asked).await;
    let answer = answer.structured();
    assert_eq!(answer["status"], "ok", "{answer}");
    let candidates = answer["candidates"].as_array().unwrap();
    let ids: Vec<&Value> = candidates.iter().map(|one| &one["patient_id"]).collect();
    assert_eq!(ids, ["4", "3", "2", "1"]);
    let basis: Vec<&Value> = candidates.iter().map(|one| &one["basis"]).collect();
    assert_eq!(basis[0], &json!({"birthdate": "exact", "family": "exact"}));
    assert_eq!(basis[1], &json!({"birthdate": "partly", "family": "exact"}));
    assert_eq!(basis[2], &json!({"birthdate": "not_recorded", "family": "prefix"}));
    assert_eq!(basis[3], &json!({"birthdate": "exact", "family": "no"}));
    assert!(answer["hints"][0].as_str().unwrap().contains("do not choose"));
    assert_eq!(answer["untrusted_text"], json!(["candidates[]"]));
}

#[tokio::test]
async fn a_criterion_that_the_backend_cannot_search_by_is_told_and_still_compared() {
    let bed = helios().await;
    let found = [patient("1", "Müller", None)];
    bed.backend.answer(&format!("/Patient?family=M&{TAIL}"), bundle(1, &found));
    let asked = json!({"family": "M", "phone": "0170 1234567", "email": "a@example.com"});
    let answer = bed.call("find_patient", asked).await;
    let answer = answer.structured();
    assert_eq!(answer["not_searched"], json!(["phone", "email"]));
    assert_eq!(answer["status"], "partial");
    let basis = &answer["candidates"][0]["basis"];
    assert_eq!(basis["phone"], "partly");
    assert_eq!(basis["email"], "not_recorded");
    assert!(answer["hints"][0].as_str().unwrap().contains("confirm"), "one is a candidate too");
    // Where nothing can be searched by, everybody would be found: that is not asked.
    let refused = bed.call("find_patient", json!({"phone": "0170 1234567"})).await;
    assert!(refused.refusal().contains("phone"), "{refused:?}");
    assert_eq!(bed.backend.targets().len(), 2);
}

#[tokio::test]
async fn a_total_that_is_not_said_is_not_the_number_of_candidates() {
    let bed = helios().await;
    let mut body = bundle(1, &[patient("1", "Müller", None)]);
    body.as_object_mut().unwrap().remove("total");
    bed.backend.answer(&format!("/Patient?family=M&{TAIL}"), body);
    let answer = bed.call("find_patient", json!({"family": "M"})).await;
    let answer = answer.structured();
    assert_eq!((&answer["total"], &answer["more"]), (&json!(null), &json!(null)));
    assert_eq!((&answer["status"], &answer["returned"]), (&json!("partial"), &json!(1)));
}

#[tokio::test]
async fn how_many_more_match_is_said_and_that_the_person_may_be_among_them() {
    let bed = helios().await;
    let found = [patient("1", "Müller", None), patient("2", "Müller", None)];
    bed.backend.answer(&format!("/Patient?family=M&{TAIL}"), bundle(900, &found));
    let answer = bed.call("find_patient", json!({"family": "M", "limit": 1})).await;
    let answer = answer.structured();
    assert_eq!((&answer["returned"], &answer["more"]), (&json!(1), &json!(899)));
    assert_eq!(answer["truncated_by"], json!(["limit"]));
}

#[tokio::test]
async fn an_ignored_criterion_is_named_and_the_records_tell_the_rest() {
    let bed = helios().await;
    let mut body = bundle(1, &[patient("1", "Meier", None)]);
    body["link"] = json!([{"relation": "self", "url": "/Patient?_count=100"}]);
    bed.backend.answer(&format!("/Patient?family=M%C3%BCller&{TAIL}"), body);
    let answer = bed.call("find_patient", json!({"family": "Müller"})).await;
    let answer = answer.structured();
    assert_eq!(answer["ignored_parameters"], json!(["family"]));
    assert_eq!(answer["candidates"][0]["basis"]["family"], "no");
    assert_eq!((&answer["status"], &answer["total"]), (&json!("partial"), &json!(null)));
}

#[tokio::test]
async fn a_fault_is_not_nobody() {
    let bed = helios().await;
    let target = format!("/Patient?family=M&{TAIL}");
    bed.backend.answer_with(&target, StatusCode::INTERNAL_SERVER_ERROR, json!({}));
    let answer = bed.call("find_patient", json!({"family": "M"})).await;
    assert!(answer.refusal().starts_with("unknown: "), "{answer:?}");
    bed.backend.answer(&target, bundle(0, &[]));
    let answer = bed.call("find_patient", json!({"family": "M"})).await;
    let answer = answer.structured();
    assert_eq!((&answer["status"], &answer["total"]), (&json!("ok"), &json!(0)));
    assert!(answer["hints"][0].as_str().unwrap().contains("does not mean"), "{answer}");
}

#[tokio::test]
async fn a_year_is_two_bounds_where_the_backend_wants_days_and_each_word_of_a_name_is_asked() {
    let bed = Bed::start().await;
    let query = "name=Anna&name=M%C3%BCller&birthdate=ge1984-01-01&birthdate=lt1985-01-01";
    let target = format!("/FHIR/R5/Patient?{query}&_count=100&_page=1&_sort=_lastUpdated");
    let names = [("name", "string"), ("birthdate", "date"), ("identifier", "token")];
    bed.backend
        .answer("/FHIR/R5/metadata", statement(&names))
        .answer(&target, bundle(1, &[patient("40001", "Müller", Some("1984-07-11"))]));
    let asked = json!({"name": "Anna Müller", "birthdate": "1984"});
    let answer = bed.call("find_patient", asked).await;
    let basis = &answer.structured()["candidates"][0]["basis"];
    assert_eq!(basis, &json!({"birthdate": "prefix", "name": "exact"}));
}

#[tokio::test]
async fn a_record_that_is_not_to_be_used_says_so() {
    let bed = helios().await;
    let mut old = patient("1", "Müller", None);
    old["active"] = json!(false);
    old["deceasedBoolean"] = json!(true);
    old["link"] = json!([{"type": "replaced-by", "other": {"reference": "Patient/2"}}]);
    let mut new = patient("2", "Müller", None);
    new["active"] = json!(true);
    new["deceasedBoolean"] = json!(false);
    bed.backend.answer(&format!("/Patient?family=M&{TAIL}"), bundle(2, &[old, new]));
    let answer = bed.call("find_patient", json!({"family": "M"})).await;
    let candidates = &answer.structured()["candidates"];
    assert_eq!(candidates[0]["remarks"], json!(["inactive", "deceased", "replaced"]));
    assert_eq!(candidates[1].get("remarks"), None);
}
