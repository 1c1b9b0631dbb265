//! The frame around a plot: an axis of values at the left, one of places below.

use super::canvas::{Anchor, Area, Style, WIDTH, spot};
use super::letters;
use super::scale::{self, Scale};
use super::sheet::{LINE, SIDE, Sheet, TEXT};

/// What stands at the left of a plot: places of labels from top to bottom, with their words.
#[derive(Debug)]
pub(super) struct Rows {
    /// What the rows are, above the axis.
    pub(super) name: String,
    /// Least value, at the bottom.
    pub(super) low: f64,
    /// Greatest value, at the top.
    pub(super) high: f64,
    /// Values with their words; labels that would touch one before them are left out.
    pub(super) ticks: Vec<(f64, String)>,
    /// How high the plot is.
    pub(super) height: f64,
}

/// What stands below a plot.
#[derive(Debug)]
pub(super) struct Columns {
    /// What the columns are, below the labels.
    pub(super) name: String,
    /// Value at the left.
    pub(super) low: f64,
    /// Value at the right.
    pub(super) high: f64,
    /// Values with their words.
    pub(super) ticks: Vec<(f64, String)>,
}

/// A plot that is framed and may be drawn in.
#[derive(Clone, Copy, Debug)]
pub(super) struct Plot {
    pub(super) area: Area,
    pub(super) x: Scale,
    pub(super) y: Scale,
}

impl Rows {
    /// An axis of round values with a unit.
    pub(super) fn of_values(name: &str, low: f64, high: f64, height: f64) -> Self {
        let (values, decimals) = scale::ticks(low, high, (height / 70.0).floor());
        let ticks = values.into_iter().map(|at| (at, letters::number(at, decimals))).collect();
        Self { name: name.to_owned(), low, high, ticks, height }
    }
}

/// Where a plot with these rows lies on a sheet.
pub(super) fn plot(sheet: &Sheet, rows: &Rows, columns: &Columns) -> Plot {
    let widest = rows.ticks.iter().map(|(_, word)| letters::width(word, TEXT)).fold(40.0, f64::max);
    let (left, right) = (SIDE + widest + 16.0, WIDTH - SIDE);
    // A label at the end stands halfway beyond it.
    let whole = Scale { low: columns.low, high: columns.high, from: left, to: right };
    let end = |(at, word): &(f64, String)| whole.at(*at) + letters::width(word, TEXT) / 2.0;
    let beyond = columns.ticks.last().map_or(0.0, end) - right;
    let top = sheet.top + LINE + 22.0;
    let area =
        Area { left, top, right: right - beyond.clamp(0.0, 60.0), bottom: top + rows.height };
    Plot {
        area,
        x: Scale { low: columns.low, high: columns.high, from: area.left, to: area.right },
        y: Scale { low: rows.low, high: rows.high, from: area.bottom, to: area.top },
    }
}

/// Draws grid, labels and names of the axes, and moves the sheet's top below them.
pub(super) fn frame(sheet: &mut Sheet, plot: Plot, rows: &Rows, columns: &Columns) {
    let palette = sheet.palette();
    let area = plot.area;
    let grid = Style::line(palette.grid, 2.0);
    let axis = Style::line(palette.rule, 3.0);
    let room = WIDTH - 2.0 * SIDE;
    let name = letters::fitted(&rows.name, TEXT, room);
    let at = spot(SIDE, sheet.top + LINE * 0.72);
    sheet.canvas.text("unit", at, &name, sheet.soft(Anchor::Start));
    for (value, word) in &rows.ticks {
        let y = plot.y.at(*value);
        sheet.canvas.line("grid", spot(area.left, y), spot(area.right, y), grid);
        let at = spot(area.left - 14.0, y + TEXT * 0.36);
        sheet.canvas.text("row", at, word, sheet.soft(Anchor::End));
    }
    for (value, word) in &columns.ticks {
        let x = plot.x.at(*value);
        sheet.canvas.line("tick", spot(x, area.bottom), spot(x, area.bottom + 10.0), axis);
        let at = spot(x, area.bottom + 12.0 + TEXT);
        sheet.canvas.text("column", at, word, sheet.soft(Anchor::Middle));
    }
    sheet.top = area.bottom + 12.0 + LINE;
    let name = letters::fitted(&columns.name, TEXT, room);
    let half = letters::width(&name, TEXT) / 2.0;
    let middle = area.middle().x.min(WIDTH - SIDE - half).max(SIDE + half);
    let at = spot(middle, sheet.top + LINE * 0.72);
    sheet.canvas.text("unit", at, &name, sheet.soft(Anchor::Middle));
    sheet.top += LINE + 16.0;
}

/// Draws the lines of the axes, above the marks.
pub(super) fn base(sheet: &mut Sheet, plot: Plot) {
    let axis = Style::line(sheet.palette().rule, 3.0);
    let area = plot.area;
    sheet.canvas.line("axis", spot(area.left, area.bottom), spot(area.right, area.bottom), axis);
}
