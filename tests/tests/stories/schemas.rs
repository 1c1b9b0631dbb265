//! Data types as MCP resources.

use anyhow::{Context as _, Result};
use serde_json::{Value, json};
use testbed::TestBed;
use testbed::mcp::Era;

use crate::tools::Caller;

#[tokio::test]
async fn schemas_are_resources_too_and_hold_no_open_reference() -> Result<()> {
    let bed = TestBed::start().await?;
    let mary = Caller::of(&bed, "manager_mary", Era::Modern).await?;
    let listed = mary.mcp.send(Some(&mary.token), "resources/list", json!({})).await?;
    let resources = listed.body["result"]["resources"].as_array().context("resources")?.clone();
    let schemas = resources
        .iter()
        .filter(|r| r["uri"].as_str().is_some_and(|u| u.starts_with("omh://schema/")));
    assert!(schemas.clone().count() > 50);
    for resource in schemas {
        let uri = json!({"uri": resource["uri"]});
        let read = mary.mcp.send(Some(&mary.token), "resources/read", uri).await?;
        let contents = &read.body["result"]["contents"][0];
        assert_eq!(contents["mimeType"], "application/schema+json");
        let schema: Value = serde_json::from_str(contents["text"].as_str().context("text")?)?;
        jsonschema::validator_for(&schema).with_context(|| resource["uri"].to_string())?;
    }
    Ok(())
}
