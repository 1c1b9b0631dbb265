//! Over which days a figure is computed, and in which time zone these days are counted.

use analytics::clock::Clock;
use jiff::civil::Date;
use jiff::{Timestamp, ToSpan as _};
use schemars::JsonSchema;
use serde::Serialize;

use crate::fhir::date::Window;
use crate::tools::arguments::window;
use crate::tools::error::ToolError;

/// Days in a zone. Without a zone from the caller they are counted in UTC, and the answer says so:
/// neither FHIR nor Open mHealth tells in which zone a person lives.
#[derive(Clone, Debug)]
pub struct When {
    /// The days, both ends included, either end open.
    pub days: Window,
    /// How days and hours are counted.
    pub clock: Clock,
    /// Whether the caller named the zone.
    pub is_zone_given: bool,
}

/// The days and the zone of an answer.
#[derive(Clone, Serialize, JsonSchema)]
#[schemars(inline)]
pub struct Days {
    /// The IANA time zone in which days and hours are counted.
    timezone: String,
    /// Set when the zone was not given, so that UTC was taken: days may begin at the wrong hour.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    timezone_assumed: bool,
    /// The first day asked for, included.
    #[serde(skip_serializing_if = "Option::is_none")]
    start: Option<String>,
    /// The last day asked for, included.
    #[serde(skip_serializing_if = "Option::is_none")]
    end: Option<String>,
}

impl When {
    /// Reads `start`, `end` and `timezone`.
    ///
    /// # Errors
    /// A day or a zone that is none, or a start after the end.
    pub fn read(
        start: Option<&str>,
        end: Option<&str>,
        timezone: Option<&str>,
    ) -> Result<Self, ToolError> {
        let days = window(start, end)?;
        let named = timezone.map(str::trim).filter(|name| !name.is_empty());
        let clock = match named {
            Some(name) => Clock::named(name).ok_or_else(|| {
                let rule = "timezone must be a name of the IANA database, as in Europe/Berlin";
                ToolError::Argument(rule.to_owned())
            })?,
            None => Clock::utc(),
        };
        Ok(Self { days, clock, is_zone_given: named.is_some() })
    }

    /// The days for which the backend is asked: one more on either side, since it counts days in a zone
    /// of its own; and one more before, for a span that began on the eve, since it may go by beginnings.
    pub fn widened(&self) -> Window {
        let start = self.days.start.map(|day| before(before(day)));
        let end = self.days.end.map(|day| day.checked_add(1.day()).unwrap_or(day));
        Window { start, end }
    }

    /// Whether a reading, or a part of its span, falls on one of the days. A span that began before the
    /// eve of the first does not belong here: a backend that goes by beginnings would not find it, and what
    /// counts must not depend on that.
    pub fn touches(&self, at: Timestamp, end: Option<Timestamp>) -> bool {
        // A span that ends at midnight has no part of the day that begins there.
        let end = end
            .filter(|end| *end > at)
            .map_or(at, |end| end.checked_sub(1.nanosecond()).unwrap_or(end));
        let (first, last) = (self.clock.day(at), self.clock.day(end));
        self.days.start.is_none_or(|start| start <= last && before(start) <= first)
            && self.days.end.is_none_or(|end| first <= end)
    }

    /// What the answer says of it.
    pub fn told(&self) -> Days {
        Days {
            timezone: self.clock.name().to_owned(),
            timezone_assumed: !self.is_zone_given,
            start: self.days.start.map(|day| day.to_string()),
            end: self.days.end.map(|day| day.to_string()),
        }
    }
}

fn before(day: Date) -> Date {
    day.yesterday().unwrap_or(day)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn berlin(start: &str, end: &str) -> When {
        When::read(Some(start), Some(end), Some("Europe/Berlin")).unwrap()
    }

    fn at(text: &str) -> Timestamp {
        text.parse().unwrap()
    }

    #[test]
    fn a_window_the_wrong_way_round_and_an_unknown_zone_are_refused_with_a_sentence() {
        let told = |refused: Result<When, ToolError>| refused.unwrap_err().to_string();
        let reversed = told(When::read(Some("2026-11-02"), Some("2026-11-01"), None));
        assert!(reversed.contains("start must not be later"), "{reversed}");
        for zone in ["Europe/Nowhere", "CET-1", "+02:00"] {
            let unknown = told(When::read(None, None, Some(zone)));
            assert!(unknown.contains("IANA"), "{unknown}");
            assert!(!unknown.contains(zone), "input is not echoed");
        }
        assert!(!When::read(None, None, Some(" ")).unwrap().is_zone_given);
    }

    #[test]
    fn both_ends_of_a_window_are_inside_it_by_local_days() {
        let when = berlin("2026-11-10", "2026-11-12");
        assert!(when.touches(at("2026-11-09T23:00:00Z"), None), "midnight in Berlin");
        assert!(when.touches(at("2026-11-12T22:59:59Z"), None));
        assert!(!when.touches(at("2026-11-12T23:00:00Z"), None));
        assert!(!when.touches(at("2026-11-09T22:59:59Z"), None));
    }

    #[test]
    fn a_span_counts_if_a_part_of_it_is_inside() {
        let when = berlin("2026-11-10", "2026-11-10");
        let span = |start: &str, end: &str| when.touches(at(start), Some(at(end)));
        assert!(span("2026-11-09T22:00:00Z", "2026-11-10T05:00:00Z"), "a night");
        assert!(!span("2026-11-09T12:00:00Z", "2026-11-09T23:00:00Z"), "ends as the day begins");
        assert!(span("2026-11-09T02:00:00Z", "2026-11-30T00:00:00Z"), "from the eve on");
    }

    #[test]
    fn a_span_from_before_the_eve_is_not_counted_whether_the_backend_would_find_it_or_not() {
        let when = berlin("2026-11-10", "2026-11-10");
        let month = |start: &str| when.touches(at(start), Some(at("2026-11-30T00:00:00Z")));
        assert!(!month("2026-11-08T22:59:59Z"));
        assert!(month("2026-11-08T23:00:00Z"), "the eve begins in Berlin");
        assert!(
            When::read(None, Some("2026-11-10"), None)
                .unwrap()
                .touches(at("2026-01-01T00:00:00Z"), None)
        );
    }

    #[test]
    fn the_backend_is_asked_for_a_day_more_on_either_side_and_for_the_eve() {
        let widened = berlin("2026-11-10", "2026-11-10").widened();
        let shown = |day: Option<Date>| day.unwrap().to_string();
        assert_eq!(shown(widened.start), "2026-11-08");
        assert_eq!(shown(widened.end), "2026-11-11");
    }
}
