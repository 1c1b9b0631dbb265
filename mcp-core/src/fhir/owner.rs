//! Whose record a resource is, by its own words: a backend that answers with somebody else's is found
//! out.

use serde_json::Value;

use super::json::{elements, identifier, text};

/// In which elements resources of the patient compartment name their patient (FHIR R5 §2.1.28).
const ELEMENTS: [&str; 5] = ["subject", "patient", "beneficiary", "individual", "for"];
/// Where the Exchange writes whose an imported record is; the reference in it is of another system.
pub const EXCHANGE_STAMP: &str = "https://jupyterhealth.org/fhir/StructureDefinition/patient-id";

/// Whose a resource is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Owner {
    /// The patient's who was asked about.
    Theirs,
    /// Somebody else's.
    Foreign,
    /// It names no patient, or none in a way that can be compared.
    Unnamed,
}

impl Owner {
    /// Whose a resource is, for the patient of this id. Where an extension of the URL `stamp` names
    /// the patient, it goes before the references.
    pub fn of(resource: &Value, patient: &str, stamp: Option<&str>) -> Self {
        let named = named(resource, stamp);
        if named.iter().any(|id| id == patient) {
            Self::Theirs
        } else if named.is_empty() {
            Self::Unnamed
        } else {
            Self::Foreign
        }
    }
}

/// The ids of the patients that a resource names as its own.
fn named(resource: &Value, stamp: Option<&str>) -> Vec<String> {
    if text(resource, "/resourceType") == Some("Patient") {
        return identifier(resource, "/id").into_iter().collect();
    }
    let is_stamp = |one: &&Value| text(one, "/url").is_some_and(|url| Some(url) == stamp);
    let stamped = elements(resource, "/extension").find(is_stamp);
    let of_stamp = |one: &Value| {
        ["/valueInteger", "/valueString"].into_iter().find_map(|pointer| identifier(one, pointer))
    };
    if let Some(id) = stamped.and_then(of_stamp) {
        return vec![id];
    }
    let of = |element: &&str| resource.get(*element);
    ELEMENTS.iter().filter_map(of).flat_map(references).filter_map(patient_of).collect()
}

/// One reference, or a list of them.
fn references(element: &Value) -> impl Iterator<Item = &str> {
    let several = element.as_array().map_or(&[][..], Vec::as_slice);
    std::iter::once(element).chain(several).filter_map(|one| text(one, "/reference"))
}

/// The id in a reference to a patient, relative or absolute, with or without a version.
fn patient_of(reference: &str) -> Option<String> {
    let (_, after) = reference
        .rsplit_once("Patient/")
        .filter(|(before, _)| before.is_empty() || before.ends_with('/'))?;
    let id = after.split(['/', '?', '#']).next()?;
    (!id.is_empty()).then(|| id.to_owned())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn owner(mut resource: Value) -> Owner {
        resource["resourceType"] = json!("Condition");
        Owner::of(&resource, "1", Some(EXCHANGE_STAMP))
    }

    #[test]
    fn a_reference_tells_whose_it_is_in_each_of_its_forms() {
        for reference in [
            "Patient/1",
            "https://x.test/fhir/Patient/1",
            "Patient/1/_history/2",
            "https://x.test/Patient/9/x/Patient/1",
        ] {
            assert_eq!(owner(json!({"subject": {"reference": reference}})), Owner::Theirs);
        }
        for reference in ["Patient/2", "Patient/11", "https://x.test/Patient/2/_history/1"] {
            assert_eq!(owner(json!({"patient": {"reference": reference}})), Owner::Foreign);
        }
        for reference in ["#p", "urn:uuid:1", "Group/1", "ExPatient/1", "Patient/", "1"] {
            assert_eq!(owner(json!({"subject": {"reference": reference}})), Owner::Unnamed);
        }
        assert_eq!(owner(json!({})), Owner::Unnamed);
    }

    #[test]
    fn what_belongs_to_several_is_theirs_if_they_are_among_them() {
        let both = json!({"subject": [{"reference": "Patient/2"}, {"reference": "Patient/1"}]});
        assert_eq!(owner(both), Owner::Theirs);
        assert_eq!(owner(json!({"subject": [{"reference": "Patient/2"}]})), Owner::Foreign);
    }

    #[test]
    fn the_stamp_goes_before_the_reference_and_only_where_it_is_believed() {
        let of = |id: u32| {
            json!({"resourceType": "Goal", "subject": {"reference": "Patient/b2c3"},
                   "extension": [{"url": EXCHANGE_STAMP, "valueInteger": id}]})
        };
        assert_eq!(Owner::of(&of(1), "1", Some(EXCHANGE_STAMP)), Owner::Theirs);
        assert_eq!(Owner::of(&of(2), "1", Some(EXCHANGE_STAMP)), Owner::Foreign);
        assert_eq!(Owner::of(&of(1), "1", None), Owner::Foreign);
    }

    #[test]
    fn a_patient_is_their_own() {
        let patient = |id: Value| json!({"resourceType": "Patient", "id": id});
        assert_eq!(Owner::of(&patient(json!("1")), "1", None), Owner::Theirs);
        assert_eq!(Owner::of(&patient(json!("2")), "1", None), Owner::Foreign);
    }
}
