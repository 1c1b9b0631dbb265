//! Every answer of a tool that a client of the test bed sees is held against the tool's schema: the whole
//! one, and the outline of it that stands in the list of tools.

use std::collections::HashMap;
use std::sync::LazyLock;

use anyhow::{Context as _, Result, ensure};
use fhir_mcp_core::tools::{self, Entry};
use jsonschema::Validator;
use serde_json::{Value, json};

/// The schemas of one tool's answers; none where one of them is no schema.
fn schemas(entry: &Entry) -> Option<[Validator; 2]> {
    let listed = serde_json::to_value(entry.listed()).ok()?;
    let compiled = |schema: &Value| jsonschema::validator_for(schema).ok();
    Some([compiled(&json!(entry.output_schema))?, compiled(listed.get("outputSchema")?)?])
}

static SCHEMAS: LazyLock<HashMap<&'static str, Option<[Validator; 2]>>> =
    LazyLock::new(|| tools::catalogue().iter().map(|entry| (entry.name, schemas(entry))).collect());

/// Whether a tool's answer is of the shape that the tool announces. What is no tool of the product has
/// announced nothing here.
///
/// # Errors
/// What is wrong with it.
pub fn judge(tool: &str, content: &Value) -> Result<()> {
    let Some(schemas) = SCHEMAS.get(tool) else { return Ok(()) };
    for schema in schemas.as_ref().context("a schema that is none")? {
        let mistakes: Vec<String> =
            schema.iter_errors(content).map(|mistake| mistake.to_string()).collect();
        ensure!(mistakes.is_empty(), "{tool} answers against its schema: {mistakes:?}");
    }
    Ok(())
}
