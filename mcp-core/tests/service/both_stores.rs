//! The Exchange keeps imported records apart from its own: every tool about observations looks into
//! both, and says what came from where.

use http::StatusCode;
use serde_json::{Value, json};

use crate::bed::{Bed, bundle, dated};

const STORE: &str = "_source%3Abelow=https%3A%2F%2Fjupyterhealth.org%2Ffhir%2Ffhir-source%2F";
const WHOSE: &str = "https://jupyterhealth.org/fhir/StructureDefinition/patient-id";

/// A heart rate that was imported: a UUID, and the patient's id at the source.
fn imported(last: u8, time: &str) -> Value {
    let mut resource = dated(1, time);
    resource["id"] = json!(format!("0b2f6a52-9d5e-4c0a-8b83-0a7a1c1f2e0{last}"));
    resource["subject"] = json!({"reference": "Patient/b2c3d4"});
    resource["extension"] = json!([{"url": WHOSE, "valueInteger": 40001}]);
    resource
}

/// Patient 40001 has two records of the Exchange's own and two imported ones.
async fn bed() -> Bed {
    let bed = Bed::start().await;
    let rows = |sort: &str, more: &str, count: u32| {
        format!("/FHIR/R5/Observation?patient=40001{more}&_count={count}&_page=1&_sort={sort}")
    };
    let own = [dated(1, "2026-11-03T08:00:00Z"), dated(2, "2026-11-01T08:00:00Z")];
    let dates = "&date=ge0001-01-01";
    let store = [imported(1, "2026-11-02T08:00:00Z"), imported(2, "2026-11-11T00:30:00+02:00")];
    bed.backend
        .practitioner()
        .answer("/api/v1/data_sources/all_scopes", json!([]))
        .counts("patient=40001", 2, 2)
        .answer(&rows("-date", "", 50), bundle(2, &own))
        .answer(&rows("-date", dates, 1000), bundle(2, &own))
        .answer(&rows("date", "", 1), bundle(2, &own[1..]))
        .answer(&rows("-date", dates, 1), bundle(2, &own[..1]))
        .answer(
            &format!("/FHIR/R5/Observation?patient=40001&{STORE}&_summary=count"),
            bundle(2, &[]),
        )
        .answer(&rows("_lastUpdated", &format!("&{STORE}"), 1000), bundle(2, &store));
    bed
}

#[tokio::test]
async fn imported_records_stand_among_the_others_in_their_order() {
    let bed = bed().await;
    let answer = bed.call("get_patient_observations", json!({"patient_id": 40001})).await;
    let page = answer.structured();
    let ids: Vec<&str> = page["observations"]
        .as_array()
        .unwrap()
        .iter()
        .map(|row| row["observation_id"].as_str().unwrap())
        .collect();
    let store = "0b2f6a52-9d5e-4c0a-8b83-0a7a1c1f2e0";
    assert_eq!(ids, [&format!("{store}2"), "1", &format!("{store}1"), "2"], "{page}");
    assert_eq!((&page["total"], &page["imported"]), (&json!(4), &json!(2)));
    assert_eq!((&page["total_source"], &page["status"]), (&json!("counted"), &json!("ok")));
    assert_eq!(page["observations"][0]["patient_id"], "40001", "not the id at the source");
    assert_eq!(page["observations"][0]["value"], 60);
}

#[tokio::test]
async fn counts_and_ranges_hold_both_stores() {
    let bed = bed().await;
    let count = bed.call("count_patient_observations", json!({"patient_id": 40001})).await;
    let count = count.structured();
    assert_eq!((&count["count"], &count["imported"]), (&json!(4), &json!(2)), "{count}");
    let range = bed.call("get_patient_date_range", json!({"patient_id": 40001})).await;
    let range = range.structured();
    assert_eq!((&range["count"], &range["imported"]), (&json!(4), &json!(2)));
    assert_eq!(range["latest"], "2026-11-10T22:30:00Z", "{range}");
}

#[tokio::test]
async fn imported_records_fall_into_a_window_by_their_instants() {
    let bed = bed().await;
    bed.backend.answer(
        "/FHIR/R5/Observation?patient=40001&date=ge2026-11-10&date=le2026-11-10&_summary=count",
        bundle(0, &[]),
    );
    let window = json!({"patient_id": 40001, "start": "2026-11-10", "end": "2026-11-10"});
    let count = bed.call("count_patient_observations", window).await;
    let count = count.structured();
    assert_eq!((&count["count"], &count["imported"]), (&json!(1), &json!(1)), "{count}");
}

#[tokio::test]
async fn a_store_that_cannot_be_asked_is_missed_aloud() {
    let bed = bed().await;
    let target = format!("/FHIR/R5/Observation?patient=40001&{STORE}&_summary=count");
    bed.backend.answer_with(&target, StatusCode::INTERNAL_SERVER_ERROR, json!("broken"));
    for tool in [
        "get_patient_observations",
        "count_patient_observations",
        "summarize_patient_observations",
        "get_patient_date_range",
    ] {
        let answer = bed.call(tool, json!({"patient_id": 40001})).await;
        assert_eq!(answer.structured()["status"], "partial", "{tool}: {answer:?}");
        let sources = &answer.structured()["sources"];
        assert_eq!(sources, &json!([{"name": "imported records", "status": "failed"}]), "{tool}");
    }
}

#[tokio::test]
async fn an_imported_record_of_somebody_else_spoils_the_answer() {
    let bed = bed().await;
    let mut foreign = imported(1, "2026-11-02T08:00:00Z");
    foreign["extension"][0]["valueInteger"] = json!(40002);
    let rows = format!(
        "/FHIR/R5/Observation?patient=40001&{STORE}&_count=1000&_page=1&_sort=_lastUpdated"
    );
    bed.backend.answer(&rows, bundle(2, &[foreign]));
    let answer = bed.call("get_patient_observations", json!({"patient_id": 40001})).await;
    assert!(answer.refusal().starts_with("unknown: "), "{answer:?}");
}
