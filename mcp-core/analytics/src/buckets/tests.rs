use jiff::Timestamp;
use proptest::prelude::*;
use serde_json::json;

use super::*;
use crate::sample::{at, describes_every_member, points, sensor, shuffled};

const ALL: [Grouping; 4] =
    [Grouping::HourOfDay, Grouping::Day, Grouping::Week, Grouping::PartOfDay];

fn berlin() -> Clock {
    Clock::named("Europe/Berlin").unwrap()
}

fn window(first: &str, last: &str) -> Window {
    Window::of(first.parse().unwrap(), last.parse().unwrap(), &berlin()).unwrap()
}

fn bucket(by: Grouping, label: &str) -> serde_json::Value {
    let series = Series::of(&sensor(500, 1_500, 7));
    let grouped = grouped(&series, &berlin(), by, None, 2);
    let found = grouped.buckets.into_iter().find(|bucket| bucket.label == label).unwrap();
    serde_json::to_value(found).unwrap()
}

#[test]
fn figures_are_those_that_numpy_computes_in_local_time() {
    // 500 readings at 25 minutes from 2026-10-24T00:00Z; numpy 2.4 and zoneinfo, std(ddof=1).
    assert_eq!(
        bucket(Grouping::Day, "2026-10-25"),
        json!({"label": "2026-10-25", "n": 60, "mean": 131.17, "sd": 26.74, "median": 133.25,
            "min": 81, "max": 175.88}),
        "a day of 25 hours"
    );
    assert_eq!(
        bucket(Grouping::Week, "2026-W44"),
        json!({"label": "2026-W44", "monday": "2026-10-26", "n": 387, "mean": 129.19, "sd": 29.13,
            "median": 128.88, "min": 80.25, "max": 179.88})
    );
    assert_eq!(
        bucket(Grouping::HourOfDay, "02"),
        json!({"label": "02", "n": 24, "mean": 140.62, "sd": 31.78, "median": 146.53, "min": 86.31,
            "max": 178.94}),
        "an hour that one day had twice"
    );
    assert_eq!(
        bucket(Grouping::PartOfDay, "evening"),
        json!({"label": "evening", "n": 115, "mean": 130.06, "sd": 27.29, "median": 132.12,
            "min": 81.12, "max": 179.19})
    );
}

#[test]
fn buckets_come_in_order_of_time_and_only_those_that_have_readings() {
    let series = Series::of(&[
        Point { at: at(86_400 * 3), value: 1.0 },
        Point { at: at(0), value: 2.0 },
        Point { at: at(3_600 * 12), value: 2.0 },
    ]);
    let labels = |by| {
        let grouped = grouped(&series, &berlin(), by, Some(&window("2026-10-20", "2026-11-02")), 1);
        let labels: Vec<String> = grouped.buckets.into_iter().map(|bucket| bucket.label).collect();
        (labels.join(" "), grouped.empty)
    };
    assert_eq!(labels(Grouping::Day), ("2026-10-24 2026-10-27".to_owned(), 12));
    assert_eq!(labels(Grouping::Week), ("2026-W43 2026-W44".to_owned(), 1));
    assert_eq!(labels(Grouping::PartOfDay), ("night afternoon".to_owned(), 2));
    assert_eq!(labels(Grouping::HourOfDay), ("01 02 14".to_owned(), 21));
}

#[test]
fn the_week_of_a_new_year_belongs_to_the_year_of_its_thursday() {
    let week = |text: &str| {
        let at: Timestamp = text.parse().unwrap();
        let series = Series::of(&[Point { at, value: 1.0 }]);
        let mut grouped = grouped(&series, &berlin(), Grouping::Week, None, 1);
        let bucket = grouped.buckets.remove(0);
        (bucket.label, bucket.monday.unwrap())
    };
    let of = |label: &str, monday: &str| (label.to_owned(), monday.to_owned());
    assert_eq!(week("2027-01-02T12:00:00Z"), of("2026-W53", "2026-12-28"));
    assert_eq!(week("2024-12-31T12:00:00Z"), of("2025-W01", "2024-12-30"));
}

#[test]
fn readings_outside_the_window_are_counted_and_in_no_bucket() {
    let series = Series::of(&sensor(500, 1_500, 7));
    let grouped =
        grouped(&series, &berlin(), Grouping::Day, Some(&window("2026-10-26", "2026-10-27")), 1);
    assert_eq!(grouped.buckets.iter().map(|bucket| bucket.n).collect::<Vec<_>>(), [58, 57]);
    assert_eq!(grouped.outside, 500 - 58 - 57);
}

#[test]
fn no_readings_fill_no_bucket() {
    let grouped = |by, window: Option<&Window>| {
        let grouped = grouped(&Series::default(), &berlin(), by, window, 1);
        (grouped.buckets.len(), grouped.empty)
    };
    assert_eq!(grouped(Grouping::Day, Some(&window("2026-10-26", "2026-10-27"))), (0, 2));
    assert_eq!(grouped(Grouping::Day, None), (0, 0));
    assert_eq!(grouped(Grouping::HourOfDay, None), (0, 24));
}

#[test]
fn an_answer_describes_its_members() {
    describes_every_member::<Grouped>();
    assert_eq!(
        serde_json::from_value::<Grouping>(json!("hour_of_day")).unwrap(),
        Grouping::HourOfDay
    );
}

proptest! {
    #[test]
    fn the_order_of_readings_never_matters(points in points(60), seed: u64) {
        for by in ALL {
            let grouped = |points: &[Point]| grouped(&Series::of(points), &berlin(), by, None, 3);
            prop_assert_eq!(grouped(&points), grouped(&shuffled(&points, seed)));
        }
    }

    #[test]
    fn buckets_add_up_to_the_whole(points in points(60)) {
        let series = Series::of(&points);
        for by in ALL {
            let grouped = grouped(&series, &berlin(), by, None, 9);
            let n: usize = grouped.buckets.iter().map(|bucket| bucket.n).sum();
            prop_assert_eq!(n + grouped.outside, series.points().len());
            prop_assert_eq!(grouped.outside, 0);
            let sum = grouped.buckets.iter().map(sum).sum::<f64>();
            prop_assert!((sum - series.values().iter().sum::<f64>()).abs() < 1e-5);
        }
    }

    #[test]
    fn a_window_split_in_two_and_joined_is_the_same(points in points(60), cut in 0_i8..12) {
        let series = Series::of(&points);
        let (first, last) = ("2026-10-23", "2026-11-04");
        let whole = window(first, last);
        let cut = whole.first().checked_add(jiff::Span::new().days(cut)).unwrap();
        let left = window(first, &cut.to_string());
        let right = window(&cut.tomorrow().unwrap().to_string(), last);
        let grouped = |by, window| grouped(&series, &berlin(), by, Some(window), 9);
        let joined =
            [grouped(Grouping::Day, &left).buckets, grouped(Grouping::Day, &right).buckets].concat();
        prop_assert_eq!(joined, grouped(Grouping::Day, &whole).buckets);
        for by in ALL {
            let mut parts = BTreeMap::new();
            for bucket in [grouped(by, &left).buckets, grouped(by, &right).buckets].concat() {
                let part: &mut (usize, f64) = parts.entry(bucket.label.clone()).or_default();
                *part = (part.0 + bucket.n, part.1 + sum(&bucket));
            }
            let whole = grouped(by, &whole).buckets;
            prop_assert_eq!(whole.len(), parts.len());
            for bucket in whole {
                let (n, total) = parts[&bucket.label];
                prop_assert_eq!(n, bucket.n);
                prop_assert!((total - sum(&bucket)).abs() < 1e-5);
            }
        }
    }
}

fn sum(bucket: &Bucket) -> f64 {
    bucket.mean.value() * crate::summary::count(bucket.n)
}
