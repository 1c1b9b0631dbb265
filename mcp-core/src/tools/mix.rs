//! Single readings and summaries of readings, counted apart: an average among single readings makes
//! any figure over them wrong.

use std::collections::HashSet;

use schemars::JsonSchema;
use serde::Serialize;

use super::envelope::Envelope;
use super::text::clean_option;
use crate::fhir::observation::Observation;
use crate::omh::measure::{self, Statistic};

/// What a record is to a figure over several.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Grain {
    /// One reading.
    Single,
    /// An average, a sum, a maximum, and so on, of several.
    Summary,
    /// Its body cannot be read.
    Unknown,
}

impl Grain {
    /// What this record is.
    pub fn of(point: &Observation) -> Self {
        match point.body.as_ref().map(measure::statistic) {
            None => Self::Unknown,
            Some(None) => Self::Single,
            Some(Some(_)) => Self::Summary,
        }
    }
}

/// How a record sums up readings; nothing for a single reading.
#[derive(Serialize, JsonSchema)]
#[schemars(inline)]
pub struct Summary {
    /// Set for a summary of readings: an average, a sum, a maximum. Never pool it with others.
    #[serde(skip_serializing_if = "Option::is_none")]
    statistic: Option<String>,
    /// What it is counted over; `d` is a day.
    #[serde(skip_serializing_if = "Option::is_none")]
    statistic_over: Option<String>,
}

impl From<Option<Statistic>> for Summary {
    fn from(statistic: Option<Statistic>) -> Self {
        let told = |text: Option<&str>| clean_option(text);
        let over = statistic.as_ref().and_then(|statistic| statistic.over.as_deref());
        Self {
            statistic: told(statistic.as_ref().map(|statistic| statistic.name.as_str())),
            statistic_over: told(over),
        }
    }
}

/// How many are single readings and how many are summaries. Never pool the two.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, JsonSchema)]
#[schemars(inline)]
pub struct Mix {
    /// Single readings.
    single: u64,
    /// Summaries of readings: averages, sums, maxima.
    summaries: u64,
    /// Not read, so either.
    unread: u64,
}

impl Mix {
    /// Counts records.
    pub fn count(grains: impl IntoIterator<Item = Grain>) -> Self {
        let mut mix = Self::default();
        for grain in grains {
            match grain {
                Grain::Single => mix.single += 1,
                Grain::Summary => mix.summaries += 1,
                Grain::Unknown => mix.unread += 1,
            }
        }
        mix
    }

    /// Warns where both occur.
    pub fn warn(self, of: &str, envelope: &mut Envelope) {
        if self.single > 0 && self.summaries > 0 {
            envelope.hint(format!(
                "{of} has single readings and summaries (see statistic): do not pool them."
            ));
        }
    }
}

/// Records of one kind as they come in, each counted once.
#[derive(Debug, Default)]
pub struct Sample {
    seen: HashSet<String>,
    grains: Vec<Grain>,
}

impl Sample {
    /// Takes records; one that was taken before is passed over.
    pub fn take<'a>(&mut self, points: impl IntoIterator<Item = &'a Observation>) {
        for point in points {
            if point.id.as_ref().is_none_or(|id| self.seen.insert(id.clone())) {
                self.grains.push(Grain::of(point));
            }
        }
    }

    /// The mix of `total` records, of which these were read.
    pub fn mix(&self, total: u64) -> Mix {
        let Mix { single, summaries, .. } = Mix::count(self.grains.iter().copied());
        Mix { single, summaries, unread: total.saturating_sub(single + summaries) }
    }
}

#[cfg(test)]
mod tests {
    use base64::Engine as _;
    use base64::engine::general_purpose::STANDARD;
    use serde_json::{Value, json};

    use super::*;

    fn point(id: &str, body: &Value) -> Observation {
        let data = STANDARD.encode(json!({ "body": body, "header": {} }).to_string());
        let resource = json!({
            "resourceType": "Observation", "id": id, "valueAttachment": { "data": data },
        });
        Observation::read(&resource).unwrap()
    }

    fn average() -> Value {
        json!({ "heart_rate": { "value": 60 }, "descriptive_statistic": "average" })
    }

    #[test]
    fn a_summary_is_never_counted_as_a_single_reading_nor_what_cannot_be_read_as_either() {
        let unreadable = Observation { body: None, ..point("3", &json!({})) };
        let points = [point("1", &json!({})), point("2", &average()), unreadable];
        let mix = Mix::count(points.iter().map(Grain::of));
        assert_eq!(mix, Mix { single: 1, summaries: 1, unread: 1 });
    }

    #[test]
    fn a_record_that_comes_in_twice_is_counted_once_and_the_rest_is_unread() {
        let mut sample = Sample::default();
        sample.take(&[point("1", &json!({})), point("2", &average())]);
        sample.take(&[point("2", &average())]);
        assert_eq!(sample.mix(10), Mix { single: 1, summaries: 1, unread: 8 });
    }

    #[test]
    fn only_a_mixture_is_warned_of() {
        let mut envelope = Envelope::default();
        Mix { single: 2, summaries: 0, unread: 5 }.warn("Heart Rate", &mut envelope);
        assert!(envelope.hints.is_empty());
        Mix { single: 2, summaries: 1, unread: 0 }.warn("Heart Rate", &mut envelope);
        assert!(envelope.hints[0].starts_with("Heart Rate has"));
    }
}
