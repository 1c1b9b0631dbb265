//! Readings in order of time.

use crate::reading::Point;

/// Readings in order of time, then of number. Holding one is proof that the order in which they came has no
/// say in any figure. What is a copy of what, whole records tell and not their numbers: that is decided by
/// who has the records.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Series {
    points: Vec<Point>,
}

impl Series {
    /// Sorts readings; each of them counts.
    pub fn of(points: &[Point]) -> Self {
        // Zero is zero, whatever its sign.
        let plain = |point: &Point| Point { value: point.value + 0.0, ..*point };
        let mut points: Vec<Point> = points.iter().map(plain).collect();
        points.sort_unstable_by(|a, b| a.at.cmp(&b.at).then(a.value.total_cmp(&b.value)));
        Self { points }
    }

    /// The readings, in order.
    pub fn points(&self) -> &[Point] {
        &self.points
    }

    /// Their numbers, in order of time.
    pub fn values(&self) -> Vec<f64> {
        values(&self.points)
    }
}

/// The numbers of some readings.
pub fn values(points: &[Point]) -> Vec<f64> {
    points.iter().map(|point| point.value).collect()
}

#[cfg(test)]
mod tests;
