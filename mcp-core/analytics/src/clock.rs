//! Local days and hours: a reading belongs to the day that it had where the person lives.

use jiff::civil::{Date, Weekday};
use jiff::tz::TimeZone;
use jiff::{Timestamp, ToSpan as _, Zoned};
use schemars::JsonSchema;
use serde::Serialize;

/// The time zone in which days and hours are counted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Clock {
    zone: TimeZone,
    name: String,
}

/// A quarter of a local day.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
#[schemars(inline)]
pub enum PartOfDay {
    /// 00:00 to 05:59.
    Night,
    /// 06:00 to 11:59.
    Morning,
    /// 12:00 to 17:59.
    Afternoon,
    /// 18:00 to 23:59.
    Evening,
}

impl Clock {
    /// A zone of the IANA database, by name.
    pub fn named(name: &str) -> Option<Self> {
        // Offsets and POSIX rules are no names of places.
        let is_name = name.len() <= 64
            && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"/_+-".contains(&byte));
        let zone = is_name.then(|| TimeZone::get(name).ok()).flatten()?;
        let name = zone.iana_name()?.to_owned();
        Some(Self { zone, name })
    }

    /// Coordinated universal time.
    pub fn utc() -> Self {
        Self { zone: TimeZone::UTC, name: "UTC".to_owned() }
    }

    /// The zone's IANA name.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The zone.
    pub const fn zone(&self) -> &TimeZone {
        &self.zone
    }

    /// The local time of an instant.
    pub fn local(&self, at: Timestamp) -> Zoned {
        at.to_zoned(self.zone.clone())
    }

    /// The local day of an instant.
    pub fn day(&self, at: Timestamp) -> Date {
        self.local(at).date()
    }

    /// The Monday of the local week (ISO 8601) of an instant.
    pub fn week(&self, at: Timestamp) -> Date {
        let day = self.day(at);
        let since = i64::from(day.weekday().since(Weekday::Monday));
        day.checked_sub(since.days()).unwrap_or(day)
    }

    /// The local hour of an instant, 0 to 23.
    pub fn hour(&self, at: Timestamp) -> u8 {
        u8::try_from(self.local(at).hour()).unwrap_or_default()
    }

    /// Minutes since local midnight as a wall clock shows them, 0 to 1439.
    pub fn minute_of_day(&self, at: Timestamp) -> u16 {
        let local = self.local(at);
        let minutes = i16::from(local.hour()) * 60 + i16::from(local.minute());
        u16::try_from(minutes).unwrap_or_default()
    }

    /// The quarter of the local day of an instant.
    pub fn part_of_day(&self, at: Timestamp) -> PartOfDay {
        match self.hour(at) {
            0..=5 => PartOfDay::Night,
            6..=11 => PartOfDay::Morning,
            12..=17 => PartOfDay::Afternoon,
            _ => PartOfDay::Evening,
        }
    }

    /// When a local day begins: at midnight, or where a change of the clocks skips that, at the first
    /// instant after it.
    pub fn begins(&self, day: Date) -> Option<Timestamp> {
        day.to_zoned(self.zone.clone()).ok()?.start_of_day().ok().map(|start| start.timestamp())
    }

    /// When a local day ends: when the next begins.
    pub fn ends(&self, day: Date) -> Option<Timestamp> {
        self.begins(day.tomorrow().ok()?)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> Timestamp {
        text.parse().unwrap()
    }

    #[test]
    fn a_zone_is_a_name_of_the_iana_database_and_nothing_else() {
        assert_eq!(Clock::named("europe/berlin").unwrap().name(), "Europe/Berlin");
        for wrong in ["", "+02:00", "CEST-2", "Europe/Nowhere", "../etc/passwd", "UTC\u{0}"] {
            assert!(Clock::named(wrong).is_none(), "{wrong:?}");
        }
    }

    #[test]
    fn a_reading_belongs_to_the_local_day() {
        let berlin = Clock::named("Europe/Berlin").unwrap();
        let late = at("2026-11-01T23:30:00Z");
        assert_eq!(berlin.day(late).to_string(), "2026-11-02");
        assert_eq!(Clock::utc().day(late).to_string(), "2026-11-01");
        assert_eq!(berlin.week(late).to_string(), "2026-11-02", "a Monday");
        assert_eq!(Clock::utc().week(late).to_string(), "2026-10-26");
        assert_eq!((berlin.hour(late), berlin.minute_of_day(late)), (0, 30));
        assert_eq!(berlin.part_of_day(late), PartOfDay::Night);
    }

    #[test]
    fn a_day_has_23_or_25_hours_when_the_clocks_change() {
        let berlin = Clock::named("Europe/Berlin").unwrap();
        let hours = |day: Date| {
            let length = berlin.ends(day).unwrap().duration_since(berlin.begins(day).unwrap());
            length.as_hours()
        };
        assert_eq!(hours(Date::constant(2026, 3, 29)), 23);
        assert_eq!(hours(Date::constant(2026, 10, 25)), 25);
        assert_eq!(hours(Date::constant(2026, 11, 1)), 24);
    }
}
