//! What others take of the processors that the programs have to themselves, and of those of whoever loads
//! them: where that is much, times say nothing about the programs.

use std::fs;
use std::path::Path;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result};

use super::program::{Program, vitals};

/// Some processors, as a list with commas: those of the programs, and those of whoever loads.
#[derive(Clone, Debug)]
pub(super) struct Halves {
    pub(super) programs: String,
    pub(super) load: String,
}

/// What was used of both halves up to a moment, in seconds of processor time.
#[derive(Debug)]
pub(super) struct Usage {
    at: Instant,
    halves: [Half; 2],
}

#[derive(Debug)]
struct Half {
    by_all: f64,
    by_us: f64,
    processors: f64,
}

impl Usage {
    /// What was used so far.
    pub(super) fn now(halves: &Halves, programs: [&Program; 2]) -> Result<Self> {
        let [gateway, core] = programs;
        let theirs = gateway.vitals()?.processor + core.vitals()?.processor;
        let loading = vitals(Path::new("/proc/self"))?.processor;
        let halves = [half(&halves.programs, theirs)?, half(&halves.load, loading)?];
        Ok(Self { at: Instant::now(), halves })
    }

    /// What the programs used since then.
    pub(super) fn spent_since(&self, before: &Self) -> f64 {
        let ([programs, _], [earlier, _]) = (&self.halves, &before.halves);
        programs.by_us - earlier.by_us
    }

    /// What others used since then of all there was, in the half where that was more.
    pub(super) fn others_since(&self, before: &Self) -> f64 {
        let elapsed = self.at.duration_since(before.at).as_secs_f64();
        let both = self.halves.iter().zip(&before.halves).map(|(now, before)| {
            let others = (now.by_all - before.by_all) - (now.by_us - before.by_us);
            others / (now.processors * elapsed)
        });
        both.fold(0.0, f64::max)
    }
}

/// From `proc(5)`.
fn half(processors: &str, by_us: u64) -> Result<Half> {
    let stat = fs::read_to_string("/proc/stat")?;
    let (mut by_all, mut count) = (0, 0.0);
    for processor in processors.split(',') {
        let name = format!("cpu{processor} ");
        let line = stat.lines().find_map(|line| line.strip_prefix(&name)).context("a processor")?;
        let times =
            line.split_whitespace().map(str::parse::<u64>).collect::<Result<Vec<_>, _>>()?;
        // user, nice, system, idle, iowait, irq, softirq, steal; guests are counted in the first two.
        by_all += times.iter().take(8).sum::<u64>() - times.iter().skip(3).take(2).sum::<u64>();
        count += 1.0;
    }
    Ok(Half { by_all: seconds(by_all), by_us: seconds(by_us), processors: count })
}

/// From the hundredths that the system counts in.
fn seconds(hundredths: u64) -> f64 {
    Duration::from_millis(hundredths * 10).as_secs_f64()
}
