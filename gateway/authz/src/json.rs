//! JSON that others send, read in one way only.
//!
//! Whoever reads what a stranger or a patient can have written uses [`read`]: an object in it is then what it
//! looks like, and nothing is nested deeper than the parser itself looks.

use std::borrow::Cow;

use memchr::memmem::find_iter;
use serde::Deserialize;
use serde_json::Deserializer;

/// How the names begin by which the parser tells itself that a number keeps its digits, or a value its text.
/// An object of such a name is read as something else, its text as JSON again and with a depth of its own.
const RESERVED: &str = "$serde_json::private::";

/// The JSON that `text` is (RFC 8259), in UTF-8 and without the parser's own names.
pub fn read<'b, T: Deserialize<'b>>(text: &'b [u8]) -> Option<T> {
    if uses_a_reserved_name(text) {
        return None;
    }
    serde_json::from_str(std::str::from_utf8(text).ok()?).ok()
}

/// The members of the one object that `text` is, and of no array, from which serde would read a struct as
/// well.
pub(crate) fn object<'b, T: Deserialize<'b>>(text: &'b [u8]) -> Option<T> {
    let first = text.iter().find(|byte| !byte.is_ascii_whitespace());
    (first == Some(&b'{')).then(|| read(text)).flatten()
}

fn uses_a_reserved_name(json: &[u8]) -> bool {
    let mut likely = find_iter(json, b"\"$").chain(find_iter(json, b"\"\\u0024"));
    likely.any(|at| {
        // A quotation mark behind a backslash opens nothing.
        let opens = !json.get(..at).unwrap_or_default().ends_with(b"\\");
        opens && is_reserved_name(json.get(at..).unwrap_or_default())
    })
}

/// Whether the text that begins here is such a name, however it is escaped, and not a value.
fn is_reserved_name(json: &[u8]) -> bool {
    let mut texts = Deserializer::from_slice(json).into_iter::<Cow<'_, str>>();
    let is_reserved = matches!(texts.next(), Some(Ok(text)) if text.starts_with(RESERVED));
    let mut rest = json.get(texts.byte_offset()..).unwrap_or_default().iter();
    is_reserved && rest.find(|byte| !byte.is_ascii_whitespace()) == Some(&b':')
}

#[cfg(test)]
mod tests;
