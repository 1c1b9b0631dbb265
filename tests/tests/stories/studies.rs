//! Studies, consents, sources and counts, as each kind of user sees them; and codes that an operator
//! adds while everything runs.

use anyhow::{Context as _, Result};
use serde_json::{Value, json};
use testbed::TestBed;
use testbed::exchange::Endpoint;
use testbed::login::Login;
use testbed::mcp::{Era, Mcp};

use crate::tools::Caller;

async fn caller(bed: &TestBed, person: &str) -> Result<Caller> {
    Caller::of(bed, person, Era::Modern).await
}

/// The refusal of each of these calls, which must not have led to a question about data.
async fn refused(who: &Caller, calls: &[(&str, Value)]) -> Result<Vec<String>> {
    let mut sentences = Vec::new();
    for (tool, arguments) in calls {
        let answer = who.call(tool, arguments.clone()).await?;
        let sentence = answer.tool_error().with_context(|| format!("{tool}: {}", answer.body))?;
        sentences.push(sentence.to_owned());
    }
    Ok(sentences)
}

#[tokio::test]
async fn the_members_of_a_study_are_walked_by_the_cursor_to_the_last() -> Result<()> {
    let bed = TestBed::start().await?;
    let mary = caller(&bed, "manager_mary").await?;
    let mut arguments = json!({"study_id": 30006, "limit": 7});
    let mut ids = Vec::new();
    for _ in 0..9 {
        let page = mary.content("study_members", arguments.clone()).await?;
        assert_eq!(page["total"], 20);
        let members = page["members"].as_array().context("members")?;
        ids.extend(members.iter().map(|member| member["patient_id"].as_str().unwrap().to_owned()));
        let Some(cursor) = page.get("cursor") else { break };
        arguments["cursor"] = cursor.clone();
    }
    let expected: Vec<String> = (40006..=40025).map(|id: u32| id.to_string()).collect();
    assert_eq!(ids, expected);
    Ok(())
}

#[tokio::test]
async fn counts_by_patient_agree_with_the_total_of_every_study() -> Result<()> {
    let bed = TestBed::start().await?;
    let mary = caller(&bed, "manager_mary").await?;
    for (study, total, patients) in [(30001, 5, 2), (30006, 45_300, 20)] {
        let counted = mary.content("observation_count", json!({"study_id": study})).await?;
        assert_eq!((&counted["count"], &counted["adds_up"]), (&json!(total), &json!(true)));
        let rows = counted["patients"].as_array().context("patients")?;
        let sum: u64 = rows.iter().filter_map(|row| row["count"].as_u64()).sum();
        assert_eq!((sum, rows.len()), (total, patients), "{counted}");
        let whole = mary.content("count_study_observations", json!({"study_id": study})).await?;
        assert_eq!(whole["count"], total);
    }
    let ids = json!({"patient_ids": [40006, 40007], "data_type": "heart-rate"});
    let counted = mary.content("observation_count", ids).await?;
    let undated: Vec<&Value> =
        counted["patients"].as_array().unwrap().iter().map(|row| &row["undated"]).collect();
    assert_eq!(counted["count"], 74 + 82, "{counted}");
    assert_eq!(undated, [&json!(0), &json!(82)], "apart, by patient");
    Ok(())
}

#[tokio::test]
async fn a_code_that_an_operator_adds_works_in_every_tool_at_once() -> Result<()> {
    let bed = TestBed::start().await?;
    let mary = caller(&bed, "manager_mary").await?;
    let before = mary.content("list_data_types", json!({})).await?;
    assert_eq!(before["data_types"].as_array().unwrap().len(), 15);
    assert_eq!(before["other_codes"][0]["code"], "QuestionnaireResponse");
    let ask = |kind: &str| json!({"patient_id": 40001, "data_type": kind});
    refused(&mary, &[("get_patient_observations", ask("food-entry"))]).await?;
    bed.exchange.grow();
    let food = mary.content("get_patient_observations", ask("food-entry")).await?;
    assert_eq!((&food["total"], &food["imported"]), (&json!(4), &json!(3)), "{food}");
    for row in food["observations"].as_array().unwrap() {
        assert_eq!((&row["unit"], row["value"].is_number()), (&json!("kcal"), true), "{row}");
        assert_eq!((&row["patient_id"], &row["type"]), (&json!("40001"), &json!("Food entry")));
    }
    let mut mood = ask("local:mood:0.1");
    mood["verbosity"] = json!("full");
    let mood = mary.content("get_patient_observations", mood).await?;
    assert_eq!(mood["observations"][0]["omh_body"]["mood"], "calm", "{mood}");
    let after = mary.content("list_data_types", json!({})).await?;
    let kinds = after["data_types"].as_array().unwrap();
    let food = kinds.iter().find(|kind| kind["data_type"] == "food-entry").context("food-entry")?;
    assert_eq!(food["has_named_values"], false);
    Ok(())
}

#[tokio::test]
async fn counts_summary_and_range_hold_both_stores() -> Result<()> {
    let bed = TestBed::start().await?;
    bed.exchange.grow();
    let mary = caller(&bed, "manager_mary").await?;
    let who = json!({"patient_id": 40001});
    let count = mary.content("count_patient_observations", who.clone()).await?;
    assert_eq!((&count["count"], &count["imported"]), (&json!(7), &json!(3)), "{count}");
    let summary = mary.content("summarize_patient_observations", who.clone()).await?;
    assert_eq!((&summary["count"], &summary["imported"]), (&json!(7), &json!(3)), "{summary}");
    assert_eq!(summary["types"]["Food entry"]["count"], 4);
    assert_eq!(summary["types"]["Food entry"]["earliest"], "2026-11-10T12:00:00Z");
    let range = mary.content("get_patient_date_range", who.clone()).await?;
    assert_eq!((&range["count"], &range["earliest"]), (&json!(7), &json!("2026-11-10T12:00:00Z")));
    let window = json!({"patient_id": 40001, "start": "2026-11-10", "end": "2026-11-10"});
    let day = mary.content("count_patient_observations", window).await?;
    assert_eq!((&day["count"], &day["status"]), (&json!(2), &json!("ok")), "by instants: {day}");
    let counted = mary.content("observation_count", json!({"patient_ids": [40001, 40002]})).await?;
    assert_eq!((&counted["count"], &counted["imported"]), (&json!(10), &json!(3)), "{counted}");
    Ok(())
}

#[tokio::test]
async fn consents_and_sources_are_told_as_the_exchange_records_them() -> Result<()> {
    let bed = TestBed::start().await?;
    let mary = caller(&bed, "manager_mary").await?;
    let consents = mary.content("get_patient_consents", json!({"patient_id": 40001})).await?;
    let studies = consents["studies"].as_array().context("studies")?;
    let decisions = |study: &Value| -> Vec<String> {
        let scopes = study["scopes"].as_array().unwrap().iter();
        scopes.map(|scope| scope["decision"].as_str().unwrap().to_owned()).collect()
    };
    assert_eq!(decisions(&studies[0]), ["consented"; 3]);
    assert_eq!(decisions(&studies[1]), ["pending"; 2]);
    let study = mary.content("list_data_sources", json!({"study_id": 30006})).await?;
    let names: Vec<&Value> =
        study["data_sources"].as_array().unwrap().iter().map(|one| &one["name"]).collect();
    assert_eq!(names, ["Dexcom", "Oura"]);
    let all = mary.content("list_data_sources", json!({})).await?;
    assert_eq!((&all["returned"], &all["status"]), (&json!(4), &json!("partial")));
    for seen in bed.exchange.log().to(Endpoint::Rest) {
        let query = seen.query.unwrap_or_default();
        assert!(!seen.path.ends_with("/consents") || query.is_empty(), "{}?{query}", seen.path);
    }
    Ok(())
}

#[tokio::test]
async fn a_patient_user_sees_themself_and_asks_about_nobody_else() -> Result<()> {
    let bed = TestBed::start().await?;
    let peter = caller(&bed, "ll_patient_peter").await?;
    let who = peter.content("who_am_i", json!({})).await?;
    assert_eq!((&who["kind"], &who["patient_id"]), (&json!("patient"), &json!("40001")));
    assert_eq!(who["visible"]["studies"], 2);
    let members = peter.content("study_members", json!({"study_id": 30001})).await?;
    assert_eq!(members["members"][0]["patient_id"], "40001");
    assert_eq!((&members["returned"], &members["status"]), (&json!(1), &json!("partial")));
    let own = peter.content("get_patient_consents", json!({"patient_id": 40001})).await?;
    assert_eq!(own["studies"].as_array().unwrap().len(), 2);
    let own = peter.content("observation_count", json!({"patient_ids": [40001]})).await?;
    assert_eq!(own["count"], 2);
    let own = peter.content("list_data_sources", json!({"study_id": 30001})).await?;
    assert_eq!(own["returned"], 2);
    bed.exchange.log().clear();
    let others = [
        ("get_patient_consents", json!({"patient_id": 40002})),
        ("list_data_sources", json!({"patient_id": 40002})),
        ("observation_count", json!({"patient_ids": [40001, 40002]})),
        ("observation_count", json!({"study_id": 30001})),
        ("study_members", json!({"study_id": 30006})),
    ];
    for sentence in refused(&peter, &others).await? {
        let is_told = sentence.contains("not found or not authorized")
            || sentence.contains("signed in as a patient");
        assert!(is_told, "{sentence}");
    }
    for seen in bed.exchange.log().all() {
        let asks = seen.path.contains("Observation") || seen.path.contains("consents");
        assert!(!asks, "no data call: {}", seen.path);
    }
    Ok(())
}

#[tokio::test]
async fn an_administrator_without_membership_sees_nothing_and_is_told_so() -> Result<()> {
    let bed = TestBed::start().await?;
    let admin = caller(&bed, "admin").await?;
    let who = admin.content("who_am_i", json!({})).await?;
    assert_eq!(who["kind"], "administrator_without_membership");
    let nothing =
        json!({"studies": 0, "patients": 0, "observations": 0, "imported_observations": 0});
    assert_eq!((&who["visible"], &who["organizations"]), (&nothing, &json!([])));
    let hidden = hidden_from(&admin).await?;
    assert!(hidden.iter().all(|one| one.contains("not found or not authorized")), "{hidden:?}");
    Ok(())
}

/// What somebody is told who has nothing to do with study 30001 and its patients.
async fn hidden_from(who: &Caller) -> Result<Vec<String>> {
    let counted = who.content("observation_count", json!({"patient_ids": [40001]})).await?;
    assert_eq!(counted.pointer("/patients/0/count"), Some(&Value::Null), "{counted}");
    assert_eq!(counted.get("status"), Some(&json!("unknown")));
    let calls = [
        ("study_members", json!({"study_id": 30001})),
        ("observation_count", json!({"study_id": 30001})),
        ("get_patient_consents", json!({"patient_id": 40001})),
        ("list_data_sources", json!({"patient_id": 40001})),
        ("list_data_sources", json!({"study_id": 30001})),
    ];
    refused(who, &calls).await
}

#[tokio::test]
async fn a_practitioner_of_another_organization_is_told_the_same_as_of_what_is_not_there()
-> Result<()> {
    let bed = TestBed::start().await?;
    let mark = caller(&bed, "manager_mark").await?;
    let who = mark.content("who_am_i", json!({})).await?;
    assert_eq!((&who["kind"], &who["visible"]["patients"]), (&json!("practitioner"), &json!(2)));
    let missing = [
        ("study_members", json!({"study_id": 39999})),
        ("observation_count", json!({"study_id": 39999})),
        ("get_patient_consents", json!({"patient_id": 49999})),
        ("list_data_sources", json!({"patient_id": 49999})),
        ("list_data_sources", json!({"study_id": 39999})),
    ];
    assert_eq!(hidden_from(&mark).await?, refused(&mark, &missing).await?);
    Ok(())
}

#[tokio::test]
async fn who_am_i_names_the_tools_that_the_grant_opens_and_needs_none() -> Result<()> {
    let bed = TestBed::start().await?;
    let login = Login::register(&bed).await?;
    let mcp = Mcp::of(&bed, Era::Modern);
    for scope in ["user/Group.rs", "user/Patient.s"] {
        let held = login.log_in_for("manager_mary", scope).await?;
        let answer = mcp.call(&held.access, "who_am_i", json!({})).await?;
        let who = answer.content()?;
        let listed = mcp.tools(&held.access).await?;
        let listed: Vec<&Value> = listed.iter().map(|tool| &tool["name"]).collect();
        let named: Vec<&Value> = who["tools"].as_array().context("tools")?.iter().collect();
        assert_eq!(named, listed, "{scope}");
        assert_eq!(who["scope"], scope);
        assert!(!who.to_string().contains('@'), "no address: {who}");
        assert_eq!(who["visible"].get("patients"), None, "{scope} does not cover that");
    }
    Ok(())
}
