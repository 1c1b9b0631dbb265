//! The gateway as its own program runs it, but for a clock that panics where a story wants it to. Which
//! place that is, the next request says: somebody asks for a client's document at a host of that name.

use std::io;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use anyhow::{Context as _, Result};
use async_trait::async_trait;
use authz::time::Timestamp;
use fhir_mcp_gateway::client_fetch::Network;
use fhir_mcp_gateway::clock::{Clock, SystemClock};
use fhir_mcp_gateway::config::Config;
use fhir_mcp_gateway::seclusion::seclude;
use fhir_mcp_gateway::{Gateway, Listeners, telemetry};
use tokio::signal::unix::{SignalKind, signal};

/// Hosts, and the function of the gateway that the clock panics in; without its path, which a build with
/// few symbols does not know.
const PLACES: [(&str, &str); 3] = [
    ("asked.example", "upstream_request_filter"),
    ("answered.example", "response_body_filter"),
    ("recorded.example", "written"),
];
/// Nowhere.
const NOWHERE: usize = PLACES.len();

#[derive(Debug)]
struct Trap {
    clock: SystemClock,
    place: AtomicUsize,
}

impl Trap {
    /// Panics once, if this is the place.
    #[expect(clippy::panic, reason = "that is what it is for")]
    fn spring(&self) {
        let armed = self.place.load(Ordering::SeqCst);
        let Some((_, place)) = PLACES.get(armed) else { return };
        let stack = std::backtrace::Backtrace::force_capture().to_string();
        let here = stack.contains(place);
        if here
            && self
                .place
                .compare_exchange(armed, NOWHERE, Ordering::SeqCst, Ordering::SeqCst)
                .is_ok()
        {
            panic!("CANARY of {place}");
        }
    }
}

impl Clock for Trap {
    fn now(&self) -> Timestamp {
        self.clock.now()
    }

    fn monotonic(&self) -> Duration {
        self.spring();
        self.clock.monotonic()
    }
}

#[derive(Debug)]
struct Armed(Arc<Trap>);

#[async_trait]
impl Network for Armed {
    #[expect(clippy::panic, reason = "that is what it is for")]
    async fn resolve(&self, host: &str) -> io::Result<Vec<SocketAddr>> {
        match PLACES.iter().position(|(known, _)| *known == host) {
            Some(place) => self.0.place.store(place, Ordering::SeqCst),
            None => panic!("CANARY of {host}"),
        }
        Err(io::ErrorKind::NotFound.into())
    }
}

#[tokio::main]
async fn main() -> Result<()> {
    let config = std::env::args().nth(3).context("serve --config FILE")?;
    seclude()?;
    let _installed = rustls::crypto::ring::default_provider().install_default();
    let config = Config::load(&PathBuf::from(config))?;
    let _log = telemetry::install()?;
    let trap = Arc::new(Trap { clock: SystemClock::start(), place: AtomicUsize::new(NOWHERE) });
    let network = Arc::new(Armed(Arc::clone(&trap)));
    let listeners = Listeners::bind(&config)?;
    let running = Gateway::build_over(config, trap, network)?.start(listeners)?;
    signal(SignalKind::terminate())?.recv().await;
    running.shutdown().await;
    Ok(())
}
