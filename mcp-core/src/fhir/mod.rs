//! FHIR as `serde_json::Value` with narrow views: what is not looked at passes unchanged.

pub mod bundle;
pub mod collected;
pub mod consent;
pub mod date;
pub mod device;
pub mod expansion;
pub mod fold;
pub mod history;
pub mod id;
pub mod json;
pub mod observation;
pub mod operation;
pub mod outcome;
pub mod owner;
pub mod parameter;
pub mod parameters;
pub mod patient;
pub mod quantity;
pub mod reference;
pub mod resource_type;
pub mod search;
pub mod specification;
pub mod statement;
pub mod terms;
