//! The whole system in memory: a stand-in Exchange, both programs, and clients that drive them.
//!
//! Stories in `tests/stories` and the demo are written in terms of [`TestBed`], [`login::Login`] and
//! [`mcp::Mcp`].

pub mod balancer;
pub mod bed;
pub mod certificates;
pub mod clock;
pub mod collector;
pub mod conformity;
pub mod events;
pub mod exchange;
pub mod fixture;
pub mod fleet;
pub mod forwarder;
pub mod inside;
pub mod login;
pub mod mcp;
pub mod minted;
mod program_files;
pub mod programs;
pub mod raw;
pub mod raw_h2;
pub mod reload;
pub mod scripted_core;
pub mod semantics;
mod setup;
pub mod stdio;
pub mod tls_front;
mod tool_service;

pub use bed::{Behind, Records, Setup, TestBed};
pub use inside::Inside;
