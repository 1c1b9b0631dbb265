//! Twice as much as the programs can do: what they can do is done all the same, and in good time; the
//! rest is told at once that there is no room.
//!
//! The programs have processors of their own, and whoever loads them has the others.

use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, ensure};
use reqwest::Client;
use tokio::task::JoinSet;
use tokio::time::sleep;

use super::calls::{Question, Tally, ask};
use super::program::Program;
use super::site::{Site, Wishes, free};
use super::{Bounds, Verdict, number, text};

/// Callers who ask again as soon as they are answered, to find what can be done.
const CALLERS: usize = 32;
/// Clients over each version of HTTP; each has as many connections as it needs.
const CLIENTS: usize = 4;
/// Left out at the beginning of each measurement.
const SETTLES: Duration = Duration::from_secs(2);
/// Requests between two looks at the clock, and the time between.
const TICK: Duration = Duration::from_millis(1);
/// The most that whoever loads may have open: beyond it the load is not what it should be.
const MOST_OPEN: usize = 4000;
/// A refusal within this time.
const AT_ONCE: Duration = Duration::from_millis(50);

/// Who loads.
struct Loader {
    clients: Vec<Client>,
    endpoint: String,
    token: String,
    tally: Tally,
}

/// How long each request took, by what it was answered.
#[derive(Debug, Default)]
struct Seen {
    served: Vec<Duration>,
    refused: Vec<Duration>,
    /// How late each request was sent.
    late: Vec<Duration>,
    seconds: f64,
}

impl Seen {
    #[expect(clippy::cast_precision_loss, reason = "counts of requests are far below 2^53")]
    fn rate(&self) -> f64 {
        self.served.len() as f64 / self.seconds
    }

    #[expect(clippy::cast_precision_loss, reason = "counts of requests are far below 2^53")]
    fn offered(&self) -> f64 {
        self.late.len() as f64 / self.seconds
    }
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
    let processors = text("PROCESSORS", "").context("PROCESSORS are those of the programs")?;
    let core = free()?;
    let deadlines = "{call: 20s, drain: 25s, close_delay: 10ms}";
    let wishes = Wishes { cores: vec![core], deadlines, processors };
    let site = Site::new(&bounds.folder.join("overload"), wishes).await?;
    let mut core = site.core(core).await?;
    let gateway = site.gateway(site.public, 2000).await?;
    let loader = Arc::new(loader(&site).await?);
    let (peak, mut busy) = measure(&loader, whole).await?;
    let patience = p99(&mut busy.served);
    // As an operator would choose it: what can be done in the time that somebody may wait.
    let at_once = at_once(peak, patience);
    gateway.tell("INT")?;
    ensure!(gateway.ended().await?.success(), "the gateway did not end well");
    let mut gateway = site.gateway(site.public, at_once).await?;
    let mut over = open(&loader, peak * 2.0, whole).await?;
    let mut verdict = Verdict::of("overload", &loader.tally);
    verdict.say(format!(
        "peak {peak:.0}/s; at 80 %: {:.0}/s served, p99 {:.1} ms; requests at once: {at_once}",
        busy.rate(),
        milliseconds(patience)
    ));
    judge(&mut verdict, &mut over, peak, patience);
    verdict.must(busy.refused.is_empty(), "somebody was refused at 80 %");
    survived(&mut verdict, &mut gateway, &mut core).await?;
    Ok(verdict)
}

/// What can be done in a second, and how four fifths of that fare.
async fn measure(loader: &Arc<Loader>, whole: Duration) -> Result<(f64, Seen)> {
    let _warm = closed(loader, whole / 12).await?;
    let peak = closed(loader, whole / 6).await?.rate();
    Ok((peak, open(loader, peak * 0.8, whole / 2).await?))
}

/// How many requests can be at work so that they take half of this on average: the slowest take twice as
/// long as that, and some wait before they are counted.
#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "a positive number of requests"
)]
fn at_once(rate: f64, patience: Duration) -> usize {
    (rate * patience.as_secs_f64() / 2.0).ceil().max(4.0) as usize
}

fn judge(verdict: &mut Verdict, over: &mut Seen, peak: f64, patience: Duration) {
    let (served, refused) = (p99(&mut over.served), p99(&mut over.refused));
    verdict.say(format!(
        "offered {:.0}/s (sent {:.1} ms late at p99): {:.0}/s served ({:.0} % of the peak), p99 {:.1} ms; {} \
         refused, p99 {:.1} ms",
        over.offered(),
        milliseconds(p99(&mut over.late)),
        over.rate(),
        over.rate() / peak * 100.0,
        milliseconds(served),
        over.refused.len(),
        milliseconds(refused)
    ));
    verdict.must(over.offered() >= peak * 1.8, "twice the peak was not offered");
    verdict.must(over.rate() >= peak * 0.9, "less than 90 % of the peak is served");
    verdict.must(served <= patience * 2, "whoever is served waits more than twice as long");
    verdict.must(!over.refused.is_empty(), "nobody was refused");
    verdict.must(refused < AT_ONCE, "whoever is refused is not told at once");
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
    /// One call: whether it was served, and how long it took.
    async fn call(self: Arc<Self>) -> (Option<bool>, Duration) {
        let (id, question) = (self.tally.id(), Question::Schema);
        let at = usize::try_from(id).unwrap_or_default() % self.clients.len();
        let Some(http) = self.clients.get(at) else { return (None, Duration::ZERO) };
        let began = Instant::now();
        let answer = ask(http, &self.endpoint, &self.token, (id, question)).await;
        let took = began.elapsed();
        let judged = answer.and_then(|answer| match answer.status {
            200 => question.check(id, &answer.body).map(|()| true),
            429 | 503 => Ok(false),
            other => anyhow::bail!("{id}: {other} {}", String::from_utf8_lossy(&answer.body)),
        });
        let served = judged.as_ref().ok().copied();
        let kind = if served == Some(false) { "refused" } else { "served" };
        self.tally.note(kind, judged.map(|_| ()));
        (served, took)
    }
}

/// So many callers, each asking again as soon as it is answered.
async fn closed(loader: &Arc<Loader>, time: Duration) -> Result<Seen> {
    let (began, mut callers) = (Instant::now(), JoinSet::new());
    for _ in 0..CALLERS {
        let loader = Arc::clone(loader);
        callers.spawn(async move {
            let mut times = Vec::new();
            while began.elapsed() < time {
                if let (Some(true), took) = Arc::clone(&loader).call().await {
                    times.push(took);
                }
            }
            times
        });
    }
    let mut seen = Seen::default();
    while let Some(times) = callers.join_next().await {
        seen.served.extend(times?);
    }
    seen.seconds = began.elapsed().as_secs_f64();
    Ok(seen)
}

/// So many requests a second, whether or not those before are answered.
async fn open(loader: &Arc<Loader>, rate: f64, time: Duration) -> Result<Seen> {
    let (mut seen, mut calls, mut sent) = (Seen::default(), JoinSet::new(), 0.0);
    let began = Instant::now();
    let mut collect = |ended: Result<(Option<bool>, Duration), tokio::task::JoinError>| {
        match ended? {
            (Some(true), took) => seen.served.push(took),
            (Some(false), took) => seen.refused.push(took),
            (None, _) => {}
        }
        anyhow::Ok(())
    };
    let mut late = Vec::new();
    while began.elapsed() < time + SETTLES {
        while sent < rate * began.elapsed().as_secs_f64() {
            ensure!(calls.len() < MOST_OPEN, "answers do not come: {MOST_OPEN} calls are open");
            let counts = began.elapsed() > SETTLES;
            let due = Duration::from_secs_f64(sent / rate);
            if counts {
                late.push(began.elapsed().saturating_sub(due));
            }
            let loader = Arc::clone(loader);
            calls.spawn(async move {
                let (served, took) = loader.call().await;
                (served.filter(|_| counts), took)
            });
            sent += 1.0;
        }
        while let Some(ended) = calls.try_join_next() {
            collect(ended)?;
        }
        sleep(TICK).await;
    }
    while let Some(ended) = calls.join_next().await {
        collect(ended)?;
    }
    (seen.late, seen.seconds) = (late, time.as_secs_f64());
    Ok(seen)
}
