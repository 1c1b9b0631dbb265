//! Tools for any FHIR server: what it can do, what a type has, search, read, history, operations.

pub mod capabilities;
pub mod history;
pub mod mistakes;
pub mod operation;
pub mod projection;
pub mod read;
pub mod schema;
pub mod search;
pub mod shown;
