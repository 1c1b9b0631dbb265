//! Time in ranges: one bar of five bands, the highest on top, each with its name, limits and share.

use super::canvas::{Anchor, Area, Spot, Style, WIDTH, spot};
use super::letters;
use super::scale::{count, drawable};
use super::sheet::{LINE, SIDE, Sheet, TEXT};
use super::window::About;
use super::{Look, Picture};

/// One band of values.
#[derive(Clone, Debug, PartialEq)]
pub struct TimeRange {
    /// Its name, such as `In range`.
    pub name: String,
    /// Its limits with a unit, such as `70–180 mg/dL`.
    pub limits: String,
    /// Share of the readings in per cent.
    pub percent: f64,
    /// The share that is aimed at, such as `> 70 %`, if any.
    pub target: Option<String>,
}

/// What a bar of time in ranges is drawn from.
#[derive(Clone, Debug)]
pub struct TimeInRanges<'c> {
    /// Window, zone and count of readings.
    pub about: About<'c>,
    /// From very low to very high.
    pub ranges: [TimeRange; 5],
}

/// How high the bar is, with the gaps between bands.
const HIGH: f64 = 430.0;
/// Between bands, so that neighbours are told apart by more than their colours.
const GAP: f64 = 4.0;
/// A band of which there is anything is so high at least, and is seen.
const LEAST: f64 = 5.0;

impl TimeInRanges<'_> {
    /// Draws the bar. Bands are as high as their shares of the sum, but for slight ones that could not
    /// be seen.
    pub fn picture(&self, look: &Look) -> Picture {
        const TITLE: &str = "Time in ranges";
        let mut sheet = Sheet::new(look, TITLE, &self.about.facts());
        let Some(heights) = self.heights() else { return sheet.nothing("no readings to draw") };
        let head = spot(SHARES, sheet.top + TEXT * 0.9);
        sheet.canvas.text("unit", head, "share of readings", sheet.soft(Anchor::End));
        sheet.top += LINE + 8.0;
        let bar =
            Area { left: SIDE, top: sheet.top, right: SIDE + 150.0, bottom: sheet.top + HIGH };
        let mut bottom = bar.bottom;
        let mut row = bar.bottom - HIGH / 10.0;
        let bands = self.ranges.iter().zip(heights).zip(sheet.palette().bands);
        for ((range, high), colour) in bands {
            let band = Area { top: bottom - high, bottom, ..bar };
            let from = (high > 0.0).then(|| spot(bar.right, band.middle().y));
            if high > 0.0 {
                sheet.canvas.rectangle("band", band, Style::fill(colour));
                bottom -= high + GAP;
            }
            row_of(&mut sheet, range, (from, row), Style::fill(colour));
            row -= HIGH / 5.0;
        }
        let alt = self.alt(TITLE);
        sheet.finish(bar.bottom + SIDE, alt)
    }

    /// How high each band is; nothing where there is nothing to divide.
    fn heights(&self) -> Option<[f64; 5]> {
        let shares =
            self.ranges.each_ref().map(|range| drawable(range.percent).unwrap_or(0.0).max(0.0));
        let whole: f64 = shares.iter().sum();
        if whole <= 0.0 || self.about.readings == 0 {
            return None;
        }
        let there = shares.iter().filter(|share| **share > 0.0).count();
        let room = HIGH - GAP * (count(there) - 1.0);
        let is_slight = |share: f64| share > 0.0 && share / whole * room < LEAST;
        let slight = shares.iter().filter(|share| is_slight(**share));
        let (room, whole) =
            slight.fold((room, whole), |(room, whole), share| (room - LEAST, whole - share));
        Some(shares.map(|share| if is_slight(share) { LEAST } else { share / whole * room }))
    }

    fn alt(&self, title: &str) -> String {
        let each =
            self.ranges.iter().rev().map(|range| {
                format!("{} ({}) {} %", range.name, range.limits, percent(range.percent))
            });
        let about = self.about.sentence();
        format!("{title}, {about}: {}.", each.collect::<Vec<_>>().join(", "))
    }
}

/// Where names and limits begin, and where shares end.
const NAMES: f64 = 270.0;
const LIMITS: f64 = 480.0;
const SHARES: f64 = WIDTH - SIDE;

fn percent(value: f64) -> String {
    let value = drawable(value).unwrap_or(0.0);
    letters::number(value, usize::from(value.fract().abs() > 1e-9))
}

/// Words beside the bar, tied to their band: name, limits and share, and below them what is aimed at.
fn row_of(sheet: &mut Sheet, range: &TimeRange, (from, y): (Option<Spot>, f64), swatch: Style) {
    let palette = sheet.palette();
    let base = y + TEXT * 0.36 - if range.target.is_some() { LINE / 2.0 } else { 0.0 };
    let middle = base - TEXT * 0.36;
    if let Some(from) = from {
        let tie = [from, spot(NAMES - 56.0, middle), spot(NAMES - 44.0, middle)];
        sheet.canvas.polyline("tie", &tie, Style::line(palette.rule, 2.0));
    }
    let (left, right) = (NAMES - 44.0, NAMES - 14.0);
    let key = Area { left, top: middle - 13.0, right, bottom: middle + 13.0 };
    sheet.canvas.rectangle("key", key, swatch);
    let name = letters::fitted(&range.name, TEXT, LIMITS - NAMES - 16.0);
    sheet.canvas.text("name", spot(NAMES, base), &name, sheet.strong(Anchor::Start));
    let limits = letters::fitted(&range.limits, TEXT, SHARES - LIMITS - 130.0);
    sheet.canvas.text("limits", spot(LIMITS, base), &limits, sheet.strong(Anchor::Start));
    let share = format!("{} %", percent(range.percent));
    sheet.canvas.text("share", spot(SHARES, base), &share, sheet.strong(Anchor::End));
    if let Some(target) = &range.target {
        let target = letters::fitted(&format!("target {target}"), TEXT, SHARES - LIMITS);
        let at = spot(LIMITS, base + LINE);
        sheet.canvas.text("target", at, &target, sheet.soft(Anchor::Start));
    }
}
