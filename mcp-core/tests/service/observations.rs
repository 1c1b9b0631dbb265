//! Observations: readings, order, windows, and records that the backend cannot date.

use http::StatusCode;
use serde_json::{Value, json};

use crate::bed::{Bed, bundle, dated, observation, undated};

const ONE: &str = "patient=40001";

async fn bed() -> Bed {
    let bed = Bed::start().await;
    bed.backend.practitioner();
    bed
}

fn rows(query: &str) -> String {
    format!("/FHIR/R5/Observation?{ONE}{query}")
}

fn ids(answer: &Value) -> Vec<&str> {
    let rows = answer["observations"].as_array().unwrap();
    rows.iter().map(|row| row["observation_id"].as_str().unwrap()).collect()
}

#[tokio::test]
async fn t12_a_blood_pressure_shows_both_numbers_and_no_single_value() {
    let bed = bed().await;
    let body = json!({"diastolic_blood_pressure": {"unit": "mmHg", "value": 60},
                      "systolic_blood_pressure": {"unit": "mmHg", "value": 115},
                      "effective_time_frame": {"date_time": "2026-11-21T02:22:02+00:00"}});
    let elements = json!({"effectiveDateTime": "2026-11-21T02:22:02Z"});
    let row = observation(60003, "omh:blood-pressure:4.0", &body, &elements);
    bed.backend
        .counts(ONE, 1, 1)
        .answer(&rows("&_count=50&_page=1&_sort=-date"), bundle(1, &[row]));
    let answer = bed.call("get_patient_observations", json!({"patient_id": 40001})).await;
    let row = &answer.structured()["observations"][0];
    assert_eq!(row["value"], Value::Null);
    assert_eq!(
        row["measures"][0],
        json!({"name": "systolic_blood_pressure", "value": 115, "unit": "mmHg", "ucum": "mm[Hg]"})
    );
    assert_eq!(
        row["measures"][1],
        json!({"name": "diastolic_blood_pressure", "value": 60, "unit": "mmHg", "ucum": "mm[Hg]"})
    );
    assert_eq!(row["effective_at"], "2026-11-21T02:22:02Z");
    assert_eq!(row["effective_original"], "2026-11-21T02:22:02+00:00");
}

#[tokio::test]
async fn m03_a_record_that_cannot_be_read_stays_and_says_so() {
    let bed = bed().await;
    let mut row = dated(60003, "2026-11-21T02:22:02Z");
    row["valueAttachment"]["data"] = json!("%%%");
    bed.backend
        .counts(ONE, 1, 1)
        .answer(&rows("&_count=50&_page=1&_sort=-date"), bundle(1, &[row]));
    let full = json!({"patient_id": 40001, "verbosity": "full"});
    let answer = bed.call("get_patient_observations", full).await;
    let row = &answer.structured()["observations"][0];
    assert_eq!(row["omh_body"], Value::Null);
    assert!(row["problem"].as_str().unwrap().contains("cannot be read"));
    assert_eq!(row["effective_at"], "2026-11-21T02:22:02Z");
}

/// Two records that the backend can date and two that it cannot, in the order of the backend.
fn mixed(bed: &Bed) {
    let dated = [dated(2, "2026-11-02T00:00:00Z"), dated(4, "2026-11-04T00:00:00Z")];
    let undated = [undated(1, "2026-11-01T00:00:00Z"), undated(3, "2026-11-03T00:00:00Z")];
    let all = [dated.clone(), undated].concat();
    bed.backend
        .counts(ONE, 4, 2)
        .answer(&rows("&_count=2&_page=1&_sort=-date"), bundle(4, &dated))
        .answer(&rows("&_count=2&_page=2&_sort=date"), bundle(4, &all[2..]))
        .answer(&rows("&_count=1000&_page=1&_sort=date"), bundle(4, &all))
        .answer(&rows("&date=ge0001-01-01&_count=1000&_page=1&_sort=date"), bundle(2, &dated))
        .answer(&rows("&date=ge0001-01-01&_count=1000&_page=1&_sort=-date"), bundle(2, &dated));
}

#[tokio::test]
async fn an_undated_record_stands_where_the_time_in_its_body_says() {
    let bed = bed().await;
    mixed(&bed);
    let newest = json!({"patient_id": 40001, "limit": 2});
    let answer = bed.call("get_patient_observations", newest).await;
    let page = answer.structured();
    assert_eq!(ids(page), ["4", "3"]);
    assert_eq!((&page["undated"], &page["total"]), (&json!(2), &json!(4)));
    assert_eq!((&page["status"], &page["total_source"]), (&json!("ok"), &json!("counted")));
    let oldest = json!({"patient_id": 40001, "limit": 2, "page": 2, "order": "oldest"});
    assert_eq!(ids(bed.call("get_patient_observations", oldest).await.structured()), ["3", "4"]);
}

#[tokio::test]
async fn a_window_holds_the_undated_records_of_its_days() {
    let bed = bed().await;
    mixed(&bed);
    let inside = [dated(4, "2026-11-04T00:00:00Z")];
    let window = "&date=ge2026-11-03";
    bed.backend
        .answer(&rows(&format!("{window}&_summary=count")), bundle(1, &[]))
        .answer(&rows(&format!("{window}&_count=50&_page=1&_sort=-date")), bundle(1, &inside))
        .answer(&rows(&format!("{window}&_count=1000&_page=1&_sort=-date")), bundle(1, &inside));
    let arguments = json!({"patient_id": 40001, "start": "2026-11-03"});
    let answer = bed.call("get_patient_observations", arguments.clone()).await;
    assert_eq!(ids(answer.structured()), ["4", "3"]);
    assert_eq!(answer.structured()["window"], json!({"start": "2026-11-03"}));
    assert_eq!(answer.structured()["timezone"], "UTC");
    let counted = bed.call("count_patient_observations", arguments).await;
    assert_eq!(counted.structured()["count"], 2);
    assert_eq!(counted.structured()["status"], "partial");
}

#[tokio::test]
async fn too_many_undated_records_make_the_order_partial() {
    let bed = bed().await;
    bed.backend.counts(ONE, 9000, 0).answer(
        &rows("&_count=1&_page=1&_sort=-date"),
        bundle(9000, &[undated(1, "2026-11-01T00:00:00Z")]),
    );
    for page in 1..=5 {
        bed.backend
            .answer(&rows(&format!("&_count=1000&_page={page}&_sort=date")), bundle(9000, &[]));
    }
    let answer =
        bed.call("get_patient_observations", json!({"patient_id": 40001, "limit": 1})).await;
    let page = answer.structured();
    assert_eq!((&page["status"], &page["undated"]), (&json!("partial"), &json!(9000)));
    assert_eq!(page["truncated_by"], json!(["limit"]));
    assert!(!bed.backend.targets().iter().any(|target| target.contains("_page=6")));
}

#[tokio::test]
async fn t14_an_empty_patient_has_no_range_and_needs_no_second_request() {
    let bed = bed().await;
    bed.backend.answer(&rows("&_count=1&_page=1&_sort=date"), bundle(0, &[]));
    let answer = bed.call("get_patient_date_range", json!({"patient_id": 40001})).await;
    let range = answer.structured();
    assert_eq!((&range["earliest"], &range["latest"]), (&Value::Null, &Value::Null));
    assert_eq!((&range["count"], &range["status"]), (&json!(0), &json!("ok")));
    assert_eq!(bed.backend.targets().len(), 3, "who asks, and one probe in each store");
}

#[tokio::test]
async fn t14_a_range_reaches_to_the_undated_records() {
    let bed = bed().await;
    mixed(&bed);
    bed.backend
        .answer(
            &rows("&_count=1&_page=1&_sort=date"),
            bundle(4, &[dated(2, "2026-11-02T00:00:00Z")]),
        )
        .answer(
            &rows("&date=ge0001-01-01&_count=1&_page=1&_sort=-date"),
            bundle(2, &[dated(4, "2026-11-04T00:00:00Z")]),
        );
    let answer = bed.call("get_patient_date_range", json!({"patient_id": 40001})).await;
    let range = answer.structured();
    assert_eq!(range["earliest"], "2026-11-01T00:00:00Z");
    assert_eq!(range["latest"], "2026-11-04T00:00:00Z");
    assert_eq!(range["undated"], 2);
}

#[tokio::test]
async fn t11_one_patient_who_cannot_be_counted_makes_the_answer_partial_not_zero() {
    let bed = bed().await;
    let study = "patient._has%3AGroup%3Amember%3A_id=30001";
    bed.backend
        .counts(study, 5, 5)
        .answer(
            "/api/v1/studies/30001/patients?page_size=1000",
            json!({"count": 2, "next": null, "results": [{"id": 40001}, {"id": 40002}]}),
        )
        .answer(
            &format!("/FHIR/R5/Observation?{study}&patient=40001&_summary=count"),
            bundle(2, &[]),
        );
    let arguments = json!({"study_id": 30001, "by_patient": true});
    let answer = bed.call("count_study_observations", arguments).await;
    let counted = answer.structured();
    assert_eq!((&counted["status"], &counted["count"]), (&json!("partial"), &json!(5)));
    assert_eq!(counted["counts"], json!({"40001": 2}));
}

#[tokio::test]
async fn t08_a_data_type_is_looked_up_in_the_backends_own_list() {
    let bed = bed().await;
    bed.backend.answer(
        "/api/v1/data_sources/all_scopes",
        json!([{"id": 1, "codingSystem": "https://w3id.org/ieee1752", "codingCode": "ieee:food-entry:0.1",
                "text": "Food"}]),
    );
    let code = "&code=https%3A%2F%2Fw3id.org%2Fieee1752%7Cieee%3Afood-entry%3A0.1";
    bed.backend.counts(&format!("{ONE}{code}"), 3, 3);
    let arguments = json!({"patient_id": 40001, "data_type": "food-entry"});
    assert_eq!(bed.call("count_patient_observations", arguments).await.structured()["count"], 3);
    let absent = json!({"patient_id": 40001, "data_type": "heart-rate"});
    let answer = bed.call("count_patient_observations", absent).await;
    assert!(answer.refusal().contains("food-entry"), "{answer:?}");
}

#[tokio::test]
async fn t13_a_summary_counts_kinds_and_misses_unlisted_ones_aloud() {
    let bed = bed().await;
    bed.backend
        .answer(
            "/api/v1/data_sources/all_scopes",
            json!([{"codingSystem": "https://w3id.org/openmhealth", "codingCode": "omh:heart-rate:2.0",
                    "text": "Heart Rate"}]),
        )
        .counts(ONE, 3, 3);
    let code = "&code=https%3A%2F%2Fw3id.org%2Fopenmhealth%7Comh%3Aheart-rate%3A2.0";
    bed.backend
        .answer(
            &rows(&format!("{code}&_count=1&_page=1&_sort=date")),
            bundle(2, &[dated(1, "2026-11-01T00:00:00Z")]),
        )
        .answer(
            &rows(&format!("{code}&date=ge0001-01-01&_count=1&_page=1&_sort=-date")),
            bundle(2, &[dated(2, "2026-11-02T00:00:00Z")]),
        );
    let answer = bed.call("summarize_patient_observations", json!({"patient_id": 40001})).await;
    let summary = answer.structured();
    assert_eq!(
        summary["types"]["Heart Rate"],
        json!({"code": "omh:heart-rate:2.0", "count": 2,
               "earliest": "2026-11-01T00:00:00Z", "latest": "2026-11-02T00:00:00Z",
               "readings": {"single": 2, "summaries": 0, "unread": 0}})
    );
    assert_eq!((&summary["status"], &summary["truncated"]), (&json!("partial"), &json!(false)));
}

#[tokio::test]
async fn t09_a_count_that_is_no_bundle_or_a_row_about_somebody_else_is_unknown() {
    let bed = bed().await;
    bed.backend.answer(&rows("&_summary=count"), json!({"resourceType": "Bundle", "entry": []}));
    let answer = bed.call("count_patient_observations", json!({"patient_id": 40001})).await;
    assert!(answer.refusal().starts_with("unknown: "), "{answer:?}");
    let mut foreign = dated(1, "2026-11-01T00:00:00Z");
    foreign["subject"]["reference"] = json!("Patient/40002");
    bed.backend
        .counts(ONE, 1, 1)
        .answer(&rows("&_count=50&_page=1&_sort=-date"), bundle(1, &[foreign]));
    let answer = bed.call("get_patient_observations", json!({"patient_id": 40001})).await;
    assert!(answer.refusal().starts_with("unknown: "), "{answer:?}");
}

#[tokio::test]
async fn a_foreign_patient_and_a_missing_one_read_the_same() {
    let bed = bed().await;
    let denied = json!({"issue": [{"diagnostics": "Current user is not authorized to access Patient/40004."}]});
    for more in ["&_summary=count", "&date=ge0001-01-01&_summary=count"] {
        let target = format!("/FHIR/R5/Observation?patient=40004{more}");
        bed.backend.answer_with(&target, StatusCode::FORBIDDEN, denied.clone());
    }
    let foreign = bed.call("count_patient_observations", json!({"patient_id": 40004})).await;
    let missing = bed.call("count_patient_observations", json!({"patient_id": 99})).await;
    assert_eq!(foreign.refusal(), missing.refusal());
    assert!(!foreign.refusal().contains("40004"));
}
