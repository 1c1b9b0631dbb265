//! Studies, for practitioners and for patients.

use http::StatusCode;
use serde_json::json;

use crate::bed::Bed;

#[tokio::test]
async fn t03_a_list_is_walked_by_its_cursor_and_never_by_its_link() {
    let bed = Bed::start().await;
    bed.backend
        .answer(
            "/api/v1/studies?page_size=1000",
            json!({"count": 2, "next": "http://elsewhere.test/steal?page=2&page_size=1",
                   "results": [{"id": 30001, "name": "BP"}]}),
        )
        .answer(
            "/api/v1/studies?page_size=1000&page=2",
            json!({"count": 2, "next": null, "results": [{"id": 30002, "name": "HR"}]}),
        );
    let answer = bed.call("list_studies", json!({})).await;
    let listed = answer.structured();
    assert_eq!(listed["status"], "ok");
    assert_eq!(listed["total"], 2);
    assert_eq!(listed["studies"][1]["study_id"], "30002");
}

#[tokio::test]
async fn t03_a_cursor_that_comes_again_ends_the_walk_as_partial() {
    let bed = Bed::start().await;
    for target in ["/api/v1/studies?page_size=1000", "/api/v1/studies?page_size=1000&page=2"] {
        let page = json!({"count": 9, "next": "?page=2", "results": [{"id": 30001}]});
        bed.backend.answer(target, page);
    }
    let answer = bed.call("list_studies", json!({})).await;
    assert_eq!(answer.structured()["status"], "partial");
    assert_eq!(bed.backend.targets().len(), 2);
}

#[tokio::test]
async fn t02_a_list_without_a_count_is_unknown_not_zero() {
    let bed = Bed::start().await;
    bed.backend.answer("/api/v1/studies?page_size=1", json!({"results": []}));
    assert!(bed.call("get_study_count", json!({})).await.refusal().starts_with("unknown: "));
}

#[tokio::test]
async fn t04_a_foreign_study_and_a_missing_one_read_the_same() {
    let bed = Bed::start().await;
    bed.backend.practitioner();
    let denied = json!({"detail": "SECRET canary"});
    bed.backend.answer_with("/api/v1/studies/30005", StatusCode::FORBIDDEN, denied);
    let foreign = bed.call("get_study_metadata", json!({"study_id": 30005})).await;
    let missing = bed.call("get_study_metadata", json!({"study_id": "99999999"})).await;
    assert_eq!(foreign.refusal(), missing.refusal());
    assert!(foreign.refusal().starts_with("not found or not authorized"));
}

#[tokio::test]
async fn a_patient_user_sees_the_names_of_their_own_studies() {
    let bed = Bed::start().await;
    let group = json!({"resourceType": "Group", "id": "30001", "name": "BP"});
    bed.backend
        .answer(
            "/api/v1/users/profile",
            json!({"id": 10006, "patient": 40001, "userType": "patient"}),
        )
        .answer(
            "/FHIR/R5/Patient?_count=2&_page=1&_sort=_lastUpdated",
            json!({"resourceType": "Bundle", "type": "searchset", "total": 1,
                   "entry": [{"resource": {"resourceType": "Patient", "id": "40001"}}]}),
        )
        .answer(
            "/FHIR/R5/Group?_count=1000&_page=1&_sort=_lastUpdated",
            json!({"resourceType": "Bundle", "type": "searchset", "total": 1,
                   "entry": [{"resource": group}]}),
        );
    let answer = bed.call("list_studies", json!({})).await;
    assert_eq!(answer.structured()["studies"][0]["name"], "BP");
    assert_eq!(answer.structured()["returned"], 1);
}

#[tokio::test]
async fn t05_an_empty_list_of_patients_is_believed_only_of_a_study_that_can_be_seen() {
    let bed = Bed::start().await;
    let empty = json!({"count": 0, "next": null, "results": []});
    bed.backend
        .answer("/api/v1/studies/30001/patients?page_size=1000", empty.clone())
        .answer("/api/v1/studies/30001", json!({"id": 30001, "name": "BP"}))
        .answer("/api/v1/studies/30005/patients?page_size=1000", empty);
    let own = bed.call("list_study_patients", json!({"study_id": "30001"})).await;
    assert_eq!(own.structured()["total"], 0);
    let foreign = bed.call("list_study_patients", json!({"study_id": "30005"})).await;
    assert!(foreign.refusal().starts_with("not found or not authorized"));
}

#[tokio::test]
async fn t05_a_bare_array_is_a_list_too() {
    let bed = Bed::start().await;
    bed.backend.answer(
        "/api/v1/studies/30001/patients?page_size=1000",
        json!([{"id": 40001, "nameFamily": "Daugherty", "nameGiven": null, "telecomEmail": "p@example.com"}]),
    );
    let answer = bed.call("list_study_patients", json!({"study_id": "30001"})).await;
    let patient = &answer.structured()["patients"][0];
    assert_eq!(patient["patient_id"], "40001");
    assert_eq!(patient["given_name"], json!(null));
}

#[tokio::test]
async fn e01_an_id_of_the_wrong_shape_is_refused_before_anything_is_asked() {
    let bed = Bed::start().await;
    for id in [json!("../1"), json!("1?x=1"), json!("1#"), json!("%2e%2e"), json!(-1), json!(1.5)] {
        let answer = bed.call("get_study_metadata", json!({"study_id": id})).await;
        assert!(answer.refusal().contains("study_id"), "{answer:?}");
    }
    assert!(bed.backend.asked().is_empty());
}
