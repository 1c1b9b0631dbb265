use serde_json::json;

use super::*;

fn patient() -> Value {
    json!({"resourceType": "Patient", "id": "1", "birthDate": "1984-07-11",
        "name": [{"family": "Müller-Lüdenscheidt", "given": ["Anna", "Maria"]},
                 {"use": "maiden", "family": "van der Berg"}],
        "identifier": [{"system": "urn:mrn", "value": "E12"}, {"value": "X9"}],
        "telecom": [{"system": "phone", "value": "+49 (170) 123-4567"},
                    {"system": "email", "value": "Anna@Example.com"}]})
}

fn grade(criterion: &Criterion) -> Grade {
    criterion.grade(&patient())
}

/// How a text becomes a criterion.
type Asked = fn(String) -> Criterion;

#[test]
fn a_name_agrees_whole_by_its_beginning_in_part_or_not() {
    let cases: [(Asked, &str, Grade); 12] = [
        (Criterion::Family, "muller-ludenscheidt", Grade::Exact),
        (Criterion::Family, "Mull", Grade::Prefix),
        (Criterion::Family, "Lüden", Grade::Partly),
        // A former name is a name.
        (Criterion::Family, "Van der Berg", Grade::Exact),
        (Criterion::Family, "Meier", Grade::No),
        (Criterion::Given, "anna maria", Grade::Exact),
        (Criterion::Given, "Maria", Grade::Exact),
        (Criterion::Given, "Ann", Grade::Prefix),
        (Criterion::Name, "Anna Berg", Grade::Exact),
        (Criterion::Name, "an mul", Grade::Prefix),
        (Criterion::Name, "Anna Meier", Grade::Partly),
        (Criterion::Name, "Otto Meier", Grade::No),
    ];
    for (criterion, text, expected) in cases {
        assert_eq!(grade(&criterion(text.to_owned())), expected, "{text}");
    }
}

#[test]
fn a_birth_date_agrees_as_far_as_both_go() {
    let born = |text: &str| grade(&Criterion::BirthDate(text.to_owned()));
    assert_eq!(born("1984-07-11"), Grade::Exact);
    assert_eq!(born("1984-07"), Grade::Prefix);
    assert_eq!(born("1984"), Grade::Prefix);
    assert_eq!(born("1984-07-12"), Grade::No);
    assert_eq!(born("198"), Grade::No);
    let asked = Criterion::BirthDate("1984-07-11".to_owned());
    assert_eq!(asked.grade(&json!({"birthDate": "1984"})), Grade::Partly);
    assert_eq!(asked.grade(&json!({})), Grade::NotRecorded);
}

#[test]
fn an_identifier_under_another_system_is_not_the_same() {
    let known = |system: Option<&str>, value: &str| {
        let system = system.map(str::to_owned);
        grade(&Criterion::Identifier { system, value: value.to_owned() })
    };
    assert_eq!(known(Some("urn:mrn"), "E12"), Grade::Exact);
    assert_eq!(known(None, "E12"), Grade::Exact);
    assert_eq!(known(Some("urn:other"), "E12"), Grade::Partly);
    assert_eq!(known(None, "e12"), Grade::Partly);
    assert_eq!(known(None, "E1"), Grade::No);
}

#[test]
fn telephone_numbers_agree_by_their_digits() {
    let phone = |text: &str| grade(&Criterion::Phone(text.to_owned()));
    assert_eq!(phone("+491701234567"), Grade::Exact);
    assert_eq!(phone("0170 1234567"), Grade::Partly);
    assert_eq!(phone("4567"), Grade::No);
    assert_eq!(phone("x"), Grade::No);
    assert_eq!(grade(&Criterion::Email("anna@example.com".to_owned())), Grade::Exact);
    assert_eq!(grade(&Criterion::Email("ann@example.com".to_owned())), Grade::No);
}

#[test]
fn what_contradicts_nothing_comes_first_then_what_agrees_in_most() {
    let of = |grades: &[(&'static str, Grade)]| grades.iter().copied().collect::<Basis>();
    let ordered = [
        of(&[("family", Grade::Exact), ("birthdate", Grade::Exact)]),
        of(&[("family", Grade::Exact), ("birthdate", Grade::Prefix)]),
        of(&[("family", Grade::Exact), ("birthdate", Grade::NotRecorded)]),
        of(&[("family", Grade::Prefix), ("birthdate", Grade::Partly)]),
        of(&[("family", Grade::Exact), ("birthdate", Grade::No)]),
    ];
    assert!(ordered.is_sorted_by_key(strength));
    assert!(strength(&ordered[0]) < strength(&ordered[4]));
}
