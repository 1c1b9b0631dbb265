//! What all pictures have in common: the head that says what is shown, the legend, and the end.

use super::canvas::{Anchor, Area, Canvas, Setting, Spot, Style, WIDTH, spot};
use super::letters;
use super::theme::Palette;
use super::{Look, Picture};

/// Size of everything that is read but the title: 11 pixels where the picture is 400 wide.
pub(super) const TEXT: f64 = 28.0;
const TITLE: f64 = 38.0;
/// From one base line to the next.
pub(super) const LINE: f64 = 38.0;
/// Free room at the sides.
pub(super) const SIDE: f64 = 26.0;

/// A picture whose head is drawn.
#[derive(Debug)]
pub(super) struct Sheet {
    pub(super) canvas: Canvas,
    /// Where the next thing may begin.
    pub(super) top: f64,
    title: String,
    facts: String,
}

/// What a legend shows beside a word.
#[derive(Clone, Copy, Debug)]
pub(super) enum Key {
    Box(Style),
    /// A bar of this share of the full height.
    Bar(Style, f64),
    Line(Style),
    Dot(Style),
    Diamond(Style),
}

impl Sheet {
    /// Writes caption, title and facts.
    pub(super) fn new(look: &Look, title: &str, facts: &[String]) -> Self {
        let mut sheet = Self {
            canvas: Canvas::new(look.theme),
            top: 20.0,
            title: letters::clean(title),
            facts: facts.join(", "),
        };
        let palette = sheet.palette();
        let room = WIDTH - 2.0 * SIDE;
        if let Some(caption) =
            look.caption.as_deref().map(letters::clean).filter(|it| !it.is_empty())
        {
            let caption = letters::fitted(&caption, TEXT, room);
            sheet.write("caption", &caption, TEXT, palette.ink);
        }
        let title = letters::fitted(title, TITLE, room);
        sheet.top += 6.0;
        sheet.write("title", &title, TITLE, palette.ink);
        for line in wrapped(facts, room) {
            sheet.write("fact", &line, TEXT, palette.soft);
        }
        sheet.top += 12.0;
        sheet
    }

    pub(super) const fn palette(&self) -> &'static Palette {
        self.canvas.palette()
    }

    fn write(&mut self, class: &'static str, text: &str, size: f64, colour: super::theme::Colour) {
        self.top += size * LINE / TEXT;
        let at = spot(SIDE, self.top - size * 0.3);
        self.canvas.text(class, at, text, Setting { size, colour, anchor: Anchor::Start });
    }

    /// A setting of ordinary size.
    pub(super) const fn soft(&self, anchor: Anchor) -> Setting {
        Setting { size: TEXT, colour: self.palette().soft, anchor }
    }

    /// A setting of ordinary size that stands out.
    pub(super) const fn strong(&self, anchor: Anchor) -> Setting {
        Setting { size: TEXT, colour: self.palette().ink, anchor }
    }

    /// Explains marks, in as many lines as it takes.
    pub(super) fn legend(&mut self, keys: &[(Key, String)]) {
        const SWATCH: f64 = 40.0;
        const GAP: f64 = 10.0;
        let mut left = SIDE;
        for (key, word) in keys {
            let word = letters::fitted(word, TEXT, WIDTH - 2.0 * SIDE - SWATCH - GAP);
            let wide = SWATCH + GAP + letters::width(&word, TEXT);
            if left > SIDE && left + wide > WIDTH - SIDE {
                left = SIDE;
                self.top += LINE;
            }
            let middle = spot(left + SWATCH / 2.0, self.top + LINE / 2.0);
            self.key(*key, middle, SWATCH);
            let at = spot(left + SWATCH + GAP, self.top + LINE / 2.0 + TEXT * 0.36);
            self.canvas.text("legend", at, &word, self.soft(Anchor::Start));
            left += wide + 34.0;
        }
        self.top += LINE + 8.0;
    }

    fn key(&mut self, key: Key, at: Spot, wide: f64) {
        let half = wide / 2.0;
        match key {
            Key::Box(style) => self.key(Key::Bar(style, 1.0), at, wide),
            Key::Bar(style, share) => {
                let tall = 13.0 * share;
                let (left, right) = (at.x - half, at.x + half);
                let area = Area { left, right, top: at.y - tall, bottom: at.y + tall };
                self.canvas.rectangle("key", area, style);
            }
            Key::Line(style) => {
                self.canvas.line("key", spot(at.x - half, at.y), spot(at.x + half, at.y), style);
            }
            Key::Dot(style) => self.canvas.circle("key", at, 9.0, style),
            Key::Diamond(style) => self.diamond("key", at, style),
        }
    }

    /// The mark of the one that matters most.
    pub(super) fn diamond(&mut self, class: &'static str, at: Spot, style: Style) {
        const REACH: f64 = 15.0;
        let spots = [
            spot(at.x, at.y - REACH),
            spot(at.x + REACH, at.y),
            spot(at.x, at.y + REACH),
            spot(at.x - REACH, at.y),
        ];
        self.canvas.polygon(class, &spots, style);
    }

    /// Says in the middle of an empty picture that there is nothing to draw.
    pub(super) fn nothing(mut self, words: &str) -> Picture {
        let area =
            Area { left: SIDE, top: self.top, right: WIDTH - SIDE, bottom: self.top + 260.0 };
        let edge = Style::line(self.palette().rule, 2.0).dashed();
        self.canvas.rectangle("empty", area, edge);
        let middle = area.middle();
        let at = spot(middle.x, middle.y + TEXT * 0.36);
        self.canvas.text("nothing", at, words, self.strong(Anchor::Middle));
        let alt = format!("{}, {}: {words}.", self.title, self.facts);
        self.finish(area.bottom + SIDE, alt)
    }

    pub(super) fn finish(self, height: f64, alt: String) -> Picture {
        let svg = self.canvas.finish(height, &self.title, &alt);
        Picture { svg, alt }
    }
}

/// Facts in a row with dots between, in as many lines as it takes.
fn wrapped(facts: &[String], room: f64) -> Vec<String> {
    let mut lines: Vec<String> = Vec::new();
    for fact in facts {
        let fact = letters::fitted(fact, TEXT, room);
        let joined = lines.last().map(|line| format!("{line} · {fact}"));
        match (lines.last_mut(), joined) {
            (Some(line), Some(joined)) if letters::width(&joined, TEXT) <= room => *line = joined,
            _ => lines.push(fact),
        }
    }
    lines
}
