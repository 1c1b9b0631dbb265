//! Questions about series of readings, answered in numbers. The figures themselves are computed by the
//! pure library `analytics`; here the readings are fetched, told apart and accounted for.

pub mod account;
pub mod activity;
pub mod cohort;
pub mod compare;
pub mod coverage;
pub mod draw;
pub mod extract;
pub mod glucose;
pub mod heart;
pub mod keyed;
pub mod latest;
pub mod load;
pub mod pressure;
pub mod question;
pub mod several;
pub mod sleep;
pub mod sources;
pub mod stats;
pub mod trend;
pub mod when;

use jiff::Timestamp;

use crate::backend::inquiry::Inquiry;

/// When the call was admitted.
fn now(inquiry: &Inquiry) -> Timestamp {
    let seconds = i64::try_from(inquiry.now.unix_seconds()).unwrap_or(i64::MAX);
    Timestamp::from_second(seconds).unwrap_or(Timestamp::MAX)
}
