//! Coverage: a cell for each local day, by how many readings it has.

use std::collections::BTreeMap;

use jiff::ToSpan as _;
use jiff::civil::Date;

use super::canvas::{Anchor, Area, Setting, Style, WIDTH, spot};
use super::letters;
use super::scale::count;
use super::sheet::{Key, LINE, SIDE, Sheet, TEXT};
use super::theme::{Colour, Palette};
use super::window::{About, Days};
use super::{Look, Picture};

/// What a calendar of coverage is drawn from.
#[derive(Clone, Debug)]
pub struct CoverageCalendar<'c> {
    /// Window, zone and count of readings.
    pub about: About<'c>,
    /// What is counted, such as `Glucose readings`.
    pub title: String,
    /// Readings of each local day that has any.
    pub days: BTreeMap<Date, usize>,
}

/// How many weeks are drawn at most.
const WEEKS: usize = 53;
/// Up to so many weeks stand below each other, with numbers in the cells; more stand side by side.
const TALL: usize = 9;

/// Where cells lie.
struct Grid {
    first_monday: Date,
    weeks: usize,
    left: f64,
    top: f64,
    wide: f64,
    high: f64,
}

impl CoverageCalendar<'_> {
    /// Draws the calendar. Of a longer window the latest 53 weeks are drawn, and the picture says so.
    pub fn picture(&self, look: &Look) -> Picture {
        let days = self.about.days.latest((WEEKS - 1) * 7 + 1);
        let mut facts = self.about.facts();
        facts.push(format!("{} of {} days with data", self.with_data(), self.about.days.count()));
        if days != self.about.days {
            facts.push(format!("the latest {} days drawn", days.count()));
        }
        let title = format!("{} by day", self.title);
        let mut sheet = Sheet::new(look, &title, &facts);
        let shades = Shades::up_to(self.within().map(|(_, n)| n).max().unwrap_or(0));
        self.legend(&mut sheet, &shades, days);
        let grid = Grid::of(&sheet, days);
        grid.heads(&mut sheet, days);
        for (at, day) in grid.days().enumerate() {
            let cell = grid.cell(at);
            if !self.about.days.contains(day) || !days.contains(day) {
                let style = outside(sheet.palette());
                sheet.canvas.rectangle("outside", cell, style);
                continue;
            }
            let readings = self.days.get(&day).copied().unwrap_or(0);
            day_cell(&mut sheet, &shades, cell, (readings, grid.has_numbers()));
        }
        sheet.top = grid.bottom() + 6.0;
        let axis = spot(WIDTH / 2.0, sheet.top + LINE * 0.75);
        let name = format!("local days, {}", self.about.clock.name());
        sheet.canvas.text("unit", axis, &name, sheet.soft(Anchor::Middle));
        let height = sheet.top + LINE + 14.0;
        let alt = self.alt(&title);
        sheet.finish(height, alt)
    }

    fn within(&self) -> impl Iterator<Item = (Date, usize)> {
        let each = self.days.iter().map(|(day, n)| (*day, *n));
        each.filter(|(day, n)| *n > 0 && self.about.days.contains(*day))
    }

    fn with_data(&self) -> usize {
        self.within().count()
    }

    fn legend(&self, sheet: &mut Sheet, shades: &Shades, days: Days) {
        let palette = sheet.palette();
        let mut keys = Vec::new();
        if self.with_data() < self.about.days.count() {
            let style = Style::hatched().edged(palette.rule, 2.0);
            keys.push((Key::Box(style), "no readings".to_owned()));
        }
        for (words, (fill, _)) in shades.words().into_iter().zip(shades.colours(palette)) {
            keys.push((Key::Box(Style::fill(fill).edged(palette.rule, 2.0)), words));
        }
        let is_whole = days.count().is_multiple_of(7)
            && days.first().weekday() == jiff::civil::Weekday::Monday;
        if !is_whole {
            keys.push((Key::Box(outside(palette)), "outside window".to_owned()));
        }
        sheet.legend(&keys);
    }

    fn alt(&self, title: &str) -> String {
        let (with, all) = (self.with_data(), self.about.days.count());
        let about = self.about.sentence();
        let most = self.within().map(|(_, n)| n).max().unwrap_or(0);
        let most = letters::number(count(most), 0);
        format!("{title}, {about}: {with} of {all} days have readings, at most {most} a day.")
    }
}

/// The look of days that complete a week but were not asked about.
const fn outside(palette: &Palette) -> Style {
    Style::fill(palette.grid)
}

/// A day of the window, with its count where there is room for it.
fn day_cell(sheet: &mut Sheet, shades: &Shades, cell: Area, (n, has_number): (usize, bool)) {
    let palette = sheet.palette();
    let Some((fill, on)) = shades.of(n, palette) else {
        sheet.canvas.rectangle("gap", cell, Style::hatched().edged(palette.rule, 2.0));
        return;
    };
    sheet.canvas.rectangle("day", cell, Style::fill(fill).edged(palette.rule, 2.0));
    if has_number {
        let middle = cell.middle();
        let at = spot(middle.x, middle.y + TEXT * 0.36);
        let number = letters::fitted(&letters::number(count(n), 0), TEXT, cell.right - cell.left);
        let setting = Setting { size: TEXT, colour: on, anchor: Anchor::Middle };
        sheet.canvas.text("number", at, &number, setting);
    }
}

/// Up to four shades for counts from one to the most that a day has.
struct Shades {
    /// The greatest count of each.
    tops: Vec<usize>,
}

impl Shades {
    fn up_to(most: usize) -> Self {
        let mut tops: Vec<usize> =
            (1..=4_usize).map(|part| most.saturating_mul(part).div_ceil(4)).collect();
        tops.dedup();
        tops.retain(|top| *top > 0);
        Self { tops }
    }

    fn words(&self) -> Vec<String> {
        let lows = [0].into_iter().chain(self.tops.iter().copied());
        let each = lows.zip(&self.tops).map(|(below, top)| {
            let number = |n| letters::number(count(n), 0);
            let low = below + 1;
            if low == *top { number(low) } else { format!("{}–{}", number(low), number(*top)) }
        });
        each.collect()
    }

    /// Fill and ink of each shade, from few to many; with fewer than four shades the strongest are used.
    fn colours(&self, palette: &Palette) -> Vec<(Colour, Colour)> {
        let skipped = palette.shades.len() - self.tops.len();
        palette.shades.into_iter().zip(palette.on_shades).skip(skipped).collect()
    }

    fn of(&self, n: usize, palette: &Palette) -> Option<(Colour, Colour)> {
        let at = self.tops.iter().position(|top| n <= *top)?;
        if n == 0 { None } else { self.colours(palette).get(at).copied() }
    }
}

impl Grid {
    fn of(sheet: &Sheet, days: Days) -> Self {
        let since = i64::from(days.first().weekday().to_monday_zero_offset());
        let first_monday = days.first().checked_sub(since.days()).unwrap_or_else(|_| days.first());
        let weeks = (days.count() + usize::try_from(since).unwrap_or(0)).div_ceil(7);
        let (left, top) = (SIDE + 110.0, sheet.top + LINE + 8.0);
        let wide = WIDTH - SIDE - left;
        let (wide, high) = if weeks <= TALL {
            (wide / 7.0, (380.0 / count(weeks)).clamp(44.0, 72.0))
        } else {
            let wide = (wide / count(weeks)).min(48.0);
            (wide, wide.clamp(34.0, 48.0))
        };
        Self { first_monday, weeks, left, top, wide, high }
    }

    const fn has_numbers(&self) -> bool {
        self.weeks <= TALL
    }

    fn days(&self) -> impl Iterator<Item = Date> + use<> {
        self.first_monday.series(1.day()).take(self.weeks * 7)
    }

    fn cell(&self, at: usize) -> Area {
        let (week, weekday) = (count(at / 7), count(at % 7));
        let (column, row) = if self.has_numbers() { (weekday, week) } else { (week, weekday) };
        let gap = if self.wide > 30.0 { 3.0 } else { 1.5 };
        let (left, top) = (self.left + column * self.wide, self.top + row * self.high);
        Area {
            left: left + gap,
            top: top + gap,
            right: left + self.wide - gap,
            bottom: top + self.high - gap,
        }
    }

    fn bottom(&self) -> f64 {
        self.top + self.high * if self.has_numbers() { count(self.weeks) } else { 7.0 }
    }

    /// Weekdays and the days on which weeks begin, or the months.
    fn heads(&self, sheet: &mut Sheet, days: Days) {
        let above = self.top - 12.0;
        let names = ["Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"];
        if self.has_numbers() {
            for (at, name) in names.into_iter().enumerate() {
                let x = self.cell(at).middle().x;
                sheet.canvas.text("column", spot(x, above), name, sheet.soft(Anchor::Middle));
            }
            let mondays = self.days().step_by(7).enumerate();
            for (week, monday) in mondays {
                let y = self.cell(week * 7).middle().y + TEXT * 0.36;
                let name = monday.strftime("%-d %b").to_string();
                let at = spot(self.left - 12.0, y);
                sheet.canvas.text("row", at, &name, sheet.soft(Anchor::End));
            }
            return;
        }
        for (at, name) in names.into_iter().enumerate() {
            let y = self.cell(at).middle().y + TEXT * 0.36;
            sheet.canvas.text("row", spot(self.left - 12.0, y), name, sheet.soft(Anchor::End));
        }
        self.months(sheet, days, above);
    }

    /// A month stands above the week in which it begins, unless the one before still takes the room.
    fn months(&self, sheet: &mut Sheet, days: Days, y: f64) {
        let mut free = self.left;
        for (at, day) in
            self.days().enumerate().filter(|(_, day)| day.day() == 1 && days.contains(*day))
        {
            let left = self.cell(at).left;
            let name = day.strftime("%b").to_string();
            let right = left + letters::width(&name, TEXT);
            if left >= free && right <= WIDTH - SIDE / 2.0 {
                sheet.canvas.text("column", spot(left, y), &name, sheet.soft(Anchor::Start));
                free = right + 14.0;
            }
        }
    }
}
