//! What an error body means. Its text is looked at here and goes no further.

/// Whether a 404 says that the page asked for lies past the end, rather than that nothing is there.
/// The Exchange writes the same words into REST errors and into an `OperationOutcome`.
pub fn is_invalid_page(body: &[u8]) -> bool {
    const WORDS: &[u8] = b"Invalid page";
    body.len() < 4096 && body.windows(WORDS.len()).any(|window| window == WORDS)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_page_past_the_end_is_told_from_a_missing_record() {
        assert!(is_invalid_page(br#"{"detail":"Invalid page."}"#));
        assert!(is_invalid_page(
            br#"{"resourceType":"OperationOutcome","issue":[{"diagnostics":"Invalid page."}]}"#
        ));
        assert!(!is_invalid_page(br#"{"detail":"Patient/40004 not found."}"#));
    }
}
