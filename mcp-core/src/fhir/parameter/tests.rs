use super::*;

fn sent(kind: ParameterKind, values: &[&str]) -> Result<String, String> {
    let values: Vec<String> = values.iter().map(|value| (*value).to_owned()).collect();
    Parameter::new("name", None, &values, kind).map(|parameter| parameter.value().to_owned())
}

#[test]
fn e02_a_value_cannot_become_two() {
    assert_eq!(sent(ParameterKind::String, &["a,b"]).unwrap(), "a\\,b");
    assert_eq!(sent(ParameterKind::String, &["a|b$c\\"]).unwrap(), "a\\|b\\$c\\\\");
    assert_eq!(sent(ParameterKind::Token, &["http://x.test|a,b"]).unwrap(), "http://x.test|a\\,b");
    assert_eq!(sent(ParameterKind::Token, &["s|c|d"]).unwrap(), "s|c\\|d");
}

#[test]
fn values_are_or() {
    assert_eq!(sent(ParameterKind::Token, &["a", "s|b"]).unwrap(), "a,s|b");
    assert_eq!(sent(ParameterKind::Quantity, &["gt5.40|http://u.test|mg"]).unwrap().len(), 23);
}

#[test]
fn e02_no_name_brings_a_second_parameter_along() {
    for name in ["", "a&b", "a=b", "a?b", "a b", "a%26b", ".a", "-a", "a..b", "ä", "$everything"] {
        let refused = Parameter::new(name, None, &["x".to_owned()], ParameterKind::String);
        assert!(refused.is_err(), "{name:?}");
    }
    for name in ["_id", "value-quantity", "patient.name", "patient._has:Group:member:_id"] {
        assert!(is_name(name), "{name}");
    }
}

#[test]
fn a_date_keeps_its_precision() {
    for date in ["2026", "ge2026-04", "lt2026-04-01", "2026-04-01T08:00:00Z", "sa2026-04-01"] {
        assert_eq!(sent(ParameterKind::Date, &[date]).unwrap(), date);
    }
    for date in ["yesterday", "ge", "2026-13", "2026-02-30", "20260401", "2026-04-01T25:00:00Z"] {
        assert!(sent(ParameterKind::Date, &[date]).is_err(), "{date}");
    }
}

#[test]
fn a_reference_is_an_id_or_a_type_with_one() {
    for reference in ["1", "Patient/1", "https://x.test/fhir/Patient/1", "urn:uuid:1"] {
        assert!(sent(ParameterKind::Reference, &[reference]).is_ok(), "{reference}");
    }
    for reference in ["../1", "Patient/..", "patient/1", "Patient/1/x", "a b", "//x.test"] {
        assert!(sent(ParameterKind::Reference, &[reference]).is_err(), "{reference}");
    }
}

#[test]
fn a_number_is_a_number() {
    assert_eq!(sent(ParameterKind::Number, &["ge5"]).unwrap(), "ge5");
    assert_eq!(sent(ParameterKind::Quantity, &["5.40||mg"]).unwrap(), "5.40||mg");
    for number in ["five", "NaN", "inf", "ge", "5|x"] {
        assert!(sent(ParameterKind::Number, &[number]).is_err(), "{number}");
    }
}

#[test]
fn a_modifier_belongs_to_its_kind() {
    let with = |modifier: &str, kind, value: &str| {
        Parameter::new("name", Some(modifier), &[value.to_owned()], kind)
    };
    assert_eq!(with("exact", ParameterKind::String, "A").unwrap().key(), "name:exact");
    assert_eq!(with("missing", ParameterKind::Date, "true").unwrap().key(), "name:missing");
    assert!(with("missing", ParameterKind::Date, "yes").is_err());
    assert!(with("exact", ParameterKind::Token, "A").is_err());
    assert!(with("Patient", ParameterKind::Reference, "1").is_ok());
    assert!(with("x&_has", ParameterKind::String, "A").is_err());
}

#[test]
fn an_empty_or_endless_value_is_refused() {
    for value in ["", "  ", "a\u{0}b", &"x".repeat(1_001)] {
        assert!(sent(ParameterKind::String, &[value]).is_err());
    }
    assert!(sent(ParameterKind::String, &["x"; 51]).is_err());
    assert!(sent(ParameterKind::String, &[]).is_err());
}
