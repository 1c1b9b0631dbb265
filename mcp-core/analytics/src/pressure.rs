//! Blood pressure: in which bands of a named scheme the readings are, and what they average to.

mod scheme;
#[cfg(test)]
mod tests;

use std::collections::BTreeSet;

use jiff::Timestamp;
use jiff::civil::Date;
use schemars::JsonSchema;
use serde::Serialize;

pub use self::scheme::{Band, Edge, Scheme, Step};
use crate::clock::PartOfDay;
use crate::figure::Figure;
use crate::frame::{Frame, Period};
use crate::share::{parts, tenths};
use crate::summary::{Summary, mean, sorted};

/// A systolic number above this many mmHg is taken for an error of measurement or of entry.
const GREATEST: f64 = 300.0;

/// How many readings, and how many days, an average needs before it is placed in a band.
const ENOUGH: usize = 2;

/// Both numbers of one reading, in mmHg.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Pressure {
    /// When it was measured.
    pub at: Timestamp,
    /// The systolic number; always finite.
    pub systolic: f64,
    /// The diastolic number; always finite.
    pub diastolic: f64,
}

/// What blood pressure readings amount to, in mmHg.
#[derive(Clone, Debug, PartialEq, Serialize, JsonSchema)]
#[schemars(inline)]
pub struct PressureReport {
    /// The days and the zone.
    pub period: Period,
    /// Always mmHg.
    pub unit: &'static str,
    /// Whose bands.
    pub scheme: Scheme,
    /// What the bands mean, and what they do not.
    pub basis: &'static str,
    /// How many readings, each with both numbers.
    pub n: usize,
    /// How many of them are impossible: a number that is zero or less, a systolic one above 300, or a
    /// diastolic one that is not below it. They are part of every figure here.
    pub impossible: usize,
    /// How many readings are in the band of each step, from the lowest up.
    pub bands: Vec<BandCount>,
    /// The systolic numbers.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub systolic: Option<Summary>,
    /// The diastolic numbers.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub diastolic: Option<Summary>,
    /// The average of all readings, and its band if the scheme's rule is met.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub average: Option<PlacedAverage>,
    /// Averages by the local time of the readings, for the parts of the day that have any.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub by_part_of_day: Vec<PartAverage>,
    /// The last reading.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub last: Option<LastReading>,
}

/// How many readings are in the band of one step.
#[derive(Clone, Debug, PartialEq, Serialize, JsonSchema)]
#[schemars(inline)]
pub struct BandCount {
    /// Which band.
    pub band: Band,
    /// Its numbers, in mmHg.
    pub range: &'static str,
    /// How many readings.
    pub n: usize,
    /// Their share in per cent; the shares of all bands add up to 100.0.
    pub percent: Figure,
}

/// An average of readings.
#[derive(Clone, Debug, PartialEq, Serialize, JsonSchema)]
#[schemars(inline)]
pub struct Average {
    /// Of how many readings.
    pub n: usize,
    /// On how many local days.
    pub days: usize,
    /// The mean systolic number.
    pub systolic: Figure,
    /// The mean diastolic number.
    pub diastolic: Figure,
}

/// An average with its band, or with the reason why it has none.
#[derive(Clone, Debug, PartialEq, Serialize, JsonSchema)]
#[schemars(inline)]
pub struct PlacedAverage {
    /// The average.
    #[serde(flatten)]
    pub average: Average,
    /// The band that the average is in, by its numbers as they are shown.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub band: Option<Band>,
    /// Why it is not placed in a band.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub not_placed: Option<NotPlaced>,
}

/// Why an average is not placed in a band.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
#[schemars(inline)]
pub enum NotPlaced {
    /// The rule asks for 2 or more readings on 2 or more days.
    TooFewReadingsOrDays,
    /// Impossible readings are part of the average.
    ImpossibleReadings,
}

/// The average of a part of the day.
#[derive(Clone, Debug, PartialEq, Serialize, JsonSchema)]
#[schemars(inline)]
pub struct PartAverage {
    /// Which part.
    pub part: PartOfDay,
    /// The average; it is not placed in a band.
    #[serde(flatten)]
    pub average: Average,
}

/// The last reading and its band.
#[derive(Clone, Debug, PartialEq, Serialize, JsonSchema)]
#[schemars(inline)]
pub struct LastReading {
    /// When it was measured, in UTC (RFC 3339).
    pub at: String,
    /// The local day.
    pub day: String,
    /// The systolic number.
    pub systolic: Figure,
    /// The diastolic number.
    pub diastolic: Figure,
    /// The band that the reading is in.
    pub band: Band,
}

/// One reading as a picture shows it.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Placed {
    /// The reading.
    pub reading: Pressure,
    /// Its local day.
    pub day: Date,
    /// The band that it is in.
    pub band: Band,
    /// Whether its numbers are possible.
    pub possible: bool,
}

impl Pressure {
    /// Whether the numbers can be those of a living person, as far as a computer can say.
    pub fn is_possible(&self) -> bool {
        self.diastolic > 0.0 && self.diastolic < self.systolic && self.systolic <= GREATEST
    }
}

/// The readings of the window in order of time, each with its band.
pub fn placed(readings: &[Pressure], frame: &Frame, scheme: Scheme) -> Vec<Placed> {
    let mut placed: Vec<Placed> = readings
        .iter()
        .filter_map(|reading| {
            let day = frame.day(reading.at)?;
            let band = scheme.band(reading.systolic, reading.diastolic);
            Some(Placed { reading: *reading, day, band, possible: reading.is_possible() })
        })
        .collect();
    placed.sort_by(|one, other| {
        let (one, other) = (&one.reading, &other.reading);
        // Of readings of the same instant the greater comes last, and so the worse is "the last".
        (one.at.cmp(&other.at))
            .then(one.systolic.total_cmp(&other.systolic))
            .then(one.diastolic.total_cmp(&other.diastolic))
    });
    placed
}

/// What the readings of the window amount to.
pub fn report(readings: &[Pressure], frame: &Frame, scheme: Scheme) -> PressureReport {
    let placed = placed(readings, frame, scheme);
    let days: BTreeSet<Date> = placed.iter().map(|reading| reading.day).collect();
    let all: Vec<&Placed> = placed.iter().collect();
    let (systolic, diastolic) = numbers(&all);
    PressureReport {
        period: frame.period(&days, readings.len() - placed.len()),
        unit: "mmHg",
        scheme,
        basis: scheme.basis(),
        n: placed.len(),
        impossible: placed.iter().filter(|reading| !reading.possible).count(),
        bands: bands(&placed, scheme),
        systolic: Summary::of(&systolic, 1),
        diastolic: Summary::of(&diastolic, 1),
        average: average(&all).map(|average| place(average, &placed, scheme)),
        by_part_of_day: by_part_of_day(&placed, frame),
        last: placed.last().map(LastReading::from),
    }
}

impl From<&Placed> for LastReading {
    fn from(placed: &Placed) -> Self {
        Self {
            at: placed.reading.at.to_string(),
            day: placed.day.to_string(),
            systolic: Figure::new(placed.reading.systolic, 1),
            diastolic: Figure::new(placed.reading.diastolic, 1),
            band: placed.band,
        }
    }
}

fn bands(placed: &[Placed], scheme: Scheme) -> Vec<BandCount> {
    let steps = scheme.steps();
    let in_band = |step: &Step| placed.iter().filter(|reading| reading.band == step.band).count();
    let counts: Vec<usize> = steps.iter().map(in_band).collect();
    let shares = parts(&counts, 1_000).into_iter().map(tenths);
    (steps.iter().zip(counts).zip(shares))
        .map(|((step, n), percent)| BandCount { band: step.band, range: step.printed, n, percent })
        .collect()
}

/// Systolic and diastolic numbers, each in order.
fn numbers(readings: &[&Placed]) -> (Vec<f64>, Vec<f64>) {
    let (systolic, diastolic): (Vec<f64>, Vec<f64>) =
        readings.iter().map(|placed| (placed.reading.systolic, placed.reading.diastolic)).unzip();
    (sorted(&systolic), sorted(&diastolic))
}

fn average(readings: &[&Placed]) -> Option<Average> {
    let days: BTreeSet<Date> = readings.iter().map(|placed| placed.day).collect();
    let (systolic, diastolic) = numbers(readings);
    Some(Average {
        n: readings.len(),
        days: days.len(),
        systolic: Figure::new(mean(&systolic)?, 1),
        diastolic: Figure::new(mean(&diastolic)?, 1),
    })
}

/// The American guideline judges by two readings or more on two occasions or more, and the same is asked
/// here by any scheme; a local day counts as an occasion.
fn place(average: Average, placed: &[Placed], scheme: Scheme) -> PlacedAverage {
    let not_placed = if average.n < ENOUGH || average.days < ENOUGH {
        Some(NotPlaced::TooFewReadingsOrDays)
    } else if placed.iter().any(|reading| !reading.possible) {
        Some(NotPlaced::ImpossibleReadings)
    } else {
        None
    };
    // A reader who looks up the numbers that are shown must come to the same band.
    let band = scheme.band(average.systolic.value(), average.diastolic.value());
    PlacedAverage { average, band: not_placed.is_none().then_some(band), not_placed }
}

fn by_part_of_day(placed: &[Placed], frame: &Frame) -> Vec<PartAverage> {
    use PartOfDay::{Afternoon, Evening, Morning, Night};
    [Night, Morning, Afternoon, Evening]
        .into_iter()
        .filter_map(|part| {
            let within = |reading: &&Placed| frame.clock().part_of_day(reading.reading.at) == part;
            let readings: Vec<&Placed> = placed.iter().filter(within).collect();
            Some(PartAverage { part, average: average(&readings)? })
        })
        .collect()
}
