use proptest::prelude::*;
use serde_json::json;

use super::*;
use crate::sample::{at, describes_every_member, figure, points, sensor, shuffled};

fn berlin() -> Clock {
    Clock::named("Europe/Berlin").unwrap()
}

fn trend(points: &[Point]) -> Result<Trend, NoTrend> {
    Trend::of(&Series::of(points), &berlin(), 2)
}

/// A reading so many days after the origin, at noon in Berlin.
fn noon(day: i64, value: f64) -> Point {
    Point { at: at(day * 86_400 + 36_000), value }
}

#[test]
fn up_to_a_thousand_readings_are_all_taken_and_agree_with_scipy() {
    // 500 readings at 25 minutes; scipy 1.17, x in days since the first.
    let found = serde_json::to_value(trend(&sensor(500, 1_500, 7)).unwrap()).unwrap();
    let expected = json!({
        "over": "readings", "n": 500, "points": 500, "zone": "Europe/Berlin",
        "first": {"day": "2026-10-24", "at": "2026-10-24T00:00:00Z", "value": 102.75},
        "last": {"day": "2026-11-01", "at": "2026-11-01T15:55:00Z", "value": 134.06},
        "days": 8.66, "change": 31.31, "change_per_day": 3.61443,
        "least_squares": {"slope_per_day": 0.6802, "intercept": 126.37, "r2": 0.0035},
        "theil_sen": {"slope_per_day": 0.70459, "low": -0.29829, "high": 1.73721}
    });
    assert_eq!(found, expected);
}

#[test]
fn more_than_a_thousand_readings_are_taken_by_medians_of_local_days_alone() {
    // 2,016 readings at 5 minutes that rise by half a unit a day; medians of Berlin's days, the ends too.
    let mut points = sensor(2_016, 300, 7);
    for (step, point) in (0_u32..).zip(&mut points) {
        point.value += 0.5 * f64::from(step) / 288.0;
    }
    let found = serde_json::to_value(trend(&points).unwrap()).unwrap();
    let expected = json!({
        "over": "daily_medians", "n": 2016, "points": 8, "zone": "Europe/Berlin",
        "first": {"day": "2026-10-24", "value": 127.05}, "last": {"day": "2026-10-31", "value": 141.86},
        "days": 7, "change": 14.81, "change_per_day": 2.11620,
        "least_squares": {"slope_per_day": 1.23416, "intercept": 127.88, "r2": 0.4203},
        "theil_sen": {"slope_per_day": 1.0451, "low": -0.79384, "high": 2.8878}
    });
    assert_eq!(found, expected);
}

#[test]
fn the_thousandth_reading_is_taken_as_it_is_and_with_one_more_all_go_by_days() {
    let over = |n| trend(&sensor(n, 3_600, 7)).unwrap().over;
    assert_eq!((over(1_000), over(1_001)), (Over::Readings, Over::DailyMedians));
}

#[test]
fn more_than_a_thousand_days_are_taken_by_weeks_and_more_than_a_thousand_weeks_not_at_all() {
    let days = |n: i64, step: i64| (0..n).map(|day| noon(day * step, 70.0)).collect::<Vec<_>>();
    let weeks = trend(&days(1_100, 1)).unwrap();
    assert_eq!((weeks.over, weeks.points, weeks.n), (Over::WeeklyMedians, 158, 1_100));
    assert_eq!(weeks.first.day, "2026-10-19", "the Monday");
    assert_eq!(trend(&days(1_001, 7)), Err(NoTrend::TooLong));
}

#[test]
fn two_times_are_no_trend_and_three_are() {
    assert_eq!(trend(&[]), Err(NoTrend::TooFewTimes));
    let mut points = vec![noon(0, 1.0), noon(1, 2.0), noon(1, 3.0)];
    assert_eq!(trend(&points), Err(NoTrend::TooFewTimes), "two of the three share a time");
    points.push(noon(2, 4.0));
    assert_eq!(trend(&points).map(|trend| trend.points), Ok(4));
    let crowded = sensor(1_200, 60, 7);
    assert_eq!(trend(&crowded), Err(NoTrend::TooFewTimes), "many readings on one day");
}

#[test]
fn numbers_that_share_the_time_of_an_end_stand_for_it_by_their_median() {
    let found = trend(&[noon(0, 10.0), noon(0, 20.0), noon(1, 5.0), noon(2, 40.0)]).unwrap();
    assert_eq!((found.first.value.value(), found.change.value()), (15.0, 25.0));
}

#[test]
fn a_change_beyond_all_numbers_is_refused() {
    let wide = [noon(0, -1e308), noon(1, 0.0), noon(2, 1e308)];
    assert_eq!(trend(&wide), Err(NoTrend::TooGreat));
}

#[test]
fn forty_five_thousand_readings_are_no_matter_of_pairs() {
    // A year and more at a quarter of an hour: 469 days, not a thousand million pairs.
    let found = trend(&sensor(45_000, 900, 7)).unwrap();
    assert_eq!((found.over, found.n, found.points), (Over::DailyMedians, 45_000, 469));
}

#[test]
fn an_answer_describes_its_members() {
    describes_every_member::<Trend>();
}

proptest! {
    #[test]
    fn the_order_of_readings_never_matters(points in points(60), seed: u64) {
        prop_assert_eq!(trend(&points), trend(&shuffled(&points, seed)));
    }

    #[test]
    fn a_constant_series_has_slope_zero(points in points(60), value in -500.0..500.0_f64) {
        let flat: Vec<Point> = points.iter().map(|point| Point { value, ..*point }).collect();
        if let Ok(found) = trend(&flat) {
            prop_assert_eq!(found.least_squares.slope_per_day, figure(0.0));
            prop_assert_eq!(found.theil_sen.slope_per_day, figure(0.0));
            prop_assert_eq!(found.change, figure(0.0));
            prop_assert_eq!(found.least_squares.r2, None);
        } else {
            let mut times: Vec<_> = flat.iter().map(|point| point.at).collect();
            times.sort();
            times.dedup();
            prop_assert!(times.len() < 3);
        }
    }

    #[test]
    fn a_linear_series_has_its_own_slope(
        at_quarters in proptest::collection::btree_set(0_i64..9 * 96, 3..60),
        slope in -40_i8..40,
        base in -100_i8..100,
    ) {
        let slope = f64::from(slope) / 4.0;
        let line = |quarter: &i64| {
            let days = f64::from(i32::try_from(*quarter).unwrap()) / 96.0;
            Point { at: at(quarter * 900), value: f64::from(base) + slope * days }
        };
        let points: Vec<Point> = at_quarters.iter().map(line).collect();
        let found = trend(&points).unwrap();
        prop_assert_eq!(found.least_squares.slope_per_day, figure(slope));
        prop_assert_eq!(found.theil_sen.slope_per_day, figure(slope));
        prop_assert_eq!(found.change_per_day, figure(slope));
        prop_assert!((found.least_squares.intercept.value() - points[0].value).abs() < 0.006);
        prop_assert_eq!(found.least_squares.r2.map(Figure::value), (slope != 0.0).then_some(1.0));
        for end in [found.theil_sen.low, found.theil_sen.high] {
            prop_assert_eq!(end.map(Figure::value), Some(slope));
        }
    }
}
