//! What an error body means. Its text is looked at here and goes no further.

use serde_json::Value;

use super::json::{elements, text};

/// What a server of terminologies says with an error, by the codes of its issues (FHIR R5 §4.6.1).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Issue {
    /// It has no such thing; which of code, system, value set or map is not said.
    NotFound,
    /// It has the system, and the code is not in it.
    InvalidCode,
    /// The answer would be too large to be made.
    TooCostly,
}

/// The issue of an error body. Only an `OperationOutcome` has one: a page of a proxy says nothing. A
/// record that is missing is told by the status too, whatever the issue's code, unless the server
/// says that it cannot do this at all.
pub fn issue(body: &[u8], is_missing: bool) -> Option<Issue> {
    let body: Value = authz::json::read(body)?;
    (text(&body, "/resourceType") == Some("OperationOutcome")).then_some(())?;
    let codes: Vec<&str> =
        elements(&body, "/issue").filter_map(|issue| text(issue, "/code")).collect();
    let has = |code: &str| codes.contains(&code);
    if has("not-supported") || has("security") || has("login") || has("forbidden") {
        return None;
    }
    if has("too-costly") {
        return Some(Issue::TooCostly);
    }
    // Where a whole system is unknown, servers say of each code in it that it is invalid, too.
    if has("not-found") {
        return Some(Issue::NotFound);
    }
    if has("code-invalid") {
        return Some(Issue::InvalidCode);
    }
    (is_missing && !codes.is_empty()).then_some(Issue::NotFound)
}

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
    use serde_json::json;

    use super::*;

    #[test]
    fn an_issue_is_one_only_in_an_outcome_and_only_by_its_code() {
        let outcome = |codes: &[&str]| {
            let issues: Vec<Value> = codes.iter().map(|code| json!({"code": code})).collect();
            json!({"resourceType": "OperationOutcome", "issue": issues}).to_string()
        };
        let issue = |body: &str, is_missing| issue(body.as_bytes(), is_missing);
        assert_eq!(issue(&outcome(&["not-found"]), false), Some(Issue::NotFound));
        assert_eq!(issue(&outcome(&["code-invalid"]), false), Some(Issue::InvalidCode));
        assert_eq!(issue(&outcome(&["code-invalid", "not-found"]), false), Some(Issue::NotFound));
        assert_eq!(issue(&outcome(&["too-costly"]), false), Some(Issue::TooCostly));
        assert_eq!(issue(&outcome(&["processing"]), true), Some(Issue::NotFound));
        assert_eq!(issue(&outcome(&["processing"]), false), None);
        assert_eq!(issue(&outcome(&["not-supported", "not-found"]), true), None);
        assert_eq!(issue(&outcome(&[]), true), None);
        assert_eq!(issue("{\"detail\": \"not-found\"}", true), None);
        assert_eq!(issue("<html>not-found</html>", true), None);
    }

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
