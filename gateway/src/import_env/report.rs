//! What became of each variable: the table on standard error, and the exit code.

use std::fmt;

use crate::wrapped::wrapped;

/// Where lines break.
const WIDTH: usize = 110;
const VARIABLE: usize = 27;
const VERDICT: usize = 12;

/// What became of a variable.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// It stands in the configuration.
    Taken,
    /// Nothing here needs it.
    NotNeeded,
    /// The configuration holds to more than the variable asked for; nothing to decide.
    Stricter,
    /// The operator has to look: what was written is a guess, or something is missing.
    Decide,
    /// No variable of that name is known.
    Unknown,
    /// Nothing can be written before this is mended.
    Unusable,
}

impl Verdict {
    /// Every one of them, the gravest first. Each has its row in `docs/operations.md`.
    pub const ALL: &[Self] = &[
        Self::Unusable,
        Self::Decide,
        Self::Unknown,
        Self::Stricter,
        Self::NotNeeded,
        Self::Taken,
    ];

    /// The word in the table.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Taken => "taken",
            Self::NotNeeded => "not needed",
            Self::Stricter => "stricter",
            Self::Decide => "decide",
            Self::Unknown => "unknown",
            Self::Unusable => "unusable",
        }
    }

    /// What the program exits with, if this is the gravest.
    const fn exit_code(self) -> u8 {
        match self {
            Self::Taken | Self::NotNeeded | Self::Stricter => 0,
            Self::Decide | Self::Unknown => 1,
            Self::Unusable => 2,
        }
    }
}

/// One thing to say about one variable. No value stands in it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Row {
    /// The name of the variable, or of the `…_FILE` form that was set.
    pub variable: String,
    /// What became of it.
    pub verdict: Verdict,
    /// As what, why, or how.
    pub says: String,
}

impl Row {
    pub(super) fn new(
        variable: impl Into<String>,
        verdict: Verdict,
        says: impl Into<String>,
    ) -> Self {
        Self { variable: variable.into(), verdict, says: says.into() }
    }
}

/// Everything there is to say.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Report {
    rows: Vec<Row>,
    steps: Vec<String>,
}

impl Report {
    pub(super) const fn new(rows: Vec<Row>, steps: Vec<String>) -> Self {
        Self { rows, steps }
    }

    /// The rows of the table.
    pub fn rows(&self) -> &[Row] {
        &self.rows
    }

    /// 0: all was taken over. 1: something needs a decision. 2: nothing could be written.
    pub fn exit_code(&self) -> u8 {
        self.rows.iter().map(|row| row.verdict.exit_code()).max().unwrap_or_default()
    }
}

/// What holds from now on, whatever was set before: the key to look at, and the rule.
const STRICTER_NOW: &[(&str, &str)] = &[
    (
        "server.public_url",
        "only https, off loopback; Host and Origin must be its own, or listed beside it.",
    ),
    ("server.caps", "the body of a call has 64 KiB at most; connections and headers are bounded."),
    (
        "clients",
        "logins return to loopback, to the hosts listed, or to the URIs listed; nowhere else. Every \
      authorization shows a consent page of the gateway's own.",
    ),
    (
        "sessions",
        "an access token lasts an hour at most, a login seven days, then everybody logs in anew.",
    ),
    (
        "backend.audience",
        "every token is checked by introspection; when that cannot be had, calls are answered 503.",
    ),
    ("policy", "each tool needs a scope; a tool that the table does not name is denied."),
    (
        "limits",
        "300 units a minute and 8 calls at once for a person; logins and registrations by address.",
    ),
    ("audit", "a call that cannot be recorded is refused."),
];

impl fmt::Display for Report {
    /// The table, one row for each thing to say; then what is stricter in any case; then what to do
    /// next; then counts.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let indent = VARIABLE + VERDICT;
        writeln!(f, "{:VARIABLE$}{:VERDICT$}WHAT BECAME OF IT", "VARIABLE", "RESULT")?;
        for Row { variable, verdict, says } in &self.rows {
            // A longer name still ends before the next column begins.
            let verdict = verdict.as_str();
            write!(f, "{variable:w$} {verdict:VERDICT$}", w = VARIABLE - 1)?;
            wrapped(f, says, indent, WIDTH)?;
        }
        if self.exit_code() < Verdict::Unusable.exit_code() {
            writeln!(f, "\nStricter now, whatever was set:")?;
            for (key, rule) in STRICTER_NOW {
                write!(f, "  {key:w$}", w = VARIABLE - 2)?;
                wrapped(f, rule, VARIABLE, WIDTH)?;
            }
            writeln!(f, "\nNext:")?;
            for (at, step) in self.steps.iter().enumerate() {
                write!(f, "  {}. ", at + 1)?;
                wrapped(f, step, 5, WIDTH)?;
            }
        }
        let count = |verdict| self.rows.iter().filter(|row| row.verdict == verdict).count();
        let counted: Vec<String> =
            Verdict::ALL.iter().map(|word| format!("{} {}", count(*word), word.as_str())).collect();
        writeln!(f, "\n{}", counted.join(", "))
    }
}
