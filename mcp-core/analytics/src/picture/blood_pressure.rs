//! Blood pressure: each reading as a dot over the bands of a named scheme.

use jiff::Timestamp;

use super::axes::{self, Columns, Plot, Rows};
use super::canvas::{Anchor, Area, Spot, Style, spot};
use super::letters;
use super::scale::{self, count, drawable};
use super::sheet::{Key, Sheet, TEXT};
use super::window::About;
use super::{Look, Picture};

/// One reading, in mmHg.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct PressurePoint {
    /// When it was measured.
    pub at: Timestamp,
    /// Systolic pressure.
    pub systolic: f64,
    /// Diastolic pressure.
    pub diastolic: f64,
}

/// A band of a scheme: what lies below both of its limits and in no band before it. The last band of a
/// scheme has no limits.
#[derive(Clone, Debug, PartialEq)]
pub struct PressureBand {
    /// Its name in the scheme.
    pub name: String,
    /// Systolic and diastolic pressure below which a reading still is in this band, in mmHg.
    pub below: Option<(f64, f64)>,
}

/// What a scatter of blood pressure is drawn from.
#[derive(Clone, Debug)]
pub struct PressureScatter<'c> {
    /// Window, zone and count of readings.
    pub about: About<'c>,
    /// The name of the scheme, such as `ACC/AHA 2017`.
    pub scheme: String,
    /// Its bands, best first; at most seven are drawn.
    pub bands: Vec<PressureBand>,
    /// The readings in any order; the latest is marked.
    pub points: Vec<PressurePoint>,
}

/// How many dots are drawn at most.
const MOST: usize = 600;

impl PressureScatter<'_> {
    /// Draws the scatter. Of very many readings every so many-th is drawn, and the picture says so.
    pub fn picture(&self, look: &Look) -> Picture {
        const TITLE: &str = "Blood pressure";
        let mut points = self.points.clone();
        let sound = |value: f64| drawable(value).is_some_and(|value| value >= 0.0);
        points.retain(|point| sound(point.systolic) && sound(point.diastolic));
        // Readings of one instant too have an order, so that the same readings give the same picture.
        points.sort_by(|one, other| {
            let by_systolic = one.systolic.total_cmp(&other.systolic);
            let by_diastolic = one.diastolic.total_cmp(&other.diastolic);
            one.at.cmp(&other.at).then(by_systolic).then(by_diastolic)
        });
        let nth = points.len().div_ceil(MOST).max(1);
        let title = format!("{TITLE} and the bands of {}", self.scheme);
        let mut facts = self.about.facts();
        if nth > 1 {
            facts.push(format!("1 in {nth} drawn"));
        }
        let mut sheet = Sheet::new(look, &title, &facts);
        let Some(latest) = points.pop() else { return sheet.nothing("no readings to draw") };
        self.legend(&mut sheet, &latest, points.is_empty());
        let (rows, columns) = frame(&points, &latest);
        let plot = axes::plot(&sheet, &rows, &columns);
        self.grounds(&mut sheet, plot);
        axes::frame(&mut sheet, plot, &rows, &columns);
        self.names(&mut sheet, plot);
        dots(&mut sheet, plot, points.iter().rev().step_by(nth), &latest);
        axes::base(&mut sheet, plot);
        let alt = self.alt(&title, &latest);
        let height = sheet.top;
        sheet.finish(height, alt)
    }

    fn legend(&self, sheet: &mut Sheet, latest: &PressurePoint, is_only: bool) {
        let palette = sheet.palette();
        let dot = Style::fill(palette.mark).edged(palette.ground, 2.0);
        let diamond = Style::fill(palette.second).edged(palette.ground, 3.0);
        let local = self.about.clock.local(latest.at);
        let words = format!("latest: {}, {}", said(latest), local.strftime("%-d %b %Y %H:%M"));
        let mut keys = vec![(Key::Dot(dot), "reading".to_owned()), (Key::Diamond(diamond), words)];
        if is_only {
            keys.remove(0);
        }
        sheet.legend(&keys);
    }

    /// The bands as grounds: from the worst, each better one upon it.
    fn grounds(&self, sheet: &mut Sheet, plot: Plot) {
        let palette = sheet.palette();
        let bands: Vec<_> = self.bands.iter().zip(palette.grounds).collect();
        for (band, colour) in bands.into_iter().rev() {
            let (systolic, diastolic) = band.below.unwrap_or((f64::MAX, f64::MAX));
            let area = Area { top: plot.y.at(systolic), right: plot.x.at(diastolic), ..plot.area };
            let style = Style::fill(colour).edged(palette.soft, 2.0);
            sheet.canvas.rectangle("band", area, style);
        }
    }

    /// Names of the bands, at the left, where hardly a reading lies.
    fn names(&self, sheet: &mut Sheet, plot: Plot) {
        let mut bottom = plot.area.bottom;
        for (band, _) in self.bands.iter().zip(sheet.palette().grounds) {
            let top = plot.y.at(band.below.map_or(f64::MAX, |(systolic, _)| systolic));
            // Of the lowest band too, only the strip beside its upper limit.
            let middle = f64::midpoint(top, bottom.min(top + 60.0));
            if bottom - top >= TEXT * 0.9 {
                let name = letters::fitted(&band.name, TEXT, 330.0);
                let at = spot(plot.area.left + 12.0, middle + TEXT * 0.36);
                sheet.canvas.text("name", at, &name, sheet.strong(Anchor::Start));
            }
            bottom = top;
        }
    }

    fn alt(&self, title: &str, latest: &PressurePoint) -> String {
        let day = self.about.clock.day(latest.at);
        let about = self.about.sentence();
        format!(
            "{title}, {about}: the latest is {} on {}.",
            said(latest),
            day.strftime("%-d %b %Y")
        )
    }
}

fn said(point: &PressurePoint) -> String {
    let whole = |value| letters::number(value, 0);
    format!("{}/{} mmHg", whole(point.systolic), whole(point.diastolic))
}

/// Axes wide enough for ordinary values, and for the readings that are not.
fn frame(points: &[PressurePoint], latest: &PressurePoint) -> (Rows, Columns) {
    let all = || points.iter().chain([latest]);
    let around = |of: fn(&PressurePoint) -> f64, low: f64, high: f64| {
        let ends = scale::ends(all().map(of)).unwrap_or((low, high));
        let round = |value: f64, up: f64| ((value + up * 14.0) / 10.0).floor() * 10.0;
        (round(ends.0, -1.0).min(low).max(0.0), round(ends.1, 1.0).max(high).min(400.0))
    };
    let (low, high) = around(|point| point.systolic, 90.0, 190.0);
    let rows = Rows::of_values("systolic, mmHg", low, high, 460.0);
    let (low, high) = around(|point| point.diastolic, 40.0, 125.0);
    let (ticks, decimals) = scale::ticks(low, high, 10.0);
    let columns = Columns {
        name: "diastolic, mmHg".to_owned(),
        low,
        high,
        ticks: ticks.into_iter().map(|at| (at, letters::number(at, decimals))).collect(),
    };
    (rows, columns)
}

fn dots<'p>(
    sheet: &mut Sheet,
    plot: Plot,
    points: impl Iterator<Item = &'p PressurePoint>,
    latest: &PressurePoint,
) {
    let palette = sheet.palette();
    let place = |point: &PressurePoint| -> Spot {
        spot(plot.x.at(point.diastolic), plot.y.at(point.systolic))
    };
    let points: Vec<_> = points.collect();
    let radius = (60.0 / count(points.len()).sqrt()).clamp(6.0, 9.0);
    let dot = Style::fill(palette.mark).edged(palette.ground, 2.0);
    for point in points.into_iter().rev() {
        sheet.canvas.circle("dot", place(point), radius, dot);
    }
    let diamond = Style::fill(palette.second).edged(palette.ground, 3.0);
    sheet.diamond("latest", place(latest), diamond);
}
