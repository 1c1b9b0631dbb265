//! Readings of one kind, one person and one unit, in the plainest form.

use jiff::Timestamp;

/// One number at one time.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Point {
    /// When it was measured.
    pub at: Timestamp,
    /// The number; always finite.
    pub value: f64,
}

/// One number about a span of time.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Span {
    /// When the span began.
    pub start: Timestamp,
    /// When it ended; not before it began.
    pub end: Timestamp,
    /// The number; always finite.
    pub value: f64,
}
