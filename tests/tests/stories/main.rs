//! Stories over the whole system in memory. A test's name is the rule that it proves.

#![expect(clippy::unwrap_used, reason = "a story that cannot go on should stop")]

mod attacks;
mod client_documents;
mod exchange_replays;
mod isolation;
mod logins;
mod matrix;
mod operators;
mod outages;
mod records;
mod refusals;
mod samples;
mod single_flight;
mod tls;
mod tools;
