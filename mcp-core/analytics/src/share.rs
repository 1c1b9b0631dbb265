//! Shares that add up to the whole as they are shown.

use crate::figure::Figure;
use crate::summary::count;

/// Each count's part of a whole of so many parts (1,000 for tenths of a percent), by the method of
/// largest remainders: they add up to the whole, and of equal remainders the first is served first. All
/// are zero where there is nothing.
pub(crate) fn parts(counts: &[usize], whole: usize) -> Vec<usize> {
    let total: usize = counts.iter().sum();
    if total == 0 {
        return vec![0; counts.len()];
    }
    let mut parts: Vec<usize> = counts.iter().map(|n| n * whole / total).collect();
    let mut order: Vec<(usize, usize)> =
        counts.iter().map(|n| n * whole % total).enumerate().collect();
    order.sort_by_key(|(_, remainder)| std::cmp::Reverse(*remainder));
    let missing = whole - parts.iter().sum::<usize>();
    for (place, _) in order.into_iter().take(missing) {
        if let Some(part) = parts.get_mut(place) {
            *part += 1;
        }
    }
    parts
}

/// Tenths of a percent as a figure in percent.
pub(crate) fn tenths(parts: usize) -> Figure {
    Figure::new(count(parts) / 10.0, 1)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn shown(counts: &[usize]) -> Vec<f64> {
        parts(counts, 1_000).into_iter().map(|part| tenths(part).value()).collect()
    }

    #[test]
    fn the_missing_tenth_goes_to_the_largest_remainder() {
        assert_eq!(shown(&[1, 1, 1]), [33.4, 33.3, 33.3]);
        assert_eq!(shown(&[1, 5, 0]), [16.7, 83.3, 0.0]);
        assert_eq!(shown(&[2, 2, 3]), [28.6, 28.6, 42.8], "28.571, 28.571 and 42.857");
        assert_eq!(shown(&[0, 0]), [0.0, 0.0]);
    }

    proptest! {
        #[test]
        fn shares_add_up_to_one_hundred(counts in proptest::collection::vec(0_usize..5000, 1..8)) {
            let sum: f64 = shown(&counts).iter().sum();
            let expected = if counts.iter().all(|n| *n == 0) { 0.0 } else { 100.0 };
            prop_assert!((sum - expected).abs() < 1e-9, "{sum}");
        }
    }
}
