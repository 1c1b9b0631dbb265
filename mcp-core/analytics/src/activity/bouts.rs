//! What was done, how hard and for how long.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;
use jiff::civil::Date;
use schemars::JsonSchema;
use serde::Serialize;

use super::record::{Activity, Intensity, total, within};
use super::weeks::{Weeks, weekly, weeks};
use crate::figure::Figure;
use crate::frame::{Frame, Period, seconds};
use crate::overlap;

/// How many names a report gives.
const NAMES: usize = 8;

/// What records of activities amount to.
#[derive(Clone, Debug, PartialEq, Serialize, JsonSchema)]
#[schemars(inline)]
pub struct ActivityReport {
    /// The days and the zone. An activity belongs to the day on which it began.
    pub period: Period,
    /// How many activities.
    pub n: usize,
    /// How many of them say for how many minutes; the others are part of no minutes here.
    pub with_minutes: usize,
    /// Minutes by intensity.
    pub minutes: MinutesByIntensity,
    /// Weeks beside the guideline for adults; absent where no activity says both minutes and intensity.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub weeks: Option<Weeks>,
    /// Distance in metres.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub distance_m: Option<Amount>,
    /// Energy in kilocalories.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub kcal: Option<Amount>,
    /// The names that occur most. They are what a person or a device wrote.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub by_name: Vec<NameCount>,
    /// How many further names there are.
    pub other_names: usize,
    /// How many activities share time with an earlier one (two devices?): they may be counted twice.
    pub overlapping: usize,
    /// How many records have a number less than zero, which is impossible; they are part of every figure
    /// here.
    pub impossible: usize,
}

/// Minutes by intensity.
#[derive(Clone, Debug, PartialEq, Serialize, JsonSchema)]
#[schemars(inline)]
pub struct MinutesByIntensity {
    /// Light.
    pub light: Figure,
    /// Moderate.
    pub moderate: Figure,
    /// Vigorous.
    pub vigorous: Figure,
    /// Of activities that do not say how hard they were.
    pub unstated: Figure,
}

/// A sum, and of how many records.
#[derive(Clone, Debug, PartialEq, Serialize, JsonSchema)]
#[schemars(inline)]
pub struct Amount {
    /// Of how many records.
    pub n: usize,
    /// Their sum.
    pub total: Figure,
}

/// How often a name occurs.
#[derive(Clone, Debug, PartialEq, Serialize, JsonSchema)]
#[schemars(inline)]
pub struct NameCount {
    /// The name: free text.
    pub name: String,
    /// How many activities.
    pub n: usize,
    /// Their minutes, where any say.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub minutes: Option<Figure>,
}

/// What the activities of the window amount to.
pub fn report(activities: &[Activity], frame: &Frame) -> ActivityReport {
    let within = within(activities, frame);
    let days: BTreeSet<Date> =
        within.iter().map(|activity| frame.clock().day(activity.start)).collect();
    let minutes = |intensity| {
        let of = within.iter().filter(|activity| activity.intensity == intensity);
        Figure::new(total(of.filter_map(|activity| activity.minutes)), 1)
    };
    let (by_name, other_names) = by_name(&within);
    ActivityReport {
        period: frame.period(&days, activities.len() - within.len()),
        n: distinct(within.iter().copied()),
        with_minutes: distinct(within.iter().filter(|one| one.minutes.is_some()).copied()),
        minutes: MinutesByIntensity {
            light: minutes(Some(Intensity::Light)),
            moderate: minutes(Some(Intensity::Moderate)),
            vigorous: minutes(Some(Intensity::Vigorous)),
            unstated: minutes(None),
        },
        weeks: weeks(&weekly(activities, frame)),
        distance_m: amount(within.iter().filter_map(|activity| activity.distance_m), 0),
        kcal: amount(within.iter().filter_map(|activity| activity.kcal), 0),
        by_name,
        other_names,
        overlapping: overlapping(&within),
        impossible: within.iter().filter(|activity| is_impossible(activity)).count(),
    }
}

/// What makes records parts of one activity: name and times.
type Key<'a> = (Option<&'a str>, Timestamp, Timestamp);

fn key(activity: &Activity) -> Key<'_> {
    (activity.name.as_deref(), activity.start, activity.end)
}

fn keys<'a>(activities: impl Iterator<Item = &'a Activity>) -> BTreeSet<Key<'a>> {
    activities.map(key).collect()
}

fn distinct<'a>(activities: impl Iterator<Item = &'a Activity>) -> usize {
    keys(activities).len()
}

/// How many activities share time with an earlier one, or say again what one of the same name and times
/// says of the same intensity.
fn overlapping(within: &[&Activity]) -> usize {
    let times = keys(within.iter().copied()).into_iter().map(|(_, start, end)| (start, end));
    let said: BTreeSet<(Key<'_>, Option<Intensity>)> =
        within.iter().map(|activity| (key(activity), activity.intensity)).collect();
    overlap::shared(times).len() + (within.len() - said.len())
}

fn amount(numbers: impl Iterator<Item = f64>, decimals: usize) -> Option<Amount> {
    let numbers: Vec<f64> = numbers.collect();
    let total = Figure::new(total(numbers.iter().copied()), decimals);
    (!numbers.is_empty()).then_some(Amount { n: numbers.len(), total })
}

fn is_impossible(activity: &Activity) -> bool {
    let numbers = [activity.minutes, activity.distance_m, activity.kcal];
    numbers.into_iter().flatten().any(|number| number < 0.0)
        || seconds(activity.start, activity.end) < 0.0
}

/// The names that occur most (of equals the first in order of letters), and how many others there are.
fn by_name(within: &[&Activity]) -> (Vec<NameCount>, usize) {
    let mut named: BTreeMap<&str, Vec<&Activity>> = BTreeMap::new();
    for activity in within {
        if let Some(name) = &activity.name {
            named.entry(name).or_default().push(activity);
        }
    }
    let mut counts: Vec<NameCount> = named
        .into_iter()
        .map(|(name, activities)| NameCount {
            name: name.to_owned(),
            n: distinct(activities.iter().copied()),
            minutes: amount(activities.iter().filter_map(|activity| activity.minutes), 1)
                .map(|amount| amount.total),
        })
        .collect();
    counts.sort_by_key(|count| std::cmp::Reverse(count.n));
    let others = counts.len().saturating_sub(NAMES);
    counts.truncate(NAMES);
    (counts, others)
}
