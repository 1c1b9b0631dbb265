//! Three gateways before two cores, replaced one after the other, again and again, as a rolling update
//! does it: the next one becomes ready, the old one is told to stop, its balancer notices, it drains.

use std::net::{SocketAddr, TcpListener};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

use anyhow::{Context as _, Result, ensure};
use reqwest::Client;
use serde_json::{Value, json};
use testbed::balancer::Balancer;
use testbed::exchange::{Endpoint, Fault};
use testbed::login::tokens;
use testbed::mcp::{Era, Mcp};
use tokio::net::TcpStream;
use tokio::task::JoinSet;
use tokio::time::sleep;

use super::calls::{Question, Tally, ask_well};
use super::program::Program;
use super::site::{Site, Wishes, free, free_pair};
use super::{Bounds, Verdict, number};

const REPLICAS: usize = 3;
/// Calls between two replacements, at least.
const BETWEEN: u64 = 60;
/// A balancer does not notice at once that a replica is not ready.
const NOTICES_AFTER: Duration = Duration::from_millis(200);
/// How long each answer about observations takes the backend: a stream then takes about a second.
const SLOW: Duration = Duration::from_millis(100);
/// Refreshes after each login, and the time between.
const REFRESHES: usize = 10;
const PAUSE: Duration = Duration::from_millis(100);

/// What everybody at work shares.
struct Load {
    site: Site,
    tally: Tally,
    token: String,
    done: AtomicBool,
    /// Counts the gateways that were told to stop.
    stops: AtomicU64,
}

/// Replaces, under load.
pub(super) async fn run(bounds: &Bounds) -> Result<Verdict> {
    let rounds = number("ROLLOUTS", if bounds.is_short { 2 } else { 20 })?;
    let wishes = Wishes {
        cores: free_pair()?,
        deadlines: "{close_delay: 1s, call: 20s, drain: 25s, core_connect: 1s}",
        processors: String::new(),
    };
    let site = Site::new(&bounds.folder.join("replacement"), wishes.clone()).await?;
    let (_cores, mut gateways) = stand(&site, &wishes.cores).await?;
    let targets = gateways.iter().map(|(_, address)| *address).collect();
    let balancer = Balancer::start(TcpListener::bind(site.public)?, targets)?;
    let http = site.client().build()?;
    let client = site.register(http.clone()).await?;
    let token = site.log_in(&client, &http, "manager_mary").await?.access;
    site.exchange.fault(Endpoint::Fhir, Fault::Slow(SLOW));
    let (done, stops) = (AtomicBool::new(false), AtomicU64::new(0));
    let load = Arc::new(Load { site, tally: Tally::default(), token, done, stops });
    let mut callers = start(&load)?;
    for _ in 0..rounds {
        for place in &mut gateways {
            replace(&load, &balancer, place).await?;
        }
    }
    load.done.store(true, Ordering::Relaxed);
    while let Some(ended) = callers.join_next().await {
        ended?;
    }
    Ok(judge(rounds, &load.tally))
}

fn judge(rounds: u64, tally: &Tally) -> Verdict {
    let mut verdict = Verdict::of("rolling replacement", tally);
    verdict.say(format!(
        "{rounds} times all {REPLICAS} gateways were replaced: {tally}{} failed",
        tally.failed()
    ));
    for kind in ["calls", "streams across a stop", "logins", "refreshes"] {
        verdict.must(tally.count(kind) > 0, &format!("there were no {kind}"));
    }
    verdict
}

/// A gateway, and where it listens.
type Replica = (Program, SocketAddr);

/// Cores at these addresses, and gateways before them.
async fn stand(site: &Site, addresses: &[SocketAddr]) -> Result<(Vec<Program>, Vec<Replica>)> {
    let (mut cores, mut gateways) = (Vec::new(), Vec::new());
    for address in addresses {
        cores.push(site.core(*address).await?);
    }
    for _ in 0..REPLICAS {
        gateways.push(started(site).await?);
    }
    Ok((cores, gateways))
}

async fn started(site: &Site) -> Result<Replica> {
    let address = free()?;
    Ok((site.gateway(address, 2000).await?, address))
}

/// One gateway gives way to another.
async fn replace(load: &Load, balancer: &Balancer, place: &mut Replica) -> Result<()> {
    let before = load.tally.count("calls");
    while load.tally.count("calls") < before + BETWEEN && load.tally.failed() == 0 {
        sleep(Duration::from_millis(10)).await;
    }
    let (old, from) = std::mem::replace(place, started(&load.site).await?);
    old.tell("TERM")?;
    load.stops.fetch_add(1, Ordering::Relaxed);
    while old.is_ready().await {
        sleep(Duration::from_millis(5)).await;
    }
    // Readiness goes first: whoever has not heard of it is still let in.
    TcpStream::connect(from).await.context("not ready, and does not accept any more")?;
    sleep(NOTICES_AFTER).await;
    balancer.replace(from, place.1);
    ensure!(old.ended().await?.success(), "a gateway did not end well");
    Ok(())
}

/// Callers of all kinds, each over connections of its own.
fn start(load: &Arc<Load>) -> Result<JoinSet<()>> {
    let mut callers = JoinSet::new();
    let client = || load.site.client();
    for http in [
        client().http1_only().build()?,
        client().http1_only().build()?,
        client().http1_only().pool_max_idle_per_host(0).build()?,
        client().pool_max_idle_per_host(0).build()?,
        client().build()?,
        // Each over a connection of its own. Of three on one, somebody once waited for ever in the client, with no
        // connection open; reqwest #1323 reads the same.
        client().http2_prior_knowledge().build()?,
        client().http2_prior_knowledge().build()?,
        client().http2_prior_knowledge().build()?,
    ] {
        callers.spawn(keep_calling(Arc::clone(load), http));
    }
    for http in [client().http1_only().build()?, client().build()?, client().build()?] {
        callers.spawn(keep_following(Arc::clone(load), http));
    }
    callers.spawn(keep_logging_in(Arc::clone(load), client().build()?));
    Ok(callers)
}

async fn keep_calling(load: Arc<Load>, http: Client) {
    let endpoint = format!("{}/mcp", load.site.origin);
    while !load.done.load(Ordering::Relaxed) {
        let call = (load.tally.id(), Question::Schema);
        load.tally.note("calls", ask_well(&http, &endpoint, &load.token, call).await);
    }
}

async fn keep_following(load: Arc<Load>, http: Client) {
    let mcp = Mcp::at(format!("{}/mcp", load.site.origin), http, Era::Modern);
    while !load.done.load(Ordering::Relaxed) {
        let before = load.stops.load(Ordering::Relaxed);
        let outcome = follow(&mcp, &load.token).await;
        let is_across = load.stops.load(Ordering::Relaxed) > before;
        load.tally.note(if is_across { "streams across a stop" } else { "streams" }, outcome);
    }
}

/// A stream of events that ends with its answer.
async fn follow(mcp: &Mcp, token: &str) -> Result<()> {
    let arguments = json!({"study_id": "30006", "by_patient": true});
    let mut events = mcp.follow(token, "count_study_observations", arguments).await?;
    let mut last = None;
    while let Some(event) = events.next().await? {
        last = Some(event);
    }
    let last = last.context("a stream without an event")?;
    let counts = last.pointer("/result/structuredContent/counts");
    ensure!(counts.is_some_and(Value::is_object), "{last}");
    Ok(())
}

async fn keep_logging_in(load: Arc<Load>, http: Client) {
    let client = load.site.register(http.clone()).await;
    let Ok(client) = client else {
        return load.tally.note("registrations", client.map(|_| ()));
    };
    while !load.done.load(Ordering::Relaxed) {
        let mut held = load.site.log_in(&client, &http, "member_megan").await;
        for _ in 0..REFRESHES {
            let Ok(tokens_held) = &held else { break };
            sleep(PAUSE).await;
            let refreshed = async {
                let answer = client.refresh(&tokens_held.refresh).await?;
                let (status, text) = (answer.status(), "no tokens");
                tokens(answer).await.with_context(|| format!("{status}: {text}"))
            };
            held = refreshed.await;
            if held.is_ok() {
                load.tally.add("refreshes");
            }
        }
        load.tally.note("logins", held.map(|_| ()));
    }
}
