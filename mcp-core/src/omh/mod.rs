//! Open mHealth and IEEE 1752.1: what a measurement in an Observation's attachment says.
//!
//! An Observation carries `{header, body}` as base64 ([`attachment`]). The code names the type
//! ([`registry`]), the type names the fields that hold numbers ([`measure`]), the body says when
//! ([`time`]), and a JSON Schema describes each type to a reader ([`schema`]). Pure: no I/O, no clock.

pub mod attachment;
pub mod measure;
pub mod registry;
pub mod schema;
pub mod time;

#[cfg(test)]
mod examples;
#[cfg(test)]
mod schema_tests;
