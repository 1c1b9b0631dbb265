//! The report as an answer.

use std::ops::RangeInclusive;

use jiff::civil::Date;
use schemars::JsonSchema;
use serde::Serialize;

use super::bands::{BandRow, Counts, Population};
use super::episodes::{EpisodeRow, episodes};
use super::figures::Figures;
use super::profile::{HourRow, hours};
use super::table::Table;
use super::targets::{TargetRow, targets};
use super::wear::{Wear, is_sensor, median_gap, wear};
use super::{Glucose, MG_DL_PER_MMOL_L, Unit};
use crate::clock::Clock;
use crate::figure::Figure;
use crate::frame::Zone;

/// What to say with every report.
const NOTES: &[&str] = &[
    "Percent are of readings, each classified in its own unit.",
    "GMI comes from the sensor's mean; it is not an HbA1c. This is not a diagnosis.",
    "Diabetes Care 2019;42:1593 (bands, targets), 2017;40:1631 (episodes).",
];

/// By what to report.
#[derive(Clone, Debug)]
pub struct Terms<'a> {
    /// In whose zone days are counted.
    pub clock: &'a Clock,
    /// Whether that is the person's own.
    pub zone: Zone,
    /// The first and the last local day, both included; all readings if there is none. A window that
    /// reaches into the future counts as not worn there.
    pub window: Option<RangeInclusive<Date>>,
    /// Whose bands and targets apply.
    pub population: Population,
    /// The unit of the figures; that of the readings if there is none, or where those are mixed, that of
    /// most (mg/dL if there are as many of both).
    pub unit: Option<Unit>,
}

/// Why there is no report.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Empty {
    /// How many readings there are outside the window.
    pub outside_window: usize,
}

/// A report on glucose by the International Consensus on Time in Range.
#[derive(Clone, Debug, PartialEq, Serialize, JsonSchema)]
#[schemars(inline)]
pub struct GlucoseReport {
    /// How many readings it is about.
    pub n: usize,
    /// The unit of all figures of glucose.
    pub unit: Unit,
    /// mg/dL for 1 mmol/L of glucose, used where readings or figures are of another unit.
    pub mg_dl_per_mmol_l: Figure,
    /// How many readings came in which unit, if not all in one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub mixed_units: Option<MixedUnits>,
    /// Whose bands and targets apply.
    pub population: Population,
    /// The IANA zone in which days are counted.
    pub zone: String,
    /// Readings outside the window: not in any figure.
    pub outside_window: usize,
    /// Values that cannot be, or that no sensor reports; they are in every figure.
    pub flagged: Flagged,
    /// Days, gaps, and whether there is enough to judge by.
    pub wear: Wear,
    /// Mean, spread, glucose management indicator.
    pub figures: Figures,
    /// For each band: its name, its ends in the unit of the figures, how many readings, their percent
    /// (which add up to 100.0 as shown).
    pub bands: Table<BandRow>,
    /// For each target: what it is about (totals: below the range includes very low, above it very
    /// high), what is asked in percent, what it was in percent, and whether that is met (judged on exact
    /// counts, if there is enough to judge by).
    pub targets: Table<TargetRow>,
    /// For each threshold, in mg/dL: episodes of 15 minutes or more, each ended by 15 minutes on the
    /// other side or a gap of more than 45: how many, how many began by day (06:00 on) and at night,
    /// their minutes, how many lasted 120 minutes or more, how many a gap or the last reading cut short,
    /// minutes of the longest and when that began (UTC).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub episodes: Option<Table<EpisodeRow>>,
    /// For each local hour of the day: how many readings over all days and their 5th, 25th, 50th, 75th
    /// and 95th percentile. Hours with fewer than 5 readings are left out.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub profile: Option<Table<HourRow>>,
    /// What of the report is missing, and why.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub left_out: Vec<LeftOut>,
    /// How to read it, and by which definitions.
    pub notes: Vec<&'static str>,
}

/// How many readings came in which unit.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, JsonSchema)]
#[schemars(inline)]
pub struct MixedUnits {
    /// In mg/dL.
    pub mg_dl: usize,
    /// In mmol/L.
    pub mmol_l: usize,
}

/// Values not to be believed, kept and counted.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, JsonSchema)]
#[schemars(inline)]
pub struct Flagged {
    /// Zero or less.
    pub not_positive: usize,
    /// Above zero, but below 20 or above 600 mg/dL (1.1, 33.3 mmol/L): wider than any sensor reports.
    pub implausible: usize,
}

/// A missing part.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, JsonSchema)]
#[schemars(inline)]
pub struct LeftOut {
    /// Which.
    pub part: Part,
    /// Why.
    pub why: Reason,
}

/// A part of the report that may be missing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
#[schemars(inline)]
pub enum Part {
    /// The profile by time of day.
    Profile,
    /// Which episodes began by day, which at night.
    DayAndNight,
    /// Episodes.
    Episodes,
}

/// Why a part is missing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
#[schemars(inline)]
pub enum Reason {
    /// The person's time zone was not given.
    NoTimeZone,
    /// Readings are not as close together as a sensor's.
    NotASensor,
}

impl GlucoseReport {
    /// Reports on one person's readings, in any order. They hold no reading twice and no summaries.
    pub fn of(readings: &[Glucose], terms: &Terms<'_>) -> Result<Self, Empty> {
        let window = terms.window.as_ref();
        let is_inside = |reading: &&Glucose| {
            window.is_none_or(|window| window.contains(&terms.clock.day(reading.at)))
        };
        let mut inside: Vec<Glucose> = readings.iter().filter(is_inside).copied().collect();
        inside.sort_unstable_by(|one, other| {
            let value = one.value.total_cmp(&other.value);
            one.at.cmp(&other.at).then(value).then(one.unit.cmp(&other.unit))
        });
        let outside_window = readings.len() - inside.len();
        Self::on(&inside, outside_window, terms).ok_or(Empty { outside_window })
    }

    fn on(sorted: &[Glucose], outside_window: usize, terms: &Terms<'_>) -> Option<Self> {
        let population = terms.population;
        let mixed = MixedUnits::of(sorted);
        let unit = terms.unit.unwrap_or_else(|| mixed.most());
        let wear = wear(sorted, terms.clock, terms.window.as_ref())?;
        let (figures, cv) = Figures::of(sorted, unit)?;
        let counts = Counts::of(sorted, population);
        let gap = median_gap(sorted).filter(|gap| is_sensor(Some(*gap)));
        let own = (terms.zone == Zone::Given).then_some(terms.clock);
        Some(Self {
            n: sorted.len(),
            unit,
            mg_dl_per_mmol_l: Figure::new(MG_DL_PER_MMOL_L, 4),
            mixed_units: mixed.are_mixed().then_some(mixed),
            population,
            zone: terms.clock.name().to_owned(),
            outside_window,
            flagged: Flagged::of(sorted),
            figures,
            bands: Table::of(counts.rows(population, unit)),
            targets: Table::of(targets(population, &counts, cv, wear.sufficient)),
            wear,
            episodes: gap.map(|gap| Table::of(episodes(sorted, gap, own))),
            profile: own.map(|clock| Table::of(hours(sorted, clock, unit))),
            left_out: left_out(gap.is_some(), own.is_some()),
            notes: NOTES.to_vec(),
        })
    }
}

fn left_out(sensor: bool, own_zone: bool) -> Vec<LeftOut> {
    let profile = LeftOut { part: Part::Profile, why: Reason::NoTimeZone };
    let day_and_night = LeftOut { part: Part::DayAndNight, why: Reason::NoTimeZone };
    let episodes = LeftOut { part: Part::Episodes, why: Reason::NotASensor };
    [
        (!own_zone).then_some(profile),
        (sensor && !own_zone).then_some(day_and_night),
        (!sensor).then_some(episodes),
    ]
    .into_iter()
    .flatten()
    .collect()
}

impl MixedUnits {
    fn of(readings: &[Glucose]) -> Self {
        let mg_dl = readings.iter().filter(|reading| reading.unit == Unit::MgDl).count();
        Self { mg_dl, mmol_l: readings.len() - mg_dl }
    }

    const fn are_mixed(self) -> bool {
        self.mg_dl > 0 && self.mmol_l > 0
    }

    const fn most(self) -> Unit {
        if self.mmol_l > self.mg_dl { Unit::MmolL } else { Unit::MgDl }
    }
}

impl Flagged {
    fn of(readings: &[Glucose]) -> Self {
        let mut flagged = Self::default();
        for reading in readings {
            let (least, greatest) = match reading.unit {
                Unit::MgDl => (20.0, 600.0),
                Unit::MmolL => (1.1, 33.3),
            };
            if reading.value <= 0.0 {
                flagged.not_positive += 1;
            } else if reading.value < least || reading.value > greatest {
                flagged.implausible += 1;
            }
        }
        flagged
    }
}
