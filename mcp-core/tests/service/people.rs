//! Consents, data sources, data types, and who is signed in.

use http::StatusCode;
use serde_json::{Value, json};

use crate::bed::{Answer, Bed, bundle};

const OMH: &str = "https://w3id.org/openmhealth";

fn code(name: &str) -> Value {
    json!({"id": 1, "codingSystem": OMH, "codingCode": format!("omh:{name}:1.0"), "text": name})
}

fn consent(name: &str, consented: &Value, time: Option<&str>) -> Value {
    json!({"code": code(name), "consented": consented, "consentedTime": time})
}

fn source(id: u32, name: &str) -> Value {
    json!({"id": id, "name": name, "type": "personal_device", "supportedScopes": [code("a")]})
}

/// A patient in two studies, one of which is decided in part.
fn consents() -> Value {
    json!({
        "patient": {"id": 40001, "nameFamily": "Daugherty", "telecomEmail": "p@example.com"},
        "consolidatedConsentedScopes": [code("a")],
        "studies": [{"id": 30001, "name": "BP", "organization": {"id": 1, "name": "Lab"},
            "dataSources": [source(70001, "CareX")],
            "scopeConsents": [consent("a", &json!(true), Some("2026-01-02T03:04:05Z")),
                              consent("b", &json!(false), Some("2026-01-03T00:00:00Z"))]}],
        "studiesPendingConsent": [
            {"id": 30001, "name": "BP", "dataSources": [source(70001, "CareX")],
             "pendingScopeConsents": [consent("c", &json!(null), None)]},
            {"id": 30002, "name": "HR", "dataSources": [source(70001, "CareX"), source(70002, "Oura")],
             "pendingScopeConsents": [consent("a", &json!(null), None)]}],
    })
}

/// Who asks is this patient.
fn sign_in_as_patient(bed: &Bed, own: &str) {
    bed.backend
        .answer(
            "/api/v1/users/profile",
            json!({"id": 10006, "patient": null, "userType": "patient"}),
        )
        .answer("/api/v1/users/organizations", json!([]))
        .answer(
            "/FHIR/R5/Patient?_count=2&_page=1&_sort=_lastUpdated",
            bundle(1, &[json!({"resourceType": "Patient", "id": own})]),
        );
}

async fn read_consents(bed: &Bed, patient: &Value) -> Answer {
    bed.call("get_patient_consents", json!({"patient_id": patient})).await
}

#[tokio::test]
async fn what_was_consented_declined_and_left_open_is_told_by_study_with_times() {
    let bed = Bed::start().await;
    bed.backend.practitioner().answer("/api/v1/patients/40001/consents", consents());
    let answer = read_consents(&bed, &json!(40001)).await;
    let studies = answer.structured()["studies"].as_array().unwrap().clone();
    assert_eq!(studies.len(), 2, "a study in both lists is one: {studies:?}");
    let decisions: Vec<(&str, &str)> = studies[0]["scopes"]
        .as_array()
        .unwrap()
        .iter()
        .map(|one| (one["display"].as_str().unwrap(), one["decision"].as_str().unwrap()))
        .collect();
    assert_eq!(decisions, [("a", "consented"), ("b", "declined"), ("c", "pending")]);
    assert_eq!(studies[0]["scopes"][0]["decided_at"], "2026-01-02T03:04:05Z");
    assert_eq!(studies[0]["scopes"][2].get("decided_at"), None);
    assert!(!answer.body.to_string().contains("Daugherty"), "the person is not described here");
    let asked = bed.backend.targets();
    assert!(asked.iter().all(|target| !target.contains("consents?")), "never a query: {asked:?}");
}

#[tokio::test]
async fn an_answer_of_another_shape_or_about_somebody_else_is_unknown() {
    let mut half = consents();
    half.as_object_mut().unwrap().remove("studiesPendingConsent");
    let mut strange = consents();
    strange["studies"][0]["scopeConsents"][0]["consented"] = json!("yes");
    let mut foreign = consents();
    foreign["patient"]["id"] = json!(40002);
    for body in [half, strange, foreign, json!({}), json!([])] {
        let bed = Bed::start().await;
        bed.backend.practitioner().answer("/api/v1/patients/40001/consents", body.clone());
        let answer = read_consents(&bed, &json!(40001)).await;
        assert!(answer.refusal().starts_with("unknown: "), "{body}: {answer:?}");
    }
}

#[tokio::test]
async fn a_patient_reads_their_own_consents_and_nobody_elses() {
    let bed = Bed::start().await;
    sign_in_as_patient(&bed, "40001");
    bed.backend.answer("/api/v1/patients/40001/consents", consents());
    assert_eq!(read_consents(&bed, &json!(40001)).await.structured()["status"], "ok");
    let refused = read_consents(&bed, &json!(40002)).await;
    assert!(refused.refusal().starts_with("not found or not authorized"), "{refused:?}");
    assert!(!bed.backend.targets().iter().any(|target| target.contains("40002")));
}

#[tokio::test]
async fn a_foreign_patients_consents_and_an_imported_ones_read_the_same() {
    let bed = Bed::start().await;
    let denied = json!({"detail": "SECRET canary"});
    bed.backend.practitioner();
    bed.backend.answer_with("/api/v1/patients/40004/consents", StatusCode::FORBIDDEN, denied);
    let foreign = read_consents(&bed, &json!(40004)).await;
    let imported = read_consents(&bed, &json!("0b2f6a52-9d5e-4c0a-8b83-0a7a1c1f2e01")).await;
    assert_eq!(foreign.refusal(), imported.refusal());
    assert!(!bed.backend.targets().iter().any(|target| target.contains("0b2f6a52")));
}

#[tokio::test]
async fn another_servers_consents_are_shown_as_they_say_of_themselves() {
    let bed = Bed::start_as("medplum").await;
    let patient = "0b2f6a52-9d5e-4c0a-8b83-0a7a1c1f2e01";
    let denied = json!({"resourceType": "Consent", "id": "c", "status": "active",
                        "dateTime": "2026-01-02", "provision": {"type": "deny"}});
    let silent = json!({"resourceType": "Consent", "id": "d", "status": "active"});
    bed.backend.answer(
        &format!("/fhir/R4/Consent?patient={patient}&_count=100&_sort=_lastUpdated"),
        bundle(2, &[denied, silent]),
    );
    let answer = read_consents(&bed, &json!(patient)).await;
    let consents = &answer.structured()["consents"];
    assert_eq!(consents[0]["decision"], "deny", "{answer:?}");
    assert_eq!(consents[1]["decision"], json!(null), "nothing is concluded");
    assert_eq!(answer.structured().get("studies"), None);
}

#[tokio::test]
async fn sources_of_a_patient_and_of_a_study_stand_with_the_studies() {
    let bed = Bed::start().await;
    bed.backend.practitioner().answer("/api/v1/patients/40001/consents", consents()).answer(
        "/api/v1/studies/30001/patients?page_size=1",
        json!({"count": 2, "next": "?page=2", "results": [{"id": 40001}]}),
    );
    let own = bed.call("list_data_sources", json!({"patient_id": 40001})).await;
    let sources = own.structured()["data_sources"].as_array().unwrap().clone();
    assert_eq!(sources.len(), 2, "each once: {sources:?}");
    assert_eq!(sources[0]["study_ids"], json!(["30001", "30002"]));
    assert_eq!(sources[0]["codes"], json!(["omh:a:1.0"]));
    let study = bed.call("list_data_sources", json!({"study_id": 30001})).await;
    assert_eq!(study.structured()["returned"], 1, "{study:?}");
    assert_eq!(study.structured()["data_sources"][0]["study_ids"], json!(["30001"]));
    let both = bed.call("list_data_sources", json!({"study_id": 1, "patient_id": 1})).await;
    assert!(both.refusal().contains("not both"));
}

#[tokio::test]
async fn all_devices_are_listed_and_what_is_no_device_is_missed_aloud() {
    let bed = Bed::start().await;
    let device = json!({"resourceType": "Device", "id": "70001", "name": "CareX",
                        "type": {"coding": [{"code": "data-source"}]}});
    bed.backend
        .answer("/FHIR/R5/Device?_count=1000&_page=1&_sort=_lastUpdated", bundle(1, &[device]));
    let answer = bed.call("list_data_sources", json!({})).await;
    assert_eq!(answer.structured()["data_sources"][0]["name"], "CareX", "{answer:?}");
    assert_eq!(answer.structured()["status"], "partial", "apps are no devices");
}

#[tokio::test]
async fn a_server_that_cannot_tell_whose_a_device_is_makes_it_unknown() {
    let bed = Bed::start_as("helios").await;
    bed.backend.answer(
        "/metadata",
        json!({"resourceType": "CapabilityStatement", "rest": [{"resource": [{"type": "Device",
               "interaction": [{"code": "search-type"}], "searchParam": []}]}]}),
    );
    let answer = bed.call("list_data_sources", json!({"patient_id": "p-1"})).await;
    assert_eq!(answer.structured()["status"], "unknown", "{answer:?}");
    assert_eq!(answer.structured()["data_sources"], json!([]));
}

#[tokio::test]
async fn a_code_that_was_added_meanwhile_is_found_when_it_is_asked_for() {
    let bed = Bed::start().await;
    let list = "/api/v1/data_sources/all_scopes";
    bed.backend.practitioner().answer(list, json!([code("a")])).counts("patient=40001", 2, 2);
    let known = bed.call("list_data_types", json!({})).await;
    assert_eq!(known.structured()["data_types"][0]["data_type"], "a", "{known:?}");
    let ask = json!({"patient_id": 40001, "data_type": "b"});
    let refused = bed.call("count_patient_observations", ask.clone()).await;
    assert!(refused.refusal().contains("data_type"), "{refused:?}");
    bed.backend.answer(list, json!([code("a"), code("b")]));
    let coding = "patient=40001&code=https%3A%2F%2Fw3id.org%2Fopenmhealth%7Comh%3Ab%3A1.0";
    bed.backend.counts(coding, 1, 1);
    let counted = bed.call("count_patient_observations", ask).await;
    assert_eq!(counted.structured()["count"], 1, "{counted:?}");
}

#[tokio::test]
async fn a_list_of_codes_that_cannot_be_had_is_not_a_list_without_the_code() {
    let bed = Bed::start().await;
    let list = "/api/v1/data_sources/all_scopes";
    bed.backend.practitioner().answer_with(list, StatusCode::INTERNAL_SERVER_ERROR, json!("x"));
    let ask = json!({"patient_id": 40001, "data_type": "food-entry"});
    let answer = bed.call("count_patient_observations", ask).await;
    assert!(answer.refusal().starts_with("unknown: "), "{answer:?}");
    let listed = bed.call("list_data_types", json!({})).await;
    assert_eq!(listed.structured()["status"], "partial", "{listed:?}");
    assert_eq!(listed.structured()["origin"], "built_in");
}

async fn who(bed: &Bed, scope: &str, tools: Option<&[&str]>) -> Value {
    let mut claims = bed.claims("token-mary", tools);
    claims.scope = scope.parse().unwrap();
    let body = json!({"jsonrpc": "2.0", "id": 1, "method": "tools/call",
                      "params": {"name": "who_am_i", "arguments": {}}});
    let hop = bed.sealed(claims, body.to_string().as_bytes());
    bed.send(Some(hop), "2025-06-18", &body).await.structured().clone()
}

fn sign_in(bed: &Bed, superuser: bool, organizations: &Value) {
    bed.backend
        .answer(
            "/api/v1/users/profile",
            json!({"id": 10002, "email": "mary@example.com", "firstName": "Mary", "lastName": "Moreno",
                   "patient": null, "userType": "practitioner", "isSuperuser": superuser}),
        )
        .answer("/api/v1/users/organizations", organizations.clone())
        .answer("/api/v1/studies?page_size=1", json!({"count": 3, "results": []}))
        .answer("/FHIR/R5/Patient?_summary=count", bundle(22, &[]))
        .answer("/FHIR/R5/Observation?_summary=count", bundle(45_305, &[]));
}

#[tokio::test]
async fn a_person_is_told_who_they_are_without_their_address() {
    let bed = Bed::start().await;
    sign_in(&bed, false, &json!([{"id": 20001, "name": "Institute", "type": "edu"}]));
    let answer = who(&bed, "user/*.rs", Some(&["list_studies", "who_am_i", "fhir_history"])).await;
    assert_eq!(answer["kind"], "practitioner", "{answer}");
    assert_eq!((&answer["name"], &answer["user_id"]), (&json!("Mary Moreno"), &json!("10002")));
    assert_eq!(answer["organizations"][0]["organization_id"], "20001");
    assert_eq!(
        answer["visible"],
        json!({"studies": 3, "patients": 22, "observations": 45_305, "imported_observations": 0})
    );
    assert_eq!(
        answer["tools"],
        json!(["list_studies", "who_am_i"]),
        "the backend keeps no history"
    );
    assert_eq!((&answer["scope"], &answer["backend"]), (&json!("user/*.rs"), &json!("jhe")));
    assert!(!answer.to_string().contains("example.com"), "{answer}");
}

#[tokio::test]
async fn of_what_the_grant_does_not_cover_not_even_a_number_is_asked_for() {
    let bed = Bed::start().await;
    sign_in(&bed, false, &json!([{"id": 20001, "name": "Institute", "type": "edu"}]));
    let answer = who(&bed, "user/Group.rs", None).await;
    assert_eq!(answer["visible"], json!({"studies": 3}), "{answer}");
    assert_eq!(answer["status"], "ok");
    assert_eq!(answer["sources"][0], json!({"name": "patients", "status": "not_asked"}));
    assert_eq!(answer.get("tools"), None, "the gateway did not say");
    let asked = bed.backend.targets();
    assert!(!asked.iter().any(|target| target.contains("_summary")), "{asked:?}");
}

#[tokio::test]
async fn an_administrator_without_membership_is_told_that_they_see_nothing() {
    let bed = Bed::start().await;
    sign_in(&bed, true, &json!([]));
    let answer = who(&bed, "", None).await;
    assert_eq!(answer["kind"], "administrator_without_membership", "{answer}");
    assert!(answer["may_see"].as_str().unwrap().starts_with("Nothing"));
    sign_in(&bed, true, &json!([{"id": 20001}]));
    assert_eq!(who(&bed, "", None).await["kind"], "administrator");
    // Without the list nobody is taken for somebody without membership.
    bed.backend.answer("/api/v1/users/organizations", json!({"detail": "x"}));
    let answer = who(&bed, "", None).await;
    assert_eq!((&answer["kind"], &answer["status"]), (&json!("administrator"), &json!("partial")));
    assert_eq!(answer.get("organizations"), None);
}

#[tokio::test]
async fn a_patient_is_told_their_own_id() {
    let bed = Bed::start().await;
    sign_in_as_patient(&bed, "40001");
    let answer = who(&bed, "", None).await;
    assert_eq!((&answer["kind"], &answer["patient_id"]), (&json!("patient"), &json!("40001")));
    assert_eq!(answer.get("name"), None, "the Exchange does not tell");
}

#[tokio::test]
async fn another_server_does_not_say_who_somebody_is() {
    let bed = Bed::start_as("medplum").await;
    let answer = who(&bed, "user/Patient.rs", None).await;
    assert_eq!((&answer["kind"], &answer["fhir_version"]), (&json!("unknown"), &json!("R4")));
    let user = json!({"name": "user", "status": "not_supported"});
    assert_eq!(answer["sources"][0], user, "{answer}");
    assert_eq!(answer["visible"], json!({}), "its count could not be had");
    assert_eq!(answer["status"], "partial");
}
