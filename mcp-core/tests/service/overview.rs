//! The overview of a record: no section that failed reads like an empty one, and nothing of anybody else
//! is in it.

use fhir_mcp_core::config::BackendLimits;
use http::StatusCode;
use serde_json::{Value, json};

use crate::bed::{Answer, Bed, bundle};

/// A patient of the server that has UUIDs and no statement.
const ID: &str = "0b2f6a52-9d5e-4c0a-8b83-0a7a1c1f2e3d";

fn row(kind: &str, id: &str, patient: &str, more: &Value) -> Value {
    let mut row = json!({"resourceType": kind, "id": id,
                         "subject": {"reference": format!("Patient/{patient}")}});
    row.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    row
}

fn target(kind: &str, sort: &str) -> String {
    format!("/fhir/R4/{kind}?patient={ID}&_count=5&_sort=-{sort}")
}

async fn medplum() -> Bed {
    medplum_within(BackendLimits::default()).await
}

async fn medplum_within(limits: BackendLimits) -> Bed {
    let bed = Bed::start_within("medplum", limits).await;
    let patient = json!({"resourceType": "Patient", "id": ID, "name": [{"family": "Müller"}]});
    bed.backend.answer(&format!("/fhir/R4/Patient/{ID}"), patient);
    bed
}

async fn overview(bed: &Bed, sections: &[&str]) -> Answer {
    bed.call("patient_overview", json!({"patient_id": ID, "sections": sections})).await
}

fn section<'a>(answer: &'a Answer, name: &str) -> &'a Value {
    let sections = answer.structured()["sections"].as_array().unwrap();
    sections.iter().find(|section| section["section"] == name).unwrap()
}

#[tokio::test]
async fn a_section_that_failed_or_is_hidden_is_never_an_empty_one() {
    let bed = medplum().await;
    let condition = row(
        "Condition",
        "c-1",
        ID,
        &json!({"code": {"text": "Asthma"},
        "recordedDate": "2026-04-01", "clinicalStatus": {"coding": [{"code": "active"}]}}),
    );
    bed.backend
        .answer(&target("Condition", "recorded-date"), bundle(7, &[condition]))
        .answer(&target("Immunization", "date"), bundle(0, &[]))
        .answer_with(
            &target("AllergyIntolerance", "date"),
            StatusCode::INTERNAL_SERVER_ERROR,
            json!({"diagnostics": "canary"}),
        )
        .answer_with(&target("Procedure", "date"), StatusCode::FORBIDDEN, json!({}))
        .answer(&target("Encounter", "date"), json!({"resourceType": "OperationOutcome"}));
    let wanted = ["problems", "immunizations", "allergies", "procedures", "encounters", "goals"];
    let answer = overview(&bed, &wanted).await;
    for (name, status, total) in [
        ("problems", "ok", json!(7)),
        ("immunizations", "ok", json!(0)),
        ("allergies", "failed", json!(null)),
        ("procedures", "not_permitted", json!(null)),
        ("encounters", "failed", json!(null)),
        ("goals", "not_supported", json!(null)),
    ] {
        let section = section(&answer, name);
        assert_eq!((&section["status"], &section["total"]), (&json!(status), &total), "{name}");
        let says = section["says"].as_str().unwrap_or_default();
        assert_eq!(says.starts_with("UNKNOWN, which is not none"), status != "ok", "{name} {says}");
    }
    let whole = answer.structured();
    assert_eq!(whole["status"], "partial");
    let unknown = json!(["allergies", "procedures", "encounters", "goals"]);
    assert_eq!(whole["nothing_known_of"], unknown);
    assert_eq!(whole["truncated_by"], json!(["backend", "permission"]));
    let sources = whole["sources"].as_array().unwrap();
    assert!(sources.contains(&json!({"name": "consents", "status": "not_asked"})), "{sources:?}");
    let line = &section(&answer, "problems")["entries"][0];
    let expected = json!({"resource": "Condition/c-1", "date": "2026-04-01", "what": "Asthma",
                          "status": "active"});
    assert_eq!(line, &expected);
    assert!(!answer.body.to_string().contains("canary"));
}

#[tokio::test]
async fn rows_of_another_patient_make_the_section_fail_and_are_not_shown() {
    let bed = medplum().await;
    let of = |id: &str, patient: &str| {
        row("Goal", id, patient, &json!({"description": {"text": "CANARY"}}))
    };
    let foreign = "99999999-9d5e-4c0a-8b83-0a7a1c1f2e3d";
    let rows = [of("g-1", ID), of("g-2", foreign)];
    bed.backend.answer(&target("Goal", "start-date"), bundle(2, &rows));
    let answer = overview(&bed, &["goals"]).await;
    let goals = section(&answer, "goals");
    assert_eq!((&goals["status"], &goals["total"]), (&json!("failed"), &json!(null)));
    assert!(goals["says"].as_str().unwrap().contains("another patient"));
    assert!(!answer.body.to_string().contains("CANARY"), "{:?}", answer.body);
    assert_eq!(answer.structured()["status"], "unknown", "no section is known");
}

#[tokio::test]
async fn rows_that_name_nobody_are_left_out_aloud() {
    let bed = medplum().await;
    let nobody = json!({"resourceType": "Goal", "id": "g-2", "description": {"text": "CANARY"}});
    let rows = [row("Goal", "g-1", ID, &json!({})), nobody];
    bed.backend.answer(&target("Goal", "start-date"), bundle(2, &rows));
    let answer = overview(&bed, &["goals"]).await;
    let goals = section(&answer, "goals");
    assert_eq!((&goals["status"], &goals["total"]), (&json!("ok"), &json!(null)));
    assert_eq!(goals["entries"].as_array().unwrap().len(), 1);
    assert_eq!(answer.structured()["status"], "partial");
    assert!(!answer.body.to_string().contains("CANARY"), "{:?}", answer.body);
}

#[tokio::test]
async fn a_total_that_is_not_said_is_counted_or_unknown() {
    let bed = medplum().await;
    let without = |count: usize| {
        let rows: Vec<Value> =
            (0..count).map(|id| row("Goal", &id.to_string(), ID, &json!({}))).collect();
        let mut body = bundle(0, &rows);
        body.as_object_mut().unwrap().remove("total");
        body
    };
    bed.backend.answer(&target("Goal", "start-date"), without(2));
    let goals = overview(&bed, &["goals"]).await;
    let goals = section(&goals, "goals").clone();
    assert_eq!((&goals["total"], &goals["total_source"]), (&json!(2), &json!("counted")));
    bed.backend.answer(&target("Goal", "start-date"), without(5));
    let goals = overview(&bed, &["goals"]).await;
    let goals = section(&goals, "goals").clone();
    assert_eq!((&goals["total"], &goals["total_source"]), (&json!(null), &json!("unknown")));
    // Rows under a total of none, or none under a total, mean nothing.
    for contradiction in [bundle(0, &[row("Goal", "1", ID, &json!({}))]), bundle(3, &[])] {
        bed.backend.answer(&target("Goal", "start-date"), contradiction);
        let answer = overview(&bed, &["goals"]).await;
        assert_eq!(section(&answer, "goals")["status"], "failed");
    }
}

#[tokio::test]
async fn what_has_not_the_category_is_no_laboratory_result() {
    let bed = medplum().await;
    let target =
        format!("/fhir/R4/Observation?patient={ID}&category=laboratory&_count=5&_sort=-date");
    let coded = json!({"category": [{"coding": [{"code": "laboratory"}]}]});
    bed.backend.answer(&target, bundle(1, &[row("Observation", "1", ID, &coded)]));
    assert_eq!(section(&overview(&bed, &["laboratory"]).await, "laboratory")["total"], 1);
    bed.backend.answer(&target, bundle(1, &[row("Observation", "1", ID, &json!({}))]));
    let answer = overview(&bed, &["laboratory"]).await;
    assert_eq!(section(&answer, "laboratory")["status"], "not_supported");
}

#[tokio::test]
async fn an_answer_that_is_too_large_is_a_section_that_failed() {
    let limits = BackendLimits { max_response_bytes: 2_000, ..BackendLimits::default() };
    let bed = medplum_within(limits).await;
    let bomb = row("Goal", "1", ID, &json!({"description": {"text": "x".repeat(3_000)}}));
    bed.backend
        .answer(&target("Goal", "start-date"), bundle(1, &[bomb]))
        .answer(&target("CarePlan", "date"), bundle(0, &[]));
    let answer = overview(&bed, &["goals", "care_plans"]).await;
    assert_eq!(section(&answer, "goals")["status"], "failed");
    assert!(section(&answer, "goals")["says"].as_str().unwrap().contains("too large"));
    assert_eq!(section(&answer, "care_plans")["status"], "ok");
}

#[tokio::test]
async fn a_login_that_ended_meanwhile_is_no_overview() {
    let bed = medplum().await;
    bed.backend.answer(&target("Goal", "start-date"), bundle(0, &[])).answer_with(
        &target("CarePlan", "date"),
        StatusCode::UNAUTHORIZED,
        json!({}),
    );
    let answer = overview(&bed, &["goals", "care_plans"]).await;
    assert_eq!(answer.status, StatusCode::UNAUTHORIZED, "{answer:?}");
}

#[tokio::test]
async fn somebody_who_may_not_be_seen_has_no_overview_and_nothing_is_asked() {
    let bed = Bed::start_as("medplum").await;
    let answer = overview(&bed, &[]).await;
    assert!(answer.refusal().starts_with("not found or not authorized"), "{answer:?}");
    assert_eq!(bed.backend.targets(), [format!("/fhir/R4/Patient/{ID}")]);
}
