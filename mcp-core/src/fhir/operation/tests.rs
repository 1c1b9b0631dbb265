use super::*;

fn row(name: &str, on: &str) -> &'static Row {
    GENERAL.iter().find(|row| row.name == name && row.on.is_none_or(|kind| kind == on)).unwrap()
}

fn kind(name: &str) -> Option<ResourceType> {
    ResourceType::parse(name)
}

fn id(text: &str) -> Option<ResourceId> {
    ResourceId::parse(text)
}

fn values(texts: &[&str]) -> Vec<String> {
    texts.iter().map(|text| (*text).to_owned()).collect()
}

fn sent(invocation: &Invocation) -> Vec<(&'static str, &str)> {
    invocation.pairs().collect()
}

fn refusal(result: Result<Invocation, String>) -> String {
    result.err().expect("a refusal")
}

#[test]
fn nothing_in_the_table_stores_starts_work_or_takes_a_query() {
    // Those of FHIR R4 and R5 whose `affectsState` is false, without those that need a body.
    let read_only = [
        "everything",
        "lastn",
        "summary",
        "document",
        "meta",
        "find",
        "subsumes",
        "lookup",
        "expand",
        "validate-code",
        "translate",
    ];
    for row in all() {
        assert!(read_only.contains(&row.name), "{}", row.name);
        for parameter in row.parameters {
            let never = ["persist", "graph", "query", "resource", "on-demand", "_outputFormat"];
            assert!(!never.contains(&parameter.name), "{} {}", row.name, parameter.name);
        }
        assert!(row.fixed.iter().all(|pair| *pair == ("persist", "false")), "{}", row.name);
    }
}

#[test]
fn a_document_is_never_stored() {
    let on = (kind("Composition"), id("c-1"));
    let document = Invocation::new(row("document", "Composition"), on.clone(), &[]).unwrap();
    assert_eq!(sent(&document), [("persist", "false")]);
    let persist = [("persist", values(&["true"]))];
    let refused = refusal(Invocation::new(row("document", "Composition"), on, &persist));
    assert!(refused.contains("takes no persist"), "{refused}");
}

#[test]
fn an_operation_works_where_the_table_says_and_nowhere_else() {
    let everything = row("everything", "Patient");
    let new = |row, kind, id| Invocation::new(row, (kind, id), &[]);
    assert!(new(everything, kind("Patient"), id("p-1")).is_ok());
    // With one type in the row, the id alone says enough.
    assert!(new(everything, None, id("p-1")).is_ok());
    // On the type it would be about everybody.
    assert!(new(everything, kind("Patient"), None).is_err());
    assert!(new(everything, None, None).is_err());
    assert!(new(everything, kind("Observation"), id("p-1")).is_err());
    let meta = row("meta", "Patient");
    assert!(new(meta, None, None).is_ok());
    assert!(new(meta, kind("Condition"), id("c-1")).is_ok());
    let refused = refusal(new(meta, None, id("c-1")));
    assert!(refused.contains("type, id"), "{refused}");
}

#[test]
fn e02_a_parameter_is_one_of_the_row_and_its_value_is_of_its_kind() {
    let on = || (kind("Patient"), id("p-1"));
    let everything = row("everything", "Patient");
    let with =
        |name: &str, texts: &[&str]| Invocation::new(everything, on(), &[(name, values(texts))]);
    let right = with("_type", &["Observation", "Condition"]).unwrap();
    assert_eq!(sent(&right), [("_type", "Observation,Condition")]);
    assert!(with("start", &["2026-04"]).is_ok());
    assert!(with("_since", &["2026-04-01T08:00:00Z"]).is_ok());
    for (name, texts) in [
        ("_type", &["Observation&_count=9"][..]),
        ("_type", &["Observation,Condition"]),
        ("_type", &["observation"]),
        ("_type", &[]),
        ("start", &["2026-04-01&persist=true"]),
        ("start", &["yesterday"]),
        ("start", &["2026-04-01T08:00:00Z"]),
        ("start", &["2026", "2027"]),
        ("_since", &["2026-04-01"]),
        ("_count", &["9"]),
        ("_cursor", &["9"]),
        ("_format", &["xml"]),
        ("persist", &["true"]),
        ("start&persist", &["true"]),
        ("", &["1"]),
    ] {
        assert!(with(name, texts).is_err(), "{name} {texts:?}");
    }
    let twice = [("start", values(&["2026"])), ("start", values(&["2027"]))];
    assert!(refusal(Invocation::new(everything, on(), &twice)).contains("once"));
}

#[test]
fn last_readings_need_a_patient_and_escape_what_would_split_a_code() {
    let lastn = row("lastn", "Observation");
    let new = |parameters: &[(&str, Vec<String>)]| Invocation::new(lastn, (None, None), parameters);
    let refused = refusal(new(&[("code", values(&["8867-4"]))]));
    assert!(refused.contains("needs patient"), "{refused}");
    let asked = new(&[
        ("patient", values(&["Patient/p-1"])),
        ("code", values(&["http://loinc.org|8867-4", "a,b"])),
        ("max", values(&["3"])),
    ])
    .unwrap();
    let code = "http://loinc.org|8867-4,a\\,b";
    assert_eq!(sent(&asked), [("patient", "p-1"), ("code", code), ("max", "3")]);
    for (name, text) in [
        ("patient", "../p-1"),
        ("patient", "Patient/Patient/1"),
        ("patient", "p-1?x=1"),
        ("max", "0"),
        ("max", "101"),
        ("max", "+3"),
        ("max", "3 or 4"),
    ] {
        let mut parameters = vec![(name, values(&[text]))];
        if name != "patient" {
            parameters.push(("patient", values(&["p-1"])));
        }
        assert!(new(&parameters).is_err(), "{name} {text}");
    }
}

#[test]
fn each_release_of_fhir_has_its_own_names_for_a_translation() {
    let names = |row: &'static Row| {
        let names = row.parameters.iter().map(|one| one.name);
        names.filter(|name| !name.eq_ignore_ascii_case("version")).collect::<Vec<_>>()
    };
    let (r4, r5) = (names(&TRANSLATE_R4), names(&TRANSLATE_R5));
    assert_eq!(r4[..3], ["code", "system", "targetsystem"]);
    assert_eq!(r5[..3], ["sourceCode", "system", "targetSystem"]);
}

#[test]
fn several_properties_are_several_parameters() {
    let parameters = [
        ("code", values(&["a"])),
        ("system", values(&["http://loinc.org"])),
        ("property", values(&["parent", "child"])),
    ];
    let lookup = Invocation::new(&LOOKUP, (None, None), &parameters).unwrap();
    assert_eq!(sent(&lookup)[2..], [("property", "parent"), ("property", "child")]);
}
