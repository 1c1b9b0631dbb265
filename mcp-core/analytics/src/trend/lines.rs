//! Two straight lines through numbers.

use crate::summary::{count, mean, percentile, sorted};

/// The 97.5th percentile of the normal distribution: what leaves 2.5 % on either side.
const Z: f64 = 1.959_963_984_540_054;

/// A line of least squares.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Fit {
    pub(super) slope: f64,
    /// Its height at x = 0.
    pub(super) intercept: f64,
    /// Nothing when all y are the same.
    pub(super) r2: Option<f64>,
}

/// The line with the least sum of squared distances in y; nothing when all x are the same, or a sum is
/// beyond what a number can hold.
pub(super) fn least_squares(xy: &[(f64, f64)]) -> Option<Fit> {
    let (xs, ys): (Vec<f64>, Vec<f64>) = xy.iter().copied().unzip();
    let (middle, height) = (mean(&xs)?, mean(&ys)?);
    // Around the middle, so that no digits are lost in the difference of two great sums.
    let (mut xx, mut sum, mut yy) = (0.0, 0.0, 0.0);
    for (x, y) in xy {
        let (across, up) = (x - middle, y - height);
        xx += across * across;
        sum += across * up;
        yy += up * up;
    }
    let first = *ys.first()?;
    // The mean of equal numbers can be off in its last bit, and would make a slope of it.
    if xx > 0.0 && ys.iter().all(|y| y.total_cmp(&first).is_eq()) {
        return Some(Fit { slope: 0.0, intercept: first, r2: None });
    }
    let slope = sum / xx;
    let intercept = height - slope * middle;
    let r2 = (yy > 0.0).then(|| sum * sum / (xx * yy));
    let finite = slope.is_finite() && intercept.is_finite() && r2.is_none_or(f64::is_finite);
    finite.then_some(Fit { slope, intercept, r2 })
}

/// The median of slopes, and the interval around it.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Robust {
    pub(super) slope: f64,
    /// 95 %, low and high; nothing when ties leave no variance to take it from.
    pub(super) interval: Option<(f64, f64)>,
}

/// The median of the slopes between any two numbers of different x, and the 95 % interval of Sen (1968),
/// equation 2.6: with N slopes in order and C = 1.96 times the standard deviation of Kendall's S, the slopes
/// of ranks (N - C) / 2 and (N + C) / 2 + 1, rounded half to even and kept within 1 to N. The variance of S
/// is lessened by tied x and by tied y: (n (n - 1) (2n + 5) - sum over ties of t (t - 1) (2t + 5)) / 18.
/// These are the figures of `scipy.stats.theilslopes`. Nothing when all x are the same, or a slope is
/// beyond what a number can hold.
pub(super) fn theil_sen(xy: &[(f64, f64)]) -> Option<Robust> {
    let mut slopes = Vec::with_capacity(xy.len() * xy.len().saturating_sub(1) / 2);
    for (at, (x, y)) in xy.iter().enumerate() {
        let later = xy.iter().skip(at + 1).filter(|(later, _)| later > x);
        slopes.extend(later.map(|(later, level)| (level - y) / (later - x)));
    }
    slopes.sort_unstable_by(f64::total_cmp);
    let ends_finite = slopes.first()?.is_finite() && slopes.last()?.is_finite();
    let slope = percentile(&slopes, 50.0).filter(|slope| slope.is_finite() && ends_finite)?;
    Some(Robust { slope, interval: interval(&slopes, variance(xy)) })
}

/// Kendall's variance of S times 18, with ties in x and in y.
fn variance(xy: &[(f64, f64)]) -> f64 {
    let (xs, ys): (Vec<f64>, Vec<f64>) = xy.iter().copied().unzip();
    let term = |n: usize| {
        let n = count(n);
        n * (n - 1.0) * (2.0 * n + 5.0)
    };
    // One of a kind adds nothing.
    let ties = |values: &[f64]| -> f64 {
        sorted(values).chunk_by(|a, b| a.total_cmp(b).is_eq()).map(|tied| term(tied.len())).sum()
    };
    term(xy.len()) - ties(&xs) - ties(&ys)
}

fn interval(slopes: &[f64], variance: f64) -> Option<(f64, f64)> {
    let wide = Z * (variance / 18.0).sqrt();
    if wide.is_nan() {
        return None;
    }
    let (half, aside) = (count(slopes.len()) / 2.0, wide / 2.0);
    let last = slopes.len().checked_sub(1)?;
    let low = rank((half - aside).round_ties_even() - 1.0).min(last);
    let high = rank((half + aside).round_ties_even()).min(last);
    Some((*slopes.get(low)?, *slopes.get(high)?))
}

/// A rank from a whole number; zero for one below.
#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "whole, and far below 2^52 as counts of slopes are"
)]
const fn rank(whole: f64) -> usize {
    whole.max(0.0) as usize
}

#[cfg(test)]
mod tests;
