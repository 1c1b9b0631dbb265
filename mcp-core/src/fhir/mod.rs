//! FHIR as `serde_json::Value` with narrow views: what is not looked at passes unchanged.

pub mod bundle;
pub mod date;
pub mod id;
pub mod json;
pub mod observation;
pub mod outcome;
pub mod patient;
pub mod search;
pub mod statement;
