//! The gateway between LLM clients and FHIR data: it terminates TLS, is the OAuth authorization
//! server and the resource server that MCP clients see, checks every call, and forwards what it
//! permits to mcp-core.
//!
//! What is decided is decided in `authz`, without I/O. Here is the shell: [`Gateway::build`] makes
//! everything that can fail, [`Gateway::start`] begins to listen, [`Running::shutdown`] ends it
//! politely.

pub mod audit;
pub mod client_fetch;
pub mod clock;
pub mod config;
pub mod fault;
pub mod introspector;
pub mod metrics;
pub mod route;
pub mod telemetry;

mod admin;
mod admission;
#[cfg(test)]
mod bench;
mod body;
mod broker_api;
mod context;
mod core_address;
mod cors;
mod edge;
mod forward;
mod gateway;
mod http_answer;
mod introspection_cache;
mod keyed_digest;
mod listener;
mod no_issue;
mod parked_grants;
mod proxy;
mod rate_limit;
mod record;
mod refresh_flights;
mod respond;
mod shared;
mod tls;
mod upstream_oauth;

pub use gateway::{Gateway, Listeners, Running, StartError};
pub use shared::BuildError;
pub use tls::TlsError;
