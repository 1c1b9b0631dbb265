//! Prompts, suggestions and documents through gateway and core, for each kind of user and grant.

use anyhow::{Context as _, Result};
use serde_json::{Value, json};
use testbed::TestBed;
use testbed::exchange::Endpoint;
use testbed::login::Login;
use testbed::mcp::{Answer, Era, Mcp};

const ERAS: [Era; 2] = [Era::Modern, Era::Legacy];

async fn prompts(mcp: &Mcp, token: &str) -> Result<Vec<String>> {
    let answer = mcp.send(Some(token), "prompts/list", json!({})).await?;
    let prompts = answer.body.pointer("/result/prompts").and_then(Value::as_array);
    let prompts = prompts.context("prompts")?;
    Ok(prompts.iter().filter_map(|one| one["name"].as_str()).map(str::to_owned).collect())
}

async fn studies(mcp: &Mcp, token: &str) -> Result<Answer> {
    let reference = json!({"type": "ref/prompt", "name": "study_overview"});
    let argument = json!({"name": "study_id", "value": ""});
    let parameters = json!({"ref": reference, "argument": argument});
    mcp.send(Some(token), "completion/complete", parameters).await
}

#[tokio::test]
async fn every_prompt_that_is_listed_can_be_had_and_names_only_listed_tools() -> Result<()> {
    let bed = TestBed::start().await?;
    let given = json!({"study_id": "30001", "patient_id": "40001", "day": "2026-11-01",
                       "name": "Peter", "type": "Observation", "sought": "cough",
                       "code": "8867-4", "system": "http://loinc.org"});
    for era in ERAS {
        let mcp = Mcp::of(&bed, era);
        let token = Login::register(&bed).await?.log_in("manager_mary").await?.access;
        let listed = mcp.send(Some(&token), "prompts/list", json!({})).await?;
        let listed = listed.body["result"]["prompts"].as_array().context("prompts")?.clone();
        assert_eq!(listed.len(), fhir_mcp_core::prompts::QUESTIONS.len());
        let tools = mcp.tools(&token).await?;
        for prompt in listed {
            let needed = prompt["arguments"].as_array().into_iter().flatten();
            let needed = needed.filter(|one| one["required"] == true);
            let names = needed.filter_map(|one| one["name"].as_str());
            let arguments: Value =
                names.map(|name| (name.to_owned(), given[name].clone())).collect();
            let parameters = json!({"name": prompt["name"], "arguments": arguments});
            let answer = mcp.send(Some(&token), "prompts/get", parameters).await?;
            let message = &answer.body["result"]["messages"][0];
            assert_eq!(message["role"], "user", "{}", answer.body);
            let words = message["content"]["text"].as_str().context("words")?;
            for tool in fhir_mcp_core::tools::catalogue() {
                let is_listed = tools.iter().any(|listed| listed["name"] == tool.name);
                assert!(is_listed || !words.contains(tool.name), "{words}");
            }
        }
    }
    Ok(())
}

#[tokio::test]
async fn whoever_may_call_less_is_shown_fewer_prompts_and_no_study() -> Result<()> {
    let bed = TestBed::start().await?;
    let login = Login::register(&bed).await?;
    let few = login.log_in_for("manager_mary", "user/Patient.rs").await?.access;
    for era in ERAS {
        let mcp = Mcp::of(&bed, era);
        assert_eq!(prompts(&mcp, &few).await?, ["find_person", "explain_code"]);
        bed.exchange.log().clear();
        let answer = studies(&mcp, &few).await?;
        assert_eq!(
            answer.body["error"]["code"], -32602,
            "the prompt is not theirs: {}",
            answer.body
        );
        assert_eq!(bed.exchange.log().count(Endpoint::Rest), 0);
    }
    Ok(())
}

#[tokio::test]
async fn suggested_studies_are_those_that_the_person_sees_and_nobody_elses() -> Result<()> {
    let bed = TestBed::start().await?;
    for era in ERAS {
        let mcp = Mcp::of(&bed, era);
        for (person, expected) in [
            ("manager_mary", json!(["30006", "30002", "30001"])),
            ("manager_mark", json!(["30003", "30004"])),
            ("ll_patient_peter", json!(["30001", "30002"])),
            ("admin", json!([])),
        ] {
            let token = Login::register(&bed).await?.log_in(person).await?.access;
            let sorted = |values: &Value| {
                let mut ids: Vec<String> =
                    values.as_array().into_iter().flatten().map(Value::to_string).collect();
                ids.sort();
                ids
            };
            let answer = studies(&mcp, &token).await?;
            let values = &answer.body["result"]["completion"]["values"];
            assert_eq!(sorted(values), sorted(&expected), "{person}: {}", answer.body);
        }
    }
    Ok(())
}

#[tokio::test]
async fn a_suggestion_is_a_call_in_the_records_of_both_programs() -> Result<()> {
    let bed = TestBed::start().await?;
    let mcp = Mcp::of(&bed, Era::Modern);
    let token = Login::register(&bed).await?.log_in("manager_mary").await?.access;
    bed.exchange.log().clear();
    studies(&mcp, &token).await?;
    let asked = bed.exchange.log().to(Endpoint::Rest);
    assert!(asked.iter().all(|seen| {
        seen.token_label.as_deref().is_some_and(|label| label.starts_with("manager_mary"))
    }));
    assert!(!asked.is_empty());
    let events = bed.audit().await?;
    let written = events.iter().map(Value::to_string);
    assert!(written.into_iter().any(|event| event.contains("completion/complete")), "{events:?}");
    Ok(())
}

#[tokio::test]
async fn guides_and_templates_are_open_to_every_principal_and_to_nobody_else() -> Result<()> {
    let bed = TestBed::start().await?;
    let login = Login::register(&bed).await?;
    let few = login.log_in_for("manager_mary", "user/Patient.rs").await?.access;
    for era in ERAS {
        let mcp = Mcp::of(&bed, era);
        for (method, parameters) in [
            ("resources/list", json!({})),
            ("resources/templates/list", json!({})),
            ("resources/read", json!({"uri": "guide://tools"})),
            ("resources/read", json!({"uri": "guide://errors"})),
            ("resources/read", json!({"uri": "guide://tools/list_studies"})),
            ("resources/read", json!({"uri": "fhir://type/Observation"})),
            ("prompts/list", json!({})),
        ] {
            let answer = mcp.send(Some(&few), method, parameters.clone()).await?;
            assert!(answer.body["result"].is_object(), "{method} {parameters}: {}", answer.body);
            let nobody = mcp.send(None, method, parameters).await?;
            assert_eq!(nobody.status, 401, "{method}");
        }
    }
    Ok(())
}
