//! Shares in per cent that add up to one hundred as they are shown.

use crate::figure::Figure;
use crate::summary::count;

/// Each count's share of their sum, in per cent to one decimal. The shares add up to 100.0: each is cut
/// to tenths, and the tenths that are missing go to those that lost most by the cut (largest remainder),
/// the first of equals first. All are zero where there is nothing.
pub(crate) fn shares(counts: &[usize]) -> Vec<Figure> {
    let whole: usize = counts.iter().sum();
    if whole == 0 {
        return counts.iter().map(|_| Figure::new(0.0, 1)).collect();
    }
    let mut tenths: Vec<usize> = counts.iter().map(|part| part * 1000 / whole).collect();
    let missing = 1000 - tenths.iter().sum::<usize>();
    let mut losers: Vec<usize> = (0..counts.len()).collect();
    losers
        .sort_by_key(|at| std::cmp::Reverse(counts.get(*at).map_or(0, |part| part * 1000 % whole)));
    for at in losers.into_iter().take(missing) {
        if let Some(tenth) = tenths.get_mut(at) {
            *tenth += 1;
        }
    }
    tenths.into_iter().map(|tenths| Figure::new(count(tenths) / 10.0, 1)).collect()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn shown(counts: &[usize]) -> Vec<f64> {
        shares(counts).into_iter().map(Figure::value).collect()
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
