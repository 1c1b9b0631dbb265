//! Whole records of people, as a practitioner and as a patient see them, through gateway and core.

use anyhow::{Context as _, Result};
use serde_json::{Value, json};
use testbed::TestBed;
use testbed::exchange::{Endpoint, Fault};
use testbed::mcp::Era;

use crate::tools::Caller;

fn section(overview: &Value, name: &str) -> Result<Value> {
    let sections = overview["sections"].as_array().context("sections")?;
    let found = sections.iter().find(|section| section["section"] == name);
    found.cloned().with_context(|| name.to_owned())
}

fn resources(answer: &Value) -> Result<Vec<&str>> {
    let hits = answer["hits"].as_array().context("hits")?;
    Ok(hits.iter().filter_map(|hit| hit["resource"].as_str()).collect())
}

#[tokio::test]
async fn a_person_is_found_as_a_candidate_with_what_it_rests_on() -> Result<()> {
    let bed = TestBed::start().await?;
    let mary = Caller::of(&bed, "manager_mary", Era::Modern).await?;
    let asked = json!({"name": "nguyen may", "birthdate": "1984-07", "phone": "0000000"});
    let found = mary.content("find_patient", asked).await?;
    assert_eq!(found["candidates"][0]["patient_id"], "40006");
    let basis = &found["candidates"][0]["basis"];
    assert_eq!((&basis["name"], &basis["birthdate"]), (&json!("exact"), &json!("prefix")));
    assert_eq!(found["not_searched"], json!(["phone"]), "the Exchange knows no such parameter");
    assert_eq!(found["status"], "partial");
    // The Exchange looks at the value of an identifier only; the record tells its system.
    let identified = |system: &str| json!({"identifier": format!("{system}|E1234")});
    for (system, grade) in [("urn:oid:1.2.3.4", "exact"), ("urn:oid:9", "partly")] {
        let found = mary.content("find_patient", identified(system)).await?;
        assert_eq!(found["candidates"][0]["basis"]["identifier"], grade, "{system}");
    }
    let several = mary.content("find_patient", json!({"birthdate": "19", "name": "l"})).await;
    assert!(several.is_err(), "19 is no date");
    let several = mary.content("find_patient", json!({"name": "l", "limit": 1})).await?;
    assert_eq!(several["returned"], 1);
    assert!(several["more"].as_u64().context("more")? > 0);
    Ok(())
}

#[tokio::test]
async fn an_overview_has_each_section_that_the_exchange_serves_and_says_of_which_it_knows_nothing()
-> Result<()> {
    let bed = TestBed::start().await?;
    let mary = Caller::of(&bed, "manager_mary", Era::Modern).await?;
    let overview = mary.content("patient_overview", json!({"patient_id": 40001})).await?;
    assert_eq!(overview["patient"]["family_name"], "Daugherty");
    for (name, status, total) in [
        ("observations", "ok", json!(2)),
        ("imported_observations", "ok", json!(0)),
        ("questionnaires", "ok", json!(3)),
        ("allergies", "ok", json!(0)),
        ("vital_signs", "ok", json!(0)),
        ("consents", "not_supported", json!(null)),
        ("devices", "not_supported", json!(null)),
    ] {
        let section = section(&overview, name)?;
        assert_eq!((&section["status"], &section["total"]), (&json!(status), &total), "{name}");
    }
    let allergies = section(&overview, "allergies")?;
    assert!(allergies["says"].as_str().context("says")?.contains("not a finding"));
    let unknown = overview["nothing_known_of"].as_array().context("unknown")?;
    assert!(unknown.contains(&json!("consents")) && !unknown.contains(&json!("allergies")));
    let observations = section(&overview, "observations")?;
    let values: Vec<&str> = observations["entries"]
        .as_array()
        .context("entries")?
        .iter()
        .filter_map(|entry| entry["value"].as_str())
        .collect();
    let is_pressure = |value: &&str| {
        value.contains("systolic_blood_pressure") && value.contains("diastolic_blood_pressure")
    };
    assert!(values.iter().any(is_pressure), "{values:?}");
    let newest = section(&overview, "questionnaires")?["entries"][0]["date"].clone();
    assert_eq!(newest, "2025-10-03");
    Ok(())
}

#[tokio::test]
async fn in_an_outage_there_is_no_overview_rather_than_an_empty_one() -> Result<()> {
    let bed = TestBed::start().await?;
    let mary = Caller::of(&bed, "manager_mary", Era::Modern).await?;
    mary.content("patient_overview", json!({"patient_id": 40001})).await?;
    bed.exchange.fault(Endpoint::Fhir, Fault::Status(500));
    for (tool, arguments) in [
        ("patient_overview", json!({"patient_id": 40001})),
        ("record_grep", json!({"patient_id": 40001, "find": ["cough"]})),
        ("find_patient", json!({"family": "Daugherty"})),
    ] {
        let refused = mary.call(tool, arguments).await?;
        let sentence = refused.tool_error().with_context(|| tool.to_owned())?;
        assert!(sentence.starts_with("unknown: "), "{tool}: {sentence}");
    }
    Ok(())
}

#[tokio::test]
async fn words_are_found_in_questionnaires_and_in_open_mhealth_bodies() -> Result<()> {
    let bed = TestBed::start().await?;
    let mary = Caller::of(&bed, "manager_mary", Era::Modern).await?;
    let ask = async |find: &str| {
        mary.content("record_grep", json!({"patient_id": 40001, "find": [find]})).await
    };
    let cough = ask("COUGH").await?;
    assert_eq!((&cough["status"], &cough["returned"]), (&json!("ok"), &json!(3)), "{cough}");
    assert!(resources(&cough)?.iter().all(|one| one.starts_with("QuestionnaireResponse/")));
    let pressure = ask("mmhg").await?;
    assert_eq!(resources(&pressure)?, ["Observation/60003"]);
    let snippet = &pressure["hits"][0]["snippets"][0];
    assert!(snippet["path"].as_str().context("path")?.starts_with("valueAttachment.data:body"));
    assert_eq!(snippet["text"], "⟦mmHg⟧");
    Ok(())
}

#[tokio::test]
async fn a_record_that_is_larger_than_one_call_is_read_to_its_end_by_the_cursor() -> Result<()> {
    let bed = TestBed::start().await?;
    let mary = Caller::of(&bed, "manager_mary", Era::Modern).await?;
    let (mut searched, mut calls, mut cursor) = (0, 0, Value::Null);
    loop {
        let arguments = json!({"patient_id": 40007, "find": ["no such words"], "cursor": cursor});
        let answer = mary.content("record_grep", arguments).await?;
        searched += answer["searched"].as_u64().context("searched")?;
        calls += 1;
        cursor = answer["cursor"].clone();
        if cursor.is_null() {
            assert_eq!(answer["status"], "ok", "{answer}");
            break;
        }
        assert_eq!(answer["status"], "partial");
        assert!(calls < 5, "{answer}");
    }
    assert!(calls > 1, "it is larger than one call");
    assert_eq!(searched, 2_002, "all observations, and the patient");
    Ok(())
}

#[tokio::test]
async fn a_patient_has_their_own_record_and_nobody_elses() -> Result<()> {
    let bed = TestBed::start().await?;
    let peter = Caller::of(&bed, "ll_patient_peter", Era::Modern).await?;
    let overview = peter.content("patient_overview", json!({"patient_id": 40001})).await?;
    assert_eq!(section(&overview, "observations")?["total"], 2);
    assert_eq!(section(&overview, "questionnaires")?["total"], 3);
    let own = json!({"patient_id": 40001, "find": ["cough"]});
    assert_eq!(peter.content("record_grep", own).await?["returned"], 3);
    let found = peter.content("find_patient", json!({"birthdate": "1995"})).await?;
    assert_eq!((&found["returned"], &found["total"]), (&json!(1), &json!(1)));
    bed.exchange.log().clear();
    for (tool, arguments) in [
        ("patient_overview", json!({"patient_id": 40002})),
        ("record_grep", json!({"patient_id": 40002, "find": ["cough"]})),
    ] {
        let refused = peter.call(tool, arguments).await?;
        let sentence = refused.tool_error().with_context(|| tool.to_owned())?;
        assert!(sentence.contains("not found or not authorized"), "{tool}: {sentence}");
    }
    let asked = bed.exchange.log().to(Endpoint::Fhir);
    assert!(asked.iter().all(|seen| seen.path.ends_with("/Patient")), "no data call: {asked:?}");
    Ok(())
}

#[tokio::test]
async fn a_practitioner_elsewhere_learns_nothing_of_a_record() -> Result<()> {
    let bed = TestBed::start().await?;
    let megan = Caller::of(&bed, "member_megan", Era::Modern).await?;
    for patient in [40005, 49999] {
        for (tool, arguments) in [
            ("patient_overview", json!({"patient_id": patient})),
            ("record_grep", json!({"patient_id": patient, "find": ["glucose"]})),
        ] {
            let refused = megan.call(tool, arguments).await?;
            let sentence = refused.tool_error().with_context(|| tool.to_owned())?;
            assert!(sentence.contains("not found or not authorized"), "{tool}: {sentence}");
        }
    }
    Ok(())
}
