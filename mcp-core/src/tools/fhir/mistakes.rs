//! Mistakes that are often made about a resource type, each with what is right.

/// For all types.
pub const ALL: &[&str] = &[
    "Write a code as system|code, as in http://loinc.org|8867-4; a code alone matches any system, \
     where the backend allows it.",
    "A date without ge or le matches that day, month or year only; for a range give two criteria of \
     the same name.",
];

/// For one type.
pub fn of(resource_type: &str) -> &'static [&'static str] {
    match resource_type {
        "Observation" => &[
            "The value stands in valueQuantity, valueCodeableConcept and so on; blood pressure and \
             other panels have it in component, where each part has a code of its own.",
            "The search parameter is date, the element effectiveDateTime or effectivePeriod.",
            "Search by patient, not by subject=Patient/…, and narrow by code or category first.",
            "Open mHealth data points are base64 JSON in valueAttachment: \
             get_patient_observations decodes them.",
        ],
        "Patient" => &[
            "The search parameter is birthdate, the element birthDate.",
            "name matches the beginning of any part of the name; family and given only theirs.",
            "identifier finds a medical record number; several patients are candidates.",
        ],
        "Condition" => &[
            "clinical-status says whether it is active; without it, past problems are included.",
            "In R5 the status value refuted stands in verificationStatus: such a condition is none.",
        ],
        "AllergyIntolerance" => &[
            "No rows is not \"no allergies\": only a row that says so is, and an error is neither.",
            "The search parameter is clinical-status, not status.",
        ],
        "MedicationRequest" => &[
            "The drug stands in medicationCodeableConcept or medicationReference in R4, and in \
             medication.concept or medication.reference in R5.",
            "The search parameter is authoredon, without a hyphen.",
            "intent=order leaves proposals and plans out.",
        ],
        "Encounter" => &["The element is period in R4 and actualPeriod in R5; search by date."],
        "DiagnosticReport" => &["The results are Observations, referred to in result."],
        "DocumentReference" => &[
            "The document stands in content.attachment, as data or behind a URL that is not fetched \
             here.",
        ],
        "Immunization" => &["The search parameter is date, the element occurrenceDateTime."],
        "Procedure" => {
            &["The element is performed[x] in R4 and occurrence[x] in R5; search by date."]
        }
        "Group" => &["At JupyterHealth Exchange a Group is a study."],
        "QuestionnaireResponse" => &["The answers stand in item, nested as in the questionnaire."],
        _ => &[],
    }
}
