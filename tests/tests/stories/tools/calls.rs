//! Who calls, and every tool with arguments that can be called.

use anyhow::{Context as _, Result};
use serde_json::{Value, json};
use testbed::TestBed;
use testbed::login::Login;
use testbed::mcp::{Answer, Era, Mcp};

/// Every tool with arguments that a practitioner of study 30001 can use.
pub(crate) fn calls() -> Vec<(&'static str, Value)> {
    vec![
        ("get_omh_schema", json!({"name": "blood-pressure"})),
        ("get_server_capabilities", json!({})),
        ("get_study_count", json!({})),
        ("list_studies", json!({})),
        ("get_study_metadata", json!({"study_id": 30001})),
        ("list_study_patients", json!({"study_id": "30001"})),
        ("study_members", json!({"study_id": "30001"})),
        ("get_patient_consents", json!({"patient_id": 40001})),
        ("list_data_sources", json!({"patient_id": "40001"})),
        ("get_patient_demographics", json!({"patient_id": "40001"})),
        ("search_patients", json!({"birthdate": "ge1900-01-01"})),
        ("find_patient", json!({"birthdate": "1984"})),
        ("patient_overview", json!({"patient_id": 40001})),
        ("record_grep", json!({"patient_id": 40001, "find": ["cough"]})),
        ("get_patient_observations", json!({"patient_id": 40001})),
        ("count_patient_observations", json!({"patient_id": 40001})),
        ("count_study_observations", json!({"study_id": 30001, "by_patient": true})),
        ("summarize_patient_observations", json!({"patient_id": 40001})),
        ("get_patient_date_range", json!({"patient_id": 40001})),
        ("observation_count", json!({"study_id": "30001"})),
        ("observation_stats", json!({"patient_ids": [40001], "data_types": ["blood-pressure"]})),
        ("observation_trend", json!({"patient_id": 40001, "data_type": "heart-rate"})),
        ("observation_latest", json!({"patient_id": 40001})),
        ("data_coverage", json!({"patient_id": 40001, "data_type": "heart-rate"})),
        ("compare_patients", json!({"patient_ids": [40001, 40002], "data_type": "heart-rate"})),
        ("glucose_report", json!({"patient_id": 40001})),
        ("blood_pressure_report", json!({"patient_id": 40001})),
        ("activity_report", json!({"patient_id": 40001})),
        ("sleep_report", json!({"patient_id": 40001})),
        ("heart_rate_report", json!({"patient_id": 40001})),
        ("cohort_stats", json!({"study_id": "30001", "data_types": ["heart-rate"]})),
        ("list_data_types", json!({})),
        ("who_am_i", json!({})),
        ("fhir_capabilities", json!({})),
        ("fhir_schema", json!({"type": "Observation"})),
        ("fhir_search", search_of(40001)),
        ("fhir_read", json!({"type": "Patient", "id": 40001, "elements": ["name.family"]})),
        (
            "terminology_lookup",
            json!({"system": "https://w3id.org/openmhealth", "code": "omh:heart-rate:2.0"}),
        ),
    ]
}

/// Not for this backend: the Exchange keeps no history and offers no operations.
pub(crate) const NOT_SERVED: [&str; 5] = [
    "fhir_history",
    "fhir_operation",
    "terminology_expand",
    "terminology_validate_code",
    "terminology_translate",
];

fn search_of(patient: u32) -> Value {
    json!({"type": "Observation", "params": [{"name": "patient", "values": [patient.to_string()]}]})
}

/// Somebody who is logged in.
pub(crate) struct Caller {
    pub(crate) mcp: Mcp,
    pub(crate) token: String,
}

impl Caller {
    pub(crate) async fn of(bed: &TestBed, person: &str, era: Era) -> Result<Self> {
        let held = Login::register(bed).await?.log_in(person).await?;
        Ok(Self { mcp: Mcp::of(bed, era), token: held.access })
    }

    pub(crate) async fn call(&self, tool: &str, arguments: Value) -> Result<Answer> {
        self.mcp.call(&self.token, tool, arguments).await
    }

    /// What a tool answers, if it does.
    pub(crate) async fn content(&self, tool: &str, arguments: Value) -> Result<Value> {
        let answer = self.call(tool, arguments).await?;
        answer.content().cloned().with_context(|| tool.to_owned())
    }
}
