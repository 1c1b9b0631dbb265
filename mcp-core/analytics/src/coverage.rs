//! How much of a window the readings cover, and where they are missing.

use std::collections::BTreeMap;

use jiff::Timestamp;
use jiff::civil::Date;
use schemars::JsonSchema;
use serde::Serialize;

use crate::clock::Clock;
use crate::figure::Figure;
use crate::reading::Point;
use crate::series::Series;
use crate::summary::{count, percentile, sorted};
use crate::window::{Window, inside};

mod gaps;

pub use gaps::{Edge, Gap, Gaps};

/// How much of a window the readings cover.
#[derive(Clone, Debug, PartialEq, Serialize, JsonSchema)]
#[schemars(inline)]
pub struct Coverage {
    /// Readings in the window.
    pub n: usize,
    /// Readings outside the window, which count for nothing else here.
    pub outside: usize,
    /// The IANA time zone in which days are counted.
    pub zone: String,
    /// The first local day of the window; without a window, of the readings.
    pub first_day: String,
    /// The last local day, included.
    pub last_day: String,
    /// Local days from the first to the last.
    pub days: usize,
    /// Local days with at least one reading.
    pub days_with_readings: usize,
    /// The first reading in UTC (RFC 3339); absent when there is none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub first: Option<String>,
    /// The last reading in UTC (RFC 3339).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub last: Option<String>,
    /// The median time between one reading and the next at another time, in minutes; absent for fewer than two
    /// times.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub median_gap_minutes: Option<Figure>,
    /// How many readings a device that keeps to the median gap would have made in the window.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub expected: Option<usize>,
    /// Different times at which there is a reading, in percent of the expected ones; never more than 100.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub percent: Option<Figure>,
    /// Why nothing is expected, when nothing is.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub not_expected: Option<NotExpected>,
    /// The times without readings.
    pub gaps: Gaps,
}

/// Why no count of readings can be expected.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
#[schemars(inline)]
pub enum NotExpected {
    /// Fewer than three different times; or fewer than twelve, on fewer than three days.
    TooFew,
    /// Readings come in bursts: even the fullest day has less than half of what the median gap calls for.
    NoRhythm,
}

/// A rhythm shows on three days, or in a dozen times.
const DAYS: usize = 3;
const TIMES: usize = 12;
const HOURS_A_DAY: f64 = 24.0;

impl Coverage {
    /// Covers a window of local days; without one, the time from the first reading to the last. Nothing when
    /// there is neither a window nor a reading. A gap is a time without readings that is longer than
    /// `limit` minutes: by default the greater of an hour and three times the median gap.
    ///
    /// Expected is the length of the window (as far as it has passed) divided by the median gap, and one
    /// more without a window, where both ends are readings.
    pub fn of(
        series: &Series,
        clock: &Clock,
        window: Option<&Window>,
        limit: Option<u32>,
    ) -> Option<Self> {
        let days = window.copied().or_else(|| Window::around(series, clock))?;
        let points = days.inside(series);
        let times = times(points);
        let by_day = by_day(points, clock);
        let median = median_gap(&times);
        let asked = match (window, times.first(), times.last()) {
            (None, Some(first), Some(last)) => {
                Stretch { start: *first, end: *last, ends_read: true }
            }
            _ => Stretch { start: days.start(), end: days.passed(), ends_read: false },
        };
        let expected = median
            .ok_or(NotExpected::TooFew)
            .and_then(|median| expected(median, times.len(), &by_day, &asked));
        Some(Self {
            n: points.len(),
            outside: series.points().len() - points.len(),
            zone: clock.name().to_owned(),
            first_day: days.first().to_string(),
            last_day: days.last().to_string(),
            days: days.days(),
            days_with_readings: by_day.len(),
            first: times.first().map(Timestamp::to_string),
            last: times.last().map(Timestamp::to_string),
            median_gap_minutes: median.map(|median| Figure::new(median / 60.0, 1)),
            expected: expected.ok(),
            percent: expected.ok().map(|expected| percent(times.len(), expected)),
            not_expected: expected.err(),
            gaps: Gaps::of(&times, &asked, gaps::limit(limit, median)),
        })
    }
}

/// The time that is asked about.
#[derive(Clone, Copy, Debug)]
struct Stretch {
    start: Timestamp,
    end: Timestamp,
    /// It begins and ends with a reading.
    ends_read: bool,
}

/// How many readings each local day of a window has, for a calendar: days without any are left out. Without
/// a window, all readings count.
pub fn per_day(series: &Series, clock: &Clock, window: Option<&Window>) -> BTreeMap<Date, usize> {
    by_day(inside(series, window), clock)
}

fn by_day(points: &[Point], clock: &Clock) -> BTreeMap<Date, usize> {
    let mut days = BTreeMap::new();
    for point in points {
        *days.entry(clock.day(point.at)).or_default() += 1;
    }
    days
}

/// The different times of sorted readings.
fn times(points: &[Point]) -> Vec<Timestamp> {
    let mut times: Vec<Timestamp> = points.iter().map(|point| point.at).collect();
    times.dedup();
    times
}

/// In seconds.
fn median_gap(times: &[Timestamp]) -> Option<f64> {
    let gaps = times.iter().zip(times.iter().skip(1));
    let seconds: Vec<f64> = gaps.map(|(from, to)| seconds(*from, *to)).collect();
    percentile(&sorted(&seconds), 50.0)
}

fn seconds(from: Timestamp, to: Timestamp) -> f64 {
    to.duration_since(from).as_secs_f64()
}

fn expected(
    median: f64,
    times: usize,
    by_day: &BTreeMap<Date, usize>,
    asked: &Stretch,
) -> Result<usize, NotExpected> {
    if times < DAYS || (by_day.len() < DAYS && times < TIMES) {
        return Err(NotExpected::TooFew);
    }
    // Some day among three is a whole one; with fewer, all may be cut short by the window's ends.
    let fullest = count(by_day.values().copied().max().unwrap_or_default());
    if by_day.len() >= DAYS && fullest < HOURS_A_DAY * 3_600.0 / median / 2.0 {
        return Err(NotExpected::NoRhythm);
    }
    let intervals = (seconds(asked.start, asked.end) / median).round();
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "whole and not negative; beyond the greatest it stays at that"
    )]
    let intervals = intervals.max(0.0) as usize;
    Ok(intervals.saturating_add(usize::from(asked.ends_read)).max(1))
}

fn percent(seen: usize, expected: usize) -> Figure {
    Figure::new((100.0 * count(seen) / count(expected)).min(100.0), 1)
}

#[cfg(test)]
mod tests;
