//! What the tools read of an `Observation` (FHIR R5 §10.1) that holds an Open mHealth data point.

use jiff::Timestamp;
use jiff::civil::Date;
use jiff::tz::TimeZone;
use serde_json::Value;

use super::json::{elements, identifier, text};
use super::quantity::{Quantity, quantities};
use crate::omh::attachment;
use crate::omh::time::{self, Effective};

/// One data point.
#[derive(Clone)]
pub struct Observation {
    /// The logical id; absent when the backend sent none.
    pub id: Option<String>,
    /// The patient, from the subject's reference.
    pub patient_id: Option<String>,
    /// The first coding.
    pub coding: Coding,
    /// When it was measured: from the body, else from the FHIR elements.
    pub effective: Option<Effective>,
    /// Whether the FHIR elements hold a time, so that the backend can filter and sort by it.
    pub is_dated: bool,
    /// The Open mHealth body; absent when it cannot be read.
    pub body: Option<Value>,
    /// The numbers in FHIR's own elements, where there is no Open mHealth body.
    pub quantities: Vec<Quantity>,
    /// The Open mHealth header.
    pub header: Option<Value>,
}

/// A coding, as far as it is given.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Coding {
    /// The coding system.
    pub system: Option<String>,
    /// The code in it.
    pub code: Option<String>,
    /// Its name for people.
    pub display: Option<String>,
}

impl Observation {
    /// Reads a resource; another resource type is none of ours. A body that cannot be read does not
    /// make the record go away.
    pub fn read(resource: &Value) -> Option<Self> {
        (text(resource, "/resourceType") == Some("Observation")).then_some(())?;
        let payload = text(resource, "/valueAttachment/data")
            .and_then(|encoded| attachment::decode(encoded).ok());
        let (header, body) =
            payload.map_or((None, None), |payload| (Some(payload.header), Some(payload.body)));
        let elements = elements_time(resource);
        let is_dated = elements.is_some();
        let effective = body.as_ref().and_then(time::effective).or(elements);
        Some(Self {
            id: identifier(resource, "/id"),
            patient_id: patient(resource),
            coding: coding(resource),
            effective,
            is_dated,
            quantities: if body.is_none() { quantities(resource) } else { Vec::new() },
            body,
            header,
        })
    }

    /// The instant by which it is ordered.
    pub fn instant(&self) -> Option<Timestamp> {
        self.effective.as_ref().map(|effective| effective.start)
    }
}

fn coding(resource: &Value) -> Coding {
    let member = |pointer| text(resource, pointer).map(str::to_owned);
    Coding {
        system: member("/code/coding/0/system"),
        code: member("/code/coding/0/code"),
        display: member("/code/coding/0/display"),
    }
}

/// Where the Exchange says whose an imported record is: its subject is the id at the source.
const WHOSE: &str = "https://jupyterhealth.org/fhir/StructureDefinition/patient-id";

fn patient(resource: &Value) -> Option<String> {
    let whose = elements(resource, "/extension").find(|one| text(one, "/url") == Some(WHOSE));
    if let Some(whose) = whose {
        return identifier(whose, "/valueInteger");
    }
    let reference = text(resource, "/subject/reference")?;
    let (before, id) = reference.rsplit_once('/')?;
    (before.rsplit('/').next() == Some("Patient") && !id.is_empty()).then(|| id.to_owned())
}

fn elements_time(resource: &Value) -> Option<Effective> {
    let start = text(resource, "/effectiveDateTime")
        .or_else(|| text(resource, "/effectivePeriod/start"))?;
    let end = text(resource, "/effectivePeriod/end").and_then(instant);
    Some(Effective { start: instant(start)?, end, original: start.to_owned() })
}

/// A FHIR `dateTime`; a day alone begins at midnight UTC.
fn instant(text: &str) -> Option<Timestamp> {
    text.parse().ok().or_else(|| {
        let day: Date = text.parse().ok()?;
        day.to_zoned(TimeZone::UTC).ok().map(|midnight| midnight.timestamp())
    })
}

#[cfg(test)]
mod tests {
    use base64::Engine as _;
    use base64::engine::general_purpose::STANDARD;
    use serde_json::json;

    use super::*;

    fn observation(data: &str, more: &Value) -> Observation {
        let mut resource = json!({
            "resourceType": "Observation", "id": "60003",
            "subject": {"reference": "Patient/40001"},
            "valueAttachment": {"contentType": "application/json", "data": data},
        });
        let members = resource.as_object_mut().unwrap();
        members.extend(more.as_object().unwrap().clone());
        Observation::read(&resource).unwrap()
    }

    fn encoded(body: &Value) -> String {
        STANDARD.encode(json!({"body": body, "header": {}}).to_string())
    }

    #[test]
    fn m02_the_time_in_the_body_comes_before_the_one_in_the_elements() {
        let body = json!({"effective_time_frame": {"date_time": "2026-11-21T02:22:02+01:00"}});
        let elements = json!({"effectiveDateTime": "2020-01-01T00:00:00Z"});
        let point = observation(&encoded(&body), &elements);
        assert_eq!(point.instant().unwrap().to_string(), "2026-11-21T01:22:02Z");
        assert!(point.is_dated);
    }

    #[test]
    fn m02_without_a_time_in_the_body_the_elements_give_it() {
        let period = json!({"effectivePeriod": {"start": "2026-11-20T23:26:00Z", "end": "2026-11-21T06:48:51Z"}});
        let point = observation(&encoded(&json!({})), &period);
        assert_eq!(point.instant().unwrap().to_string(), "2026-11-20T23:26:00Z");
        assert!(point.effective.unwrap().end.is_some());
    }

    #[test]
    fn a_record_that_the_backend_cannot_date_still_has_the_time_of_its_body() {
        let body = json!({"effective_time_frame": {"date_time": "2026-11-21T02:22:02Z"}});
        let point = observation(&encoded(&body), &json!({}));
        assert!(!point.is_dated && point.instant().is_some());
    }

    #[test]
    fn m03_a_body_that_cannot_be_read_leaves_the_record() {
        for data in ["%%%", "bm90IGpzb24=", ""] {
            let point = observation(data, &json!({}));
            assert_eq!(point.id.as_deref(), Some("60003"));
            assert!(point.body.is_none() && point.effective.is_none());
        }
    }

    #[test]
    fn the_patient_is_the_subject_only_if_it_is_one() {
        let of = |reference: &str| patient(&json!({"subject": {"reference": reference}}));
        assert_eq!(of("Patient/40001").as_deref(), Some("40001"));
        assert_eq!(of("https://x.test/FHIR/R5/Patient/40001").as_deref(), Some("40001"));
        assert_eq!(of("Group/1"), None);
        assert_eq!(of("40001"), None);
    }

    #[test]
    fn of_an_imported_record_the_exchange_says_whose_it_is() {
        let url = "https://jupyterhealth.org/fhir/StructureDefinition/patient-id";
        let record = |whose: Value| {
            json!({"subject": {"reference": "Patient/b2c3"},
                   "extension": [{"url": "https://x.test/other", "valueInteger": 7},
                                 {"url": url, "valueInteger": whose}]})
        };
        assert_eq!(patient(&record(json!(40002))).as_deref(), Some("40002"));
        assert_eq!(patient(&record(json!(null))), None);
    }
}
