//! The whole system in memory: a stand-in Exchange, both programs, and clients that drive them.
//!
//! Stories in `tests/stories` and the demo are written in terms of [`TestBed`], [`login::Login`] and
//! [`mcp::Mcp`].

mod balancer;
pub mod bed;
pub mod clock;
pub mod exchange;
pub mod fleet;
pub mod login;
pub mod mcp;

pub use bed::{Records, Setup, TestBed};
