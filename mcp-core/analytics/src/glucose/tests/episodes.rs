//! When an episode begins, goes on and ends.

use super::*;

/// Minutes and cut of the episodes below 70, of readings every 5 minutes.
fn below_70(values: &[f64]) -> Vec<(u64, bool)> {
    let episodes = Threshold::Below70.episodes(&every(5, values), 300.0);
    episodes.iter().map(|episode| (episode.minutes, episode.cut)).collect()
}

const LOW: f64 = 65.0;
const FINE: f64 = 100.0;

#[test]
fn an_episode_takes_15_minutes_to_begin_and_15_to_end() {
    assert_eq!(below_70(&[FINE, LOW, LOW, FINE, FINE, FINE]), [], "10 minutes");
    assert_eq!(below_70(&[FINE, LOW, LOW, LOW, FINE, FINE, FINE]), [(15, false)]);
    let broken = [LOW, LOW, LOW, FINE, FINE, LOW, FINE, FINE, FINE];
    assert_eq!(below_70(&broken), [(30, false)], "a recovery of 10 minutes does not end it");
    let two = [LOW, LOW, LOW, FINE, FINE, FINE, LOW, LOW, LOW, FINE, FINE, FINE];
    assert_eq!(below_70(&two), [(15, false), (15, false)]);
    let dips = [LOW, LOW, FINE, LOW, LOW, FINE, FINE, FINE];
    assert_eq!(below_70(&dips), [], "two dips of 10 minutes are not 15 without a break");
    assert_eq!(below_70(&[70.0; 12]), [], "70 is not below 70");
}

#[test]
fn clocks_that_jitter_by_seconds_change_nothing() {
    let start = instant("2026-11-01T00:00:00Z");
    let jittered = [0, 301, 598, 895, 1_200, 1_500].map(|second: i64| start + second.seconds());
    let values = [LOW, LOW, LOW, FINE, FINE, FINE];
    let readings: Vec<Glucose> = jittered
        .into_iter()
        .zip(values)
        .map(|(at, value)| Glucose { at, value, unit: MG })
        .collect();
    // 14 minutes and 55 seconds.
    assert_eq!(Threshold::Below70.episodes(&readings, 300.0).len(), 1);
}

#[test]
fn a_gap_of_more_than_45_minutes_ends_an_episode_and_says_so() {
    let around = |gap: i64| {
        let mut readings = every(5, &[LOW, LOW, LOW]);
        let later = [LOW, LOW, LOW, FINE, FINE, FINE];
        readings.extend(
            (0..)
                .zip(later)
                .map(|(index, value)| at("2026-11-01T00:10:00Z", gap + 5 * index, value, MG)),
        );
        let episodes = Threshold::Below70.episodes(&readings, 300.0);
        episodes.iter().map(|episode| (episode.minutes, episode.cut)).collect::<Vec<_>>()
    };
    assert_eq!(around(45), [(70, false)], "low all along, as far as is known");
    assert_eq!(around(46), [(15, true), (15, false)]);
    assert_eq!(below_70(&[FINE, LOW, LOW, LOW, LOW]), [(20, true)], "the last reading ends it too");
    assert_eq!(
        below_70(&[LOW, LOW, LOW, FINE]),
        [(15, true)],
        "recovery was not seen for 15 minutes"
    );
}

#[test]
fn each_threshold_counts_for_itself_and_in_the_readings_own_unit() {
    let clock = Clock::utc();
    let mixed: Vec<Glucose> = [
        (0, 53.0, MG),
        (5, 2.9, MMOL),
        (10, 53.9, MG),
        (15, 60.0, MG),
        (20, 3.8, MMOL),
        (25, 3.9, MMOL),
        (30, 100.0, MG),
        (35, 100.0, MG),
        (40, 13.9, MMOL),
    ]
    .into_iter()
    .map(|(minutes, value, unit)| at("2026-11-01T05:50:00Z", minutes, value, unit))
    .collect();
    let rows = report(&mixed, &terms(&clock)).episodes.unwrap().rows;
    let minutes: Vec<(usize, u64)> = rows.iter().map(|row| (row.n, row.minutes)).collect();
    assert_eq!(minutes, [(1, 25), (1, 15), (0, 0)], "13.9 mmol/L is not above 13.9");
    assert_eq!((rows[0].day, rows[0].night), (Some(0), Some(1)), "it began at 05:50");
    assert_eq!((rows[2].longest, rows[2].longest_from.as_deref()), (None, None));
}

#[test]
fn night_is_from_midnight_to_six_where_the_person_lives() {
    // 22:30 in UTC is 23:30 in Berlin, and 04:30 is 05:30, in November.
    let night = |start: &str| {
        let readings: Vec<Glucose> = (0..6).map(|index| at(start, index * 5, LOW, MG)).collect();
        let clock = berlin();
        report(&readings, &terms(&clock)).episodes.unwrap().rows[0].night
    };
    assert_eq!(night("2026-11-05T22:30:00Z"), Some(0));
    assert_eq!(night("2026-11-05T23:00:00Z"), Some(1));
    assert_eq!(night("2026-11-05T04:59:00Z"), Some(1));
    assert_eq!(night("2026-11-05T05:00:00Z"), Some(0));
}

#[test]
fn two_hours_or_more_are_extended() {
    let lasting = |readings: usize| {
        let clock = Clock::utc();
        let values: Vec<f64> = [vec![LOW; readings], vec![FINE; 3]].concat();
        report(&every(5, &values), &terms(&clock)).episodes.unwrap().rows[0].extended
    };
    assert_eq!((lasting(23), lasting(24)), (0, 1));
}

#[test]
fn of_episodes_of_one_length_the_first_is_called_the_longest() {
    let clock = Clock::utc();
    let once = [FINE, LOW, LOW, LOW, FINE, FINE];
    let readings = every(5, &[once, once].concat());
    let row = report(&readings, &terms(&clock)).episodes.unwrap().rows.remove(0);
    assert_eq!((row.n, row.longest, row.minutes), (2, Some(15), 30));
    assert_eq!(row.longest_from.as_deref(), Some("2026-11-01T00:05:00Z"));
}
