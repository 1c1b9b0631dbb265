//! Reading single members out of JSON whose shape is not ours.

use serde_json::Value;

/// The text at a JSON pointer (RFC 6901); absent, null, empty or of another type is `None`.
pub fn text<'a>(value: &'a Value, pointer: &str) -> Option<&'a str> {
    value.pointer(pointer).and_then(Value::as_str).filter(|text| !text.is_empty())
}

/// The elements of the array at a JSON pointer; none where there is no array.
pub fn elements<'a>(value: &'a Value, pointer: &str) -> impl Iterator<Item = &'a Value> {
    value.pointer(pointer).and_then(Value::as_array).into_iter().flatten()
}

/// An identifier that the backend writes as a string in one place and as an integer in another.
pub fn identifier(value: &Value, pointer: &str) -> Option<String> {
    let member = value.pointer(pointer)?;
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
    fn an_identifier_is_text_whether_it_came_as_a_string_or_as_a_number() {
        assert_eq!(identifier(&json!({"id": "7"}), "/id").as_deref(), Some("7"));
        assert_eq!(identifier(&json!({"id": 7}), "/id").as_deref(), Some("7"));
        assert_eq!(identifier(&json!({"id": ""}), "/id"), None);
        assert_eq!(identifier(&json!({"id": -7}), "/id"), None);
        assert_eq!(identifier(&json!({}), "/id"), None);
    }
}
