use super::super::date::day;
use super::*;

fn exchange() -> Dialect {
    Dialect {
        study_parameter: "patient._has:Group:member:_id".to_owned(),
        identifiers: IdentifierFormat::AfterBar,
        updated_key: Some("_lastUpdated".to_owned()),
        tie_break: None,
    }
}

fn value(filter: &Filter) -> String {
    filter.value(&exchange()).into_owned()
}

#[test]
fn a_value_cannot_become_two() {
    assert_eq!(value(&Filter::Name("a,b".into())), "a\\,b");
    assert_eq!(value(&Filter::Identifier("x|y$z\\".into())), "|x\\|y\\$z\\\\");
}

#[test]
fn several_codings_are_or_and_none_of_them_can_become_two() {
    let of = |code: &str| ("https://x.test".to_owned(), code.to_owned());
    assert_eq!(
        value(&Filter::Codes(vec![of("a"), of("b,c")])),
        "https://x.test|a,https://x.test|b\\,c"
    );
}

#[test]
fn an_identifier_is_sent_as_the_backend_reads_it() {
    let identifier = Filter::Identifier("E1234".into());
    assert_eq!(value(&identifier), "|E1234");
    let plain = Dialect { identifiers: IdentifierFormat::Plain, ..exchange() };
    assert_eq!(identifier.value(&plain), "E1234");
}

#[test]
fn days_carry_only_prefixes_that_the_backend_takes() {
    let day = day("2026-11-10").unwrap();
    let on = |comparison| value(&Filter::Date(comparison, day));
    assert_eq!(on(Comparison::From), "ge2026-11-10");
    assert_eq!(on(Comparison::Until), "le2026-11-10");
    assert_eq!(on(Comparison::After), "gt2026-11-10");
    assert_eq!(on(Comparison::Before), "lt2026-11-10");
    assert_eq!(on(Comparison::On), "2026-11-10");
    assert_eq!(value(&Filter::dated()), "ge0001-01-01");
}

#[test]
fn a_study_goes_by_the_name_that_the_profile_gives() {
    let study = Filter::Study(StudyId::parse("30001").unwrap());
    assert_eq!(study.key(&exchange()), "patient._has:Group:member:_id");
    assert_eq!(value(&study), "30001");
}

#[test]
fn an_order_gets_its_tie_break_once() {
    let tied = Dialect { tie_break: Some("_id".to_owned()), ..exchange() };
    assert_eq!(Sort::Newest.value(&tied).as_deref(), Some("-date,_id"));
    assert_eq!(Sort::Keys(vec!["-_id".to_owned()]).value(&tied).as_deref(), Some("-_id"));
    assert_eq!(Sort::Newest.value(&exchange()).as_deref(), Some("-date"));
    let silent = Dialect { updated_key: None, ..exchange() };
    assert_eq!(Sort::Updated.value(&silent), None);
}
