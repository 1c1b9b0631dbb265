//! How much of a window a sensor covered, and whether that is enough to judge by.
//!
//! The consensus asks for 14 days with at least 70 % of the readings that a sensor gives (Danne et al.,
//! Diabetes Care 2017;40:1631; Battelino et al. 2019).

use std::collections::BTreeSet;
use std::ops::RangeInclusive;

use jiff::Timestamp;
use jiff::civil::Date;
use schemars::JsonSchema;
use serde::Serialize;

use super::Glucose;
use crate::clock::Clock;
use crate::figure::Figure;
use crate::summary::{count, percentile};

/// The least number of days to judge by.
const DAYS: usize = 14;
/// The least share of expected readings to judge by, in percent.
const ACTIVE: usize = 70;
/// Sensors read every 1 to 15 minutes. Whoever has half of all readings more than 30 minutes apart wears
/// none, or its readings were thinned: shares of readings are then no shares of time.
const SENSOR: f64 = 30.0 * 60.0;

/// Days, gaps and readings of a window.
#[derive(Clone, Debug, PartialEq, Serialize, JsonSchema)]
#[schemars(inline)]
pub struct Wear {
    /// The first local day of the window, YYYY-MM-DD, included: as asked, or the first reading's.
    pub first_day: String,
    /// The last, included: as asked, or the last reading's.
    pub last_day: String,
    /// Days in the window.
    pub days: usize,
    /// Days of it with at least one reading.
    pub days_worn: usize,
    /// When the first reading was, RFC 3339 in UTC.
    pub first: String,
    /// When the last was.
    pub last: String,
    /// Half of the gaps between one reading and the next are shorter, half longer; null for one reading.
    pub median_gap_minutes: Option<Figure>,
    /// Readings expected at that gap: over the whole window if one was asked for, otherwise from the
    /// first reading to one gap after the last.
    pub expected: Option<usize>,
    /// Readings seen as percent of those expected, at most 100.
    pub active_percent: Option<Figure>,
    /// Whether targets can be judged: 14 days or more, 70 % or more of the expected readings, and a
    /// sensor.
    pub sufficient: bool,
    /// What they fall short of.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub shortfalls: Vec<Shortfall>,
}

/// Why readings do not suffice.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
#[schemars(inline)]
pub enum Shortfall {
    /// The window is shorter than 14 days.
    #[serde(rename = "fewer_than_14_days")]
    FewDays,
    /// Less than 70 % of the expected readings are there.
    #[serde(rename = "active_below_70_percent")]
    Inactive,
    /// The median gap is above 30 minutes, or there is only one reading.
    NotASensor,
}

/// The median gap in seconds between readings of different times; nothing for fewer than two times.
pub(super) fn median_gap(sorted: &[Glucose]) -> Option<f64> {
    let gap = |pair: &[Glucose]| Some(seconds(pair.first()?.at, pair.last()?.at));
    let mut gaps: Vec<f64> = sorted.windows(2).filter_map(gap).filter(|gap| *gap > 0.0).collect();
    gaps.sort_unstable_by(f64::total_cmp);
    percentile(&gaps, 50.0)
}

/// Whether the gap is that of a sensor.
pub(super) fn is_sensor(gap: Option<f64>) -> bool {
    gap.is_some_and(|gap| gap <= SENSOR)
}

/// Takes stock of readings in order of time; nothing for none.
pub(super) fn wear(
    sorted: &[Glucose],
    clock: &Clock,
    window: Option<&RangeInclusive<Date>>,
) -> Option<Wear> {
    let (first, last) = (sorted.first()?.at, sorted.last()?.at);
    let worn: BTreeSet<Date> = sorted.iter().map(|reading| clock.day(reading.at)).collect();
    let first_day = window.map_or_else(|| clock.day(first), |window| *window.start());
    let last_day = window.map_or_else(|| clock.day(last), |window| *window.end());
    let days = usize::try_from((last_day - first_day).get_days()).unwrap_or_default() + 1;
    let gap = median_gap(sorted);
    let span = match window {
        Some(_) => seconds(clock.begins(first_day)?, clock.ends(last_day)?),
        None => seconds(first, last) + gap.unwrap_or_default(),
    };
    let expected = gap.map(|gap| whole(span / gap));
    let shortfalls = shortfalls(days, sorted.len(), expected, gap);
    Some(Wear {
        first_day: first_day.to_string(),
        last_day: last_day.to_string(),
        days,
        days_worn: worn.len(),
        first: first.to_string(),
        last: last.to_string(),
        median_gap_minutes: gap.map(|gap| Figure::new(gap / 60.0, 1)),
        expected,
        active_percent: expected.map(|expected| active(sorted.len(), expected)),
        sufficient: shortfalls.is_empty(),
        shortfalls,
    })
}

fn shortfalls(days: usize, n: usize, expected: Option<usize>, gap: Option<f64>) -> Vec<Shortfall> {
    let few = (days < DAYS).then_some(Shortfall::FewDays);
    let inactive =
        expected.is_some_and(|expected| n * 100 < expected * ACTIVE).then_some(Shortfall::Inactive);
    let no_sensor = (!is_sensor(gap)).then_some(Shortfall::NotASensor);
    few.into_iter().chain(inactive).chain(no_sensor).collect()
}

fn active(n: usize, expected: usize) -> Figure {
    Figure::new((100.0 * count(n) / count(expected.max(1))).min(100.0), 1)
}

/// Seconds from one instant to another.
pub(super) fn seconds(from: Timestamp, to: Timestamp) -> f64 {
    to.duration_since(from).as_secs_f64()
}

#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "a count of readings: not negative, and far below 2^52"
)]
fn whole(number: f64) -> usize {
    number.round().max(0.0) as usize
}
