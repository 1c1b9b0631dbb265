//! FHIR as `serde_json::Value` with narrow views: what is not looked at passes unchanged.

pub mod bundle;
pub mod date;
pub mod fold;
pub mod history;
pub mod id;
pub mod json;
pub mod observation;
pub mod outcome;
pub mod owner;
pub mod parameter;
pub mod patient;
pub mod resource_type;
pub mod search;
pub mod specification;
pub mod statement;
