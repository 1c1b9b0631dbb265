//! What answers behind the gateways of a bed, and its replacement while calls keep coming.

use std::net::{SocketAddr, TcpListener};
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context as _, Result};
use fhir_mcp_core::config::{BackendLimits, Config};
use fhir_mcp_core::{Core, Ending};
use tokio::task::JoinHandle;

use crate::exchange::ManualClock;
use crate::fixture;
use crate::inside::Inside;
use crate::setup::{Behind, Setup};

/// A running tool service; it is cut off when dropped.
pub(crate) struct ToolService {
    pub(crate) address: SocketAddr,
    pub(crate) hop_key: String,
    ending: Ending,
    task: JoinHandle<Result<()>>,
    /// The socket, held as a service manager would hold it: who comes next accepts from the same queue.
    socket: Option<TcpListener>,
    inside: Inside,
    clock: ManualClock,
}

impl Drop for ToolService {
    fn drop(&mut self) {
        self.ending.close();
        self.task.abort();
    }
}

impl ToolService {
    pub(crate) fn start(
        socket: TcpListener,
        hop_key: String,
        clock: &ManualClock,
        setup: &Setup,
    ) -> Result<Self> {
        let ending = Ending::default();
        let mut address = socket.local_addr()?;
        if let Behind::At(other) = setup.behind {
            address = other;
        }
        let listener = socket.try_clone()?;
        let task = match setup.behind {
            Behind::Fixture => fixture::start(listener, &hop_key, clock, ending.closing())?,
            Behind::Core | Behind::At(_) => {
                core(listener, &hop_key, clock, ending.clone(), &setup.inside)?
            }
        };
        let (inside, clock) = (setup.inside.clone(), clock.clone());
        Ok(Self { address, hop_key, ending, task, socket: Some(socket), inside, clock })
    }

    /// Stops it, so that nobody answers any more.
    pub(crate) async fn stop(&mut self) {
        self.ending.close();
        self.socket = None;
        // However it ends, it has ended.
        let _ended = (&mut self.task).await;
    }

    /// Starts another one at the same address and ends this one in its order: it is not ready, and
    /// accepts until `retreated` ends.
    pub(crate) async fn replace(&mut self, retreated: impl Future<Output = ()>) -> Result<()> {
        let ending = Ending::default();
        let socket = self.socket.as_ref().context("it was stopped")?.try_clone()?;
        let next = core(socket, &self.hop_key, &self.clock, ending.clone(), &self.inside)?;
        let (before, task) =
            (std::mem::replace(&mut self.ending, ending), std::mem::replace(&mut self.task, next));
        before.retreat();
        retreated.await;
        before.close();
        task.await?
    }
}

fn core(
    listener: TcpListener,
    hop_key: &str,
    clock: &ManualClock,
    ending: Ending,
    inside: &Inside,
) -> Result<JoinHandle<Result<()>>> {
    let config = Config {
        listen: listener.local_addr()?,
        listen_tls: inside.listen_tls(),
        admin: SocketAddr::from(([127, 0, 0, 1], 0)),
        hop_key: authz::keyring::SecretKey::from_base64(hop_key)?,
        profiles: None,
        backend: BackendLimits::default(),
        close_delay: Duration::ZERO,
        authority: inside.core_trusts()?,
    };
    let shared = clock.clone();
    let core = Core::new(config)?.with_clock(Arc::new(move || shared.now()));
    let listener = tokio::net::TcpListener::from_std(listener)?;
    Ok(tokio::spawn(core.serve(listener, None, ending)))
}
