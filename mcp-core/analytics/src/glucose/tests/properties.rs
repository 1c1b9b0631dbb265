//! What holds for all readings.

use proptest::prelude::*;

use super::*;
use crate::summary::count;

const POPULATIONS: [Population; 3] =
    [Population::Type1Type2, Population::OlderHighRisk, Population::PregnancyType1];

/// Up to 300 readings in either unit, as close as a sensor's and around a change of the clocks; some at the
/// time of another.
fn readings() -> impl Strategy<Value = Vec<Glucose>> {
    let tenths = prop_oneof![0..6_500_i32, 500..720_i32, 1_790..1_810_i32, 2_490..2_520_i32];
    let gap = prop::sample::select(vec![0, 1, 5, 5, 5, 5, 10, 15, 15, 50, 400]);
    prop::collection::vec((gap, tenths, any::<bool>()), 1..300).prop_map(|readings| {
        let mut minute = 0;
        let mut reading = |(gap, tenths, is_mg): (i64, i32, bool)| {
            minute += gap;
            let value = f64::from(tenths) / 10.0;
            let mmol = (value / 1.8).round() / 10.0;
            let (value, unit) = if is_mg { (value, MG) } else { (mmol, MMOL) };
            at("2026-10-24T00:00:00Z", minute, value, unit)
        };
        readings.into_iter().map(&mut reading).collect()
    })
}

fn population() -> impl Strategy<Value = Population> {
    prop::sample::select(POPULATIONS.to_vec())
}

/// Whether a number in mg/dL lies where the rounded cut points in mmol/L put it into another band, or too
/// close to say.
fn may_change(value: f64, population: Population) -> bool {
    let (mg, mmol) = (population.cuts(MG), population.cuts(MMOL));
    let pairs = [
        (Some(mg.very_low), Some(mmol.very_low)),
        (Some(mg.low), Some(mmol.low)),
        (Some(mg.high), Some(mmol.high)),
        (mg.very_high, mmol.very_high),
    ];
    pairs.into_iter().any(|pair| match pair {
        (Some(mg), Some(mmol)) => (mg - 1e-9..=mmol * MG_DL_PER_MMOL_L + 1e-9).contains(&value),
        _ => false,
    })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 100, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn shares_add_up_to_100_as_shown(readings in readings(), population in population()) {
        let clock = berlin();
        let report = report(&readings, &Terms { population, ..terms(&clock) });
        let shown = report.bands.rows.iter().map(|row| row.percent.value());
        let tenths: f64 = shown.map(|share| (share * 10.0).round()).sum();
        prop_assert_eq!(figure(tenths), figure(1_000.0));
        for row in &report.bands.rows {
            let exact = 100.0 * count(row.n) / count(readings.len());
            prop_assert!((row.percent.value() - exact).abs() < 0.1);
        }
        prop_assert_eq!(report.bands.rows.iter().map(|row| row.n).sum::<usize>(), readings.len());
    }

    #[test]
    fn the_order_of_readings_never_matters(readings in readings(), population in population(), turn in 0..300_usize) {
        let clock = berlin();
        let terms = Terms { population, ..terms(&clock) };
        let mut turned: Vec<Glucose> = readings.iter().rev().copied().collect();
        turned.rotate_left(turn % readings.len());
        prop_assert_eq!(report(&readings, &terms), report(&turned, &terms));
    }

    #[test]
    fn a_window_split_and_joined_has_the_same_counts(readings in readings(), population in population(), split in 1..8_i8) {
        let clock = berlin();
        let counts = |window: RangeInclusive<Date>| {
            let terms = Terms { window: Some(window), population, ..terms(&clock) };
            match GlucoseReport::of(&readings, &terms) {
                Ok(report) => report.bands.rows.iter().map(|row| row.n).collect(),
                Err(_) => vec![0; population.bands().len()],
            }
        };
        let first = counts(days("2026-10-24", &format!("2026-10-{}", 24 + split - 1)));
        let second = counts(days(&format!("2026-10-{}", 24 + split), "2026-11-08"));
        let joined: Vec<usize> = first.iter().zip(&second).map(|(one, other)| one + other).collect();
        prop_assert_eq!(joined, counts(days("2026-10-24", "2026-11-08")));
    }

    #[test]
    fn conversion_moves_a_reading_between_the_stated_cut_points_only(tenths in 0..6_500_i32, fine in 0.0..1.0_f64, population in population()) {
        let value = (f64::from(tenths) + fine) / 10.0;
        let own = population.band(&at("2026-11-01T00:00:00Z", 0, value, MG));
        let converted = at("2026-11-01T00:00:00Z", 0, MG.convert(value, MMOL), MMOL);
        if !may_change(value, population) {
            prop_assert_eq!(population.band(&converted), own);
        }
    }

    #[test]
    fn between_the_stated_cut_points_a_converted_reading_falls_one_band_lower(within in 0.05..0.95_f64, population in population()) {
        let (mg, mmol) = (population.cuts(MG), population.cuts(MMOL));
        let highest = mg.very_high.zip(mmol.very_high);
        let cuts = [(mg.very_low, mmol.very_low), (mg.low, mmol.low), (mg.high, mmol.high)];
        for (mg, mmol) in cuts.into_iter().chain(highest) {
            let value = mg + within * (mmol * MG_DL_PER_MMOL_L - mg);
            let own = population.band(&at("2026-11-01T00:00:00Z", 0, value, MG));
            let converted = at("2026-11-01T00:00:00Z", 0, MG.convert(value, MMOL), MMOL);
            prop_assert_eq!(population.band(&converted) as usize + 1, own as usize);
        }
    }

    #[test]
    fn there_and_back_is_the_same_number(value in 0.1..700.0_f64) {
        let back = MMOL.convert(MG.convert(value, MMOL), MG);
        prop_assert!((back - value).abs() < 1e-9);
    }
}
