//! The elements that BALP 1.1.3 requires, as its structure definitions for `Query`, `PatientQuery`,
//! `Read`, `PatientRead` and `OAUTHaccessTokenUse.Comprehensive` list them.

use authz::tool_report::ToolReport;
use serde_json::from_value;

use super::*;
use crate::audit::tests::event;

const OBSERVER: &str = "https://gateway.example.org";

fn call(tool: &str, patient: Option<&str>) -> AuditEvent {
    let patients = patient.map(|digits| Pseudonym(digits.to_owned()));
    AuditEvent {
        tool: Some(tool.to_owned()),
        client: Some("c1".to_owned()),
        patients: patients.into_iter().collect(),
        address: Some([192, 0, 2, 7].into()),
        ..event("10002")
    }
}

/// The one resource that becomes of this event.
fn only(event: &AuditEvent) -> Value {
    let mut all = resources(event, OBSERVER);
    assert_eq!(all.len(), 1);
    all.remove(0)
}

#[test]
fn a_call_about_several_patients_is_one_event_for_each_of_them() {
    let patients = ["0f", "1e"].map(|digits| Pseudonym(digits.to_owned())).to_vec();
    let all = resources(&AuditEvent { patients, ..call("observation_count", None) }, OBSERVER);
    let named: Vec<&Value> = all
        .iter()
        .map(|one| &slice(&one["entity"], "/role", ROLE, "1")["what"]["identifier"]["value"])
        .collect();
    assert_eq!(named, ["0f", "1e"]);
    assert!(all.iter().all(|one| profiles(one)[0] == "PatientQuery"));
}

/// The one agent or entity with this code at this place.
fn slice<'r>(list: &'r Value, at: &str, system: &str, code: &str) -> &'r Value {
    let has = |member: &&Value| {
        member.pointer(at).is_some_and(|c| c["system"] == system && c["code"] == code)
    };
    let found: Vec<&Value> = list.as_array().unwrap().iter().filter(has).collect();
    let [one] = found[..] else { panic!("{code}: {found:?}") };
    one
}

fn agent<'r>(resource: &'r Value, system: &str, code: &str) -> &'r Value {
    slice(&resource["agent"], "/type/coding/0", system, code)
}

fn profiles(resource: &Value) -> Vec<String> {
    let profiles: Vec<String> = from_value(resource["meta"]["profile"].clone()).unwrap();
    profiles.into_iter().map(|url| url.strip_prefix(PROFILE).unwrap().to_owned()).collect()
}

/// What every pattern asks for: of the resource, of both ends of the connection, and of the token.
#[track_caller]
fn is_complete(resource: &Value, client: &str, server: &str) {
    let fixed =
        [("/resourceType", "AuditEvent"), ("/type/code", "rest"), ("/type/system", EVENT_TYPE)];
    for (at, value) in fixed.into_iter().chain([("/subtype/0/system", INTERACTION)]) {
        assert_eq!(resource.pointer(at), Some(&json!(value)), "{at}");
    }
    for at in ["/recorded", "/source/observer/identifier/value", "/outcome"] {
        assert!(resource.pointer(at).is_some_and(Value::is_string), "{at}");
    }
    for (role, who) in [(client, "c1"), (server, OBSERVER), ("110150", "c1")] {
        let one = agent(resource, DICOM, role);
        assert_eq!(one["who"]["identifier"]["value"], who);
        let network = ["address", "type"].map(|name| one["network"][name].is_string());
        assert_eq!((&one["requestor"], network), (&json!(false), [true, true]));
    }
    let user = agent(resource, PARTICIPATION, "IRCP");
    assert_eq!(
        (&user["who"]["identifier"]["value"], &user["requestor"]),
        (&json!("10002"), &json!(true))
    );
    assert!(user.get("network").is_none() && !resource.to_string().contains("\"media\""));
    let transaction = slice(&resource["entity"], "/type", BALP_ENTITY, "XrequestId");
    assert!(transaction["what"]["identifier"]["value"].is_string());
}

#[test]
fn a_search_has_what_the_query_patterns_require() {
    for (patient, pattern) in [(None, "Query"), (Some("0f"), "PatientQuery")] {
        let resource = only(&call("get_patient_observations", patient));
        is_complete(&resource, "110153", "110152");
        assert_eq!(profiles(&resource), [pattern, "OAUTHaccessTokenUse.Comprehensive"]);
        assert_eq!((&resource["action"], &resource["outcome"]), (&json!("E"), &json!("0")));
        assert_eq!(resource["subtype"][0]["code"], "search");
        let query = slice(&resource["entity"], "/role", ROLE, "24");
        assert_eq!(query["type"]["code"], "2");
        assert_eq!(query["query"], STANDARD.encode("tools/call get_patient_observations"));
        assert!(query.get("what").is_none() && query.get("detail").is_none());
    }
}

#[test]
fn a_read_has_what_the_read_patterns_require() {
    for (tool, patient, pattern) in [
        ("get_study_metadata", None, "Read"),
        ("get_patient_demographics", Some("0f"), "PatientRead"),
    ] {
        let resource = only(&call(tool, patient));
        is_complete(&resource, "110152", "110153");
        assert_eq!(profiles(&resource)[0], pattern);
        assert_eq!((&resource["action"], &resource["outcome"]), (&json!("R"), &json!("0")));
        assert_eq!(resource["subtype"][0]["code"], "read");
        let read = slice(&resource["entity"], "/role", ROLE, "4");
        assert!(read["type"]["code"] == "2" && read["what"].is_object());
    }
}

#[test]
fn the_generic_tools_read_too_and_searches_stay_searches() {
    for (tool, code) in [("fhir_read", "read"), ("fhir_history", "read"), ("fhir_search", "search")]
    {
        assert_eq!(
            resource(&call(tool, None), None, OBSERVER)["subtype"][0]["code"],
            code,
            "{tool}"
        );
    }
}

#[test]
fn what_touches_no_record_is_not_exported_and_what_was_refused_is() {
    let of = |method, outcome| AuditEvent { method, outcome, ..call("list_studies", None) };
    for method in ["initialize", "tools/list", "ping"] {
        assert!(!is_exported(&of(Some(method), "permitted")), "{method}");
    }
    assert!(is_exported(&of(Some("tools/call"), "permitted")));
    assert!(is_exported(&of(None, "refused")));
    assert!(!is_exported(&AuditEvent { route: "token", ..of(None, "refused") }));
}

#[test]
fn a_tool_that_says_no_is_no_success_though_http_says_200() {
    for (outcome, code) in [
        (ToolOutcome::Ok, "0"),
        (ToolOutcome::Partial, "0"),
        (ToolOutcome::Refused, "4"),
        (ToolOutcome::Fault, "8"),
    ] {
        let report = Some(ToolReport { outcome, count: None });
        let event = AuditEvent { report, ..call("get_patient_demographics", Some("0f")) };
        let resource = resource(&event, event.patients.first(), OBSERVER);
        assert_eq!(resource["outcome"], code, "{outcome:?}");
        assert_eq!(resource.get("meta").is_some(), outcome.is_answer());
    }
}

#[test]
fn a_patient_is_a_reference_to_a_pseudonym() {
    let resource = only(&call("get_patient_demographics", Some("0f")));
    let patient = slice(&resource["entity"], "/role", ROLE, "1");
    assert_eq!(patient["type"]["code"], "1");
    assert_eq!(
        patient["what"],
        json!({"type": "Patient", "identifier": {"system": PSEUDONYM_SYSTEM, "value": "0f"}})
    );
}

#[test]
fn a_refusal_and_a_fault_claim_no_pattern_and_say_their_word() {
    for (outcome, reason, status, code) in
        [("refused", "insufficient_scope", 403, "4"), ("fault", "core_late", 504, "8")]
    {
        let event =
            AuditEvent { outcome, reason: Some(reason), status, ..call("list_studies", None) };
        let resource = only(&event);
        assert_eq!((&resource["outcome"], resource.get("meta")), (&json!(code), None));
        assert_eq!(resource["outcomeDesc"], reason);
    }
    let stranger = AuditEvent { subject: None, client: None, ..call("list_studies", None) };
    let stranger = only(&stranger);
    assert!(stranger["agent"][0]["who"]["display"].is_string());
    assert_eq!(stranger["agent"].as_array().unwrap().len(), 2);
}
