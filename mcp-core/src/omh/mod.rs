//! Open mHealth and IEEE 1752.1: what a measurement in an Observation's attachment says.
//!
//! An Observation carries `{header, body}` as base64 ([`attachment`]). The code names the type
//! ([`registry`]), the type names the fields that hold numbers ([`measure`]) and their units
//! ([`mod@unit`]), the body says when ([`time`]), the header says whence ([`provenance`]), and a JSON
//! Schema describes each type to a reader ([`schema`]). Pure: no I/O, no clock.

pub mod attachment;
mod documents;
pub mod measure;
pub mod provenance;
pub mod registry;
pub mod schema;
pub mod time;
pub mod unit;

#[cfg(test)]
mod agreement;
#[cfg(test)]
mod examples;
#[cfg(test)]
mod measure_tests;
#[cfg(test)]
mod schema_tests;
