use jiff::civil::Date;
use jiff::{SignedDuration, Timestamp};
use proptest::prelude::*;
use serde_json::json;

use super::steps::{StepDay, daily, report};
use crate::clock::Clock;
use crate::frame::{Frame, Zone};
use crate::reading::Span;

fn span(start: &str, end: &str, value: f64) -> Span {
    Span { start: start.parse().unwrap(), end: end.parse().unwrap(), value }
}

/// Counts of 45 minutes with pauses of five.
fn made() -> Vec<Span> {
    let first: Timestamp = "2026-03-25T00:20:00Z".parse().unwrap();
    (0..260)
        .map(|i| {
            let start = first + SignedDuration::from_mins(50 * i64::from(i));
            let end = start + SignedDuration::from_mins(45);
            Span { start, end, value: f64::from(i * 97 % 400) }
        })
        .collect()
}

fn shown(spans: &[Span], frame: &Frame) -> Vec<(String, f64)> {
    let hundredths = |steps: f64| (steps * 100.0).round() / 100.0;
    daily(spans, frame).iter().map(|day| (day.day.to_string(), hundredths(day.steps))).collect()
}

#[test]
fn figures_are_those_that_python_counts_minute_by_minute_across_a_change_of_the_clocks() {
    let expected = [
        ("2026-03-25", 5295.67),
        ("2026-03-26", 5684.33),
        ("2026-03-27", 5693.56),
        ("2026-03-28", 5649.78),
        ("2026-03-29", 5483.78),
        ("2026-03-30", 5597.89),
        ("2026-03-31", 5591.33),
        ("2026-04-01", 5963.33),
        ("2026-04-02", 5934.56),
        ("2026-04-03", 695.78),
    ];
    let expected: Vec<_> = expected.map(|(day, steps)| (day.to_owned(), steps)).into();
    assert_eq!(shown(&made(), &Frame::berlin()), expected);
    let shown = serde_json::to_value(report(&made(), &Frame::berlin())).unwrap();
    assert_eq!(
        shown,
        json!({
            "period": {"zone": "Europe/Berlin", "zone_given": true, "days_with_data": 10, "outside_window": 0,
                "first_day": "2026-03-25", "last_day": "2026-04-03"},
            "unit": "steps", "n": 260, "total": 51_590,
            "per_day": {"n": 10, "mean": 5159, "sd": 1580, "min": 696, "p5": 2766, "p25": 5511,
                "median": 5624, "p75": 5691, "p95": 5950, "max": 5963},
            "best": {"day": "2026-04-01", "steps": 5963},
            "worst": {"day": "2026-04-03", "steps": 696},
            "weekdays": {"days": 8, "mean": 5057}, "weekend": {"days": 2, "mean": 5567},
            "split_at_midnight": 7, "overlapping": 0, "days_with_overlap": 0, "impossible": 0,
            "too_long": 0,
        })
    );
}

#[test]
fn a_count_across_midnight_is_shared_out_in_proportion_to_time() {
    let night = span("2026-11-01T22:00:00Z", "2026-11-02T02:00:00Z", 400.0);
    let expected = [("2026-11-01".to_owned(), 100.0), ("2026-11-02".to_owned(), 300.0)];
    assert_eq!(shown(&[night], &Frame::berlin()), expected);
}

#[test]
fn a_day_of_23_or_25_hours_stays_a_day() {
    // From midnight to midnight, to the last second, and 24 hours on a day that has 23.
    for (start, end, day) in [
        ("2026-03-28T23:00:00Z", "2026-03-29T22:00:00Z", "2026-03-29"),
        ("2026-03-28T23:00:00Z", "2026-03-29T21:59:59Z", "2026-03-29"),
        ("2026-03-28T23:00:00Z", "2026-03-29T23:00:00Z", "2026-03-29"),
        ("2026-10-24T22:00:00Z", "2026-10-25T23:00:00Z", "2026-10-25"),
        ("2026-10-24T22:00:00Z", "2026-10-25T22:00:00Z", "2026-10-25"),
    ] {
        let expected = [(day.to_owned(), 9000.0)];
        assert_eq!(shown(&[span(start, end, 9000.0)], &Frame::berlin()), expected, "{start} {end}");
    }
    let days = [
        span("2026-03-28T23:00:00Z", "2026-03-29T23:00:00Z", 9000.0),
        span("2026-03-29T22:00:00Z", "2026-03-30T22:00:00Z", 8000.0),
    ];
    let report = report(&days, &Frame::berlin());
    assert_eq!((report.overlapping, report.split_at_midnight), (0, 0), "the meant days only touch");
}

#[test]
fn a_night_on_which_the_clocks_go_back_is_shared_out_by_the_hours_that_passed() {
    // 22:00 to 06:00 by the clock, nine hours: two of Saturday, seven of Sunday.
    let night = span("2026-10-24T20:00:00Z", "2026-10-25T05:00:00Z", 900.0);
    let expected = [("2026-10-24".to_owned(), 200.0), ("2026-10-25".to_owned(), 700.0)];
    assert_eq!(shown(&[night], &Frame::berlin()), expected);
}

#[test]
fn where_clocks_went_back_across_midnight_the_new_day_begins_at_the_first_midnight() {
    // Until 2011 St. John's went from 00:01 back to 23:01 of the day before, here at 02:31 UTC.
    let frame = Frame::new(Clock::named("America/St_Johns").unwrap(), Zone::Given);
    let both = span("2009-11-01T02:00:00Z", "2009-11-01T04:00:00Z", 120.0);
    let expected = [("2009-10-31".to_owned(), 30.0), ("2009-11-01".to_owned(), 90.0)];
    assert_eq!(shown(&[both], &frame), expected);
    let second = span("2009-11-01T02:40:00Z", "2009-11-01T04:00:00Z", 80.0);
    assert_eq!(shown(&[second], &frame), [("2009-11-01".to_owned(), 80.0)]);
}

#[test]
fn days_of_another_zone_are_shared_out_and_said_to_be() {
    let days = [
        span("2026-11-20T00:00:00Z", "2026-11-20T23:59:59Z", 2400.0),
        span("2026-11-21T00:00:00Z", "2026-11-21T23:59:59Z", 2400.0),
    ];
    let utc = Frame::new(Clock::utc(), Zone::Assumed);
    assert_eq!(report(&days, &utc).split_at_midnight, 0);
    assert_eq!(report(&days, &Frame::berlin()).split_at_midnight, 2);
}

#[test]
fn days_without_data_are_unknown_and_a_count_of_zero_is_data() {
    let frame = Frame::berlin_between("2026-11-01", "2026-11-04");
    let spans = [
        span("2026-11-01T08:00:00Z", "2026-11-01T09:00:00Z", 100.0),
        span("2026-11-03T08:00:00Z", "2026-11-03T09:00:00Z", 0.0),
    ];
    let report = report(&spans, &frame);
    assert_eq!((report.period.days_in_window, report.period.days_with_data), (Some(4), 2));
    let summary = report.per_day.unwrap();
    assert_eq!((summary.n, summary.mean.value(), summary.min.value()), (2, 50.0, 0.0));
    assert_eq!(report.worst.unwrap().day, "2026-11-03");
}

#[test]
fn two_devices_at_the_same_time_are_counted_and_flagged() {
    let spans = [
        span("2026-11-01T08:00:00Z", "2026-11-01T10:00:00Z", 100.0),
        span("2026-11-01T09:00:00Z", "2026-11-01T11:00:00Z", 100.0),
        span("2026-11-02T08:00:00Z", "2026-11-02T10:00:00Z", 100.0),
        span("2026-11-02T22:00:00Z", "2026-11-03T02:00:00Z", 100.0),
        span("2026-11-02T22:30:00Z", "2026-11-02T23:30:00Z", 100.0),
    ];
    let report = report(&spans, &Frame::berlin());
    assert_eq!((report.overlapping, report.days_with_overlap), (2, 3));
    assert!((report.total.value() - 500.0).abs() < f64::EPSILON, "both are kept");
    let flagged: Vec<bool> =
        daily(&spans, &Frame::berlin()).iter().map(|day| day.overlaps).collect();
    assert_eq!(flagged, [true, true, true]);
}

#[test]
fn a_count_of_more_than_two_days_says_nothing_of_days() {
    let spans = [
        span("2026-11-01T00:00:00Z", "2026-11-08T00:00:00Z", 70_000.0),
        span("-009999-01-03T00:00:00Z", "9999-12-30T00:00:00Z", 1.0),
        span("2026-11-02T08:00:00Z", "2026-11-02T09:00:00Z", 100.0),
        span("2025-11-01T00:00:00Z", "2025-11-08T00:00:00Z", 70_000.0),
        span("2027-11-01T00:00:00Z", "2027-11-08T00:00:00Z", 70_000.0),
    ];
    let frame = Frame::berlin_between("2026-11-01", "2026-11-30");
    let report = report(&spans, &frame);
    assert_eq!((report.n, report.too_long, report.period.outside_window), (1, 2, 2));
    assert_eq!(shown(&spans, &frame), [("2026-11-02".to_owned(), 100.0)]);
}

#[test]
fn less_than_no_steps_are_kept_and_counted() {
    let spans = [
        span("2026-11-01T08:00:00Z", "2026-11-01T09:00:00Z", -5.0),
        span("2026-11-01T09:00:00Z", "2026-11-01T10:00:00Z", 10.0),
    ];
    let report = report(&spans, &Frame::berlin());
    assert_eq!((report.impossible, report.total.value()), (1, 5.0));
}

#[test]
fn of_equal_days_the_earlier_is_best_and_worst() {
    let spans = [
        span("2026-11-01T08:00:00Z", "2026-11-01T09:00:00Z", 7.0),
        span("2026-11-02T08:00:00Z", "2026-11-02T09:00:00Z", 7.0),
    ];
    let report = report(&spans, &Frame::berlin());
    assert_eq!(report.best.unwrap().day, "2026-11-01");
    assert_eq!(report.worst.unwrap().day, "2026-11-01");
}

#[test]
fn a_report_of_two_months_is_small() {
    let first: Timestamp = "2026-09-01T00:00:00Z".parse().unwrap();
    let hour = SignedDuration::from_hours(1);
    let spans: Vec<Span> = (0..1440)
        .map(|i| Span { start: first + hour * i, end: first + hour * (i + 1), value: f64::from(i) })
        .collect();
    let frame = Frame::berlin_between("2026-09-01", "2026-10-30");
    let size = serde_json::to_string(&report(&spans, &frame)).unwrap().len();
    assert!(size <= 2000, "{size}");
}

/// Counts of up to two days and a bit, about both changes of the clocks.
fn spans() -> impl Strategy<Value = Vec<Span>> {
    let first = prop_oneof![Just(1_774_500_000_i64), Just(1_792_700_000_i64)];
    let span = (first, 0_i64..700_000, 0_i64..180_000, -10_i32..3000).prop_map(
        |(first, offset, length, steps)| Span {
            start: Timestamp::from_second(first + offset).unwrap(),
            end: Timestamp::from_second(first + offset + length).unwrap(),
            value: f64::from(steps),
        },
    );
    proptest::collection::vec(span, 0..30)
}

proptest! {
    #[test]
    fn the_order_of_counts_never_matters(
        (spans, shuffled) in spans().prop_flat_map(|spans| {
            (Just(spans.clone()), Just(spans).prop_shuffle())
        }),
    ) {
        prop_assert_eq!(daily(&spans, &Frame::berlin()), daily(&shuffled, &Frame::berlin()));
        prop_assert_eq!(report(&spans, &Frame::berlin()), report(&shuffled, &Frame::berlin()));
    }

    #[test]
    fn splitting_a_window_and_joining_gives_the_same_steps(spans in spans(), after in 0_i8..28) {
        let cut = Date::constant(2026, 3, 24) + jiff::Span::new().days(i64::from(after) * 8);
        let before = Frame::berlin().between(None, Some(cut)).unwrap();
        let from = Frame::berlin().between(Some(cut.tomorrow().unwrap()), None).unwrap();
        let steps = |days: Vec<StepDay>| -> Vec<(Date, f64)> {
            days.iter().map(|day| (day.day, day.steps)).collect()
        };
        let mut joined = steps(daily(&spans, &before));
        joined.extend(steps(daily(&spans, &from)));
        prop_assert_eq!(joined, steps(daily(&spans, &Frame::berlin())));
    }

    #[test]
    fn no_step_is_lost_or_made_by_sharing_out(spans in spans()) {
        let days: f64 = daily(&spans, &Frame::berlin()).iter().map(|day| day.steps).sum();
        let short = |span: &&Span| span.end.duration_since(span.start).as_hours() < 48;
        let all: f64 = spans.iter().filter(short).map(|span| span.value).sum();
        prop_assert!((days - all).abs() < 1e-6, "{} {}", days, all);
    }
}
