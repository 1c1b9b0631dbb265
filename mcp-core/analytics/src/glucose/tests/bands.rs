//! Where a reading belongs, and how shares are shown.

use super::*;

fn band(value: f64, unit: Unit, population: Population) -> Band {
    population.band(&at("2026-11-01T00:00:00Z", 0, value, unit))
}

#[test]
fn a_reading_on_a_cut_point_and_between_whole_numbers_has_one_band() {
    use Band::{High, InRange, Low, VeryHigh, VeryLow};
    let adults = Population::Type1Type2;
    let mg = [
        (53.0, VeryLow),
        (53.99, VeryLow),
        (54.0, Low),
        (69.0, Low),
        (69.99, Low),
        (70.0, InRange),
        (180.0, InRange),
        (180.01, High),
        (181.0, High),
        (250.0, High),
        (250.01, VeryHigh),
        (251.0, VeryHigh),
        (0.0, VeryLow),
        (-5.0, VeryLow),
    ];
    for (value, expected) in mg {
        assert_eq!(band(value, MG, adults), expected, "{value} mg/dL");
        assert_eq!(band(value, MG, Population::OlderHighRisk), expected, "{value} mg/dL");
    }
    let mmol = [
        (2.9, VeryLow),
        (2.99, VeryLow),
        (3.0, Low),
        (3.89, Low),
        (3.9, InRange),
        (10.0, InRange),
        (10.1, High),
        (13.9, High),
        (13.91, VeryHigh),
    ];
    for (value, expected) in mmol {
        assert_eq!(band(value, MMOL, adults), expected, "{value} mmol/L");
    }
    let pregnant = [
        (53.9, MG, VeryLow),
        (54.0, MG, Low),
        (62.9, MG, Low),
        (63.0, MG, InRange),
        (140.0, MG, InRange),
        (140.1, MG, High),
        (400.0, MG, High),
        (3.4, MMOL, Low),
        (3.5, MMOL, InRange),
        (7.8, MMOL, InRange),
        (7.9, MMOL, High),
        (20.0, MMOL, High),
    ];
    for (value, unit, expected) in pregnant {
        assert_eq!(band(value, unit, Population::PregnancyType1), expected, "{value} {unit:?}");
    }
}

#[test]
fn the_next_tenth_goes_to_the_largest_remainder() {
    // Thirds: 33.3 each leaves one tenth of a percent, which the lowest band gets.
    let counts = Counts::of(&every(5, &[50.0, 60.0, 100.0]), Population::Type1Type2);
    assert_eq!(counts.parts(1_000), [334, 333, 333, 0, 0]);
    // 1 of 6 and 5 of 6: 16.67 and 83.33.
    let counts =
        Counts::of(&every(5, &[60.0, 80.0, 80.0, 80.0, 80.0, 80.0]), Population::Type1Type2);
    assert_eq!(counts.parts(1_000), [0, 167, 833, 0, 0]);
    assert_eq!(Counts::default().parts(1_000), [0; 5], "nothing of nothing");
}

#[test]
fn a_share_is_judged_by_its_exact_count() {
    // 14 days of a reading every 15 minutes; 941 of 1,344 are 70.01 %, 940 are 69.9 %.
    let judged = |in_range: usize| {
        let values: Vec<f64> =
            (0..1_344).map(|n| if n < in_range { 100.0 } else { 200.0 }).collect();
        let clock = Clock::utc();
        let report = report(&every(15, &values), &terms(&clock));
        let row = report.targets.rows.into_iter().next().unwrap();
        (row.percent.unwrap(), row.verdict)
    };
    assert_eq!(judged(941), (figure(70.0), Verdict::Met));
    assert_eq!(judged(940), (figure(69.9), Verdict::NotMet));
    // 70 % exactly is not more than 70 %.
    let values: Vec<f64> = (0..1_350).map(|n| if n < 945 { 100.0 } else { 200.0 }).collect();
    let clock = Clock::utc();
    let row = report(&every(15, &values), &terms(&clock)).targets.rows.remove(0);
    assert_eq!((row.percent.unwrap(), row.verdict), (figure(70.0), Verdict::NotMet));
}

#[test]
fn mixed_units_are_classified_each_by_its_own_and_shown_in_one() {
    // 10.0 mmol/L is in range, though 180.156 mg/dL would be high; 70.1 mg/dL is in range, though 3.89
    // mmol/L would be low.
    let readings = [
        at("2026-11-01T00:00:00Z", 0, 10.0, MMOL),
        at("2026-11-01T00:00:00Z", 5, 70.1, MG),
        at("2026-11-01T00:00:00Z", 10, 90.0, MG),
    ];
    let clock = Clock::utc();
    let mixed = report(&readings, &terms(&clock));
    assert_eq!(mixed.unit, MG, "of most readings");
    assert_eq!(mixed.mixed_units, Some(MixedUnits { mg_dl: 2, mmol_l: 1 }));
    assert_eq!(mixed.bands.rows[2].n, 3);
    // (180.156 + 70.1 + 90) / 3 = 113.4187
    assert_eq!((mixed.figures.mean, mixed.figures.max), (figure(113.4), figure(180.2)));
    assert_eq!(mixed.mg_dl_per_mmol_l, figure(18.015_6));

    let asked = report(&readings, &Terms { unit: Some(MMOL), ..terms(&clock) });
    assert_eq!(asked.bands.rows[2].n, 3, "the unit of the answer moves no reading");
    // (10 + 70.1 / 18.0156 + 90 / 18.0156) / 3 = 6.2956
    assert_eq!((asked.figures.mean, asked.figures.max), (figure(6.3), figure(10.0)));
}

#[test]
fn readings_of_one_unit_are_not_converted() {
    let readings =
        [at("2026-11-01T00:00:00Z", 0, 5.4, MMOL), at("2026-11-01T00:00:00Z", 5, 5.6, MMOL)];
    let clock = Clock::utc();
    let report = report(&readings, &terms(&clock));
    assert_eq!((report.unit, report.mixed_units), (MMOL, None));
    assert_eq!((report.figures.min, report.figures.max), (figure(5.4), figure(5.6)));
}
