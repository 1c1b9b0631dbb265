//! The tool service as the gateway meets it: sealed requests in, answers out, a scripted backend
//! behind.

#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a test that cannot go on should stop"
)]

mod analytics;
mod assistance;
mod bed;
mod both_stores;
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
mod members;
mod observation_count;
mod observations;
mod operation_answers;
mod operations;
mod overview;
mod paging;
mod patients;
mod people;
mod protocol;
mod records;
mod refusals;
mod settings;
mod studies;
mod terminology;
mod trouble;
mod value_sets;
