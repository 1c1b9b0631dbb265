//! What is to be said of a trail, and where.

use std::fmt;
use std::path::PathBuf;

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
    /// The chain begins here, after nothing: a first start.
    Begins,
    /// A new chain begins here, and nothing ties it to what stands before: whole runs, or a whole
    /// file, may be missing in between.
    BeginsAgain,
    /// The same in a stream, where each run knows of no other.
    NextRun,
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
        !matches!(self, Self::Begins | Self::NextRun)
    }
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Begins => f.write_str("a chain begins"),
            Self::BeginsAgain => f.write_str(
                "a new chain begins, which nothing ties to the lines before: events, whole runs or \
                 whole files may be missing in between",
            ),
            Self::NextRun => f.write_str("the next run of a stream begins; each holds by itself"),
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
