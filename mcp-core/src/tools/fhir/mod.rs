//! Tools for any FHIR server: what it can do, what a type has, search, read, history.

pub mod capabilities;
pub mod history;
pub mod mistakes;
pub mod projection;
pub mod read;
pub mod schema;
pub mod search;
pub mod shown;
