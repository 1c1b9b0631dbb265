//! Finds the end of a request header in the bytes as they arrive, and what is ambiguous before it.

/// What the bytes so far amount to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Scanned {
    /// The header goes on.
    More,
    /// The blank line has been seen.
    Complete,
    /// A bare line feed, both framing fields, or no end in sight (RFC 9112 §2.2, §6.1).
    Ambiguous,
}

/// The longest field name that matters here.
const NAME: usize = "transfer-encoding:".len();

/// The state between two reads.
#[derive(Debug)]
pub(super) struct Scan {
    left: usize,
    started: bool,
    previous: u8,
    line: [u8; NAME],
    line_bytes: usize,
    length: bool,
    encoding: bool,
}

impl Scan {
    /// A scan of at most `cap` bytes.
    pub(super) const fn new(cap: usize) -> Self {
        Self {
            left: cap,
            started: false,
            previous: 0,
            line: [0; NAME],
            line_bytes: 0,
            length: false,
            encoding: false,
        }
    }

    /// Looks at the next bytes; those after the blank line belong to the body.
    pub(super) fn feed(&mut self, bytes: &[u8]) -> Scanned {
        for byte in bytes {
            let Some(left) = self.left.checked_sub(1) else { return Scanned::Ambiguous };
            self.left = left;
            let scanned = self.step(*byte);
            if scanned != Scanned::More {
                return scanned;
            }
        }
        Scanned::More
    }

    fn step(&mut self, byte: u8) -> Scanned {
        let previous = std::mem::replace(&mut self.previous, byte);
        match byte {
            b'\n' if previous != b'\r' => Scanned::Ambiguous,
            b'\n' => self.end_of_line(),
            b'\r' => Scanned::More,
            _ => {
                self.started = true;
                if let Some(slot) = self.line.get_mut(self.line_bytes) {
                    *slot = byte.to_ascii_lowercase();
                }
                self.line_bytes += 1;
                Scanned::More
            }
        }
    }

    fn end_of_line(&mut self) -> Scanned {
        let blank = self.line_bytes == 0;
        self.length |= self.line.starts_with(b"content-length:");
        self.encoding |= self.line.starts_with(b"transfer-encoding:");
        self.line = [0; NAME];
        self.line_bytes = 0;
        if self.length && self.encoding {
            Scanned::Ambiguous
        } else if blank && self.started {
            Scanned::Complete
        } else {
            Scanned::More
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn scan(text: &str) -> Scanned {
        let mut whole = Scan::new(1000);
        let mut bytewise = Scan::new(1000);
        let one = whole.feed(text.as_bytes());
        let mut other = Scanned::More;
        for byte in text.bytes() {
            other = bytewise.feed(&[byte]);
            if other != Scanned::More {
                break;
            }
        }
        assert_eq!(one, other, "the same whole and byte by byte");
        one
    }

    #[test]
    fn a_header_ends_with_its_blank_line() {
        assert_eq!(scan("GET / HTTP/1.1\r\nHost: a\r\n"), Scanned::More);
        assert_eq!(scan("GET / HTTP/1.1\r\nHost: a\r\n\r\n"), Scanned::Complete);
        assert_eq!(scan("\r\nGET / HTTP/1.1\r\nHost: a\r\n\r\n"), Scanned::Complete);
    }

    #[test]
    fn a_bare_line_feed_is_ambiguous() {
        assert_eq!(scan("GET / HTTP/1.1\nHost: a\r\n\r\n"), Scanned::Ambiguous);
        assert_eq!(scan("GET / HTTP/1.1\r\nHost: a\r\n\n"), Scanned::Ambiguous);
    }

    #[test]
    fn two_framings_are_ambiguous() {
        let both = "POST / HTTP/1.1\r\nContent-Length: 4\r\nTRANSFER-encoding: chunked\r\n\r\n";
        assert_eq!(scan(both), Scanned::Ambiguous);
        let one = "POST / HTTP/1.1\r\nContent-Length: 4\r\nX-Transfer-Encoding: no\r\n\r\n";
        assert_eq!(scan(one), Scanned::Complete);
    }

    #[test]
    fn a_header_without_end_is_cut() {
        assert_eq!(scan(&"x".repeat(1001)), Scanned::Ambiguous);
    }

    #[test]
    fn the_preface_of_http_2_passes() {
        assert_eq!(scan("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"), Scanned::Complete);
    }
}
