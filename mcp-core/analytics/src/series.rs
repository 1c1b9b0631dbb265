//! What counts before any figure is computed: each reading once, in order of time.

use jiff::Timestamp;
use schemars::JsonSchema;
use serde::Serialize;

use crate::reading::{Point, Span};

/// Readings in order of time, each counted once. Holding one is proof that duplicates were found, and that
/// the order in which the readings came has no say in any figure.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Series {
    points: Vec<Point>,
    duplicates: usize,
    clashes: usize,
}

/// How many readings there were and how many of them count.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, JsonSchema)]
#[schemars(inline)]
pub struct Counted {
    /// Readings as they came.
    pub given: usize,
    /// Left out as exact copies of another reading: the same instant and the same number.
    pub duplicates: usize,
    /// Readings that the figures are computed from.
    pub n: usize,
    /// Of those, readings that share their instant with one of a different number; all of them are kept.
    pub clashes: usize,
}

impl Series {
    /// Sorts readings by time, then by number, and keeps each pair of both once.
    pub fn of(points: &[Point]) -> Self {
        // Zero is zero, whatever its sign.
        let plain = |point: &Point| Point { value: point.value + 0.0, ..*point };
        let mut points: Vec<Point> = points.iter().map(plain).collect();
        points.sort_unstable_by(|a, b| a.at.cmp(&b.at).then(a.value.total_cmp(&b.value)));
        let given = points.len();
        points.dedup_by(|a, b| a == b);
        let duplicates = given - points.len();
        let clashes = points
            .chunk_by(|a, b| a.at == b.at)
            .filter(|alike| alike.len() > 1)
            .map(<[Point]>::len)
            .sum();
        Self { points, duplicates, clashes }
    }

    /// The readings that count, in order of time.
    pub fn points(&self) -> &[Point] {
        &self.points
    }

    /// Their numbers, in order of time.
    pub fn values(&self) -> Vec<f64> {
        values(&self.points)
    }

    /// What was found before counting.
    pub const fn counted(&self) -> Counted {
        Counted {
            given: self.points.len() + self.duplicates,
            duplicates: self.duplicates,
            n: self.points.len(),
            clashes: self.clashes,
        }
    }
}

/// The numbers of some readings.
pub fn values(points: &[Point]) -> Vec<f64> {
    points.iter().map(|point| point.value).collect()
}

/// Spans in order of their start, each counted once.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Spans {
    kept: Vec<Span>,
    duplicates: usize,
    overlapping: usize,
}

/// How many spans there were, how many of them count, and how many share time with another.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, JsonSchema)]
#[schemars(inline)]
pub struct CountedSpans {
    /// Spans as they came.
    pub given: usize,
    /// Left out as exact copies of another span: the same start, end and number.
    pub duplicates: usize,
    /// Spans that the figures are computed from.
    pub n: usize,
    /// Of those, spans that share time with another one; all of them are kept, so that a sum may count
    /// that time twice.
    pub overlapping: usize,
}

impl Spans {
    /// Sorts spans by start, end and number, keeps each triple once, and counts the overlapping ones. Two
    /// spans overlap when each begins before the other ends; one that begins where another ends does not.
    pub fn of(spans: &[Span]) -> Self {
        let plain = |span: &Span| Span { value: span.value + 0.0, ..*span };
        let mut spans: Vec<Span> = spans.iter().map(plain).collect();
        let place = |span: &Span| (span.start, span.end);
        spans.sort_unstable_by(|a, b| place(a).cmp(&place(b)).then(a.value.total_cmp(&b.value)));
        let given = spans.len();
        spans.dedup_by(|a, b| a == b);
        let duplicates = given - spans.len();
        let overlapping = overlapping(&spans);
        Self { kept: spans, duplicates, overlapping }
    }

    /// The spans that count, in order of their start.
    pub fn spans(&self) -> &[Span] {
        &self.kept
    }

    /// What was found before counting.
    pub const fn counted(&self) -> CountedSpans {
        CountedSpans {
            given: self.kept.len() + self.duplicates,
            duplicates: self.duplicates,
            n: self.kept.len(),
            overlapping: self.overlapping,
        }
    }
}

/// How many of some sorted spans share time with another one.
fn overlapping(sorted: &[Span]) -> usize {
    let mut busy_until = Timestamp::MIN;
    let mut found = 0;
    for (at, span) in sorted.iter().enumerate() {
        // An earlier one still lasts, or the next one begins before this ends: no other can be nearer.
        let earlier = busy_until > span.start;
        let later = sorted.get(at + 1).is_some_and(|next| next.start < span.end);
        found += usize::from(earlier || later);
        busy_until = busy_until.max(span.end);
    }
    found
}

#[cfg(test)]
mod tests;
