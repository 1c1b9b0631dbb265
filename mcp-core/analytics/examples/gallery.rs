//! Draws every picture from made-up readings into a folder, to be looked at: in both themes, 400 and
//! 1,000 pixels wide. `cargo run --package analytics --example gallery -- FOLDER`

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::{env, fs, io};

use analytics::clock::Clock;
use analytics::picture::{
    About, AmbulatoryProfile, CoverageCalendar, DailySteps, Days, GlucoseUnit, Look, Night,
    Picture, PressureBand, PressurePoint, PressureScatter, ProfileBin, SleepTimeline, Stage,
    Stretch, Theme, TimeInRanges, TimeRange, Trend, TrendLine, TrendMarks,
};
use analytics::reading::Point;
use jiff::civil::{Date, date};
use jiff::{SignedDuration, Timestamp, ToSpan as _};

/// Dice that always fall alike, from -1 to 1.
struct Dice(u32);

impl Dice {
    fn throw(&mut self) -> f64 {
        self.0 = self.0.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        f64::from(self.0 >> 8) / f64::from(1_u32 << 23) - 1.0
    }

    /// Many small throws: most near zero.
    fn bell(&mut self) -> f64 {
        (0..4).map(|_| self.throw()).sum::<f64>() / 2.0
    }
}

fn days(first: Date, last: Date) -> Days {
    Days::new(first, last).unwrap_or_else(|| unreachable!("written in order"))
}

fn each(days: Days) -> impl Iterator<Item = (f64, Date)> {
    let all = days.first().series(1.day()).take_while(move |day| *day <= days.last());
    (0_u16..).map(f64::from).zip(all)
}

fn at(clock: &Clock, day: Date, hours: f64) -> Timestamp {
    let midnight = clock.begins(day).unwrap_or_default();
    midnight.checked_add(SignedDuration::from_secs_f64(hours * 3600.0)).unwrap_or_default()
}

fn profile(clock: &Clock, unit: GlucoseUnit) -> AmbulatoryProfile<'_> {
    let (scale, target) = match unit {
        GlucoseUnit::MgPerDl => (1.0, (70.0, 180.0)),
        GlucoseUnit::MmolPerL => (1.0 / 18.0182, (3.9, 10.0)),
    };
    let bins = (0..24_u16).map(|hour| {
        let bump = |peak: f64, high: f64| high * (-((f64::from(hour) - peak) / 1.8).powi(2)).exp();
        let p50 = 112.0 + bump(8.5, 58.0) + bump(13.5, 38.0) + bump(19.5, 66.0) - bump(4.0, 14.0);
        let spread = 14.0 + p50 * 0.09;
        let bin = |share: f64| (p50 + spread * share) * scale;
        ProfileBin {
            minute: hour * 60,
            minutes: 60,
            p5: bin(-1.9),
            p25: bin(-0.8),
            p50: bin(0.0),
            p75: bin(1.1),
            p95: bin(3.1),
        }
    });
    let days = days(date(2026, 11, 1), date(2026, 11, 14));
    AmbulatoryProfile {
        about: About { clock, days, readings: 1293 },
        unit,
        target,
        bins: bins.collect(),
    }
}

/// A profile with hours that nobody measured, and one between them that somebody did.
fn broken_profile(clock: &Clock) -> AmbulatoryProfile<'_> {
    let mut profile = profile(clock, GlucoseUnit::MmolPerL);
    profile.bins.retain(|bin| !matches!(bin.minute / 60, 2..=4 | 6));
    profile.about.readings = 402;
    profile
}

fn ranges(clock: &Clock) -> TimeInRanges<'_> {
    let range = |name: &str, limits: &str, percent, target: &str| TimeRange {
        name: name.to_owned(),
        limits: limits.to_owned(),
        percent,
        target: Some(target.to_owned()),
    };
    TimeInRanges {
        about: profile(clock, GlucoseUnit::MgPerDl).about,
        ranges: [
            range("Very low", "< 54 mg/dL", 0.6, "< 1 %"),
            range("Low", "54–69 mg/dL", 2.9, "< 4 % with very low"),
            range("In range", "70–180 mg/dL", 71.4, "> 70 %"),
            range("High", "181–250 mg/dL", 19.8, "< 25 % with very high"),
            range("Very high", "> 250 mg/dL", 5.3, "< 5 %"),
        ],
    }
}

fn scheme() -> Vec<PressureBand> {
    let band = |name: &str, below| PressureBand { name: name.to_owned(), below };
    vec![
        band("Normal", Some((120.0, 80.0))),
        band("Elevated", Some((130.0, 80.0))),
        band("Stage 1", Some((140.0, 90.0))),
        band("Stage 2", Some((181.0, 121.0))),
        band("Severe", None),
    ]
}

fn pressure(clock: &Clock, readings: u16) -> PressureScatter<'_> {
    let mut dice = Dice(7);
    let days = days(date(2026, 9, 1), date(2026, 11, 14));
    let points = (0..readings).map(|n| {
        let systolic = (133.0 + 12.0 * dice.bell()).round();
        PressurePoint {
            at: at(clock, days.first(), f64::from(n) * 1750.0 / f64::from(readings) + 7.2),
            systolic,
            diastolic: (84.0 + (systolic - 133.0) * 0.35 + 6.0 * dice.bell()).round(),
        }
    });
    PressureScatter {
        about: About { clock, days, readings: usize::from(readings) },
        scheme: "ACC/AHA 2017".to_owned(),
        bands: scheme(),
        points: points.collect(),
    }
}

fn steps(clock: &Clock, last: Date) -> DailySteps<'_> {
    let mut dice = Dice(11);
    let days = days(date(2026, 10, 12), last);
    let mut counted: BTreeMap<Date, f64> = each(days)
        .filter(|(n, _)| !matches!(n.rem_euclid(17.0), 4.0..=5.0 | 11.0))
        .map(|(_, day)| (day, (7400.0 + 3900.0 * dice.bell()).max(300.0).round()))
        .collect();
    if let Some(steps) = counted.get_mut(&date(2026, 10, 25)) {
        *steps = 0.0;
    }
    let n = u32::try_from(counted.len()).unwrap_or(1);
    let mean = Some(counted.values().sum::<f64>() / f64::from(n));
    DailySteps { about: About { clock, days, readings: 1388 }, days: counted, mean }
}

fn sleep(clock: &Clock, last: Date, has_stages: bool) -> SleepTimeline<'_> {
    let mut dice = Dice(23);
    let days = days(date(2026, 10, 19), last);
    let nights = each(days).filter(|(n, _)| !matches!(n.rem_euclid(13.0), 5.0 | 9.0));
    let nights = nights.map(|(_, evening)| {
        let begin = 22.8 + 0.9 * dice.bell();
        let end = begin + 7.4 + 0.9 * dice.bell();
        let stretch = |start: f64, end: f64, stage| Stretch {
            start: at(clock, evening, start),
            end: at(clock, evening, end),
            stage,
        };
        if !has_stages {
            return Night { evening, stretches: vec![stretch(begin, end, Stage::Asleep)] };
        }
        let cycle =
            [(Stage::Light, 0.55), (Stage::Deep, 0.6), (Stage::Light, 0.3), (Stage::Rem, 0.4)];
        let (mut stretches, mut now) = (Vec::new(), begin);
        for (stage, long) in cycle.into_iter().cycle() {
            let until = (now + long * (1.0 + 0.4 * dice.bell())).min(end);
            stretches.push(stretch(now, until, stage));
            now = until;
            if stage == Stage::Rem && dice.throw() > 0.2 {
                stretches.push(stretch(now, now + 0.2, Stage::Awake));
                now += 0.2;
            }
            if now >= end {
                break;
            }
        }
        Night { evening, stretches }
    });
    SleepTimeline { about: About { clock, days, readings: 214 }, nights: nights.collect() }
}

fn coverage(clock: &Clock, first: Date, last: Date) -> CoverageCalendar<'_> {
    let mut dice = Dice(5);
    let days = days(first, last);
    let counted = each(days).filter(|(n, _)| !matches!(n.rem_euclid(19.0), 6.0 | 12.0..=13.0));
    let counted: BTreeMap<Date, usize> = counted
        .map(|(_, day)| {
            let missing = (dice.throw().abs() * dice.throw().abs() * 90.0).floor();
            (
                day,
                (0..96_usize)
                    .filter(|n| *n >= (0..96).filter(|m| f64::from(*m) < missing).count())
                    .count(),
            )
        })
        .collect();
    CoverageCalendar {
        about: About { clock, days, readings: counted.values().sum() },
        title: "Glucose readings".to_owned(),
        days: counted,
    }
}

fn weight(clock: &Clock) -> Trend<'_> {
    let mut dice = Dice(41);
    let days = days(date(2026, 6, 1), date(2026, 11, 14));
    let there = each(days).filter(|(n, _)| !matches!(n.rem_euclid(29.0), 17.0..=24.0));
    let points: Vec<Point> = there
        .map(|(n, day)| Point {
            at: at(clock, day, 12.0),
            value: 84.6 - n * 0.021 + 0.7 * dice.bell(),
        })
        .collect();
    let end = |day, value| Point { at: at(clock, day, 12.0), value };
    Trend {
        about: About { clock, days, readings: points.len() },
        title: "Body weight".to_owned(),
        unit: "kg".to_owned(),
        marks: TrendMarks::DailyMedians,
        points,
        line: Some(TrendLine {
            start: end(days.first(), 84.6),
            end: end(days.last(), 81.1),
            words: "Theil–Sen: −0.15 kg a week".to_owned(),
        }),
    }
}

fn heart_rate(clock: &Clock) -> Trend<'_> {
    let mut dice = Dice(3);
    let days = days(date(2026, 11, 8), date(2026, 11, 14));
    let points = (0..1200_u16).map(|n| {
        let hours = f64::from(n) * 0.14;
        let day = ((hours.rem_euclid(24.0) - 15.0) / 6.0).powi(2);
        Point {
            at: at(clock, days.first(), hours),
            value: (58.0 + 28.0 * (-day).exp() + 12.0 * dice.bell()).round(),
        }
    });
    Trend {
        about: About { clock, days, readings: 1200 },
        title: "Heart rate".to_owned(),
        unit: "beats/min".to_owned(),
        marks: TrendMarks::Readings,
        points: points.collect(),
        line: None,
    }
}

fn pictures(clock: &Clock, look: &Look) -> Vec<(&'static str, Picture)> {
    let full = profile(clock, GlucoseUnit::MgPerDl);
    let about = About { readings: 0, ..full.about };
    let empty = AmbulatoryProfile { about, bins: Vec::new(), ..full };
    let named = Look {
        caption: Some("Participant 40001 · study \"A & B\" <1>".to_owned()),
        ..look.clone()
    };
    vec![
        ("glucose-profile", profile(clock, GlucoseUnit::MgPerDl).picture(look)),
        ("glucose-profile-broken", broken_profile(clock).picture(&named)),
        ("glucose-profile-empty", empty.picture(look)),
        ("time-in-ranges", ranges(clock).picture(look)),
        ("blood-pressure", pressure(clock, 64).picture(look)),
        ("blood-pressure-many", pressure(clock, 2000).picture(look)),
        ("blood-pressure-one", pressure(clock, 1).picture(look)),
        ("steps", steps(clock, date(2026, 11, 8)).picture(look)),
        ("steps-long", steps(clock, date(2027, 6, 30)).picture(look)),
        ("sleep", sleep(clock, date(2026, 11, 1), true).picture(look)),
        ("sleep-long", sleep(clock, date(2026, 12, 30), false).picture(look)),
        ("coverage", coverage(clock, date(2026, 10, 15), date(2026, 11, 11)).picture(look)),
        ("coverage-year", coverage(clock, date(2025, 11, 15), date(2026, 11, 14)).picture(look)),
        ("trend", weight(clock).picture(look)),
        ("trend-readings", heart_rate(clock).picture(look)),
    ]
}

fn main() -> io::Result<()> {
    let folder = PathBuf::from(env::args_os().nth(1).unwrap_or_else(|| "pictures".into()));
    fs::create_dir_all(&folder)?;
    let clock = Clock::named("Europe/Berlin").unwrap_or_else(Clock::utc);
    for (name, theme) in [("light", Theme::Light), ("dark", Theme::Dark)] {
        let look = Look { theme, caption: None };
        for (kind, picture) in pictures(&clock, &look) {
            fs::write(folder.join(format!("{kind}-{name}.svg")), picture.svg())?;
            for width in [400, 1000] {
                let png = picture.png(width).map_err(io::Error::other)?;
                fs::write(folder.join(format!("{kind}-{name}-{width}.png")), png)?;
            }
            fs::write(folder.join(format!("{kind}.txt")), picture.alt())?;
        }
    }
    Ok(())
}
