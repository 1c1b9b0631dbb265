//! `verify-audit`: reads a trail back and says whether it holds, where it first breaks, and what is
//! missing from it.

use std::fmt;
use std::fs::File;
use std::io::{self, BufRead, BufReader};
use std::path::{Path, PathBuf};

use super::chain::{Digests, Link, NoLink, nothing_before};
use super::event::Found;

/// Where something stands: a file of the list, and a line of it, counted from 1.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Place {
    /// Which file.
    pub file: PathBuf,
    /// Which line.
    pub line: u64,
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.file.display(), self.line)
    }
}

/// What is to be said of a trail that holds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Finding {
    /// A new chain begins here, after nothing: a first start, or a new file.
    Begins,
    /// The chain begins in the middle: an earlier file belongs before this one.
    BeginsInTheMiddle,
    /// Numbers are left out: so many events were lost, and counted, while the program ran.
    Gap(u64),
    /// The run before this line did not end properly. What waited in its queue is missing.
    UncleanEnd,
    /// The last line of the run before was cut short; so many bytes of it are left.
    Torn(u64),
    /// The file ends within a line: it was cut short, or is being written.
    TornEnd,
}

impl Finding {
    /// Whether events are missing, or may be.
    pub const fn is_loss(&self) -> bool {
        !matches!(self, Self::Begins)
    }
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Begins => f.write_str("a chain begins"),
            Self::BeginsInTheMiddle => {
                f.write_str("begins in the middle of a chain: an earlier file belongs before it")
            }
            Self::Gap(lost) => write!(f, "{lost} events were lost before this line"),
            Self::UncleanEnd => f.write_str(
                "the run before did not end properly: events that waited to be written are missing",
            ),
            Self::Torn(bytes) => {
                write!(f, "the last line of the run before was cut short ({bytes} bytes are left)")
            }
            Self::TornEnd => f.write_str("ends within a line"),
        }
    }
}

/// Why a trail does not hold.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Broken {
    /// The line was altered, or written under another key.
    Digest,
    /// It is no line of an audit trail.
    Malformed,
    /// It does not follow the line before: one is missing, added or moved.
    Order,
    /// The program found lines there that did not hold, and began a new chain.
    Unverified,
}

impl fmt::Display for Broken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Digest => "the digest does not hold: the line was altered, or the key is another",
            Self::Malformed => "is no line of an audit trail",
            Self::Order => "does not follow the line before: one is missing, added or moved",
            Self::Unverified => "here the program found lines before that did not hold",
        })
    }
}

/// What a trail says.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Report {
    /// Lines of the trail.
    pub lines: u64,
    /// Lines beside the trail, where it shares a stream with the log.
    pub others: u64,
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

/// Reads `files`, oldest first, as one trail.
pub fn verify(files: &[PathBuf], digests: &Digests) -> io::Result<Report> {
    let mut reader = Reader::new(digests);
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
    fn new(digests: &'d Digests) -> Self {
        Self { digests, report: Report::default(), previous: None, run: None, damage: None }
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
        match link.found {
            Some(Found::Stream) if after_nothing => self.find(at, Finding::Begins),
            Some(Found::Nothing) if after_nothing && at.line == 1 => self.find(at, Finding::Begins),
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
