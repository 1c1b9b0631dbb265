//! Reading single members out of JSON whose shape is not ours.

use serde_json::Value;

/// What stands at a JSON pointer (RFC 6901) without escapes; `Value::pointer` would make a new text of each of its
/// names for them, which was an eighth of the work of a tool call.
pub fn at<'a>(value: &'a Value, pointer: &str) -> Option<&'a Value> {
    pointer.split('/').skip(1).try_fold(value, |inside, name| match inside {
        Value::Object(members) => members.get(name),
        Value::Array(items) => items.get(name.parse::<usize>().ok()?),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => None,
    })
}

/// The text at a JSON pointer; absent, null, empty or of another type is `None`.
pub fn text<'a>(value: &'a Value, pointer: &str) -> Option<&'a str> {
    at(value, pointer).and_then(Value::as_str).filter(|text| !text.is_empty())
}

/// The elements of the array at a JSON pointer; none where there is no array.
pub fn elements<'a>(value: &'a Value, pointer: &str) -> impl Iterator<Item = &'a Value> {
    at(value, pointer).and_then(Value::as_array).into_iter().flatten()
}

/// An identifier that the backend writes as a string in one place and as an integer in another.
pub fn identifier(value: &Value, pointer: &str) -> Option<String> {
    let member = at(value, pointer)?;
    let number = || member.as_u64().map(|number| number.to_string());
    member.as_str().filter(|text| !text.is_empty()).map(str::to_owned).or_else(number)
}

/// A word that somebody sent, short and plain enough to stand in a sentence.
pub fn plain(word: &str) -> String {
    let is_plain = |c: &char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.' | ':');
    word.chars().take(64).filter(is_plain).collect()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn what_stands_at_a_pointer_is_what_the_rfc_says() {
        let document = json!({"a": [{"b": 1}, null, "x"], "": {"": 2}, "7": 3});
        for pointer in [
            "", "/a", "/a/0", "/a/0/b", "/a/1", "/a/1/b", "/a/2/0", "/a/3", "/a/b", "/", "//",
            "/7", "/c",
        ] {
            assert_eq!(at(&document, pointer), document.pointer(pointer), "{pointer}");
        }
    }

    #[test]
    fn an_identifier_is_text_whether_it_came_as_a_string_or_as_a_number() {
        assert_eq!(identifier(&json!({"id": "7"}), "/id").as_deref(), Some("7"));
        assert_eq!(identifier(&json!({"id": 7}), "/id").as_deref(), Some("7"));
        assert_eq!(identifier(&json!({"id": ""}), "/id"), None);
        assert_eq!(identifier(&json!({"id": -7}), "/id"), None);
        assert_eq!(identifier(&json!({}), "/id"), None);
    }
}
