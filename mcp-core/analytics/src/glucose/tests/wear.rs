//! Days, gaps, and whether there is enough to judge by.

use super::*;

fn wear(readings: &[Glucose], clock: &Clock, window: Option<RangeInclusive<Date>>) -> Wear {
    report(readings, &Terms { window, ..terms(clock) }).wear
}

#[test]
fn a_window_expects_readings_over_its_whole_length_even_when_the_clocks_change() {
    // 21 October to 3 November 2026 has 14 x 24 + 1 hours in Berlin: 1,348 readings, of which 21 are missing.
    let clock = berlin();
    let wear = wear(&fortnight(MG), &clock, Some(days("2026-10-21", "2026-11-03")));
    assert_eq!((wear.days, wear.days_worn, wear.expected), (14, 14, Some(1_348)));
    assert_eq!(wear.median_gap_minutes, Some(figure(15.0)));
    assert_eq!(wear.active_percent, Some(figure(98.4)));
    assert!(wear.sufficient);
    assert_eq!(wear.first, "2026-10-20T22:00:00Z");
}

#[test]
fn the_day_on_which_the_clocks_go_forward_expects_23_hours() {
    // From local midnight, 23:00 UTC the day before, to the next, 22:00 UTC.
    let readings: Vec<Glucose> =
        (0..92).map(|index| at("2026-03-28T23:00:00Z", index * 15, 100.0, MG)).collect();
    let clock = berlin();
    let terms = Terms { window: Some(days("2026-03-29", "2026-03-29")), ..terms(&clock) };
    let report = report(&readings, &terms);
    assert_eq!((report.n, report.outside_window, report.wear.expected), (92, 0, Some(92)));
    let hours = bins(&readings, &clock, MG, 15);
    assert!(hours.is_empty(), "one reading in a quarter of an hour has no percentiles");
}

#[test]
fn without_a_window_readings_are_expected_from_the_first_to_the_last() {
    let clock = Clock::utc();
    let wear = wear(&every(5, &[100.0; 100]), &clock, None);
    assert_eq!((wear.expected, wear.active_percent), (Some(100), Some(figure(100.0))));
    assert_eq!((wear.first_day.as_str(), wear.last_day.as_str()), ("2026-11-01", "2026-11-01"));
}

#[test]
fn fourteen_days_with_seventy_percent_suffice_and_less_does_not() {
    let clock = Clock::utc();
    let of = |n: usize, window| wear(&every(15, &vec![100.0; n]), &clock, Some(window)).shortfalls;
    // 941 of 1,344 are just 70 %.
    assert_eq!(of(941, days("2026-11-01", "2026-11-14")), []);
    assert_eq!(of(940, days("2026-11-01", "2026-11-14")), [Shortfall::Inactive]);
    // 1,008 of 1,440 are 70 % exactly.
    assert_eq!(of(1_008, days("2026-11-01", "2026-11-15")), []);
    assert_eq!(of(1_248, days("2026-11-01", "2026-11-13")), [Shortfall::FewDays]);
    assert_eq!(of(96, days("2026-11-01", "2026-11-13")), [Shortfall::FewDays, Shortfall::Inactive]);
}

#[test]
fn a_finger_four_times_a_day_is_no_sensor() {
    let clock = Clock::utc();
    let report = report(&every(360, &[60.0; 60]), &terms(&clock));
    assert_eq!(report.wear.active_percent, Some(figure(100.0)));
    assert_eq!(report.wear.shortfalls, [Shortfall::NotASensor]);
    assert_eq!(report.episodes, None);
    assert_eq!(report.left_out, [LeftOut { part: Part::Episodes, why: Reason::NotASensor }]);
    assert!(report.targets.rows.iter().all(|row| row.verdict == Verdict::NotJudged));
}

#[test]
fn more_readings_than_expected_are_not_more_than_all_the_time() {
    // Gaps of 5, 5, 5, 1, 1 and 5 minutes: 5 expected in 22 + 5 minutes, and 7 seen.
    let clock = Clock::utc();
    let readings =
        [0, 5, 10, 15, 16, 17, 22].map(|minute| at("2026-11-01T00:00:00Z", minute, 100.0, MG));
    let wear = wear(&readings, &clock, None);
    assert_eq!((wear.expected, wear.active_percent), (Some(5), Some(figure(100.0))));
}

#[test]
fn readings_of_the_same_moment_do_not_shorten_the_gap() {
    let clock = Clock::utc();
    let readings = [every(15, &[100.0; 8]), every(15, &[101.0; 8])].concat();
    let wear = wear(&readings, &clock, None);
    assert_eq!(wear.median_gap_minutes, Some(figure(15.0)));
}
