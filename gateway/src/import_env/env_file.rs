//! A strict reader of `.env` files. What shells, Docker and Python read differently is refused, by
//! line number; nothing is expanded, and the environment of this process is not touched.
//!
//! (The parsers on crates.io expand `$NAME` from the environment of the process that reads: a secret
//! with a dollar sign in it would silently become another.)

use std::collections::BTreeMap;
use std::fmt;

use secrecy::SecretString;

use super::variables::Variables;

/// A line that cannot be read in one way only. What stands in it is not shown.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LineMistake {
    /// Which line, from 1.
    pub line: usize,
    /// What is wrong, and what would be right.
    pub text: String,
}

impl fmt::Display for LineMistake {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "line {}: {}", self.line, self.text)
    }
}

/// Reads `NAME=value` lines, with or without `export`, with values bare or in either quotes, and
/// comments. Returns the variables, or every mistake.
pub fn read(text: &str) -> Result<Variables, Vec<LineMistake>> {
    let mut variables = Variables::default();
    let mut mistakes = Vec::new();
    let mut lines: BTreeMap<&str, usize> = BTreeMap::new();
    for (at, line) in text.lines().enumerate().map(|(at, line)| (at + 1, line)) {
        let mut wrong = |text: String| mistakes.push(LineMistake { line: at, text });
        let (name, value) = match assignment(line) {
            Ok(None) => continue,
            Ok(Some(read)) => read,
            Err(why) => {
                wrong(why.to_owned());
                continue;
            }
        };
        if let Some(before) = lines.insert(name, at) {
            wrong(format!("{name} stands on line {before} too; keep one of the two"));
        }
        variables.insert(name.to_owned(), SecretString::from(value));
    }
    if mistakes.is_empty() { Ok(variables) } else { Err(mistakes) }
}

/// Name and value, or nothing on a blank line.
fn assignment(line: &str) -> Result<Option<(&str, String)>, &'static str> {
    let line = line.trim();
    if line.is_empty() || line.starts_with('#') {
        return Ok(None);
    }
    let line =
        line.strip_prefix("export").filter(|rest| rest.starts_with([' ', '\t'])).unwrap_or(line);
    let (name, value) = line.split_once('=').ok_or("must be NAME=value")?;
    let name = name.trim_start();
    let plain = |b: u8| b.is_ascii_alphanumeric() || b == b'_';
    if name.is_empty() || !name.bytes().all(plain) || name.starts_with(|c: char| c.is_ascii_digit())
    {
        return Err("must begin with a name of letters, digits and _, and = right after it");
    }
    value_of(value).map(|value| Some((name, value)))
}

fn value_of(text: &str) -> Result<String, &'static str> {
    let trimmed = text.trim_start();
    let read = match trimmed.chars().next() {
        Some('\'') => {
            let quoted = trimmed.strip_prefix('\'').unwrap_or_default();
            let (value, rest) = quoted.split_once('\'').ok_or(UNCLOSED)?;
            nothing_behind(rest)?;
            value.to_owned()
        }
        Some('"') => double_quoted(trimmed.strip_prefix('"').unwrap_or_default())?,
        _ => bare(text)?,
    };
    if read.contains(|c: char| c.is_control() && c != '\n') {
        return Err("holds a control character");
    }
    Ok(read)
}

const UNCLOSED: &str = "a quote is not closed on its line";
const EXPANDED: &str = "a shell would expand $( ), ${ } or ` here; nothing is expanded: put the value in single quotes";

/// Up to the end of the line, or to a comment after a space.
fn bare(text: &str) -> Result<String, &'static str> {
    let comment = text.match_indices('#').map(|(at, _)| at).find(|at| {
        let before = text.get(..*at).unwrap_or_default();
        before.is_empty() || before.ends_with([' ', '\t'])
    });
    let value = text.get(..comment.unwrap_or(text.len())).unwrap_or_default().trim();
    if value.contains(['"', '\'', '\\']) {
        return Err("has a quote or a backslash within; put the value in single quotes");
    }
    refuse_expansion(value)?;
    Ok(value.to_owned())
}

fn double_quoted(text: &str) -> Result<String, &'static str> {
    let mut value = String::new();
    let mut characters = text.char_indices();
    while let Some((at, character)) = characters.next() {
        match character {
            '"' => {
                nothing_behind(text.get(at + 1..).unwrap_or_default())?;
                refuse_expansion(text.get(..at).unwrap_or_default())?;
                return Ok(value);
            }
            '\\' => match characters.next() {
                Some((_, 'n')) => value.push('\n'),
                Some((_, escaped @ ('"' | '\\'))) => value.push(escaped),
                _ => return Err("after a backslash only \" \\ and n have a meaning here"),
            },
            other => value.push(other),
        }
    }
    Err(UNCLOSED)
}

fn refuse_expansion(text: &str) -> Result<(), &'static str> {
    let expanded = ["$(", "${", "`"].iter().any(|mark| text.contains(mark));
    if expanded { Err(EXPANDED) } else { Ok(()) }
}

fn nothing_behind(rest: &str) -> Result<(), &'static str> {
    let rest = rest.trim();
    let comment = rest.is_empty() || rest.starts_with('#');
    if comment { Ok(()) } else { Err("something stands behind the closing quote") }
}

#[cfg(test)]
mod tests {
    use super::super::Known;
    use super::*;

    fn value(line: &str) -> Option<String> {
        read(line).unwrap().value(Known::ClientId).map(str::to_owned)
    }

    fn mistake(text: &str) -> String {
        let mistakes = read(text).unwrap_err();
        assert_eq!(mistakes.len(), 1, "{mistakes:?}");
        mistakes[0].to_string()
    }

    #[test]
    fn values_are_read_bare_and_in_either_quotes_with_or_without_export() {
        for (line, read) in [
            ("JHE_CLIENT_ID=abc", "abc"),
            ("export JHE_CLIENT_ID=abc # ours", "abc"),
            ("  export\tJHE_CLIENT_ID= abc", "abc"),
            ("JHE_CLIENT_ID=a#b", "a#b"),
            ("JHE_CLIENT_ID=a$b\r", "a$b"),
            ("JHE_CLIENT_ID='a ${b} \\ # \"c'  # ours", "a ${b} \\ # \"c"),
            ("JHE_CLIENT_ID=\"a \\\"b\\\" \\\\ # 'c\"", "a \"b\" \\ # 'c"),
            ("JHE_CLIENT_ID=ä=b", "ä=b"),
        ] {
            assert_eq!(value(line).as_deref(), Some(read), "{line}");
        }
        for none in
            ["JHE_CLIENT_ID=", "JHE_CLIENT_ID=''", "JHE_CLIENT_ID= # none", "\n#JHE_CLIENT_ID=a\n"]
        {
            assert_eq!(value(none), None, "{none}");
        }
    }

    #[test]
    fn nothing_is_expanded_and_what_a_shell_would_expand_is_refused() {
        for line in ["A=${HOME}", "A=\"$(id)\"", "A=`id`"] {
            assert_eq!(mistake(line), format!("line 1: {EXPANDED}"));
        }
        assert_eq!(value("JHE_CLIENT_ID=$HOME").as_deref(), Some("$HOME"));
    }

    #[test]
    fn what_can_be_read_in_two_ways_is_refused_by_its_line_and_not_shown() {
        for bad in [
            "canary",
            "1A=canary",
            "A-B=canary",
            "A =canary",
            "A='canary",
            "A=\"canary",
            "A=\"canary\\",
            "A=\"can\\ary\"",
            "A='can'ary",
            "A=can'ary",
            "A=can\u{7}ary",
        ] {
            let told = mistake(&format!("\n{bad}"));
            assert!(told.starts_with("line 2: ") && !told.contains("can"), "{told}");
        }
    }

    #[test]
    fn a_name_that_stands_twice_is_refused_and_every_mistake_is_named() {
        assert!(mistake("A=1\nB=2\nA=1").starts_with("line 3: A stands on line 1 too"));
        let mistakes = read("A\nB=2\nC='").unwrap_err();
        assert_eq!(mistakes.iter().map(|mistake| mistake.line).collect::<Vec<_>>(), [1, 3]);
    }
}
