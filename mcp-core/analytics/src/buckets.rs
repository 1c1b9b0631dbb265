//! Figures by hour, day, week and part of the day.

use std::collections::BTreeMap;

use jiff::civil::Date;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::clock::{Clock, PartOfDay};
use crate::figure::Figure;
use crate::reading::Point;
use crate::series::Series;
use crate::summary::{deviation, mean, percentile, sorted};
use crate::window::Window;

/// What readings are put together by, in local time.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
#[schemars(inline)]
pub enum Grouping {
    /// The hour that a wall clock shows, 00 to 23, over all days.
    HourOfDay,
    /// Each local day.
    Day,
    /// Each local week from Monday to Sunday (ISO 8601).
    Week,
    /// Night, morning, afternoon, evening, over all days.
    PartOfDay,
}

/// Figures of the readings that belong together.
#[derive(Clone, Debug, PartialEq, Serialize, JsonSchema)]
#[schemars(inline)]
pub struct Bucket {
    /// Which: a day (2026-11-02), a week (2026-W45), an hour (13: from 13:00 to 13:59), or a part of the day
    /// (night from 00:00, morning from 06:00, afternoon from 12:00, evening from 18:00).
    pub label: String,
    /// Of a week: the day of its Monday.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub monday: Option<String>,
    /// How many readings.
    pub n: usize,
    /// Arithmetic mean.
    pub mean: Figure,
    /// Standard deviation of a sample (n - 1); absent for one reading.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub sd: Option<Figure>,
    /// The middle one, or the mean of the two middle ones.
    pub median: Figure,
    /// The least.
    pub min: Figure,
    /// The greatest.
    pub max: Figure,
}

/// Figures by what the readings were put together by.
#[derive(Clone, Debug, PartialEq, Serialize, JsonSchema)]
#[schemars(inline)]
pub struct Grouped {
    /// What the readings are put together by.
    pub by: Grouping,
    /// The IANA time zone in which hours, days and weeks are counted.
    pub zone: String,
    /// In order of time; only those that have readings.
    pub buckets: Vec<Bucket>,
    /// How many hours (of 24), parts of the day (of 4), days or weeks (of those in the window) have no
    /// reading and so are not listed.
    pub empty: usize,
    /// Readings outside the window, which count in no bucket.
    pub outside: usize,
}

/// What readings have in common; orders as time does.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Key {
    Hour(u8),
    Part(PartOfDay),
    Day(Date),
    Week(Date),
}

/// Puts readings together in local time. Without a window, it is from the first reading's day to the
/// last's. The hour that is repeated when the clocks go back is one hour of the day; the one that is
/// skipped in spring is no emptier for it.
pub fn grouped(
    series: &Series,
    clock: &Clock,
    by: Grouping,
    window: Option<&Window>,
    decimals: usize,
) -> Grouped {
    let window = window.copied().or_else(|| Window::around(series, clock));
    let inside = window.map(|window| window.inside(series)).unwrap_or_default();
    let mut values: BTreeMap<Key, Vec<f64>> = BTreeMap::new();
    for point in inside {
        values.entry(Key::of(point, clock, by)).or_default().push(point.value);
    }
    let buckets: Vec<Bucket> =
        values.into_iter().filter_map(|(key, values)| Bucket::of(key, &values, decimals)).collect();
    let possible = match by {
        Grouping::HourOfDay => 24,
        Grouping::PartOfDay => 4,
        Grouping::Day => window.map(|window| window.days()).unwrap_or_default(),
        Grouping::Week => window.map(|window| window.weeks()).unwrap_or_default(),
    };
    Grouped {
        by,
        zone: clock.name().to_owned(),
        empty: possible.saturating_sub(buckets.len()),
        outside: series.points().len() - inside.len(),
        buckets,
    }
}

impl Key {
    fn of(point: &Point, clock: &Clock, by: Grouping) -> Self {
        match by {
            Grouping::HourOfDay => Self::Hour(clock.hour(point.at)),
            Grouping::PartOfDay => Self::Part(clock.part_of_day(point.at)),
            Grouping::Day => Self::Day(clock.day(point.at)),
            Grouping::Week => Self::Week(clock.week(point.at)),
        }
    }

    fn label(self) -> String {
        match self {
            Self::Hour(hour) => format!("{hour:02}"),
            Self::Part(PartOfDay::Night) => "night".to_owned(),
            Self::Part(PartOfDay::Morning) => "morning".to_owned(),
            Self::Part(PartOfDay::Afternoon) => "afternoon".to_owned(),
            Self::Part(PartOfDay::Evening) => "evening".to_owned(),
            Self::Day(day) => day.to_string(),
            Self::Week(monday) => {
                let week = monday.iso_week_date();
                format!("{}-W{:02}", week.year(), week.week())
            }
        }
    }
}

impl Bucket {
    fn of(key: Key, values: &[f64], decimals: usize) -> Option<Self> {
        let sorted = sorted(values);
        let figure = |value| Figure::new(value, decimals);
        let monday = match key {
            Key::Week(monday) => Some(monday.to_string()),
            Key::Hour(_) | Key::Part(_) | Key::Day(_) => None,
        };
        Some(Self {
            label: key.label(),
            monday,
            n: sorted.len(),
            mean: figure(mean(&sorted)?),
            sd: deviation(&sorted).map(figure),
            median: figure(percentile(&sorted, 50.0)?),
            min: figure(*sorted.first()?),
            max: figure(*sorted.last()?),
        })
    }
}

#[cfg(test)]
mod tests;
