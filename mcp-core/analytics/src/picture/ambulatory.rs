//! The ambulatory glucose profile: how glucose runs over a day, as percentiles by local time of day
//! (International Consensus on Time in Range, Diabetes Care 2019;42(8):1593).

use super::axes::{self, Columns, Plot, Rows};
use super::canvas::{Area, Spot, Style, spot};
use super::letters;
use super::scale::{self, drawable};
use super::sheet::{Key, Sheet};
use super::window::About;
use super::{Look, Picture};

/// The unit of glucose.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum GlucoseUnit {
    /// Milligrams per decilitre.
    MgPerDl,
    /// Millimoles per litre.
    MmolPerL,
}

/// Percentiles of one part of the day.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct ProfileBin {
    /// Local minutes since midnight at which the part begins.
    pub minute: u16,
    /// How many minutes long it is.
    pub minutes: u16,
    /// 5th percentile, in the unit of the profile as all of these.
    pub p5: f64,
    /// 25th percentile.
    pub p25: f64,
    /// Median.
    pub p50: f64,
    /// 75th percentile.
    pub p75: f64,
    /// 95th percentile.
    pub p95: f64,
}

/// What an ambulatory glucose profile is drawn from.
#[derive(Clone, Debug)]
pub struct AmbulatoryProfile<'c> {
    /// Window, zone and count of readings.
    pub about: About<'c>,
    /// Unit of every value here.
    pub unit: GlucoseUnit,
    /// Least and greatest value in target; not drawn unless it is a span.
    pub target: (f64, f64),
    /// Parts of the day that have readings, in any order; where one is missing the curves break.
    pub bins: Vec<ProfileBin>,
}

impl GlucoseUnit {
    const fn name(self) -> &'static str {
        match self {
            Self::MgPerDl => "mg/dL",
            Self::MmolPerL => "mmol/L",
        }
    }

    const fn decimals(self) -> usize {
        match self {
            Self::MgPerDl => 0,
            Self::MmolPerL => 1,
        }
    }

    /// How far up the axis goes at least, and the step of its labels.
    const fn axis(self) -> (f64, f64) {
        match self {
            Self::MgPerDl => (300.0, 50.0),
            Self::MmolPerL => (16.0, 2.0),
        }
    }

    fn words(self, value: f64) -> String {
        letters::number(value, self.decimals())
    }
}

impl ProfileBin {
    /// Whether it can be drawn: finite, ordered, within a day.
    fn is_sound(&self) -> bool {
        let values = [self.p5, self.p25, self.p50, self.p75, self.p95];
        let is_finite = values.iter().all(|value| drawable(*value).is_some_and(|it| it >= 0.0));
        let end = u32::from(self.minute) + u32::from(self.minutes);
        is_finite && values.is_sorted() && self.minutes > 0 && end <= 1440
    }
}

impl AmbulatoryProfile<'_> {
    /// Draws the profile. Bins that are not ordered, finite and within a day are left out.
    pub fn picture(&self, look: &Look) -> Picture {
        const TITLE: &str = "Ambulatory glucose profile";
        let mut sheet = Sheet::new(look, TITLE, &self.about.facts());
        let mut bins = self.bins.clone();
        bins.retain(ProfileBin::is_sound);
        bins.sort_unstable_by_key(|bin| bin.minute);
        if bins.is_empty() {
            return sheet.nothing("no readings to draw");
        }
        self.legend(&mut sheet);
        let rows = self.rows(&bins);
        let columns = self.columns();
        let plot = axes::plot(&sheet, &rows, &columns);
        self.target_ground(&mut sheet, plot);
        axes::frame(&mut sheet, plot, &rows, &columns);
        runs(&bins).for_each(|run| bands(&mut sheet, plot, run));
        self.target_lines(&mut sheet, plot);
        runs(&bins).for_each(|run| median(&mut sheet, plot, run));
        axes::base(&mut sheet, plot);
        let alt = self.alt(TITLE, &bins);
        let height = sheet.top;
        sheet.finish(height, alt)
    }

    fn limits(&self) -> Option<[f64; 2]> {
        let (low, high) = (drawable(self.target.0)?, drawable(self.target.1)?);
        (0.0 <= low && low < high).then_some([low, high])
    }

    /// The target in words.
    fn target(&self) -> Option<String> {
        let [low, high] = self.limits()?.map(|limit| self.unit.words(limit));
        Some(format!("target {low}–{high} {}", self.unit.name()))
    }

    fn legend(&self, sheet: &mut Sheet) {
        let palette = sheet.palette();
        let mut keys = vec![
            (Key::Line(Style::line(palette.mark, 6.0)), "median".to_owned()),
            (Key::Box(Style::fill(palette.inner)), "25–75 %".to_owned()),
            (
                Key::Box(Style::fill(palette.outer).edged(palette.mark, 2.0).dashed()),
                "5–95 %".to_owned(),
            ),
        ];
        let line = Key::Line(Style::line(palette.target, 4.0));
        keys.extend(self.target().map(|target| (line, target)));
        sheet.legend(&keys);
    }

    fn rows(&self, bins: &[ProfileBin]) -> Rows {
        let (least, step) = self.unit.axis();
        let top = bins.iter().map(|bin| bin.p95).fold(least, f64::max);
        let top = (top / step).ceil() * step;
        let (values, decimals) = scale::ticks(0.0, top, top / step);
        let ticks = values.into_iter().map(|at| (at, letters::number(at, decimals))).collect();
        let name = self.unit.name().to_owned();
        let mut rows = Rows { name, low: 0.0, high: top, ticks, height: 400.0 };
        // The limits of the target are labelled in any case; round numbers that would touch them are not.
        let near = top * 30.0 / rows.height;
        let limits = self.limits();
        let limits = || limits.into_iter().flatten();
        rows.ticks.retain(|(at, _)| limits().all(|limit| (at - limit).abs() >= near));
        for limit in limits().filter(|limit| *limit <= top) {
            rows.ticks.push((limit, self.unit.words(limit)));
        }
        rows
    }

    fn columns(&self) -> Columns {
        let hours = (0..=24).step_by(4);
        Columns {
            name: format!("local time of day, {}", self.about.clock.name()),
            low: 0.0,
            high: 1440.0,
            ticks: hours.map(|hour| (f64::from(hour) * 60.0, format!("{hour:02}:00"))).collect(),
        }
    }

    fn target_ground(&self, sheet: &mut Sheet, plot: Plot) {
        let Some([bottom, top]) = self.limits().map(|limits| limits.map(|at| plot.y.at(at))) else {
            return;
        };
        let area = Area { top, bottom, ..plot.area };
        let style = Style::fill(sheet.palette().target_ground);
        sheet.canvas.rectangle("target", area, style);
    }

    fn target_lines(&self, sheet: &mut Sheet, plot: Plot) {
        let style = Style::line(sheet.palette().target, 4.0);
        for limit in self.limits().into_iter().flatten() {
            let y = plot.y.at(limit);
            let ends = (spot(plot.area.left, y), spot(plot.area.right, y));
            sheet.canvas.line("target", ends.0, ends.1, style);
        }
    }

    fn alt(&self, title: &str, bins: &[ProfileBin]) -> String {
        let by_median = |one: &&ProfileBin, other: &&ProfileBin| one.p50.total_cmp(&other.p50);
        let least = bins.iter().min_by(by_median);
        let greatest = bins.iter().max_by(by_median);
        let said = |bin: Option<&ProfileBin>| {
            bin.map(|bin| format!("{} at {}", self.unit.words(bin.p50), hour(bin.minute)))
        };
        let target = self.target().map(|target| format!("; {target}")).unwrap_or_default();
        format!(
            "{title}, {}: the median runs from {} to {} {}{target}.",
            self.about.sentence(),
            said(least).unwrap_or_default(),
            said(greatest).unwrap_or_default(),
            self.unit.name(),
        )
    }
}

fn hour(minute: u16) -> String {
    format!("{:02}:{:02}", minute / 60, minute % 60)
}

/// Bins without a gap between them, run by run.
fn runs(bins: &[ProfileBin]) -> impl Iterator<Item = &[ProfileBin]> {
    bins.chunk_by(|one, next| one.minute + one.minutes == next.minute)
}

/// Places along a run, in the middle of each bin; of a single bin, from its begin to its end.
fn places(plot: Plot, run: &[ProfileBin], of: fn(&ProfileBin) -> f64) -> Vec<Spot> {
    let shares: &[f64] = if run.len() == 1 { &[0.0, 1.0] } else { &[0.5] };
    let each = run.iter().flat_map(|bin| {
        let (start, wide) = (f64::from(bin.minute), f64::from(bin.minutes));
        shares.iter().map(move |share| (start + wide * share, of(bin)))
    });
    each.map(|(minute, value)| spot(plot.x.at(minute), plot.y.at(value))).collect()
}

/// Draws the outer and the inner band of a run.
fn bands(sheet: &mut Sheet, plot: Plot, run: &[ProfileBin]) {
    let palette = sheet.palette();
    let between = |low: &[Spot], high: &[Spot]| -> Vec<Spot> {
        low.iter().copied().chain(high.iter().rev().copied()).collect()
    };
    let (p5, p95) = (places(plot, run, |bin| bin.p5), places(plot, run, |bin| bin.p95));
    sheet.canvas.polygon("outer", &between(&p5, &p95), Style::fill(palette.outer));
    let (p25, p75) = (places(plot, run, |bin| bin.p25), places(plot, run, |bin| bin.p75));
    sheet.canvas.polygon("inner", &between(&p25, &p75), Style::fill(palette.inner));
    for edge in [p5, p95] {
        sheet.canvas.polyline("edge", &edge, Style::line(palette.mark, 2.0).dashed());
    }
}

/// Draws the median of a run, above everything.
fn median(sheet: &mut Sheet, plot: Plot, run: &[ProfileBin]) {
    let spots = places(plot, run, |bin| bin.p50);
    let style = Style::line(sheet.palette().mark, 6.0);
    sheet.canvas.polyline("median", &spots, style);
}
