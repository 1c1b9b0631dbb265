//! What series of readings amount to: statistics, reports by published definitions, and pictures.
//!
//! Everything here is a pure function of readings, a time zone and options. Whose readings they are, how
//! they were fetched and what could not be read is the caller's business.

pub mod activity;
pub mod buckets;
pub mod clock;
pub mod cohort;
pub mod comparison;
pub mod coverage;
pub mod figure;
pub mod frame;
pub mod glucose;
pub mod heart;
mod overlap;
pub mod picture;
pub mod pressure;
pub mod reading;
#[cfg(test)]
mod sample;
pub mod series;
pub mod sleep;
pub mod small_cells;
pub mod summary;
pub mod trend;
pub mod window;
