use jiff::{SignedDuration, Timestamp};
use proptest::prelude::*;
use serde_json::json;

use super::*;
use crate::clock::Clock;
use crate::frame::Zone;

fn pressure(at: &str, systolic: f64, diastolic: f64) -> Pressure {
    Pressure { at: at.parse().unwrap(), systolic, diastolic }
}

/// Readings every eleven hours.
fn made() -> Vec<Pressure> {
    let first: Timestamp = "2026-03-20T05:30:00Z".parse().unwrap();
    (0..60)
        .map(|i| Pressure {
            at: first + SignedDuration::from_hours(11 * i64::from(i)),
            systolic: f64::from(110 + i * 37 % 61),
            diastolic: f64::from(65 + i * 23 % 41),
        })
        .collect()
}

fn shown(readings: &[Pressure], frame: &Frame, scheme: Scheme) -> serde_json::Value {
    serde_json::to_value(report(readings, frame, scheme)).unwrap()
}

#[test]
fn figures_are_those_that_numpy_computes_across_a_change_of_the_clocks() {
    let frame = Frame::berlin_between("2026-03-25", "2026-04-10");
    let shown = shown(&made(), &frame, Scheme::AccAha2017);
    assert_eq!(
        shown["period"],
        json!({"zone": "Europe/Berlin", "zone_given": true, "from": "2026-03-25", "to": "2026-04-10",
            "days_in_window": 17, "days_with_data": 17, "outside_window": 23, "first_day": "2026-03-25",
            "last_day": "2026-04-10"})
    );
    assert_eq!((&shown["n"], &shown["impossible"]), (&json!(37), &json!(0)));
    assert_eq!(
        shown["bands"],
        json!([
            {"band": "normal", "range": "<120 and <80", "n": 3, "percent": 8.1},
            {"band": "elevated", "range": "120-129 and <80", "n": 2, "percent": 5.4},
            {"band": "stage_1", "range": "130-139 or 80-89", "n": 7, "percent": 18.9},
            {"band": "stage_2", "range": ">=140 or >=90", "n": 25, "percent": 67.6},
            {"band": "urgent", "range": ">180 or >120", "n": 0, "percent": 0},
        ])
    );
    assert_eq!(
        shown["systolic"],
        json!({"n": 37, "mean": 141.1, "sd": 17.5, "min": 111, "p5": 114.6, "p25": 127, "median": 141,
            "p75": 155, "p95": 166.4, "max": 170})
    );
    assert_eq!(
        shown["diastolic"],
        json!({"n": 37, "mean": 84.9, "sd": 11.9, "min": 65, "p5": 67.6, "p25": 75, "median": 84,
            "p75": 95, "p95": 102.4, "max": 105})
    );
    assert_eq!(
        shown["average"],
        json!({"n": 37, "days": 17, "systolic": 141.1, "diastolic": 84.9, "band": "stage_2"})
    );
    assert_eq!(
        shown["by_part_of_day"],
        json!([
            {"part": "night", "n": 9, "days": 9, "systolic": 142.9, "diastolic": 84.9},
            {"part": "morning", "n": 9, "days": 9, "systolic": 137, "diastolic": 85.9},
            {"part": "afternoon", "n": 9, "days": 9, "systolic": 141.7, "diastolic": 83.4},
            {"part": "evening", "n": 10, "days": 10, "systolic": 142.5, "diastolic": 85.2},
        ])
    );
    assert_eq!(
        shown["last"],
        json!({"at": "2026-04-10T18:30:00Z", "day": "2026-04-10", "systolic": 141, "diastolic": 80,
            "band": "stage_2"})
    );
}

#[test]
fn the_same_readings_have_other_bands_by_another_scheme() {
    let frame = Frame::berlin_between("2026-03-25", "2026-04-10");
    let shown = shown(&made(), &frame, Scheme::Esc2024);
    assert_eq!(shown["scheme"], "esc_2024");
    assert_eq!(
        shown["bands"],
        json!([
            {"band": "non_elevated", "range": "<120 and <70", "n": 0, "percent": 0},
            {"band": "elevated", "range": "120-139 or 70-89", "n": 12, "percent": 32.4},
            {"band": "hypertension_range", "range": ">=140 or >=90", "n": 25, "percent": 67.6},
        ])
    );
}

#[test]
fn a_scheme_is_named_as_its_guideline_and_no_report_speaks_of_a_diagnosis_but_to_deny_it() {
    for (scheme, name) in [(Scheme::AccAha2017, "acc_aha_2017"), (Scheme::Esc2024, "esc_2024")] {
        assert_eq!(serde_json::to_value(scheme).unwrap(), name);
        let shown = shown(&made(), &Frame::berlin(), scheme).to_string();
        assert_eq!(shown.matches("diagnosis").count(), 1);
        assert_eq!(shown.matches("which is no diagnosis").count(), 1);
    }
}

#[test]
fn an_average_is_placed_only_from_two_readings_on_two_days() {
    let placed = |readings: &[Pressure]| {
        let average = report(readings, &Frame::berlin(), Scheme::AccAha2017).average.unwrap();
        (average.band, average.not_placed)
    };
    let first = pressure("2026-11-01T08:00:00Z", 128.0, 78.0);
    let too_few = (None, Some(NotPlaced::TooFewReadingsOrDays));
    assert_eq!(placed(&[first]), too_few);
    // Two readings, but of one local day: 23:30 and 00:30 in UTC are both of the second in Berlin.
    let same_day = [
        pressure("2026-11-01T23:30:00Z", 128.0, 78.0),
        pressure("2026-11-02T00:30:00Z", 132.0, 78.0),
    ];
    assert_eq!(placed(&same_day), too_few);
    let second = pressure("2026-11-02T08:00:00Z", 132.0, 78.0);
    assert_eq!(placed(&[first, second]), (Some(Band::Stage1), None));
    let written = serde_json::to_value(too_few.1).unwrap();
    assert_eq!(written, "too_few_readings_or_days");
}

#[test]
fn an_average_is_in_the_band_of_the_numbers_that_are_shown() {
    let readings = [
        pressure("2026-11-01T08:00:00Z", 129.9, 70.0),
        pressure("2026-11-02T08:00:00Z", 130.0, 70.0),
        pressure("2026-11-03T08:00:00Z", 130.0, 70.0),
    ];
    let average = report(&readings, &Frame::berlin(), Scheme::AccAha2017).average.unwrap();
    assert!(
        (average.average.systolic.value() - 130.0).abs() < f64::EPSILON,
        "129.97 is shown as 130"
    );
    assert_eq!(average.band, Some(Band::Stage1));
}

#[test]
fn impossible_readings_are_kept_and_counted_and_their_average_is_not_placed() {
    let good = pressure("2026-11-01T08:00:00Z", 120.0, 80.0);
    for (systolic, diastolic) in
        [(80.0, 120.0), (120.0, 120.0), (120.0, 0.0), (0.0, -1.0), (300.5, 80.0), (-120.0, -130.0)]
    {
        let odd = pressure("2026-11-02T08:00:00Z", systolic, diastolic);
        let report = report(&[good, odd], &Frame::berlin(), Scheme::AccAha2017);
        assert_eq!((report.n, report.impossible), (2, 1), "{systolic}/{diastolic}");
        let average = report.average.unwrap();
        assert_eq!(average.average.systolic, Figure::new(f64::midpoint(120.0, systolic), 1));
        assert_eq!((average.band, average.not_placed), (None, Some(NotPlaced::ImpossibleReadings)));
    }
    assert!(pressure("2026-11-01T08:00:00Z", 300.0, 299.0).is_possible());
}

#[test]
fn of_readings_of_the_same_instant_the_worse_is_the_last() {
    let at = "2026-11-01T08:00:00Z";
    for better in [pressure(at, 118.0, 95.0), pressure(at, 150.0, 70.0)] {
        let mut readings = vec![pressure(at, 150.0, 95.0), better];
        for _ in 0..2 {
            readings.reverse();
            let last = report(&readings, &Frame::berlin(), Scheme::AccAha2017).last.unwrap();
            assert_eq!((last.systolic.value(), last.diastolic.value()), (150.0, 95.0));
        }
    }
}

#[test]
fn without_readings_there_are_counts_of_nothing_and_no_figures() {
    let frame = Frame::new(Clock::utc(), Zone::Assumed);
    let shown = shown(&[], &frame, Scheme::Esc2024);
    assert_eq!((&shown["n"], &shown["period"]["zone_given"]), (&json!(0), &json!(false)));
    for absent in ["systolic", "diastolic", "average", "by_part_of_day", "last"] {
        assert_eq!(shown.get(absent), None, "{absent}");
    }
}

#[test]
fn a_report_of_two_months_is_small() {
    let first: Timestamp = "2026-09-01T05:30:00Z".parse().unwrap();
    let readings: Vec<Pressure> = (0..1440)
        .map(|hour| Pressure {
            at: first + SignedDuration::from_hours(hour),
            systolic: 121.37,
            diastolic: 81.71,
        })
        .collect();
    let frame = Frame::berlin_between("2026-09-01", "2026-10-30");
    let size = shown(&readings, &frame, Scheme::AccAha2017).to_string().len();
    assert!(size <= 2000, "{size}");
}

fn readings() -> impl Strategy<Value = Vec<Pressure>> {
    let reading =
        (0_i64..5_000_000, 40_i32..640, 20_i32..400).prop_map(|(second, twice, other)| {
            let at = Timestamp::from_second(1_774_000_000 + second).unwrap();
            Pressure { at, systolic: f64::from(twice) / 2.0, diastolic: f64::from(other) / 2.0 }
        });
    proptest::collection::vec(reading, 0..40)
}

proptest! {
    #[test]
    fn the_order_of_readings_never_matters(
        (readings, shuffled) in readings().prop_flat_map(|readings| {
            (Just(readings.clone()), Just(readings).prop_shuffle())
        }),
    ) {
        let report = |readings: &[Pressure]| report(readings, &Frame::berlin(), Scheme::AccAha2017);
        prop_assert_eq!(report(&readings), report(&shuffled));
    }

    #[test]
    fn shares_of_bands_add_up_to_one_hundred_and_counts_to_all(readings in readings()) {
        for scheme in [Scheme::AccAha2017, Scheme::Esc2024] {
            let report = report(&readings, &Frame::berlin(), scheme);
            prop_assert_eq!(report.bands.iter().map(|band| band.n).sum::<usize>(), report.n);
            let sum: f64 = report.bands.iter().map(|band| band.percent.value()).sum();
            let expected = if readings.is_empty() { 0.0 } else { 100.0 };
            prop_assert!((sum - expected).abs() < 1e-9, "{}", sum);
        }
    }
}
