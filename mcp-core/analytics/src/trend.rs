//! Which way the numbers go: two lines through them, and how far they came.

use jiff::Timestamp;
use jiff::civil::Date;
use schemars::JsonSchema;
use serde::Serialize;

use crate::clock::Clock;
use crate::figure::Figure;
use crate::reading::Point;
use crate::series::{Series, values};
use crate::summary::{count, percentile, sorted};
use crate::trend::lines::{least_squares, theil_sen};
use crate::window::{days_between, monday};

mod lines;

/// Theil–Sen looks at each pair, so that time and memory grow with the square of the count.
const MOST: usize = 1_000;

/// Through two times a line can always be laid; it says nothing.
const LEAST: usize = 3;
const DAY: f64 = 86_400.0;

/// A change by the day is small beside the readings themselves: it has so many decimals more.
const FINER: usize = 3;

/// What the lines are laid through, and all other figures of a trend are taken from; never a mixture.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
#[schemars(inline)]
pub enum Over {
    /// Every reading, at its time: up to 1,000 of them.
    Readings,
    /// The median of each local day that has readings, for more than 1,000 readings.
    DailyMedians,
    /// The median of each local week (from Monday) that has readings, for more than 1,000 such days.
    WeeklyMedians,
}

/// Why there is no trend.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
#[schemars(inline)]
pub enum NoTrend {
    /// There are fewer than three different times (or days, for more than 1,000 readings).
    TooFewTimes,
    /// More than 1,000 weeks have readings: ask for a shorter window.
    TooLong,
    /// A figure would be beyond what a number can hold.
    TooGreat,
}

/// Which way the numbers go.
#[derive(Clone, Debug, PartialEq, Serialize, JsonSchema)]
#[schemars(inline)]
pub struct Trend {
    /// What all figures here are computed over.
    pub over: Over,
    /// How many readings stand behind it.
    pub n: usize,
    /// How many numbers the lines are laid through: the readings, or the medians of days or weeks.
    pub points: usize,
    /// The IANA time zone of the local days.
    pub zone: String,
    /// The first number.
    pub first: End,
    /// The last number.
    pub last: End,
    /// Days from the first to the last.
    pub days: Figure,
    /// The last number less the first, in the unit of the readings.
    pub change: Figure,
    /// The same divided by the days, in the unit per day.
    pub change_per_day: Figure,
    /// The straight line of least squares.
    pub least_squares: Line,
    /// The line of Theil and Sen, which single wild readings do not pull away.
    pub theil_sen: Slope,
}

/// One end of a trend.
#[derive(Clone, Debug, PartialEq, Serialize, JsonSchema)]
#[schemars(inline)]
pub struct End {
    /// Its local day; of a week, the Monday.
    pub day: String,
    /// The reading's time in UTC (RFC 3339); absent for the median of a day or week.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub at: Option<String>,
    /// The number; where several readings share the time, their median.
    pub value: Figure,
}

/// A straight line through numbers by least squares.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, JsonSchema)]
#[schemars(inline)]
pub struct Line {
    /// Change in the unit of the readings per day.
    pub slope_per_day: Figure,
    /// Where the line stands at the time of the first number, in the unit of the readings.
    pub intercept: Figure,
    /// The share of the numbers' variance that the line explains, 0 to 1; absent when they are all the same.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub r2: Option<Figure>,
}

/// The median slope between any two numbers of different times (Theil 1950, Sen 1968).
#[derive(Clone, Copy, Debug, PartialEq, Serialize, JsonSchema)]
#[schemars(inline)]
pub struct Slope {
    /// Change in the unit of the readings per day.
    pub slope_per_day: Figure,
    /// Lower end of the 95 % interval, which supposes that readings do not depend on each other: with close
    /// ones, which do, it is too narrow. Absent when too many are the same.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub low: Option<Figure>,
    /// Upper end of the 95 % interval.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub high: Option<Figure>,
}

/// A number, so many days after the first.
#[derive(Clone, Copy, Debug)]
struct Mark {
    day: Date,
    at: Option<Timestamp>,
    x: f64,
    y: f64,
}

impl Trend {
    /// The trend of a series, or why it has none. A day is 24 hours between readings, and the step from a
    /// local day to the next between medians, whatever the clocks did.
    pub fn of(series: &Series, clock: &Clock, decimals: usize) -> Result<Self, NoTrend> {
        let (over, marks) = laid_through(series, clock)?;
        let (Some(first), Some(last)) = (marks.first(), marks.last()) else {
            return Err(NoTrend::TooFewTimes);
        };
        if marks.chunk_by(|a, b| a.x.total_cmp(&b.x).is_eq()).count() < LEAST {
            return Err(NoTrend::TooFewTimes);
        }
        let xy: Vec<(f64, f64)> = marks.iter().map(|mark| (mark.x, mark.y)).collect();
        let line = least_squares(&xy).ok_or(NoTrend::TooGreat)?;
        let robust = theil_sen(&xy).ok_or(NoTrend::TooGreat)?;
        let (start, end) = (level(&marks, first), level(&marks, last));
        let change = end - start;
        let figure = |value| Figure::new(value, decimals);
        let per_day = |value| Figure::new(value, decimals + FINER);
        Ok(Self {
            over,
            n: series.points().len(),
            points: marks.len(),
            zone: clock.name().to_owned(),
            first: End::of(first, figure(start)),
            last: End::of(last, figure(end)),
            days: Figure::new(last.x, 2),
            change: figure(change),
            change_per_day: per_day(change / last.x),
            least_squares: Line {
                slope_per_day: per_day(line.slope),
                intercept: figure(line.intercept),
                r2: line.r2.map(|share| Figure::new(share, 4)),
            },
            theil_sen: Slope {
                slope_per_day: per_day(robust.slope),
                low: robust.interval.map(|(low, _)| per_day(low)),
                high: robust.interval.map(|(_, high)| per_day(high)),
            },
        })
    }
}

impl End {
    fn of(mark: &Mark, value: Figure) -> Self {
        Self { day: mark.day.to_string(), at: mark.at.map(|at| at.to_string()), value }
    }
}

/// What the lines are laid through: readings, or medians of days or of weeks, in order of time.
fn laid_through(series: &Series, clock: &Clock) -> Result<(Over, Vec<Mark>), NoTrend> {
    let points = series.points();
    if points.len() <= MOST {
        return Ok((Over::Readings, readings(points, clock)));
    }
    let days = medians(points, |point| clock.day(point.at));
    if days.len() <= MOST {
        return Ok((Over::DailyMedians, days));
    }
    let weeks = medians(points, |point| monday(clock.day(point.at)));
    if weeks.len() <= MOST { Ok((Over::WeeklyMedians, weeks)) } else { Err(NoTrend::TooLong) }
}

fn readings(points: &[Point], clock: &Clock) -> Vec<Mark> {
    let Some(first) = points.first().map(|point| point.at) else { return Vec::new() };
    let mark = |point: &Point| Mark {
        day: clock.day(point.at),
        at: Some(point.at),
        x: point.at.duration_since(first).as_secs_f64() / DAY,
        y: point.value,
    };
    points.iter().map(mark).collect()
}

fn medians(points: &[Point], day: impl Fn(&Point) -> Date) -> Vec<Mark> {
    let Some(first) = points.first().map(&day) else { return Vec::new() };
    let mark = |alike: &[Point]| {
        let day = day(alike.first()?);
        let x = count(days_between(first, day));
        Some(Mark { day, at: None, x, y: percentile(&sorted(&values(alike)), 50.0)? })
    };
    points.chunk_by(|a, b| day(a) == day(b)).filter_map(mark).collect()
}

/// The number at an end: where several share its time, their median.
fn level(marks: &[Mark], end: &Mark) -> f64 {
    let alike = marks.iter().filter(|mark| mark.x.total_cmp(&end.x).is_eq());
    let values: Vec<f64> = alike.map(|mark| mark.y).collect();
    percentile(&sorted(&values), 50.0).unwrap_or(end.y)
}

#[cfg(test)]
mod tests;
