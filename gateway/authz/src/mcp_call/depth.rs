//! How deep a body is nested, found in one pass and without recursion, before anything parses it.

/// How deep objects and arrays may stand in one another, the message itself counted. Tools need four.
const DEEPEST: usize = 64;

/// Whether JSON text is nested deeper than any call has to be. Of text that is no JSON nothing is said:
/// that is the parser's to refuse.
pub(super) fn is_too_deep(json: &[u8]) -> bool {
    let (mut depth, mut in_string, mut is_escaped) = (0_usize, false, false);
    for byte in json {
        match byte {
            _ if is_escaped => is_escaped = false,
            b'\\' if in_string => is_escaped = true,
            b'"' => in_string = !in_string,
            b'{' | b'[' if !in_string => depth += 1,
            b'}' | b']' if !in_string => depth = depth.saturating_sub(1),
            _ => {}
        }
        if depth > DEEPEST {
            return true;
        }
    }
    false
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::{Map, Value};

    use super::*;

    fn depth(value: &Value) -> usize {
        let inner = match value {
            Value::Array(items) => items.iter().map(depth).max(),
            Value::Object(members) => members.values().map(depth).max(),
            Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => return 0,
        };
        1 + inner.unwrap_or_default()
    }

    /// Text with whatever could be taken for structure.
    fn text() -> impl Strategy<Value = String> {
        prop_oneof![r#"[\[\]{}"\\ué\n]{0,12}"#, any::<String>()]
    }

    /// Any JSON that is not deep.
    fn flat() -> impl Strategy<Value = Value> {
        let leaf = prop_oneof![
            Just(Value::Null),
            any::<i64>().prop_map(Value::from),
            text().prop_map(Value::from),
        ];
        leaf.prop_recursive(4, 24, 4, |inner| {
            prop_oneof![
                proptest::collection::vec(inner.clone(), 0..4).prop_map(Value::Array),
                proptest::collection::vec((text(), inner), 0..4)
                    .prop_map(|members| Value::Object(members.into_iter().collect())),
            ]
        })
    }

    /// `value` at the bottom of so many objects and arrays, each beside something else.
    fn wrapped(value: Value, beside: &Value, levels: &[bool]) -> Value {
        levels.iter().fold(value, |inner, in_array| {
            if *in_array {
                Value::Array(vec![beside.clone(), inner, beside.clone()])
            } else {
                let members = [("a", beside.clone()), ("b", inner), ("c", beside.clone())];
                let members = members.map(|(name, value)| (name.to_owned(), value));
                Value::Object(Map::from_iter(members))
            }
        })
    }

    proptest! {
        #[test]
        fn exactly_what_is_deeper_than_64_is_too_deep(
            bottom in flat(),
            beside in flat(),
            levels in proptest::collection::vec(any::<bool>(), 0..80),
        ) {
            let value = wrapped(bottom, &beside, &levels);
            let expected = depth(&value) > 64;
            prop_assert_eq!(is_too_deep(value.to_string().as_bytes()), expected);
            let spaced = serde_json::to_string_pretty(&value).unwrap();
            prop_assert_eq!(is_too_deep(spaced.as_bytes()), expected);
        }

        #[test]
        fn no_bytes_make_it_panic(bytes in proptest::collection::vec(any::<u8>(), 0..400)) {
            is_too_deep(&bytes);
        }
    }

    #[test]
    fn the_sixty_fourth_level_is_the_last() {
        for (open, close) in [("[", "]"), ("{\"a\":", "}")] {
            let nested =
                |levels: usize| format!("{}1{}", open.repeat(levels), close.repeat(levels));
            assert!(!is_too_deep(nested(64).as_bytes()));
            assert!(is_too_deep(nested(65).as_bytes()));
            assert!(is_too_deep(nested(30_000).as_bytes()));
        }
        // Many, one after the other, are not deep.
        assert!(!is_too_deep(format!("[{}[]]", "[],".repeat(30_000)).as_bytes()));
    }
}
