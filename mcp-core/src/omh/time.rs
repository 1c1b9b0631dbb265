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
fn instant(text: &str) -> Option<Timestamp> {
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

/// The schemas' duration units of fixed length.
fn seconds_in(unit: &str) -> Option<f64> {
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
