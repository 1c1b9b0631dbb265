//! One span for each request of a program, sent to an OpenTelemetry collector as OTLP over HTTP in its
//! JSON encoding (OTLP 1.x, `ExportTraceServiceRequest`).
//!
//! A [`Span`] has room for words of ours, numbers and checked names alone, so no argument, name or
//! token can get into one. [`Exporter`] takes spans without ever waiting; [`Sender`] sends them.

mod document;
mod exporter;
mod settings;
mod span;

pub use exporter::{Exporter, Sender, channel};
pub use settings::{Settings, Unfit};
pub use span::{Span, Value, verb};
