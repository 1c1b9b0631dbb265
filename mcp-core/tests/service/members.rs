//! Studies and their members, on the Exchange and on any FHIR server.

use http::StatusCode;
use serde_json::{Value, json};

use crate::bed::{Answer, Bed, bundle};

const TAIL: &str = "_sort=_lastUpdated";

fn group(members: &[&str], more: &Value) -> Value {
    let member: Vec<Value> =
        members.iter().map(|one| json!({"entity": {"reference": one}})).collect();
    let mut group = json!({"resourceType": "Group", "id": "g-1", "name": "BP", "member": member});
    group.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    group
}

async fn members(bed: &Bed, study: &str, cursor: Option<&Value>) -> Answer {
    let mut arguments = json!({"study_id": study, "limit": 2});
    if let Some(cursor) = cursor {
        arguments["cursor"] = cursor.clone();
    }
    bed.call("study_members", arguments).await
}

fn ids(answer: &Answer) -> Vec<Value> {
    let members = answer.structured()["members"].as_array().unwrap();
    members.iter().map(|member| member["patient_id"].clone()).collect()
}

#[tokio::test]
async fn a_group_of_any_fhir_server_is_paged_by_a_cursor_and_named_by_one_search() {
    let bed = Bed::start_as("medplum").await;
    let uuid = |last: u8| format!("0b2f6a52-9d5e-4c0a-8b83-0a7a1c1f2e0{last}");
    let study = uuid(9);
    let people = [1, 2, 3].map(|last| format!("Patient/{}", uuid(last)));
    let people: Vec<&str> = people.iter().map(String::as_str).collect();
    let named = json!({"resourceType": "Patient", "id": uuid(1), "name": [{"family": "Nguyen"}]});
    bed.backend
        .answer(&format!("/fhir/R4/Group/{study}"), group(&people, &json!({"quantity": 3})))
        .answer(
            &format!("/fhir/R4/Patient?_id={}%2C{}&_count=2&{TAIL}", uuid(1), uuid(2)),
            bundle(1, &[named]),
        );
    let first = members(&bed, &study, None).await;
    let page = first.structured();
    assert_eq!((&page["total"], &page["returned"]), (&json!(3), &json!(2)), "{page}");
    assert_eq!(page["members"][0]["family_name"], "Nguyen");
    assert_eq!(page["members"][1].get("family_name"), None, "not shown by the backend");
    let second = members(&bed, &study, Some(&page["cursor"])).await;
    assert_eq!(ids(&second), [json!(uuid(3))]);
    assert_eq!(second.structured().get("cursor"), None);
}

#[tokio::test]
async fn a_group_that_names_nobody_is_unknown_and_not_empty() {
    let bed = Bed::start_as("fhir-r5").await;
    let silent = json!({"resourceType": "Group", "id": "g-1"});
    bed.backend.answer("/Group/g-1", silent);
    let answer = members(&bed, "g-1", None).await;
    assert_eq!(answer.structured()["status"], "unknown", "{answer:?}");
    assert_eq!(answer.structured()["total"], json!(null));
    bed.backend.answer("/Group/g-1", json!({"resourceType": "Group", "id": "g-1", "quantity": 0}));
    let answer = members(&bed, "g-1", None).await;
    assert_eq!(answer.structured()["status"], "ok", "{answer:?}");
    bed.backend.answer("/Group/g-1", group(&["Device/7"], &json!({"quantity": 4})));
    let answer = members(&bed, "g-1", None).await;
    assert_eq!(answer.structured()["status"], "partial", "{answer:?}");
    assert_eq!(answer.structured()["members"][0]["reference"], "Device/7");
    assert_eq!(ids(&answer), [json!(null)]);
}

#[tokio::test]
async fn the_exchange_is_paged_by_its_own_list_and_of_its_link_only_the_page_is_taken() {
    let bed = Bed::start().await;
    bed.backend.practitioner();
    let at = "/api/v1/studies/30001/patients?page_size=2";
    let row = |id: u32| json!({"id": id, "nameFamily": "Simon", "telecomEmail": "p@example.com"});
    let next = "http://elsewhere.test/steal?page=2&page_size=900";
    bed.backend
        .answer(at, json!({"count": 3, "next": next, "results": [row(40001), row(40002)]}))
        .answer(
            &format!("{at}&page=2"),
            json!({"count": 3, "next": null, "results": [row(40003)]}),
        );
    let first = members(&bed, "30001", None).await;
    assert_eq!(first.structured()["members"][0]["family_name"], "Simon");
    assert!(!first.structured().to_string().contains("example.com"), "pointers, no addresses");
    let second = members(&bed, "30001", Some(&first.structured()["cursor"])).await;
    assert_eq!(
        (&second.structured()["status"], ids(&second)),
        (&json!("ok"), vec![json!("40003")])
    );
}

#[tokio::test]
async fn a_cursor_of_one_study_opens_no_other() {
    let bed = Bed::start().await;
    bed.backend.practitioner();
    bed.backend.answer(
        "/api/v1/studies/30001/patients?page_size=2",
        json!({"count": 3, "next": "?page=2", "results": [{"id": 40001}, {"id": 40002}]}),
    );
    let first = members(&bed, "30001", None).await;
    let other = members(&bed, "30002", Some(&first.structured()["cursor"])).await;
    assert!(other.refusal().starts_with("cursor: "), "{other:?}");
}

#[tokio::test]
async fn an_empty_list_of_members_is_believed_only_of_a_study_that_can_be_seen() {
    let bed = Bed::start().await;
    let empty = json!({"count": 0, "next": null, "results": []});
    bed.backend
        .practitioner()
        .answer("/api/v1/studies/30001/patients?page_size=2", empty.clone())
        .answer("/api/v1/studies/30001", json!({"id": 30001}))
        .answer("/api/v1/studies/30005/patients?page_size=2", empty)
        .answer_with("/api/v1/studies/30005", StatusCode::FORBIDDEN, json!({"detail": "canary"}));
    assert_eq!(members(&bed, "30001", None).await.structured()["total"], 0);
    let foreign = members(&bed, "30005", None).await;
    assert!(foreign.refusal().starts_with("not found or not authorized"), "{foreign:?}");
}

#[tokio::test]
async fn studies_are_groups_on_a_server_without_a_rest_side() {
    let bed = Bed::start_as("medplum").await;
    let group = json!({"resourceType": "Group", "id": "0b2f6a52-9d5e-4c0a-8b83-0a7a1c1f2e01",
                       "name": "BP", "managingEntity": {"reference": "Organization/o-1"}});
    bed.backend
        .answer(
            "/fhir/R4/Group?_count=100&_sort=_lastUpdated",
            bundle(1, std::slice::from_ref(&group)),
        )
        .answer("/fhir/R4/Group?_summary=count", bundle(1, &[]))
        .answer("/fhir/R4/Group/0b2f6a52-9d5e-4c0a-8b83-0a7a1c1f2e01", group);
    let listed = bed.call("list_studies", json!({})).await;
    assert_eq!(listed.structured()["studies"][0]["organization_id"], "o-1", "{listed:?}");
    assert_eq!(listed.structured()["total"], 1);
    assert_eq!(bed.call("get_study_count", json!({})).await.structured()["count"], 1);
    let arguments = json!({"study_id": "0b2f6a52-9d5e-4c0a-8b83-0a7a1c1f2e01"});
    let one = bed.call("get_study_metadata", arguments).await;
    assert_eq!(one.structured()["name"], "BP");
    for tool in ["list_study_patients", "count_study_observations"] {
        let refused = bed.call(tool, json!({"study_id": "g-1"})).await;
        assert!(refused.refusal().contains("not offered"), "{refused:?}");
    }
}

#[tokio::test]
async fn the_subjects_of_a_research_study_are_its_members() {
    let bed = Bed::start_as("research").await;
    let study = json!({"resourceType": "ResearchStudy", "id": "s-1", "title": "BP"});
    let subject = |member: &str, id: &str, status: &str| {
        json!({"resourceType": "ResearchSubject", "id": id, "status": status,
               member: {"reference": format!("Patient/{id}")}})
    };
    let at = "/ResearchSubject?study=ResearchStudy%2Fs-1&_count=2";
    let page = [subject("subject", "p-1", "active"), subject("individual", "p-2", "withdrawn")];
    let named = json!({"resourceType": "Patient", "id": "p-2", "name": [{"family": "Simon"}]});
    bed.backend
        .answer("/ResearchStudy?_count=100", bundle(1, std::slice::from_ref(&study)))
        .answer("/ResearchStudy/s-1", study)
        .answer("/ResearchSubject?study=ResearchStudy%2Fs-2&_count=2", bundle(0, &[]))
        .answer(at, bundle(3, &page))
        .answer(&format!("{at}&_offset=2"), bundle(3, &[subject("subject", "p-3", "active")]))
        .answer("/Patient?_id=p-1%2Cp-2&_count=2", bundle(1, &[named]));
    let listed = bed.call("list_studies", json!({})).await;
    assert_eq!(listed.structured()["studies"][0]["name"], "BP", "{listed:?}");
    let first = members(&bed, "s-1", None).await;
    assert_eq!(ids(&first), [json!("p-1"), json!("p-2")], "{first:?}");
    assert_eq!(first.structured()["members"][1]["status"], "withdrawn");
    assert_eq!(first.structured()["members"][1]["family_name"], "Simon");
    let second = members(&bed, "s-1", Some(&first.structured()["cursor"])).await;
    assert_eq!(
        (&second.structured()["status"], ids(&second)),
        (&json!("partial"), vec![json!("p-3")])
    );
    assert_eq!(
        second.structured()["sources"],
        json!([{"name": "names", "status": "not_permitted"}])
    );
    let missing = members(&bed, "s-2", None).await;
    assert!(missing.refusal().starts_with("not found or not authorized"), "{missing:?}");
}

#[tokio::test]
async fn e01_a_study_id_that_the_backend_cannot_have_given_is_refused_unasked() {
    let bed = Bed::start().await;
    for tool in [
        "study_members",
        "get_study_metadata",
        "list_study_patients",
        "observation_count",
        "count_study_observations",
        "list_data_sources",
    ] {
        for id in [json!("abc"), json!("0"), json!(-1), json!("1.5"), json!("../1")] {
            let refused = bed.call(tool, json!({"study_id": id})).await;
            assert!(refused.refusal().contains("study_id"), "{tool} {id}: {refused:?}");
        }
    }
    // Its lists know numbers only, and stumble over the id of an imported group.
    let uuid = json!({"study_id": "0b2f6a52-9d5e-4c0a-8b83-0a7a1c1f2e01"});
    for tool in ["list_study_patients", "count_study_observations"] {
        let refused = bed.call(tool, uuid.clone()).await;
        assert!(refused.refusal().contains("study_id"), "{tool}: {refused:?}");
    }
    assert!(bed.backend.asked().is_empty());
}
