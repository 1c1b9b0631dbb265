//! The findings as a table for people.

use std::fmt;

use super::finding::{Outcome, Report};
use crate::wrapped::wrapped;

/// Where lines break.
const WIDTH: usize = 110;
const CHECK: usize = 20;
const OUTCOME: usize = 9;

impl fmt::Display for Report {
    /// One row for each check: its name, how it ended, what was seen; below it what to do. The last
    /// line counts.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{:CHECK$}{:OUTCOME$}FINDING", "CHECK", "RESULT")?;
        let indent = CHECK + OUTCOME;
        for finding in self.findings() {
            let (check, outcome) = (finding.check.as_str(), finding.outcome.as_str());
            write!(f, "{check:CHECK$}{outcome:OUTCOME$}")?;
            wrapped(f, &finding.seen, indent, WIDTH)?;
            if let Some(advice) = &finding.advice {
                write!(f, "{:indent$}→ ", "")?;
                wrapped(f, advice, indent + 2, WIDTH)?;
            }
        }
        let counted: Vec<String> = [Outcome::Fail, Outcome::Warn, Outcome::Skipped, Outcome::Ok]
            .into_iter()
            .map(|outcome| format!("{} {}", self.count(outcome), outcome.as_str()))
            .collect();
        writeln!(f, "{}", counted.join(", "))
    }
}

#[cfg(test)]
mod tests {
    use super::super::finding::{Check, Finding};
    use super::*;

    #[test]
    fn a_row_has_the_check_the_result_the_finding_and_below_it_the_advice() {
        let long = "word ".repeat(30);
        let report = Report::of(vec![
            Finding::ok(Check::Configuration, "valid"),
            Finding::fail(Check::RedirectUri, "not registered", long),
        ]);
        let shown = report.to_string();
        let lines: Vec<&str> = shown.lines().collect();
        assert_eq!(lines[0], "CHECK               RESULT   FINDING");
        assert_eq!(lines[1], "configuration       ok       valid");
        assert_eq!(lines[2], "redirect_uri        fail     not registered");
        assert!(lines[3].starts_with("                             → word word"), "{shown}");
        assert!(lines[4].starts_with("                               word"), "{shown}");
        assert!(lines.iter().all(|line| line.chars().count() <= WIDTH), "{shown}");
        assert_eq!(lines[lines.len() - 1], "1 fail, 0 warn, 0 skipped, 1 ok");
    }

    #[test]
    fn no_word_reaches_into_the_next_column() {
        assert!(Check::ALL.iter().all(|check| check.as_str().len() < CHECK));
    }
}
