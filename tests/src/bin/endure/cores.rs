//! Two cores under one name, of which one after the other goes away and comes back: in good order, and
//! at a stroke. What has not been sent to one that is gone is sent to the other, and nothing is sent twice.

use std::collections::HashMap;
use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, ensure};
use reqwest::Client;
use serde_json::Value;
use testbed::scripted_core::{Script, ScriptedCore, Sent};
use tokio::sync::watch;
use tokio::task::JoinSet;
use tokio::time::sleep;

use super::calls::{Question, Tally, ask};
use super::program::Program;
use super::site::{CORE_CLOSE_DELAY, Site, Wishes, free_pair};
use super::{Bounds, Verdict, number};

const CALLERS: usize = 16;
/// Calls between two restarts, at least.
const BETWEEN: u64 = 60;
/// Within this time whoever has fallen silent has its answer.
const LAST_ANSWERS: Duration = Duration::from_millis(50);
/// A core that works on each call so long always has some at work when it is cut off.
const WORK: Duration = Duration::from_millis(5);
/// How long nobody listens in its place.
const AWAY: Duration = Duration::from_millis(100);
/// Once the cores are back, all is well again within this time.
const LATE: Duration = Duration::from_secs(5);

struct Load {
    site: Site,
    tally: Tally,
    token: String,
    done: AtomicBool,
    /// Callers hold their next call back while it is true.
    hushed: watch::Sender<bool>,
}

impl Load {
    async fn new(folder: &Path, cores: Vec<SocketAddr>) -> Result<Self> {
        // Connections without a call are given up before a core closes them.
        let deadlines = "{call: 20s, drain: 25s, core_connect: 1s, core_idle: 800ms}";
        let site =
            Site::new(folder, Wishes { cores, deadlines, processors: String::new() }).await?;
        let (tally, done, hushed) =
            (Tally::default(), AtomicBool::new(false), watch::Sender::new(false));
        Ok(Self { site, tally, token: String::new(), done, hushed })
    }

    /// Logs somebody in, once the gateway is there.
    async fn log_in(&mut self) -> Result<()> {
        let http = self.site.client().build()?;
        let client = self.site.register(http.clone()).await?;
        self.token = self.site.log_in(&client, &http, "manager_mary").await?.access;
        Ok(())
    }

    /// Waits until calls have gone on for a while.
    async fn goes_on(&self) -> Result<()> {
        let (before, began) = (self.tally.count("calls"), Instant::now());
        while self.tally.count("calls") < before + BETWEEN && self.tally.failed() == 0 {
            ensure!(began.elapsed() < LATE * 4, "calls do not go on");
            sleep(Duration::from_millis(5)).await;
        }
        Ok(())
    }

    fn endpoint(&self) -> String {
        format!("{}/mcp", self.site.origin)
    }
}

/// Callers at work.
struct Callers(JoinSet<()>);

impl Callers {
    /// Each goes on in its way, over connections of its own.
    fn start<W>(load: &Arc<Load>, way: fn(Arc<Load>, Client) -> W) -> Result<Self>
    where
        W: Future<Output = ()> + Send + 'static,
    {
        let mut callers = JoinSet::new();
        for _ in 0..CALLERS {
            callers.spawn(way(Arc::clone(load), load.site.client().build()?));
        }
        Ok(Self(callers))
    }

    async fn stop(mut self, load: &Load) -> Result<()> {
        load.done.store(true, Ordering::Relaxed);
        while let Some(ended) = self.0.join_next().await {
            ended?;
        }
        Ok(())
    }
}

/// Real cores, told to stop and started again: no call fails, and none is lost, though their name goes on
/// leading to both of them.
pub(super) async fn in_order(bounds: &Bounds) -> Result<Verdict> {
    let restarts = number("RESTARTS", if bounds.is_short { 6 } else { 50 })?;
    let addresses = free_pair()?;
    let mut load = Load::new(&bounds.folder.join("cores-in-order"), addresses.clone()).await?;
    let mut cores = Vec::new();
    for address in addresses {
        cores.push((load.site.core(address).await?, address));
    }
    let _gateway = load.site.gateway(load.site.public, 2000).await?;
    load.log_in().await?;
    let load = Arc::new(load);
    let callers = Callers::start(&load, keep_asking)?;
    for number in 0..restarts {
        let silence = (number % 2 == 1).then(|| silence(number));
        restart(&load, &mut cores, silence).await?;
    }
    callers.stop(&load).await?;
    let mut verdict = Verdict::of("cores restarted in order", &load.tally);
    let (tally, failed) = (&load.tally, load.tally.failed());
    verdict.say(format!("{restarts} restarts of one of two cores: {tally}{failed} failed"));
    verdict.must(tally.count(UNDER_WAY) == 0, "a call was lost");
    Ok(verdict)
}

/// How long nobody calls, so that all call at once when a core is about to close what it has not heard from: a little
/// sooner or later than that, another time for each `number`.
fn silence(number: u64) -> Duration {
    CORE_CLOSE_DELAY.saturating_sub(Duration::from_millis(5))
        + Duration::from_micros(number % 20 * 500)
}

/// The core that is there longest ends, and comes back when calls went on without it. After its end has begun, nobody
/// calls for the time of `silence`.
async fn restart(
    load: &Load,
    cores: &mut Vec<(Program, SocketAddr)>,
    silence: Option<Duration>,
) -> Result<()> {
    load.goes_on().await?;
    let (old, address) = cores.remove(0);
    if let Some(silence) = silence {
        load.hushed.send_replace(true);
        sleep(LAST_ANSWERS).await;
        old.tell("TERM")?;
        sleep(silence).await;
        load.hushed.send_replace(false);
    } else {
        old.tell("TERM")?;
    }
    ensure!(old.ended().await?.success(), "a core did not end well");
    load.goes_on().await?;
    cores.push((load.site.core(address).await?, address));
    Ok(())
}

async fn keep_asking(load: Arc<Load>, http: Client) {
    let right = |id, body: &[u8]| Question::Schema.check(id, body);
    keep_calling(load, http, right).await;
}

/// Cores that keep what reached them, cut off at a stroke: only what was under way fails, and it is told
/// so; nothing reaches two of them, or one twice.
pub(super) async fn cut_off(bounds: &Bounds) -> Result<Verdict> {
    let cuts = number("RESTARTS", if bounds.is_short { 6 } else { 50 })?;
    let addresses = free_pair()?;
    let mut load = Load::new(&bounds.folder.join("cores-cut-off"), addresses.clone()).await?;
    let mut cores = Vec::new();
    for address in addresses {
        cores.push(scripted(address).await?);
    }
    let _gateway = load.site.gateway(load.site.public, 2000).await?;
    load.log_in().await?;
    let load = Arc::new(load);
    let callers = Callers::start(&load, keep_counting)?;
    let mut reached = HashMap::new();
    for _ in 0..cuts {
        cut(&load, &mut cores, &mut reached).await?;
    }
    load.goes_on().await?;
    callers.stop(&load).await?;
    note_the_last(&mut reached, cores).await?;
    Ok(judge(cuts, &load.tally, &reached))
}

/// How often each call reached a core.
type Reached = HashMap<u64, u32>;

/// The core that is there longest vanishes, and comes back after a while.
async fn cut(load: &Load, cores: &mut Vec<ScriptedCore>, reached: &mut Reached) -> Result<()> {
    load.goes_on().await?;
    let core = cores.remove(0);
    let address = core.address;
    note(reached, core.cut().await)?;
    sleep(AWAY).await;
    cores.push(scripted(address).await?);
    Ok(())
}

/// What reached those that are there at the end.
async fn note_the_last(reached: &mut Reached, cores: Vec<ScriptedCore>) -> Result<()> {
    for core in cores {
        note(reached, core.cut().await)?;
    }
    Ok(())
}

fn judge(cuts: u64, tally: &Tally, reached: &Reached) -> Verdict {
    let twice = reached.values().filter(|times| **times > 1).count();
    let mut verdict = Verdict::of("cores cut off", tally);
    verdict.say(format!(
        "{cuts} cuts of one of two cores: {} calls reached one, {twice} of them twice; {tally}{} failed",
        reached.len(),
        tally.failed()
    ));
    verdict.must(twice == 0, "a call was sent twice");
    verdict.must(tally.count(UNDER_WAY) > 0, "no call was under way when a core went away");
    verdict
}

/// The word for calls that were with a core which went away.
const UNDER_WAY: &str = "under way and told so (502)";

async fn scripted(address: SocketAddr) -> Result<ScriptedCore> {
    let core = ScriptedCore::start_at(address).await?;
    core.play(Script::Late(WORK));
    Ok(core)
}

/// Counts what reached a core, by the id of the call.
fn note(reached: &mut Reached, sent: Vec<Sent>) -> Result<()> {
    for sent in sent {
        let id = sent.body.get("id").and_then(Value::as_u64).context("an id")?;
        *reached.entry(id).or_default() += 1;
    }
    Ok(())
}

async fn keep_counting(load: Arc<Load>, http: Client) {
    keep_calling(load, http, |id, body| {
        let told: Value = serde_json::from_slice(body)?;
        ensure!(told.get("id") == Some(&Value::from(id)), "{id}: {told}");
        Ok(())
    })
    .await;
}

/// Calls on and on. What is answered is right; what had been sent to a core that went away is told so;
/// anything else is a failure.
async fn keep_calling(load: Arc<Load>, http: Client, right: fn(u64, &[u8]) -> Result<()>) {
    let endpoint = load.endpoint();
    while !load.done.load(Ordering::Relaxed) {
        // The sender lives in the load.
        let _ = load.hushed.subscribe().wait_for(|hushed| !hushed).await;
        let id = load.tally.id();
        let answer = ask(&http, &endpoint, &load.token, (id, Question::Schema)).await;
        let judged = answer.and_then(|answer| {
            match answer.status {
                200 => right(id, &answer.body)?,
                502 => ensure!(is_broken(&answer.body), "{id}: 502 for another reason"),
                other => anyhow::bail!("{id}: {other} {}", String::from_utf8_lossy(&answer.body)),
            }
            Ok(answer.status)
        });
        let kind = if matches!(judged, Ok(502)) { UNDER_WAY } else { "calls" };
        load.tally.note(kind, judged.map(|_| ()));
    }
}

/// Whether an answer says that core went away under a call.
fn is_broken(body: &[u8]) -> bool {
    let told: Result<Value, _> = serde_json::from_slice(body);
    told.is_ok_and(|told| told.get("title") == Some(&"core_broken".into()))
}
