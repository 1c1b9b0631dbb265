//! Episodes of hypo- and hyperglycaemia.
//!
//! An episode begins with 15 minutes or more beyond a threshold without a break (Danne et al., Diabetes
//! Care 2017;40:1631, table 1) and ends when 15 minutes or more on the other side of it begin (as iglu and
//! cgmguru have it after Battelino et al., Lancet Diabetes Endocrinol 2023;11:42). Hypoglycaemia of 120
//! minutes is called prolonged there; of hyperglycaemia such episodes are counted too, without a name.
//!
//! Rules of our own, where no paper has one: a reading counts until the next; stretches are compared to
//! the nearest minute, since sensors' clocks jitter by seconds; a gap of more than 45 minutes (iglu's
//! limit) ends an episode, and the reading before it counts for one median gap; minutes of an episode
//! include recoveries of less than 15 minutes within it. In pregnancy the thresholds are the same.

use jiff::Timestamp;
use schemars::JsonSchema;
use serde::Serialize;

use super::table::row;
use super::wear::seconds;
use super::{Glucose, Unit};
use crate::clock::{Clock, PartOfDay};

/// The least minutes that begin an episode, and that end one.
const LEAST: u64 = 15;
/// Minutes from which an episode is extended.
const EXTENDED: u64 = 120;
/// Seconds without a reading that end an episode.
const GAP: f64 = 45.0 * 60.0;

/// What an episode is beyond.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, JsonSchema)]
#[schemars(inline)]
pub enum Threshold {
    /// Hypoglycaemia of level 1 and beyond: below 70 mg/dL or 3.9 mmol/L, in pregnancy too.
    #[serde(rename = "below_70")]
    Below70,
    /// Hypoglycaemia of level 2: below 54 mg/dL or 3.0 mmol/L.
    #[serde(rename = "below_54")]
    Below54,
    /// Hyperglycaemia of level 2: above 250 mg/dL or 13.9 mmol/L.
    #[serde(rename = "above_250")]
    Above250,
}

row! {
    /// The episodes beyond one threshold.
    pub struct EpisodeRow {
        /// The threshold, in mg/dL; each reading is held against that of its own unit.
        pub of: Threshold,
        /// How many episodes. One below 54 is also, or is part of, one below 70.
        pub n: usize,
        /// How many began from 06:00 to 23:59 local time; null without a time zone.
        pub day: Option<usize>,
        /// How many began from 00:00 to 05:59.
        pub night: Option<usize>,
        /// Minutes of all of them.
        pub minutes: u64,
        /// How many lasted 120 minutes or more.
        pub extended: usize,
        /// How many were ended by a gap of more than 45 minutes or by the last reading, not by recovery.
        pub cut: usize,
        /// Minutes of the longest; null for none.
        pub longest: Option<u64>,
        /// When the longest began (the first of equals), RFC 3339 in UTC.
        pub longest_from: Option<String>,
    }
}

/// One episode.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Episode {
    /// When the first reading beyond the threshold was.
    pub start: Timestamp,
    /// Its length to the nearest minute.
    pub minutes: u64,
    /// A gap or the last reading ended it, not a recovery.
    pub cut: bool,
}

/// Readings in a row on one side of a threshold, each counted until the next.
#[derive(Clone, Copy, Debug)]
struct Stretch {
    beyond: bool,
    start: Timestamp,
    seconds: f64,
    /// After it come more than 45 minutes without a reading, or nothing.
    last: bool,
}

impl Threshold {
    const ALL: [Self; 3] = [Self::Below70, Self::Below54, Self::Above250];

    fn is_beyond(self, reading: &Glucose) -> bool {
        let value = reading.value;
        match (self, reading.unit) {
            (Self::Below70, Unit::MgDl) => value < 70.0,
            (Self::Below70, Unit::MmolL) => value < 3.9,
            (Self::Below54, Unit::MgDl) => value < 54.0,
            (Self::Below54, Unit::MmolL) => value < 3.0,
            (Self::Above250, Unit::MgDl) => value > 250.0,
            (Self::Above250, Unit::MmolL) => value > 13.9,
        }
    }

    /// The episodes in readings that are in order of time and come from a sensor of this median gap, in
    /// seconds.
    pub fn episodes(self, sorted: &[Glucose], gap: f64) -> Vec<Episode> {
        let mut episodes = Vec::new();
        let mut open: Option<(Timestamp, f64, f64)> = None;
        for stretch in self.stretches(sorted, gap) {
            let long = minutes(stretch.seconds) >= LEAST;
            // Of an open episode: its start, its seconds up to the last time beyond, those since.
            open = match (open, stretch.beyond) {
                (None, true) if long => Some((stretch.start, stretch.seconds, 0.0)),
                (None, _) => None,
                (Some((start, lasted, since)), true) => {
                    Some((start, lasted + since + stretch.seconds, 0.0))
                }
                (Some((start, lasted, _)), false) if long => {
                    episodes.push(Episode { start, minutes: minutes(lasted), cut: false });
                    None
                }
                (Some((start, lasted, since)), false) => {
                    Some((start, lasted, since + stretch.seconds))
                }
            };
            if stretch.last
                && let Some((start, lasted, _)) = open.take()
            {
                episodes.push(Episode { start, minutes: minutes(lasted), cut: true });
            }
        }
        episodes
    }

    fn stretches(self, sorted: &[Glucose], gap: f64) -> Vec<Stretch> {
        let mut stretches: Vec<Stretch> = Vec::new();
        let next = sorted.iter().skip(1).map(Some).chain([None]);
        for (reading, next) in sorted.iter().zip(next) {
            let until = next.map(|next| seconds(reading.at, next.at)).filter(|until| *until <= GAP);
            let (beyond, held) = (self.is_beyond(reading), until.unwrap_or(gap));
            match stretches.last_mut() {
                Some(stretch) if stretch.beyond == beyond && !stretch.last => {
                    stretch.seconds += held;
                    stretch.last = until.is_none();
                }
                _ => stretches.push(Stretch {
                    beyond,
                    start: reading.at,
                    seconds: held,
                    last: until.is_none(),
                }),
            }
        }
        stretches
    }

    fn row(self, sorted: &[Glucose], gap: f64, clock: Option<&Clock>) -> EpisodeRow {
        let episodes = self.episodes(sorted, gap);
        let night = clock.map(|clock| {
            let at_night =
                |episode: &&Episode| clock.part_of_day(episode.start) == PartOfDay::Night;
            episodes.iter().filter(at_night).count()
        });
        // `max_by_key` keeps the last of equals, so they come in reverse.
        let longest = episodes.iter().rev().max_by_key(|episode| episode.minutes);
        EpisodeRow {
            of: self,
            n: episodes.len(),
            day: night.map(|night| episodes.len() - night),
            night,
            minutes: episodes.iter().map(|episode| episode.minutes).sum(),
            extended: episodes.iter().filter(|episode| episode.minutes >= EXTENDED).count(),
            cut: episodes.iter().filter(|episode| episode.cut).count(),
            longest: longest.map(|episode| episode.minutes),
            longest_from: longest.map(|episode| episode.start.to_string()),
        }
    }
}

/// The episodes beyond each threshold; day and night are told apart by a clock of the person's own zone.
pub(super) fn episodes(sorted: &[Glucose], gap: f64, clock: Option<&Clock>) -> Vec<EpisodeRow> {
    Threshold::ALL.into_iter().map(|threshold| threshold.row(sorted, gap, clock)).collect()
}

#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "a length of time: not negative, and far below 2^52"
)]
fn minutes(seconds: f64) -> u64 {
    (seconds / 60.0).round().max(0.0) as u64
}
