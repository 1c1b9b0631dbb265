//! The words that are looked for, and the snippets around them.

use schemars::JsonSchema;
use serde::Serialize;
use serde_json::Value;

use super::leaves::{Unread, leaves};
use crate::fhir::fold::{Folded, fold, matches};
use crate::tools::fhir::shown::named;
use crate::tools::overview::line::Line;
use crate::tools::text::brief;

/// Words and phrases of one question.
const MOST_WORDS: usize = 10;
/// Characters of one of them.
const LONGEST_WORD: usize = 100;
/// Snippets of one resource; further matches in it are counted.
const SNIPPETS: usize = 3;

/// What is looked for, folded.
#[derive(Clone)]
pub struct Needles {
    folded: Vec<String>,
    whole_words: bool,
    around: usize,
}

impl Needles {
    /// Plain words and phrases, any one of which may match, with so many characters around.
    ///
    /// # Errors
    /// None at all, too many, or one that is too short or too long to be looked for.
    pub fn new(words: &[String], whole_words: bool, around: u32) -> Result<Self, String> {
        if words.is_empty() || words.len() > MOST_WORDS {
            return Err(format!("find: give 1 to {MOST_WORDS} words or phrases"));
        }
        let mut folded: Vec<String> =
            words.iter().map(|word| fold(word).trim().to_owned()).collect();
        let is_fit = |word: &String| word.len() > 1 && word.chars().count() <= LONGEST_WORD;
        if !folded.iter().all(is_fit) {
            return Err(format!("find: each has 2 to {LONGEST_WORD} characters"));
        }
        folded.sort_unstable();
        folded.dedup();
        let around = usize::try_from(around).unwrap_or_default();
        Ok(Self { folded, whole_words, around })
    }

    /// Where in a text they stand: ranges of bytes, in order.
    fn places(&self, text: &str) -> Vec<(usize, usize)> {
        let plain = fold(text);
        let is_there =
            |needle: &&String| matches(&plain, needle, self.whole_words).next().is_some();
        let there: Vec<&String> = self.folded.iter().filter(is_there).collect();
        if there.is_empty() {
            return Vec::new();
        }
        let folded = Folded::of(text);
        let found = there.iter().flat_map(|needle| folded.find(needle, self.whole_words));
        let mut places: Vec<(usize, usize)> = found.collect();
        places.sort_unstable();
        places
    }
}

/// A resource in which something was found.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(inline)]
pub struct Hit {
    /// Type/id, for `fhir_read`.
    resource: String,
    /// When, as recorded.
    #[serde(skip_serializing_if = "Option::is_none")]
    date: Option<String>,
    /// How often the words stand in it.
    matches: usize,
    /// The first of them.
    snippets: Vec<Snippet>,
}

/// A match with the text around it.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(inline)]
pub struct Snippet {
    /// Where in the resource; behind a colon, inside an attachment.
    path: String,
    /// The match between ⟦ and ⟧.
    text: String,
}

/// Looks through one resource.
pub fn look(needles: &Needles, resource: &Value) -> (Option<Hit>, Unread) {
    let (mut count, mut snippets) = (0, Vec::new());
    let unread =
        leaves(resource, &mut |path, text| {
            let places = needles.places(text);
            count += places.len();
            let room = SNIPPETS - snippets.len();
            snippets.extend(places.into_iter().take(room).map(|place| Snippet {
                path: brief(path),
                text: around(text, place, needles.around),
            }));
        });
    let hit = (count > 0).then(|| Hit {
        resource: brief(&named(resource)),
        date: Line::of(resource).date,
        matches: count,
        snippets,
    });
    (hit, unread)
}

/// The match in its text, with so many characters on either side.
fn around(text: &str, (start, end): (usize, usize), most: usize) -> String {
    let part = |from: usize, to: usize| text.get(from..to).unwrap_or_default();
    let (before, found, after) = (part(0, start), part(start, end), part(end, text.len()));
    let first = before.char_indices().rev().take(most).last().map_or(before.len(), |(at, _)| at);
    let last = after.char_indices().nth(most).map_or(after.len(), |(at, _)| at);
    let ellipsis = |is_cut: bool| if is_cut { "…" } else { "" };
    let (head, tail) = (part(first, start), part(end, end + last));
    let (cut_head, cut_tail) = (ellipsis(first > 0), ellipsis(last < after.len()));
    // Marks without end may stand between two letters of a match.
    let found = brief(&plain(found));
    format!("{cut_head}{}⟦{found}⟧{}{cut_tail}", plain(head), plain(tail))
}

/// White space as one blank, and the marks left to us alone.
fn plain(text: &str) -> String {
    let mut plain = String::with_capacity(text.len());
    for character in text.chars() {
        match character {
            blank if blank.is_whitespace() => {
                if !plain.ends_with(' ') {
                    plain.push(' ');
                }
            }
            '⟦' => plain.push('['),
            '⟧' => plain.push(']'),
            other => plain.push(other),
        }
    }
    plain
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn needles(words: &[&str], whole_words: bool) -> Needles {
        let words: Vec<String> = words.iter().map(|word| (*word).to_owned()).collect();
        Needles::new(&words, whole_words, 10).unwrap()
    }

    fn texts(words: &[&str], resource: &Value) -> Vec<String> {
        let hit = look(&needles(words, false), resource).0;
        hit.into_iter().flat_map(|hit| hit.snippets).map(|snippet| snippet.text).collect()
    }

    #[test]
    fn a_match_is_marked_and_stands_between_what_is_around_it() {
        let resource = json!({"resourceType": "Condition", "id": "1",
                              "note": "The patient reports severe chest  pain since Monday."});
        assert_eq!(texts(&["CHEST PAIN"], &resource), ["…ts severe ⟦chest pain⟧ since Mon…"]);
        assert_eq!(texts(&["the pat"], &resource), ["⟦The pat⟧ient repor…"]);
        assert_eq!(texts(&["cough"], &resource), Vec::<String>::new());
    }

    #[test]
    fn nobody_else_writes_the_marks() {
        let resource = json!({"a": "⟦fake⟧ pain"});
        assert_eq!(texts(&["pain"], &resource), ["[fake] ⟦pain⟧"]);
    }

    #[test]
    fn a_match_is_short_whatever_stands_between_its_letters() {
        let long =
            json!({"id": "i".repeat(9_000), "a": format!("pa{}in", "\u{301}".repeat(9_000))});
        let hit = look(&needles(&["pain"], false), &long).0.unwrap();
        assert!(serde_json::to_vec(&hit).unwrap().len() < 1_000);
    }

    #[test]
    fn further_matches_in_a_resource_are_counted() {
        let resource = json!({"a": "pain ".repeat(50), "b": "pain"});
        let hit = look(&needles(&["pain"], true), &resource).0.unwrap();
        assert_eq!((hit.matches, hit.snippets.len()), (51, SNIPPETS));
    }

    #[test]
    fn words_are_plain_words() {
        assert_eq!(texts(&["a.*b"], &json!({"a": "axxb"})), Vec::<String>::new());
        assert_eq!(texts(&["a.*b"], &json!({"a": "a.*b"})), ["⟦a.*b⟧"]);
        for words in [vec![], vec!["x"], vec!["  "], vec!["\u{301}"]] {
            let words: Vec<String> = words.into_iter().map(str::to_owned).collect();
            assert!(Needles::new(&words, false, 10).is_err(), "{words:?}");
        }
        let long = vec!["x".repeat(101)];
        assert!(Needles::new(&long, false, 10).is_err());
    }
}
