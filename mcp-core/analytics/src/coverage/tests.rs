use proptest::prelude::*;
use serde_json::json;

use super::*;
use crate::sample::{at, describes_every_member, figure, points, sensor, shuffled};

fn berlin() -> Clock {
    Clock::named("Europe/Berlin").unwrap()
}

fn window(first: &str, last: &str) -> Window {
    Window::of(first.parse().unwrap(), last.parse().unwrap(), &berlin()).unwrap()
}

fn cover(points: &[Point], window: Option<&Window>, limit: Option<u32>) -> Coverage {
    Coverage::of(&Series::of(points), &berlin(), window, limit).unwrap()
}

/// A sensor at five minutes for the three Berlin days from the 24th (of 24, 25 and 24 hours), without six hours
/// of the second.
fn worn() -> Vec<Point> {
    let from = -2 * 3_600 / 300;
    let steps = (from..from + 73 * 12).filter(|step| !(400..472).contains(step));
    steps.map(|step| Point { at: at(step * 300), value: 100.0 }).collect()
}

#[test]
fn a_sensor_is_expected_at_its_median_gap_over_the_hours_that_the_days_have() {
    let found = cover(&worn(), Some(&window("2026-10-24", "2026-10-26")), None);
    let found = serde_json::to_value(found).unwrap();
    // 73 hours of 12 are 876; 72 are missing: 804 / 876 = 91.78 %.
    let expected = json!({
        "n": 804, "outside": 0, "zone": "Europe/Berlin", "first_day": "2026-10-24",
        "last_day": "2026-10-26", "days": 3, "days_with_readings": 3,
        "first": "2026-10-23T22:00:00Z", "last": "2026-10-26T22:55:00Z",
        "median_gap_minutes": 5, "expected": 876, "percent": 91.8,
        "gaps": {"limit_minutes": 60, "n": 1, "total_minutes": 365, "longest": [
            {"start": "2026-10-25T09:15:00Z", "end": "2026-10-25T15:20:00Z", "minutes": 365}]}
    });
    assert_eq!(found, expected);
}

#[test]
fn without_a_window_the_first_reading_and_the_last_are_the_ends() {
    let found = cover(&sensor(100, 300, 7), None, None);
    assert_eq!((found.expected, found.percent.map(Figure::value)), (Some(100), Some(100.0)));
    assert_eq!((found.days, found.gaps.n), (1, 0));
}

#[test]
fn the_time_before_the_first_reading_and_after_the_last_is_a_gap_of_the_window() {
    let found = cover(&sensor(100, 300, 7), Some(&window("2026-10-24", "2026-10-25")), None);
    let edges: Vec<_> = found.gaps.longest.iter().map(|gap| gap.edge.unwrap()).collect();
    assert_eq!(edges, [Edge::AfterLast, Edge::BeforeFirst]);
    assert_eq!(found.gaps.longest[1].minutes, figure(120.0), "from midnight in Berlin");
    assert_eq!(found.expected, Some(49 * 12));
}

#[test]
fn what_has_not_happened_yet_is_not_missing() {
    let now = at(100 * 300);
    let today = window("2026-10-24", "2026-10-30").until(now, &berlin()).unwrap();
    let found = cover(&sensor(100, 300, 7), Some(&today), None);
    assert_eq!((found.days, found.expected), (1, Some(124)), "ten hours and twenty minutes");
    assert_eq!(found.percent.map(Figure::value), Some(80.6));
    assert_eq!(found.gaps.n, 1, "the two hours before the first");
}

#[test]
fn bursts_of_readings_have_no_rhythm_to_expect_anything_of() {
    // Three readings a minute apart, morning and evening, on five days.
    let burst = |day: i64, hour: i64| {
        (0..3).map(move |minute| Point {
            at: at(day * 86_400 + hour * 3_600 + minute * 60),
            value: 120.0,
        })
    };
    let points: Vec<Point> = (0..5).flat_map(|day| burst(day, 6).chain(burst(day, 18))).collect();
    let found = cover(&points, None, None);
    assert_eq!(found.median_gap_minutes.map(Figure::value), Some(1.0));
    assert_eq!((found.expected, found.percent), (None, None));
    assert_eq!(found.not_expected, Some(NotExpected::NoRhythm));
    let few = cover(&points[..6], None, None);
    assert_eq!(few.not_expected, Some(NotExpected::TooFew), "six readings on one day");
}

#[test]
fn a_rhythm_is_one_when_it_is_kept_for_half_of_a_day() {
    let worn = |hours: i64| {
        let day = move |day: i64| (0..hours * 12).map(move |step| day * 86_400 + step * 300);
        let seconds = (0..3).flat_map(day);
        let points: Vec<Point> =
            seconds.map(|second| Point { at: at(second), value: 1.0 }).collect();
        let found = cover(&points, Some(&window("2026-10-24", "2026-10-26")), None);
        (found.expected, found.percent.map(Figure::value), found.not_expected)
    };
    assert_eq!(worn(13), (Some(876), Some(53.4), None));
    assert_eq!(worn(11), (None, None, Some(NotExpected::NoRhythm)));
}

#[test]
fn two_numbers_at_one_time_are_two_readings_and_one_time() {
    let mut points = sensor(100, 300, 7);
    points.extend(sensor(100, 300, 8));
    let found = cover(&points, None, None);
    assert_eq!((found.n, found.expected), (200, Some(100)));
    assert_eq!(found.median_gap_minutes, Some(figure(5.0)));
}

#[test]
fn one_reading_a_day_is_a_rhythm() {
    let points: Vec<Point> = (0..8)
        .filter(|day| *day != 3)
        .map(|day| Point { at: at(day * 86_400), value: 70.0 })
        .collect();
    let found = cover(&points, Some(&window("2026-10-24", "2026-11-02")), None);
    assert_eq!((found.expected, found.percent.map(Figure::value)), (Some(10), Some(70.0)));
    assert_eq!(found.gaps.limit_minutes, figure(3.0 * 24.0 * 60.0), "three median gaps");
}

#[test]
fn more_readings_than_expected_are_no_more_than_all() {
    // Half of the gaps are an hour, the others less.
    let quarters = (0..200).map(|step| step * 3_600 - if step % 4 == 0 { 1_800 } else { 0 });
    let dense = quarters.chain((0..40).map(|step| step * 3_600 + 60));
    let points: Vec<Point> = dense.map(|second| Point { at: at(second), value: 1.0 }).collect();
    let found = cover(&points, None, None);
    assert!(found.expected.unwrap() < found.n);
    assert_eq!(found.percent.map(Figure::value), Some(100.0));
}

#[test]
fn a_gap_is_longer_than_the_limit_and_the_ten_longest_are_listed() {
    // Twelve gaps of 61 to 72 minutes among gaps of a minute.
    let mut second = 0;
    let mut points = Vec::new();
    for gap in 61..=72 {
        for step in [60, 60, gap * 60] {
            points.push(Point { at: at(second), value: 1.0 });
            second += step;
        }
    }
    points.push(Point { at: at(second), value: 1.0 });
    let found = cover(&points, None, None).gaps;
    assert_eq!((found.n, found.longest.len(), found.limit_minutes.value()), (12, 10, 60.0));
    assert_eq!(found.longest[0].minutes, figure(72.0));
    assert_eq!(found.longest[9].minutes, figure(63.0));
    assert_eq!(found.total_minutes, figure(f64::from((61..=72).sum::<i32>())));
    assert_eq!(cover(&points, None, Some(70)).gaps.n, 2, "71 and 72; 70 is not longer than 70");
}

#[test]
fn a_window_without_readings_is_one_gap_and_neither_a_window_nor_readings_is_nothing() {
    let found = cover(&[], Some(&window("2026-10-24", "2026-10-25")), None);
    assert_eq!((found.n, found.days, found.days_with_readings), (0, 2, 0));
    assert_eq!((found.first, found.expected), (None, None));
    assert_eq!((found.gaps.n, found.gaps.longest[0].edge), (1, Some(Edge::Whole)));
    assert_eq!(Coverage::of(&Series::default(), &berlin(), None, None), None);
}

#[test]
fn an_answer_describes_its_members() {
    describes_every_member::<Coverage>();
}

proptest! {
    #[test]
    fn the_order_of_readings_never_matters(points in points(60), seed: u64) {
        let found = |points: &[Point]| Coverage::of(&Series::of(points), &berlin(), None, None);
        prop_assert_eq!(found(&points), found(&shuffled(&points, seed)));
    }

    #[test]
    fn days_of_the_calendar_add_up_to_the_whole(points in points(60)) {
        let series = Series::of(&points);
        let days = per_day(&series, &berlin(), None);
        prop_assert_eq!(days.values().sum::<usize>(), series.points().len());
        prop_assert!(days.values().all(|n| *n > 0));
        let days_with_readings =
            Coverage::of(&series, &berlin(), None, None).map_or(0, |found| found.days_with_readings);
        prop_assert_eq!(days.len(), days_with_readings);
    }

    #[test]
    fn a_window_split_in_two_and_joined_has_the_same_readings_and_days(
        points in points(60),
        cut in 0_i8..12,
    ) {
        let whole = window("2026-10-23", "2026-11-04");
        let cut = whole.first().checked_add(jiff::Span::new().days(cut)).unwrap();
        let left = window("2026-10-23", &cut.to_string());
        let right = window(&cut.tomorrow().unwrap().to_string(), "2026-11-04");
        let (whole, left, right) = (
            cover(&points, Some(&whole), None),
            cover(&points, Some(&left), None),
            cover(&points, Some(&right), None),
        );
        prop_assert_eq!(left.n + right.n, whole.n);
        prop_assert_eq!(left.days + right.days, whole.days);
        prop_assert_eq!(left.days_with_readings + right.days_with_readings, whole.days_with_readings);
        prop_assert_eq!(left.outside, right.n + whole.outside);
    }
}
