//! Stories over the whole system in memory. A test's name is the rule that it proves.

#![expect(clippy::unwrap_used, reason = "a story that cannot go on should stop")]

mod attacks;
mod client_documents;
mod collected;
mod doctor;
mod edge;
mod everything;
mod exchange_replays;
mod figures;
mod flapping;
mod isolation;
mod logins;
mod matrix;
mod operators;
mod outages;
mod panics;
mod patient_records;
mod programs;
mod progress;
mod prompts;
mod records;
mod refusals;
mod reload;
mod samples;
mod schemas;
mod shared_limits;
mod single_flight;
mod stdio;
mod strangers;
mod studies;
mod supply;
mod tls;
mod tools;
mod traces;
