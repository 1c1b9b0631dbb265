//! What both programs take over time, and whoever loads them: a series of samples, written as CSV, and what it
//! says of drift.

use std::fmt;
use std::fs::File;
use std::io::Write as _;
use std::path::Path;
use std::time::Duration;

use anyhow::Result;

use super::program::Vitals;

/// The programs of a sample, in this order.
pub(super) const PROGRAMS: [&str; 2] = ["gateway", "core"];
/// Who loads them comes after them.
pub(super) const LOAD: usize = 2;

/// One look at all three.
#[derive(Clone, Copy, Debug)]
pub(super) struct Sample {
    /// Since the load began.
    pub(super) at: Duration,
    /// Requests that were begun by then.
    pub(super) done: u64,
    /// The gateway's, core's, and those of whoever loads them.
    pub(super) vitals: [Vitals; 3],
}

impl fmt::Display for Sample {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:.1},{}", self.at.as_secs_f64(), self.done)?;
        for Vitals { memory, descriptors, threads, processor } in &self.vitals {
            let descriptors = descriptors.map(|count| count.to_string()).unwrap_or_default();
            let (whole, rest) = (processor / 100, processor % 100);
            write!(f, ",{memory},{descriptors},{threads},{whole}.{rest:02}")?;
        }
        Ok(())
    }
}

/// All samples, oldest first; in a file as they come, for whoever does not wait for the end.
#[derive(Debug)]
pub(super) struct Series {
    samples: Vec<Sample>,
    file: Option<File>,
}

impl Series {
    /// A new file, with a line for each sample from now on.
    pub(super) fn written_to(path: &Path) -> Result<Self> {
        let mut file = File::create(path)?;
        write!(file, "seconds,requests")?;
        for name in PROGRAMS.into_iter().chain(["load"]) {
            write!(file, ",{name}_kib,{name}_descriptors,{name}_threads,{name}_cpu_seconds")?;
        }
        writeln!(file)?;
        Ok(Self { samples: Vec::new(), file: Some(file) })
    }

    /// One more.
    pub(super) fn add(&mut self, sample: Sample) -> Result<()> {
        if let Some(file) = &mut self.file {
            writeln!(file, "{sample}")?;
        }
        self.samples.push(sample);
        Ok(())
    }

    /// The samples of the tenth with this number, from 0, of so many requests.
    fn tenth(&self, tenth: u64, requests: u64) -> impl Iterator<Item = &Sample> {
        let within = requests * tenth / 10..requests * (tenth + 1) / 10;
        self.samples.iter().filter(move |sample| within.contains(&sample.done))
    }

    /// The middle memory of a program in a tenth, in KiB.
    pub(super) fn memory(&self, program: usize, tenth: u64, requests: u64) -> Option<u64> {
        let all = self.tenth(tenth, requests).filter_map(|sample| sample.vitals.get(program));
        let mut all: Vec<u64> = all.map(|vitals| vitals.memory).collect();
        all.sort_unstable();
        all.get(all.len() / 2).copied()
    }

    /// Processor time of a program for a request in a tenth, in microseconds.
    pub(super) fn cost(&self, program: usize, tenth: u64, requests: u64) -> Option<u64> {
        let mut samples = self.tenth(tenth, requests);
        let (first, last) = (samples.next()?, samples.last()?);
        let [before, after] = [first, last].map(|sample| sample.vitals.get(program));
        let hundredths = after?.processor.saturating_sub(before?.processor);
        (hundredths * 10_000).checked_div(last.done.saturating_sub(first.done))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sample(done: u64, memory: u64, processor: u64) -> Sample {
        let vitals = Vitals { memory, processor, ..Vitals::default() };
        Sample { at: Duration::ZERO, done, vitals: [Vitals::default(), vitals, Vitals::default()] }
    }

    #[test]
    fn a_tenth_knows_its_own_samples_alone() {
        let samples = [(0, 9, 0), (10, 20, 5), (14, 40, 6), (19, 30, 8), (20, 1, 99)];
        let samples = samples.map(|(done, memory, time)| sample(done, memory, time)).into();
        let series = Series { samples, file: None };
        assert_eq!(series.memory(1, 1, 100), Some(30));
        assert_eq!(series.cost(1, 1, 100), Some(30_000 / 9));
        assert_eq!((series.memory(1, 5, 100), series.cost(1, 0, 100)), (None, None));
    }
}
