//! FHIR as `serde_json::Value` with narrow views: what is not looked at passes unchanged.

pub mod bundle;
pub mod consent;
pub mod date;
pub mod device;
pub mod history;
pub mod id;
pub mod json;
pub mod observation;
pub mod outcome;
pub mod parameter;
pub mod patient;
pub mod reference;
pub mod resource_type;
pub mod search;
pub mod specification;
pub mod statement;
