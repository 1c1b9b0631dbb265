//! Keeps the connection to the store, so that no request ever waits for one.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::time::Duration;

use arc_swap::ArcSwapOption;
use prometheus::IntGauge;
use tokio::sync::Notify;
use tokio::time::{sleep, timeout};

use super::StoreFault;
use super::connection::{Address, Connection, Request, fault};

/// For connecting, TLS, logging in and leaving the script.
const CONNECT_TIME: Duration = Duration::from_secs(2);
/// This many late or wrong answers in a row end a connection.
const STRIKES: u32 = 3;

/// The connection while there is one, and what is needed to make the next.
#[derive(Debug)]
pub(super) struct Link {
    address: Address,
    probe: Request,
    deadline: Duration,
    /// Between two looks at a store that nobody asks, and for one that is away.
    pause: Duration,
    degraded: IntGauge,
    standing: ArcSwapOption<Standing>,
    gone: Notify,
}

/// A connection in use.
#[derive(Debug)]
pub(super) struct Standing {
    connection: Connection,
    strikes: AtomicU32,
    /// Whether a request asked since the last look.
    asked: AtomicBool,
}

impl Standing {
    /// Runs the script for a request.
    pub(super) async fn ask(&self, request: &Request) -> Result<Vec<i64>, StoreFault> {
        self.asked.store(true, Ordering::Relaxed);
        self.connection.ask(request).await
    }
}

impl Link {
    pub(super) fn new(
        address: Address,
        probe: Request,
        [deadline, pause]: [Duration; 2],
        degraded: IntGauge,
    ) -> Self {
        let (standing, gone) = (ArcSwapOption::empty(), Notify::new());
        Self { address, probe, deadline, pause, degraded, standing, gone }
    }

    /// The connection, if one stands.
    pub(super) fn current(&self) -> Option<Arc<Standing>> {
        self.standing.load_full()
    }

    /// What came of asking over `standing`. The one who finds it useless takes it away from all.
    pub(super) fn note(&self, standing: &Arc<Standing>, fault: Option<StoreFault>) {
        let useless = match fault {
            None => {
                standing.strikes.store(0, Ordering::Relaxed);
                false
            }
            Some(StoreFault::Lost) => true,
            Some(StoreFault::Late | StoreFault::Answer | StoreFault::Away) => {
                standing.strikes.fetch_add(1, Ordering::Relaxed) + 1 >= STRIKES
            }
        };
        let Some(fault) = fault.filter(|_| useless) else { return };
        // Another may stand by now: that one is not judged by what happened to this one.
        let before = self.standing.compare_and_swap(standing, None);
        if before.as_ref().is_some_and(|before| Arc::ptr_eq(before, standing)) {
            self.degraded.set(1);
            tracing::warn!(
                reason = fault.as_str(),
                "the store of shared limits is away; counting locally at this replica's share"
            );
            self.gone.notify_one();
        }
    }

    /// Connects again and again, for ever.
    pub(super) async fn keep(self: Arc<Self>) {
        let mut told = false;
        loop {
            match self.connect().await {
                Ok(standing) => {
                    let standing = Arc::new(standing);
                    // In this order: from then on anybody may find it useless again.
                    self.degraded.set(0);
                    self.standing.store(Some(Arc::clone(&standing)));
                    tracing::info!("the store of shared limits answers");
                    self.watch(&standing).await;
                    told = true;
                }
                Err(fault) if !told => {
                    tracing::warn!(
                        reason = fault.as_str(),
                        "the store of shared limits is away; counting locally at this replica's share"
                    );
                    told = true;
                }
                Err(_) => {}
            }
            sleep(self.pause).await;
        }
    }

    /// Returns when `standing` was taken away. Where no request asks over it, the keeper does: a store
    /// that broke is told from one that nobody needed, before the next request finds out.
    async fn watch(&self, standing: &Arc<Standing>) {
        while timeout(self.pause, self.gone.notified()).await.is_err() {
            if !standing.asked.swap(false, Ordering::Relaxed) {
                let probed = self.probe(&standing.connection).await;
                self.note(standing, probed.err());
            }
        }
    }

    /// A connection that is proven to be quick enough for a request.
    async fn connect(&self) -> Result<Standing, StoreFault> {
        let connecting = timeout(CONNECT_TIME, self.address.connect()).await;
        let connection = connecting.map_err(|_| StoreFault::Late)?.map_err(|why| fault(&why))?;
        self.probe(&connection).await?;
        Ok(Standing { connection, strikes: AtomicU32::new(0), asked: AtomicBool::new(false) })
    }

    /// Asks as a request would, and waits no longer.
    async fn probe(&self, connection: &Connection) -> Result<(), StoreFault> {
        let answer = timeout(self.deadline, connection.ask(&self.probe)).await;
        answer.unwrap_or(Err(StoreFault::Late)).map(|_| ())
    }
}
