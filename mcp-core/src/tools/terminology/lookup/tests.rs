use serde_json::json;

use super::*;

fn read(parameters: &Value) -> Option<LookupAnswer> {
    let mut answer = LookupAnswer {
        code: "8867-4".to_owned(),
        system: "http://loinc.org".to_owned(),
        ..LookupAnswer::default()
    };
    let body = json!({"resourceType": "Parameters", "parameter": parameters});
    answer.read(&body, 4_000).map(|()| answer)
}

#[test]
fn names_definition_and_properties_are_read_in_both_releases() {
    let answer = read(&json!([
        {"name": "name", "valueString": "LOINC"}, {"name": "version", "valueString": "2.77"},
        {"name": "display", "valueString": "Heart\u{200b} rate"},
        {"name": "designation", "part": [
            {"name": "language", "valueCode": "de"},
            {"name": "use", "valueCoding": {"code": "900", "display": "Synonym"}},
            {"name": "value", "valueString": "Puls"}]},
        {"name": "property", "part": [
            {"name": "code", "valueCode": "definition"},
            {"name": "value", "valueString": "Beats in a minute"}]},
        {"name": "property", "part": [
            {"name": "code", "valueCode": "parent"},
            {"name": "value", "valueCoding": {"code": "LP1", "display": "Rates"}},
            {"name": "subproperty", "part": [{"name": "code", "valueCode": "n"},
                                             {"name": "value", "valueInteger": 2}]}]}]))
    .unwrap();
    assert_eq!(answer.display.as_deref(), Some("Heart rate"));
    assert_eq!(answer.definition.as_deref(), Some("Beats in a minute"));
    assert_eq!(answer.designations[0].usage.as_deref(), Some("Synonym"));
    let told: Vec<(&str, &str)> =
        answer.properties.iter().map(|one| (one.code.as_str(), one.value.as_str())).collect();
    let expected = [("definition", "Beats in a minute"), ("parent", "LP1"), ("parent.n", "2")];
    assert_eq!(told, expected);
    assert_eq!(answer.properties[1].display.as_deref(), Some("Rates"));
    let r5 = json!([{"name": "display", "valueString": "x"},
                    {"name": "definition", "valueString": "y"}]);
    assert_eq!(read(&r5).unwrap().definition.as_deref(), Some("y"));
}

#[test]
fn an_answer_about_another_code_or_about_nothing_is_none() {
    let display = json!({"name": "display", "valueString": "Heart rate"});
    assert!(read(&json!([display])).is_some());
    for other in [
        json!([display, {"name": "code", "valueCode": "29463-7"}]),
        json!([display, {"name": "system", "valueUri": "http://snomed.info/sct"}]),
        json!([]),
        json!([{"name": "display", "valueString": ""}]),
    ] {
        assert!(read(&other).is_none(), "{other}");
    }
}

#[test]
fn what_does_not_fit_is_said() {
    let property = json!({"name": "property", "part": [
        {"name": "code", "valueCode": "child"}, {"name": "value", "valueCode": "c".repeat(200)}]});
    let mut all = vec![json!({"name": "display", "valueString": "x"})];
    all.extend(vec![property; 100]);
    let answer = read(&Value::Array(all)).unwrap();
    assert!(!answer.properties.is_empty() && answer.properties.len() < 100);
    assert!(answer.envelope.left_out[0].ends_with("of 100 properties did not fit."));
}
