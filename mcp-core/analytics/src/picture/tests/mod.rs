//! What holds for every picture, shown on one of each kind.

mod colours;
mod drawing;
mod extremes;
mod words;

use std::collections::BTreeMap;

use jiff::civil::{Date, date};
use jiff::{SignedDuration, Timestamp, ToSpan as _};
use resvg::usvg::roxmltree::{Document, Node as Element};

use super::*;
use crate::clock::Clock;
use crate::reading::Point;

const FIRST: Date = date(2026, 11, 1);

fn berlin() -> Clock {
    Clock::named("Europe/Berlin").unwrap()
}

/// Days from the first, by how many there are.
fn days(count: i64) -> Days {
    Days::new(FIRST, FIRST.checked_add((count - 1).days()).unwrap()).unwrap()
}

fn day(offset: i64) -> Date {
    FIRST.checked_add(offset.days()).unwrap()
}

/// A small number.
fn real(n: i64) -> f64 {
    f64::from(i32::try_from(n).unwrap())
}

/// An hour of a local day.
fn at(clock: &Clock, offset: i64, hours: f64) -> Timestamp {
    let midnight = clock.begins(day(offset)).unwrap();
    midnight.checked_add(SignedDuration::from_secs_f64(hours * 3600.0)).unwrap()
}

fn about(clock: &Clock) -> About<'_> {
    About { clock, days: days(14), readings: 1293 }
}

fn profile(clock: &Clock) -> AmbulatoryProfile<'_> {
    let bin = |hour: u16| ProfileBin {
        minute: hour * 60,
        minutes: 60,
        p5: 66.0,
        p25: 90.0,
        p50: 110.0 + f64::from(hour),
        p75: 160.0,
        p95: 240.0,
    };
    let bins = (0..24).map(bin).collect();
    AmbulatoryProfile {
        about: about(clock),
        unit: GlucoseUnit::MgPerDl,
        target: (70.0, 180.0),
        bins,
    }
}

fn ranges(clock: &Clock) -> TimeInRanges<'_> {
    let range = |name: &str, limits: &str, percent| TimeRange {
        name: name.to_owned(),
        limits: limits.to_owned(),
        percent,
        target: Some("< 25 % with very high".to_owned()),
    };
    TimeInRanges {
        about: about(clock),
        ranges: [
            range("Very low", "< 54 mg/dL", 0.2),
            range("Low", "54–69 mg/dL", 3.3),
            range("In range", "70–180 mg/dL", 71.5),
            range("High", "181–250 mg/dL", 20.0),
            range("Very high", "> 250 mg/dL", 5.0),
        ],
    }
}

fn pressure(clock: &Clock, readings: i64) -> PressureScatter<'_> {
    let band = |name: &str, below| PressureBand { name: name.to_owned(), below };
    let point = |n: i64| PressurePoint {
        at: at(clock, n / 50, 0.1 * real(n % 50)),
        systolic: 118.0 + real(n * 7 % 41),
        diastolic: 70.0 + real(n * 11 % 29),
    };
    PressureScatter {
        about: about(clock),
        scheme: "ACC/AHA 2017".to_owned(),
        bands: vec![
            band("Normal", Some((120.0, 80.0))),
            band("Elevated", Some((130.0, 80.0))),
            band("Stage 1", Some((140.0, 90.0))),
            band("Stage 2", None),
        ],
        points: (0..readings).map(point).collect(),
    }
}

fn steps(clock: &Clock) -> DailySteps<'_> {
    let counted = [0, 1, 2, 4, 5, 6, 7, 8, 10, 11, 12];
    let mut days: BTreeMap<Date, f64> =
        counted.into_iter().map(|n| (day(n), 4000.0 + 500.0 * real(n))).collect();
    days.insert(day(13), 0.0);
    DailySteps { about: about(clock), days, mean: Some(6543.0) }
}

fn sleep(clock: &Clock) -> SleepTimeline<'_> {
    let stages = [Stage::Light, Stage::Deep, Stage::Rem, Stage::Awake];
    let night = |n: i64| Night {
        evening: day(n),
        stretches: (22..30)
            .zip(stages.into_iter().cycle())
            .map(|(hour, stage)| Stretch {
                start: at(clock, n, f64::from(hour)),
                end: at(clock, n, f64::from(hour) + 1.0),
                stage,
            })
            .collect(),
    };
    let nights = (0..14).filter(|n| ![3, 9].contains(n)).map(night).collect();
    SleepTimeline { about: about(clock), nights }
}

fn coverage(clock: &Clock, length: i64) -> CoverageCalendar<'_> {
    let counted = (0..length).filter(|n| n % 5 != 3);
    CoverageCalendar {
        about: About { days: days(length), ..about(clock) },
        title: "Glucose readings".to_owned(),
        days: counted.map(|n| (day(n), 1 + usize::try_from(n * 17 % 96).unwrap())).collect(),
    }
}

fn trend(clock: &Clock, marks: TrendMarks) -> Trend<'_> {
    let points = (0..14).filter(|n| ![6, 7].contains(n));
    let point = |n: i64| Point { at: at(clock, n, 12.0), value: 84.0 - 0.1 * real(n) };
    Trend {
        about: about(clock),
        title: "Body weight".to_owned(),
        unit: "kg".to_owned(),
        marks,
        points: points.map(point).collect(),
        line: Some(TrendLine {
            start: point(0),
            end: point(13),
            words: "Theil–Sen: −0.7 kg a week".to_owned(),
        }),
    }
}

/// One picture of every kind, and the longer and shorter forms of some.
fn gallery(look: &Look) -> Vec<Picture> {
    let clock = berlin();
    vec![
        profile(&clock).picture(look),
        AmbulatoryProfile { bins: Vec::new(), ..profile(&clock) }.picture(look),
        ranges(&clock).picture(look),
        pressure(&clock, 40).picture(look),
        pressure(&clock, 1).picture(look),
        pressure(&clock, 0).picture(look),
        steps(&clock).picture(look),
        sleep(&clock).picture(look),
        coverage(&clock, 28).picture(look),
        coverage(&clock, 300).picture(look),
        trend(&clock, TrendMarks::DailyMedians).picture(look),
        trend(&clock, TrendMarks::Readings).picture(look),
    ]
}

fn looks() -> [Look; 2] {
    [Theme::Light, Theme::Dark].map(|theme| Look { theme, caption: None })
}

fn light() -> Look {
    Look::default()
}

/// How many elements of a class a picture has.
fn marks(picture: &Picture, class: &str) -> usize {
    let document = Document::parse(picture.svg()).unwrap();
    document.descendants().filter(|node| node.attribute("class") == Some(class)).count()
}

/// What is written in a picture, from top to bottom as drawn.
fn texts(picture: &Picture) -> Vec<String> {
    let document = Document::parse(picture.svg()).unwrap();
    let written = document.descendants().filter(|node| node.has_tag_name("text"));
    written.map(|node| node.text().unwrap_or_default().to_owned()).collect()
}

fn number(element: Element<'_, '_>, name: &str) -> f64 {
    element.attribute(name).unwrap().parse().unwrap()
}
