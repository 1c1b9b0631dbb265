//! Weeks of activity beside the guideline of the World Health Organization.

use std::collections::{BTreeMap, BTreeSet};

use jiff::ToSpan as _;
use jiff::civil::Date;
use schemars::JsonSchema;
use serde::Serialize;

use super::record::{Activity, Intensity, total, within};
use crate::figure::Figure;
use crate::frame::Frame;
use crate::summary::{mean, sorted};

/// The least that the World Health Organization recommends to adults: 150 minutes a week of moderate
/// intensity, or 75 of vigorous, or an equivalent combination (Bull et al., Br J Sports Med 2020;54:1451).
/// So one vigorous minute stands for two moderate ones.
const LEAST: f64 = 150.0;

/// The other end of the recommended range; more than it has further benefits.
const MORE: f64 = 300.0;

/// Weeks beside the guideline of the World Health Organization for adults.
#[derive(Clone, Debug, PartialEq, Serialize, JsonSchema)]
#[schemars(inline)]
pub struct Weeks {
    /// Which guideline, and how minutes are counted.
    pub basis: &'static str,
    /// How many weeks with minutes of a stated intensity are whole: Monday to Sunday lie in the window, or
    /// without one between the first and last day with data.
    pub n: usize,
    /// The mean of their moderate-equivalent minutes.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub mean: Option<Figure>,
    /// How many have less than 150 recorded.
    pub below_150: usize,
    /// How many have 150 to 300 recorded.
    pub from_150_to_300: usize,
    /// How many have more than 300 recorded.
    pub above_300: usize,
    /// How many weeks with such minutes are not whole, and in none of these figures.
    pub not_whole: usize,
}

/// One week's minutes as a picture shows them.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Week {
    /// Its Monday.
    pub monday: Date,
    /// Moderate minutes and twice the vigorous ones, to a tenth of a minute.
    pub moderate_equivalent: Figure,
    /// Whether the whole week is in the window, or without one between the first and last day with data.
    pub whole: bool,
}

const BASIS: &str = "WHO 2020, adults: 150 to 300 moderate-equivalent minutes a week. Counted are recorded \
    moderate minutes and twice the vigorous ones; what was not recorded is unknown, so a week may have \
    had more.";

/// The weeks with minutes of a stated intensity, in order.
pub fn weekly(activities: &[Activity], frame: &Frame) -> Vec<Week> {
    let clock = frame.clock();
    let within = within(activities, frame);
    let days: BTreeSet<Date> = within.iter().map(|activity| clock.day(activity.start)).collect();
    let mut weeks: BTreeMap<Date, Vec<f64>> = BTreeMap::new();
    for activity in within {
        let weight = match activity.intensity {
            Some(Intensity::Light) => 0.0,
            Some(Intensity::Moderate) => 1.0,
            Some(Intensity::Vigorous) => 2.0,
            None => continue,
        };
        let Some(minutes) = activity.minutes else { continue };
        weeks.entry(clock.week(activity.start)).or_default().push(weight * minutes);
    }
    let first = frame.from().or_else(|| days.first().copied());
    let last = frame.to().or_else(|| days.last().copied());
    weeks
        .into_iter()
        .map(|(monday, minutes)| {
            let sunday = monday.checked_add(6.days()).unwrap_or(monday);
            let whole = first.is_some_and(|first| first <= monday)
                && last.is_some_and(|last| sunday <= last);
            // A reader who compares the minutes that are shown must come to the same class.
            let moderate_equivalent = Figure::new(total(minutes.into_iter()), 1);
            Week { monday, moderate_equivalent, whole }
        })
        .collect()
}

/// What whole weeks amount to; nothing without weeks.
pub(super) fn weeks(weekly: &[Week]) -> Option<Weeks> {
    let whole = weekly.iter().filter(|week| week.whole);
    let whole: Vec<f64> = whole.map(|week| week.moderate_equivalent.value()).collect();
    let having = |holds: &dyn Fn(f64) -> bool| whole.iter().filter(|week| holds(**week)).count();
    (!weekly.is_empty()).then(|| Weeks {
        basis: BASIS,
        n: whole.len(),
        mean: mean(&sorted(&whole)).map(|mean| Figure::new(mean, 1)),
        below_150: having(&|minutes| minutes < LEAST),
        from_150_to_300: having(&|minutes| (LEAST..=MORE).contains(&minutes)),
        above_300: having(&|minutes| minutes > MORE),
        not_whole: weekly.len() - whole.len(),
    })
}
