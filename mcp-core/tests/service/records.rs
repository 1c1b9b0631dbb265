//! Answers of a backend, as a test writes them down.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};

/// A searchset.
pub(crate) fn bundle(total: u64, resources: &[Value]) -> Value {
    let entry: Vec<Value> =
        resources.iter().map(|resource| json!({"resource": resource})).collect();
    json!({"resourceType": "Bundle", "type": "searchset", "total": total, "entry": entry})
}

/// An observation of patient 40001 with this Open mHealth body; `elements` are added as they are.
pub(crate) fn observation(id: u32, code: &str, body: &Value, elements: &Value) -> Value {
    let data = STANDARD.encode(json!({"body": body, "header": {"modality": "sensed"}}).to_string());
    let mut resource = json!({
        "resourceType": "Observation", "id": id.to_string(),
        "code": {"coding": [{"system": "https://w3id.org/openmhealth", "code": code, "display": code}]},
        "subject": {"reference": "Patient/40001"},
        "valueAttachment": {"contentType": "application/json", "data": data},
    });
    resource.as_object_mut().unwrap().extend(elements.as_object().unwrap().clone());
    resource
}

/// A heart rate without FHIR time elements.
pub(crate) fn undated(id: u32, time: &str) -> Value {
    let body = json!({"heart_rate": {"value": 60, "unit": "beats/min"},
                      "effective_time_frame": {"date_time": time}});
    observation(id, "omh:heart-rate:2.0", &body, &json!({}))
}

/// A heart rate with them.
pub(crate) fn dated(id: u32, time: &str) -> Value {
    let mut resource = undated(id, time);
    resource["effectiveDateTime"] = json!(time);
    resource
}
