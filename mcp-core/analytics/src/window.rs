//! The local days that a question is about.

use jiff::civil::{Date, Weekday};
use jiff::{Timestamp, ToSpan as _};

use crate::clock::Clock;
use crate::reading::Point;
use crate::series::Series;

/// Whole local days, the first and the last included, and how much of them has passed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Window {
    first: Date,
    last: Date,
    start: Timestamp,
    end: Timestamp,
    passed: Timestamp,
}

impl Window {
    /// The local days from the first to the last, both included; nothing when they are the wrong way round.
    pub fn of(first: Date, last: Date, clock: &Clock) -> Option<Self> {
        // At the ends of the calendar a day has no edge that could be written down.
        let start = clock.begins(first).unwrap_or(Timestamp::MIN);
        let end = clock.ends(last).unwrap_or(Timestamp::MAX);
        (first <= last).then_some(Self { first, last, start, end, passed: end })
    }

    /// The local days from the first to the last of some readings; nothing for none.
    pub fn around(series: &Series, clock: &Clock) -> Option<Self> {
        let (first, last) = (series.points().first()?, series.points().last()?);
        Self::of(clock.day(first.at), clock.day(last.at), clock)
    }

    /// The same window as it stands at an instant: days to come are no part of it, and the rest of the
    /// last day is not expected to hold readings. Nothing when it has not begun.
    pub fn until(self, now: Timestamp, clock: &Clock) -> Option<Self> {
        if now >= self.end {
            return Some(self);
        }
        let today = Self::of(self.first, clock.day(now), clock)?;
        (now > self.start).then_some(Self { passed: now, ..today })
    }

    /// The first local day.
    pub const fn first(&self) -> Date {
        self.first
    }

    /// The last local day.
    pub const fn last(&self) -> Date {
        self.last
    }

    /// When the first day begins.
    pub const fn start(&self) -> Timestamp {
        self.start
    }

    /// Up to when readings can be expected: the end of the last day, or the present when that is earlier.
    pub const fn passed(&self) -> Timestamp {
        self.passed
    }

    /// How many local days.
    pub fn days(&self) -> usize {
        days_between(self.first, self.last) + 1
    }

    /// How many local weeks (ISO 8601) it touches.
    pub fn weeks(&self) -> usize {
        days_between(monday(self.first), monday(self.last)) / 7 + 1
    }

    /// The readings of its days: from the start of the first to before the end of the last.
    pub fn inside<'a>(&self, series: &'a Series) -> &'a [Point] {
        let points = series.points();
        let from = points.partition_point(|point| point.at < self.start);
        let until = points.partition_point(|point| point.at < self.end);
        points.get(from..until).unwrap_or_default()
    }
}

/// The readings of a window; without one, all.
pub fn inside<'a>(series: &'a Series, window: Option<&Window>) -> &'a [Point] {
    window.map_or_else(|| series.points(), |window| window.inside(series))
}

/// The Monday of a day's week (ISO 8601).
pub fn monday(day: Date) -> Date {
    let since = i64::from(day.weekday().since(Weekday::Monday));
    day.checked_sub(since.days()).unwrap_or(day)
}

/// How many days a date is after another; zero when it is before.
pub fn days_between(from: Date, to: Date) -> usize {
    usize::try_from(to.duration_since(from).as_hours() / 24).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn day(text: &str) -> Date {
        text.parse().unwrap()
    }

    fn at(text: &str) -> Timestamp {
        text.parse().unwrap()
    }

    #[test]
    fn a_window_the_wrong_way_round_is_none() {
        let utc = Clock::utc();
        assert_eq!(Window::of(day("2026-11-02"), day("2026-11-01"), &utc), None);
        assert_eq!(Window::of(day("2026-11-02"), day("2026-11-02"), &utc).unwrap().days(), 1);
    }

    #[test]
    fn days_and_weeks_are_local_and_both_ends_count() {
        let berlin = Clock::named("Europe/Berlin").unwrap();
        let window = Window::of(day("2026-10-24"), day("2026-10-26"), &berlin).unwrap();
        assert_eq!((window.days(), window.weeks()), (3, 2), "a Saturday, a Sunday, a Monday");
        assert_eq!(window.start(), at("2026-10-23T22:00:00Z"));
        assert_eq!(window.passed(), at("2026-10-26T23:00:00Z"), "after the clocks went back");
    }

    #[test]
    fn readings_at_the_start_are_inside_and_those_at_the_end_are_not() {
        let window = Window::of(day("2026-11-01"), day("2026-11-01"), &Clock::utc()).unwrap();
        let points = [
            "2026-10-31T23:59:59Z",
            "2026-11-01T00:00:00Z",
            "2026-11-01T23:59:59.9Z",
            "2026-11-02T00:00:00Z",
        ]
        .map(|text| Point { at: at(text), value: 1.0 });
        assert_eq!(window.inside(&Series::of(&points)), &points[1..3]);
    }

    #[test]
    fn what_has_not_happened_yet_is_no_part_of_a_window() {
        let utc = Clock::utc();
        let window = Window::of(day("2026-11-01"), day("2026-11-14"), &utc).unwrap();
        let today = window.until(at("2026-11-03T12:00:00Z"), &utc).unwrap();
        assert_eq!((today.days(), today.last()), (3, day("2026-11-03")));
        assert_eq!(today.passed(), at("2026-11-03T12:00:00Z"));
        assert_eq!(window.until(at("2026-12-01T00:00:00Z"), &utc), Some(window));
        assert_eq!(window.until(at("2026-10-31T12:00:00Z"), &utc), None);
        assert_eq!(window.until(window.start(), &utc), None, "nothing of it has passed");
    }

    #[test]
    fn the_ends_of_the_calendar_break_nothing() {
        let clock = Clock::named("Pacific/Kiritimati").unwrap();
        let window = Window::of(Date::MIN, Date::MAX, &clock).unwrap();
        let ends = [Timestamp::MIN, Timestamp::MAX].map(|at| Point { at, value: 1.0 });
        assert_eq!(window.days(), 7_304_484, "from -9999 to 9999");
        assert!(!window.inside(&Series::of(&ends)).is_empty());
    }
}
