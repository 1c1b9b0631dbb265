use super::*;

fn targets(tool: &str, arguments: &str) -> Targets {
    let body = format!(
        r#"{{"jsonrpc":"2.0","id":1,"method":"tools/call",
            "params":{{"name":"{tool}","arguments":{arguments}}}}}"#
    );
    let call = McpCall::parse(body.as_bytes()).unwrap();
    Targets::of(&call, body.as_bytes())
}

fn named(arguments: &str) -> Vec<String> {
    let found = targets("any_tool", arguments).named;
    found.iter().map(|patient| patient.expose().to_owned()).collect()
}

#[test]
fn a_number_its_text_and_a_reference_are_the_same_patient() {
    for id in ["40001", "\"40001\"", "\"\\u00340001\"", "\"Patient/40001\"", "[40001]"] {
        assert_eq!(named(&format!(r#"{{"patient_id":{id}}}"#)), ["40001"], "{id}");
    }
}

#[test]
fn whatever_the_tool_an_argument_by_one_of_the_names_is_seen() {
    for name in NAMES {
        assert_eq!(named(&format!(r#"{{"{name}":"a-1"}}"#)), ["a-1"], "{name}");
    }
    assert_eq!(named(r#"{"patient_ids":[1,"2","Patient/3"],"data_type":"x"}"#), ["1", "2", "3"]);
    assert_eq!(named(r#"{"target":"Patient/7","other":"Group/8"}"#), ["7"]);
}

#[test]
fn an_id_beside_the_type_of_patients_is_one_and_beside_another_type_is_none() {
    assert_eq!(named(r#"{"type":"Patient","id":"40001"}"#), ["40001"]);
    assert_eq!(named(r#"{"id":"40001","resource_type":"Patient"}"#), ["40001"]);
    assert!(named(r#"{"type":"Observation","id":"40001"}"#).is_empty());
    assert!(named(r#"{"id":"40001"}"#).is_empty());
}

#[test]
fn criteria_by_patient_or_subject_are_seen_and_those_by_another_thing_are_not() {
    let search = |kind: &str, criteria: &str| {
        named(&format!(r#"{{"type":"{kind}","params":[{criteria}]}}"#))
    };
    for name in ["patient", "subject", "patient._id", "subject._id"] {
        let criterion = format!(r#"{{"name":"{name}","values":["Patient/1",2]}}"#);
        assert_eq!(search("Observation", &criterion), ["1", "2"], "{name}");
    }
    let of_type = r#"{"name":"subject","modifier":"Patient","values":["1"]}"#;
    assert_eq!(search("Observation", of_type), ["1"]);
    let by_id = r#"{"name":"_id","values":["1"]}"#;
    assert_eq!(search("Patient", by_id), ["1"]);
    for other in [
        by_id,
        r#"{"name":"patient.organization","values":["20001"]}"#,
        r#"{"name":"patient","modifier":"missing","values":["true"]}"#,
        r#"{"name":"patient","modifier":"identifier","values":["12345"]}"#,
        r#"{"name":"subject","values":["Group/8"]}"#,
        r#"{"name":"code","values":["1234-5"]}"#,
    ] {
        assert!(search("Observation", other).is_empty(), "{other}");
    }
    assert_eq!(named(r#"{"parameters":{"patient":"1","subject:Patient":["2"]}}"#), ["1", "2"]);
}

#[test]
fn the_last_of_a_repeated_argument_counts_as_it_does_in_core() {
    let twice = r#"{"patient_id":1,"patient_id":2,"patient\u005fid":3}"#;
    assert_eq!(named(twice), ["3"]);
}

#[test]
fn what_is_no_id_and_what_names_nobody_is_none() {
    let long = format!(r#"{{"patient_id":"{}"}}"#, "9".repeat(65));
    for arguments in [
        r#"{"family":"Canary"}"#,
        "[]",
        r#"{"patient_id":{"id":1}}"#,
        r#"{"patient_id":[[1]]}"#,
        r#"{"patient_id":"Ada Canary"}"#,
        r#"{"patient_id":-1.5}"#,
        r#"{"params":"patient=1"}"#,
        &long,
    ] {
        assert!(named(arguments).is_empty(), "{arguments}");
    }
    let list = br#"{"jsonrpc":"2.0","id":1,"method":"tools/list","params":{"patient_id":1}}"#;
    assert_eq!(Targets::of(&McpCall::parse(list).unwrap(), list), Targets::default());
}

#[test]
fn of_very_many_patients_a_hundred_are_named_and_the_rest_is_counted() {
    let ids: Vec<String> = (0..150).map(|id| id.to_string()).collect();
    let found = targets("any_tool", &format!(r#"{{"patient_ids":[0,0,{}]}}"#, ids.join(",")));
    assert_eq!((found.named.len(), found.more), (100, 50));
}

#[test]
fn an_id_has_no_printable_form() {
    assert!(!format!("{:?}", TargetPatient("40001".to_owned())).contains("40001"));
}
