//! The two programs as processes: what they write, and what is left of them when they die.
//! `make test-records` builds and runs these.

mod canaries;
mod memory;
mod panics;
mod processes;

use std::path::Path;

use anyhow::Result;
use testbed::programs::Programs;

const AUDIT: &str =
    "audit: {file: audit.jsonl, key: {file: audit-key}, fhir: {file: audit.ndjson}}";

async fn programs(name: &str) -> Result<Programs> {
    Programs::start(Path::new(env!("CARGO_TARGET_TMPDIR")), name, AUDIT).await
}
