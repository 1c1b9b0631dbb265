//! A resource as one short line: what it is about, when, how it stands, and what was measured.

use schemars::JsonSchema;
use serde::Serialize;
use serde_json::Value;

use crate::fhir::json::{elements, text};
use crate::fhir::observation::Observation;
use crate::omh::measure;
use crate::tools::fhir::shown::named;
use crate::tools::text::brief;

/// Where a resource may say what it is about, the plainest first.
const SUBJECTS: [&str; 20] = [
    "/vaccineCode",
    "/medicationCodeableConcept",
    "/medication/concept",
    "/medicationReference",
    "/medication/reference",
    "/code/concept",
    "/code",
    "/title",
    "/type/0",
    "/type",
    "/class/0",
    "/class",
    "/description",
    "/relationship",
    "/name",
    "/deviceName/0/name",
    "/device",
    "/scope",
    "/category/0",
    "/questionnaire",
];
/// Where it may say when, what it is sorted by first.
const TIMES: [&str; 22] = [
    "/effectiveDateTime",
    "/effectivePeriod/start",
    "/effectiveInstant",
    "/recordedDate",
    "/onsetDateTime",
    "/onsetPeriod/start",
    "/authoredOn",
    "/authored",
    "/whenHandedOver",
    "/occurrenceDateTime",
    "/occurrencePeriod/start",
    "/performedDateTime",
    "/performedPeriod/start",
    "/period/start",
    "/actualPeriod/start",
    "/date",
    "/dateTime",
    "/issued",
    "/startDate",
    "/created",
    "/dateAsserted",
    "/recorded",
];
/// Where it may say how it stands.
const STANDINGS: [&str; 5] =
    ["/clinicalStatus", "/verificationStatus", "/status", "/lifecycleStatus", "/criticality"];

/// One entry of a section.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
#[schemars(inline)]
pub struct Line {
    /// Type/id, for `fhir_read`.
    pub resource: String,
    /// When, as recorded.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub date: Option<String>,
    /// What it is about.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub what: Option<String>,
    /// How it stands: one that is refuted, not done or entered in error says so here.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub status: Option<String>,
    /// What was measured.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub value: Option<String>,
}

impl Line {
    /// The line for a resource.
    pub fn of(resource: &Value) -> Self {
        let point = Observation::read(resource);
        let measured = point.as_ref().and_then(Observation::instant);
        let date = time(resource).map(brief).or_else(|| measured.map(|at| at.to_string()));
        let what = SUBJECTS.iter().find_map(|at| resource.pointer(at).and_then(words));
        let value = value(resource).or_else(|| point.as_ref().and_then(reading));
        Self {
            resource: brief(&named(resource)),
            date,
            what: what.map(|words| brief(&words)).filter(|words| !words.is_empty()),
            status: status(resource),
            value: value.map(|value| brief(&value)),
        }
    }
}

/// When a resource says that it was.
fn time(resource: &Value) -> Option<&str> {
    TIMES.iter().find_map(|at| text(resource, at))
}

/// The words of a concept, a coding, a reference or a text.
fn words(value: &Value) -> Option<String> {
    if let Some(text) = value.as_str().filter(|text| !text.is_empty()) {
        return Some(text.to_owned());
    }
    let own = text(value, "/text").or_else(|| text(value, "/display"));
    let display = || elements(value, "/coding").find_map(|coding| text(coding, "/display"));
    let coded = || elements(value, "/coding").find_map(|coding| text(coding, "/code"));
    let other = || text(value, "/code").or_else(|| text(value, "/reference"));
    let several = || elements(value, "").find_map(words);
    own.or_else(display).or_else(coded).or_else(other).map(str::to_owned).or_else(several)
}

fn status(resource: &Value) -> Option<String> {
    let mut said: Vec<String> = STANDINGS
        .iter()
        .filter_map(|at| {
            let code = resource.pointer(at)?;
            let code = text(code, "/coding/0/code").map(str::to_owned).or_else(|| words(code))?;
            Some(if *at == "/criticality" { format!("criticality {code}") } else { code })
        })
        .collect();
    if resource.get("doNotPerform") == Some(&Value::Bool(true)) {
        said.push("do not perform".to_owned());
    }
    (!said.is_empty()).then(|| brief(&said.join(", ")))
}

/// The value of an observation; those of its parts, where it has several, with their names.
fn value(resource: &Value) -> Option<String> {
    let parts = elements(resource, "/component").filter_map(|part| {
        let name = part.get("code").and_then(words)?;
        Some(format!("{name}: {}", single(part)?))
    });
    let parts: Vec<String> = single(resource).into_iter().chain(parts).collect();
    (!parts.is_empty()).then(|| parts.join("; "))
}

fn single(of: &Value) -> Option<String> {
    if let Some(quantity) = of.get("valueQuantity") {
        let number = quantity.get("value").filter(|value| value.is_number())?;
        let comparator = text(quantity, "/comparator").unwrap_or_default();
        let unit = text(quantity, "/unit").or_else(|| text(quantity, "/code"));
        return Some(
            format!("{comparator}{number} {}", unit.unwrap_or_default()).trim().to_owned(),
        );
    }
    let plain = ["valueInteger", "valueBoolean"].into_iter().find_map(|name| of.get(name));
    let plain = plain.filter(|value| value.is_number() || value.is_boolean());
    let worded = ["valueCodeableConcept", "valueString", "valueDateTime", "dataAbsentReason"];
    let worded = || worded.into_iter().find_map(|name| of.get(name).and_then(words));
    plain.map(ToString::to_string).or_else(worded)
}

/// The numbers of an Open mHealth body.
fn reading(point: &Observation) -> Option<String> {
    let code = point.coding.code.as_deref()?;
    let reading = measure::read(code, point.body.as_ref()?);
    let several = reading.measures.len() > 1;
    let parts = reading.measures.iter().map(|measure| {
        let number = format!("{} {}", measure.value, measure.unit.as_deref().unwrap_or_default());
        let number = number.trim().to_owned();
        if several { format!("{}: {number}", measure.name) } else { number }
    });
    let mut parts: Vec<String> = parts.collect();
    parts.extend(reading.statistic.map(|statistic| format!("({})", statistic.name)));
    (!reading.measures.is_empty()).then(|| parts.join("; "))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn line(mut resource: Value) -> Line {
        let kind = resource["resourceType"].as_str().unwrap_or("Condition").to_owned();
        resource["resourceType"] = json!(kind);
        resource["id"] = json!("1");
        Line::of(&resource)
    }

    #[test]
    fn a_problem_that_is_none_says_so() {
        let refuted = line(json!({
            "clinicalStatus": {"coding": [{"code": "inactive"}]},
            "verificationStatus": {"coding": [{"code": "refuted"}]},
            "code": {"coding": [{"code": "38341003", "display": "Hypertension"}]},
            "recordedDate": "2026-04-01", "onsetDateTime": "2020",
        }));
        assert_eq!(refuted.resource, "Condition/1");
        assert_eq!(refuted.what.as_deref(), Some("Hypertension"));
        assert_eq!(refuted.status.as_deref(), Some("inactive, refuted"));
        assert_eq!(refuted.date.as_deref(), Some("2026-04-01"));
        let stopped = line(json!({"status": "stopped", "doNotPerform": true}));
        assert_eq!(stopped.status.as_deref(), Some("stopped, do not perform"));
    }

    #[test]
    fn a_medication_is_found_where_each_version_has_it() {
        for medication in [
            json!({"medicationCodeableConcept": {"text": "Ibuprofen"}}),
            json!({"medication": {"concept": {"coding": [{"display": "Ibuprofen"}]}}}),
            json!({"medicationReference": {"reference": "Medication/1", "display": "Ibuprofen"}}),
            json!({"medication": {"reference": {"display": "Ibuprofen"}}}),
        ] {
            assert_eq!(line(medication.clone()).what.as_deref(), Some("Ibuprofen"), "{medication}");
        }
    }

    #[test]
    fn a_panel_shows_all_its_parts_each_with_its_name() {
        let part = |name: &str, value: u32| json!({"code": {"text": name}, "valueQuantity": {"value": value, "unit": "mmHg"}});
        let panel = line(json!({
            "resourceType": "Observation", "effectiveDateTime": "2026-04-01T08:00:00Z",
            "code": {"text": "Blood pressure"},
            "component": [part("Systolic", 120), part("Diastolic", 80)],
        }));
        assert_eq!(panel.value.as_deref(), Some("Systolic: 120 mmHg; Diastolic: 80 mmHg"));
        let bounded = json!({"valueQuantity": {"value": 5, "comparator": "<", "unit": "mg"}});
        assert_eq!(line(bounded).value.as_deref(), Some("<5 mg"));
    }

    #[test]
    fn what_is_hidden_or_endless_is_not_in_a_line() {
        let shown = line(json!({"code": {"text": format!("Fl\u{200b}u {}", "x".repeat(5_000))}}));
        let what = shown.what.unwrap();
        assert!(what.starts_with("Flu x") && what.chars().count() < 200, "{what}");
        assert_eq!(line(json!({"code": 7, "status": [], "date": {}})).what, None);
    }
}
