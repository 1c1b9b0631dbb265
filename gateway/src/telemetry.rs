//! Logs: JSON lines, of our own targets only.
//!
//! The libraries below us log request lines with their query strings, and raw bytes of malformed
//! requests. Codes, tokens and names stand there, so their records go nowhere; whatever of theirs
//! matters is logged by us, from closed types.

use std::panic::{self, PanicHookInfo};

use tracing::Subscriber;
use tracing::level_filters::LevelFilter;
use tracing_subscriber::filter::Targets;
use tracing_subscriber::fmt::MakeWriter;
use tracing_subscriber::layer::SubscriberExt as _;

/// The targets that are logged.
const OURS: [&str; 2] = ["fhir_mcp_gateway", "authz"];

/// A subscriber that writes our records to `writer`, one JSON object a line.
pub fn subscriber<W>(writer: W) -> impl Subscriber + Send + Sync
where
    W: for<'w> MakeWriter<'w> + Send + Sync + 'static,
{
    let ours = Targets::new().with_targets(OURS.map(|target| (target, LevelFilter::INFO)));
    let lines = tracing_subscriber::fmt::layer()
        .json()
        .flatten_event(true)
        .with_current_span(false)
        .with_span_list(false)
        .with_writer(writer);
    tracing_subscriber::registry().with(ours).with(lines)
}

/// Sends the program's logs to the standard output, and panics to the log by their place alone: a
/// panic's message may quote what it choked on.
pub fn install() -> Result<(), tracing::subscriber::SetGlobalDefaultError> {
    tracing::subscriber::set_global_default(subscriber(std::io::stdout))?;
    panic::set_hook(Box::new(tell));
    Ok(())
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
        assert!(text.contains(r#""status":200"#), "{text}");
    }
}
