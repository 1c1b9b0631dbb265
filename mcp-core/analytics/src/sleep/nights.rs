//! Which episodes of sleep there are, and which of a day is the main one.

use std::cmp::Ordering;
use std::collections::BTreeMap;

use jiff::Timestamp;
use jiff::civil::Date;

use crate::frame::{Frame, seconds};

/// An interval longer than this is no night.
const LONGEST: f64 = 86_400.0;

/// By how many seconds parts may exceed the whole: records are rounded to seconds, or to minutes.
const TOLERANCE: f64 = 60.0;

/// One record of an episode of sleep. Everything but its interval may be unsaid; numbers are finite.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Night {
    /// When the interval began.
    pub start: Timestamp,
    /// When it ended. The episode belongs to the local day of this instant: the day of waking.
    pub end: Timestamp,
    /// Time asleep, in seconds.
    pub total_sleep_s: Option<f64>,
    /// Share of the time that was spent asleep, in per cent, as the record has it.
    pub efficiency_percent: Option<f64>,
    /// Time until sleep began, in seconds.
    pub latency_s: Option<f64>,
    /// Time awake after sleep began, in seconds.
    pub wake_after_onset_s: Option<f64>,
    /// How often the person awoke.
    pub awakenings: Option<f64>,
    /// Time in stages.
    pub stages: Stages,
    /// Whether this was the main sleep of its day.
    pub is_main: Option<bool>,
}

/// Time in stages of sleep, in seconds.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Stages {
    /// Deep sleep.
    pub deep: Option<f64>,
    /// Light sleep.
    pub light: Option<f64>,
    /// Sleep with rapid eye movements.
    pub rem: Option<f64>,
    /// Awake.
    pub awake: Option<f64>,
}

/// What an episode of sleep is to its day.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Role {
    /// The main sleep, because a record says so.
    MainAsSaid,
    /// Taken for the main sleep: no record of the day says which is, and this is the longest of those that
    /// are not said to be another.
    MainAsLongest,
    /// Another episode, which shares no time with the main sleep.
    Nap,
    /// Another record of the time of the main sleep, at least in part.
    Repeat,
}

/// One episode of sleep as a picture shows it.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Episode {
    /// The local day of waking.
    pub day: Date,
    /// What the records of its interval say together.
    pub night: Night,
    /// What it is to its day.
    pub role: Role,
}

/// The episodes of the window, and how many records did not agree with one of the same interval.
pub(super) struct Episodes {
    pub(super) episodes: Vec<Episode>,
    pub(super) conflicting: usize,
}

impl Night {
    /// Time asleep in seconds: as said, or else the sum of deep, light and REM sleep if all three are said.
    /// The interval is time in bed, and never taken for it.
    pub fn asleep(&self) -> Option<f64> {
        let Stages { deep, light, rem, .. } = self.stages;
        self.total_sleep_s.or_else(|| Some(deep? + light? + rem?))
    }

    /// How long its interval is, in seconds.
    pub fn length(&self) -> f64 {
        seconds(self.start, self.end)
    }

    /// Whether its numbers can be true together.
    pub fn is_possible(&self) -> bool {
        let Stages { deep, light, rem, awake } = self.stages;
        let times =
            [self.latency_s, self.wake_after_onset_s, deep, light, rem, awake, self.asleep()];
        let length = self.length();
        let fits = |time: f64| (0.0..=length + TOLERANCE).contains(&time);
        length > 0.0
            && length <= LONGEST
            && times.into_iter().flatten().all(fits)
            && self.efficiency_percent.is_none_or(|percent| (0.0..=100.0).contains(&percent))
            && self.awakenings.is_none_or(|awakenings| awakenings >= 0.0)
    }

    /// The numbers, for an order that does not depend on how records came.
    fn members(&self) -> [Option<f64>; 9] {
        let Stages { deep, light, rem, awake } = self.stages;
        [
            self.total_sleep_s,
            self.efficiency_percent,
            self.latency_s,
            self.wake_after_onset_s,
            self.awakenings,
            deep,
            light,
            rem,
            awake,
        ]
    }

    /// Takes from another record of the same interval what this one does not say; says whether they
    /// contradict each other.
    fn complete(&mut self, other: &Self) -> bool {
        let mut pairs = self.members().into_iter().zip(other.members());
        let differ = |(one, other): (Option<f64>, Option<f64>)| {
            one.zip(other).is_some_and(|(a, b)| a.total_cmp(&b).is_ne())
        };
        let contradicts = pairs.any(differ)
            || self.is_main.zip(other.is_main).is_some_and(|(one, other)| one != other);
        let take = |mine: &mut Option<f64>, theirs: Option<f64>| *mine = mine.or(theirs);
        take(&mut self.total_sleep_s, other.total_sleep_s);
        take(&mut self.efficiency_percent, other.efficiency_percent);
        take(&mut self.latency_s, other.latency_s);
        take(&mut self.wake_after_onset_s, other.wake_after_onset_s);
        take(&mut self.awakenings, other.awakenings);
        take(&mut self.stages.deep, other.stages.deep);
        take(&mut self.stages.light, other.stages.light);
        take(&mut self.stages.rem, other.stages.rem);
        take(&mut self.stages.awake, other.stages.awake);
        self.is_main = self.is_main.or(other.is_main);
        contradicts
    }
}

/// Joins the records of each interval and tells the main sleep of each day of the window.
pub(super) fn episodes(records: &[Night], frame: &Frame) -> Episodes {
    let mut days: BTreeMap<Date, Vec<Night>> = BTreeMap::new();
    let (joined, conflicting) =
        joined(records.iter().filter(|night| frame.day(night.end).is_some()));
    for night in joined {
        days.entry(frame.clock().day(night.end)).or_default().push(night);
    }
    let episodes = days.into_iter().flat_map(|(day, nights)| {
        let main = main(&nights);
        let role = move |night: &Night| role(night, main);
        nights.into_iter().map(move |night| Episode { day, night, role: role(&night) })
    });
    Episodes { episodes: episodes.collect(), conflicting }
}

/// One night for each interval, in order of time. Devices write several records about one night, each with
/// other members; where two give the same member, that of the first in order counts.
fn joined<'a>(records: impl Iterator<Item = &'a Night>) -> (Vec<Night>, usize) {
    let mut sorted: Vec<&Night> = records.collect();
    sorted.sort_by(|one, other| order(one, other));
    let (mut joined, mut conflicting): (Vec<Night>, usize) = (Vec::new(), 0);
    for record in sorted {
        match joined.last_mut().filter(|last| (last.start, last.end) == (record.start, record.end))
        {
            Some(last) => conflicting += usize::from(last.complete(record)),
            None => joined.push(*record),
        }
    }
    (joined, conflicting)
}

/// By time; of the same interval those that say more of their sleep first, and the greater number first.
fn order(one: &Night, other: &Night) -> Ordering {
    let members = || {
        let pairs = one.members().into_iter().zip(other.members());
        pairs.map(|(one, other)| descending(one, other)).find(|order| order.is_ne())
    };
    (one.start, one.end)
        .cmp(&(other.start, other.end))
        .then_with(|| members().unwrap_or(Ordering::Equal))
        .then_with(|| other.is_main.cmp(&one.is_main))
}

fn descending(one: Option<f64>, other: Option<f64>) -> Ordering {
    match (one, other) {
        (Some(one), Some(other)) => other.total_cmp(&one),
        _ => other.is_some().cmp(&one.is_some()),
    }
}

/// The main sleep of a day's nights, which are in order of time: the longest that is said to be, or if none
/// is, the longest that is not said to be another. Of equals the first counts.
fn main(nights: &[Night]) -> Option<(Night, Role)> {
    let longest = |is_main: Option<bool>| {
        let candidates = nights.iter().filter(|night| night.is_main == is_main).rev();
        candidates.max_by(|one, other| one.length().total_cmp(&other.length()))
    };
    let said = longest(Some(true)).map(|night| (*night, Role::MainAsSaid));
    said.or_else(|| longest(None).map(|night| (*night, Role::MainAsLongest)))
}

fn role(night: &Night, main: Option<(Night, Role)>) -> Role {
    match main {
        Some((main, role)) if (main.start, main.end) == (night.start, night.end) => role,
        Some((main, _)) if night.start < main.end && main.start < night.end => Role::Repeat,
        _ => Role::Nap,
    }
}
