//! What the tools read of a `Patient` (FHIR R5 §8.1).

use serde_json::Value;

use super::json::{elements, identifier, text};

/// The members of a `Patient` that are shown. Everything in it was typed by a person.
#[derive(Clone)]
pub struct Patient {
    /// The logical id; absent when the backend sent none.
    pub id: Option<String>,
    /// Given names of the first name, joined by a blank.
    pub given: Option<String>,
    /// The family name of the first name.
    pub family: Option<String>,
    /// The birth date as recorded, possibly less precise than a day.
    pub birth_date: Option<String>,
    /// The first telephone number.
    pub phone: Option<String>,
    /// The first e-mail address.
    pub email: Option<String>,
}

impl Patient {
    /// Reads a resource; another resource type is none of ours.
    pub fn read(resource: &Value) -> Option<Self> {
        (text(resource, "/resourceType") == Some("Patient")).then(|| Self {
            id: identifier(resource, "/id"),
            given: given(resource),
            family: text(resource, "/name/0/family").map(str::to_owned),
            birth_date: text(resource, "/birthDate").map(str::to_owned),
            phone: telecom(resource, "phone"),
            email: telecom(resource, "email"),
        })
    }
}

fn given(resource: &Value) -> Option<String> {
    let names: Vec<&str> = elements(resource, "/name/0/given").filter_map(Value::as_str).collect();
    (!names.is_empty()).then(|| names.join(" "))
}

fn telecom(resource: &Value, system: &str) -> Option<String> {
    elements(resource, "/telecom")
        .find(|contact| text(contact, "/system") == Some(system))
        .and_then(|contact| text(contact, "/value"))
        .map(str::to_owned)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_sparse_patient_is_read_as_far_as_it_goes() {
        let patient = Patient::read(&json!({"resourceType": "Patient", "id": "40001"})).unwrap();
        assert_eq!(patient.id.as_deref(), Some("40001"));
        assert_eq!((patient.given, patient.family, patient.phone), (None, None, None));
    }

    #[test]
    fn contacts_are_told_apart_by_their_system() {
        let patient = Patient::read(&json!({
            "resourceType": "Patient",
            "name": [{"family": "Daugherty", "given": ["Peter", "P."]}],
            "telecom": [{"system": "email", "value": "p@example.com"},
                        {"system": "phone", "value": "202-555-0110"}],
        }))
        .unwrap();
        assert_eq!(patient.given.as_deref(), Some("Peter P."));
        assert_eq!(patient.phone.as_deref(), Some("202-555-0110"));
        assert_eq!(patient.email.as_deref(), Some("p@example.com"));
    }

    #[test]
    fn another_resource_is_no_patient() {
        assert!(Patient::read(&json!({"resourceType": "Group", "id": "1"})).is_none());
    }
}
