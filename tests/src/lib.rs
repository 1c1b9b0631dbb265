//! The whole system in memory: a stand-in Exchange, both programs, and clients that drive them.
//!
//! Stories in `tests/stories` and the demo are written in terms of [`TestBed`], [`login::Login`] and
//! [`mcp::Mcp`].

#![cfg_attr(test, allow(clippy::unwrap_used, reason = "a test that cannot go on should stop"))]

pub mod bed;
pub mod clock;
pub mod exchange;
pub mod login;
pub mod mcp;

pub use bed::{Records, Setup, TestBed};
