//! Times of day on the circle of a day, where 23:59 and 00:01 are two minutes apart.

use std::f64::consts::TAU;

use crate::summary::{count, sorted};

/// Seconds of a day as a wall clock shows it. A day on which the clocks change is longer or shorter, but
/// its clock shows these.
const DAY: f64 = 86_400.0;

/// A mean direction shorter than this has no direction: the times are spread evenly round the clock.
const NOWHERE: f64 = 1e-9;

/// The mean and the spread of times of day.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Circle {
    /// How many times.
    pub(super) n: usize,
    /// The circular mean in seconds since midnight: the direction of the sum of the times' unit vectors.
    pub(super) mean: f64,
    /// The circular standard deviation in seconds, sqrt(-2 ln R) as an angle, R being the length of the
    /// mean of the unit vectors (Mardia and Jupp, Directional Statistics, 2000, 2.3). Absent for one time.
    pub(super) deviation: Option<f64>,
}

impl Circle {
    /// Of times in seconds since midnight; nothing for none, or if they have no mean direction.
    pub(super) fn of(times: &[f64]) -> Option<Self> {
        if times.is_empty() {
            return None;
        }
        // In order, so that the last digits do not depend on how the times came.
        let angles: Vec<f64> = sorted(times).iter().map(|time| time / DAY * TAU).collect();
        let n = count(angles.len());
        let sine = angles.iter().map(|angle| angle.sin()).sum::<f64>() / n;
        let cosine = angles.iter().map(|angle| angle.cos()).sum::<f64>() / n;
        let length = sine.hypot(cosine).min(1.0);
        let deviation = (-2.0 * length.ln()).max(0.0).sqrt() / TAU * DAY;
        (length > NOWHERE).then(|| Self {
            n: angles.len(),
            mean: (sine.atan2(cosine) / TAU * DAY).rem_euclid(DAY),
            deviation: (angles.len() > 1).then_some(deviation),
        })
    }

    /// The mean as a clock shows it, to the nearest minute.
    pub(super) fn shown(&self) -> String {
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "a time of day is between 0 and 1440 minutes"
        )]
        let minutes = (self.mean / 60.0).round() as u32 % 1440;
        format!("{:02}:{:02}", minutes / 60, minutes % 60)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn circle(times: &[(f64, f64)]) -> Circle {
        let times: Vec<f64> = times.iter().map(|(h, m)| h * 3600.0 + m * 60.0).collect();
        Circle::of(&times).unwrap()
    }

    #[test]
    fn the_mean_of_times_around_midnight_is_around_midnight() {
        assert_eq!(circle(&[(23.0, 50.0), (0.0, 10.0)]).shown(), "00:00");
        assert_eq!(circle(&[(22.0, 0.0), (23.0, 0.0), (1.0, 30.0)]).shown(), "23:29");
    }

    #[test]
    fn figures_are_those_that_numpy_computes() {
        let circle = circle(&[(22.0, 0.0), (23.0, 0.0), (1.0, 30.0)]);
        assert!((circle.mean / 60.0 - 1_408.911_535_618).abs() < 1e-6, "{}", circle.mean / 60.0);
        let deviation = circle.deviation.unwrap() / 60.0;
        assert!((deviation - 89.154_684_971_3).abs() < 1e-6, "{deviation}");
    }

    #[test]
    fn one_time_has_no_spread_and_opposite_times_have_no_mean() {
        assert_eq!(circle(&[(7.0, 0.0)]).deviation, None);
        assert_eq!(Circle::of(&[]), None);
        assert_eq!(Circle::of(&[6.0 * 3600.0, 18.0 * 3600.0]), None);
    }
}
