use jiff::{SignedDuration, Timestamp};
use proptest::prelude::*;
use serde_json::json;

use super::bouts::report;
use super::record::{Activity, Intensity};
use super::weeks::weekly;
use crate::figure::Figure;
use crate::frame::Frame;

fn activity(start: &str, intensity: Option<Intensity>, minutes: f64) -> Activity {
    let start: Timestamp = start.parse().unwrap();
    Activity {
        start,
        end: start + SignedDuration::from_mins(30),
        name: Some("walk".to_owned()),
        minutes: Some(minutes),
        intensity,
        distance_m: None,
        kcal: None,
    }
}

const INTENSITIES: [Option<Intensity>; 4] =
    [Some(Intensity::Light), Some(Intensity::Moderate), Some(Intensity::Vigorous), None];

/// One activity every 17 hours.
fn made() -> Vec<Activity> {
    let first: Timestamp = "2026-03-02T17:30:00Z".parse().unwrap();
    (0_u8..50)
        .map(|i| {
            let n = i32::from(i);
            let start = first + SignedDuration::from_hours(17 * i64::from(i));
            Activity {
                start,
                end: start + SignedDuration::from_mins(60),
                name: Some(["walk", "run", "yoga"][usize::from(i % 3)].to_owned()),
                minutes: Some(f64::from(10 + n * 13 % 50)),
                intensity: INTENSITIES[usize::from(i % 4)],
                distance_m: Some(f64::from(100 * (n % 7))),
                kcal: Some(f64::from(5 * (n % 11))),
            }
        })
        .collect()
}

#[test]
fn figures_are_those_that_python_computes() {
    let shown = serde_json::to_value(report(&made(), &Frame::berlin())).unwrap();
    let basis = shown["weeks"]["basis"].clone();
    assert!(basis.as_str().unwrap().starts_with("WHO 2020, adults: 150 to 300"));
    assert_eq!(
        shown,
        json!({
            "period": {"zone": "Europe/Berlin", "zone_given": true, "days_with_data": 36, "outside_window": 0,
                "first_day": "2026-03-02", "last_day": "2026-04-06"},
            "n": 50, "with_minutes": 50,
            "minutes": {"light": 286, "moderate": 455, "vigorous": 564, "unstated": 420},
            "weeks": {"basis": basis, "n": 5, "mean": 307.2, "below_150": 0, "from_150_to_300": 2,
                "above_300": 3, "not_whole": 1},
            "distance_m": {"n": 50, "total": 14_700}, "kcal": {"n": 50, "total": 1175},
            "by_name": [{"name": "run", "n": 17, "minutes": 595}, {"name": "walk", "n": 17,
                "minutes": 574}, {"name": "yoga", "n": 16, "minutes": 556}],
            "other_names": 0, "overlapping": 0, "impossible": 0,
        })
    );
    let weeks: Vec<(String, f64, bool)> = weekly(&made(), &Frame::berlin())
        .iter()
        .map(|week| (week.monday.to_string(), week.moderate_equivalent.value(), week.whole))
        .collect();
    let expected = [
        ("2026-03-02", 196.0, true),
        ("2026-03-09", 339.0, true),
        ("2026-03-16", 256.0, true),
        ("2026-03-23", 429.0, true),
        ("2026-03-30", 316.0, true),
        ("2026-04-06", 47.0, false),
    ];
    let expected: Vec<_> =
        expected.map(|(monday, min, whole)| (monday.to_owned(), min, whole)).into();
    assert_eq!(weeks, expected);
}

#[test]
fn a_vigorous_minute_stands_for_two_moderate_ones_and_a_light_one_for_none() {
    let of = |intensity| {
        let week = weekly(&[activity("2026-11-03T08:00:00Z", intensity, 30.0)], &Frame::berlin());
        week.first().map(|week| week.moderate_equivalent.value())
    };
    assert_eq!(INTENSITIES.map(of), [Some(0.0), Some(30.0), Some(60.0), None]);
}

#[test]
fn the_ends_of_the_recommended_range_are_part_of_it() {
    let frame = Frame::berlin_between("2026-11-02", "2026-11-29");
    let minutes = [149.9, 150.0, 300.0, 300.1];
    let starts = ["2026-11-02T08", "2026-11-09T08", "2026-11-16T08", "2026-11-29T08"];
    let weeks: Vec<Activity> = (starts.iter().zip(minutes))
        .map(|(start, min)| activity(&format!("{start}:00:00Z"), Some(Intensity::Moderate), min))
        .collect();
    let weeks = report(&weeks, &frame).weeks.unwrap();
    let counts = (weeks.n, weeks.below_150, weeks.from_150_to_300, weeks.above_300);
    assert_eq!(counts, (4, 1, 2, 1));
}

#[test]
fn a_week_is_judged_by_its_minutes_as_they_are_shown() {
    let frame = Frame::berlin_between("2026-11-02", "2026-11-08");
    let parts = [149.0, 0.96]
        .map(|minutes| activity("2026-11-03T08:00:00Z", Some(Intensity::Moderate), minutes));
    let weeks = report(&parts, &frame).weeks.unwrap();
    assert_eq!((weeks.mean, weeks.from_150_to_300), (Some(Figure::new(150.0, 1)), 1));
}

#[test]
fn a_week_that_the_window_cuts_is_not_held_against_the_guideline() {
    let one = [activity("2026-11-03T08:00:00Z", Some(Intensity::Moderate), 30.0)];
    let weeks = report(&one, &Frame::berlin_between("2026-11-03", "2026-11-30")).weeks.unwrap();
    assert_eq!((weeks.n, weeks.below_150, weeks.not_whole, weeks.mean), (0, 0, 1, None));
    let weeks = report(&one, &Frame::berlin_between("2026-11-02", "2026-11-07")).weeks.unwrap();
    assert_eq!((weeks.n, weeks.not_whole), (0, 1));
    let weeks = report(&one, &Frame::berlin_between("2026-11-02", "2026-11-08")).weeks.unwrap();
    assert_eq!((weeks.n, weeks.below_150, weeks.not_whole), (1, 1, 0));
    let report = report(&one, &Frame::berlin_between("2026-11-04", "2026-11-08"));
    assert_eq!((report.n, report.period.outside_window), (0, 1));
}

#[test]
fn the_interval_of_a_record_is_never_taken_for_minutes() {
    let whole_day = Activity {
        start: "2026-11-20T23:00:00Z".parse().unwrap(),
        end: "2026-11-21T23:00:00Z".parse().unwrap(),
        name: Some("Total".to_owned()),
        minutes: None,
        intensity: Some(Intensity::Moderate),
        distance_m: Some(7326.4),
        kcal: Some(639.2),
    };
    let report = report(&[whole_day], &Frame::berlin());
    assert_eq!((report.n, report.with_minutes, report.weeks), (1, 0, None));
    assert_eq!(report.minutes.moderate.value().to_bits(), 0);
    assert_eq!(report.by_name[0].minutes, None);
}

#[test]
fn a_record_with_minutes_at_several_intensities_counts_once() {
    let start = "2026-11-03T08:00:00Z";
    let parts = [
        activity(start, Some(Intensity::Light), 10.0),
        activity(start, Some(Intensity::Vigorous), 5.0),
    ];
    let report = report(&parts, &Frame::berlin());
    assert_eq!((report.n, report.with_minutes, report.overlapping), (1, 1, 0));
    assert_eq!((report.by_name[0].n, report.by_name[0].minutes.unwrap().value()), (1, 15.0));
}

#[test]
fn activities_that_share_time_are_counted() {
    let walk = activity("2026-11-03T08:00:00Z", Some(Intensity::Light), 30.0);
    let again = Activity { minutes: Some(29.0), ..walk.clone() };
    let run = |walk: Activity| Activity { name: Some("run".to_owned()), ..walk };
    let later = activity("2026-11-03T08:30:00Z", Some(Intensity::Light), 30.0);
    let overlapping = |activities: &[Activity]| report(activities, &Frame::berlin()).overlapping;
    assert_eq!(overlapping(&[walk.clone(), later]), 0);
    assert_eq!(overlapping(&[walk.clone(), again]), 1, "the same name, times and intensity");
    assert_eq!(overlapping(&[walk.clone(), run(walk)]), 1);
}

#[test]
fn a_report_of_many_names_is_small_and_says_how_many_it_leaves_out() {
    let first: Timestamp = "2026-09-01T08:00:00Z".parse().unwrap();
    let activities: Vec<Activity> = (0..600_i32)
        .map(|i| Activity {
            name: Some(format!("activity {:02}", i % 20)),
            ..activity(
                &(first + SignedDuration::from_hours(2 * i64::from(i))).to_string(),
                Some(Intensity::Vigorous),
                12.34,
            )
        })
        .collect();
    let report = report(&activities, &Frame::berlin_between("2026-09-01", "2026-10-30"));
    assert_eq!((report.by_name.len(), report.other_names), (8, 12));
    assert_eq!(report.by_name[0].name, "activity 00", "of equals the first by letters");
    let size = serde_json::to_string(&report).unwrap().len();
    assert!(size <= 2000, "{size}");
}

#[test]
fn less_than_nothing_is_kept_and_counted() {
    let odd = activity("2026-11-03T08:00:00Z", Some(Intensity::Light), -30.0);
    let report = report(&[odd], &Frame::berlin());
    assert_eq!((report.impossible, report.minutes.light.value()), (1, -30.0));
}

proptest! {
    #[test]
    fn the_order_of_activities_never_matters(shuffled in Just(made()).prop_shuffle()) {
        prop_assert_eq!(report(&made(), &Frame::berlin()), report(&shuffled, &Frame::berlin()));
    }
}
