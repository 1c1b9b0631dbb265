//! What series of readings amount to: statistics, reports by published definitions, and pictures.
//!
//! Everything here is a pure function of readings, a time zone and options. Whose readings they are, how
//! they were fetched and what could not be read is the caller's business.

pub mod clock;
pub mod figure;
pub mod picture;
pub mod reading;
pub mod summary;
