//! E06, E09: whose records a tool reads, and that it only reads.

use anyhow::{Context as _, Result};
use serde_json::{Value, json};
use testbed::TestBed;
use testbed::exchange::Endpoint;
use testbed::mcp::Answer;

use super::{client, fleet, mcp};
use crate::tools::{NOT_SERVED, calls};

/// A patient of another organization than the one of `member_megan`.
const FOREIGN: u32 = 40005;

/// Every way to ask for that patient, and for a study of theirs.
fn questions() -> Vec<(&'static str, Value)> {
    let by_patient = |count_only: bool| {
        json!({"type": "Observation", "count_only": count_only,
               "params": [{"name": "patient", "values": [FOREIGN.to_string()]}]})
    };
    vec![
        ("get_patient_demographics", json!({"patient_id": FOREIGN})),
        ("get_patient_observations", json!({"patient_id": FOREIGN})),
        ("count_patient_observations", json!({"patient_id": FOREIGN})),
        ("summarize_patient_observations", json!({"patient_id": FOREIGN})),
        ("get_patient_date_range", json!({"patient_id": FOREIGN})),
        ("list_study_patients", json!({"study_id": 30003})),
        ("count_study_observations", json!({"study_id": 30003, "by_patient": true})),
        ("fhir_read", json!({"type": "Patient", "id": FOREIGN})),
        ("fhir_search", by_patient(false)),
        ("fhir_search", by_patient(true)),
    ]
}

/// A refusal of the one kind, or an answer without a row: which of the two is the backend's way.
fn assert_nothing(tool: &str, answer: &Answer) {
    if let Some(sentence) = answer.tool_error() {
        assert!(sentence.starts_with("not found or not authorized"), "{tool}: {sentence}");
        return;
    }
    let content = answer.content().unwrap();
    assert_eq!(tool, "fhir_search", "{content}");
    assert_eq!(content["total"], 0, "{content}");
    assert_eq!(content["resources"], json!([]), "{content}");
}

#[tokio::test]
async fn e06_anothers_patient_is_not_found_or_not_authorized_and_each_try_is_one_audit_event()
-> Result<()> {
    let bed = fleet().await?;
    let login = client(&bed).await?;
    let mark = login.log_in("manager_mark").await?;
    let megan = login.log_in("member_megan").await?;
    // Mark may see that patient, just now and through the same core: nothing of it is kept.
    let mcp = mcp(&bed)?;
    let asked = json!({"patient_id": FOREIGN});
    let shown = mcp.call(&mark.access, "get_patient_demographics", asked).await?;
    let person = shown.content()?.clone();
    let secrets: Vec<&str> = ["family_name", "given_name", "birth_date"]
        .iter()
        .filter_map(|member| person[*member].as_str())
        .collect();
    assert_eq!(secrets.len(), 3, "{person}");
    for (tool, arguments) in questions() {
        let before = bed.audit().await?.len();
        let answer = mcp.call(&megan.access, tool, arguments).await?;
        assert_nothing(tool, &answer);
        let text = answer.body.to_string();
        assert!(secrets.iter().all(|secret| !text.contains(secret)), "{tool}: {text}");
        let events = bed.audit().await?.split_off(before);
        assert_eq!(events.len(), 1, "{tool}: {events:?}");
        assert_eq!(events[0]["mcp.tool"], tool);
        assert_eq!(events[0]["subject"], "10003");
    }
    // Each of these questions went out with her own token, if it went out at all.
    for seen in bed.exchange.log().to(Endpoint::Fhir).into_iter().rev().take(8) {
        let label = seen.token_label.context("a token")?;
        assert!(label.starts_with("member_megan"), "{}: {label}", seen.path);
    }
    Ok(())
}

/// The closed table, as it looks on the wire of an Exchange.
fn is_of_the_table(path: &str) -> bool {
    let is_id = |part: &str| {
        !part.is_empty() && part.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-')
    };
    let is_type = |part: &str| part.starts_with(|c: char| c.is_ascii_uppercase()) && is_id(part);
    let parts: Vec<&str> = path.trim_start_matches('/').split('/').collect();
    match parts.as_slice() {
        ["api", "v1", "users", "profile" | "organizations"]
        | ["api", "v1", "data_sources", "all_scopes"]
        | ["api", "v1", "studies"]
        | ["FHIR", "R5", "metadata"]
        | ["health"] => true,
        ["api", "v1", "studies", id]
        | ["api", "v1", "studies", id, "patients"]
        | ["api", "v1", "patients", id, "consents"] => is_id(id),
        ["FHIR", "R5", kind] => is_type(kind),
        ["FHIR", "R5", kind, id] => is_type(kind) && is_id(id),
        _ => false,
    }
}

/// Everything that was asked of the Exchange beside logins and introspections.
fn assert_only_reads(bed: &TestBed) -> usize {
    let seen = bed.exchange.log().all();
    let outside = |endpoint| [Endpoint::Introspect, Endpoint::Token].contains(&endpoint);
    let seen: Vec<_> = seen.into_iter().filter(|one| !outside(one.endpoint)).collect();
    for one in &seen {
        assert_eq!(one.method, "GET", "{}", one.path);
        assert!(is_of_the_table(&one.path), "{}", one.path);
        // Consents are asked for without a query, always.
        assert!(!one.path.ends_with("/consents") || one.query.is_none(), "{}", one.path);
        let has_body = one.header_names.iter().any(|name| name == "content-type");
        assert!(!has_body, "{} brings a body", one.path);
        assert!(!one.header_names.iter().any(|name| name.contains("method")), "{}", one.path);
    }
    seen.len()
}

#[tokio::test]
async fn e09_every_tool_with_whatever_arguments_only_reads_what_the_table_names() -> Result<()> {
    let bed = fleet().await?;
    let held = client(&bed).await?.log_in("manager_mary").await?;
    let mcp = mcp(&bed)?;
    bed.exchange.log().clear();
    for (tool, arguments) in calls() {
        mcp.call(&held.access, tool, arguments).await?.content().context(tool)?;
    }
    assert!(assert_only_reads(&bed) > calls().len(), "the tools ask the backend");
    bed.exchange.log().clear();
    // What a model might try in order to change something: none of it is an argument.
    let smuggled = [
        ("method", json!("POST")),
        ("_method", json!("DELETE")),
        ("body", json!({"resourceType": "Patient", "active": false})),
        ("resource", json!({"resourceType": "Observation"})),
        ("url", json!("/FHIR/R5/Patient/40001")),
        ("operation", json!("$expunge")),
        ("is_superuser", json!(true)),
    ];
    for (tool, arguments) in calls() {
        for (name, value) in &smuggled {
            let mut more = arguments.clone();
            more[*name] = value.clone();
            let refused = mcp.call(&held.access, tool, more).await?;
            let sentence = refused.tool_error().with_context(|| format!("{tool} takes {name}"))?;
            assert!(sentence.contains(name), "{tool}: {sentence}");
        }
    }
    for tool in NOT_SERVED {
        assert!(mcp.call(&held.access, tool, json!({})).await?.tool_error().is_some(), "{tool}");
    }
    for tool in ["fhir_create", "fhir_update", "fhir_patch", "fhir_delete", "fhir_batch"] {
        let denied = mcp.call(&held.access, tool, json!({})).await?;
        assert!(denied.body["error"].is_object(), "{tool}: {}", denied.body);
    }
    let asked = bed.exchange.log().all();
    let public = [Endpoint::Introspect, Endpoint::Metadata, Endpoint::Discovery];
    assert!(asked.iter().all(|seen| public.contains(&seen.endpoint)), "{asked:?}");
    Ok(())
}

#[tokio::test]
async fn core_asks_the_backend_with_the_callers_own_token_and_nothing_in_urls() -> Result<()> {
    let bed = fleet().await?;
    let held = client(&bed).await?.log_in("manager_mary").await?;
    let mcp = mcp(&bed)?;
    bed.exchange.log().clear();
    for (tool, arguments) in calls() {
        mcp.call(&held.access, tool, arguments).await?;
    }
    for seen in bed.exchange.log().all() {
        // The gateway's own question, whether the token is still good.
        if seen.endpoint == Endpoint::Introspect {
            continue;
        }
        let public = [Endpoint::Metadata, Endpoint::Discovery].contains(&seen.endpoint);
        let label = seen.token_label.unwrap_or_default();
        assert!(public || label.starts_with("manager_mary"), "{}: {label}", seen.path);
        assert!(!public || !seen.authorized, "{} goes without a token", seen.path);
        let query = seen.query.unwrap_or_default();
        assert!(!query.contains("token"), "{query}");
    }
    Ok(())
}
