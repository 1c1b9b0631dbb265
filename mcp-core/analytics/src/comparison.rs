//! Several people side by side: each one's own figures, and how far they are apart. Nobody is pooled.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::figure::Figure;
use crate::series::{Series, values};
use crate::summary::{Summary, mean, percentile, sorted};
use crate::window::{Window, inside};

/// What each person is compared with.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
#[schemars(inline)]
pub enum Against {
    /// The first person named.
    First,
    /// Everybody with readings, each counted once: the mean of their means, the median of their medians.
    Group,
}

/// One person's readings, by the id that the answer names.
#[derive(Clone, Copy, Debug)]
pub struct Person<'a> {
    /// Whose they are.
    pub id: &'a str,
    /// The readings, of one kind and unit with everybody else's.
    pub series: &'a Series,
}

/// Several people side by side, none of them pooled.
#[derive(Clone, Debug, PartialEq, Serialize, JsonSchema)]
#[schemars(inline)]
pub struct Comparison {
    /// What each person is compared with.
    pub against: Against,
    /// In the order in which they were asked for.
    pub people: Vec<Compared>,
    /// How many of them have readings.
    pub with_readings: usize,
    /// From the least of their means to the greatest; absent for fewer than two people with readings.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub means: Option<Range>,
    /// From the least of their medians to the greatest.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub medians: Option<Range>,
}

/// One person among several.
#[derive(Clone, Debug, PartialEq, Serialize, JsonSchema)]
#[schemars(inline)]
pub struct Compared {
    /// Whose figures they are.
    pub id: String,
    /// How many readings in the window; with none there are no figures.
    pub n: usize,
    /// The person's own figures.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub summary: Option<Summary>,
    /// This mean less the one compared with, taken before rounding; absent when either has no readings.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub mean_difference: Option<Figure>,
    /// This median less the one compared with, taken before rounding.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub median_difference: Option<Figure>,
}

/// How far people are apart.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, JsonSchema)]
#[schemars(inline)]
pub struct Range {
    /// The least.
    pub least: Figure,
    /// The greatest.
    pub greatest: Figure,
    /// The greatest less the least, taken before rounding.
    pub width: Figure,
}

/// One person's centre, before rounding.
#[derive(Clone, Copy)]
struct Centre {
    mean: f64,
    median: f64,
}

impl Comparison {
    /// Compares people over the same window; without one, over all their readings.
    pub fn of(
        people: &[Person<'_>],
        against: Against,
        window: Option<&Window>,
        decimals: usize,
    ) -> Self {
        let numbers: Vec<Vec<f64>> = people
            .iter()
            .map(|person| inside(person.series, window))
            .map(|points| sorted(&values(points)))
            .collect();
        let centres: Vec<Option<Centre>> =
            numbers.iter().map(|sorted| Centre::of(sorted, sorted)).collect();
        let known: Vec<Centre> = centres.iter().copied().flatten().collect();
        let means: Vec<f64> = known.iter().map(|centre| centre.mean).collect();
        let medians: Vec<f64> = known.iter().map(|centre| centre.median).collect();
        let base = match against {
            Against::First => centres.first().copied().flatten(),
            Against::Group => Centre::of(&sorted(&means), &sorted(&medians)),
        };
        let figure = |value| Figure::new(value, decimals);
        let compared = |((person, sorted), centre): ((&Person<'_>, &Vec<f64>), &Option<Centre>)| {
            let both = centre.zip(base);
            Compared {
                id: person.id.to_owned(),
                n: sorted.len(),
                summary: Summary::of(sorted, decimals),
                mean_difference: both.map(|(own, base)| figure(own.mean - base.mean)),
                median_difference: both.map(|(own, base)| figure(own.median - base.median)),
            }
        };
        Self {
            against,
            people: people.iter().zip(&numbers).zip(&centres).map(compared).collect(),
            with_readings: known.len(),
            means: Range::of(&means, decimals),
            medians: Range::of(&medians, decimals),
        }
    }
}

impl Centre {
    /// The mean of some numbers and the median of some, both sorted; nothing for none.
    fn of(means: &[f64], medians: &[f64]) -> Option<Self> {
        Some(Self { mean: mean(means)?, median: percentile(medians, 50.0)? })
    }
}

impl Range {
    fn of(values: &[f64], decimals: usize) -> Option<Self> {
        let sorted = sorted(values);
        let (least, greatest) = (*sorted.first()?, *sorted.last()?);
        let figure = |value| Figure::new(value, decimals);
        (sorted.len() > 1).then(|| Self {
            least: figure(least),
            greatest: figure(greatest),
            width: figure(greatest - least),
        })
    }
}

#[cfg(test)]
mod tests;
