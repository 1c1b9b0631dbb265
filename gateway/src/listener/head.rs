//! Reads the header section of an HTTP/1.1 request: whole within one deadline, and refused unless
//! there is one way only to read it.
//!
//! The server above counts its read timeout from one read to the next, so a byte every few seconds
//! would hold a connection for ever; and it is lenient where RFC 9112 lets a server be so. Two
//! servers that are lenient in different ways are what request smuggling lives on.

use std::time::Duration;

use authz::rejection::RejectionCode;
use bytes::BytesMut;
use tokio::io::{AsyncRead, AsyncReadExt as _};
use tokio::time::{Instant, timeout, timeout_at};

/// What a request header may take.
#[derive(Clone, Copy, Debug)]
pub(super) struct Limits {
    /// For a kept connection without a request.
    pub(super) idle: Duration,
    /// From the header's first byte to its last; on a new connection from the handshake's end.
    pub(super) header: Duration,
    /// Its bytes, the request line included.
    pub(super) bytes: usize,
    /// Its fields.
    pub(super) fields: usize,
}

/// What came of waiting for a request.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Head {
    /// A header, and what followed it in the same reads.
    Whole(BytesMut),
    /// Nobody asks any more: closed, or silent until the deadline.
    Ended,
    /// A header was begun and not finished in time.
    Late,
    /// A header that is refused, and the connection with it: where its body ends is not known.
    Refused(RejectionCode),
}

/// Which request of its connection is waited for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Turn {
    First,
    Next,
}

/// Waits for the first byte of a request, or until `leave`, then reads its whole header.
pub(super) async fn read(
    stream: &mut (impl AsyncRead + Unpin),
    turn: Turn,
    limits: Limits,
    leave: impl Future<Output = ()>,
) -> Head {
    let mut bytes = BytesMut::with_capacity(4096);
    let mut deadline = Instant::now() + limits.header;
    if turn == Turn::Next {
        let began = tokio::select! {
            biased;
            began = timeout(limits.idle, stream.read_buf(&mut bytes)) => began,
            () = leave => return Head::Ended,
        };
        if !matches!(began, Ok(Ok(1..))) {
            return Head::Ended;
        }
        deadline = Instant::now() + limits.header;
    }
    let mut searched = 0;
    loop {
        match end(&bytes, searched) {
            End::At(at) if at > limits.bytes => {
                return Head::Refused(RejectionCode::HeadersTooLarge);
            }
            End::At(at) => {
                let head = bytes.get(..at).unwrap_or_default();
                return match check(head, limits.fields) {
                    Ok(()) => Head::Whole(bytes),
                    Err(code) => Head::Refused(code),
                };
            }
            End::Ambiguous => return Head::Refused(RejectionCode::MalformedRequest),
            End::NotYet if bytes.len() > limits.bytes => {
                return Head::Refused(RejectionCode::HeadersTooLarge);
            }
            End::NotYet => searched = bytes.len(),
        }
        match timeout_at(deadline, stream.read_buf(&mut bytes)).await {
            Ok(Ok(0) | Err(_)) => return Head::Ended,
            Ok(Ok(_)) => {}
            Err(_) if bytes.is_empty() => return Head::Ended,
            Err(_) => return Head::Late,
        }
    }
}

/// Where a header ends.
enum End {
    /// Behind its blank line.
    At(usize),
    NotYet,
    /// A line that ends in a bare line feed (RFC 9112 §2.2), or a second blank line in front.
    Ambiguous,
}

/// Looks for the blank line in `bytes`, of which those before `from` were looked at before.
fn end(bytes: &[u8], from: usize) -> End {
    let before = |at: usize, back: usize| at.checked_sub(back).and_then(|at| bytes.get(at));
    for at in memchr::memchr_iter(b'\n', bytes.get(from..).unwrap_or_default()) {
        let at = from + at;
        if before(at, 1) != Some(&b'\r') {
            return End::Ambiguous;
        }
        // One empty line in front of a request is passed over (RFC 9112 §2.2).
        let blank = before(at, 2) == Some(&b'\n');
        if blank && at < 4 {
            return End::Ambiguous;
        }
        if blank {
            return End::At(at + 1);
        }
    }
    End::NotYet
}

/// Whether a whole header can be read in one way only.
fn check(head: &[u8], most_fields: usize) -> Result<(), RejectionCode> {
    let text = head.strip_prefix(b"\r\n").unwrap_or(head);
    let text = text.strip_suffix(b"\r\n\r\n").ok_or(RejectionCode::MalformedRequest)?;
    // Control characters are good for nothing but to be read in two ways; the tab is a blank.
    let mut from = 0;
    let ends = memchr::memchr_iter(b'\n', text).chain([text.len()]);
    let mut lines = ends.map(|end| {
        let line = text.get(from..end).unwrap_or_default();
        from = end + 1;
        let line = line.strip_suffix(b"\r").unwrap_or(line);
        // All of it is looked at, which is quicker than to stop somewhere.
        let control = |byte: &u8| (*byte < b' ' && *byte != b'\t') || *byte == 0x7f;
        let dirty = line.iter().fold(false, |dirty, byte| dirty | control(byte));
        if dirty { Err(RejectionCode::MalformedRequest) } else { Ok(line) }
    });
    let version = request_line(lines.next().unwrap_or(Ok(&[]))?)?;
    let mut framing = Framing::default();
    let mut count = 0;
    for line in lines {
        count += 1;
        if count > most_fields {
            return Err(RejectionCode::HeadersTooLarge);
        }
        framing.field(line?)?;
    }
    framing.judge(version)
}

/// The versions that are spoken here.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Version {
    Http10,
    Http11,
}

/// `METHOD SP target SP version` (RFC 9112 §3), the target in origin form.
fn request_line(line: &[u8]) -> Result<Version, RejectionCode> {
    let parts: Vec<&[u8]> = line.split(|byte| *byte == b' ').collect();
    let [method, target, version] = parts[..] else {
        return Err(RejectionCode::MalformedRequest);
    };
    // A fragment is no part of a target (RFC 9112 §3.2); some readers would drop it, and pass.
    let visible = target.iter().all(|byte| byte.is_ascii_graphic() && *byte != b'#');
    let origin_form = target.first() == Some(&b'/') || target == b"*";
    if !is_token(method) || !visible {
        return Err(RejectionCode::MalformedRequest);
    }
    match version {
        // Its target is no path, and its answer would change what the connection is.
        _ if method == b"CONNECT" => Err(RejectionCode::MethodNotAllowed),
        _ if !origin_form => Err(RejectionCode::MalformedRequest),
        b"HTTP/1.1" => Ok(Version::Http11),
        b"HTTP/1.0" => Ok(Version::Http10),
        _ => Err(RejectionCode::MalformedRequest),
    }
}

/// What the fields say about where the request ends, and whom it is for.
#[derive(Debug, Default)]
struct Framing {
    length: u8,
    encoding: u8,
    host: u8,
    authorization: u8,
}

impl Framing {
    /// `name ":" OWS value OWS` (RFC 9112 §5), on one line.
    fn field(&mut self, line: &[u8]) -> Result<(), RejectionCode> {
        let colon = memchr::memchr(b':', line);
        let (name, value) = line.split_at_checked(colon.unwrap_or(0)).unwrap_or_default();
        let value = value.get(1..).unwrap_or_default().trim_ascii();
        if !is_token(name) {
            return Err(RejectionCode::MalformedRequest);
        }
        let (count, right) = if name.eq_ignore_ascii_case(b"content-length") {
            (&mut self.length, is_length(value))
        } else if name.eq_ignore_ascii_case(b"transfer-encoding") {
            (&mut self.encoding, value.eq_ignore_ascii_case(b"chunked"))
        } else if name.eq_ignore_ascii_case(b"host") {
            (&mut self.host, true)
        } else if name.eq_ignore_ascii_case(b"authorization") {
            (&mut self.authorization, true)
        } else {
            return Ok(());
        };
        // None of them may be there twice, even if both are the same.
        *count += 1;
        if right && *count == 1 { Ok(()) } else { Err(RejectionCode::MalformedRequest) }
    }

    /// RFC 9112 §6.1 and §3.2.
    fn judge(&self, version: Version) -> Result<(), RejectionCode> {
        let two_framings = self.length + self.encoding > 1;
        let old = version == Version::Http10;
        if two_framings || (old && self.encoding > 0) || (!old && self.host == 0) {
            return Err(RejectionCode::MalformedRequest);
        }
        Ok(())
    }
}

/// RFC 9110 §8.6: digits, and few enough for any number type.
fn is_length(value: &[u8]) -> bool {
    (1..=18).contains(&value.len()) && value.iter().all(u8::is_ascii_digit)
}

/// RFC 9110 §5.6.2.
fn is_token(name: &[u8]) -> bool {
    let allowed = |byte: &u8| byte.is_ascii_alphanumeric() || b"-!#$%&'*+.^_`|~".contains(byte);
    !name.is_empty() && name.iter().all(allowed)
}

#[cfg(test)]
mod tests;
