//! What an error body means. Its text is looked at here and goes no further.

/// Whether a 404 says that the page asked for lies past the end, rather than that nothing is there.
/// The Exchange writes the same words into REST errors and into an `OperationOutcome`.
pub fn is_invalid_page(body: &[u8]) -> bool {
    const WORDS: &[u8] = b"Invalid page";
    body.len() < 4096 && body.windows(WORDS.len()).any(|window| window == WORDS)
}

/// Which of our own words an error or a remark speaks of. Only those words leave this place, never
/// what the backend wrote around them.
pub fn named<'a>(text: &str, words: impl Iterator<Item = &'a str>) -> Vec<String> {
    let is_part = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '-' | '.');
    let spoken: Vec<&str> = text.split(|c: char| !is_part(c)).collect();
    let is_spoken = |word: &&str| {
        let whole = word.split(':').next().unwrap_or(word);
        spoken.iter().any(|part| *part == whole || part.trim_end_matches('.') == whole)
    };
    words.filter(is_spoken).map(str::to_owned).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn e08_of_an_error_only_our_own_words_are_taken() {
        let text = "Unknown parameter 'colour' for 123-45-6789; also: name.";
        let names = named(text, ["colour", "name", "code"].into_iter());
        assert_eq!(names, ["colour", "name"]);
    }

    #[test]
    fn a_page_past_the_end_is_told_from_a_missing_record() {
        assert!(is_invalid_page(br#"{"detail":"Invalid page."}"#));
        assert!(is_invalid_page(
            br#"{"resourceType":"OperationOutcome","issue":[{"diagnostics":"Invalid page."}]}"#
        ));
        assert!(!is_invalid_page(br#"{"detail":"Patient/40004 not found."}"#));
    }
}
