//! A record read whole: it fills sections, proves none of them empty, and is not used where it is about
//! somebody else or does not end.

use serde_json::{Value, json};

use crate::bed::{Bed, bundle};

const KINDS: [&str; 6] =
    ["AllergyIntolerance", "Condition", "Encounter", "Goal", "Immunization", "Procedure"];
const SECTIONS: [&str; 6] =
    ["allergies", "problems", "encounters", "goals", "immunizations", "procedures"];
const WHOLE: &str = "/Patient/p-1/$everything?_count=100";

/// A server that offers everything of a patient.
fn statement() -> Value {
    let interactions = json!([{"code": "read"}, {"code": "search-type"}]);
    let kind = |kind: &&str| {
        json!({"type": kind, "interaction": interactions,
               "searchParam": [{"name": "patient", "type": "reference"}]})
    };
    let mut resource: Vec<Value> = KINDS.iter().map(kind).collect();
    resource.push(json!({"type": "Patient", "interaction": interactions,
                         "operation": [{"name": "everything"}]}));
    json!({"resourceType": "CapabilityStatement", "fhirVersion": "5.0.0",
           "rest": [{"resource": resource}]})
}

fn person() -> Value {
    json!({"resourceType": "Patient", "id": "p-1"})
}

fn row(kind: &str, id: &str, patient: &str) -> Value {
    json!({"resourceType": kind, "id": id, "code": {"text": format!("{kind} {id}")},
           "subject": {"reference": format!("Patient/{patient}")}})
}

/// Without a total, as servers give none here.
fn whole(rows: &[Value], next: Option<&str>) -> Value {
    let mut body = bundle(0, rows);
    body.as_object_mut().unwrap().remove("total");
    if let Some(next) = next {
        body["link"] = json!([{"relation": "next", "url": next}]);
    }
    body
}

fn target(kind: &str) -> String {
    format!("/{kind}?patient=p-1&_count=5&_sort=-_lastUpdated%2C_id&_total=accurate")
}

/// Each kind has one row when it is asked for by itself.
async fn helios() -> Bed {
    let bed = Bed::start_as("helios").await;
    bed.backend.answer("/metadata", statement()).answer("/Patient/p-1", person());
    for kind in KINDS {
        bed.backend.answer(&target(kind), bundle(1, &[row(kind, "searched", "p-1")]));
    }
    bed
}

async fn overview(bed: &Bed) -> Value {
    let arguments = json!({"patient_id": "p-1", "sections": SECTIONS});
    bed.call("patient_overview", arguments).await.structured().clone()
}

fn shown(answer: &Value) -> Vec<(String, Value, Value)> {
    let sections = answer["sections"].as_array().unwrap().iter();
    sections
        .map(|one| {
            let what = one["entries"][0]["what"].clone();
            (one["section"].as_str().unwrap().to_owned(), one["total"].clone(), what)
        })
        .collect()
}

#[tokio::test]
async fn a_small_record_is_read_whole_and_what_it_lacks_is_asked_for_before_it_is_called_empty() {
    let bed = helios().await;
    let first: Vec<Value> = [person()]
        .into_iter()
        .chain(KINDS[1..4].iter().map(|kind| row(kind, "whole", "p-1")))
        .collect();
    let second = [row("Immunization", "whole", "p-1"), row("Immunization", "whole", "p-1")];
    bed.backend
        .answer(WHOLE, whole(&first, Some("/Patient/p-1/$everything?_cursor=b")))
        .answer(&format!("{WHOLE}&_cursor=b"), whole(&second, None));
    let answer = overview(&bed).await;
    let expected = |name: &str, what: &str| (name.to_owned(), json!(1), json!(what));
    let mut found = shown(&answer);
    found.sort_by(|one, other| one.0.cmp(&other.0));
    assert_eq!(
        found,
        [
            expected("allergies", "AllergyIntolerance searched"),
            expected("encounters", "Encounter whole"),
            expected("goals", "Goal whole"),
            expected("immunizations", "Immunization whole"),
            expected("problems", "Condition whole"),
            expected("procedures", "Procedure searched"),
        ]
    );
    assert_eq!(answer["status"], "ok", "{answer}");
    let asked = bed.backend.targets();
    assert!(!asked.contains(&target("Goal")), "{asked:?}");
    assert!(asked.contains(&target("AllergyIntolerance")), "{asked:?}");
}

#[tokio::test]
async fn a_whole_record_with_somebody_elses_in_it_is_not_used_and_that_is_said() {
    let bed = helios().await;
    let rows = [person(), row("Goal", "CANARY", "p-1"), row("Condition", "CANARY", "p-2")];
    bed.backend.answer(WHOLE, whole(&rows, None));
    let answer = overview(&bed).await;
    assert_eq!(answer["status"], "partial");
    assert!(answer["left_out"][0].as_str().unwrap().contains("another patient"), "{answer}");
    assert!(!answer.to_string().contains("CANARY"), "{answer}");
    assert!(shown(&answer).iter().all(|(_, total, _)| *total == json!(1)));
}

#[tokio::test]
async fn a_whole_record_that_does_not_end_or_is_not_of_the_patient_is_not_used() {
    let circle = "/Patient/p-1/$everything?_cursor=b";
    for (first, second) in [
        // In a circle.
        (whole(&[person()], Some(circle)), whole(&[], Some(circle))),
        // A link that cannot be followed.
        (whole(&[person(), row("Goal", "CANARY", "p-1")], Some("/?_getpages=x")), json!({})),
        // More is announced than came.
        (bundle(9, &[person(), row("Goal", "CANARY", "p-1")]), json!({})),
        // Without the patient it is about nobody.
        (whole(&[row("Goal", "CANARY", "p-1")], None), json!({})),
        (json!({"resourceType": "OperationOutcome"}), json!({})),
    ] {
        let bed = helios().await;
        bed.backend.answer(WHOLE, first).answer(&format!("{WHOLE}&_cursor=b"), second);
        let answer = overview(&bed).await;
        assert_eq!(answer["status"], "ok", "{answer}");
        assert!(!answer.to_string().contains("CANARY"), "{answer}");
        assert!(shown(&answer).iter().all(|(_, total, _)| *total == json!(1)), "{answer}");
        assert!(bed.backend.targets().len() < 20);
    }
}

#[tokio::test]
async fn a_filter_that_was_not_applied_makes_a_section_unknown() {
    let bed = helios().await;
    let mut body = bundle(9, &[row("Goal", "CANARY", "p-1")]);
    body["link"] = json!([{"relation": "self", "url": "/Goal?_count=5"}]);
    bed.backend.answer(&target("Goal"), body);
    let arguments = json!({"patient_id": "p-1", "sections": ["goals", "problems"]});
    let answer = bed.call("patient_overview", arguments).await;
    let answer = answer.structured();
    assert_eq!(answer["ignored_parameters"], json!(["patient"]));
    assert_eq!(answer["nothing_known_of"], json!(["goals"]));
    assert!(!answer.to_string().contains("CANARY"), "{answer}");
}
