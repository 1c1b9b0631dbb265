//! What produced the readings that a figure is computed from.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::Serialize;

use super::load::{Loaded, Reading};
use crate::tools::text::clean;

/// Sources that an answer names; the readings of all others are counted together.
const MOST: usize = 5;

/// One source of readings.
#[derive(Serialize, JsonSchema)]
#[schemars(inline)]
pub struct SourceCount {
    /// Its name, as the records give it; null for records that name none, and for all others together.
    source: Option<String>,
    /// How many of the readings.
    n: usize,
}

/// Readings by their source.
#[derive(Default)]
pub struct Sources(BTreeMap<Option<String>, usize>);

impl Sources {
    /// The sources of all that was loaded.
    pub fn of<T>(loaded: &Loaded<T>) -> Self {
        let mut sources = Self::default();
        sources.credit(&loaded.readings);
        sources.credit(loaded.summaries.iter().map(|(_, reading)| reading));
        sources
    }

    /// Counts these.
    pub fn credit<'r, T: 'r>(&mut self, readings: impl IntoIterator<Item = &'r Reading<T>>) {
        for reading in readings {
            *self.0.entry(reading.source.clone()).or_default() += 1;
        }
    }

    /// The most frequent first.
    pub fn told(self) -> Vec<SourceCount> {
        let told = |(source, n): (Option<String>, usize)| {
            let source = source.as_deref().map(clean);
            SourceCount { source, n }
        };
        let mut named: Vec<SourceCount> = self.0.into_iter().map(told).collect();
        named.sort_by_key(|count| std::cmp::Reverse(count.n));
        let others: usize = named.iter().skip(MOST).map(|count| count.n).sum();
        named.truncate(MOST);
        if others > 0 {
            named.push(SourceCount { source: None, n: others });
        }
        named
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sources_beyond_a_few_are_counted_together() {
        let sources = (0..8_usize).map(|at| (Some(format!("device {at}")), at + 1)).collect();
        let shown = Sources(sources).told();
        assert_eq!(shown.len(), MOST + 1);
        assert_eq!((shown[0].source.as_deref(), shown[0].n), (Some("device 7"), 8));
        assert_eq!((shown[5].source.as_deref(), shown[5].n), (None, 6));
        let all: usize = shown.iter().map(|count| count.n).sum();
        assert_eq!(all, 36, "none is lost");
    }
}
