//! Calls whose right answer is known, and what became of them.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};

use anyhow::{Context as _, Result, ensure};
use bytes::Bytes;
use reqwest::Client;
use serde::Deserialize;

/// Schemas that are asked for in turn, so that somebody else's answer is noticed.
const SCHEMAS: [&str; 4] = ["heart-rate", "body-weight", "blood-glucose", "step-count"];

/// What is asked. Each has one right answer.
#[derive(Clone, Copy, Debug)]
pub(super) enum Question<'q> {
    /// A tool that asks the backend nothing.
    Schema,
    /// A tool that asks the backend who holds the token: this user.
    WhoAmI(&'q str),
}

#[derive(Debug, Deserialize)]
struct Told {
    id: u64,
    result: ToolResult,
}

#[derive(Debug, Deserialize)]
struct ToolResult {
    #[serde(default, rename = "isError")]
    is_error: bool,
    #[serde(rename = "structuredContent")]
    content: Content,
}

#[derive(Debug, Deserialize)]
struct Content {
    name: Option<String>,
    user_id: Option<String>,
}

impl Question<'_> {
    fn body(self, id: u64) -> String {
        let call = match self {
            Self::Schema => {
                let name = schema(id);
                format!(r#""name":"get_omh_schema","arguments":{{"name":"{name}"}}"#)
            }
            Self::WhoAmI(_) => r#""name":"who_am_i","arguments":{}"#.to_owned(),
        };
        format!(r#"{{"jsonrpc":"2.0","id":{id},"method":"tools/call","params":{{{call}}}}}"#)
    }

    /// Whether this is the answer to the call with this id, and to no other.
    pub(super) fn check(self, id: u64, body: &[u8]) -> Result<()> {
        let told: Told = serde_json::from_slice(body)
            .with_context(|| format!("{id}: {}", String::from_utf8_lossy(body)))?;
        ensure!(told.id == id, "the answer to {} came to {id}", told.id);
        ensure!(!told.result.is_error, "{id}: a tool error");
        let content = told.result.content;
        match self {
            Self::Schema => ensure!(content.name.as_deref() == Some(schema(id)), "{content:?}"),
            Self::WhoAmI(user) => {
                ensure!(content.user_id.as_deref() == Some(user), "{content:?}, not {user}");
            }
        }
        Ok(())
    }
}

fn schema(id: u64) -> &'static str {
    let at = usize::try_from(id).unwrap_or_default() % SCHEMAS.len();
    SCHEMAS.get(at).copied().unwrap_or_default()
}

/// A status, and a body whose meaning it says.
#[derive(Clone, Debug)]
pub(super) struct Answer {
    pub(super) status: u16,
    pub(super) body: Bytes,
    /// Whether it says when to ask again.
    pub(super) says_when: bool,
}

/// Calls `/mcp` at `endpoint`; an error is that there was no answer.
pub(super) async fn ask(
    http: &Client,
    endpoint: &str,
    token: &str,
    (id, question): (u64, Question<'_>),
) -> Result<Answer> {
    let request = http.post(endpoint).bearer_auth(token).body(question.body(id));
    let request = request.header("content-type", "application/json");
    let request = request.header("accept", "application/json, text/event-stream");
    let answer = request.header("mcp-protocol-version", "2025-06-18").send().await?;
    let (status, says_when) = (answer.status(), answer.headers().contains_key("retry-after"));
    Ok(Answer { status: status.as_u16(), says_when, body: answer.bytes().await? })
}

/// Calls, and wants the right answer.
pub(super) async fn ask_well(
    http: &Client,
    endpoint: &str,
    token: &str,
    (id, question): (u64, Question<'_>),
) -> Result<()> {
    let answer = ask(http, endpoint, token, (id, question)).await?;
    let text = || String::from_utf8_lossy(&answer.body).into_owned();
    ensure!(answer.status == 200, "{id}: {} {}", answer.status, text());
    question.check(id, &answer.body)
}

/// How many went how; and the first of those that failed, in words.
#[derive(Debug, Default)]
pub(super) struct Tally {
    next: AtomicU64,
    counts: Mutex<BTreeMap<&'static str, u64>>,
    failures: Mutex<Vec<String>>,
}

/// As many failures as anybody reads.
const SHOWN: usize = 10;
/// The word for what did not go as it should.
const FAILED: &str = "failed";

impl Tally {
    /// An id that no other call has.
    pub(super) fn id(&self) -> u64 {
        self.next.fetch_add(1, Ordering::Relaxed)
    }

    /// How many ids were given.
    pub(super) fn begun(&self) -> u64 {
        self.next.load(Ordering::Relaxed)
    }

    /// One more of this kind.
    pub(super) fn add(&self, kind: &'static str) {
        *self.counts.lock().unwrap_or_else(PoisonError::into_inner).entry(kind).or_default() += 1;
    }

    /// One more of this kind, or a failure.
    pub(super) fn note(&self, kind: &'static str, outcome: Result<()>) {
        match outcome {
            Ok(()) => self.add(kind),
            Err(why) => {
                self.add(FAILED);
                let mut failures = self.failures.lock().unwrap_or_else(PoisonError::into_inner);
                if failures.len() < SHOWN {
                    failures.push(format!("{kind}: {why:#}"));
                }
            }
        }
    }

    /// How many there are of a kind.
    pub(super) fn count(&self, kind: &str) -> u64 {
        let counts = self.counts.lock().unwrap_or_else(PoisonError::into_inner);
        counts.get(kind).copied().unwrap_or_default()
    }

    /// How many failed.
    pub(super) fn failed(&self) -> u64 {
        self.count(FAILED)
    }

    /// The first failures.
    pub(super) fn failures(&self) -> Vec<String> {
        self.failures.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

impl fmt::Display for Tally {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let counts = self.counts.lock().unwrap_or_else(PoisonError::into_inner);
        let counts = counts.iter().filter(|(kind, _)| **kind != FAILED);
        for (kind, count) in counts {
            write!(f, "{count} {kind}, ")?;
        }
        Ok(())
    }
}
