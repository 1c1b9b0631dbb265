//! In which local days the readings of a report are counted.

use std::collections::BTreeSet;

use jiff::Timestamp;
use jiff::civil::Date;
use schemars::JsonSchema;
use serde::Serialize;

use crate::clock::Clock;
use crate::window::days_between;

/// Whether somebody said in which zone the person lives.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Zone {
    /// It was said.
    Given,
    /// It was assumed: days and hours may be off by as much as the true zone is.
    Assumed,
}

/// A clock and a window of local days, both ends inclusive; an end that is not given is open.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Frame {
    clock: Clock,
    zone: Zone,
    from: Option<Date>,
    to: Option<Date>,
}

/// The days of a report.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
#[schemars(inline)]
pub struct Period {
    /// IANA name of the zone in which days and hours are counted.
    pub zone: String,
    /// False: nobody said where the person lives, so days and hours may be shifted.
    pub zone_given: bool,
    /// First local day of the window that was asked for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub from: Option<String>,
    /// Last local day of the window that was asked for; it is part of it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub to: Option<String>,
    /// How many days the window has.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub days_in_window: Option<usize>,
    /// How many local days have data. The others are unknown, not zero.
    pub days_with_data: usize,
    /// How many readings or records are outside the window: they are part of no figure.
    pub outside_window: usize,
    /// First local day with data.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub first_day: Option<String>,
    /// Last local day with data.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub last_day: Option<String>,
}

impl Frame {
    /// Every day.
    pub const fn new(clock: Clock, zone: Zone) -> Self {
        Self { clock, zone, from: None, to: None }
    }

    /// The days from the first to the last, both inclusive; nothing if they are the wrong way round.
    pub fn between(self, from: Option<Date>, to: Option<Date>) -> Option<Self> {
        let wrong = from.zip(to).is_some_and(|(from, to)| from > to);
        (!wrong).then_some(Self { from, to, ..self })
    }

    /// The clock.
    pub const fn clock(&self) -> &Clock {
        &self.clock
    }

    /// The first day of the window.
    pub const fn from(&self) -> Option<Date> {
        self.from
    }

    /// The last day of the window.
    pub const fn to(&self) -> Option<Date> {
        self.to
    }

    /// Whether a local day is in the window.
    pub fn holds(&self, day: Date) -> bool {
        self.from.is_none_or(|from| from <= day) && self.to.is_none_or(|to| day <= to)
    }

    /// The local day of an instant, if it is in the window.
    pub fn day(&self, at: Timestamp) -> Option<Date> {
        Some(self.clock.day(at)).filter(|day| self.holds(*day))
    }

    /// What a report says of its days: those with data, and how many readings are outside its window.
    pub(crate) fn period(&self, days: &BTreeSet<Date>, outside_window: usize) -> Period {
        Period {
            zone: self.clock.name().to_owned(),
            zone_given: self.zone == Zone::Given,
            from: self.from.map(|day| day.to_string()),
            to: self.to.map(|day| day.to_string()),
            days_in_window: self.from.zip(self.to).map(|(from, to)| days_between(from, to) + 1),
            days_with_data: days.len(),
            outside_window,
            first_day: days.first().map(ToString::to_string),
            last_day: days.last().map(ToString::to_string),
        }
    }
}

/// The middle of two instants.
pub(crate) fn middle(start: Timestamp, end: Timestamp) -> Timestamp {
    start.checked_add(end.duration_since(start) / 2).unwrap_or(start)
}

/// How many seconds there are from one instant to another; less than zero if it is the earlier.
pub(crate) fn seconds(start: Timestamp, end: Timestamp) -> f64 {
    end.duration_since(start).as_secs_f64()
}

#[cfg(test)]
impl Frame {
    /// Every day in Berlin.
    pub(crate) fn berlin() -> Self {
        Self::new(Clock::named("Europe/Berlin").unwrap(), Zone::Given)
    }

    /// Some days in Berlin, written as in `2026-11-28`.
    pub(crate) fn berlin_between(from: &str, to: &str) -> Self {
        Self::berlin().between(Some(from.parse().unwrap()), Some(to.parse().unwrap())).unwrap()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn day(text: &str) -> Date {
        text.parse().unwrap()
    }

    #[test]
    fn both_ends_of_a_window_are_part_of_it() {
        let berlin = Clock::named("Europe/Berlin").unwrap();
        let frame = Frame::new(berlin, Zone::Given)
            .between(Some(day("2026-11-02")), Some(day("2026-11-03")))
            .unwrap();
        let at = |text: &str| frame.day(text.parse().unwrap());
        assert_eq!(at("2026-11-01T22:59:59Z"), None);
        assert_eq!(at("2026-11-01T23:00:00Z"), Some(day("2026-11-02")));
        assert_eq!(at("2026-11-03T22:59:59Z"), Some(day("2026-11-03")));
        assert_eq!(at("2026-11-03T23:00:00Z"), None);
    }

    #[test]
    fn a_window_the_wrong_way_round_is_none() {
        let frame = Frame::new(Clock::utc(), Zone::Assumed);
        assert_eq!(frame.between(Some(day("2026-11-03")), Some(day("2026-11-02"))), None);
    }

    #[test]
    fn a_period_counts_the_days_of_its_window_and_those_with_data() {
        let frame = Frame::new(Clock::named("Europe/Berlin").unwrap(), Zone::Given)
            .between(Some(day("2026-03-28")), Some(day("2026-03-30")))
            .unwrap();
        let period = frame.period(&BTreeSet::from([day("2026-03-29")]), 5);
        let shown = serde_json::to_value(&period).unwrap();
        let expected = serde_json::json!({"zone": "Europe/Berlin", "zone_given": true,
            "from": "2026-03-28", "to": "2026-03-30", "days_in_window": 3, "days_with_data": 1, "outside_window": 5,
            "first_day": "2026-03-29", "last_day": "2026-03-29"});
        assert_eq!(shown, expected);
    }
}
