//! What a bag of numbers amounts to.

use schemars::JsonSchema;
use serde::Serialize;

use crate::figure::Figure;

/// Count, centre, spread and ends of some numbers of one unit.
#[derive(Clone, Debug, PartialEq, Serialize, JsonSchema)]
#[schemars(inline)]
pub struct Summary {
    /// How many numbers.
    pub n: usize,
    /// Arithmetic mean.
    pub mean: Figure,
    /// Standard deviation of a sample (n - 1); absent for one number.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub sd: Option<Figure>,
    /// The least.
    pub min: Figure,
    /// 5th percentile; percentiles are interpolated linearly between the two nearest ranks.
    pub p5: Figure,
    /// 25th percentile.
    pub p25: Figure,
    /// 50th percentile.
    pub median: Figure,
    /// 75th percentile.
    pub p75: Figure,
    /// 95th percentile.
    pub p95: Figure,
    /// The greatest.
    pub max: Figure,
}

impl Summary {
    /// Sums up finite numbers in any order; nothing for none.
    pub fn of(values: &[f64], decimals: usize) -> Option<Self> {
        let sorted = sorted(values);
        let (least, greatest) = (*sorted.first()?, *sorted.last()?);
        let figure = |value| Figure::new(value, decimals);
        let percentile = |share| figure(percentile(&sorted, share).unwrap_or(least));
        Some(Self {
            n: sorted.len(),
            mean: figure(mean(&sorted)?),
            sd: deviation(&sorted).map(figure),
            min: figure(least),
            p5: percentile(5.0),
            p25: percentile(25.0),
            median: percentile(50.0),
            p75: percentile(75.0),
            p95: percentile(95.0),
            max: figure(greatest),
        })
    }
}

/// The numbers in order, so that what is computed from them does not depend on how they came.
pub fn sorted(values: &[f64]) -> Vec<f64> {
    let mut sorted = values.to_vec();
    sorted.sort_unstable_by(f64::total_cmp);
    sorted
}

/// A count as a number.
#[expect(clippy::cast_precision_loss, reason = "counts of readings are far below 2^52")]
pub const fn count(n: usize) -> f64 {
    n as f64
}

/// The arithmetic mean; nothing for none.
pub fn mean(values: &[f64]) -> Option<f64> {
    (!values.is_empty()).then(|| values.iter().sum::<f64>() / count(values.len()))
}

/// The standard deviation of a sample (divided by n - 1); nothing for fewer than two numbers.
pub fn deviation(values: &[f64]) -> Option<f64> {
    if values.len() < 2 {
        return None;
    }
    let mean = mean(values)?;
    let squares: f64 = values.iter().map(|value| (value - mean).powi(2)).sum();
    Some((squares / (count(values.len()) - 1.0)).sqrt())
}

/// A percentile of sorted numbers, 0 to 100: linear between the two nearest ranks, as R's type 7 and
/// numpy's default are (Hyndman and Fan 1996, definition 7). Nothing for no numbers.
pub fn percentile(sorted: &[f64], percent: f64) -> Option<f64> {
    let last = sorted.len().checked_sub(1)?;
    let rank = percent.clamp(0.0, 100.0) / 100.0 * count(last);
    let below = rank.floor();
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "a rank lies between 0 and the last index"
    )]
    let at = below as usize;
    let low = sorted.get(at)?;
    let high = sorted.get(at + 1).unwrap_or(low);
    Some(low + (high - low) * (rank - below))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn figures_are_those_that_numpy_computes() {
        // numpy: mean 4.5, std(ddof=1) 2.449…, percentile 5: 1.35, 25: 2.75, 50: 4.5, 75: 6.25, 95: 7.65
        let summary = Summary::of(&[8.0, 1.0, 2.0, 7.0, 3.0, 6.0, 4.0, 5.0], 2).unwrap();
        let shown = serde_json::to_value(&summary).unwrap();
        let expected = serde_json::json!({"n": 8, "mean": 4.5, "sd": 2.45, "min": 1, "p5": 1.35,
            "p25": 2.75, "median": 4.5, "p75": 6.25, "p95": 7.65, "max": 8});
        assert_eq!(shown, expected);
    }

    #[test]
    fn one_number_has_no_spread_and_none_have_no_summary() {
        assert_eq!(Summary::of(&[], 1), None);
        let one = Summary::of(&[5.0], 1).unwrap();
        assert_eq!((one.n, one.sd, one.p95.value()), (1, None, 5.0));
    }
}
