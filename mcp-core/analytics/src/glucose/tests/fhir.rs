//! The report as FHIR.

use serde_json::{Value, json};

use super::*;

fn exported(readings: &[Glucose], terms: &Terms<'_>) -> Value {
    let mut next = 0;
    bundle(&report(readings, terms), "Patient/40001", || {
        next += 1;
        format!("urn:uuid:{next}")
    })
}

fn whole(unit: Unit, population: Population) -> Value {
    let clock = berlin();
    let window = Some(days("2026-10-21", "2026-11-03"));
    exported(&fortnight(unit), &Terms { window, population, ..terms(&clock) })
}

/// The resource of a LOINC code.
fn coded<'a>(bundle: &'a Value, code: &str) -> &'a Value {
    let entries = bundle["entry"].as_array().unwrap();
    let is_it = |entry: &&Value| entry["resource"]["code"]["coding"][0]["code"] == code;
    &entries.iter().find(is_it).unwrap()["resource"]
}

#[test]
fn a_summary_refers_to_its_members_and_all_are_final_and_of_the_subject_and_period() {
    let bundle = whole(MG, Population::Type1Type2);
    assert_eq!(
        (&bundle["resourceType"], &bundle["type"]),
        (&json!("Bundle"), &json!("collection"))
    );
    let entries = bundle["entry"].as_array().unwrap();
    assert_eq!(entries.len(), 7);
    let members: Vec<&Value> = entries[1..].iter().map(|entry| &entry["fullUrl"]).collect();
    let referred: Vec<&Value> = entries[0]["resource"]["hasMember"]
        .as_array()
        .unwrap()
        .iter()
        .map(|member| &member["reference"])
        .collect();
    assert_eq!(members, referred);
    for entry in entries {
        let resource = &entry["resource"];
        assert_eq!(resource["status"], "final");
        assert_eq!(resource["subject"], json!({"reference": "Patient/40001"}));
        assert_eq!(
            resource["effectivePeriod"],
            json!({"start": "2026-10-21", "end": "2026-11-03"})
        );
        assert_eq!(resource["code"]["coding"][0]["system"], "http://loinc.org");
        assert!(resource["meta"]["profile"][0].as_str().unwrap().contains("/uv/cgm/"));
        assert!(resource.get("derivedFrom").is_none());
    }
}

#[test]
fn each_figure_has_its_code_and_its_ucum_unit() {
    let bundle = whole(MG, Population::Type1Type2);
    let expected = [
        ("97507-8", json!(156.2), "mg/dL"),
        ("97506-0", json!(7), "%"),
        ("104638-2", json!(36.1), "%"),
        ("104636-6", json!(14), "d"),
        ("104637-4", json!(98.4), "%"),
    ];
    for (code, value, unit) in expected {
        let quantity = &coded(&bundle, code)["valueQuantity"];
        assert_eq!(quantity["value"], value, "{code}");
        assert_eq!(quantity["code"], unit, "{code}");
        assert_eq!(quantity["system"], "http://unitsofmeasure.org");
    }
    let moles = whole(MMOL, Population::Type1Type2);
    let quantity = &coded(&moles, "105273-7")["valueQuantity"];
    assert_eq!((&quantity["value"], &quantity["code"]), (&json!(8.64), &json!("mmol/L")));
}

#[test]
fn shares_have_two_decimals_and_add_up_to_100() {
    let bundle = whole(MG, Population::Type1Type2);
    let components = coded(&bundle, "106793-3")["component"].as_array().unwrap().clone();
    let shown: Vec<(&str, String)> = components
        .iter()
        .map(|component| {
            let code = component["code"]["coding"][0]["code"].as_str().unwrap();
            (code, component["valueQuantity"]["value"].to_string())
        })
        .collect();
    // 15, 54, 775, 432 and 51 of 1,327.
    let expected = [
        ("104642-4", "1.13"),
        ("104641-6", "4.07"),
        ("97510-2", "58.40"),
        ("104640-8", "32.56"),
        ("104639-0", "3.84"),
    ];
    assert_eq!(shown, expected.map(|(code, value)| (code, value.to_owned())));
}

#[test]
fn what_has_not_all_parts_of_a_profile_does_not_claim_it() {
    let pregnant = whole(MG, Population::PregnancyType1);
    assert_eq!(coded(&pregnant, "106793-3")["component"].as_array().unwrap().len(), 4);
    assert_eq!(coded(&pregnant, "106793-3").get("meta"), None);
    assert_eq!(coded(&pregnant, "107931-8").get("meta"), None);
    assert!(coded(&pregnant, "97506-0").get("meta").is_some());

    let clock = Clock::utc();
    let one = exported(&every(5, &[100.0]), &terms(&clock));
    assert_eq!(one["entry"].as_array().unwrap().len(), 5, "no spread, no share of time active");
    assert_eq!(coded(&one, "107931-8").get("meta"), None);
}
