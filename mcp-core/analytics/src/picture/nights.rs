//! Sleep: a row for each night, from evening to noon by the local clock.

use jiff::civil::{Date, time};
use jiff::{Timestamp, Unit};

use super::axes::{self, Columns, Plot, Rows};
use super::canvas::{Area, Style};
use super::scale::{self, count};
use super::sheet::{Key, LINE, Sheet};
use super::theme::Palette;
use super::window::{About, Days};
use super::{Look, Picture};

/// What a person did in a stretch of a night.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Stage {
    /// Asleep, in a stage that nobody told.
    Asleep,
    /// Deep sleep.
    Deep,
    /// Light sleep.
    Light,
    /// Rapid eye movements.
    Rem,
    /// Awake in bed.
    Awake,
}

/// A stretch of a night in one stage.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Stretch {
    /// When it began.
    pub start: Timestamp,
    /// When it ended.
    pub end: Timestamp,
    /// What it was.
    pub stage: Stage,
}

/// One night.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Night {
    /// The local day on whose evening it began.
    pub evening: Date,
    /// Its stretches in any order; what lies before 18:00 or after noon is cut off.
    pub stretches: Vec<Stretch>,
}

/// What a timeline of sleep is drawn from.
#[derive(Clone, Debug)]
pub struct SleepTimeline<'c> {
    /// Window (days are those of evenings), zone and count of readings.
    pub about: About<'c>,
    /// Nights with data, in any order.
    pub nights: Vec<Night>,
}

/// How many nights are drawn at most.
const MOST: usize = 31;
/// How many stretches of one night are drawn at most.
const STRETCHES: usize = 120;
/// From 18:00 to noon, in minutes.
const LONG: f64 = 18.0 * 60.0;

impl Stage {
    const ALL: [Self; 5] = [Self::Asleep, Self::Deep, Self::Light, Self::Rem, Self::Awake];

    const fn name(self) -> &'static str {
        match self {
            Self::Asleep => "asleep",
            Self::Deep => "deep",
            Self::Light => "light",
            Self::Rem => "REM",
            Self::Awake => "awake",
        }
    }

    /// Deeper sleep reaches lower and higher, so that stages differ without colours too.
    const fn depth(self) -> f64 {
        match self {
            Self::Deep => 1.0,
            Self::Asleep | Self::Light => 0.72,
            Self::Rem => 0.44,
            Self::Awake => 0.2,
        }
    }

    fn style(self, palette: &Palette) -> Style {
        let [deep, light, dreaming, awake, asleep] = palette.stages;
        Style::fill(match self {
            Self::Asleep => asleep,
            Self::Deep => deep,
            Self::Light => light,
            Self::Rem => dreaming,
            Self::Awake => awake,
        })
    }
}

impl SleepTimeline<'_> {
    /// Draws the timeline. Of a longer window the latest 31 nights are drawn, and the picture says so.
    pub fn picture(&self, look: &Look) -> Picture {
        const TITLE: &str = "Sleep by night";
        let days = self.about.days.latest(MOST);
        let is_drawn = |night: &&Night| self.about.days.contains(night.evening);
        let nights: Vec<&Night> = self
            .nights
            .iter()
            .filter(is_drawn)
            .filter(|night| !night.stretches.is_empty())
            .collect();
        let mut evenings: Vec<Date> = nights.iter().map(|night| night.evening).collect();
        evenings.sort_unstable();
        evenings.dedup();
        let (slept, all) = (evenings.len(), self.about.days.count());
        let mut facts = self.about.facts();
        facts.push(format!("{slept} of {all} nights with data"));
        if days != self.about.days {
            facts.push(format!("the latest {MOST} nights drawn"));
        }
        let mut sheet = Sheet::new(look, TITLE, &facts);
        evenings.retain(|evening| days.contains(*evening));
        if evenings.is_empty() {
            return sheet.nothing("no nights with data to draw");
        }
        legend(&mut sheet, &nights, evenings.len() < days.count());
        let (rows, columns) = (rows(days), self.columns());
        let plot = axes::plot(&sheet, &rows, &columns);
        axes::frame(&mut sheet, plot, &rows, &columns);
        self.draw(&mut sheet, plot, days, &nights);
        axes::base(&mut sheet, plot);
        let alt = self.alt(TITLE, slept, &nights);
        let height = sheet.top;
        sheet.finish(height, alt)
    }

    fn columns(&self) -> Columns {
        let hours = (0..=18_i16).step_by(3);
        let ticks =
            hours.map(|hour| (f64::from(hour) * 60.0, format!("{:02}:00", (hour + 18) % 24)));
        Columns {
            name: format!("local time, {}", self.about.clock.name()),
            low: 0.0,
            high: LONG,
            ticks: ticks.collect(),
        }
    }

    fn draw(&self, sheet: &mut Sheet, plot: Plot, days: Days, nights: &[&Night]) {
        let pitch = (plot.area.bottom - plot.area.top) / count(days.count());
        for (at, evening) in days.each().enumerate() {
            let top = plot.area.top + pitch * count(at);
            let row = Area { top: top + pitch * 0.1, bottom: top + pitch * 0.9, ..plot.area };
            let of_night = nights.iter().filter(|night| night.evening == evening);
            let mut stretches: Vec<&Stretch> =
                of_night.flat_map(|night| &night.stretches).collect();
            stretches.sort_unstable_by_key(|one| (one.start, one.end, one.stage));
            stretches.truncate(STRETCHES);
            if stretches.is_empty() {
                let inner =
                    Area { top: row.top + pitch * 0.1, bottom: row.bottom - pitch * 0.1, ..row };
                sheet.canvas.rectangle("gap", inner, Style::hatched());
            }
            for stretch in stretches {
                self.stretch(sheet, plot, row, (evening, stretch));
            }
        }
    }

    fn stretch(&self, sheet: &mut Sheet, plot: Plot, row: Area, (evening, one): (Date, &Stretch)) {
        let (left, right) = (self.minute(evening, one.start), self.minute(evening, one.end));
        if right <= 0.0 || left >= LONG {
            return;
        }
        let (left, right) = (plot.x.at(left), plot.x.at(right));
        let middle = row.middle().y;
        let half = (row.bottom - row.top) / 2.0 * one.stage.depth();
        let area = Area {
            left,
            // A stretch over which clocks go back may end before it begins; something is seen of it.
            right: right.max(left + 2.0),
            top: middle - half,
            bottom: middle + half,
        };
        let style = one.stage.style(sheet.palette());
        sheet.canvas.rectangle("stretch", area, style);
    }

    fn alt(&self, title: &str, slept: usize, nights: &[&Night]) -> String {
        let all = self.about.days.count();
        let places = |of: fn(&Stretch) -> Timestamp| {
            let each = nights.iter().flat_map(|night| {
                night.stretches.iter().map(move |one| self.minute(night.evening, of(one)))
            });
            scale::ends(each.filter(|minute| (0.0..=LONG).contains(minute)))
        };
        let ends = places(|one| one.start).zip(places(|one| one.end));
        let said = ends.map(|((begin, _), (_, end))| {
            format!("; the earliest begins at {}, the latest ends at {}", clock(begin), clock(end))
        });
        let about = self.about.sentence();
        format!("{title}, {about}: {slept} of {all} nights have data{}.", said.unwrap_or_default())
    }

    /// Minutes by the wall clock since 18:00 of an evening.
    fn minute(&self, evening: Date, at: Timestamp) -> f64 {
        let begin = evening.to_datetime(time(18, 0, 0, 0));
        let local = self.about.clock.local(at).datetime();
        let since = local.since((Unit::Hour, begin)).and_then(|span| span.total(Unit::Minute));
        since.unwrap_or_default()
    }
}

/// What the wall clock shows so many minutes after 18:00.
fn clock(minute: f64) -> String {
    let minute = minute.floor() + 18.0 * 60.0;
    format!("{:02}:{:02}", (minute / 60.0).floor() % 24.0, minute % 60.0)
}

fn legend(sheet: &mut Sheet, nights: &[&Night], has_gaps: bool) {
    let palette = sheet.palette();
    let is_there = |stage: Stage| {
        nights.iter().flat_map(|night| &night.stretches).any(|stretch| stretch.stage == stage)
    };
    let stages = Stage::ALL.into_iter().filter(|stage| is_there(*stage));
    let mut keys: Vec<_> = stages
        .map(|stage| (Key::Bar(stage.style(palette), stage.depth()), stage.name().to_owned()))
        .collect();
    if has_gaps {
        keys.push((Key::Box(Style::hatched()), "no data".to_owned()));
    }
    sheet.legend(&keys);
}

/// A row for each night, the earliest on top; where rows are narrow, some bear no label.
fn rows(days: Days) -> Rows {
    let nights = days.count();
    let pitch = (480.0 / count(nights)).clamp(17.0, 42.0);
    let step = if pitch >= LINE * 0.85 { 1 } else { 2 };
    let high = count(nights);
    let each = days.each().enumerate().step_by(step);
    let word = |day: Date| day.strftime("%a %-d %b").to_string();
    Rows {
        name: "night from".to_owned(),
        low: 0.0,
        high,
        ticks: each.map(|(at, day)| (high - count(at) - 0.5, word(day))).collect(),
        height: pitch * high,
    }
}
