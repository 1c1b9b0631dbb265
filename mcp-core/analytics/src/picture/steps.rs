//! Steps by local day: bars, with days that have no data shown as such and not as zero.

use std::collections::BTreeMap;

use jiff::civil::Date;

use super::axes::{self, Columns, Plot, Rows};
use super::canvas::{Area, Style, spot};
use super::letters;
use super::scale::{self, count, drawable};
use super::sheet::{Key, Sheet};
use super::window::{About, Days};
use super::{Look, Picture};

/// What bars of daily steps are drawn from.
#[derive(Clone, Debug)]
pub struct DailySteps<'c> {
    /// Window, zone and count of readings.
    pub about: About<'c>,
    /// Steps of each local day that has data; zero is a figure, absence is not.
    pub days: BTreeMap<Date, f64>,
    /// Mean over the days with data.
    pub mean: Option<f64>,
}

/// How many days are drawn at most.
const MOST: usize = 92;

impl DailySteps<'_> {
    /// Draws the bars. Of a longer window the latest 92 days are drawn, and the picture says so.
    pub fn picture(&self, look: &Look) -> Picture {
        const TITLE: &str = "Steps a day";
        let days = self.about.days.latest(MOST);
        let values: BTreeMap<Date, f64> =
            self.sound().filter(|(day, _)| days.contains(*day)).collect();
        let mut facts = self.about.facts();
        facts.push(format!("{} of {} days with data", self.with_data(), self.about.days.count()));
        if days != self.about.days {
            facts.push(format!("the latest {MOST} days drawn"));
        }
        let mut sheet = Sheet::new(look, TITLE, &facts);
        if values.is_empty() {
            return sheet.nothing("no days with data to draw");
        }
        self.legend(&mut sheet, days, values.len() < days.count());
        let mean = self.mean.and_then(drawable).map(|mean| mean.max(0.0));
        let top = values.values().copied().chain(mean).fold(1.0, f64::max);
        let (_, top) = scale::rounded_out(0.0, top, 5.0);
        let rows = Rows::of_values("steps", 0.0, top, 400.0);
        let columns = self.columns(days);
        let plot = axes::plot(&sheet, &rows, &columns);
        axes::frame(&mut sheet, plot, &rows, &columns);
        bars(&mut sheet, plot, days, &values);
        if let Some(mean) = mean {
            let y = plot.y.at(mean);
            let ends = (spot(plot.area.left, y), spot(plot.area.right, y));
            let palette = sheet.palette();
            // A rim of the ground keeps the line apart from the bars.
            sheet.canvas.line("rim", ends.0, ends.1, Style::line(palette.ground, 9.0));
            let style = Style::line(palette.second, 5.0).dashed();
            sheet.canvas.line("mean", ends.0, ends.1, style);
        }
        axes::base(&mut sheet, plot);
        let alt = self.alt(TITLE);
        let height = sheet.top;
        sheet.finish(height, alt)
    }

    fn sound(&self) -> impl Iterator<Item = (Date, f64)> {
        let within = self.days.iter().filter(|(day, _)| self.about.days.contains(**day));
        within.filter_map(|(day, steps)| Some((*day, drawable(*steps)?.max(0.0))))
    }

    fn with_data(&self) -> usize {
        self.sound().count()
    }

    fn legend(&self, sheet: &mut Sheet, days: Days, has_gaps: bool) {
        let palette = sheet.palette();
        let mut keys = vec![(Key::Box(Style::fill(palette.mark)), "steps".to_owned())];
        if let Some(mean) = self.mean.and_then(drawable) {
            let which = if days == self.about.days { "mean" } else { "mean of all days" };
            let words = format!("{which} {}", letters::number(mean, 0));
            keys.push((Key::Line(Style::line(palette.second, 5.0).dashed()), words));
        }
        if has_gaps {
            let style = Style::hatched().edged(palette.rule, 2.0);
            keys.push((Key::Box(style), "no data (not zero)".to_owned()));
        }
        sheet.legend(&keys);
    }

    fn columns(&self, days: Days) -> Columns {
        let ticks = days.ticks(8).into_iter();
        Columns {
            name: format!("local day, {}", self.about.clock.name()),
            low: 0.0,
            high: count(days.count()),
            ticks: ticks.map(|(day, word)| (count(days.offset(day)) + 0.5, word)).collect(),
        }
    }

    fn alt(&self, title: &str) -> String {
        let ends = scale::ends(self.sound().map(|(_, steps)| steps)).unwrap_or_default();
        let whole = |value| letters::number(value, 0);
        let mean = self.mean.and_then(drawable).map(whole);
        let mean = mean.map(|mean| format!("mean {mean}, ")).unwrap_or_default();
        format!(
            "{title}, {}: {} of {} days have data, {mean}from {} to {} steps a day.",
            self.about.sentence(),
            self.with_data(),
            self.about.days.count(),
            whole(ends.0),
            whole(ends.1),
        )
    }
}

/// A bar for each day with data, hatching for each without.
fn bars(sheet: &mut Sheet, plot: Plot, days: Days, values: &BTreeMap<Date, f64>) {
    let palette = sheet.palette();
    let pitch = (plot.area.right - plot.area.left) / count(days.count());
    let gap = (pitch * 0.12).clamp(1.0, 8.0);
    for (at, day) in days.each().enumerate() {
        let left = plot.area.left + pitch * count(at);
        let column = Area { left: left + gap, right: left + pitch - gap, ..plot.area };
        match values.get(&day) {
            Some(steps) => {
                // A day of no steps at all is a mark on the axis.
                let top = plot.y.at(*steps).min(plot.area.bottom - 6.0);
                sheet.canvas.rectangle("bar", Area { top, ..column }, Style::fill(palette.mark));
            }
            None => sheet.canvas.rectangle("gap", column, Style::hatched()),
        }
    }
}
