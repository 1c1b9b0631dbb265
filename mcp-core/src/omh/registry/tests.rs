//! The registry is sound, and each way to make it unsound is found.

use std::collections::HashSet;

use super::read::parse;
use super::*;

#[test]
fn the_registry_has_no_mistakes() {
    let read = parse(include_str!("registry.yaml")).unwrap();
    assert_eq!(read.as_slice(), DataType::all());
    assert!(read.len() > 50, "{}", read.len());
}

#[test]
fn a_type_is_found_by_short_name_by_any_full_code_and_by_system_with_code() {
    for known in DataType::all() {
        assert_eq!(DataType::by_name(&known.short_name).unwrap().short_name, known.short_name);
        assert_eq!(known.codes().next().unwrap(), known.code);
        for code in known.codes() {
            assert_eq!(DataType::by_name(&code), Some(known));
            assert_eq!(DataType::by_code(known.system, &code), Some(known));
        }
    }
}

#[test]
fn names_match_exactly_or_not_at_all() {
    for unknown in ["", "heart", "Heart-Rate", "omh:heart-rate", "omh:heart-rate:9.0", "header"] {
        assert_eq!(DataType::by_name(unknown), None, "{unknown:?}");
    }
    assert_eq!(DataType::by_code(IEEE_1752, "omh:heart-rate:2.0"), None);
    assert_eq!(DataType::by_code("", "omh:heart-rate:2.0"), None);
}

#[test]
fn ieee_codes_and_only_they_have_the_ieee_system() {
    for known in DataType::all() {
        assert_eq!(known.id.starts_with("ieee:"), known.system == IEEE_1752, "{}", known.id);
    }
}

#[test]
fn of_two_types_with_one_short_name_the_shipped_one_then_the_standard_comes_first() {
    for (name, id) in [
        ("physical-activity", "omh:physical-activity"),
        ("sleep-episode", "omh:sleep-episode"),
        ("total-sleep-time", "ieee:total-sleep-time"),
        ("ambient-temperature", "ieee:ambient-temperature"),
        ("body-height", "omh:body-height"),
    ] {
        assert_eq!(DataType::by_name(name).unwrap().id, id);
    }
}

#[test]
fn the_exchange_ships_fifteen_types() {
    let shipped: HashSet<_> = DataType::shipped().map(|known| known.code.as_str()).collect();
    assert_eq!(shipped.len(), 15);
    for code in ["omh:step-count:3.0", "ieee:sleep-stage-summary:1.0", "omh:sleep-duration:2.0"] {
        assert!(shipped.contains(code), "{code}");
    }
    assert!(!shipped.contains("local:heart-rate-variability:1.0"));
}

#[test]
fn one_measure_is_found_under_all_the_ids_that_it_was_and_is_written_under() {
    let kin =
        |name| DataType::kin(name).into_iter().map(|known| known.id.as_str()).collect::<Vec<_>>();
    let sleep = ["omh:sleep-duration", "ieee:total-sleep-time", "omh:total-sleep-time"];
    assert_eq!(kin("sleep-duration"), sleep);
    assert_eq!(kin("total-sleep-time"), sleep);
    assert_eq!(kin("sleep-episode"), ["omh:sleep-episode", "ieee:sleep-episode"]);
    assert_eq!(kin("heart-rate"), ["omh:heart-rate"]);
    assert_eq!(kin("unheard-of"), [""; 0]);
}

#[test]
fn steps_are_found_in_activities_but_activities_are_no_step_counts() {
    let kin =
        |name| DataType::kin(name).into_iter().map(|known| known.id.as_str()).collect::<Vec<_>>();
    let activity = ["omh:physical-activity", "ieee:physical-activity"];
    assert_eq!(kin("physical-activity"), activity);
    assert_eq!(kin("step-count"), ["omh:step-count", "ieee:physical-activity"]);
    assert_eq!(DataType::by_name("step-count").unwrap().successor().unwrap().id, activity[1]);
}

#[test]
fn a_unit_is_allowed_foreign_unknown_missing_or_rightly_absent() {
    let field = |name: &str, at: usize| &DataType::by_name(name).unwrap().fields[at];
    let weight = field("body-weight", 0);
    assert_eq!(weight.standing(Some("lb")).ucum(), Some("[lb_av]"));
    assert!(matches!(weight.standing(Some("mmHg")), Standing::Foreign(_)));
    assert_eq!(weight.standing(Some("stone")), Standing::Unknown);
    assert_eq!(weight.standing(None), Standing::Missing);
    assert_eq!(field("physical-activity", 2).standing(None), Standing::Bare);
    assert_eq!(field("step-count", 0).standing(None), Standing::Bare, "as in version 1.0");
    assert!(matches!(field("rr-interval", 0).standing(Some("sec")), Standing::Foreign(_)));
}

#[test]
fn every_mistake_is_found_and_none_hides_another() {
    let row = |more: &str| format!("- {{ id: 'omh:a', versions: ['1.0'], display: A, {more} }}\n");
    let fields = |fields: &str| row(&format!("fields: [{fields}]"));
    let b = "- { id: 'ieee:b', versions: ['1.0'], display: B, successor: 'omh:a' }\n";
    for (text, expected) in [
        ("- { id: 'hl7:a', versions: ['1.0'], display: A }".to_owned(), "namespace"),
        ("- { id: 'omh:A', versions: ['1.0'], display: A }".to_owned(), "namespace"),
        ("- { id: 'omh:a', versions: [], display: A }".to_owned(), "versions"),
        ("- { id: 'omh:a', versions: ['1'], display: A }".to_owned(), "versions"),
        ("- { id: 'omh:a', versions: ['01.0'], display: A }".to_owned(), "versions"),
        ("- { id: 'omh:a', versions: ['1.0', '2.0'], display: A }".to_owned(), "newest"),
        ("- { id: 'omh:a', versions: ['1.0', '1.0'], display: A }".to_owned(), "newest"),
        ("- { id: 'omh:a', versions: ['1.0'], display: ' ' }".to_owned(), "display"),
        (row("") + &row(""), "twice"),
        (row("") + "- { id: 'omh:b', versions: ['1.0'], display: A }", "display"),
        (row("successor: 'omh:b'"), "unknown"),
        (row("into: a"), "into"),
        (row("successor: 'ieee:b', into: c") + &b.replace(", successor: 'omh:a'", ""), "field"),
        (row("successor: 'ieee:b'") + b, "lead back"),
        (fields("{ at: 'A b', role: beside }"), "path"),
        (fields("{ at: a, role: beside }, { at: x.a, role: beside }"), "twice"),
        (fields("{ at: a, role: headline }, { at: b, role: headline }"), "headline"),
        (fields("{ at: a, role: headline, units: [stone] }"), "no unit"),
        (fields("{ at: a, role: headline, units: colour }"), "group"),
        (fields("{ at: a, role: headline, bare: true }"), "bare"),
        (fields("{ at: a, role: title }"), "title"),
        (row("colour: red"), "colour"),
    ] {
        let mistakes = parse(&text).unwrap_err();
        assert!(mistakes.iter().any(|mistake| mistake.contains(expected)), "{text}: {mistakes:?}");
    }
    let two = "- { id: 'omh:a', versions: ['1'], display: '', fields: [{ at: a, role: beside, units: [x] }] }";
    assert_eq!(parse(two).unwrap_err().len(), 3);
    assert!(parse("- {").is_err());
}
