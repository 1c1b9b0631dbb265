use proptest::prelude::*;

use super::*;
use crate::sample::{at, points, shuffled};

#[test]
fn readings_of_one_time_and_number_are_as_many_as_they_are() {
    let point = |second, value| Point { at: at(second), value };
    let series = Series::of(&[point(60, 5.0), point(0, 1.0), point(60, 5.0)]);
    assert_eq!(series.points(), &[point(0, 1.0), point(60, 5.0), point(60, 5.0)]);
    assert_eq!(series.values(), [1.0, 5.0, 5.0]);
}

#[test]
fn zero_has_no_sign() {
    let series = Series::of(&[Point { at: at(0), value: -0.0 }]);
    assert!(series.points()[0].value.is_sign_positive());
}

proptest! {
    #[test]
    fn the_order_of_readings_never_matters(points in points(40), seed: u64) {
        prop_assert_eq!(Series::of(&points), Series::of(&shuffled(&points, seed)));
    }
}
