//! A million requests of all kinds through both programs, each answer checked; and whether the programs
//! take more and more for them.

use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::{Result, ensure};
use reqwest::Client;
use testbed::exchange::Person;
use testbed::login::{Login, Tokens, tokens};
use tokio::sync::RwLock;
use tokio::task::JoinSet;
use tokio::time::sleep;

use super::calls::{Question, Tally, ask, ask_well};
use super::program::{self, Program, Vitals};
use super::site::{Site, Wishes, free};
use super::vitals::{Sample, Series};
use super::{Bounds, Verdict, number, wear};

const WORKERS: usize = 24;
/// People who are logged in at the same time, each once or several times.
const SESSIONS: usize = 32;
/// Between two samples.
const EVERY: Duration = Duration::from_millis(500);

/// What one request is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Turn {
    LogIn,
    Refresh,
    /// A call with a token in which one character is another.
    Stranger,
    /// A call over a connection of its own.
    Fresh,
    WhoAmI,
    Http2,
    Http1,
}

impl Turn {
    /// Of each thousand requests, in a mixed order.
    const fn of(id: u64) -> Self {
        match id.wrapping_mul(617) % 1000 {
            0..5 => Self::LogIn,
            5..10 => Self::Refresh,
            10..20 => Self::Stranger,
            20..40 => Self::Fresh,
            40..45 => Self::WhoAmI,
            45..450 => Self::Http2,
            _ => Self::Http1,
        }
    }
}

struct Session {
    person: &'static Person,
    held: RwLock<Tokens>,
}

struct Soak {
    site: Site,
    tally: Tally,
    requests: u64,
    client: Login,
    sessions: Vec<Session>,
    http1: Client,
    http2: Client,
    fresh: Client,
}

/// How long the plain calls of each tenth took, in microseconds.
pub(super) type Times = [Vec<u32>; 10];

/// Soaks.
pub(super) async fn run(bounds: &Bounds) -> Result<Verdict> {
    let requests = number("REQUESTS", if bounds.is_short { 100_000 } else { 1_000_000 })?;
    ensure!(requests >= 1000, "REQUESTS: a thousand at least");
    let core = free()?;
    let deadlines = "{core_idle: 2s}";
    let wishes = Wishes { cores: vec![core], deadlines, processors: String::new() };
    let site = Site::new(&bounds.folder.join("soak"), wishes).await?;
    let core = site.core(core).await?;
    let gateway = site.gateway(site.public, 2000).await?;
    let programs = [gateway, core];
    let idle = vitals(&programs)?;
    let soak = Arc::new(prepare(site, requests).await?);
    let (series, times) = load(&soak, &programs).await?;
    let mut verdict = Verdict::of("soak", &soak.tally);
    let (tally, failed) = (&soak.tally, soak.tally.failed());
    verdict.say(format!("{requests} requests: {tally}{failed} failed"));
    wear::counted(&mut verdict, &soak.tally, &programs).await?;
    wear::drift(&mut verdict, &series, requests);
    wear::slower(&mut verdict, times);
    // With it go all connections of clients, and the Exchange.
    drop(soak);
    wear::settled(&mut verdict, idle, &programs).await?;
    Ok(verdict)
}

fn vitals(programs: &[Program; 2]) -> Result<[Vitals; 2]> {
    let [gateway, core] = programs;
    Ok([gateway.vitals()?, core.vitals()?])
}

async fn prepare(site: Site, requests: u64) -> Result<Soak> {
    let client = || site.client();
    let http1 = client().http1_only().build()?;
    let http2 = client().http2_prior_knowledge().build()?;
    let fresh = client().http1_only().pool_max_idle_per_host(0).build()?;
    let login = site.register(http1.clone()).await?;
    let staff: Vec<&Person> = site.exchange.people().iter().skip(1).take(5).collect();
    let mut sessions = Vec::new();
    for person in staff.iter().cycle().take(SESSIONS) {
        let held = RwLock::new(site.log_in(&login, &http1, person.login).await?);
        sessions.push(Session { person, held });
    }
    let tally = Tally::default();
    Ok(Soak { site, tally, requests, client: login, sessions, http1, http2, fresh })
}

async fn load(soak: &Arc<Soak>, programs: &[Program; 2]) -> Result<(Series, Times)> {
    let (began, mut workers) = (Instant::now(), JoinSet::new());
    for _ in 0..WORKERS {
        workers.spawn(work(Arc::clone(soak)));
    }
    let mut series = Series::written_to(&soak.site.folder().join("series.csv"))?;
    let mut times = Times::default();
    while !workers.is_empty() {
        let (at, done) = (began.elapsed(), soak.tally.begun().min(soak.requests));
        let ([gateway, core], load) =
            (vitals(programs)?, program::vitals(Path::new("/proc/self"))?);
        series.add(Sample { at, done, vitals: [gateway, core, load] })?;
        let pause = sleep(EVERY);
        tokio::pin!(pause);
        loop {
            tokio::select! {
                () = &mut pause => break,
                Some(ended) = workers.join_next() => {
                    for (all, more) in times.iter_mut().zip(ended?) {
                        all.extend(more);
                    }
                }
            }
        }
    }
    Ok((series, times))
}

async fn work(soak: Arc<Soak>) -> Times {
    let mut times = Times::default();
    loop {
        let id = soak.tally.id();
        if id >= soak.requests {
            return times;
        }
        let (turn, began) = (Turn::of(id), Instant::now());
        let (kind, outcome) = soak.take(turn, id).await;
        if matches!(turn, Turn::Http1 | Turn::Http2)
            && let Ok(tenth) = usize::try_from(id * 10 / soak.requests)
            && let Some(all) = times.get_mut(tenth)
        {
            all.push(u32::try_from(began.elapsed().as_micros()).unwrap_or(u32::MAX));
        }
        soak.tally.note(kind, outcome);
    }
}

impl Soak {
    async fn take(&self, turn: Turn, id: u64) -> (&'static str, Result<()>) {
        let at = usize::try_from(id).unwrap_or_default() % SESSIONS;
        let Some(session) = self.sessions.get(at) else {
            return ("sessions", Err(anyhow::anyhow!("there is no session {at}")));
        };
        match turn {
            Turn::LogIn => ("logins", self.log_in(session).await),
            Turn::Refresh => ("refreshes", self.refresh(session).await),
            Turn::Stranger => ("refused strangers", self.come_as_a_stranger(session, id).await),
            Turn::Fresh => {
                let question = Question::Schema;
                ("calls over new connections", self.call(&self.fresh, session, id, question).await)
            }
            Turn::WhoAmI => {
                let user = session.person.user_id.to_string();
                let question = Question::WhoAmI(&user);
                ("calls that ask the backend", self.call(&self.http1, session, id, question).await)
            }
            Turn::Http2 => {
                let outcome = self.call(&self.http2, session, id, Question::Schema).await;
                ("calls over HTTP/2", outcome)
            }
            Turn::Http1 => {
                let outcome = self.call(&self.http1, session, id, Question::Schema).await;
                ("calls over HTTP/1.1", outcome)
            }
        }
    }

    async fn call(
        &self,
        http: &Client,
        session: &Session,
        id: u64,
        question: Question<'_>,
    ) -> Result<()> {
        // Read until the answer is here: a refresh ends the tokens before it.
        let held = session.held.read().await;
        ask_well(http, &self.endpoint(), &held.access, (id, question)).await
    }

    async fn come_as_a_stranger(&self, session: &Session, id: u64) -> Result<()> {
        let mut token = session.held.read().await.access.clone();
        let middle = token.len() / 2..token.len() / 2 + 1;
        let other = if token.get(middle.clone()) == Some("A") { "B" } else { "A" };
        token.replace_range(middle, other);
        let asked = (id, Question::Schema);
        let answer = ask(&self.fresh, &self.endpoint(), &token, asked).await?;
        ensure!(answer.status == 401, "a stranger got {}", answer.status);
        Ok(())
    }

    async fn log_in(&self, session: &Session) -> Result<()> {
        let fresh = self.site.log_in(&self.client, &self.http1, session.person.login).await?;
        *session.held.write().await = fresh;
        Ok(())
    }

    async fn refresh(&self, session: &Session) -> Result<()> {
        let mut held = session.held.write().await;
        let answer = self.client.refresh(&held.refresh).await?.error_for_status()?;
        *held = tokens(answer).await?;
        Ok(())
    }

    fn endpoint(&self) -> String {
        format!("{}/mcp", self.site.origin)
    }
}
