//! Heart rate: readings by context, part of day and day, and the summaries that devices write, apart.

#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;
use jiff::civil::Date;
use schemars::JsonSchema;
use serde::Serialize;

use crate::clock::PartOfDay;
use crate::figure::Figure;
use crate::frame::{Frame, Period, middle};
use crate::summary::{Summary, mean, sorted};

/// A rate above this many beats a minute is taken for an error of measurement.
const GREATEST: f64 = 300.0;

/// What the person was doing, if the record says so. It is never guessed from the rate or the hour.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
#[schemars(inline)]
pub enum Context {
    /// At rest and awake, or at rest with no word of sleep.
    AtRest,
    /// During or just after physical activity.
    Active,
    /// During sleep.
    Asleep,
    /// The record does not say.
    Unknown,
}

/// One reading, in beats a minute.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Beat {
    /// When it was measured.
    pub at: Timestamp,
    /// Beats a minute; always finite.
    pub rate: f64,
    /// What the person was doing.
    pub context: Context,
}

/// Which statistic a summary record is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
#[schemars(inline)]
pub enum Statistic {
    /// The average over its interval.
    Average,
    /// The least in its interval.
    Minimum,
    /// The greatest in its interval.
    Maximum,
}

/// One record that sums up the rates of an interval, as a device wrote it, in beats a minute.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Digest {
    /// When the interval began.
    pub start: Timestamp,
    /// When it ended. The record belongs to the local day of the interval's middle: a whole day to
    /// itself, and a night to the day of waking.
    pub end: Timestamp,
    /// Beats a minute; always finite.
    pub rate: f64,
    /// Which statistic.
    pub statistic: Statistic,
    /// What the person was doing.
    pub context: Context,
}

/// What heart rates amount to, in beats a minute.
#[derive(Clone, Debug, PartialEq, Serialize, JsonSchema)]
#[schemars(inline)]
pub struct HeartReport {
    /// The days and the zone, of readings and summary records.
    pub period: Period,
    /// Always beats/min.
    pub unit: &'static str,
    /// Single readings; absent if there are none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub readings: Option<Readings>,
    /// Records that sum up an interval, by statistic and context. They are part of no figure of the
    /// readings.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub summary_records: Vec<DigestRow>,
    /// How many readings and summary records are impossible: zero or less, or above 300. They are part of
    /// every figure here.
    pub impossible: usize,
}

/// What single readings amount to.
#[derive(Clone, Debug, PartialEq, Serialize, JsonSchema)]
#[schemars(inline)]
pub struct Readings {
    /// All readings.
    pub all: Summary,
    /// On how many local days.
    pub days: usize,
    /// The mean of the days' lowest readings.
    pub mean_daily_min: Figure,
    /// The mean of the days' means: each day weighs the same.
    pub mean_daily_mean: Figure,
    /// The mean of the days' highest readings.
    pub mean_daily_max: Figure,
    /// By local part of the day, where there are readings.
    pub by_part_of_day: Vec<PartRow>,
    /// By what the records say that the person was doing. A resting rate is that of `at_rest`, and unknown
    /// without it.
    pub by_context: Vec<ContextRow>,
}

/// Readings of one part of the day.
#[derive(Clone, Debug, PartialEq, Serialize, JsonSchema)]
#[schemars(inline)]
pub struct PartRow {
    /// Which part.
    pub part: PartOfDay,
    /// The readings.
    #[serde(flatten)]
    pub range: Range,
}

/// Readings of one context.
#[derive(Clone, Debug, PartialEq, Serialize, JsonSchema)]
#[schemars(inline)]
pub struct ContextRow {
    /// Which context.
    pub context: Context,
    /// The readings.
    #[serde(flatten)]
    pub range: Range,
}

/// Summary records of one statistic and context.
#[derive(Clone, Debug, PartialEq, Serialize, JsonSchema)]
#[schemars(inline)]
pub struct DigestRow {
    /// Which statistic each record is.
    pub statistic: Statistic,
    /// What the person was doing.
    pub context: Context,
    /// On how many local days.
    pub days: usize,
    /// The records' own numbers.
    #[serde(flatten)]
    pub range: Range,
}

/// Count, mean and ends.
#[derive(Clone, Debug, PartialEq, Serialize, JsonSchema)]
#[schemars(inline)]
pub struct Range {
    /// How many.
    pub n: usize,
    /// The mean.
    pub mean: Figure,
    /// The least.
    pub min: Figure,
    /// The greatest.
    pub max: Figure,
}

/// The readings of one local day, as a picture shows them.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct HeartDay {
    /// The day.
    pub day: Date,
    /// How many readings.
    pub n: usize,
    /// The least, not rounded.
    pub min: f64,
    /// Their mean, not rounded.
    pub mean: f64,
    /// The greatest, not rounded.
    pub max: f64,
}

/// The single readings of each day of the window that has any, in order.
pub fn daily(beats: &[Beat], frame: &Frame) -> Vec<HeartDay> {
    let keyed = beats.iter().filter_map(|beat| Some((frame.day(beat.at)?, beat.rate)));
    grouped(keyed)
        .into_iter()
        .filter_map(|(day, rates)| {
            let (min, max) = (*rates.first()?, *rates.last()?);
            Some(HeartDay { day, n: rates.len(), min, mean: mean(&rates)?, max })
        })
        .collect()
}

/// What the readings and the summary records of the window amount to, apart from each other.
pub fn report(beats: &[Beat], digests: &[Digest], frame: &Frame) -> HeartReport {
    let all = beats.len() + digests.len();
    let beats: Vec<Beat> =
        beats.iter().filter(|beat| frame.day(beat.at).is_some()).copied().collect();
    let digests: Vec<(Date, Digest)> = digests
        .iter()
        .filter_map(|digest| Some((frame.day(middle(digest.start, digest.end))?, *digest)))
        .collect();
    let daily = daily(&beats, frame);
    let days: BTreeSet<Date> =
        (daily.iter().map(|day| day.day)).chain(digests.iter().map(|(day, _)| *day)).collect();
    let rates = beats.iter().map(|beat| beat.rate);
    let impossible = (rates.chain(digests.iter().map(|(_, digest)| digest.rate)))
        .filter(|rate| *rate <= 0.0 || *rate > GREATEST)
        .count();
    HeartReport {
        period: frame.period(&days, all - beats.len() - digests.len()),
        unit: "beats/min",
        readings: readings(&beats, &daily, frame),
        summary_records: digest_rows(&digests),
        impossible,
    }
}

fn readings(beats: &[Beat], daily: &[HeartDay], frame: &Frame) -> Option<Readings> {
    let rates: Vec<f64> = beats.iter().map(|beat| beat.rate).collect();
    let of_days = |number: fn(&HeartDay) -> f64| {
        let numbers: Vec<f64> = daily.iter().map(number).collect();
        mean(&sorted(&numbers)).map(|mean| Figure::new(mean, 1))
    };
    let parts = grouped(beats.iter().map(|beat| (frame.clock().part_of_day(beat.at), beat.rate)));
    let contexts = grouped(beats.iter().map(|beat| (beat.context, beat.rate)));
    Some(Readings {
        all: Summary::of(&rates, 1)?,
        days: daily.len(),
        mean_daily_min: of_days(|day| day.min)?,
        mean_daily_mean: of_days(|day| day.mean)?,
        mean_daily_max: of_days(|day| day.max)?,
        by_part_of_day: (parts.into_iter())
            .filter_map(|(part, rates)| Some(PartRow { part, range: Range::of(&rates)? }))
            .collect(),
        by_context: (contexts.into_iter())
            .filter_map(|(context, rates)| Some(ContextRow { context, range: Range::of(&rates)? }))
            .collect(),
    })
}

fn digest_rows(digests: &[(Date, Digest)]) -> Vec<DigestRow> {
    let key = |digest: &Digest| (digest.statistic, digest.context);
    grouped(digests.iter().map(|(_, digest)| (key(digest), digest.rate)))
        .into_iter()
        .filter_map(|((statistic, context), rates)| {
            let of = digests.iter().filter(|(_, one)| key(one) == (statistic, context));
            let days: BTreeSet<Date> = of.map(|(day, _)| *day).collect();
            Some(DigestRow { statistic, context, days: days.len(), range: Range::of(&rates)? })
        })
        .collect()
}

impl Range {
    /// Sums up sorted rates; nothing for none.
    fn of(sorted: &[f64]) -> Option<Self> {
        let figure = |rate| Figure::new(rate, 1);
        let (min, max) = (figure(*sorted.first()?), figure(*sorted.last()?));
        Some(Self { n: sorted.len(), mean: figure(mean(sorted)?), min, max })
    }
}

/// Rates by key, those of each key in order.
fn grouped<K: Ord>(keyed: impl Iterator<Item = (K, f64)>) -> BTreeMap<K, Vec<f64>> {
    let mut groups: BTreeMap<K, Vec<f64>> = BTreeMap::new();
    for (key, rate) in keyed {
        groups.entry(key).or_default().push(rate);
    }
    groups.into_iter().map(|(key, rates)| (key, sorted(&rates))).collect()
}
