//! The last column of a table for people.

use std::fmt;

/// `text` from the column `indent` on, broken between words before `width`, and a line end.
pub(crate) fn wrapped(
    f: &mut fmt::Formatter<'_>,
    text: &str,
    indent: usize,
    width: usize,
) -> fmt::Result {
    let mut column = indent;
    for (at, word) in text.split_whitespace().enumerate() {
        let length = word.chars().count();
        if at > 0 && column + 1 + length > width {
            write!(f, "\n{:indent$}", "")?;
            column = indent;
        } else if at > 0 {
            write!(f, " ")?;
            column += 1;
        }
        write!(f, "{word}")?;
        column += length;
    }
    writeln!(f)
}
