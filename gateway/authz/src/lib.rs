//! Who may do what, decided without I/O.
//!
//! Nothing here opens a socket, reads a clock or rolls dice: time and randomness are arguments, and
//! whatever must be asked of somebody else is returned as a step for the caller to perform. The
//! modules are listed bottom up; each uses only those above it.

mod words;

pub mod json;

pub mod time;

pub mod client_address;
pub mod ids;
pub mod secret;

pub mod keyring;
pub mod seal;

pub mod scope;

pub mod token;

pub mod hop;

pub mod introspection;

pub mod principal;

pub mod mcp_call;

pub mod target;
pub mod tool_report;

pub mod trace;

pub mod policy;

pub mod challenge;
pub mod metadata;
pub mod rejection;

pub mod pkce;
pub mod redirect_uri;

pub mod broker;
