//! The tools, as each kind of user sees them, through gateway and core.

use anyhow::{Context as _, Result};
use serde_json::{Value, json};
use testbed::TestBed;
use testbed::exchange::Endpoint;
use testbed::mcp::Era;

mod calls;

pub(crate) use calls::{Caller, NOT_SERVED, calls};

#[tokio::test]
async fn every_tool_answers_a_practitioner_in_both_eras_by_its_own_schema() -> Result<()> {
    let bed = TestBed::start().await?;
    for era in [Era::Modern, Era::Legacy] {
        let mary = Caller::of(&bed, "manager_mary", era).await?;
        let listed = mary.mcp.tools(&mary.token).await?;
        assert_eq!(listed.len(), calls().len());
        for (tool, arguments) in calls() {
            let described = listed.iter().find(|listed| listed["name"] == tool).context(tool)?;
            let whole = fhir_mcp_core::tools::find(tool).context(tool)?;
            let input = jsonschema::validator_for(&json!(whole.input_schema))?;
            assert!(input.is_valid(&arguments), "{tool} takes {arguments}");
            let content = mary.content(tool, arguments).await?;
            let output = jsonschema::validator_for(&described["outputSchema"])?;
            let mistakes: Vec<String> =
                output.iter_errors(&content).map(|mistake| mistake.to_string()).collect();
            assert!(mistakes.is_empty(), "{tool}: {mistakes:?}");
        }
    }
    Ok(())
}

#[tokio::test]
async fn every_tool_has_a_title_hints_and_described_parameters() -> Result<()> {
    let bed = TestBed::start().await?;
    let mary = Caller::of(&bed, "manager_mary", Era::Modern).await?;
    for tool in mary.mcp.tools(&mary.token).await? {
        let name = tool["name"].as_str().context("a name")?;
        assert!(tool["title"].is_string() && tool["description"].is_string(), "{name}");
        assert_eq!(tool["annotations"]["readOnlyHint"], true, "{name}");
        assert_eq!(tool["annotations"]["destructiveHint"], false, "{name}");
        assert_eq!(tool["inputSchema"]["additionalProperties"], false, "{name}");
        for (parameter, schema) in
            tool["inputSchema"]["properties"].as_object().into_iter().flatten()
        {
            assert!(schema["description"].is_string(), "{name}.{parameter}");
        }
    }
    Ok(())
}

#[tokio::test]
async fn the_tools_of_core_the_policy_and_these_stories_are_one_set() {
    let sorted = |mut names: Vec<String>| {
        names.sort();
        names
    };
    let catalogue = fhir_mcp_core::tools::catalogue().iter().map(|tool| tool.name.to_owned());
    let policy = authz::policy::Policy::builtin();
    let rows = policy.rows().map(|(tool, _)| tool.to_owned());
    let told = calls().into_iter().map(|(tool, _)| tool).chain(NOT_SERVED).map(str::to_owned);
    let catalogue = sorted(catalogue.collect());
    assert_eq!(catalogue, sorted(rows.collect()));
    assert_eq!(catalogue, sorted(told.collect()));
}

#[tokio::test]
async fn studies_patients_and_counts_are_those_of_the_exchange() -> Result<()> {
    let bed = TestBed::start().await?;
    let mary = Caller::of(&bed, "manager_mary", Era::Modern).await?;
    let studies = mary.content("list_studies", json!({})).await?;
    assert_eq!(studies["total"], 3);
    assert_eq!(studies["studies"][1]["study_id"], "30002", "in the order of their names");
    let patients = mary.content("list_study_patients", json!({"study_id": 30001})).await?;
    let ids: Vec<&Value> =
        patients["patients"].as_array().unwrap().iter().map(|p| &p["patient_id"]).collect();
    assert_eq!(ids, ["40001", "40002"]);
    let count = mary.content("count_study_observations", json!({"study_id": 30001})).await?;
    assert_eq!(count["count"], 5);
    let each = json!({"study_id": 30001, "by_patient": true});
    let each = mary.content("count_study_observations", each).await?;
    let sum: u64 = each["counts"].as_object().unwrap().values().filter_map(Value::as_u64).sum();
    assert_eq!(sum, 5, "the parts add up to the whole");
    let one = mary.content("count_patient_observations", json!({"patient_id": 40001})).await?;
    assert_eq!(one["count"], 2);
    Ok(())
}

#[tokio::test]
async fn a_blood_pressure_shows_both_numbers() -> Result<()> {
    let bed = TestBed::start().await?;
    let mary = Caller::of(&bed, "manager_mary", Era::Modern).await?;
    let arguments = json!({"patient_id": 40001, "data_type": "blood-pressure"});
    let answer = mary.content("get_patient_observations", arguments).await?;
    let measures = answer["observations"][0]["measures"].as_array().context("measures")?;
    let names: Vec<&str> = measures.iter().filter_map(|m| m["name"].as_str()).collect();
    assert!(names.contains(&"systolic_blood_pressure"), "{names:?}");
    assert!(names.contains(&"diastolic_blood_pressure"), "{names:?}");
    assert!(measures.iter().all(|m| m["value"].is_number() && m["unit"] == "mmHg"));
    Ok(())
}

#[tokio::test]
async fn a_window_over_undated_records_says_what_it_cannot_place() -> Result<()> {
    let bed = TestBed::start().await?;
    let mary = Caller::of(&bed, "manager_mary", Era::Modern).await?;
    let window = json!({"patient_id": 40007, "start": "2026-01-01", "end": "2026-12-31"});
    let undated = mary.content("count_patient_observations", window).await?;
    assert_eq!(undated["status"], "partial");
    assert_eq!(undated["undated"], 2001);
    let range = mary.content("get_patient_date_range", json!({"patient_id": 40007})).await?;
    assert_eq!(range["count"], 2001);
    assert_eq!(range["undated"], 2001);
    assert!(range["earliest"].is_string(), "read from the records themselves: {range}");
    let dated = json!({"patient_id": 40006, "start": "2026-01-01", "end": "2026-12-31"});
    let dated = mary.content("count_patient_observations", dated).await?;
    assert_eq!((&dated["status"], &dated["count"]), (&json!("ok"), &json!(1937)));
    Ok(())
}

#[tokio::test]
async fn a_page_past_the_end_is_empty_and_keeps_the_total() -> Result<()> {
    let bed = TestBed::start().await?;
    let mary = Caller::of(&bed, "manager_mary", Era::Modern).await?;
    let arguments = json!({"patient_id": 40001, "page": 9});
    let answer = mary.content("get_patient_observations", arguments).await?;
    assert_eq!(answer["returned"], 0);
    assert_eq!(answer["has_more"], false);
    assert_eq!(answer["total"], 2);
    Ok(())
}

#[tokio::test]
async fn a_patient_sees_their_own_data_and_is_told_nothing_of_others() -> Result<()> {
    let bed = TestBed::start().await?;
    let peter = Caller::of(&bed, "ll_patient_peter", Era::Modern).await?;
    let own = peter.content("count_patient_observations", json!({"patient_id": 40001})).await?;
    assert_eq!(own["count"], 2);
    assert_eq!(peter.content("get_study_count", json!({})).await?["count"], 2);
    bed.exchange.log().clear();
    for tool in [
        "get_patient_demographics",
        "get_patient_observations",
        "count_patient_observations",
        "summarize_patient_observations",
        "get_patient_date_range",
    ] {
        let refused = peter.call(tool, json!({"patient_id": 40002})).await?;
        let sentence = refused.tool_error().with_context(|| tool.to_owned())?;
        assert!(sentence.contains("not found or not authorized"), "{tool}: {sentence}");
    }
    let asked = bed.exchange.log().to(Endpoint::Fhir);
    assert!(asked.iter().all(|seen| !seen.path.contains("Observation")), "no data call: {asked:?}");
    Ok(())
}

#[tokio::test]
async fn what_is_foreign_and_what_is_missing_read_the_same() -> Result<()> {
    let bed = TestBed::start().await?;
    let megan = Caller::of(&bed, "member_megan", Era::Modern).await?;
    let sentence = |tool: &'static str, arguments: Value| {
        let megan = &megan;
        async move {
            let answer = megan.call(tool, arguments).await?;
            answer.tool_error().map(str::to_owned).with_context(|| answer.body.to_string())
        }
    };
    for (tool, foreign, missing) in [
        ("get_study_metadata", json!({"study_id": 30003}), json!({"study_id": 39999})),
        ("list_study_patients", json!({"study_id": 30003}), json!({"study_id": 39999})),
        ("count_study_observations", json!({"study_id": 30003}), json!({"study_id": 39999})),
        ("get_patient_demographics", json!({"patient_id": 40005}), json!({"patient_id": 49999})),
        ("count_patient_observations", json!({"patient_id": 40005}), json!({"patient_id": 49999})),
    ] {
        assert_eq!(sentence(tool, foreign).await?, sentence(tool, missing).await?, "{tool}");
    }
    Ok(())
}

#[tokio::test]
async fn bad_arguments_are_refused_by_name_before_the_backend_is_asked() -> Result<()> {
    let bed = TestBed::start().await?;
    let mary = Caller::of(&bed, "manager_mary", Era::Modern).await?;
    mary.call("list_studies", json!({})).await?;
    bed.exchange.log().clear();
    for (tool, arguments, named) in [
        ("get_patient_demographics", json!({"patient_id": "../studies"}), "patient_id"),
        ("get_patient_demographics", json!({"patient_id": "1?x=y"}), "patient_id"),
        ("get_patient_demographics", json!({"patient_id": 0}), "patient_id"),
        ("get_patient_demographics", json!({"patient_id": 40001, "admin": true}), "admin"),
        ("get_patient_demographics", json!({}), "patient_id"),
        ("get_study_metadata", json!({"study_id": "30001/patients"}), "study_id"),
        ("count_patient_observations", json!({"patient_id": 1, "start": "2026-W01"}), "start"),
        ("count_patient_observations", json!({"patient_id": 1, "end": "2026-02-30"}), "end"),
        (
            "count_patient_observations",
            json!({"patient_id": 1, "start": "2026-02-02", "end": "2026-02-01"}),
            "start",
        ),
        ("get_patient_observations", json!({"patient_id": 1, "order": "random"}), "order"),
        ("search_patients", json!({}), "name"),
    ] {
        let refused = mary.call(tool, arguments.clone()).await?;
        let sentence = refused.tool_error().with_context(|| format!("{tool} {arguments}"))?;
        assert!(sentence.contains(named), "{tool} {arguments}: {sentence}");
    }
    let log = bed.exchange.log();
    assert_eq!(log.count(Endpoint::Rest) + log.count(Endpoint::Fhir), 0);
    Ok(())
}

#[tokio::test]
async fn core_asks_the_backend_with_the_callers_own_token_and_nothing_in_urls() -> Result<()> {
    let bed = TestBed::start().await?;
    let mary = Caller::of(&bed, "manager_mary", Era::Modern).await?;
    bed.exchange.log().clear();
    for (tool, arguments) in calls() {
        mary.call(tool, arguments).await?;
    }
    for seen in bed.exchange.log().all() {
        let public = [Endpoint::Metadata, Endpoint::Discovery].contains(&seen.endpoint);
        let label = seen.token_label.unwrap_or_default();
        assert!(public || label.starts_with("manager_mary"), "{}: {label}", seen.path);
        assert!(!public || !seen.authorized, "{} goes without a token", seen.path);
        let query = seen.query.unwrap_or_default();
        assert!(!query.contains("token"), "{query}");
    }
    Ok(())
}
