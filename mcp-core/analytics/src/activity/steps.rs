//! Steps by local day.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;
use jiff::civil::{Date, Weekday};
use schemars::JsonSchema;
use serde::Serialize;

use crate::figure::Figure;
use crate::frame::{Frame, Period, seconds};
use crate::overlap;
use crate::reading::Span;
use crate::summary::{Summary, mean, sorted};

const DAY: f64 = 86_400.0;

/// A count of more than this many seconds says nothing about single days.
const LONGEST: f64 = 2.0 * DAY;

/// What step counts amount to.
#[derive(Clone, Debug, PartialEq, Serialize, JsonSchema)]
#[schemars(inline)]
pub struct StepReport {
    /// The days and the zone. Days without data are unknown, not zero, and part of no figure.
    pub period: Period,
    /// Always steps.
    pub unit: &'static str,
    /// How many counts touch the window.
    pub n: usize,
    /// Steps in the window.
    pub total: Figure,
    /// Steps a day, over the days with data.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub per_day: Option<Summary>,
    /// The day with most steps, the earlier of equals.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub best: Option<DaySteps>,
    /// The day with fewest steps among those with data, the earlier of equals.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub worst: Option<DaySteps>,
    /// Monday to Friday.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub weekdays: Option<DayMean>,
    /// Saturday and Sunday.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub weekend: Option<DayMean>,
    /// How many counts crossed local midnight and were shared out in proportion to time. If it is nearly
    /// all, they are days of another zone.
    pub split_at_midnight: usize,
    /// How many counts share time with an earlier one (two devices?): their steps may be counted twice.
    pub overlapping: usize,
    /// How many days with data have such an overlap.
    pub days_with_overlap: usize,
    /// How many counts are less than zero, which is impossible; they are part of every figure here.
    pub impossible: usize,
    /// How many counts are of more than two days: they cannot be shared out and are part of no figure.
    pub too_long: usize,
}

/// The steps of one day.
#[derive(Clone, Debug, PartialEq, Serialize, JsonSchema)]
#[schemars(inline)]
pub struct DaySteps {
    /// The local day.
    pub day: String,
    /// Its steps.
    pub steps: Figure,
}

/// A mean over days with data.
#[derive(Clone, Debug, PartialEq, Serialize, JsonSchema)]
#[schemars(inline)]
pub struct DayMean {
    /// How many days.
    pub days: usize,
    /// Steps a day.
    pub mean: Figure,
}

/// The steps of one local day, as a picture shows them.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct StepDay {
    /// The day.
    pub day: Date,
    /// Its steps, not rounded.
    pub steps: f64,
    /// Whether counts overlap on this day, so that steps may be counted twice.
    pub overlaps: bool,
}

/// A count and the part of it that each local day gets.
struct Split {
    span: Span,
    parts: Vec<(Date, f64)>,
}

/// The steps of each day of the window that has data, in order.
pub fn daily(spans: &[Span], frame: &Frame) -> Vec<StepDay> {
    days(&within(spans, frame), frame)
}

/// What the counts amount to in the window.
pub fn report(spans: &[Span], frame: &Frame) -> StepReport {
    let splits = within(spans, frame);
    let days = days(&splits, frame);
    let steps: Vec<f64> = days.iter().map(|day| day.steps).collect();
    let order = |one: &&StepDay, other: &&StepDay| one.steps.total_cmp(&other.steps);
    // Of equals `max_by` takes the last and `min_by` the first.
    let best = days.iter().rev().max_by(order);
    let worst = days.iter().min_by(order);
    let is_weekend =
        |day: &StepDay| matches!(day.day.weekday(), Weekday::Saturday | Weekday::Sunday);
    let (weekend, weekdays): (Vec<&StepDay>, Vec<&StepDay>) =
        days.iter().partition(|day| is_weekend(day));
    let too_long = too_long(spans, frame);
    let outside_window = spans.len() - splits.len() - too_long;
    StepReport {
        period: frame.period(&days.iter().map(|day| day.day).collect(), outside_window),
        unit: "steps",
        n: splits.len(),
        total: Figure::new(sorted(&steps).iter().sum(), 0),
        per_day: Summary::of(&steps, 0),
        best: best.map(DaySteps::from),
        worst: worst.map(DaySteps::from),
        weekdays: day_mean(&weekdays),
        weekend: day_mean(&weekend),
        split_at_midnight: splits.iter().filter(|split| split.parts.len() > 1).count(),
        overlapping: shared(&splits).len(),
        days_with_overlap: days.iter().filter(|day| day.overlaps).count(),
        impossible: splits.iter().filter(|split| split.span.value < 0.0).count(),
        too_long,
    }
}

impl From<&StepDay> for DaySteps {
    fn from(day: &StepDay) -> Self {
        Self { day: day.day.to_string(), steps: Figure::new(day.steps, 0) }
    }
}

fn day_mean(days: &[&StepDay]) -> Option<DayMean> {
    let steps: Vec<f64> = days.iter().map(|day| day.steps).collect();
    Some(DayMean { days: days.len(), mean: Figure::new(mean(&sorted(&steps))?, 0) })
}

fn is_too_long(span: &Span) -> bool {
    seconds(span.start, span.end) > LONGEST
}

/// How many counts that touch the window are too long to be shared out.
fn too_long(spans: &[Span], frame: &Frame) -> usize {
    let clock = frame.clock();
    let touches = |span: &Span| {
        frame.to().is_none_or(|to| clock.day(span.start) <= to)
            && frame.from().is_none_or(|from| from <= clock.day(span.end))
    };
    spans.iter().filter(|span| is_too_long(span) && touches(span)).count()
}

/// The counts of which a part falls on a day of the window.
fn within(spans: &[Span], frame: &Frame) -> Vec<Split> {
    spans
        .iter()
        .filter(|span| !is_too_long(span))
        .map(|span| whole_day(*span, frame))
        .map(|span| Split { span, parts: parts(&span, frame) })
        .filter(|split| split.parts.iter().any(|(day, _)| frame.holds(*day)))
        .collect()
}

/// Shares a count out over the local days that it touches, in proportion to time.
fn parts(span: &Span, frame: &Frame) -> Vec<(Date, f64)> {
    let clock = frame.clock();
    let first = clock.day(span.start);
    let ends = clock.ends(first);
    if ends.is_none_or(|ends| span.end <= ends) {
        return vec![(first, span.value)];
    }
    let whole = seconds(span.start, span.end);
    let (mut day, mut from, mut parts) = (first, span.start, Vec::new());
    // At most the four days that a span of two days can touch.
    while from < span.end {
        // A day may end before an instant in it, where clocks went back across midnight.
        let until = clock.ends(day).unwrap_or(span.end).max(from).min(span.end);
        if until > from {
            parts.push((day, span.value * (seconds(from, until) / whole)));
        }
        (day, from) = (day.tomorrow().unwrap_or(day), until);
    }
    parts
}

/// A count of 24 hours that begins with a local day is meant to be of that day, also of one that has 23.
fn whole_day(span: Span, frame: &Frame) -> Span {
    let clock = frame.clock();
    let day = clock.day(span.start);
    let is_meant =
        clock.begins(day) == Some(span.start) && (seconds(span.start, span.end) - DAY).abs() < 1e-6;
    let end = clock.ends(day).filter(|ends| is_meant && *ends < span.end).unwrap_or(span.end);
    Span { end, ..span }
}

fn days(splits: &[Split], frame: &Frame) -> Vec<StepDay> {
    let mut steps: BTreeMap<Date, Vec<f64>> = BTreeMap::new();
    for (day, part) in splits.iter().flat_map(|split| &split.parts) {
        if frame.holds(*day) {
            steps.entry(*day).or_default().push(*part);
        }
    }
    let doubled = doubled(splits, frame);
    let total = |parts: Vec<f64>| sorted(&parts).iter().sum();
    steps
        .into_iter()
        .map(|(day, parts)| StepDay { day, steps: total(parts), overlaps: doubled.contains(&day) })
        .collect()
}

fn shared(splits: &[Split]) -> Vec<(Timestamp, Timestamp)> {
    overlap::shared(splits.iter().map(|split| (split.span.start, split.span.end)))
}

/// The days on which counts share time.
fn doubled(splits: &[Split], frame: &Frame) -> BTreeSet<Date> {
    let clock = frame.clock();
    let mut days = BTreeSet::new();
    for (start, end) in shared(splits) {
        let (mut day, mut from) = (clock.day(start), start);
        loop {
            days.insert(day);
            from = clock.ends(day).unwrap_or(end).max(from);
            if from >= end {
                break;
            }
            day = day.tomorrow().unwrap_or(day);
        }
    }
    days
}
