use jiff::{SignedDuration, Timestamp};
use serde_json::json;

use super::*;

/// A night of which only the interval is said.
pub(super) fn bare(start: &str, end: &str) -> Night {
    Night {
        start: start.parse().unwrap(),
        end: end.parse().unwrap(),
        total_sleep_s: None,
        efficiency_percent: None,
        latency_s: None,
        wake_after_onset_s: None,
        awakenings: None,
        stages: Stages::default(),
        is_main: None,
    }
}

/// Twenty nights about the change of the clocks on 29 March 2026.
fn made() -> Vec<Night> {
    let first: Timestamp = "2026-03-19T21:30:00Z".parse().unwrap();
    (0..20_i32)
        .map(|i| {
            let days = SignedDuration::from_hours(24 * i64::from(i));
            let start = first + days + SignedDuration::from_mins(i64::from(i * 53 % 150));
            let length = 360 + i * 31 % 140;
            let end = start + SignedDuration::from_mins(i64::from(length));
            Night {
                start,
                end,
                total_sleep_s: Some(f64::from((length - 20 - i * 7 % 30) * 60)),
                efficiency_percent: Some(f64::from(80 + i * 3 % 17)),
                latency_s: Some(f64::from(60 * (5 + i % 9))),
                awakenings: Some(f64::from(i % 4)),
                is_main: (i % 2 == 0).then_some(true),
                ..bare("2026-03-19T21:30:00Z", "2026-03-19T21:30:00Z")
            }
        })
        .collect()
}

fn roles(records: &[Night]) -> Vec<(String, Role)> {
    let episodes = nights(records, &Frame::berlin());
    episodes.iter().map(|episode| (episode.day.to_string(), episode.role)).collect()
}

#[test]
fn figures_are_those_that_numpy_computes_across_a_change_of_the_clocks() {
    let shown = serde_json::to_value(report(&made(), &Frame::berlin())).unwrap();
    assert_eq!(
        shown,
        json!({
            "period": {"zone": "Europe/Berlin", "zone_given": true, "days_with_data": 20, "outside_window": 0,
                "first_day": "2026-03-20", "last_day": "2026-04-08"},
            "day_is": "the local day of waking",
            "records": 20, "nights": 20, "main_as_longest": 10,
            "asleep_min": {"n": 20, "mean": 396.5, "sd": 41.5, "min": 340, "p5": 345.7, "p25": 363,
                "median": 391, "p75": 419, "p95": 472.2, "max": 476},
            "asleep_from_stages": 0,
            "below_7_h": {"n": 15, "of": 20,
                "basis": "AASM and SRS 2015, adults: 7 or more hours a night on a regular basis."},
            "efficiency_percent": {"n": 20, "mean": 87.2, "sd": 5.1},
            "latency_min": {"n": 20, "mean": 8.7, "sd": 2.7},
            "awakenings": {"n": 20, "mean": 1.5, "sd": 1.1},
            "bedtime": {"n": 20, "mean": "00:09", "sd_min": 58.6},
            "wake_time": {"n": 20, "mean": "07:23", "sd_min": 68.2},
            "midpoint": {"n": 20, "mean": "03:47", "sd_min": 58.8},
            "repeats": 0, "conflicting": 0, "overlapping": 0, "impossible": 0,
        })
    );
}

#[test]
fn a_night_belongs_to_the_local_day_of_waking() {
    let night = bare("2026-11-01T22:00:00Z", "2026-11-01T23:30:00Z");
    assert_eq!(roles(&[night]), [("2026-11-02".to_owned(), Role::MainAsLongest)]);
    let frame = Frame::berlin_between("2026-11-01", "2026-11-01");
    let outside = report(&[night], &frame);
    assert_eq!((outside.records, outside.period.outside_window), (0, 1));
    let frame = Frame::berlin_between("2026-11-02", "2026-11-02");
    assert_eq!(report(&[night], &frame).nights, 1);
}

#[test]
fn what_is_said_to_be_the_main_sleep_is_even_if_another_is_longer() {
    let said =
        Night { is_main: Some(true), ..bare("2026-11-02T22:00:00Z", "2026-11-03T02:00:00Z") };
    let long = bare("2026-11-03T08:00:00Z", "2026-11-03T16:00:00Z");
    let day = "2026-11-03".to_owned();
    assert_eq!(roles(&[long, said]), [(day.clone(), Role::MainAsSaid), (day, Role::Nap)]);
    let report = report(&[long, said], &Frame::berlin());
    assert_eq!((report.nights, report.main_as_longest), (1, 0));
    let naps = serde_json::to_value(report.naps).unwrap();
    assert_eq!(naps, json!({"n": 1, "days": 1, "mean_min": 480}));
}

#[test]
fn where_nobody_says_the_longest_is_taken_and_counted_and_what_is_said_to_be_a_nap_never_is() {
    let short = bare("2026-11-02T22:00:00Z", "2026-11-03T02:00:00Z");
    let long = bare("2026-11-03T08:00:00Z", "2026-11-03T16:00:00Z");
    let day = "2026-11-03".to_owned();
    let expected = [(day.clone(), Role::Nap), (day.clone(), Role::MainAsLongest)];
    assert_eq!(roles(&[long, short]), expected);
    assert_eq!(report(&[long, short], &Frame::berlin()).main_as_longest, 1);
    let nap = Night { is_main: Some(false), ..long };
    let expected = [(day.clone(), Role::MainAsLongest), (day.clone(), Role::Nap)];
    assert_eq!(roles(&[nap, short]), expected);
    assert_eq!(roles(&[nap]), [(day, Role::Nap)]);
    assert_eq!(
        report(&[nap], &Frame::berlin()).nights,
        0,
        "no night is unknown, not a night of nothing"
    );
}

#[test]
fn of_equally_long_episodes_the_first_is_taken() {
    let first = bare("2026-11-02T22:00:00Z", "2026-11-03T02:00:00Z");
    let second = bare("2026-11-03T08:00:00Z", "2026-11-03T12:00:00Z");
    let day = "2026-11-03".to_owned();
    let expected = [(day.clone(), Role::MainAsLongest), (day, Role::Nap)];
    assert_eq!(roles(&[second, first]), expected);
}

#[test]
fn records_of_one_interval_are_one_night_and_complete_each_other() {
    let (start, end) = ("2026-09-08T22:44:00Z", "2026-09-09T05:52:51Z");
    let stages =
        Stages { deep: Some(4874.0), light: Some(13_479.0), rem: Some(5048.0), awake: None };
    let records = [
        Night { stages, efficiency_percent: Some(90.9), is_main: Some(true), ..bare(start, end) },
        Night { latency_s: Some(1092.0), total_sleep_s: Some(23_401.0), ..bare(start, end) },
        Night { total_sleep_s: Some(23_401.0), ..bare(start, end) },
    ];
    let report = report(&records, &Frame::berlin());
    assert_eq!((report.records, report.nights, report.conflicting), (3, 1, 0));
    assert_eq!((report.overlapping, report.repeats), (0, 0));
    assert_eq!(report.asleep_min.unwrap().mean, Figure::new(23_401.0 / 60.0, 1));
    assert_eq!(report.latency_min.unwrap().mean, Figure::new(18.2, 1));
    assert_eq!(report.deep_min.unwrap().mean, Figure::new(81.2, 1));
}

#[test]
fn records_of_one_interval_that_contradict_each_other_are_counted() {
    let (start, end) = ("2026-09-08T22:44:00Z", "2026-09-09T05:52:51Z");
    let with = |total| Night { total_sleep_s: Some(total), ..bare(start, end) };
    for records in [[with(20_000.0), with(23_400.0)], [with(23_400.0), with(20_000.0)]] {
        let report = report(&records, &Frame::berlin());
        assert_eq!((report.nights, report.conflicting), (1, 1));
        assert_eq!(report.asleep_min.unwrap().mean, Figure::new(390.0, 1));
    }
    let main = |is_main| Night { is_main: Some(is_main), ..bare(start, end) };
    for records in [[main(true), main(false)], [main(false), main(true)]] {
        let report = report(&records, &Frame::berlin());
        assert_eq!((report.nights, report.conflicting), (1, 1), "a main sleep, as one says");
    }
}

#[test]
fn time_asleep_is_said_or_the_sum_of_three_stages_and_never_the_interval() {
    let night = bare("2026-11-02T22:00:00Z", "2026-11-03T06:00:00Z");
    assert_eq!(report(&[night], &Frame::berlin()).asleep_min, None);
    assert_eq!(report(&[night], &Frame::berlin()).below_7_h, None);
    let two = Stages { deep: Some(3600.0), light: Some(10_800.0), rem: None, awake: Some(60.0) };
    assert_eq!(Night { stages: two, ..night }.asleep(), None);
    let three = Stages { rem: Some(7200.0), ..two };
    assert_eq!(Night { stages: three, ..night }.asleep(), Some(21_600.0));
    let said = Night { total_sleep_s: Some(20_000.0), stages: three, ..night };
    assert_eq!(said.asleep(), Some(20_000.0));
    let report = report(&[Night { stages: three, ..night }], &Frame::berlin());
    assert_eq!((report.asleep_from_stages, report.below_7_h.map(|short| short.n)), (1, Some(1)));
}

#[test]
fn seven_hours_are_enough_and_a_second_less_is_not() {
    let short = |total| {
        let night = bare("2026-11-02T22:00:00Z", "2026-11-03T06:00:00Z");
        let night = Night { total_sleep_s: Some(total), ..night };
        report(&[night], &Frame::berlin()).below_7_h.unwrap().n
    };
    assert_eq!((short(25_200.0), short(25_199.0)), (0, 1));
}

#[test]
fn another_record_of_the_time_of_the_main_sleep_is_no_nap() {
    let main = bare("2026-11-02T22:00:00Z", "2026-11-03T06:00:00Z");
    let other = bare("2026-11-02T22:10:00Z", "2026-11-03T05:50:00Z");
    let after = bare("2026-11-03T06:00:00Z", "2026-11-03T07:00:00Z");
    let report = report(&[other, main, after], &Frame::berlin());
    assert_eq!((report.nights, report.repeats, report.overlapping), (1, 1, 1));
    assert_eq!(report.naps.unwrap().n, 1);
}

#[test]
fn clock_times_are_local_so_that_the_change_of_the_clocks_moves_none() {
    // Bed at 23:00 and up at 07:00 by the clock, before and after the clocks went forward.
    let nights = [
        bare("2026-03-27T22:00:00Z", "2026-03-28T06:00:00Z"),
        bare("2026-03-30T21:00:00Z", "2026-03-31T05:00:00Z"),
    ];
    let report = report(&nights, &Frame::berlin());
    for (time, expected) in [(report.bedtime, "23:00"), (report.wake_time, "07:00")] {
        let time = time.unwrap();
        assert_eq!((time.mean.as_str(), time.sd_min), (expected, Some(Figure::new(0.0, 1))));
    }
}

#[test]
fn what_cannot_be_is_kept_and_counted() {
    let night = bare("2026-11-02T22:00:00Z", "2026-11-03T06:00:00Z");
    assert!(night.is_possible());
    for odd in [
        Night { total_sleep_s: Some(8.1 * 3600.0), ..night },
        Night { latency_s: Some(-1.0), ..night },
        Night { efficiency_percent: Some(100.1), ..night },
        Night { awakenings: Some(-1.0), ..night },
        Night { stages: Stages { awake: Some(-1.0), ..Stages::default() }, ..night },
        Night { start: night.end, ..night },
        bare("2026-11-01T22:00:00Z", "2026-11-03T06:00:00Z"),
    ] {
        let report = report(&[odd], &Frame::berlin());
        assert_eq!((report.nights, report.impossible), (1, 1), "{odd:?}");
    }
}

#[test]
fn a_report_of_two_months_is_small() {
    let first: Timestamp = "2026-09-01T21:37:11Z".parse().unwrap();
    let stages =
        Stages { deep: Some(4874.0), light: Some(13_479.0), rem: Some(5048.0), awake: Some(71.0) };
    let records: Vec<Night> = (0..60)
        .flat_map(|i| {
            let start = first + SignedDuration::from_hours(24 * i);
            let end = start + SignedDuration::from_mins(430 + i);
            let night = Night {
                start,
                end,
                total_sleep_s: Some(23_401.0),
                efficiency_percent: Some(90.9),
                latency_s: Some(1092.0),
                wake_after_onset_s: Some(1238.0),
                awakenings: Some(3.0),
                stages,
                is_main: Some(true),
            };
            let nap = start + SignedDuration::from_hours(15);
            [
                night,
                Night {
                    start: nap,
                    end: nap + SignedDuration::from_mins(20),
                    is_main: None,
                    ..night
                },
            ]
        })
        .collect();
    let report = report(&records, &Frame::berlin_between("2026-09-01", "2026-10-31"));
    let size = serde_json::to_string(&report).unwrap().len();
    assert!(size <= 2000, "{size}");
}
