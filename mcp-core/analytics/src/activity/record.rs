//! One record of an activity.

use jiff::Timestamp;
use schemars::JsonSchema;
use serde::Serialize;

use crate::frame::Frame;
use crate::summary::sorted;

/// One record of an activity. A record with minutes at several intensities is given as one for each, with
/// the same name and times; it still counts once.
#[derive(Clone, Debug, PartialEq)]
pub struct Activity {
    /// When it began; the activity belongs to this local day.
    pub start: Timestamp,
    /// When it ended.
    pub end: Timestamp,
    /// What it was, in the words of a person or a device, cleaned by the caller.
    pub name: Option<String>,
    /// How many minutes it took, if the record says so. The interval says nothing of it: that of a day's
    /// summary is the whole day.
    pub minutes: Option<f64>,
    /// How hard it was, if the record says so.
    pub intensity: Option<Intensity>,
    /// How far it went, in metres.
    pub distance_m: Option<f64>,
    /// The energy it took, in kilocalories.
    pub kcal: Option<f64>,
}

/// How hard an activity was, in the record's own judgement.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
#[schemars(inline)]
pub enum Intensity {
    /// Light.
    Light,
    /// Moderate.
    Moderate,
    /// Vigorous.
    Vigorous,
}

/// The activities that began on a day of the window.
pub(super) fn within<'a>(activities: &'a [Activity], frame: &Frame) -> Vec<&'a Activity> {
    activities.iter().filter(|activity| frame.day(activity.start).is_some()).collect()
}

/// A sum that does not depend on the order.
pub(super) fn total(numbers: impl Iterator<Item = f64>) -> f64 {
    sorted(&numbers.collect::<Vec<_>>()).iter().sum()
}
