use serde_json::{Value, json};

use super::*;

#[derive(Debug, Deserialize, PartialEq)]
struct Wire {
    a: u8,
}

#[test]
fn one_object_is_read_and_neither_an_array_nor_two_nor_bytes_that_are_no_text() {
    for good in [&br#"{"a":1}"#[..], b" \t\r\n{\"a\":1,\"b\":[]} "] {
        assert_eq!(object(good), Some(Wire { a: 1 }));
    }
    for bad in [
        &b""[..],
        b"1",
        b"[1]",
        br#"{"a":1}{"a":1}"#,
        b"{\"a\":1,\"b\":\"\xff\"}",
        b"\x0c{\"a\":1}",
        br#"{"a":{"$serde_json::private::Number":"1"}}"#,
    ] {
        assert_eq!(object::<Wire>(bad), None);
    }
}

#[test]
fn the_names_are_those_that_the_parser_itself_goes_by() {
    let number = format!(r#"{{"{RESERVED}Number":"7"}}"#);
    assert_eq!(serde_json::from_str::<Value>(&number).unwrap(), 7);
    let text = format!(r#"{{"{RESERVED}RawValue":"[7]"}}"#);
    assert_eq!(serde_json::from_str::<Value>(&text).unwrap(), json!([7]));
}

#[test]
fn such_a_name_is_seen_wherever_it_stands_and_however_it_is_escaped() {
    for bad in [
        r#"{"a":{"$serde_json::private::RawValue":"\"7\""}}"#,
        r#"{"a":{"$serde_json::private::Number" : "7"}}"#,
        r#"{"a":{"\u0024serde_json::private::RawValue":"[]"}}"#,
        r#"{"a":{"$serde\u005fjson\u003a:private::RawValue":"[]"}}"#,
        r#"{"a":"\\","$serde_json::private::Number":"7"}"#,
        r#"[[{"$serde_json::private::RawValue":"[]"}]]"#,
    ] {
        assert_eq!(read::<Value>(bad.as_bytes()), None, "{bad}");
    }
}

#[test]
fn a_dollar_a_text_and_a_name_inside_a_text_are_no_such_name() {
    for good in [
        r#"{"operation":"$everything","$ref":"$"}"#,
        r#"{"a":"$serde_json::private::Number"}"#,
        r#"{"a":"costs $serde_json::private::Number"}"#,
        r#"{"a":"{\"$serde_json::private::Number\":\"7\"}"}"#,
        r#"{"\u0024ref":1}"#,
    ] {
        assert_eq!(read::<Value>(good.as_bytes()), serde_json::from_str(good).ok(), "{good}");
    }
    for none in ["", "\"$", "\"$\"", "{\"$serde_json::private::Number\""] {
        assert!(!uses_a_reserved_name(none.as_bytes()), "{none}");
    }
}

#[test]
fn a_text_in_a_text_in_a_text_is_not_deeper_than_it_looks() {
    let nested = (0..70).fold("1".to_owned(), |inner, _| {
        let text = inner.replace('\\', "\\u005c").replace('"', "\\u0022");
        let (open, close) = ("[".repeat(100), "]".repeat(100));
        format!(r#"{open}{{"{RESERVED}RawValue":"{text}"}}{close}"#)
    });
    assert_eq!(read::<Value>(nested.as_bytes()), None);
}
