use jiff::{SignedDuration, Timestamp};
use proptest::prelude::*;
use serde_json::json;

use super::*;

const CONTEXTS: [Context; 4] =
    [Context::AtRest, Context::Active, Context::Asleep, Context::Unknown];

fn beat(at: &str, rate: f64, context: Context) -> Beat {
    Beat { at: at.parse().unwrap(), rate, context }
}

fn night(start: &str, end: &str, rate: f64, statistic: Statistic) -> Digest {
    let (start, end) = (start.parse().unwrap(), end.parse().unwrap());
    Digest { start, end, rate, statistic, context: Context::Asleep }
}

/// Readings every 37 minutes.
fn made() -> Vec<Beat> {
    let first: Timestamp = "2026-03-27T22:10:00Z".parse().unwrap();
    (0_u8..200)
        .map(|i| Beat {
            at: first + SignedDuration::from_mins(37 * i64::from(i)),
            rate: f64::from(52 + i32::from(i) * 29 % 71) + f64::from(i % 2) / 2.0,
            context: CONTEXTS[usize::from(i / 3 % 4)],
        })
        .collect()
}

#[test]
fn figures_are_those_that_numpy_computes_across_a_change_of_the_clocks() {
    let shown = serde_json::to_value(report(&made(), &[], &Frame::berlin())).unwrap();
    assert_eq!(
        shown,
        json!({
            "period": {"zone": "Europe/Berlin", "zone_given": true, "days_with_data": 7, "outside_window": 0,
                "first_day": "2026-03-27", "last_day": "2026-04-02"},
            "unit": "beats/min",
            "readings": {
                "all": {"n": 200, "mean": 87.1, "sd": 20.6, "min": 52, "p5": 55.5, "p25": 69.4,
                    "median": 86.8, "p75": 105.1, "p95": 119, "max": 122.5},
                "days": 7, "mean_daily_min": 53.5, "mean_daily_mean": 84.1, "mean_daily_max": 114.8,
                "by_part_of_day": [
                    {"part": "night", "n": 53, "mean": 87.2, "min": 53, "max": 122},
                    {"part": "morning", "n": 47, "mean": 88, "min": 53.5, "max": 122.5},
                    {"part": "afternoon", "n": 48, "mean": 87.4, "min": 52, "max": 122},
                    {"part": "evening", "n": 52, "mean": 86, "min": 52, "max": 121.5},
                ],
                "by_context": [
                    {"context": "at_rest", "n": 51, "mean": 86.4, "min": 52, "max": 118.5},
                    {"context": "active", "n": 51, "mean": 87.3, "min": 54.5, "max": 120.5},
                    {"context": "asleep", "n": 50, "mean": 89, "min": 56, "max": 122},
                    {"context": "unknown", "n": 48, "mean": 85.7, "min": 52, "max": 122.5},
                ],
            },
            "impossible": 0,
        })
    );
    let days: Vec<_> = daily(&made(), &Frame::berlin())
        .iter()
        .map(|day| (day.day.to_string(), day.n, day.min, (day.mean * 100.0).round(), day.max))
        .collect();
    let expected = [
        ("2026-03-27", 2, 52.0, 6675.0, 81.5),
        ("2026-03-28", 39, 54.5, 8778.0, 122.0),
        ("2026-03-29", 37, 52.5, 8612.0, 121.0),
        ("2026-03-30", 39, 54.0, 8896.0, 122.5),
        ("2026-03-31", 39, 52.0, 8579.0, 120.5),
        ("2026-04-01", 39, 53.5, 8806.0, 122.0),
        ("2026-04-02", 5, 56.0, 8530.0, 114.0),
    ];
    let expected: Vec<_> =
        expected.map(|(day, n, min, mean, max)| (day.to_owned(), n, min, mean, max)).into();
    assert_eq!(days, expected);
}

#[test]
fn summary_records_are_never_pooled_with_readings_nor_with_another_statistic() {
    let readings = [beat("2026-11-02T12:00:00Z", 80.0, Context::Unknown)];
    let (start, end) = ("2026-11-01T22:30:00Z", "2026-11-02T06:00:00Z");
    let records = [
        night(start, end, 60.0, Statistic::Average),
        night("2026-11-02T22:30:00Z", "2026-11-03T06:00:00Z", 62.0, Statistic::Average),
        night(start, end, 48.0, Statistic::Minimum),
        Digest { context: Context::Unknown, ..night(start, end, 99.0, Statistic::Average) },
    ];
    let report = report(&readings, &records, &Frame::berlin());
    assert_eq!(report.period.days_with_data, 2);
    assert_eq!(report.readings.unwrap().all.mean, Figure::new(80.0, 1));
    assert_eq!(
        serde_json::to_value(report.summary_records).unwrap(),
        json!([
            {"statistic": "average", "context": "asleep", "days": 2, "n": 2, "mean": 61, "min": 60,
                "max": 62},
            {"statistic": "average", "context": "unknown", "days": 1, "n": 1, "mean": 99, "min": 99,
                "max": 99},
            {"statistic": "minimum", "context": "asleep", "days": 1, "n": 1, "mean": 48, "min": 48,
                "max": 48},
        ])
    );
}

#[test]
fn without_single_readings_there_are_no_figures_of_them() {
    let record = night("2026-11-01T22:30:00Z", "2026-11-02T06:00:00Z", 60.0, Statistic::Average);
    let report = report(&[], &[record], &Frame::berlin());
    assert_eq!(report.readings, None);
    assert_eq!(report.summary_records.len(), 1);
}

#[test]
fn a_summary_record_belongs_to_the_day_of_its_middle() {
    let days = |start, end| {
        let records = [night(start, end, 60.0, Statistic::Average)];
        report(&[], &records, &Frame::berlin()).period.first_day.unwrap()
    };
    assert_eq!(days("2026-11-01T23:00:00Z", "2026-11-02T23:00:00Z"), "2026-11-02", "a whole day");
    assert_eq!(days("2026-11-01T22:00:00Z", "2026-11-02T06:00:00Z"), "2026-11-02", "a night");
    let frame = Frame::berlin_between("2026-11-01", "2026-11-01");
    let record = night("2026-11-01T22:00:00Z", "2026-11-02T06:00:00Z", 60.0, Statistic::Average);
    let beat = beat("2026-11-02T12:00:00Z", 80.0, Context::Unknown);
    let report = report(&[beat], &[record], &frame);
    assert_eq!((report.readings, report.period.outside_window), (None, 2));
    assert_eq!(report.summary_records, []);
}

#[test]
fn a_low_rate_at_night_is_no_resting_rate_unless_the_record_says_so() {
    let readings = [
        beat("2026-11-02T02:00:00Z", 48.0, Context::Unknown),
        beat("2026-11-02T12:00:00Z", 66.0, Context::AtRest),
    ];
    let rows = report(&readings, &[], &Frame::berlin()).readings.unwrap().by_context;
    let rest = rows.iter().find(|row| row.context == Context::AtRest).unwrap();
    assert_eq!((rest.range.n, rest.range.mean), (1, Figure::new(66.0, 1)));
}

#[test]
fn impossible_rates_are_kept_and_counted() {
    let at = "2026-11-02T12:00:00Z";
    let readings = [0.0, -1.0, 300.1, 300.0, 0.5].map(|rate| beat(at, rate, Context::Unknown));
    let record = night("2026-11-01T22:00:00Z", "2026-11-02T06:00:00Z", 0.0, Statistic::Minimum);
    let report = report(&readings, &[record], &Frame::berlin());
    assert_eq!((report.impossible, report.readings.unwrap().all.n), (4, 5));
}

#[test]
fn a_report_of_two_months_is_small() {
    let first: Timestamp = "2026-09-01T00:30:00Z".parse().unwrap();
    let hour = SignedDuration::from_hours(1);
    let contexts = CONTEXTS.into_iter().cycle();
    let readings: Vec<Beat> = (0..1440)
        .zip(contexts)
        .map(|(i, context)| Beat { at: first + hour * i, rate: 71.37, context })
        .collect();
    let statistics = [Statistic::Average, Statistic::Minimum, Statistic::Maximum];
    let records: Vec<Digest> = (0..180)
        .zip(statistics.into_iter().cycle())
        .map(|(i, statistic)| Digest {
            start: first + hour * 8 * i,
            end: first + hour * 8 * (i + 1),
            rate: 61.37,
            statistic,
            context: Context::Asleep,
        })
        .collect();
    let frame = Frame::berlin_between("2026-09-01", "2026-10-30");
    let size = serde_json::to_string(&report(&readings, &records, &frame)).unwrap().len();
    assert!(size <= 2000, "{size}");
}

proptest! {
    #[test]
    fn the_order_of_readings_never_matters(shuffled in Just(made()).prop_shuffle()) {
        let report = |beats: &[Beat]| report(beats, &[], &Frame::berlin());
        prop_assert_eq!(report(&made()), report(&shuffled));
    }

    #[test]
    fn splitting_a_window_and_joining_gives_the_same_days(after in 0_i8..9) {
        let cut = Date::constant(2026, 3, 26) + jiff::Span::new().days(i64::from(after));
        let before = Frame::berlin().between(None, Some(cut)).unwrap();
        let from = Frame::berlin().between(Some(cut.tomorrow().unwrap()), None).unwrap();
        let mut joined = daily(&made(), &before);
        joined.extend(daily(&made(), &from));
        prop_assert_eq!(joined, daily(&made(), &Frame::berlin()));
    }
}
