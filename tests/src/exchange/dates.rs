//! Date parameters of native rows: a prefix, and a whole day (UTC) or an instant.

use jiff::Timestamp;
use jiff::civil::{Date, DateTime};
use jiff::tz::TimeZone;

use super::fhir::Outcome;

/// A condition on a time in microseconds: the day or instant covers `from..until`.
#[derive(Clone, Copy, Debug)]
pub(super) struct When {
    prefix: Prefix,
    from: i64,
    until: i64,
}

#[derive(Clone, Copy, Debug)]
enum Prefix {
    NotBefore,
    NotAfter,
    After,
    Before,
    Within,
}

impl When {
    /// Reads `raw`; `name` is what an error calls the value.
    pub(super) fn parse(raw: &str, name: &str) -> Result<Self, Outcome> {
        let (prefix, rest) = match raw.get(..2) {
            Some("ge") => (Prefix::NotBefore, raw.get(2..)),
            Some("le") => (Prefix::NotAfter, raw.get(2..)),
            Some("gt") => (Prefix::After, raw.get(2..)),
            Some("lt") => (Prefix::Before, raw.get(2..)),
            _ => (Prefix::Within, Some(raw)),
        };
        let rest = rest.unwrap_or_default();
        let text =
            format!("[ErrorDetail(string=\"Invalid {name} value: '{raw}'.\", code='invalid')]");
        let invalid = || Outcome::new(400, text);
        if rest.len() <= 10 {
            let day = day(rest)?.ok_or_else(invalid)?;
            let from = midnight(day);
            return Ok(Self { prefix, from, until: from + 24 * 3_600_000_000 });
        }
        let from = instant(rest).ok_or_else(invalid)?;
        Ok(Self { prefix, from, until: from + 1 })
    }

    /// Every value of a repeated parameter; all must hold.
    pub(super) fn all<'a>(
        values: impl Iterator<Item = &'a str>,
        name: &str,
    ) -> Result<Vec<Self>, Outcome> {
        values.filter(|raw| !raw.is_empty()).map(|raw| Self::parse(raw, name)).collect()
    }

    pub(super) fn admits(&self, at: i64) -> bool {
        match self.prefix {
            Prefix::NotBefore => at >= self.from,
            Prefix::NotAfter => at < self.until,
            Prefix::After => at >= self.until,
            Prefix::Before => at < self.from,
            Prefix::Within => (self.from..self.until).contains(&at),
        }
    }
}

/// A day; `None` when it is not spelled like one, an error when no calendar has it.
fn day(text: &str) -> Result<Option<Date>, Outcome> {
    let mut parts = text.split('-');
    let mut part = |width: usize| {
        parts
            .next()
            .filter(|part| part.len() == width && part.bytes().all(|byte| byte.is_ascii_digit()))
            .and_then(|part| part.parse::<i16>().ok())
    };
    let (Some(year), Some(month), Some(day)) = (part(4), part(2), part(2)) else { return Ok(None) };
    if text.len() != 10 {
        return Ok(None);
    }
    if !(1..=12).contains(&month) {
        return Err(Outcome::new(422, "month must be in 1..12".to_owned()));
    }
    let small = |part: i16| i8::try_from(part).unwrap_or(0);
    Date::new(year, small(month), small(day))
        .map(Some)
        .map_err(|_| Outcome::new(422, "day is out of range for month".to_owned()))
}

/// The start of a day in UTC.
pub(super) fn midnight(day: Date) -> i64 {
    day.to_zoned(TimeZone::UTC).map_or(0, |start| start.timestamp().as_microsecond())
}

fn instant(text: &str) -> Option<i64> {
    let written = text.parse::<Timestamp>().ok();
    let without_offset = || {
        let local = text.parse::<DateTime>().ok()?;
        Some(local.to_zoned(TimeZone::UTC).ok()?.timestamp())
    };
    Some(written.or_else(without_offset)?.as_microsecond())
}
