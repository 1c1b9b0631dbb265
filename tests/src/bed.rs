//! The test bed: Exchange, core and gateway on loopback, in one process, on ports of their own.

use std::io::{self, Write};
use std::net::{SocketAddr, TcpListener};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use anyhow::Result;
use authz::time::Timestamp;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use fhir_mcp_gateway::Running;
use futures::future::join_all;
use jiff::SignedDuration;
use rand::Rng as _;
use serde_json::Value;

use crate::clock::GatewayClock;
use crate::exchange::{FakeExchange, ManualClock, Options};
use crate::fleet::{self, Fleet, Surroundings};
pub use crate::setup::{Behind, Setup};
use crate::tool_service::ToolService;

/// Both programs and an Exchange. They stop when the bed is dropped.
pub struct TestBed {
    /// The stand-in Exchange.
    pub exchange: FakeExchange,
    /// The audit trail so far.
    pub records: Records,
    /// What the gateways were started with.
    pub setup: Setup,
    clock: ManualClock,
    pub(crate) fleet: Fleet,
    origin: String,
    core: ToolService,
}

impl TestBed {
    /// A bed with the usual set-up.
    pub async fn start() -> Result<Self> {
        Self::start_with(Setup::default()).await
    }

    /// A bed with a set-up of its own.
    pub async fn start_with(setup: Setup) -> Result<Self> {
        let clock = ManualClock::at(crate::exchange::RECORDED_AT);
        let options = Options { clock: clock.clock(), ..Options::default() };
        let exchange = FakeExchange::start(options).await?;
        let (public, tools) = (listener()?, listener()?);
        let address = public.local_addr()?;
        let origin = match &setup.tls {
            None => format!("http://{address}"),
            Some(_) => format!("https://localhost:{}", address.port()),
        };
        exchange.allow_redirect(&format!("{origin}/oauth/callback"));
        let core = ToolService::start(tools, random_key(), &clock, &setup)?;
        let behind = (core.address, core.hop_key.clone());
        let around = Surroundings::of(&exchange, origin.clone(), behind, clock.clone());
        let records = around.records.clone();
        let fleet = Fleet::start(public, &setup, around)?;
        Ok(Self { exchange, records, setup, clock, fleet, origin, core })
    }

    /// Replaces one of several gateways by one with another set-up, as a rolling update does.
    pub async fn replace(&mut self, replica: usize, setup: Setup) -> Result<()> {
        self.fleet.replace(replica, &setup).await?;
        self.setup = setup;
        Ok(())
    }

    /// The gateway's public origin.
    pub fn origin(&self) -> &str {
        &self.origin
    }

    /// An absolute URL at the gateway.
    pub fn at(&self, path: &str) -> String {
        format!("{}{path}", self.origin)
    }

    /// Where core listens, for who would go round the gateway.
    pub const fn core_address(&self) -> SocketAddr {
        self.core.address
    }

    /// The hop key in base64, for a story that seals a hop itself.
    pub fn hop_key(&self) -> &str {
        &self.core.hop_key
    }

    /// The gateway's admin origin; of several, the first one's.
    pub fn admin(&self) -> String {
        let first = self.fleet.gateways.first();
        first.map(|gateway| format!("http://{}", gateway.admin)).unwrap_or_default()
    }

    /// What time it is in here.
    pub fn now(&self) -> Timestamp {
        let seconds = self.clock.now().as_second();
        Timestamp::from_unix_seconds(u64::try_from(seconds).unwrap_or_default())
    }

    /// The gateway's `gateway.yaml`, for a story about commands that read one.
    pub fn yaml(&self) -> String {
        let first = self.fleet.gateways.first().and_then(|one| one.public.first().copied());
        let address = first.unwrap_or_else(|| SocketAddr::from(([127, 0, 0, 1], 1)));
        fleet::yaml(&self.setup, &self.fleet.surroundings, address)
    }

    /// What `{env: name}` in it stands for.
    pub fn variable(&self, name: &str) -> Option<String> {
        fleet::variable(&self.setup, &self.fleet.surroundings, name)
    }

    /// The gateway's clock.
    pub fn clock(&self) -> GatewayClock {
        GatewayClock::over(&self.clock)
    }

    /// Lets time pass, everywhere at once.
    pub fn advance(&self, by: Duration) {
        self.clock.advance(SignedDuration::try_from(by).unwrap_or(SignedDuration::MAX));
    }

    /// Sets the wall clock forward or back, everywhere at once: no time passes.
    pub fn set_wall_clock(&self, by: SignedDuration) {
        self.clock.set(by);
    }

    /// The audit events so far, all written.
    pub async fn audit(&self) -> Result<Vec<Value>> {
        for gateway in &self.fleet.gateways {
            Running::audit(gateway).settle().await;
        }
        self.records.events()
    }

    /// The gateway's metrics, as Prometheus reads them.
    pub async fn metrics(&self) -> Result<String> {
        let answer = reqwest::get(format!("{}/metrics", self.admin())).await?;
        Ok(answer.error_for_status()?.text().await?)
    }

    /// The metrics of every gateway.
    pub async fn metrics_of_all(&self) -> Result<Vec<String>> {
        let mut all = Vec::new();
        for gateway in &self.fleet.gateways {
            let answer = reqwest::get(format!("http://{}/metrics", gateway.admin)).await?;
            all.push(answer.error_for_status()?.text().await?);
        }
        Ok(all)
    }

    /// Tells every gateway to send its clients elsewhere.
    pub fn retreat(&self) {
        self.fleet.gateways.iter().for_each(Running::retreat);
    }

    /// Stops core, so that nobody answers behind the gateway.
    pub async fn stop_core(&mut self) {
        self.core.stop().await;
    }

    /// Replaces core by another one at the same address; the old one accepts until `retreated` ends.
    pub async fn replace_core(&mut self, retreated: impl Future<Output = ()>) -> Result<()> {
        self.core.replace(retreated).await
    }

    /// Ends every gateway as SIGTERM does, its close delay over, and waits until they have ended.
    pub async fn shut_down(&mut self) {
        join_all(self.fleet.gateways.drain(..).map(Running::shutdown)).await;
    }
}

/// Everything that the gateway wrote to its audit trail.
#[derive(Clone, Debug, Default)]
pub struct Records(Arc<Mutex<Vec<u8>>>);

impl Records {
    /// As text.
    pub fn text(&self) -> String {
        let bytes = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        String::from_utf8_lossy(&bytes).into_owned()
    }

    /// As events, one for each call; the lines that say when a run began and ended are left out.
    pub fn events(&self) -> Result<Vec<Value>> {
        let lines: Result<Vec<Value>> =
            self.text().lines().map(|line| Ok(serde_json::from_str(line)?)).collect();
        let is_call = |line: &Value| line.get("event").is_some_and(|event| event == "call");
        Ok(lines?.into_iter().filter(is_call).collect())
    }
}

impl Write for Records {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// A port of our own, with a queue that holds a burst as the programs' own listeners do.
pub(crate) fn listener() -> Result<TcpListener> {
    let bound = fhir_mcp_core::http::bind(SocketAddr::from(([127, 0, 0, 1], 0)))?;
    Ok(bound.into_std()?)
}

/// 32 random bytes in base64.
pub fn random_key() -> String {
    let mut bytes = [0_u8; 32];
    rand::rng().fill_bytes(&mut bytes);
    STANDARD.encode(bytes)
}
