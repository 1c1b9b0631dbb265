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
    let mut whole: Value = serde_json::from_slice(&bytes).map_err(|_| DecodeError::NotJson)?;
    let mut part = |name| whole.get_mut(name).map(Value::take);
    match part("body") {
        Some(body @ (Value::Object(_) | Value::Array(_))) => {
            Ok(Payload { header: part("header").unwrap_or_default(), body })
        }
        _ => Err(DecodeError::NoBody),
    }
}

/// How the measurement was obtained: `sensed` or `self-reported`, or nothing when the header (IEEE
/// 1752.1, or Open mHealth 1.x with its `acquisition_provenance`) says neither.
pub fn modality(header: &Value) -> Option<&'static str> {
    let provenance = || header.get("acquisition_provenance")?.get("modality");
    match header.get("modality").or_else(provenance)?.as_str()? {
        "sensed" => Some("sensed"),
        "self-reported" => Some("self-reported"),
        _ => None,
    }
}

/// What produced the measurement: the named source, else the manufacturer's datasheet, else the
/// only datasheet. Free text that someone typed.
pub fn source(header: &Value) -> Option<&str> {
    let named = header.get("acquisition_provenance").and_then(|from| from.get("source_name"));
    named
        .and_then(Value::as_str)
        .or_else(|| datasheet(header)?.get("datasheet_reference")?.as_str())
}

fn datasheet(header: &Value) -> Option<&Value> {
    let sheets = header.get("external_datasheets")?.as_array()?;
    let kind =
        |sheet: &Value| sheet.get("datasheet_type").and_then(Value::as_str) == Some("manufacturer");
    sheets.iter().find(|sheet| kind(sheet)).or(match sheets.as_slice() {
        [only] => Some(only),
        _ => None,
    })
}

impl fmt::Debug for Payload {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Payload").finish_non_exhaustive()
    }
}
