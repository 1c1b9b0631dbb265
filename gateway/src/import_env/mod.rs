//! `fhir-mcp-gateway import-env`: from the environment of JupyterHealth Exchange's Python MCP server
//! (`jhe_mcp`) to a configuration of ours, and a report of what became of each variable.
//!
//! The decision is pure: variables become a [`Plan`], the plan becomes text. No value of a variable
//! stands in the report, and of the secrets none in the text either: they become references. A value
//! that cannot be taken over is named by its variable, never shown.
//!
//! `known` is the closed table of variables, `decide` goes through it (`edge` and `backend` hold the
//! rules), `plan` is what comes of that, `write` its text, `report` what is said.

mod backend;
mod decide;
mod edge;
mod env_file;
mod known;
mod plan;
mod report;
mod variables;
mod write;

pub use crate::config::read_file;
pub use decide::{Import, decide};
pub use env_file::{LineMistake, read as read_env_file};
pub use known::Known;
pub use plan::{BackendPlan, ListenerPlan, Plan};
pub use report::{Report, Row, Verdict};
pub use variables::Variables;

/// Where secrets lie that are no variables, unless `--secrets-dir` says otherwise. The sample
/// configuration has the same folder.
const KEYS: &str = "/etc/fhir-mcp-gateway/keys";
/// Where certificate and key of the listener lie.
const TLS: &str = "/etc/fhir-mcp-gateway/tls";

#[cfg(test)]
mod tests;
