//! Logs: JSON lines, of our own targets only.
//!
//! The libraries below us log request lines with their query strings, and raw bytes of malformed
//! requests. Codes, tokens and names stand there, so their records go nowhere; whatever of theirs
//! matters is logged by us, from closed types.

use std::fmt;
use std::io;
use std::panic::{self, PanicHookInfo};

use serde::Serializer as _;
use serde::ser::{Error as _, SerializeMap as _};
use tracing::level_filters::LevelFilter;
use tracing::{Event, Subscriber};
use tracing_serde::SerdeMapVisitor;
use tracing_subscriber::filter::Targets;
use tracing_subscriber::fmt::format::Writer;
use tracing_subscriber::fmt::time::{FormatTime as _, SystemTime};
use tracing_subscriber::fmt::{FmtContext, FormatEvent, FormatFields, MakeWriter};
use tracing_subscriber::layer::SubscriberExt as _;
use tracing_subscriber::registry::LookupSpan;

use crate::log_lines::{LogEnd, LogLines};

/// The targets that are logged.
const OURS: [&str; 2] = ["fhir_mcp_gateway", "authz"];

/// A subscriber that writes our records to `writer`, one JSON object a line.
pub fn subscriber<W>(writer: W) -> impl Subscriber + Send + Sync
where
    W: for<'w> MakeWriter<'w> + Send + Sync + 'static,
{
    let ours = Targets::new().with_targets(OURS.map(|target| (target, LevelFilter::INFO)));
    let lines = tracing_subscriber::fmt::layer().event_format(JsonLine).with_writer(writer);
    tracing_subscriber::registry().with(ours).with(lines)
}

/// An event as one JSON object: the form that tracing-subscriber has too, put together in one piece of memory, for
/// each call pays for its line.
struct JsonLine;

impl<S, N> FormatEvent<S, N> for JsonLine
where
    S: Subscriber + for<'l> LookupSpan<'l>,
    N: for<'w> FormatFields<'w> + 'static,
{
    fn format_event(
        &self,
        _: &FmtContext<'_, S, N>,
        mut writer: Writer<'_>,
        event: &Event<'_>,
    ) -> fmt::Result {
        let line = json(event).map_err(|_| fmt::Error)?;
        writer.write_str(std::str::from_utf8(&line).map_err(|_| fmt::Error)?)
    }
}

fn json(event: &Event<'_>) -> serde_json::Result<Vec<u8>> {
    let mut time = String::new();
    SystemTime.format_time(&mut Writer::new(&mut time)).map_err(serde_json::Error::custom)?;
    let mut line = Vec::with_capacity(512);
    let mut serializer = serde_json::Serializer::new(&mut line);
    let mut members = serializer.serialize_map(None)?;
    members.serialize_entry("timestamp", &time)?;
    members.serialize_entry("level", event.metadata().level().as_str())?;
    let mut visitor = SerdeMapVisitor::new(members);
    event.record(&mut visitor);
    let mut members = visitor.take_serializer()?;
    members.serialize_entry("target", event.metadata().target())?;
    members.end()?;
    line.push(b'\n');
    Ok(line)
}

/// Why there is no log.
#[derive(Debug, thiserror::Error)]
pub enum NoLog {
    /// There is another one.
    #[error("a log was started before")]
    Started(#[from] tracing::subscriber::SetGlobalDefaultError),
    /// No thread for it.
    #[error("no thread for the log")]
    Thread(#[from] io::Error),
}

/// Sends the program's logs to the standard output until what is returned is dropped, and panics to the log
/// by their place alone: a panic's message may quote what it choked on.
pub fn install() -> Result<LogEnd, NoLog> {
    let (lines, end) = LogLines::to(io::stdout())?;
    tracing::subscriber::set_global_default(subscriber(lines))?;
    panic::set_hook(Box::new(tell));
    Ok(end)
}

fn tell(panic: &PanicHookInfo<'_>) {
    let place = panic.location().map(ToString::to_string).unwrap_or_default();
    tracing::error!(place, "panicked");
}

#[cfg(test)]
mod tests {
    use std::io;
    use std::sync::{Arc, Mutex};

    use super::*;

    #[derive(Clone, Default)]
    struct Captured(Arc<Mutex<Vec<u8>>>);

    impl io::Write for Captured {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.0.lock().unwrap().write(bytes)
        }
        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    #[test]
    fn a_panic_is_told_by_its_place_alone() {
        let captured = Captured::default();
        let writer = captured.clone();
        let before = panic::take_hook();
        panic::set_hook(Box::new(tell));
        tracing::subscriber::with_default(subscriber(move || writer.clone()), || {
            assert!(panic::catch_unwind(|| panic!("canary of {}", "a name")).is_err());
        });
        panic::set_hook(before);
        let text = String::from_utf8(captured.0.lock().unwrap().clone()).unwrap();
        assert!(text.contains("panicked") && text.contains("telemetry.rs"), "{text}");
        assert!(!text.contains("canary"));
    }

    #[test]
    fn only_our_own_targets_are_logged() {
        let captured = Captured::default();
        let writer = captured.clone();
        tracing::subscriber::with_default(subscriber(move || writer.clone()), || {
            tracing::error!(target: "pingora_core", "GET /?code=canary");
            tracing::info!(target: "fhir_mcp_gateway::proxy", status = 200, "answered");
        });
        let text = String::from_utf8(captured.0.lock().unwrap().clone()).unwrap();
        assert!(!text.contains("canary"));
        let (time, rest) = text.split_at(r#"{"timestamp":"2026-11-28T17:59:59.123456Z","#.len());
        assert!(time.starts_with(r#"{"timestamp":"2"#) && time.ends_with(r#"Z","#), "{text}");
        let members = r#""level":"INFO","message":"answered","status":200,"target":"fhir_mcp_gateway::proxy"}"#;
        assert_eq!(rest, format!("{members}\n"));
    }
}
