//! Words as they are compared: without case, without accents, with any white space as one blank.

use icu_normalizer::DecomposingNormalizerBorrowed;

/// Letters that do not fall apart into a plain one and a mark, and are still written without.
const PLAIN: [(char, &str); 10] = [
    ('ß', "ss"),
    ('æ', "ae"),
    ('œ', "oe"),
    ('ø', "o"),
    ('đ', "d"),
    ('ð', "d"),
    ('ł', "l"),
    ('ı', "i"),
    ('þ', "th"),
    ('ħ', "h"),
];

/// The words of a text, ready to be compared.
pub fn fold(text: &str) -> String {
    let mut folded = String::with_capacity(text.len());
    each(text, |_, part| folded.push_str(part));
    folded
}

/// A text that was searched, in which matches can be found again.
#[derive(Debug)]
pub struct Folded {
    text: String,
    /// Where each part of the folded text begins, and where in the original the letter stands.
    places: Vec<(usize, usize)>,
    end: usize,
}

impl Folded {
    /// Folds a text and remembers where everything stood.
    pub fn of(text: &str) -> Self {
        let mut folded = Self { text: String::new(), places: Vec::new(), end: text.len() };
        each(text, |at, part| {
            folded.places.push((folded.text.len(), at));
            folded.text.push_str(part);
        });
        folded
    }

    /// Where `needle`, which is folded already, stands in the original: ranges of bytes, in order.
    pub fn find<'f>(
        &'f self,
        needle: &'f str,
        whole_words: bool,
    ) -> impl Iterator<Item = (usize, usize)> + 'f {
        matches(&self.text, needle, whole_words).map(|(start, end)| {
            let after = self.places.partition_point(|(folded, _)| *folded < end);
            let first = self.places.partition_point(|(folded, _)| *folded <= start);
            let origin = |at: usize| self.places.get(at).map(|(_, original)| *original);
            let begin = first.checked_sub(1).and_then(origin).unwrap_or_default();
            (begin, origin(after).unwrap_or(self.end))
        })
    }
}

/// Where `needle` stands in `text`, both folded; linear in the length of the text.
pub fn matches<'t>(
    text: &'t str,
    needle: &'t str,
    whole_words: bool,
) -> impl Iterator<Item = (usize, usize)> + 't {
    let joins = |c: Option<char>| c.is_some_and(char::is_alphanumeric);
    let is_word = move |start: usize, end: usize| {
        let before = text.get(..start).and_then(|before| before.chars().next_back());
        let after = text.get(end..).and_then(|after| after.chars().next());
        !whole_words || (!joins(before) && !joins(after))
    };
    let found = text.match_indices(needle).filter(|_| !needle.is_empty());
    found
        .map(|(start, found)| (start, start + found.len()))
        .filter(move |(start, end)| is_word(*start, *end))
}

/// Hands over what becomes of each letter, with the place where it stood.
fn each(text: &str, mut take: impl FnMut(usize, &str)) {
    let decomposer = DecomposingNormalizerBorrowed::new_nfkd();
    let mut is_blank = true;
    let mut buffer = String::new();
    for (at, character) in text.char_indices() {
        if character.is_whitespace() {
            if !is_blank {
                take(at, " ");
            }
            is_blank = true;
            continue;
        }
        buffer.clear();
        if character.is_ascii() {
            buffer.push(character.to_ascii_lowercase());
        } else {
            for part in decomposer.normalize_iter(character.to_lowercase()) {
                let lower = part.to_lowercase().filter(|part| !is_mark(*part));
                lower.for_each(|part| push_plain(&mut buffer, part));
            }
        }
        if !buffer.is_empty() {
            is_blank = false;
            take(at, &buffer);
        }
    }
}

fn push_plain(buffer: &mut String, part: char) {
    match PLAIN.iter().find(|(letter, _)| *letter == part) {
        Some((_, plain)) => buffer.push_str(plain),
        None => buffer.push(part),
    }
}

/// Combining marks of the Latin, Greek and Cyrillic scripts; in others a mark is a letter.
const fn is_mark(character: char) -> bool {
    matches!(
        character,
        '\u{300}'..='\u{36f}' | '\u{1ab0}'..='\u{1aff}' | '\u{1dc0}'..='\u{1dff}'
            | '\u{20d0}'..='\u{20ff}' | '\u{fe20}'..='\u{fe2f}'
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn case_accents_and_white_space_make_no_difference() {
        for (one, other) in [
            ("Müller", "MULLER"),
            ("cafe\u{301}", "Café"),
            ("Straße", "STRASSE"),
            ("Søren", "soren"),
            ("Łukasz", "lukasz"),
            ("İzmir", "izmir"),
            ("chest\n\t pain", "Chest Pain"),
            ("ﬁbrosis", "fibrosis"),
        ] {
            assert_eq!(fold(one), fold(other), "{one} {other}");
        }
        assert_ne!(fold("李"), fold("王"));
        assert_eq!(fold("ا ب"), "ا ب");
    }

    #[test]
    fn a_match_is_found_where_it_stood_in_the_original() {
        let text = "A  Straße in Köln";
        let folded = Folded::of(text);
        let at = |needle: &str| {
            folded.find(&fold(needle), false).map(|(a, b)| &text[a..b]).collect::<Vec<_>>()
        };
        assert_eq!(at("strasse"), ["Straße"]);
        assert_eq!(at("KOLN"), ["Köln"]);
        assert_eq!(at("a s"), ["A  S"]);
        assert_eq!(at("in koln"), ["in Köln"]);
        assert_eq!(at(""), Vec::<&str>::new());
    }

    #[test]
    fn whole_words_are_not_found_inside_others() {
        let text = fold("ACT and act, active; CT");
        assert_eq!(matches(&text, "act", true).count(), 2);
        assert_eq!(matches(&text, "act", false).count(), 3);
        assert_eq!(matches(&text, "ct", true).count(), 1);
    }
}
