//! A series over time: readings as dots or daily medians as a line, with a fitted line if there is one.

use jiff::Timestamp;

use super::axes::{self, Columns, Plot, Rows};
use super::canvas::{Spot, Style, spot};
use super::letters;
use super::scale::{self, count, drawable};
use super::sheet::{Key, Sheet};
use super::window::About;
use super::{Look, Picture};
use crate::reading::Point;

/// What the points of a trend are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TrendMarks {
    /// Single readings: dots.
    Readings,
    /// One median for each local day: dots that are joined, except over days without data.
    DailyMedians,
}

/// A fitted line, from one point to another.
#[derive(Clone, Debug, PartialEq)]
pub struct TrendLine {
    /// Where it begins.
    pub start: Point,
    /// Where it ends.
    pub end: Point,
    /// What it is and how steep, such as `Theil–Sen: −0.3 kg a week`.
    pub words: String,
}

/// What a trend is drawn from.
#[derive(Clone, Debug)]
pub struct Trend<'c> {
    /// Window, zone and count of readings.
    pub about: About<'c>,
    /// What was measured, such as `Body weight`.
    pub title: String,
    /// Its unit.
    pub unit: String,
    /// What the points are.
    pub marks: TrendMarks,
    /// The points in any order.
    pub points: Vec<Point>,
    /// The fitted line.
    pub line: Option<TrendLine>,
}

/// How many points are drawn at most.
const MOST: usize = 800;

impl Trend<'_> {
    /// Draws the series. Of very many points every so many-th is drawn, and the picture says so.
    pub fn picture(&self, look: &Look) -> Picture {
        let mut points = self.points.clone();
        points.retain(|point| drawable(point.value).is_some());
        points.sort_by(|one, other| one.at.cmp(&other.at).then(one.value.total_cmp(&other.value)));
        let nth = points.len().div_ceil(MOST).max(1);
        let mut facts = self.about.facts();
        if nth > 1 {
            facts.push(format!("1 in {nth} drawn"));
        }
        let mut sheet = Sheet::new(look, &self.title, &facts);
        if points.is_empty() {
            return sheet.nothing("no readings to draw");
        }
        self.legend(&mut sheet);
        let (rows, columns) = (self.rows(&points), self.columns());
        let plot = axes::plot(&sheet, &rows, &columns);
        axes::frame(&mut sheet, plot, &rows, &columns);
        let kept: Vec<Point> = points.iter().copied().step_by(nth).collect();
        self.draw(&mut sheet, plot, &kept, nth);
        axes::base(&mut sheet, plot);
        let alt = self.alt(&points);
        let height = sheet.top;
        sheet.finish(height, alt)
    }

    fn legend(&self, sheet: &mut Sheet) {
        let palette = sheet.palette();
        let name = match self.marks {
            TrendMarks::Readings => "reading",
            TrendMarks::DailyMedians => "median of a day",
        };
        let dot = Style::fill(palette.mark).edged(palette.ground, 2.0);
        let mut keys = vec![(Key::Dot(dot), name.to_owned())];
        if let Some(line) = self.sound_line() {
            let style = Style::line(palette.second, 5.0).dashed();
            keys.push((Key::Line(style), line.words.clone()));
        }
        sheet.legend(&keys);
    }

    fn sound_line(&self) -> Option<&TrendLine> {
        let is_sound = |point: Point| drawable(point.value).is_some();
        self.line.as_ref().filter(|line| is_sound(line.start) && is_sound(line.end))
    }

    fn rows(&self, points: &[Point]) -> Rows {
        let ends_of_line =
            self.sound_line().into_iter().flat_map(|line| [line.start.value, line.end.value]);
        let values = points.iter().map(|point| point.value).chain(ends_of_line);
        let (low, high) = scale::ends(values).unwrap_or_default();
        let (low, high) = scale::rounded_out(low, high, 5.0);
        Rows::of_values(&self.unit, low, high, 400.0)
    }

    /// Days since the window began; a change of the clocks moves nothing from its day.
    fn place(&self, at: Timestamp) -> f64 {
        let days = self.about.days;
        let local = self.about.clock.local(at);
        let midnight = local.date().to_datetime(jiff::civil::Time::midnight());
        let seconds = local.datetime().duration_since(midnight).as_secs_f64();
        let is_before = local.date() < days.first();
        if is_before { 0.0 } else { count(days.offset(local.date())) + seconds / 86_400.0 }
    }

    fn columns(&self) -> Columns {
        let days = self.about.days;
        let ticks = days.ticks(7).into_iter();
        Columns {
            name: format!("local day, {}", self.about.clock.name()),
            low: 0.0,
            high: count(days.count()),
            ticks: ticks.map(|(day, word)| (count(days.offset(day)), word)).collect(),
        }
    }

    fn draw(&self, sheet: &mut Sheet, plot: Plot, points: &[Point], nth: usize) {
        let palette = sheet.palette();
        let place = |point: &Point| -> Spot {
            spot(plot.x.at(self.place(point.at)), plot.y.at(point.value))
        };
        if self.marks == TrendMarks::DailyMedians {
            let is_next = |one: &Point, next: &Point| {
                let day = |point: &Point| self.about.days.offset(self.about.clock.day(point.at));
                day(next) <= day(one) + nth
            };
            for run in points.chunk_by(is_next).filter(|run| run.len() > 1) {
                let spots: Vec<Spot> = run.iter().map(place).collect();
                sheet.canvas.polyline("run", &spots, Style::line(palette.mark, 3.0));
            }
        }
        let radius = (60.0 / count(points.len()).sqrt()).clamp(4.0, 9.0);
        let dot =
            Style::fill(palette.mark).edged(palette.ground, if radius > 5.0 { 2.0 } else { 1.0 });
        for point in points {
            sheet.canvas.circle("dot", place(point), radius, dot);
        }
        if let Some(line) = self.sound_line() {
            let ends = (place(&line.start), place(&line.end));
            let style = Style::line(palette.second, 5.0).dashed();
            sheet.canvas.line("fitted", ends.0, ends.1, style);
        }
    }

    fn alt(&self, points: &[Point]) -> String {
        let ends = scale::ends(points.iter().map(|point| point.value)).unwrap_or_default();
        let (_, decimals) = scale::ticks(ends.0, ends.1, 50.0);
        let said = |value| letters::number(value, decimals);
        let line = self.sound_line().map(|line| format!("; {}", line.words)).unwrap_or_default();
        format!(
            "{}, {}: from {} to {} {}{line}.",
            self.title,
            self.about.sentence(),
            said(ends.0),
            said(ends.1),
            self.unit
        )
    }
}
