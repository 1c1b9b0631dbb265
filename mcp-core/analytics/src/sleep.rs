//! Sleep: how long, when and how well, by the main sleep of each local day of waking.

mod circular;
mod nights;
#[cfg(test)]
mod properties;
#[cfg(test)]
mod tests;

use std::collections::BTreeSet;

use jiff::Timestamp;
use jiff::civil::Date;
use schemars::JsonSchema;
use serde::Serialize;

use self::circular::Circle;
pub use self::nights::{Episode, Night, Role, Stages};
use crate::clock::Clock;
use crate::figure::Figure;
use crate::frame::{Frame, Period, middle};
use crate::overlap;
use crate::summary::{Summary, deviation, mean, sorted};

/// What the American Academy of Sleep Medicine and the Sleep Research Society recommend to adults, in
/// seconds: 7 or more hours a night on a regular basis (Watson et al., J Clin Sleep Med 2015;11:591).
const ENOUGH: f64 = 7.0 * 3600.0;

/// What records of sleep amount to.
#[derive(Clone, Debug, PartialEq, Serialize, JsonSchema)]
#[schemars(inline)]
pub struct SleepReport {
    /// The days and the zone. An episode belongs to the local day of waking; days with data are those with
    /// any episode.
    pub period: Period,
    /// Which local day a night belongs to.
    pub day_is: &'static str,
    /// How many records.
    pub records: usize,
    /// How many nights: one main sleep for each day that has one. All figures but those of naps are of these.
    pub nights: usize,
    /// How many nights no record says to be the main sleep: they are taken for it as the longest of their day.
    pub main_as_longest: usize,
    /// Time asleep in minutes, of the nights that say it or all of deep, light and REM sleep.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub asleep_min: Option<Summary>,
    /// How many of these times are the sum of deep, light and REM sleep.
    pub asleep_from_stages: usize,
    /// Nights with less than 7 hours asleep; absent if no night says how long.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub below_7_h: Option<ShortNights>,
    /// Efficiency in per cent, as the records have it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub efficiency_percent: Option<Centre>,
    /// Minutes until sleep began.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub latency_min: Option<Centre>,
    /// Minutes awake after sleep began.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub wake_after_onset_min: Option<Centre>,
    /// How often the person awoke.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub awakenings: Option<Centre>,
    /// Minutes of deep sleep.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub deep_min: Option<Centre>,
    /// Minutes of light sleep.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub light_min: Option<Centre>,
    /// Minutes of REM sleep.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub rem_min: Option<Centre>,
    /// Minutes awake.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub awake_min: Option<Centre>,
    /// When the nights' intervals begin.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub bedtime: Option<ClockTime>,
    /// When they end.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub wake_time: Option<ClockTime>,
    /// Their middle. Its spread is a measure of regularity, the smaller the more regular; it takes more
    /// than a week of nights.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub midpoint: Option<ClockTime>,
    /// Other episodes.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub naps: Option<Naps>,
    /// How many further records are about time of a main sleep, with another interval: neither night nor
    /// nap.
    pub repeats: usize,
    /// How many records contradict one of the same interval; such records are one episode.
    pub conflicting: usize,
    /// How many episodes share time with an earlier one.
    pub overlapping: usize,
    /// How many episodes are impossible: an interval of nothing or of more than a day, a time that is less
    /// than zero or exceeds the interval, or a percentage beyond 0 to 100. They are part of every figure
    /// here.
    pub impossible: usize,
}

/// Nights that are shorter than recommended.
#[derive(Clone, Debug, PartialEq, Serialize, JsonSchema)]
#[schemars(inline)]
pub struct ShortNights {
    /// How many nights.
    pub n: usize,
    /// Of how many that say how long.
    pub of: usize,
    /// Who recommends it, and to whom.
    pub basis: &'static str,
}

/// Count, mean and spread.
#[derive(Clone, Debug, PartialEq, Serialize, JsonSchema)]
#[schemars(inline)]
pub struct Centre {
    /// Of how many nights.
    pub n: usize,
    /// The mean.
    pub mean: Figure,
    /// Standard deviation of a sample (n - 1); absent for one number.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub sd: Option<Figure>,
}

/// A local time of day, computed on the circle of a day.
#[derive(Clone, Debug, PartialEq, Serialize, JsonSchema)]
#[schemars(inline)]
pub struct ClockTime {
    /// Of how many nights.
    pub n: usize,
    /// Circular mean of the local clock times, HH:MM.
    pub mean: String,
    /// Circular standard deviation in minutes; absent for one night.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub sd_min: Option<Figure>,
}

/// Episodes besides the main sleep.
#[derive(Clone, Debug, PartialEq, Serialize, JsonSchema)]
#[schemars(inline)]
pub struct Naps {
    /// How many.
    pub n: usize,
    /// On how many local days.
    pub days: usize,
    /// The mean length of their intervals in minutes.
    pub mean_min: Figure,
}

const BASIS: &str = "AASM and SRS 2015, adults: 7 or more hours a night on a regular basis.";

/// The episodes of the window in order of day and time.
pub fn nights(records: &[Night], frame: &Frame) -> Vec<Episode> {
    nights::episodes(records, frame).episodes
}

/// What the records of the window amount to.
pub fn report(records: &[Night], frame: &Frame) -> SleepReport {
    let nights::Episodes { episodes, conflicting } = nights::episodes(records, frame);
    let all = records.len();
    let records = records.iter().filter(|night| frame.day(night.end).is_some()).count();
    let days: BTreeSet<Date> = episodes.iter().map(|episode| episode.day).collect();
    let having = |role| episodes.iter().filter(move |episode: &&Episode| episode.role == role);
    let mains: Vec<Night> = (episodes.iter())
        .filter(|episode| matches!(episode.role, Role::MainAsSaid | Role::MainAsLongest))
        .map(|episode| episode.night)
        .collect();
    let asleep: Vec<f64> = mains.iter().filter_map(Night::asleep).collect();
    let minutes = |member: fn(&Night) -> Option<f64>| centre(&mains, member, 60.0);
    let time = |instant: fn(&Night) -> Timestamp| clock_time(&mains, instant, frame.clock());
    SleepReport {
        period: frame.period(&days, all - records),
        day_is: "the local day of waking",
        records,
        nights: mains.len(),
        main_as_longest: having(Role::MainAsLongest).count(),
        asleep_min: Summary::of(&asleep.iter().map(|time| time / 60.0).collect::<Vec<_>>(), 1),
        asleep_from_stages: (mains.iter())
            .filter(|night| night.total_sleep_s.is_none() && night.asleep().is_some())
            .count(),
        below_7_h: short_nights(&asleep),
        efficiency_percent: centre(&mains, |night| night.efficiency_percent, 1.0),
        latency_min: minutes(|night| night.latency_s),
        wake_after_onset_min: minutes(|night| night.wake_after_onset_s),
        awakenings: centre(&mains, |night| night.awakenings, 1.0),
        deep_min: minutes(|night| night.stages.deep),
        light_min: minutes(|night| night.stages.light),
        rem_min: minutes(|night| night.stages.rem),
        awake_min: minutes(|night| night.stages.awake),
        bedtime: time(|night| night.start),
        wake_time: time(|night| night.end),
        midpoint: time(|night| middle(night.start, night.end)),
        naps: naps(&having(Role::Nap).collect::<Vec<_>>()),
        repeats: having(Role::Repeat).count(),
        conflicting,
        overlapping: overlap::shared(
            episodes.iter().map(|episode| (episode.night.start, episode.night.end)),
        )
        .len(),
        impossible: episodes.iter().filter(|episode| !episode.night.is_possible()).count(),
    }
}

fn short_nights(asleep: &[f64]) -> Option<ShortNights> {
    let n = asleep.iter().filter(|time| **time < ENOUGH).count();
    (!asleep.is_empty()).then_some(ShortNights { n, of: asleep.len(), basis: BASIS })
}

/// The numbers that the nights say, divided by a unit.
fn centre(nights: &[Night], member: fn(&Night) -> Option<f64>, unit: f64) -> Option<Centre> {
    let numbers: Vec<f64> = nights.iter().filter_map(member).map(|number| number / unit).collect();
    let numbers = sorted(&numbers);
    Some(Centre {
        n: numbers.len(),
        mean: Figure::new(mean(&numbers)?, 1),
        sd: deviation(&numbers).map(|deviation| Figure::new(deviation, 1)),
    })
}

fn clock_time(
    nights: &[Night],
    instant: fn(&Night) -> Timestamp,
    clock: &Clock,
) -> Option<ClockTime> {
    let times: Vec<f64> = nights
        .iter()
        .map(|night| {
            let local = clock.local(instant(night));
            let minutes = i32::from(local.hour()) * 60 + i32::from(local.minute());
            f64::from(minutes * 60 + i32::from(local.second()))
        })
        .collect();
    let circle = Circle::of(&times)?;
    let sd_min = circle.deviation.map(|seconds| Figure::new(seconds / 60.0, 1));
    Some(ClockTime { n: circle.n, mean: circle.shown(), sd_min })
}

fn naps(naps: &[&Episode]) -> Option<Naps> {
    let days: BTreeSet<Date> = naps.iter().map(|episode| episode.day).collect();
    let lengths: Vec<f64> = naps.iter().map(|episode| episode.night.length() / 60.0).collect();
    let mean_min = Figure::new(mean(&sorted(&lengths))?, 1);
    Some(Naps { n: naps.len(), days: days.len(), mean_min })
}
