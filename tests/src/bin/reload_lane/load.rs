//! The load: clients that never pause, over both versions of HTTP, and what became of their calls.

use std::fmt;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use anyhow::Result;
use serde_json::json;
use testbed::mcp::{Era, Mcp};
use tokio::task::JoinSet;

use super::site::Site;

/// Clients of each kind.
const CLIENTS: usize = 3;
/// Every so many calls, one with the token of the backend that is not in force.
const STRANGER: u64 = 16;

/// Which backend is in force: none can be said while it changes.
#[derive(Debug)]
pub(super) struct Phase(Mutex<(u64, Option<usize>)>);

impl Phase {
    pub(super) fn of(backend: usize) -> Self {
        Self(Mutex::new((0, Some(backend))))
    }

    pub(super) fn begin(&self) {
        self.set(None);
    }

    pub(super) fn end(&self, backend: usize) {
        self.set(Some(backend));
    }

    fn set(&self, backend: Option<usize>) {
        let mut phase = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        *phase = (phase.0 + 1, backend);
    }

    fn now(&self) -> (u64, Option<usize>) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// What became of the calls.
#[derive(Clone, Copy, Debug)]
pub(super) struct Counts {
    /// 200, with the token of the backend in force.
    pub(super) served: u64,
    refused: u64,
    meanwhile: u64,
    /// Anything else.
    pub(super) failed: u64,
}

impl Counts {
    pub(super) const fn all(&self) -> u64 {
        self.served + self.meanwhile + self.failed
    }
}

impl fmt::Display for Counts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { served, refused, meanwhile, failed } = self;
        write!(
            f,
            "{served} calls served, {meanwhile} served or refused with 401 while the backend changed, \
             {refused} with a token of the other backend refused with 401, {failed} failed"
        )
    }
}

#[derive(Debug, Default)]
struct Tally {
    served: AtomicU64,
    refused: AtomicU64,
    meanwhile: AtomicU64,
    failed: AtomicU64,
    stop: AtomicBool,
}

/// Clients at work.
#[derive(Debug)]
pub(super) struct Load {
    tally: Arc<Tally>,
    clients: JoinSet<()>,
}

impl Load {
    /// Begins, with one token for each backend.
    pub(super) fn start(site: &Site, tokens: &[String; 2], phase: &Arc<Phase>) -> Result<Self> {
        let (tally, mut clients) = (Arc::<Tally>::default(), JoinSet::new());
        let http = || reqwest::Client::builder().tls_certs_only([site.root.clone()]);
        for _ in 0..CLIENTS {
            // Kept connections of both versions, and one that is made anew for each call.
            for http in [
                http().http1_only(),
                http().http2_prior_knowledge(),
                http().http1_only().pool_max_idle_per_host(0),
            ] {
                let mcp = Mcp::at(site.endpoint.clone(), http.build()?, Era::Modern);
                let (tally, phase) = (Arc::clone(&tally), Arc::clone(phase));
                clients.spawn(call_for_ever(mcp, tokens.clone(), phase, tally));
            }
        }
        Ok(Self { tally, clients })
    }

    pub(super) fn counts(&self) -> Counts {
        let read = |count: &AtomicU64| count.load(Ordering::Relaxed);
        let Tally { served, refused, meanwhile, failed, .. } = &*self.tally;
        Counts {
            served: read(served),
            refused: read(refused),
            meanwhile: read(meanwhile),
            failed: read(failed),
        }
    }

    pub(super) async fn stop(mut self) -> Result<Counts> {
        self.tally.stop.store(true, Ordering::Relaxed);
        while let Some(ended) = self.clients.join_next().await {
            ended?;
        }
        Ok(self.counts())
    }
}

async fn call_for_ever(mcp: Mcp, tokens: [String; 2], phase: Arc<Phase>, tally: Arc<Tally>) {
    let mut turn = 0_u64;
    while !tally.stop.load(Ordering::Relaxed) {
        turn += 1;
        let before = phase.now();
        let own = before.1.unwrap_or(0);
        let stranger = turn.is_multiple_of(STRANGER);
        let token = if (own == 0) == stranger { &tokens[1] } else { &tokens[0] };
        let answer = mcp.call(token, "get_omh_schema", json!({"name": "heart-rate"})).await;
        let settled = before.1.is_some() && phase.now() == before;
        let status = answer.as_ref().map_or(0, |answer| answer.status);
        let count = match (settled, stranger, status) {
            (true, false, 200) => &tally.served,
            (true, true, 401) => &tally.refused,
            (false, _, 200 | 401) => &tally.meanwhile,
            _ => {
                let why = answer.map_or_else(|why| format!("{why:#}"), |one| one.body.to_string());
                tracing::error!(status, "{why}");
                &tally.failed
            }
        };
        count.fetch_add(1, Ordering::Relaxed);
    }
}
