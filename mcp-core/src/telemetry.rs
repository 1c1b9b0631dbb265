//! Logs: one JSON object a line, with the fields that the code names and no
//! others. Credentials, names, search values, bodies and query strings are never fields.

use std::panic;

use tracing_subscriber::EnvFilter;
use tracing_subscriber::util::TryInitError;
use tracing_subscriber::{
    Layer as _, fmt, layer::SubscriberExt as _, util::SubscriberInitExt as _,
};

/// Our own events from info on, and nobody else's: a library's warning may quote what it could not
/// read, which may be an argument, a header or a record.
const FILTER: &str = "off,fhir_mcp_core=info";

/// Starts the log for this process, on standard output, or wherever the writer leads: over stdio, standard
/// output belongs to the client.
///
/// # Errors
/// Another log has been started already.
pub fn start<W>(writer: W) -> Result<(), TryInitError>
where
    W: for<'w> fmt::MakeWriter<'w> + Send + Sync + 'static,
{
    let layer = fmt::layer().json().flatten_event(true).with_current_span(false).with_target(true);
    let layer = layer.with_writer(writer);
    tracing_subscriber::registry().with(layer.with_filter(EnvFilter::new(FILTER))).try_init()?;
    // By its place alone: a panic's message may quote what it choked on.
    panic::set_hook(Box::new(|panic| {
        let place = panic.location().map(ToString::to_string).unwrap_or_default();
        tracing::error!(place, "panicked");
    }));
    Ok(())
}
