//! The tool service as the gateway meets it: sealed requests in, answers out, a scripted backend
//! behind.

#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a test that cannot go on should stop"
)]

mod assistance;
mod bed;
mod budget;
mod candidates;
mod conformity;
mod dialect;
mod documents;
mod ending;
mod everything;
mod generic;
mod grep;
mod hop;
mod measures;
mod observations;
mod operation_answers;
mod operations;
mod overview;
mod paging;
mod patients;
mod protocol;
mod records;
mod refusals;
mod studies;
mod terminology;
mod trouble;
mod value_sets;
