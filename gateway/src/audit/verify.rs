//! `verify-audit`: reads a trail back and says whether it holds, where it first breaks, and what is
//! missing from it.

use std::fs::File;
use std::io::{self, BufRead, BufReader};
use std::path::{Path, PathBuf};

use super::chain::{Digests, Link, NoLink, nothing_before};
use super::event::Found;

mod finding;

pub use finding::{Broken, Finding, Place};

/// What a trail says.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Report {
    /// Lines of the trail.
    pub lines: u64,
    /// Lines beside the trail, where it shares a stream with the log.
    pub others: u64,
    /// Events of strangers that were counted and not written, as the trail says.
    pub suppressed: u64,
    /// In order.
    pub findings: Vec<(Place, Finding)>,
    /// The first place where it does not hold. What stands after it was not read.
    pub broken: Option<(Place, Broken)>,
}

impl Report {
    /// Whether events are missing, or may be.
    pub fn has_losses(&self) -> bool {
        self.findings.iter().any(|(_, finding)| finding.is_loss())
    }
}

/// Where a trail was written to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum WrittenTo {
    /// Files by a name, where each run finds the lines of the one before and goes on from them.
    Files,
    /// A stream such as the standard output, where no run knows of another. That a whole run is
    /// missing cannot be seen there.
    Stream,
}

/// Reads `files`, oldest first, as one trail.
pub fn verify(files: &[PathBuf], digests: &Digests, to: WrittenTo) -> io::Result<Report> {
    let mut reader = Reader::new(digests, to);
    for path in files {
        reader.file(path, BufReader::new(File::open(path)?))?;
        if reader.report.broken.is_some() {
            break;
        }
    }
    Ok(reader.report)
}

/// Lines that are none, until the next start of the program says whether it found them so.
#[derive(Debug)]
struct Damage {
    at: Place,
    why: Broken,
    bytes: u64,
    ends_in_line: bool,
}

struct Reader<'d> {
    digests: &'d Digests,
    to: WrittenTo,
    report: Report,
    previous: Option<String>,
    run: Option<Run>,
    damage: Option<Damage>,
}

struct Run {
    boot: String,
    next: u64,
    closed: bool,
}

impl<'d> Reader<'d> {
    fn new(digests: &'d Digests, to: WrittenTo) -> Self {
        let report = Report::default();
        Self { digests, to, report, previous: None, run: None, damage: None }
    }

    fn file(&mut self, path: &Path, mut text: impl BufRead) -> io::Result<()> {
        let mut line = Vec::new();
        let mut at = Place { file: path.to_owned(), line: 0 };
        while text.read_until(b'\n', &mut line)? > 0 {
            at.line += 1;
            if let Err(why) = self.line(&at, &line) {
                self.report.broken = Some((at, why));
                return Ok(());
            }
            if self.report.broken.is_some() {
                return Ok(());
            }
            line.clear();
        }
        match self.damage.take() {
            Some(damage) if damage.ends_in_line => self.find(&damage.at, Finding::TornEnd),
            Some(damage) => self.report.broken = Some((damage.at, damage.why)),
            None => {}
        }
        Ok(())
    }

    fn line(&mut self, at: &Place, bytes: &[u8]) -> Result<(), Broken> {
        let whole = bytes.strip_suffix(b"\n");
        let why = match Link::read(whole.unwrap_or(bytes), self.digests) {
            Ok(link) => return self.link(at, &link),
            Err(NoLink::Other) => {
                self.report.others += 1;
                return Ok(());
            }
            Err(NoLink::Digest) => Broken::Digest,
            Err(NoLink::Malformed) => Broken::Malformed,
        };
        let fresh = Damage { at: at.clone(), why, bytes: 0, ends_in_line: false };
        let damage = self.damage.get_or_insert(fresh);
        damage.bytes += u64::try_from(bytes.len()).unwrap_or(u64::MAX);
        damage.ends_in_line = whole.is_none() && damage.at == *at;
        Ok(())
    }

    fn link(&mut self, at: &Place, link: &Link) -> Result<(), Broken> {
        self.report.lines += 1;
        if let Some(damage) = self.damage.take() {
            // The program saw them too, and ended them with a line end of its own.
            let noted = link.torn_bytes.is_some_and(|bytes| bytes + 1 == damage.bytes);
            if link.event != "opened" || link.found != Some(Found::Torn) || !noted {
                self.report.broken = Some((damage.at, damage.why));
                return Ok(());
            }
            self.find(&damage.at, Finding::Torn(damage.bytes - 1));
        }
        if link.event == "opened" {
            self.opened(at, link)?;
        } else {
            self.goes_on(at, link)?;
        }
        self.previous = Some(link.digest.clone());
        Ok(())
    }

    /// A run of the program begins.
    fn opened(&mut self, at: &Place, link: &Link) -> Result<(), Broken> {
        let after_nothing = link.previous == nothing_before();
        let begins = match (self.previous.is_none(), self.to) {
            (true, _) => Finding::Begins,
            (false, WrittenTo::Files) => Finding::BeginsAgain,
            (false, WrittenTo::Stream) => Finding::NextRun,
        };
        match link.found {
            Some(Found::Stream) if after_nothing => self.find(at, begins),
            Some(Found::Nothing) if after_nothing && at.line == 1 => {
                let first = self.previous.is_none();
                self.find(at, if first { Finding::Begins } else { Finding::BeginsAgain });
            }
            Some(Found::Chain | Found::Torn) => self.follows(at, link)?,
            Some(Found::Unverified) => return Err(Broken::Unverified),
            Some(Found::Stream | Found::Nothing) | None => return Err(Broken::Order),
        }
        if link.sequence != 0 {
            return Err(Broken::Order);
        }
        if self.run.as_ref().is_some_and(|run| !run.closed) {
            self.find(at, Finding::UncleanEnd);
        }
        self.run = Some(Run { boot: link.boot.clone(), next: 1, closed: false });
        Ok(())
    }

    fn goes_on(&mut self, at: &Place, link: &Link) -> Result<(), Broken> {
        self.follows(at, link)?;
        let known = self.run.as_ref().map(|run| (run.boot == link.boot && !run.closed, run.next));
        let gap = match known {
            None => 0,
            Some((true, next)) => link.sequence.checked_sub(next).ok_or(Broken::Order)?,
            Some((false, _)) => return Err(Broken::Order),
        };
        if gap > 0 {
            self.find(at, Finding::Gap(gap));
        }
        if link.event == "suppressed" {
            let count = link.count.unwrap_or_default();
            self.report.suppressed = self.report.suppressed.saturating_add(count);
        }
        let closed = link.event == "closed";
        let next = link.sequence.saturating_add(1);
        self.run = Some(Run { boot: link.boot.clone(), next, closed });
        Ok(())
    }

    fn follows(&mut self, at: &Place, link: &Link) -> Result<(), Broken> {
        match &self.previous {
            Some(previous) if *previous != link.previous => Err(Broken::Order),
            Some(_) => Ok(()),
            None => {
                self.find(at, Finding::BeginsInTheMiddle);
                Ok(())
            }
        }
    }

    fn find(&mut self, at: &Place, finding: Finding) {
        self.report.findings.push((at.clone(), finding));
    }
}

#[cfg(test)]
mod tests;
