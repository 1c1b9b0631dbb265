//! The guide to the errors, written out of the errors themselves.

use std::fmt::Write as _;
use std::sync::LazyLock;

use crate::tools::advice::every_error;

/// The guide, as Markdown.
pub static TEXT: LazyLock<String> = LazyLock::new(written);

const HEAD: &str = "# Guide to the errors\n\nA tool that gives no answer says what is wrong and what to do \
    next, and the answer is marked as an error. It never means that there is no data. What begins with \
    \"unknown\" is not known. Below: how it begins, the word for it in the operator's records, what it \
    means, and what to do.\n\n| It says | Word | It means | Next |\n|---|---|---|---|\n";

const TAIL: &str = "\n## What is said to the client, before a tool runs\n\n\
    | Answer | It means | Next |\n|---|---|---|\n\
    | 401 | the login has ended | the client refreshes it, or the person logs in again |\n\
    | 403 `insufficient_scope` | the login does not cover the tool | the client asks for what the answer \
    names, and the person approves |\n\
    | 429 | too many calls | wait as long as `Retry-After` says |\n\
    | 503 | whether the login is good cannot be known at the moment | try again after `Retry-After`; do \
    not log in again |\n\
    | -32602 | no such tool, prompt or document, or an argument of a prompt is wrong | list again, and use \
    what is listed |\n\
    | -32601 | no such method | do without |\n";

fn written() -> String {
    let mut guide = HEAD.to_owned();
    for error in every_error() {
        let (code, advice) = (error.code(), error.advice());
        // Writing to a text does not fail.
        let _written =
            writeln!(guide, "| {error} | `{code}` | {} | {} |", advice.means, advice.next);
    }
    guide.push_str(TAIL);
    guide
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_error_has_a_row_of_four_cells() {
        for error in every_error() {
            let row = TEXT.lines().find(|line| line.contains(&format!("| {error} |"))).unwrap();
            assert_eq!(row.matches(" | ").count(), 3, "{row}");
            assert!(row.contains(error.code()) && row.contains(error.advice().next), "{row}");
        }
    }
}
