//! Counts by patient that add up, or say by how much they do not.

use http::StatusCode;
use serde_json::{Value, json};

use crate::bed::{Bed, bundle};

const STUDY: &str = "patient._has%3AGroup%3Amember%3A_id=30001";
const STORE: &str = "_source%3Abelow=https%3A%2F%2Fjupyterhealth.org%2Ffhir%2Ffhir-source%2F";

fn at(filters: &str) -> String {
    format!("/FHIR/R5/Observation?{filters}&_summary=count")
}

/// A study of two patients with five records, all dated.
async fn bed() -> Bed {
    let bed = Bed::start().await;
    let patients = json!({"count": 2, "next": null, "results": [{"id": 40001}, {"id": 40002}]});
    bed.backend
        .practitioner()
        .answer("/api/v1/studies/30001/patients?page_size=200", patients)
        .counts(STUDY, 5, 5)
        .answer(&at(&format!("{STUDY}&patient=40001")), bundle(2, &[]))
        .answer(&at(&format!("{STUDY}&patient=40002")), bundle(3, &[]));
    bed
}

async fn of_study(bed: &Bed) -> Value {
    let answer = bed.call("observation_count", json!({"study_id": 30001})).await;
    answer.structured().clone()
}

#[tokio::test]
async fn counts_by_patient_that_agree_with_the_total_say_so() {
    let bed = bed().await;
    let counted = of_study(&bed).await;
    assert_eq!((&counted["count"], &counted["adds_up"]), (&json!(5), &json!(true)), "{counted}");
    assert_eq!((&counted["status"], &counted["total_source"]), (&json!("ok"), &json!("server")));
    assert_eq!(
        counted["patients"],
        json!([{"patient_id": "40001", "count": 2}, {"patient_id": "40002", "count": 3}])
    );
}

#[tokio::test]
async fn counts_that_do_not_add_up_are_partial_and_tell_the_difference() {
    let bed = bed().await;
    bed.backend.answer(&at(&format!("{STUDY}&patient=40002")), bundle(1, &[]));
    let counted = of_study(&bed).await;
    assert_eq!((&counted["status"], &counted["adds_up"]), (&json!("partial"), &json!(false)));
    assert!(counted["left_out"].to_string().contains("2 are missing"), "{counted}");
}

#[tokio::test]
async fn a_patient_who_could_not_be_counted_has_no_number() {
    let bed = bed().await;
    let target = at(&format!("{STUDY}&patient=40002"));
    bed.backend.answer_with(&target, StatusCode::INTERNAL_SERVER_ERROR, json!("broken"));
    let counted = of_study(&bed).await;
    assert_eq!((&counted["status"], &counted["adds_up"]), (&json!("partial"), &json!(false)));
    assert_eq!(counted["patients"][1]["count"], json!(null));
    assert!(counted["patients"][1]["problem"].is_string());
    bed.backend.answer_with(&target, StatusCode::FORBIDDEN, json!({"detail": "canary"}));
    let counted = of_study(&bed).await;
    assert_eq!(counted["patients"][1]["problem"], "not found or not authorized");
}

#[tokio::test]
async fn both_stores_are_counted_apart_and_together() {
    let bed = bed().await;
    bed.backend
        .answer(&at(&format!("{STUDY}&{STORE}")), bundle(3, &[]))
        .answer(&at(&format!("{STUDY}&patient=40001&{STORE}")), bundle(1, &[]))
        .answer(&at(&format!("{STUDY}&patient=40002&{STORE}")), bundle(2, &[]));
    let counted = of_study(&bed).await;
    assert_eq!((&counted["count"], &counted["imported"]), (&json!(8), &json!(3)), "{counted}");
    assert_eq!((&counted["adds_up"], &counted["status"]), (&json!(true), &json!("ok")));
    assert_eq!(counted["patients"][1], json!({"patient_id": "40002", "count": 5, "imported": 2}));
    let arguments = json!({"study_id": 30001, "by_patient": true});
    bed.backend.answer(
        "/api/v1/studies/30001/patients?page_size=1000",
        json!({"count": 2, "next": null, "results": [{"id": 40001}, {"id": 40002}]}),
    );
    let same = bed.call("count_study_observations", arguments).await;
    assert_eq!(same.structured()["counts"], json!({"40001": 3, "40002": 5}), "{same:?}");
}

#[tokio::test]
async fn undated_records_are_counted_apart_and_missed_in_a_window() {
    let bed = bed().await;
    let window = "&date=ge2026-11-01";
    bed.backend
        .counts(STUDY, 5, 4)
        .answer(&at(&format!("{STUDY}{window}")), bundle(4, &[]))
        .counts(&format!("{STUDY}&patient=40001"), 2, 2)
        .counts(&format!("{STUDY}&patient=40002"), 3, 2)
        .answer(&at(&format!("{STUDY}&patient=40001{window}")), bundle(2, &[]))
        .answer(&at(&format!("{STUDY}&patient=40002{window}")), bundle(2, &[]));
    // A patient's filters follow the study's, and the day comes last.
    let arguments = json!({"study_id": 30001, "start": "2026-11-01"});
    let counted = bed.call("observation_count", arguments).await;
    let counted = counted.structured();
    assert_eq!((&counted["count"], &counted["undated"]), (&json!(4), &json!(1)), "{counted}");
    assert_eq!((&counted["adds_up"], &counted["status"]), (&json!(true), &json!("partial")));
    assert_eq!(counted["patients"][1]["undated"], 1);
}

#[tokio::test]
async fn patients_by_id_are_added_up_and_one_hidden_one_is_named() {
    let bed = Bed::start().await;
    bed.backend.practitioner().counts("patient=40001", 2, 2);
    let target = at("patient=40009");
    bed.backend.answer_with(&target, StatusCode::FORBIDDEN, json!({"detail": "canary"}));
    let arguments = json!({"patient_ids": [40009, 40001, 40001]});
    let counted = bed.call("observation_count", arguments).await;
    let counted = counted.structured();
    assert_eq!((&counted["count"], &counted["total_source"]), (&json!(2), &json!("counted")));
    assert_eq!((&counted["status"], &counted["adds_up"]), (&json!("partial"), &json!(false)));
    assert_eq!(counted["patients"].as_array().unwrap().len(), 2, "each once: {counted}");
}

#[tokio::test]
async fn where_nobody_could_be_counted_the_count_is_unknown_and_not_zero() {
    let bed = Bed::start().await;
    bed.backend.practitioner();
    let target = at("patient=40009");
    bed.backend.answer_with(&target, StatusCode::FORBIDDEN, json!({"detail": "canary"}));
    let counted = bed.call("observation_count", json!({"patient_ids": [40009]})).await;
    let answer = counted.structured();
    assert_eq!((&answer["status"], &answer["count"]), (&json!("unknown"), &json!(null)));
    assert_eq!(answer["total_source"], "unknown");
    assert!(answer.get("undated").is_none_or(Value::is_null), "{answer}");
}

#[tokio::test]
async fn on_another_server_the_members_of_a_group_are_counted_one_by_one() {
    let bed = Bed::start_as("medplum").await;
    let id = |last: u8| format!("0b2f6a52-9d5e-4c0a-8b83-0a7a1c1f2e0{last}");
    let member = |last: u8| json!({"entity": {"reference": format!("Patient/{}", id(last))}});
    let group = json!({"resourceType": "Group", "id": id(9), "member": [member(1), member(2)]});
    let count = |last: u8, more: &str| {
        format!("/fhir/R4/Observation?patient={}{more}&_summary=count", id(last))
    };
    bed.backend.answer(&format!("/fhir/R4/Group/{}", id(9)), group);
    for (last, number) in [(1, 4), (2, 0)] {
        bed.backend
            .answer(&count(last, ""), bundle(number, &[]))
            .answer(&count(last, "&date=ge0001-01-01"), bundle(number, &[]));
    }
    let counted = bed.call("observation_count", json!({"study_id": id(9)})).await;
    let counted = counted.structured();
    assert_eq!((&counted["count"], &counted["status"]), (&json!(4), &json!("ok")), "{counted}");
    assert_eq!(counted["patients"][1]["count"], 0);
}

#[tokio::test]
async fn neither_or_both_of_study_and_patients_is_no_question() {
    let bed = Bed::start().await;
    let many: Vec<u32> = (40_001..40_202).collect();
    for arguments in [
        json!({}),
        json!({"study_id": 30001, "patient_ids": [40001]}),
        json!({"patient_ids": []}),
        json!({"patient_ids": many}),
    ] {
        let refused = bed.call("observation_count", arguments).await;
        assert!(refused.refusal().contains("patient_ids"), "{refused:?}");
    }
    assert!(bed.backend.asked().is_empty());
}
