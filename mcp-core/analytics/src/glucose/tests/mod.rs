//! The rules of the glucose report.

mod bands;
mod episodes;
mod fhir;
mod golden;
mod partial;
mod properties;
mod wear;

use std::ops::RangeInclusive;

use jiff::civil::Date;
use jiff::{Timestamp, ToSpan as _};

use super::*;
use crate::clock::Clock;
use crate::figure::Figure;
use crate::frame::Zone;

const MG: Unit = Unit::MgDl;
const MMOL: Unit = Unit::MmolL;

fn instant(text: &str) -> Timestamp {
    text.parse().unwrap()
}

/// A figure of up to four decimals.
fn figure(value: f64) -> Figure {
    Figure::new(value, 4)
}

fn days(first: &str, last: &str) -> RangeInclusive<Date> {
    first.parse().unwrap()..=last.parse().unwrap()
}

fn berlin() -> Clock {
    Clock::named("Europe/Berlin").unwrap()
}

fn at(start: &str, minutes: i64, value: f64, unit: Unit) -> Glucose {
    Glucose { at: instant(start) + minutes.minutes(), value, unit }
}

/// Readings in mg/dL, one every so many minutes from the midnight of 1 November 2026 in UTC.
fn every(minutes: i64, values: &[f64]) -> Vec<Glucose> {
    let reading =
        |(at_index, value): (i64, &f64)| at("2026-11-01T00:00:00Z", at_index * minutes, *value, MG);
    (0..).zip(values).map(reading).collect()
}

fn terms(clock: &Clock) -> Terms<'_> {
    Terms { clock, zone: Zone::Given, window: None, population: Population::Type1Type2, unit: None }
}

fn report(readings: &[Glucose], terms: &Terms<'_>) -> GlucoseReport {
    GlucoseReport::of(readings, terms).unwrap()
}

/// A generated fortnight in Berlin, from 21 October to 3 November 2026, with one reading every 15 minutes
/// but for a gap on the first day. In its middle the clocks go back.
fn fortnight(unit: Unit) -> Vec<Glucose> {
    let reading = |index: i64| {
        let swing = (((index + index / 96 * 11) % 96 - 48).abs() * 4 - 24).max(0);
        let whole = 38 + swing + index * 7 % 31 + index / 96 * 13 % 60;
        let tenths = whole * 10 / 18;
        let value = match unit {
            Unit::MgDl => f64::from(i32::try_from(whole).unwrap()),
            Unit::MmolL => f64::from(i32::try_from(tenths).unwrap()) / 10.0,
        };
        at("2026-10-20T22:00:00Z", index * 15, value, unit)
    };
    (0..1_348).filter(|index| !(50..71).contains(index)).map(reading).collect()
}
