//! Figures over readings: which records they are computed from, and what is said where some are missing.

use http::StatusCode;
use serde_json::{Value, json};

use crate::bed::{Bed, bundle, dated, observation, undated};

const HEART: &str = "code=https%3A%2F%2Fw3id.org%2Fopenmhealth%7Comh%3Aheart-rate%3A2.0";

fn hearts(more: &str) -> String {
    format!("/FHIR/R5/Observation?patient=40001&{HEART}{more}")
}

fn page(more: &str, number: u32) -> String {
    hearts(&format!("{more}&_count=1000&_page={number}&_sort=date"))
}

/// Patient 40001 has so many heart rates, of which so many can be dated by the backend.
async fn bed(total: u64, with_time: u64) -> Bed {
    let bed = Bed::start().await;
    bed.backend.practitioner().counts(&format!("patient=40001&{HEART}"), total, with_time);
    bed
}

fn rate(id: u32, time: &str, value: u32) -> Value {
    let body = json!({"heart_rate": {"value": value, "unit": "beats/min"},
                      "effective_time_frame": {"date_time": time}});
    observation(id, "omh:heart-rate:2.0", &body, &json!({ "effectiveDateTime": time }))
}

async fn stats(bed: &Bed, more: Value) -> Value {
    let mut arguments = json!({"patient_ids": [40001], "data_types": ["heart-rate"]});
    arguments.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    bed.call("observation_stats", arguments).await.structured().clone()
}

#[tokio::test]
async fn a_window_is_of_local_days_and_its_edges_are_inside() {
    let bed = bed(4, 4).await;
    // In Berlin the tenth begins at 23:00 UTC on the ninth; the backend is asked for a day more each way, and for the eve.
    let rows = [
        rate(1, "2026-11-09T22:59:59Z", 50),
        rate(2, "2026-11-09T23:00:00Z", 60),
        rate(3, "2026-11-10T22:59:59Z", 70),
        rate(4, "2026-11-10T23:00:00Z", 80),
    ];
    bed.backend.answer(&page("&date=ge2026-11-08&date=le2026-11-11", 1), bundle(4, &rows));
    let day = json!({"start": "2026-11-10", "end": "2026-11-10", "timezone": "Europe/Berlin"});
    let found = stats(&bed, day).await;
    let figures = &found["results"][0]["figures"][0];
    assert_eq!((&figures["n"], &figures["mean"]), (&json!(2), &json!(65)), "{found}");
    assert_eq!((&found["status"], &found["timezone"]), (&json!("ok"), &json!("Europe/Berlin")));
    assert_eq!(found.get("timezone_assumed"), None);
}

#[tokio::test]
async fn records_without_effective_time_are_found_for_a_window_by_the_time_in_their_body() {
    let bed = bed(3, 1).await;
    let rows = [
        dated(1, "2026-11-10T08:00:00Z"),
        undated(2, "2026-11-10T09:00:00Z"),
        undated(3, "2026-11-20T09:00:00Z"),
    ];
    bed.backend.answer(&page("", 1), bundle(3, &rows));
    let found = stats(&bed, json!({"start": "2026-11-10", "end": "2026-11-10"})).await;
    let result = &found["results"][0];
    assert_eq!(result["records"], json!({"used": 2, "undated": 1}), "{found}");
    assert_eq!(result["figures"][0]["n"], 2);
    assert_eq!(result["recorded_by"], json!([{"source": null, "n": 2}]), "they name none");
}

#[tokio::test]
async fn a_summary_is_never_pooled_with_single_readings() {
    let bed = bed(2, 2).await;
    let body = json!({"heart_rate": {"value": 90, "unit": "beats/min"},
                      "descriptive_statistic": "average",
                      "effective_time_frame": {"date_time": "2026-11-10T09:00:00Z"}});
    let elements = json!({"effectiveDateTime": "2026-11-10T09:00:00Z"});
    let average = observation(2, "omh:heart-rate:2.0", &body, &elements);
    bed.backend.answer(&page("", 1), bundle(2, &[rate(1, "2026-11-10T08:00:00Z", 60), average]));
    let found = stats(&bed, json!({})).await;
    let figures = found["results"][0]["figures"].as_array().unwrap();
    let told: Vec<(&Value, &Value, &Value)> =
        figures.iter().map(|one| (&one["statistic"], &one["n"], &one["mean"])).collect();
    let none = Value::Null;
    assert_eq!(told, [(&none, &json!(1), &json!(60)), (&json!("average"), &json!(1), &json!(90))]);
    assert_eq!(found["results"][0]["records"], json!({"used": 1, "summaries": 1}));
}

#[tokio::test]
async fn pages_that_fail_make_the_figures_partial_and_say_of_how_many_they_are() {
    let bed = bed(2_500, 2_500).await;
    let first = [rate(1, "2026-11-10T08:00:00Z", 60)];
    bed.backend
        .answer(&page("", 1), bundle(2_500, &first))
        .answer(&page("", 2), bundle(2_500, &[rate(2, "2026-11-10T09:00:00Z", 70)]))
        .answer_with(&page("", 3), StatusCode::INTERNAL_SERVER_ERROR, json!("broken"));
    let found = stats(&bed, json!({})).await;
    assert_eq!(found["status"], "partial", "{found}");
    assert_eq!(found["truncated_by"], json!(["backend"]));
    assert!(found["left_out"][0].as_str().unwrap().contains("Of 2500 records only 2"), "{found}");
    assert_eq!(found["results"][0]["figures"][0]["n"], 2);
}

#[tokio::test]
async fn a_record_of_somebody_else_spoils_every_figure() {
    let bed = bed(1, 1).await;
    let mut row = rate(1, "2026-11-10T08:00:00Z", 60);
    row["subject"] = json!({"reference": "Patient/40002"});
    bed.backend.answer(&page("", 1), bundle(1, &[row]));
    let arguments = json!({"patient_id": 40001});
    let refusal = bed.call("heart_rate_report", arguments).await;
    assert!(refusal.refusal().starts_with("unknown"), "{}", refusal.refusal());
}

#[tokio::test]
async fn someone_signed_in_as_a_patient_gets_figures_about_nobody_else() {
    let bed = Bed::start().await;
    let own = json!({"resourceType": "Patient", "id": "40002"});
    bed.backend
        .answer("/api/v1/users/profile", json!({"userType": "patient", "patient": {"id": 40002}}))
        .answer("/FHIR/R5/Patient?_count=2&_page=1&_sort=_lastUpdated", bundle(1, &[own]));
    let calls = [
        ("glucose_report", json!({"patient_id": 40001})),
        ("observation_latest", json!({"patient_id": 40001})),
        ("compare_patients", json!({"patient_ids": [40002, 40001], "data_type": "heart-rate"})),
        ("observation_stats", json!({"patient_ids": [40001], "data_types": ["heart-rate"]})),
    ];
    for (tool, arguments) in calls {
        let answer = bed.call(tool, arguments).await;
        assert!(answer.refusal().starts_with("not found or not authorized"), "{tool}");
    }
    let study = json!({"study_id": 30001, "data_types": ["heart-rate"]});
    let refused = bed.call("cohort_stats", study).await;
    assert!(refused.refusal().contains("signed in as a patient"), "{}", refused.refusal());
    assert!(!bed.backend.targets().iter().any(|target| target.contains("Observation?")));
}

#[tokio::test]
async fn wrong_arguments_are_refused_with_a_sentence_and_nothing_is_asked_for() {
    let bed = Bed::start().await;
    bed.backend.practitioner();
    let calls = [
        ("glucose_report", json!({"patient_id": 40001, "timezone": "Mars/Olympus"}), "IANA"),
        ("glucose_report", json!({"patient_id": 40001, "unit": "g/L"}), "unit"),
        ("blood_pressure_report", json!({"patient_id": 40001, "scheme": "who_1999"}), "scheme"),
        (
            "sleep_report",
            json!({"patient_id": 40001, "start": "2026-11-02", "end": "2026-11-01"}),
            "start must not be later",
        ),
        ("compare_patients", json!({"patient_ids": [40001, 40001], "data_type": "x"}), "2 to 20"),
        ("observation_stats", json!({"patient_ids": [], "data_types": ["x"]}), "combinations"),
        ("observation_trend", json!({"patient_id": 40001, "data_type": "moods"}), "data_type"),
        ("cohort_stats", json!({"study_id": 30001, "data_types": []}), "1 to 10"),
    ];
    for (tool, arguments, word) in calls {
        let refusal = bed.call(tool, arguments).await;
        assert!(refusal.refusal().contains(word), "{tool}: {}", refusal.refusal());
    }
    assert!(!bed.backend.targets().iter().any(|target| target.contains("Observation?")));
}

#[tokio::test]
async fn no_readings_are_none_and_readings_that_cannot_be_read_are_unknown() {
    let bed = bed(0, 0).await;
    bed.backend.answer(&page("", 1), bundle(0, &[]));
    let none = bed.call("heart_rate_report", json!({"patient_id": 40001})).await;
    let none = none.structured();
    assert_eq!((&none["status"], &none["report"]), (&json!("ok"), &Value::Null), "{none}");

    let mut broken = dated(1, "2026-11-10T08:00:00Z");
    broken["valueAttachment"]["data"] = json!("%%%");
    bed.backend.answer(&page("", 1), bundle(1, &[broken]));
    let unknown = bed.call("heart_rate_report", json!({"patient_id": 40001})).await;
    let unknown = unknown.structured();
    assert_eq!((&unknown["status"], &unknown["report"]), (&json!("unknown"), &Value::Null));
    assert_eq!(unknown["records"], json!({"used": 0, "unreadable": 1}));
}

#[tokio::test]
async fn a_study_of_few_says_nothing_about_anybody() {
    const STUDY: &str = "patient._has%3AGroup%3Amember%3A_id=30001";
    let bed = Bed::start().await;
    let target = format!("/FHIR/R5/Observation?{STUDY}&{HEART}&_count=1000&_page=1&_sort=date");
    let rows: Vec<Value> = (0..4)
        .map(|at| {
            let mut row = rate(at, "2026-11-10T08:00:00Z", 60 + at);
            row["subject"] = json!({"reference": format!("Patient/4000{at}")});
            row
        })
        .collect();
    bed.backend.practitioner().answer(&target, bundle(4, &rows));
    let arguments = json!({"study_id": 30001, "data_types": ["heart-rate"]});
    let few = bed.call("cohort_stats", arguments).await.structured().clone();
    let measure = &few["measures"][0];
    assert_eq!((&measure["suppressed"], &measure["threshold"]), (&json!(true), &json!(5)), "{few}");
    assert_eq!((measure.get("distribution"), &few["status"]), (None, &json!("partial")));
}

#[tokio::test]
async fn a_picture_comes_beside_the_figures_and_names_nobody() {
    let bed = bed(3, 3).await;
    let rows: Vec<Value> =
        (1..4).map(|day| rate(day, &format!("2026-11-1{day}T08:00:00Z"), 60 + day)).collect();
    bed.backend.answer(&page("", 1), bundle(3, &rows));
    let arguments =
        |picture: &str| json!({"patient_id": 40001, "data_type": "heart-rate", "picture": picture});
    let drawn = bed.call("observation_trend", arguments("svg")).await;
    let resource = &drawn.body["result"]["content"][1]["resource"];
    assert_eq!(resource["mimeType"], "image/svg+xml", "{}", drawn.body);
    let svg = resource["text"].as_str().unwrap();
    assert!(svg.starts_with("<svg") && !svg.contains("40001"), "{svg}");
    let pixels = bed.call("observation_trend", arguments("png_dark")).await;
    let image = &pixels.body["result"]["content"][1];
    assert_eq!(image["mimeType"], "image/png");
    assert!(image["data"].as_str().unwrap().starts_with("iVBORw0KGgo"), "a PNG file");
    assert_eq!(drawn.structured(), pixels.structured());
}

#[tokio::test]
async fn the_newest_is_by_when_it_was_measured_and_says_how_it_was_found() {
    let bed = bed(3, 2).await;
    let newest = format!("{}&_count=1&_page=1&_sort=-date", hearts("&date=ge0001-01-01"));
    let all = [
        dated(1, "2026-11-10T08:00:00Z"),
        dated(2, "2026-11-11T08:00:00Z"),
        undated(3, "2026-11-12T08:00:00Z"),
    ];
    bed.backend.answer(&newest, bundle(2, &all[1..2])).answer(&page("", 1), bundle(3, &all));
    let arguments = json!({"patient_id": 40001, "data_types": ["heart-rate"]});
    let latest = bed.call("observation_latest", arguments).await.structured().clone();
    let row = &latest["latest"][0];
    assert_eq!(row["observation"]["observation_id"], "3", "{latest}");
    assert_eq!((&row["found_by"], &row["count"]), (&json!("all_read"), &json!(3)));
}

/// A heart rate or a weight of each of these patients.
fn of_each(patients: &[&str], code: &str, body: &Value) -> Vec<Value> {
    let row = |(at, patient): (u32, &&str)| {
        let elements = json!({"effectiveDateTime": "2026-11-10T08:00:00Z",
                              "subject": {"reference": format!("Patient/{patient}")}});
        let mut row = observation(at, code, body, &elements);
        if patient.is_empty() {
            row.as_object_mut().unwrap().remove("subject");
        }
        row
    };
    (1..).zip(patients).map(row).collect()
}

fn of_study(code: &str) -> String {
    let system = "https%3A%2F%2Fw3id.org%2Fopenmhealth";
    format!(
        "/FHIR/R5/Observation?patient._has%3AGroup%3Amember%3A_id=30001&code={system}%7C{code}\
         &_count=1000&_page=1&_sort=date"
    )
}

fn beat() -> Value {
    json!({"heart_rate": {"value": 60, "unit": "beats/min"},
           "effective_time_frame": {"date_time": "2026-11-10T08:00:00Z"}})
}

#[tokio::test]
async fn a_record_that_does_not_say_whose_it_is_counts_for_nobody_in_a_study() {
    let bed = Bed::start().await;
    let patients = ["40001", "40002", "40003", "40004", "40005", ""];
    let rows = of_each(&patients, "omh:heart-rate:2.0", &beat());
    bed.backend.practitioner().answer(&of_study("omh%3Aheart-rate%3A2.0"), bundle(6, &rows));
    let arguments = json!({"study_id": 30001, "data_types": ["heart-rate"]});
    let found = bed.call("cohort_stats", arguments).await.structured().clone();
    let distribution = &found["measures"][0]["distribution"];
    assert_eq!(
        (&distribution["participants"], &distribution["readings"]),
        (&json!(5), &json!(5)),
        "{found}"
    );
    assert_eq!(found["status"], "partial");
    assert!(found["left_out"][0].as_str().unwrap().starts_with("1 records of heart-rate do not"));
}

#[tokio::test]
async fn readings_that_differ_in_their_end_alone_are_two_readings() {
    let bed = bed(2, 2).await;
    let until = |id: u32, end: &str| {
        let body = json!({"heart_rate": {"value": 60, "unit": "beats/min"},
                          "effective_time_frame": {"time_interval": {
                              "start_date_time": "2026-11-10T08:00:00Z", "end_date_time": end}}});
        let elements = json!({"effectiveDateTime": "2026-11-10T08:00:00Z"});
        observation(id, "omh:heart-rate:2.0", &body, &elements)
    };
    let rows = [until(1, "2026-11-10T08:01:00Z"), until(2, "2026-11-10T09:00:00Z")];
    bed.backend.answer(&page("", 1), bundle(2, &rows));
    let found = stats(&bed, json!({})).await;
    let result = &found["results"][0];
    assert_eq!((&result["records"], &result["figures"][0]["n"]), (&json!({"used": 2}), &json!(2)));
}
