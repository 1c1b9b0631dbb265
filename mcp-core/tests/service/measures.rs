//! What is told of a reading: its unit, its origin, whether it sums up others; and which codes a
//! question by data type went out as.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};

use crate::bed::{Bed, bundle, observation};

const ONE: &str = "patient=40001";

fn point(id: u32, code: &str, body: &Value, header: &Value) -> Value {
    let time = "2026-11-21T02:22:02Z";
    let mut row = observation(id, code, &json!({}), &json!({ "effectiveDateTime": time }));
    let data = STANDARD.encode(json!({ "body": body, "header": header }).to_string());
    row["valueAttachment"]["data"] = json!(data);
    row
}

fn rate(value: u32, statistic: &Value) -> Value {
    json!({ "heart_rate": { "value": value, "unit": "beats/min" },
            "descriptive_statistic": statistic, "descriptive_statistic_denominator": "d" })
}

/// A page of these rows, shown as asked.
async fn page(rows: &[Value], verbosity: &str) -> Value {
    let bed = Bed::start().await;
    let total = u64::try_from(rows.len()).unwrap();
    let target = format!("/FHIR/R5/Observation?{ONE}&_count=50&_page=1&_sort=-date");
    bed.backend.practitioner().counts(ONE, total, total).answer(&target, bundle(total, rows));
    let arguments = json!({ "patient_id": 40001, "verbosity": verbosity });
    bed.call("get_patient_observations", arguments).await.structured().clone()
}

#[tokio::test]
async fn a_summary_among_single_readings_is_marked_counted_apart_and_warned_of() {
    let of =
        |id, statistic: Value| point(id, "omh:heart-rate:2.0", &rate(60, &statistic), &json!({}));
    let rows = [of(1, json!("average")), of(2, Value::Null), of(3, Value::Null)];
    for verbosity in ["slim", "full"] {
        let page = page(&rows, verbosity).await;
        assert_eq!(page["readings"], json!({ "single": 2, "summaries": 1, "unread": 0 }));
        let summary = &page["observations"][0];
        assert_eq!(
            (&summary["statistic"], &summary["statistic_over"]),
            (&json!("average"), &json!("d"))
        );
        assert!(page["observations"][1].get("statistic").is_none());
        assert!(page["hints"][0].as_str().unwrap().contains("do not pool"), "{page}");
    }
}

#[tokio::test]
async fn where_a_reading_comes_from_is_told_from_either_header_slim_and_full() {
    let newer = json!({ "modality": "sensed", "source_creation_date_time": "2026-11-21T04:22:03+02:00",
        "external_datasheets": [{ "datasheet_type": "manufacturer", "datasheet_reference": "A Ring" }] });
    let older = json!({ "creation_date_time": "2026-11-22T00:00:00Z", "acquisition_provenance": {
        "source_name": "An App\u{200b}", "modality": "self-reported",
        "source_creation_date_time": "2026-11-21T02:22:03Z" } });
    let body = rate(60, &Value::Null);
    let rows = [
        point(1, "omh:heart-rate:2.0", &body, &newer),
        point(2, "omh:heart-rate:1.0", &body, &older),
    ];
    for verbosity in ["slim", "full"] {
        let page = page(&rows, verbosity).await;
        let [ring, app] = [&page["observations"][0], &page["observations"][1]];
        assert_eq!((&ring["modality"], &ring["source"]), (&json!("sensed"), &json!("A Ring")));
        assert_eq!(ring["datasheets"], json!(["manufacturer: A Ring"]));
        assert_eq!((&app["modality"], &app["source"]), (&json!("self-reported"), &json!("An App")));
        assert_eq!(ring["source_created_at"], "2026-11-21T02:22:03Z");
        assert_eq!(app["source_created_at"], ring["source_created_at"]);
        let untrusted = page["untrusted_text"].as_array().unwrap();
        for free in ["source", "datasheets", "unit", "statistic"] {
            assert!(untrusted.contains(&json!(format!("observations[].{free}"))), "{free}");
        }
    }
}

#[tokio::test]
async fn a_doubtful_unit_is_shown_as_written_and_marked_and_the_number_is_untouched() {
    let weight = |unit: &str| json!({ "body_weight": { "value": 11, "unit": unit } });
    let rows = [
        point(1, "omh:body-weight:3.0", &weight("stone"), &json!({})),
        point(2, "omh:body-weight:3.0", &weight("mmHg"), &json!({})),
        point(3, "omh:body-weight:3.0", &weight("lb"), &json!({})),
    ];
    let page = page(&rows, "slim").await;
    let measure = |row: usize| &page["observations"][row]["measures"][0];
    assert_eq!((&measure(0)["value"], &measure(0)["unit"]), (&json!(11), &json!("stone")));
    assert!(measure(0)["unit_problem"].as_str().unwrap().starts_with("unknown unit"));
    assert!(measure(1)["unit_problem"].as_str().unwrap().starts_with("not a unit of this measure"));
    assert_eq!(measure(2)["ucum"], "[lb_av]");
    assert!(measure(2).get("unit_problem").is_none() && measure(0).get("ucum").is_none());
}

#[tokio::test]
async fn steps_and_sleep_written_under_their_ieee_ids_are_read() {
    let steps = json!({ "activity_name": "day", "base_movement_quantity": { "value": 8432, "unit": "steps" } });
    let sleep = json!({ "total_sleep_time": { "value": 25200, "unit": "sec" } });
    let rows = [
        point(1, "ieee:physical-activity:1.0", &steps, &json!({})),
        point(2, "ieee:total-sleep-time:1.0", &sleep, &json!({})),
    ];
    let page = page(&rows, "slim").await;
    let expected = json!({ "name": "base_movement_quantity", "value": 8432, "unit": "steps", "ucum": "{steps}" });
    assert_eq!(page["observations"][0]["measures"], json!([expected]));
    assert_eq!(page["observations"][1]["value"], 25200);
}

#[tokio::test]
async fn a_backend_that_takes_one_code_is_asked_for_one_and_the_answer_names_the_other() {
    let bed = Bed::start().await;
    let listed = |system: &str, code: &str| json!({ "codingSystem": system, "codingCode": code, "text": code });
    bed.backend.practitioner().answer(
        "/api/v1/data_sources/all_scopes",
        json!([
            listed("https://w3id.org/openmhealth", "omh:sleep-duration:2.0"),
            listed("https://w3id.org/ieee1752", "ieee:total-sleep-time:1.0")
        ]),
    );
    let code = "&code=https%3A%2F%2Fw3id.org%2Fopenmhealth%7Comh%3Asleep-duration%3A2.0";
    bed.backend.counts(&format!("{ONE}{code}"), 3, 3);
    let arguments = json!({ "patient_id": 40001, "data_type": "sleep-duration" });
    let answer = bed.call("count_patient_observations", arguments).await;
    let counted = answer.structured();
    assert_eq!(counted["codes"], json!(["omh:sleep-duration:2.0"]));
    assert_eq!((&counted["count"], &counted["status"]), (&json!(3), &json!("partial")));
    assert!(counted["left_out"][0].as_str().unwrap().contains("ieee:total-sleep-time:1.0"));
}

#[tokio::test]
async fn a_backend_that_takes_several_codes_is_asked_for_all_of_a_measure_at_once() {
    let bed = Bed::start_as("medplum").await;
    let patient = "0b5b8a0e-7b8e-4c1f-9d3a-3f6a2f0c9e11";
    let arguments = json!({ "patient_id": patient, "data_type": "sleep-duration" });
    bed.call("count_patient_observations", arguments).await;
    let asked = bed.backend.targets().join("\n");
    for code in [
        "omh%3Asleep-duration%3A2.0",
        "omh%3Asleep-duration%3A1.0",
        "ieee%3Atotal-sleep-time%3A1.0",
    ] {
        assert!(asked.contains(code), "{code}: {asked}");
    }
}
