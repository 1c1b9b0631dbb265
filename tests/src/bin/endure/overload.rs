//! Twice as much as the programs can do: what they can do is done all the same, and in good time; the
//! rest is told at once that there is no room, for little. Afterwards all is as it was.
//!
//! The programs have processors of their own, and whoever loads them has the others.

use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, ensure};
use reqwest::Client;
use tokio::task::JoinSet;
use tokio::time::sleep;

use super::calls::{Question, Tally, ask};
use super::neighbours::{Halves, Usage};
use super::program::Program;
use super::site::{Site, Wishes, free};
use super::{Bounds, Verdict, number, text};

/// Callers who ask again as soon as they are answered, to find what can be done; and, under the overload,
/// `server.caps.requests`. As many are then at work both times, so the one may be held against the other.
const CALLERS: usize = 32;
/// Clients over each version of HTTP; each has as many connections as it needs.
const CLIENTS: usize = 4;
/// Between two looks at the clock.
const TICK: Duration = Duration::from_millis(1);
/// How often it is seen how much is served, to ask twice as much.
const WINDOW: Duration = Duration::from_secs(1);
/// The most that whoever loads may have open: beyond it the load is not what it should be.
const MOST_OPEN: usize = 4000;
/// Whoever is served, or refused, under the overload waits at most so many times as long as without it.
const SLOWER: u32 = 5;
/// So much of what can be done is done all the same: refusals cost something, and so do the neighbours.
const DONE: f64 = 0.5;
/// What a refusal costs the programs, of what an answer costs them.
const CHEAPER: f64 = 0.5;
/// Where others took more than this of the processors, times say nothing about the programs.
const OTHERS: f64 = 0.2;

/// Who loads.
struct Loader {
    clients: Vec<Client>,
    endpoint: String,
    token: String,
    tally: Tally,
}

/// Whether a request was served or refused, if it was answered as it should be, and how long that took.
type Outcome = (Option<bool>, Duration);

/// How long each request took, by what it was answered.
#[derive(Debug, Default)]
struct Seen {
    served: Vec<Duration>,
    refused: Vec<Duration>,
    seconds: f64,
    /// Processor time of both programs, in seconds.
    spent: f64,
    /// What others took of the processors, of all there is.
    others: f64,
}

impl Seen {
    fn add(&mut self, (served, took): Outcome) {
        match served {
            Some(true) => self.served.push(took),
            Some(false) => self.refused.push(took),
            None => {}
        }
    }

    /// Served in a second.
    fn rate(&self) -> f64 {
        count(&self.served) / self.seconds
    }

    /// Asked in a second.
    fn offered(&self) -> f64 {
        (count(&self.served) + count(&self.refused)) / self.seconds
    }
}

#[expect(clippy::cast_precision_loss, reason = "counts of requests are far below 2^53")]
const fn count(times: &[Duration]) -> f64 {
    times.len() as f64
}

/// The slowest hundredth begins here.
fn p99(times: &mut [Duration]) -> Duration {
    times.sort_unstable();
    times.get(times.len() * 99 / 100).copied().unwrap_or_default()
}

fn milliseconds(time: Duration) -> f64 {
    time.as_secs_f64() * 1000.0
}

/// Loads.
pub(super) async fn run(bounds: &Bounds) -> Result<Verdict> {
    let seconds = number("OVERLOAD_SECONDS", if bounds.is_short { 10 } else { 60 })?;
    let whole = Duration::from_secs(seconds);
    let processors = |name| text(name, "").context("PROCESSORS, and those of whoever LOADS");
    let halves = Halves { programs: processors("PROCESSORS")?, load: processors("LOADS")? };
    let core = free()?;
    let deadlines = "{call: 20s, drain: 25s, close_delay: 10ms}";
    let wishes = Wishes { cores: vec![core], deadlines, processors: halves.programs.clone() };
    let site = Site::new(&bounds.folder.join("overload"), wishes).await?;
    let mut core = site.core(core).await?;
    let gateway = site.gateway(site.public, 2000).await?;
    let loader = Arc::new(loader(&site).await?);
    let mut before = usual(&halves, (gateway, &core), &loader, whole).await?;
    let mut gateway = site.gateway(site.public, CALLERS).await?;
    let twice = before.rate() * 2.0;
    let mut over = weighed(&halves, [&gateway, &core], open(&loader, twice, whole)).await?;
    let mut after =
        weighed(&halves, [&gateway, &core], closed(&loader, CALLERS / 2, whole / 4)).await?;
    let mut verdict = Verdict::of("overload", &loader.tally);
    judge(&mut verdict, (&mut before, &mut after), &mut over);
    survived(&mut verdict, &mut gateway, &mut core).await?;
    Ok(verdict)
}

/// As many at work as there will be room for, at a gateway that has room for more; it is then ended.
async fn usual(
    halves: &Halves,
    (gateway, core): (Program, &Program),
    loader: &Arc<Loader>,
    whole: Duration,
) -> Result<Seen> {
    let _warm = closed(loader, CALLERS, whole / 12).await?;
    let seen = weighed(halves, [&gateway, core], closed(loader, CALLERS, whole / 4)).await?;
    gateway.tell("INT")?;
    ensure!(gateway.ended().await?.success(), "the gateway did not end well");
    Ok(seen)
}

/// Holds what was seen under the overload against what was seen before and after it: the neighbours may
/// have been there at the one time and not at the other.
fn judge(verdict: &mut Verdict, (before, after): (&mut Seen, &mut Seen), over: &mut Seen) {
    let (usual, later) = (p99(&mut before.served), p99(&mut after.served));
    let (served, refused) = (p99(&mut over.served), p99(&mut over.refused));
    let answer = before.spent / count(&before.served);
    let refusal = (over.spent - answer * count(&over.served)).max(0.0) / count(&over.refused);
    verdict.say(format!(
        "{CALLERS} at work: {:.0}/s served, p99 {:.1} ms; an answer costs {:.0} µs",
        before.rate(),
        milliseconds(usual),
        answer * 1e6
    ));
    verdict.say(format!(
        "asked {:.0}/s, at most {CALLERS} at work: {:.0}/s served, p99 {:.1} ms; {} refused, p99 {:.1} ms; a \
         refusal costs {:.0} µs",
        over.offered(),
        over.rate(),
        milliseconds(served),
        over.refused.len(),
        milliseconds(refused),
        refusal * 1e6
    ));
    verdict.say(format!(
        "afterwards, {} at work: {:.0}/s served, p99 {:.1} ms, {} refused",
        CALLERS / 2,
        after.rate(),
        milliseconds(later),
        after.refused.len()
    ));
    verdict.must(!over.refused.is_empty(), "nobody was refused");
    verdict.must(after.refused.is_empty(), "somebody is refused though the overload is over");
    let others = before.others.max(over.others).max(after.others);
    if others > OTHERS {
        let taken = others * 100.0;
        return verdict.say(format!(
            "others took up to {taken:.0} % of the processors: times, rates and costs are NOT JUDGED"
        ));
    }
    verdict.must(over.offered() >= over.rate() * 1.7, "twice as much was not asked");
    verdict.must(refusal <= answer * CHEAPER, "a refusal costs too much");
    let (least, most) = (before.rate().min(after.rate()) * DONE, usual.max(later) * SLOWER);
    verdict.must(over.rate() >= least, "too little is served under the overload");
    verdict.must(served <= most, "whoever is served waits too long");
    verdict.must(refused <= most, "whoever is refused waits too long");
    verdict.must(after.rate() >= before.rate() * DONE, "too little is served after the overload");
    verdict.must(later <= usual * SLOWER, "whoever is served after the overload waits too long");
}

async fn survived(verdict: &mut Verdict, gateway: &mut Program, core: &mut Program) -> Result<()> {
    let has_ended = gateway.has_ended()? || core.has_ended()?;
    verdict.must(!has_ended, "a program has ended");
    for name in ["gateway_faults_total", "gateway_panics_total"] {
        verdict.must(gateway.metric(name).await? < 0.5, &format!("{name} is not 0"));
    }
    verdict.must(gateway.is_ready().await, "the gateway is not ready");
    Ok(())
}

async fn loader(site: &Site) -> Result<Loader> {
    let mut clients = Vec::new();
    for _ in 0..CLIENTS {
        clients.push(site.client().http1_only().build()?);
        clients.push(site.client().http2_prior_knowledge().build()?);
    }
    let http = clients.first().context("a client")?.clone();
    let login = site.register(http.clone()).await?;
    let token = site.log_in(&login, &http, "manager_mary").await?.access;
    let endpoint = format!("{}/mcp", site.origin);
    Ok(Loader { clients, endpoint, token, tally: Tally::default() })
}

impl Loader {
    /// One call.
    async fn call(self: Arc<Self>) -> Outcome {
        let (id, question) = (self.tally.id(), Question::Schema);
        let at = usize::try_from(id).unwrap_or_default() % self.clients.len();
        let Some(http) = self.clients.get(at) else { return (None, Duration::ZERO) };
        let began = Instant::now();
        let answer = ask(http, &self.endpoint, &self.token, (id, question)).await;
        let took = began.elapsed();
        let judged = answer.and_then(|answer| match answer.status {
            200 => question.check(id, &answer.body).map(|()| true),
            429 | 503 if answer.says_when => Ok(false),
            429 | 503 => anyhow::bail!("{id}: {} without Retry-After", answer.status),
            other => anyhow::bail!("{id}: {other} {}", String::from_utf8_lossy(&answer.body)),
        });
        let served = judged.as_ref().ok().copied();
        let kind = if served == Some(false) { "refused" } else { "served" };
        self.tally.note(kind, judged.map(|_| ()));
        (served, took)
    }
}

/// What a load took both programs, and others meanwhile.
async fn weighed(
    halves: &Halves,
    programs: [&Program; 2],
    load: impl Future<Output = Result<Seen>>,
) -> Result<Seen> {
    let before = Usage::now(halves, programs)?;
    let mut seen = load.await?;
    let after = Usage::now(halves, programs)?;
    (seen.spent, seen.others) = (after.spent_since(&before), after.others_since(&before));
    Ok(seen)
}

/// So many callers, each asking again as soon as it is answered.
async fn closed(loader: &Arc<Loader>, callers: usize, time: Duration) -> Result<Seen> {
    let (began, mut asking) = (Instant::now(), JoinSet::new());
    for _ in 0..callers {
        let loader = Arc::clone(loader);
        asking.spawn(async move {
            let mut outcomes = Vec::new();
            while began.elapsed() < time {
                outcomes.push(Arc::clone(&loader).call().await);
            }
            outcomes
        });
    }
    let mut all = Seen::default();
    while let Some(outcomes) = asking.join_next().await {
        outcomes?.into_iter().for_each(|outcome| all.add(outcome));
    }
    all.seconds = began.elapsed().as_secs_f64();
    Ok(all)
}

/// Twice as many requests as are served at that moment, whether or not those before are answered; `rate` a
/// second at first.
async fn open(loader: &Arc<Loader>, mut rate: f64, time: Duration) -> Result<Seen> {
    let (mut seen, mut calls, mut due) = (Seen::default(), JoinSet::new(), 0.0);
    let (began, least) = (Instant::now(), rate / 8.0);
    let (mut looked, mut window, mut served) = (began, began, 0.0);
    while began.elapsed() < time {
        due += rate * looked.elapsed().as_secs_f64();
        looked = Instant::now();
        while due >= 1.0 {
            ensure!(calls.len() < MOST_OPEN, "answers do not come: {MOST_OPEN} calls are open");
            calls.spawn(Arc::clone(loader).call());
            due -= 1.0;
        }
        while let Some(ended) = calls.try_join_next() {
            seen.add(ended?);
        }
        if window.elapsed() >= WINDOW {
            let served_now = count(&seen.served);
            rate = least.max((served_now - served) * 2.0 / window.elapsed().as_secs_f64());
            (window, served) = (Instant::now(), served_now);
        }
        sleep(TICK).await;
    }
    while let Some(ended) = calls.join_next().await {
        seen.add(ended?);
    }
    seen.seconds = began.elapsed().as_secs_f64();
    Ok(seen)
}
