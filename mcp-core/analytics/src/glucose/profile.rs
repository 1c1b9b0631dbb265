//! The ambulatory profile: how glucose is spread at each time of a local day, over all days.

use std::collections::BTreeMap;

use super::table::row;
use super::{Glucose, Unit};
use crate::clock::Clock;
use crate::figure::Figure;
use crate::summary::percentile;

/// Fewer readings than this have no percentiles worth showing.
pub const LEAST_IN_BIN: usize = 5;

row! {
    /// An hour of the day.
    pub struct HourRow {
        /// The hour by the wall clock, 0 to 23; on a day when the clocks go back it comes twice, and
        /// when they go forward one is missing.
        pub hour: u16,
        /// How many readings.
        pub n: usize,
        /// 5th percentile of the readings, in the unit of the figures.
        pub p5: Figure,
        /// 25th percentile.
        pub p25: Figure,
        /// The median.
        pub p50: Figure,
        /// 75th percentile.
        pub p75: Figure,
        /// 95th percentile.
        pub p95: Figure,
    }
}

/// A part of the day, with percentiles that are not rounded: for a picture.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Bin {
    /// Minutes from local midnight to its beginning, by the wall clock.
    pub minute: u16,
    /// How many readings.
    pub n: usize,
    /// 5th percentile; all are interpolated linearly between the two nearest ranks.
    pub p5: f64,
    /// 25th percentile.
    pub p25: f64,
    /// The median.
    pub p50: f64,
    /// 75th percentile.
    pub p75: f64,
    /// 95th percentile.
    pub p95: f64,
}

/// The profile in bins of some minutes, in order of time; those with fewer than [`LEAST_IN_BIN`]
/// readings are left out. The clock must be that of the person's own zone.
pub fn bins(readings: &[Glucose], clock: &Clock, unit: Unit, minutes: u16) -> Vec<Bin> {
    let width = minutes.max(1);
    let mut by_time: BTreeMap<u16, Vec<f64>> = BTreeMap::new();
    for reading in readings {
        let minute = clock.minute_of_day(reading.at) / width * width;
        by_time.entry(minute).or_default().push(reading.in_unit(unit));
    }
    by_time.into_iter().filter_map(|(minute, values)| bin(minute, values)).collect()
}

fn bin(minute: u16, mut values: Vec<f64>) -> Option<Bin> {
    if values.len() < LEAST_IN_BIN {
        return None;
    }
    values.sort_unstable_by(f64::total_cmp);
    Some(Bin {
        minute,
        n: values.len(),
        p5: percentile(&values, 5.0)?,
        p25: percentile(&values, 25.0)?,
        p50: percentile(&values, 50.0)?,
        p75: percentile(&values, 75.0)?,
        p95: percentile(&values, 95.0)?,
    })
}

/// The profile by the hour.
pub(super) fn hours(readings: &[Glucose], clock: &Clock, unit: Unit) -> Vec<HourRow> {
    let figure = |value| Figure::new(value, unit.decimals());
    let row = |bin: Bin| HourRow {
        hour: bin.minute / 60,
        n: bin.n,
        p5: figure(bin.p5),
        p25: figure(bin.p25),
        p50: figure(bin.p50),
        p75: figure(bin.p75),
        p95: figure(bin.p95),
    };
    bins(readings, clock, unit, 60).into_iter().map(row).collect()
}
