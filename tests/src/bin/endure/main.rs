//! What must not wear out: `endure PART` plays one part against the real programs and says what came of
//! it. The lane in `tests/lanes/endure` says which parts there are and in which order.

use std::io::Write as _;
use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::{Context as _, Result, bail};

mod calls;
mod cores;
mod neighbours;
mod overload;
mod program;
mod replacement;
mod site;
mod soak;
mod vitals;
mod wear;

use calls::Tally;

/// Where a part works, and how much of it there is.
#[derive(Debug)]
struct Bounds {
    /// Its folders and series are below this one.
    folder: PathBuf,
    /// Whether somebody only wants to see it run.
    is_short: bool,
}

/// What came of a part.
#[derive(Debug)]
struct Verdict {
    name: &'static str,
    lines: Vec<String>,
    wrong: Vec<String>,
}

impl Verdict {
    /// Nothing yet, but for calls that failed.
    fn of(name: &'static str, tally: &Tally) -> Self {
        Self { name, lines: Vec::new(), wrong: tally.failures() }
    }

    /// A line for whoever reads.
    fn say(&mut self, line: String) {
        self.lines.push(line);
    }

    /// What must hold, or else this is wrong.
    fn must(&mut self, holds: bool, wrong: &str) {
        if !holds {
            self.wrong.push(wrong.to_owned());
        }
    }
}

#[tokio::main]
async fn main() -> ExitCode {
    // Another part may have installed it; there is only this one.
    let _installed = rustls::crypto::ring::default_provider().install_default();
    match play().await {
        Ok(verdict) => tell(&verdict),
        Err(why) => {
            let _ = writeln!(std::io::stderr(), "endure: {why:#}");
            ExitCode::FAILURE
        }
    }
}

async fn play() -> Result<Verdict> {
    let part = std::env::args().nth(1).unwrap_or_default();
    let folder = PathBuf::from(text("WORK", "").context("WORK names the folder to work in")?);
    let bounds = Bounds { folder, is_short: number("SHORT", 0)? == 1 };
    match part.as_str() {
        "replacement" => replacement::run(&bounds).await,
        "cores-in-order" => cores::in_order(&bounds).await,
        "cores-cut-off" => cores::cut_off(&bounds).await,
        "overload" => overload::run(&bounds).await,
        "soak" => soak::run(&bounds).await,
        _ => bail!("endure replacement | cores-in-order | cores-cut-off | overload | soak"),
    }
}

fn tell(verdict: &Verdict) -> ExitCode {
    let mut out = std::io::stdout();
    for line in &verdict.lines {
        let _ = writeln!(out, "{}: {line}", verdict.name);
    }
    for wrong in &verdict.wrong {
        let _ = writeln!(out, "{}: NOT OK: {wrong}", verdict.name);
    }
    if verdict.wrong.is_empty() { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

/// A variable of the caller's.
#[expect(clippy::disallowed_methods, reason = "how much to do is the caller's to say")]
fn text(name: &str, usual: &str) -> Option<String> {
    let told = std::env::var(name).unwrap_or_else(|_| usual.to_owned());
    (!told.is_empty()).then_some(told)
}

/// A number of the caller's.
fn number(name: &str, usual: u64) -> Result<u64> {
    match text(name, "") {
        Some(text) => text.parse().with_context(|| format!("{name} is a number")),
        None => Ok(usual),
    }
}
