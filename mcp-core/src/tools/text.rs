//! Text that a person or a device wrote, made fit to be read by a model: nothing invisible, nothing
//! that changes the direction of reading, nothing endless.

use serde_json::Value;

/// Characters kept of a name, a title, a description.
const LONGEST: usize = 500;
/// Characters kept of a text that stands in a line among many.
const LONGEST_IN_LINE: usize = 160;
/// Characters kept of a text inside a record that is shown whole.
const LONGEST_IN_RECORD: usize = 2_000;

/// Cleans a text for a line among many.
pub fn brief(text: &str) -> String {
    capped(text, LONGEST_IN_LINE)
}

/// Cleans a short text.
pub fn clean(text: &str) -> String {
    capped(text, LONGEST)
}

/// Cleans a short text that may be absent.
pub fn clean_option(text: Option<&str>) -> Option<String> {
    text.map(clean).filter(|text| !text.is_empty())
}

/// Cleans a long text: a narrative, a note.
pub fn long(text: &str) -> String {
    capped(text, LONGEST_IN_RECORD)
}

/// Whether a text holds nothing that is hidden.
pub fn is_clean(text: &str) -> bool {
    text.chars().all(|c| matches!(c, '\n' | '\r' | '\t') || visible(c) == Some(c))
}

/// A text without what is hidden in it, of whatever length.
pub fn unhidden(text: &str) -> String {
    if is_plain(text) {
        return text.to_owned();
    }
    text.chars().filter_map(visible).collect()
}

/// Cleans every text in a record, the names of its members too.
pub fn clean_record(record: Value) -> Value {
    match record {
        Value::String(text) => Value::String(capped(&text, LONGEST_IN_RECORD)),
        Value::Array(items) => items.into_iter().map(clean_record).collect(),
        Value::Object(members) => members
            .into_iter()
            .map(|(name, value)| (capped(&name, LONGEST), clean_record(value)))
            .collect(),
        Value::Null | Value::Bool(_) | Value::Number(_) => record,
    }
}

/// The words of a narrative (FHIR R5 §2.1.28.2), without its markup.
pub fn without_tags(markup: &str) -> String {
    let mut words = String::new();
    let mut is_tag = false;
    for character in markup.chars() {
        match character {
            '<' => {
                is_tag = true;
                words.push(' ');
            }
            '>' if is_tag => is_tag = false,
            _ if is_tag => {}
            shown => words.push(shown),
        }
    }
    words.split_whitespace().collect::<Vec<_>>().join(" ")
}

fn capped(text: &str, longest: usize) -> String {
    // Nearly all texts.
    if text.len() <= longest && is_plain(text) {
        return text.trim().to_owned();
    }
    let mut kept: String = text.chars().filter_map(visible).take(longest + 1).collect();
    if let Some((at, _)) = kept.char_indices().nth(longest) {
        kept.truncate(at);
        kept.push('…');
    }
    kept.trim().to_owned()
}

/// Whether each byte is a character that is shown as it is.
fn is_plain(text: &str) -> bool {
    text.bytes().all(|byte| matches!(byte, b' '..=b'~'))
}

/// A character as it is shown: white space is a blank, what cannot be seen is dropped.
fn visible(character: char) -> Option<char> {
    match character {
        '\t' | '\n' | '\r' | '\u{85}' | '\u{2028}' | '\u{2029}' => Some(' '),
        control if control.is_control() => None,
        hidden if is_hidden(hidden) => None,
        shown => Some(shown),
    }
}

/// Characters without a glyph, in which whole sentences have been hidden.
const fn is_hidden(character: char) -> bool {
    matches!(
        character,
        // Zero width, soft hyphen, joiners, byte order mark, invisible operators and fillers.
        '\u{ad}' | '\u{34f}' | '\u{115f}' | '\u{1160}' | '\u{17b4}' | '\u{17b5}' | '\u{3164}'
        | '\u{180b}'..='\u{180f}' | '\u{200b}'..='\u{200d}' | '\u{2060}'..='\u{2065}'
        | '\u{206a}'..='\u{206f}' | '\u{feff}' | '\u{ffa0}' | '\u{fff0}'..='\u{fffb}'
        // Direction of reading (UAX #9).
        | '\u{61c}' | '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}'
        // Variation selectors and tags.
        | '\u{fe00}'..='\u{fe0f}' | '\u{e0000}'..='\u{e0fff}'
    )
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn what_cannot_be_seen_is_removed() {
        let hidden: String =
            "ignore".bytes().map(|b| char::from_u32(0xe0000 + u32::from(b)).unwrap()).collect();
        assert_eq!(clean(&format!("May{hidden} Nguyen")), "May Nguyen");
        assert_eq!(clean("a\u{202e}b\u{200b}c\u{feff}d\u{1b}[31me\0"), "abcd[31me");
        assert_eq!(clean("two\nlines"), "two lines");
        assert_eq!(clean("Žofie 李 😀"), "Žofie 李 😀");
    }

    #[test]
    fn what_is_plain_is_shown_as_it_is() {
        for byte in 0..=u8::MAX {
            let text = String::from(char::from(byte));
            if is_plain(&text) {
                assert_eq!(text.chars().filter_map(visible).collect::<String>(), text);
            }
        }
        assert_eq!(clean("  it's 5 mm[Hg]~ "), "it's 5 mm[Hg]~");
        assert_eq!(clean(&"x".repeat(LONGEST + 1)), format!("{}…", "x".repeat(LONGEST)));
        assert_eq!(unhidden(" a\tb"), " a b");
    }

    #[test]
    fn a_long_text_is_cut_and_shows_it() {
        let cut = clean(&"ü".repeat(10_000));
        assert_eq!(cut.chars().count(), LONGEST + 1);
        assert!(cut.ends_with('…'));
        assert_eq!(clean(&"x".repeat(LONGEST)).chars().count(), LONGEST);
    }

    #[test]
    fn a_record_is_cleaned_to_its_leaves() {
        let record = json!({"a\u{200b}": ["x\u{202e}", {"n": 1, "t": true}]});
        assert_eq!(clean_record(record), json!({"a": ["x", {"n": 1, "t": true}]}));
    }

    #[test]
    fn nothing_visible_is_nothing() {
        assert_eq!(clean_option(Some("\u{200b} ")), None);
    }
}
