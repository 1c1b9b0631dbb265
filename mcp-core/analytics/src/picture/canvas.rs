//! A writer of SVG that knows five shapes and plain text, and nothing that could act or load.
//!
//! Every coordinate passes [`Written`], every text [`letters::escaped`]: what comes out is well-formed,
//! finite and inert whatever went in.

use std::fmt::{self, Write as _};

use super::letters;
use super::theme::{Colour, Palette, Theme};

/// All pictures are this wide in their own units.
pub(super) const WIDTH: f64 = 1000.0;

/// A place on the canvas, from its upper left corner.
#[derive(Clone, Copy, Debug)]
pub(super) struct Spot {
    pub(super) x: f64,
    pub(super) y: f64,
}

pub(super) const fn spot(x: f64, y: f64) -> Spot {
    Spot { x, y }
}

/// An upright rectangle.
#[derive(Clone, Copy, Debug)]
pub(super) struct Area {
    pub(super) left: f64,
    pub(super) top: f64,
    pub(super) right: f64,
    pub(super) bottom: f64,
}

impl Area {
    pub(super) const fn middle(self) -> Spot {
        spot(f64::midpoint(self.left, self.right), f64::midpoint(self.top, self.bottom))
    }
}

/// How a shape is filled and outlined.
#[derive(Clone, Copy, Debug)]
pub(super) struct Style {
    fill: Fill,
    stroke: Option<(Colour, f64)>,
    dashes: &'static str,
}

#[derive(Clone, Copy, Debug)]
enum Fill {
    None,
    Plain(Colour),
    Hatched,
}

impl Style {
    pub(super) const fn fill(colour: Colour) -> Self {
        Self { fill: Fill::Plain(colour), stroke: None, dashes: "" }
    }

    pub(super) const fn line(colour: Colour, width: f64) -> Self {
        Self { fill: Fill::None, stroke: Some((colour, width)), dashes: "" }
    }

    /// The look of what has no data.
    pub(super) const fn hatched() -> Self {
        Self { fill: Fill::Hatched, stroke: None, dashes: "" }
    }

    pub(super) const fn edged(mut self, colour: Colour, width: f64) -> Self {
        self.stroke = Some((colour, width));
        self
    }

    pub(super) const fn dashed(mut self) -> Self {
        self.dashes = "10 7";
        self
    }
}

/// Which end of a text its spot is.
#[derive(Clone, Copy, Debug)]
pub(super) enum Anchor {
    Start,
    Middle,
    End,
}

/// How a text is set; its spot is on the base line.
#[derive(Clone, Copy, Debug)]
pub(super) struct Setting {
    pub(super) size: f64,
    pub(super) colour: Colour,
    pub(super) anchor: Anchor,
}

/// A number as it is written: finite, bounded, to a tenth.
struct Written(f64);

impl fmt::Display for Written {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        const FAR: f64 = 10_000.0;
        let near = if self.0.is_finite() { self.0.clamp(-FAR, FAR) } else { 0.0 };
        let tenths = (near * 10.0).round();
        // Adding zero turns minus zero into zero.
        write!(out, "{}", tenths / 10.0 + 0.0)
    }
}

/// A picture in the making.
#[derive(Debug)]
pub(super) struct Canvas {
    theme: Theme,
    body: String,
}

impl Canvas {
    pub(super) const fn new(theme: Theme) -> Self {
        Self { theme, body: String::new() }
    }

    pub(super) const fn palette(&self) -> &'static Palette {
        self.theme.palette()
    }

    pub(super) fn rectangle(&mut self, class: &'static str, area: Area, style: Style) {
        let (x, y) = (Written(area.left), Written(area.top));
        let (wide, high) = (
            Written((area.right - area.left).max(0.0)),
            Written((area.bottom - area.top).max(0.0)),
        );
        let shape = format!(r#"rect x="{x}" y="{y}" width="{wide}" height="{high}""#);
        self.shape(class, &shape, style);
    }

    pub(super) fn circle(&mut self, class: &'static str, at: Spot, radius: f64, style: Style) {
        let (x, y, radius) = (Written(at.x), Written(at.y), Written(radius));
        self.shape(class, &format!(r#"circle cx="{x}" cy="{y}" r="{radius}""#), style);
    }

    pub(super) fn line(&mut self, class: &'static str, from: Spot, to: Spot, style: Style) {
        let (x1, y1, x2, y2) = (Written(from.x), Written(from.y), Written(to.x), Written(to.y));
        self.shape(class, &format!(r#"line x1="{x1}" y1="{y1}" x2="{x2}" y2="{y2}""#), style);
    }

    /// A line through spots, open.
    pub(super) fn polyline(&mut self, class: &'static str, spots: &[Spot], style: Style) {
        self.shape(class, &format!(r#"polyline points="{}""#, listed(spots)), style);
    }

    /// An area between spots.
    pub(super) fn polygon(&mut self, class: &'static str, spots: &[Spot], style: Style) {
        self.shape(class, &format!(r#"polygon points="{}""#, listed(spots)), style);
    }

    /// Writes a text.
    pub(super) fn text(&mut self, class: &'static str, at: Spot, text: &str, set: Setting) {
        let anchor = match set.anchor {
            Anchor::Start => "start",
            Anchor::Middle => "middle",
            Anchor::End => "end",
        };
        let (x, y, size) = (Written(at.x), Written(at.y), Written(set.size));
        let _ = writeln!(
            self.body,
            r#"<text class="{class}" x="{x}" y="{y}" font-size="{size}" fill="{}" text-anchor="{anchor}">{}</text>"#,
            set.colour,
            letters::escaped(text),
        );
    }

    fn shape(&mut self, class: &'static str, shape: &str, style: Style) {
        let _ = write!(self.body, r#"<{shape} class="{class}""#);
        let _ = match style.fill {
            Fill::None => write!(self.body, r#" fill="none""#),
            Fill::Plain(colour) => write!(self.body, r#" fill="{colour}""#),
            Fill::Hatched => write!(self.body, r#" fill="url(#hatch-{})""#, self.theme.name()),
        };
        if let Some((colour, width)) = style.stroke {
            let width = Written(width);
            let _ = write!(self.body, r#" stroke="{colour}" stroke-width="{width}""#);
        }
        if !style.dashes.is_empty() {
            let _ = write!(self.body, r#" stroke-dasharray="{}""#, style.dashes);
        }
        self.body.push_str("/>\n");
    }

    /// The whole picture; `name` and `description` are for those who do not see it.
    pub(super) fn finish(self, height: f64, name: &str, description: &str) -> String {
        let palette = self.palette();
        let (wide, high) = (Written(WIDTH), Written(height.ceil()));
        format!(
            r#"<svg xmlns="http://www.w3.org/2000/svg" width="{wide}" height="{high}" viewBox="0 0 {wide} {high}" role="img" font-family="{families}">
<title>{name}</title>
<desc>{description}</desc>
<defs><pattern id="hatch-{theme}" width="12" height="12" patternUnits="userSpaceOnUse" patternTransform="rotate(45)"><rect width="3" height="12" fill="{hatch}"/></pattern></defs>
<rect class="ground" width="{wide}" height="{high}" fill="{ground}"/>
{body}</svg>
"#,
            families = letters::FAMILIES,
            name = letters::escaped(name),
            description = letters::escaped_whole(description),
            theme = self.theme.name(),
            hatch = palette.hatch,
            ground = palette.ground,
            body = self.body,
        )
    }
}

fn listed(spots: &[Spot]) -> String {
    let each = spots.iter().map(|at| format!("{},{}", Written(at.x), Written(at.y)));
    each.collect::<Vec<_>>().join(" ")
}
