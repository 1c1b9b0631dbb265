//! The expected numbers are those of numpy 2.4 and scipy 1.17: `linregress(x, y)` and
//! `theilslopes(y, x, 0.95, method='separate')`.

use super::*;

fn close(found: f64, expected: f64) -> bool {
    (found - expected).abs() <= 1e-9 * expected.abs().max(1.0)
}

fn dots(x: &[f64], y: &[f64]) -> Vec<(f64, f64)> {
    x.iter().copied().zip(y.iter().copied()).collect()
}

/// Slope, intercept, r2, then slope, low, high.
#[track_caller]
fn agree(xy: &[(f64, f64)], least: [f64; 3], robust: [f64; 3]) {
    let fit = least_squares(xy).unwrap();
    let found = [fit.slope, fit.intercept, fit.r2.unwrap()];
    assert!(found.iter().zip(least).all(|(found, expected)| close(*found, expected)), "{found:?}");
    let found = theil_sen(xy).unwrap();
    let (low, high) = found.interval.unwrap();
    let found = [found.slope, low, high];
    assert!(found.iter().zip(robust).all(|(found, expected)| close(*found, expected)), "{found:?}");
}

#[test]
fn lines_through_a_weight_with_one_wild_reading_are_those_of_scipy() {
    let xy = dots(
        &[0.0, 1.0, 2.0, 3.5, 5.0, 7.0, 8.0, 11.0, 12.0, 14.0],
        &[82.4, 82.1, 82.6, 81.9, 81.5, 81.7, 80.2, 80.9, 95.0, 79.8],
    );
    agree(
        &xy,
        [0.204_741_227_555_451_32, 81.509_893_205_022_88, 0.051_734_200_649_045_04],
        [-0.149_999_999_999_998_58, -0.271_428_571_428_570_2, 0.099_999_999_999_994_32],
    );
}

#[test]
fn ties_in_time_and_in_number_lessen_the_variance_as_in_scipy() {
    let xy = dots(
        &[0.0, 0.0, 1.0, 1.0, 2.0, 3.0, 3.0, 4.0, 5.0, 6.0, 6.0, 7.0],
        &[5.0, 6.0, 5.0, 5.0, 7.0, 6.0, 6.0, 8.0, 8.0, 7.0, 9.0, 8.0],
    );
    agree(
        &xy,
        [0.467_005_076_142_131_94, 5.187_817_258_883_249, 0.692_975_274_275_421_5],
        [0.5, 0.2, 0.75],
    );
}

#[test]
fn lines_through_a_thousand_readings_are_those_of_scipy() {
    // The C standard's example generator, seed 7, modulo 2^31; y = 100 + (bits 16.. mod 200) / 10 + x / 2.
    let mut state: u64 = 7;
    let mut xy = Vec::new();
    for reading in 0..1_000_u16 {
        state = (state * 1_103_515_245 + 12_345) % (1 << 31);
        let noise = f64::from(u32::try_from((state >> 16) % 200).unwrap()) / 10.0;
        let x = f64::from(reading) / 288.0;
        xy.push((x, 100.0 + noise + 0.5 * x));
    }
    agree(
        &xy,
        [0.323_054_869_454_869_6, 110.304_789_210_789_22, 0.003_129_324_484_531_541_4],
        [0.325_065_795_622_803_36, -0.041_353_383_458_652_6, 0.681_703_470_031_541_2],
    );
}

#[test]
fn three_readings_have_the_widest_interval_that_there_is() {
    let found = theil_sen(&dots(&[0.0, 1.0, 2.0], &[4.0, 5.0, 4.0])).unwrap();
    assert_eq!(found, Robust { slope: 0.0, interval: Some((-1.0, 1.0)) });
}

#[test]
fn ties_that_leave_no_variance_leave_no_interval() {
    let found = theil_sen(&dots(&[0.0, 0.0, 1.0], &[4.0, 4.0, 4.0])).unwrap();
    assert_eq!(found, Robust { slope: 0.0, interval: None });
}

#[test]
fn equal_numbers_have_slope_zero_to_the_last_bit_and_no_share_explained() {
    // Their mean is not 0.1.
    let xy = dots(&[0.0, 1.0, 2.0], &[0.1, 0.1, 0.1]);
    assert_eq!(least_squares(&xy), Some(Fit { slope: 0.0, intercept: 0.1, r2: None }));
}

#[test]
fn one_time_alone_has_no_line() {
    let xy = dots(&[1.0, 1.0], &[1.0, 2.0]);
    assert_eq!((least_squares(&xy), theil_sen(&xy)), (None, None));
}

#[test]
fn a_slope_beyond_all_numbers_is_none() {
    let xy = dots(&[0.0, 1e-10, 1.0], &[-1e308, 1e308, 0.0]);
    assert_eq!((least_squares(&xy), theil_sen(&xy)), (None, None));
}
