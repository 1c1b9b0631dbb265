//! When a measurement was in effect, as its own body says.
//!
//! The forms of `effective_time_frame`: one instant, or an interval as start and end, start and
//! duration, end and duration, or (older Open mHealth) a date with a part of the day. A time
//! without an offset is UTC, as the schemas say. Nothing outside the body is consulted.

use std::fmt;

use jiff::{SignedDuration, Span, Timestamp, civil::Date, tz::TimeZone};
use serde_json::Value;

/// The time a measurement speaks of. A patient's data: its `Debug` shows no time.
#[derive(Clone, PartialEq, Eq)]
pub struct Effective {
    /// The instant, or the start of the interval.
    pub start: Timestamp,
    /// The end of the interval, not before `start`; absent for an instant and where it is not said.
    pub end: Option<Timestamp>,
    /// The time as the writer spelled it: the instant, or what the interval's start comes from.
    pub original: String,
}

/// Reads the time of `body`; nothing when it states none that can be understood.
pub fn effective(body: &Value) -> Option<Effective> {
    let frame = body.get("effective_time_frame")?;
    if let Some(text) = text(frame, "date_time") {
        return Some(Effective { start: instant(text)?, end: None, original: text.to_owned() });
    }
    let interval = frame.get("time_interval")?;
    from_start(interval).or_else(|| from_end(interval)).or_else(|| from_date(interval))
}

fn from_start(interval: &Value) -> Option<Effective> {
    let text = text(interval, "start_date_time")?;
    let start = instant(text)?;
    let end = self::text(interval, "end_date_time")
        .and_then(instant)
        .or_else(|| shifted(start, interval, Direction::Forth))
        .filter(|end| *end >= start);
    Some(Effective { start, end, original: text.to_owned() })
}

/// An end with a duration gives both; an end alone is all the time there is.
fn from_end(interval: &Value) -> Option<Effective> {
    let text = text(interval, "end_date_time")?;
    let end = instant(text)?;
    let start = shifted(end, interval, Direction::Back).filter(|start| *start <= end);
    Some(match start {
        Some(start) => Effective { start, end: Some(end), original: format!("until {text}") },
        None => Effective { start: end, end: None, original: text.to_owned() },
    })
}

/// No schema gives the parts of a day clock hours, so the interval is the whole day.
fn from_date(interval: &Value) -> Option<Effective> {
    let written = text(interval, "date")?;
    let day: Date = written.parse().ok()?;
    let original = text(interval, "part_of_day")
        .map_or_else(|| written.to_owned(), |part| format!("{written} {part}"));
    Some(Effective { start: midnight(day)?, end: midnight(day.tomorrow().ok()?), original })
}

fn midnight(day: Date) -> Option<Timestamp> {
    Some(day.to_zoned(TimeZone::UTC).ok()?.timestamp())
}

/// RFC 3339, leniently: the offset may be missing, and the time of day with it.
pub(super) fn instant(text: &str) -> Option<Timestamp> {
    let text = text.trim();
    ["", "Z", "T00:00:00Z"].iter().find_map(|rest| format!("{text}{rest}").parse().ok())
}

#[derive(Clone, Copy)]
enum Direction {
    Forth,
    Back,
}

/// `from`, moved by the interval's `duration`. Months and years are calendar ones, in UTC, and only
/// whole ones have a meaning; a day is 24 hours.
fn shifted(from: Timestamp, interval: &Value, direction: Direction) -> Option<Timestamp> {
    let duration = interval.get("duration")?;
    let value = duration.get("value")?;
    let seconds = match text(duration, "unit")? {
        "Mo" => return calendar(from, Span::new().try_months(value.as_i64()?).ok()?, direction),
        "yr" => return calendar(from, Span::new().try_years(value.as_i64()?).ok()?, direction),
        unit => value.as_f64()? * seconds_in(unit)?,
    };
    let length = SignedDuration::try_from_secs_f64(seconds).ok()?;
    match direction {
        Direction::Forth => from.checked_add(length).ok(),
        Direction::Back => from.checked_sub(length).ok(),
    }
}

fn calendar(from: Timestamp, span: Span, direction: Direction) -> Option<Timestamp> {
    let zoned = from.to_zoned(TimeZone::UTC);
    let moved = match direction {
        Direction::Forth => zoned.checked_add(span),
        Direction::Back => zoned.checked_sub(span),
    };
    moved.ok().map(|zoned| zoned.timestamp())
}

/// The schemas' duration units of fixed length, in seconds.
pub fn seconds_in(unit: &str) -> Option<f64> {
    Some(match unit {
        "ps" => 1e-12,
        "ns" => 1e-9,
        "us" => 1e-6,
        "ms" => 1e-3,
        "sec" => 1.0,
        "min" => 60.0,
        "h" => 3_600.0,
        "d" => 86_400.0,
        "wk" => 604_800.0,
        _ => return None,
    })
}

fn text<'a>(of: &'a Value, name: &str) -> Option<&'a str> {
    of.get(name)?.as_str()
}

impl fmt::Debug for Effective {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Effective").finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    type Told = (String, Option<String>, String);

    fn told(frame: &Value) -> Option<Told> {
        let time = effective(&json!({ "effective_time_frame": frame }))?;
        Some((time.start.to_string(), time.end.map(|end| end.to_string()), time.original))
    }

    fn of_interval(interval: &Value) -> Option<Told> {
        told(&json!({ "time_interval": interval }))
    }

    fn expected(start: &str, end: Option<&str>, original: &str) -> Told {
        (start.to_owned(), end.map(str::to_owned), original.to_owned())
    }

    const SEVEN: &str = "2026-03-01T07:00:00Z";
    const EIGHT: &str = "2026-03-01T08:00:00Z";

    #[test]
    fn an_instant_is_told_in_utc_and_as_it_was_written() {
        for (written, utc) in [
            (EIGHT, EIGHT),
            ("2026-03-01T08:00:00+00:00", EIGHT),
            ("2026-03-01T10:00:00+02:00", EIGHT),
            ("2026-03-01T10:00:00.5+02:00", "2026-03-01T08:00:00.5Z"),
            ("2026-02-28T23:59:59-08:00", "2026-03-01T07:59:59Z"),
        ] {
            assert_eq!(told(&json!({ "date_time": written })), Some(expected(utc, None, written)));
        }
    }

    #[test]
    fn a_time_without_an_offset_is_utc() {
        for written in ["2026-03-01T08:00:00", "2026-03-01T08:00:00.000", "2026-03-01T08:00"] {
            assert_eq!(
                told(&json!({ "date_time": written })),
                Some(expected(EIGHT, None, written))
            );
        }
        let midnight = "2026-03-01T00:00:00Z";
        let day = json!({ "date_time": "2026-03-01" });
        assert_eq!(told(&day), Some(expected(midnight, None, "2026-03-01")));
    }

    #[test]
    fn start_and_end_make_an_interval() {
        let interval = json!({ "end_date_time": EIGHT, "start_date_time": SEVEN });
        assert_eq!(of_interval(&interval), Some(expected(SEVEN, Some(EIGHT), SEVEN)));
    }

    #[test]
    fn start_and_duration_give_the_end() {
        for (value, unit) in [
            (json!(1), "h"),
            (json!(60.0), "min"),
            (json!(3600), "sec"),
            (json!(3_600_000), "ms"),
            (json!(3.6e9), "us"),
            (json!(3.6e12), "ns"),
            (json!(3.6e15), "ps"),
        ] {
            let duration = json!({ "value": value, "unit": unit });
            let interval = json!({ "start_date_time": SEVEN, "duration": duration });
            assert_eq!(of_interval(&interval), Some(expected(SEVEN, Some(EIGHT), SEVEN)), "{unit}");
        }
    }

    #[test]
    fn end_and_duration_give_the_start() {
        let duration = json!({ "value": 0.5, "unit": "h" });
        let interval = json!({ "end_date_time": EIGHT, "duration": duration });
        let original = format!("until {EIGHT}");
        let half_past = "2026-03-01T07:30:00Z";
        assert_eq!(of_interval(&interval), Some(expected(half_past, Some(EIGHT), &original)));
    }

    #[test]
    fn days_and_weeks_are_fixed_months_and_years_follow_the_calendar() {
        for (value, unit, end) in [
            (1, "d", "2024-02-01T00:00:00Z"),
            (2, "wk", "2024-02-14T00:00:00Z"),
            (1, "Mo", "2024-02-29T00:00:00Z"),
            (1, "yr", "2025-01-31T00:00:00Z"),
        ] {
            let start = "2024-01-31T00:00:00Z";
            let duration = json!({ "value": value, "unit": unit });
            let interval = json!({ "start_date_time": start, "duration": duration });
            assert_eq!(of_interval(&interval), Some(expected(start, Some(end), start)), "{unit}");
        }
    }

    #[test]
    fn a_date_with_a_part_of_the_day_is_that_whole_day() {
        let interval = json!({ "date": "2026-03-01", "part_of_day": "evening" });
        let (start, end) = ("2026-03-01T00:00:00Z", "2026-03-02T00:00:00Z");
        assert_eq!(of_interval(&interval), Some(expected(start, Some(end), "2026-03-01 evening")));
    }

    #[test]
    fn half_an_interval_is_told_as_far_as_it_goes() {
        for interval in [
            json!({ "start_date_time": SEVEN }),
            json!({ "start_date_time": SEVEN, "end_date_time": "soon" }),
            json!({ "start_date_time": SEVEN, "end_date_time": "2026-02-28T00:00:00Z" }),
            json!({ "start_date_time": SEVEN, "duration": { "value": 1, "unit": "fortnight" } }),
            json!({ "start_date_time": SEVEN, "duration": { "value": -1, "unit": "h" } }),
            json!({ "start_date_time": SEVEN, "duration": { "value": 1e300, "unit": "wk" } }),
            json!({ "end_date_time": SEVEN }),
            json!({ "end_date_time": SEVEN, "duration": { "value": 0.5, "unit": "Mo" } }),
            json!({ "end_date_time": SEVEN, "duration": { "value": 99_999, "unit": "yr" } }),
        ] {
            assert_eq!(of_interval(&interval), Some(expected(SEVEN, None, SEVEN)), "{interval}");
        }
    }

    #[test]
    fn what_is_no_time_gives_none() {
        for frame in [
            json!({}),
            json!(null),
            json!({ "date_time": "yesterday" }),
            json!({ "date_time": "" }),
            json!({ "date_time": 1_700_000_000 }),
            json!({ "date_time": "2026-02-30T00:00:00Z" }),
            json!({ "date_time": "2026-03-01T08:00:00+99:00" }),
            json!({ "time_interval": {} }),
            json!({ "time_interval": { "date": "2026-02-30", "part_of_day": "morning" } }),
        ] {
            assert_eq!(told(&frame), None, "{frame}");
        }
        assert_eq!(effective(&json!({})), None);
        assert_eq!(effective(&json!([])), None);
    }

    #[test]
    fn a_time_prints_nothing_of_itself() {
        let body = json!({ "effective_time_frame": { "date_time": EIGHT } });
        assert!(!format!("{:?}", effective(&body).unwrap()).contains("2026"));
    }
}
