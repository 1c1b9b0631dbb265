//! What is not there is said, and what cannot be is counted.

use super::*;

#[test]
fn without_the_persons_zone_there_is_no_time_of_day() {
    let clock = Clock::utc();
    let report = report(&fortnight(MG), &Terms { zone: Zone::Assumed, ..terms(&clock) });
    assert_eq!(report.profile, None);
    let missing =
        [Part::Profile, Part::DayAndNight].map(|part| LeftOut { part, why: Reason::NoTimeZone });
    assert_eq!(report.left_out, missing);
    let row = &report.episodes.as_ref().unwrap().rows[0];
    assert_eq!((row.n, row.day, row.night), (28, None, None), "the other figures are still given");
}

#[test]
fn readings_outside_the_window_are_in_no_figure_and_counted() {
    let clock = berlin();
    let terms = Terms { window: Some(days("2026-10-22", "2026-10-23")), ..terms(&clock) };
    let report = report(&fortnight(MG), &terms);
    assert_eq!((report.n, report.outside_window), (192, 1_327 - 192), "both ends included");
    assert_eq!(report.wear.first, "2026-10-21T22:00:00Z", "local midnight");
}

#[test]
fn no_readings_are_no_report() {
    let clock = Clock::utc();
    assert_eq!(GlucoseReport::of(&[], &terms(&clock)), Err(Empty { outside_window: 0 }));
    let terms = Terms { window: Some(days("2025-01-01", "2025-01-02")), ..terms(&clock) };
    assert_eq!(GlucoseReport::of(&every(5, &[100.0; 3]), &terms), Err(Empty { outside_window: 3 }));
}

#[test]
fn impossible_values_stay_in_the_figures_and_are_counted() {
    let clock = Clock::utc();
    let mut readings = every(5, &[0.0, -3.0, 19.9, 20.0, 600.0, 600.1, 100.0]);
    readings.extend([1.0, 1.1, 33.3, 33.4].map(|value| at("2026-11-01T01:00:00Z", 0, value, MMOL)));
    let report = report(&readings, &terms(&clock));
    assert_eq!(report.flagged, Flagged { not_positive: 2, implausible: 4 });
    assert_eq!(report.n, 11);
    assert_eq!(report.figures.min, figure(-3.0));
}

#[test]
fn one_reading_has_no_spread_and_nothing_is_judged_by_it() {
    let clock = Clock::utc();
    let report = report(&every(5, &[100.0]), &terms(&clock));
    assert_eq!((report.figures.sd, report.figures.cv_percent), (None, None));
    assert_eq!((report.wear.expected, report.wear.active_percent), (None, None));
    assert_eq!(report.wear.shortfalls, [Shortfall::FewDays, Shortfall::NotASensor]);
    assert!(report.targets.rows.iter().all(|row| row.verdict == Verdict::NotJudged));
    assert!(report.profile.unwrap().rows.is_empty());
}

#[test]
fn an_hour_with_few_readings_has_no_percentiles() {
    let clock = Clock::utc();
    let rows =
        |n: usize| report(&every(5, &vec![100.0; n]), &terms(&clock)).profile.unwrap().rows.len();
    assert_eq!((rows(LEAST_IN_BIN - 1), rows(LEAST_IN_BIN)), (0, 1));
}

#[test]
fn a_picture_gets_finer_bins_of_the_same_day() {
    let clock = berlin();
    let bins = bins(&fortnight(MG), &clock, MG, 30);
    assert_eq!(bins.len(), 48);
    assert_eq!((bins[0].minute, bins[47].minute), (0, 1_410));
    assert_eq!(bins.iter().map(|bin| bin.n).sum::<usize>(), 1_327);
    assert_eq!(bins[4].n, 30, "02:00 came twice on one day");
}

#[test]
fn the_schema_describes_every_member_and_refers_to_nothing() {
    let schema = serde_json::to_value(schemars::schema_for!(GlucoseReport)).unwrap();
    let text = schema.to_string();
    assert!(!text.contains("$ref"), "{text}");
    for (name, member) in schema["properties"].as_object().unwrap() {
        assert!(member["description"].is_string(), "{name}");
    }
    let row = &schema["properties"]["bands"]["properties"]["rows"]["items"];
    assert_eq!(row["type"], "array", "{row}");
}
