//! Readings of one kind as series of one measure and one unit each: a blood pressure is two series, and
//! units are never converted. What devices sum up stands in series of its own.

use std::collections::BTreeMap;

use analytics::reading::Point;
use analytics::series::Series;
use analytics::window::Window;
use schemars::JsonSchema;
use serde::Serialize;

use super::extract::Measured;
use super::load::{Loaded, Reading};
use super::when::When;
use crate::tools::text::clean;

/// Decimals of figures in the unit of the readings.
pub const DECIMALS: usize = 2;

/// Which series.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, JsonSchema)]
#[schemars(inline)]
pub struct Key {
    /// Which number of the records.
    pub measure: String,
    /// Its unit, as written; nothing is converted.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub unit: Option<String>,
    /// Set where each number is itself a summary, such as an average: figures are then over summaries.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub statistic: Option<String>,
}

/// The series of a kind, each in order of time.
pub fn keyed(loaded: &Loaded<Vec<Measured>>) -> BTreeMap<Key, Series> {
    let points = by_key(loaded);
    points.into_iter().map(|(key, points)| (key, Series::of(&points))).collect()
}

fn by_key(loaded: &Loaded<Vec<Measured>>) -> BTreeMap<Key, Vec<Point>> {
    let mut series: BTreeMap<Key, Vec<Point>> = BTreeMap::new();
    let mut take = |statistic: Option<&str>, reading: &Reading<Vec<Measured>>| {
        for one in &reading.what {
            let key = Key {
                measure: clean(&one.name),
                unit: one.unit.as_deref().map(clean),
                statistic: statistic.map(clean),
            };
            let point = Point { at: reading.at, value: one.value };
            series.entry(key).or_default().push(point);
        }
    };
    loaded.readings.iter().for_each(|reading| take(None, reading));
    loaded.summaries.iter().for_each(|(statistic, reading)| take(Some(statistic), reading));
    series
}

/// The days that were asked for, where both ends were.
pub fn window(when: &When) -> Option<Window> {
    let (start, end) = when.days.start.zip(when.days.end)?;
    Window::of(start, end, &when.clock)
}
