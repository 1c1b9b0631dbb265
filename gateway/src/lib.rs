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
pub mod difference;
pub mod doctor;
pub mod fault;
pub mod import_env;
pub mod introspector;
pub mod metrics;
pub mod route;
pub mod seclusion;
pub mod telemetry;
pub mod tls;

mod admin;
mod admission;
#[cfg(test)]
mod bench;
mod body;
mod broker_api;
mod circuit;
mod context;
mod core_address;
mod core_peer;
mod cors;
mod edge;
mod event_stream;
mod forward;
mod gateway;
mod grant_flights;
mod http_answer;
mod introspection_cache;
mod keyed_digest;
mod last_answer;
mod limiting;
mod listener;
mod live;
mod log_lines;
mod no_issue;
mod overload;
mod proxy;
mod rate_limit;
mod record;
mod reload;
mod respond;
mod shared;
mod sockets;
mod told_span;
mod upstream_oauth;
mod upstream_time;
mod wrapped;

pub use closing::Queue;
pub use gateway::{Gateway, Running};
pub use introspection_cache::IntrospectionCache;
pub use rate_limit::{LimitCounters, RateLimits, StoreError};
pub use reload::{Found, ReloadError, Reloaded, Watch};
pub use shared::BuildError;
pub use sockets::{Listeners, StartError};
