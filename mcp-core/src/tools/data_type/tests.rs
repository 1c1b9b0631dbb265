//! One name asks for every code of its measure, or says which it did not ask for.

use super::super::envelope::Status;
use super::*;

fn types(codes: &[&str]) -> Vec<DataType> {
    let of = |code: &&str| DataType {
        name: None,
        system: if code.starts_with("ieee") {
            registry::IEEE_1752.to_owned()
        } else {
            registry::OPEN_MHEALTH.to_owned()
        },
        code: (*code).to_owned(),
        display: String::new(),
    };
    codes.iter().map(of).collect()
}

/// The codes asked for and those left, as a backend with this list is asked for `name`.
fn picked(codes: &[&str], name: &str, takes_one: bool) -> (Vec<String>, Vec<String>) {
    let sought = pick(&types(codes), name, takes_one).unwrap();
    (sought.asked.into_iter().map(|known| known.code).collect(), sought.left)
}

fn owned(codes: &[&str]) -> Vec<String> {
    codes.iter().map(|code| (*code).to_owned()).collect()
}

#[test]
fn a_short_name_and_a_full_code_mean_the_same() {
    let codes = ["omh:heart-rate:2.0", "omh:step-count:3.0"];
    let short = picked(&codes, "heart-rate", true);
    assert_eq!(short, picked(&codes, "omh:heart-rate:2.0", true));
    assert_eq!(short, (owned(&["omh:heart-rate:2.0"]), Vec::new()));
}

#[test]
fn t08_an_unknown_type_is_refused_with_the_known_names() {
    let refusal = pick(&types(&["omh:heart-rate:2.0"]), "pulse", true).unwrap_err().to_string();
    assert!(refusal.contains("data_type") && refusal.contains("heart-rate"), "{refusal}");
}

#[test]
fn one_name_asks_for_every_code_of_its_measure_where_the_backend_takes_several() {
    let codes = [
        "ieee:total-sleep-time:1.0",
        "omh:heart-rate:1.0",
        "omh:heart-rate:2.0",
        "omh:sleep-duration:2.0",
    ];
    let (asked, left) = picked(&codes, "heart-rate", false);
    assert_eq!(asked, ["omh:heart-rate:2.0", "omh:heart-rate:1.0"]);
    assert!(left.is_empty());
    let (asked, _) = picked(&codes, "sleep-duration", false);
    assert_eq!(asked, ["omh:sleep-duration:2.0", "ieee:total-sleep-time:1.0"]);
    let sought = pick(&types(&codes), "sleep-duration", false).unwrap();
    assert!(matches!(sought.filter(), Filter::Codes(codings) if codings.len() == 2));
    let exact = picked(&codes, "omh:sleep-duration:2.0", false);
    assert_eq!(exact, (owned(&["omh:sleep-duration:2.0"]), Vec::new()));
}

#[test]
fn where_only_one_code_can_be_asked_for_the_others_are_named_and_the_answer_is_partial() {
    let codes = ["ieee:physical-activity:1.0", "omh:physical-activity:1.2", "omh:step-count:3.0"];
    let (asked, left) = picked(&codes, "physical-activity", true);
    assert_eq!(asked, ["ieee:physical-activity:1.0"], "what is written today");
    assert_eq!(left, ["omh:physical-activity:1.2"]);
    let sought = pick(&types(&codes), "step-count", true).unwrap();
    let mut envelope = Envelope::default();
    let told = Asked::note(Some(&sought), &mut envelope);
    assert_eq!(told.codes, ["omh:step-count:3.0"], "the name itself comes first");
    assert_eq!(envelope.status, Status::Partial);
    assert!(envelope.left_out[0].contains("ieee:physical-activity:1.0"));
}

#[test]
fn a_question_for_one_code_alone_is_not_partial() {
    let sought = pick(&types(&["omh:heart-rate:2.0"]), "heart-rate", true).unwrap();
    let mut envelope = Envelope::default();
    assert_eq!(Asked::note(Some(&sought), &mut envelope).codes, ["omh:heart-rate:2.0"]);
    assert!(Asked::note(None, &mut envelope).codes.is_empty());
    assert_eq!(envelope, Envelope::default());
}

#[test]
fn the_name_of_a_code_in_another_system_does_not_make_it_kin() {
    let mut types = types(&["omh:heart-rate:2.0"]);
    types[0].system = "http://loinc.org".to_owned();
    types[0].name = Some("pulse".to_owned());
    assert!(pick(&types, "heart-rate", false).is_err());
    assert!(pick(&types, "pulse", false).is_ok());
}

#[test]
fn t16_every_built_in_type_can_be_named_short() {
    for takes_one in [true, false] {
        let types = built_in(takes_one);
        let is_loinc = |known: &&DataType| known.system == "http://loinc.org";
        let (loinc, others): (Vec<_>, Vec<_>) = types.iter().partition(is_loinc);
        assert_eq!(others.len(), if takes_one { 15 } else { 19 });
        assert_eq!(loinc.is_empty(), takes_one, "the Exchange has no such codes");
        for known in &types {
            let sought = pick(&types, known.short_name(), false).unwrap();
            assert!(sought.asked.contains(known));
        }
    }
    assert!(every_code().iter().any(|known| known.code == "omh:blood-glucose:1.0"));
}
