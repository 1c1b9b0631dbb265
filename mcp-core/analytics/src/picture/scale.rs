//! From figures to places, and the round numbers between.

use std::iter::successors;

/// What lies beyond is no measure of anybody.
const FAR: f64 = 1e9;

/// A straight mapping of figures to places; what lies outside is drawn at the nearer end.
#[derive(Clone, Copy, Debug)]
pub(super) struct Scale {
    pub(super) low: f64,
    pub(super) high: f64,
    pub(super) from: f64,
    pub(super) to: f64,
}

impl Scale {
    pub(super) fn at(self, value: f64) -> f64 {
        let span = self.high - self.low;
        let share = if span > 0.0 { ((value - self.low) / span).clamp(0.0, 1.0) } else { 0.5 };
        self.from + share * (self.to - self.from)
    }
}

/// A figure that can be drawn.
pub(super) fn drawable(value: f64) -> Option<f64> {
    (value.is_finite() && value.abs() <= FAR).then_some(value)
}

/// A count as a number.
#[expect(clippy::cast_precision_loss, reason = "counts are far below 2^52")]
pub(super) const fn count(n: usize) -> f64 {
    n as f64
}

/// The least and the greatest of some figures.
pub(super) fn ends(values: impl Iterator<Item = f64>) -> Option<(f64, f64)> {
    values.fold(None, |ends, value| {
        Some(
            ends.map_or((value, value), |(low, high): (f64, f64)| {
                (low.min(value), high.max(value))
            }),
        )
    })
}

/// A round step, one, two or five of a power of ten, that divides a span into about so many parts.
pub(super) fn step(span: f64, parts: f64) -> f64 {
    let rough = span / parts;
    if !rough.is_finite() || rough <= 1e-9 {
        return 1.0;
    }
    let unit = 10_f64.powf(rough.log10().floor());
    let steps = [1.0, 2.0, 5.0].into_iter().map(|times| times * unit);
    steps.into_iter().find(|step| *step >= rough * 0.999).unwrap_or(10.0 * unit)
}

/// The span that covers two figures and begins and ends on a round step.
pub(super) fn rounded_out(low: f64, high: f64, parts: f64) -> (f64, f64) {
    let (low, high) = if high - low > 1e-6 {
        (low, high)
    } else {
        let room = (low.abs() * 0.05).max(1.0);
        (low - room, high + room)
    };
    let step = step(high - low, parts);
    ((low / step).floor() * step, (high / step).ceil() * step)
}

/// Round numbers from `low` to `high`, and how many decimals they need.
pub(super) fn ticks(low: f64, high: f64, parts: f64) -> (Vec<f64>, usize) {
    const MOST: usize = 20;
    let step = step(high - low, parts);
    let decimals = (0..9).find(|decimals| step >= 0.999 * 10_f64.powi(-decimals)).unwrap_or(9);
    let each = successors(Some((low / step - 1e-6).ceil()), |at| Some(at + 1.0));
    let ticks = each.map(|at| at * step).take_while(|at| *at <= high + step * 1e-6);
    (ticks.take(MOST).collect(), usize::try_from(decimals).unwrap_or_default())
}
