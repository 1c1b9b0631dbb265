//! Dates in searches: real calendar days, written `YYYY-MM-DD`.

use jiff::Timestamp;
use jiff::civil::Date;
use jiff::tz::TimeZone;

/// Reads a calendar day: exactly `YYYY-MM-DD`, and one that exists.
///
/// Compact forms, week dates, years alone and times are refused: the backend refuses some of them
/// and reads others differently.
pub fn day(text: &str) -> Option<Date> {
    let shaped = text.len() == 10
        && text.bytes().enumerate().all(|(at, byte)| match at {
            4 | 7 => byte == b'-',
            _ => byte.is_ascii_digit(),
        });
    if shaped { text.parse().ok() } else { None }
}

/// Whether this is a FHIR date or instant of any precision (FHIR R5 §2.1.28.0.1): a year, a month, a
/// real day, or a time with its offset.
pub fn is_date_time(text: &str) -> bool {
    let digits = |part: &str, count: usize| {
        part.len() == count && part.bytes().all(|byte| byte.is_ascii_digit())
    };
    match text.len() {
        4 => digits(text, 4),
        7 => day(&format!("{text}-01")).is_some(),
        10 => day(text).is_some(),
        _ => {
            let shaped = text.get(..10).and_then(day).is_some() && text.get(10..11) == Some("T");
            // Minutes without seconds are a precision too.
            let minutes = || text.get(16..17).is_some_and(|next| next != ":");
            let whole = || if minutes() { with_seconds(text) } else { Some(text.to_owned()) };
            shaped && text.len() <= 40 && whole().is_some_and(|t| t.parse::<Timestamp>().is_ok())
        }
    }
}

fn with_seconds(text: &str) -> Option<String> {
    Some(format!("{}:00{}", text.get(..16)?, text.get(16..)?))
}

/// A span of whole days, both ends included, either end open.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Window {
    /// The first day inside.
    pub start: Option<Date>,
    /// The last day inside.
    pub end: Option<Date>,
}

impl Window {
    /// Whether both ends are open, so that nothing is filtered.
    pub fn is_open(&self) -> bool {
        self.start.is_none() && self.end.is_none()
    }

    /// Whether an instant falls on one of the days, as `zone` counts days.
    pub fn contains(&self, instant: Timestamp, zone: &TimeZone) -> bool {
        let day = instant.to_zoned(zone.clone()).date();
        self.start.is_none_or(|start| start <= day) && self.end.is_none_or(|end| day <= end)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_real_day_written_in_full_is_a_date() {
        assert!(day("2024-02-29").is_some());
        let refused = [
            "",
            "2026",
            "2026-04",
            "20260401",
            "2026-W15-1",
            "2026-13-01",
            "2026-02-29",
            "2026-04-31",
            "2026-4-1",
            " 2026-04-01",
            "2026-04-01T00:00:00Z",
            "ge2026-04-01",
            "yesterday",
        ];
        for text in refused {
            assert_eq!(day(text), None, "{text:?}");
        }
    }

    #[test]
    fn a_time_may_have_any_precision_and_must_exist() {
        for text in ["2026", "2026-04", "2026-04-01", "2026-04-01T08:30Z"] {
            assert!(is_date_time(text), "{text}");
        }
        assert!(is_date_time("2026-04-01T08:30:00.123+02:00"));
        for text in
            ["", "26", "2026-4", "2026-13", "2026-02-30", "2026-04-01T08", "2026-04-01 08:30"]
        {
            assert!(!is_date_time(text), "{text}");
        }
    }

    #[test]
    fn both_ends_of_a_window_are_inside_it() {
        let window = Window { start: day("2026-11-10"), end: day("2026-11-12") };
        let inside = |text: &str| window.contains(text.parse().unwrap(), &TimeZone::UTC);
        assert!(inside("2026-11-10T00:00:00Z"));
        assert!(inside("2026-11-12T23:59:59.999Z"));
        assert!(inside("2026-11-13T00:30:00+01:00"));
        assert!(!inside("2026-11-09T23:59:59Z"));
        assert!(!inside("2026-11-13T00:00:00Z"));
    }
}
