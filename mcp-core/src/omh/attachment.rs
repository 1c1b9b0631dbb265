//! The attachment of an Observation: base64 of one JSON object with a `header` and a `body`.

use std::fmt;

use base64::Engine as _;
use base64::alphabet::STANDARD;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};
use serde_json::Value;

/// Padding may be missing; anything else must be standard base64.
const BASE64: GeneralPurpose = GeneralPurpose::new(
    &STANDARD,
    GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent),
);

/// A decoded attachment. A patient's data: its `Debug` shows nothing.
#[derive(Clone, PartialEq)]
pub struct Payload {
    /// Where the data point comes from; `null` when there is none.
    pub header: Value,
    /// The measurement: an object, or an array of them for a data series.
    pub body: Value,
}

/// Why an attachment could not be read. The record that carries it stays, with a body of `null`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum DecodeError {
    /// The text is not base64.
    #[error("the attachment is not base64")]
    NotBase64,
    /// The bytes are not JSON.
    #[error("the attachment is not JSON")]
    NotJson,
    /// The JSON has no `body` that is an object or an array.
    #[error("the attachment has no body")]
    NoBody,
}

/// Decodes `valueAttachment.data`. White space is skipped, as FHIR's base64Binary allows it.
pub fn decode(base64: &str) -> Result<Payload, DecodeError> {
    let compact: String = base64.chars().filter(|c| !c.is_ascii_whitespace()).collect();
    let bytes = BASE64.decode(compact).map_err(|_| DecodeError::NotBase64)?;
    let mut whole: Value = authz::json::read(&bytes).ok_or(DecodeError::NotJson)?;
    let mut part = |name| whole.get_mut(name).map(Value::take);
    match part("body") {
        Some(body @ (Value::Object(_) | Value::Array(_))) => {
            Ok(Payload { header: part("header").unwrap_or_default(), body })
        }
        _ => Err(DecodeError::NoBody),
    }
}

impl fmt::Debug for Payload {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Payload").finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use base64::engine::general_purpose::STANDARD as ENCODER;
    use serde_json::json;

    use super::*;

    fn encoded(text: &str) -> String {
        ENCODER.encode(text)
    }

    #[test]
    fn header_and_body_come_out_as_they_went_in() {
        let whole = json!({ "header": { "uuid": "1" }, "body": { "heart_rate": { "value": 60 } } });
        let payload = decode(&encoded(&whole.to_string())).unwrap();
        assert_eq!((&payload.header, &payload.body), (&whole["header"], &whole["body"]));
    }

    #[test]
    fn white_space_and_missing_padding_do_not_matter() {
        let text = encoded(r#"{"body":{"a":1}}"#);
        let (front, back) = text.trim_end_matches('=').split_at(4);
        for variant in [format!("{front}\r\n {back}"), format!(" {text}\n")] {
            assert_eq!(decode(&variant).unwrap().body, json!({ "a": 1 }), "{variant:?}");
        }
    }

    #[test]
    fn a_missing_header_is_null_and_a_series_has_an_array_for_a_body() {
        let payload = decode(&encoded(r#"{"body":[{"a":1},{"a":2}]}"#)).unwrap();
        assert_eq!(payload.header, Value::Null);
        assert_eq!(payload.body.as_array().unwrap().len(), 2);
    }

    #[test]
    fn each_way_to_be_unreadable_has_its_own_word() {
        let endless = "[".repeat(10_000);
        for (text, expected) in [
            ("%%%".to_owned(), DecodeError::NotBase64),
            ("eyJ-_w".to_owned(), DecodeError::NotBase64),
            (String::new(), DecodeError::NotJson),
            (encoded("body"), DecodeError::NotJson),
            (encoded(&endless), DecodeError::NotJson),
            (encoded("{}"), DecodeError::NoBody),
            (encoded("[1]"), DecodeError::NoBody),
            (encoded(r#"{"header":{},"body":null}"#), DecodeError::NoBody),
            (encoded(r#"{"body":"text"}"#), DecodeError::NoBody),
        ] {
            assert_eq!(decode(&text).unwrap_err(), expected, "{text:.20}");
        }
    }

    #[test]
    fn a_text_of_the_writers_never_becomes_a_part_of_the_body() {
        for disguise in ["Number", "RawValue"] {
            let name = format!("$serde_json::private::{disguise}");
            let text = json!({ "body": { "heart_rate": { name: "60" } } }).to_string();
            assert_eq!(decode(&encoded(&text)).unwrap_err(), DecodeError::NotJson);
        }
    }

    #[test]
    fn a_payload_prints_nothing_of_itself() {
        let payload = decode(&encoded(r#"{"body":{"heart_rate":60}}"#)).unwrap();
        assert_eq!(format!("{payload:?}"), "Payload { .. }");
    }
}
