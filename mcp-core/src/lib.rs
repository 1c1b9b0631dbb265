//! The MCP tool service behind fhir-mcp-gateway: knows FHIR and Open mHealth, knows no client.
//!
//! A request comes with a sealed header that says who calls on which backend ([`caller`]), or, over
//! [`stdio`], from the one person whose [`login`] it is; a tool reads its typed arguments ([`tools`]), asks
//! the backend through a closed table ([`backend`]), and answers with narrow views of what came back
//! ([`fhir`], [`omh`]).

mod asker;
mod assistance;
pub mod backend;
pub mod caller;
pub mod completion;
pub mod config;
mod door;
pub mod ending;
pub mod fhir;
pub mod http;
pub mod login;
pub mod metrics;
pub mod omh;
mod outcome;
pub mod permitted;
pub mod probe;
pub mod program;
pub mod progress;
pub mod prompts;
mod refusal;
pub mod resources;
pub mod seclusion;
pub mod server;
pub mod stdio;
pub mod telemetry;
mod teller;
pub mod tls;
pub mod tools;

pub use crate::ending::Ending;
pub use crate::http::Core;
