//! Texts in pictures: which letters may stand there, how wide they are, and what is cut off.

use std::sync::LazyLock;

use skrifa::instance::{LocationRef, Size};
use skrifa::{FontRef, MetadataProvider as _};

/// The one face, nearly as wide as Arial, which viewers without it have instead.
pub(super) fn face() -> &'static [u8] {
    dejavu::sans_condensed::regular()
}

/// Families to draw with, the embedded one first.
pub(super) const FAMILIES: &str = "'DejaVu Sans Condensed', Arial, Helvetica, sans-serif";

/// No text in a picture has more characters.
const MOST: usize = 120;

static FONT: LazyLock<Option<FontRef<'static>>> = LazyLock::new(|| FontRef::new(face()).ok());

/// A text that may stand in a picture: of one line, bounded, without controls, marks of direction and
/// what XML has no place for.
pub(super) fn clean(text: &str) -> String {
    capped(text, MOST)
}

fn capped(text: &str, most: usize) -> String {
    let words = text.split_whitespace().collect::<Vec<_>>().join(" ");
    let mut letters = words.chars().filter(|letter| !is_unseen(*letter));
    let mut kept: String = letters.by_ref().take(most).collect();
    if letters.next().is_some() {
        kept.pop();
        kept.push('…');
    }
    kept
}

/// Letters that are not seen but change what is.
fn is_unseen(letter: char) -> bool {
    letter.is_control()
        || matches!(letter, '\u{ad}' | '\u{61c}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}'
            | '\u{2060}'..='\u{206f}' | '\u{feff}' | '\u{fff0}'..='\u{fffb}' | '\u{e0000}'..='\u{e0fff}')
        || u32::from(letter) & 0xfffe == 0xfffe
}

/// A cleaned text with the characters that mean something to XML written as references.
pub(super) fn escaped(text: &str) -> String {
    referenced(&clean(text))
}

/// As [`escaped`], for a sentence, which may be longer.
pub(super) fn escaped_whole(text: &str) -> String {
    referenced(&capped(text, 4 * MOST))
}

fn referenced(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for letter in text.chars() {
        match letter {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&#39;"),
            other => out.push(other),
        }
    }
    out
}

/// How wide a text of this size is; letters that the face lacks count as wide ones.
pub(super) fn width(text: &str, size: f64) -> f64 {
    const WIDE: f64 = 1.0;
    let Some(font) = FONT.as_ref() else { return super::scale::count(text.chars().count()) * size };
    let metrics = font.glyph_metrics(Size::unscaled(), LocationRef::default());
    let letters = font.charmap();
    let em = f64::from(font.metrics(Size::unscaled(), LocationRef::default()).units_per_em);
    let advance = |letter| {
        let glyph = letters.map(letter)?;
        metrics.advance_width(glyph).map(|wide| f64::from(wide) / em)
    };
    text.chars().map(|letter| advance(letter).unwrap_or(WIDE)).sum::<f64>() * size
}

/// A cleaned text, cut off where it would be wider than allowed.
pub(super) fn fitted(text: &str, size: f64, allowed: f64) -> String {
    let mut text = clean(text);
    if width(&text, size) <= allowed {
        return text;
    }
    while !text.is_empty() && width(&text, size) + width("…", size) > allowed {
        text.pop();
    }
    format!("{}…", text.trim_end())
}

/// A count or measure with thousands apart and a true minus sign.
pub(super) fn number(value: f64, decimals: usize) -> String {
    let plain = format!("{:.decimals$}", value.abs());
    let (whole, rest) = plain.split_at(plain.find('.').unwrap_or(plain.len()));
    let mut grouped = String::new();
    for (at, digit) in whole.chars().enumerate() {
        if at > 0 && (whole.len() - at).is_multiple_of(3) {
            grouped.push(',');
        }
        grouped.push(digit);
    }
    let is_zero = plain.bytes().all(|byte| matches!(byte, b'0' | b'.'));
    let sign = if value < 0.0 && !is_zero { "\u{2212}" } else { "" };
    format!("{sign}{grouped}{rest}")
}
