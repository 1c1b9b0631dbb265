//! Where a chain goes on: the last line of what an earlier run wrote. Nothing of it is overwritten.

use std::fs::File;
use std::io::{self, Read as _, Seek as _, SeekFrom};
use std::path::Path;

use super::chain::{Digests, Link, nothing_before};
use super::event::Found;

/// No line is nearly as long.
const TAIL: u64 = 256 * 1024;

/// The end of an earlier run's trail.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Tail {
    /// The digest to continue from.
    pub(super) previous: String,
    pub(super) found: Found,
    /// Bytes after the last whole line.
    pub(super) torn_bytes: Option<u64>,
}

impl Tail {
    /// For a sink that cannot be read.
    pub(super) fn of_a_stream() -> Self {
        Self { previous: nothing_before(), found: Found::Stream, torn_bytes: None }
    }

    /// Reads the end of the file at `path`; a file that does not exist holds nothing.
    pub(super) fn read(path: &Path, digests: &Digests) -> io::Result<Self> {
        let mut file = match File::open(path) {
            Ok(file) => file,
            Err(why) if why.kind() == io::ErrorKind::NotFound => return Ok(Self::of(&[], digests)),
            Err(why) => return Err(why),
        };
        // A pipe or a terminal: what went there cannot be read again.
        if !file.metadata()?.is_file() {
            return Ok(Self::of_a_stream());
        }
        let length = file.seek(SeekFrom::End(0))?;
        file.seek(SeekFrom::Start(length.saturating_sub(TAIL)))?;
        let mut tail = Vec::new();
        file.take(TAIL).read_to_end(&mut tail)?;
        Ok(Self::of(&tail, digests))
    }

    fn of(tail: &[u8], digests: &Digests) -> Self {
        if tail.is_empty() {
            return Self { previous: nothing_before(), found: Found::Nothing, torn_bytes: None };
        }
        // From the end: what follows the newest line that holds was cut short when it was written.
        let mut end = tail.len();
        while let Some(line_end) = tail.get(..end).and_then(|t| t.iter().rposition(|b| *b == b'\n'))
        {
            let start = tail.get(..line_end).and_then(|t| t.iter().rposition(|b| *b == b'\n'));
            let line = tail.get(start.map_or(0, |at| at + 1)..line_end).unwrap_or_default();
            if let Ok(link) = Link::read(line, digests) {
                let torn = tail.len() - line_end - 1;
                let found = if torn == 0 { Found::Chain } else { Found::Torn };
                let torn_bytes = u64::try_from(torn).ok().filter(|bytes| *bytes > 0);
                return Self { previous: link.digest, found, torn_bytes };
            }
            end = line_end;
        }
        let torn_bytes = u64::try_from(tail.len()).ok();
        Self { previous: nothing_before(), found: Found::Unverified, torn_bytes }
    }

    /// What must stand before the first line of this run, so that it is a line of its own.
    pub(super) const fn separator(&self) -> &'static str {
        match self.found {
            Found::Torn | Found::Unverified => "\n",
            Found::Stream | Found::Nothing | Found::Chain => "",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::chain::Chain;
    use super::*;

    fn lines(count: usize) -> (String, String) {
        let mut chain = Chain::after(nothing_before(), "b".to_owned(), Digests::plain());
        let lines: String =
            (0..count).map(|_| chain.next("call", &serde_json::json!({}))).collect();
        let last = lines.lines().last().unwrap_or_default();
        let last = Link::read(last.as_bytes(), &Digests::plain()).map(|link| link.digest);
        (lines, last.unwrap_or_default())
    }

    #[test]
    fn a_chain_goes_on_from_its_last_whole_line() {
        let (text, last) = lines(3);
        let whole = Tail::of(text.as_bytes(), &Digests::plain());
        assert_eq!((whole.found, whole.previous.as_str()), (Found::Chain, last.as_str()));
        let torn = format!("{text}{{\"log\":\"aud");
        let torn = Tail::of(torn.as_bytes(), &Digests::plain());
        assert_eq!((torn.found, torn.torn_bytes), (Found::Torn, Some(11)));
        assert_eq!(torn.previous, last);
    }

    #[test]
    fn a_line_that_was_cut_twice_is_still_one_torn_end() {
        let (text, last) = lines(2);
        let torn = format!("{text}{{\"log\":\"aud\n{{\"log");
        let torn = Tail::of(torn.as_bytes(), &Digests::plain());
        assert_eq!((torn.found, torn.torn_bytes), (Found::Torn, Some(17)));
        assert_eq!(torn.previous, last);
    }

    #[test]
    fn what_does_not_hold_under_our_key_is_not_continued() {
        let (text, _) = lines(2);
        let keyed = Digests::keyed(&zeroize::Zeroizing::new([1; 32]));
        assert_eq!(Tail::of(text.as_bytes(), &keyed).found, Found::Unverified);
        assert_eq!(Tail::of(b"", &keyed).found, Found::Nothing);
    }
}
