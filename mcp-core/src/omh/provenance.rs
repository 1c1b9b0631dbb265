//! Where a measurement comes from, as its header says: IEEE 1752.1's header 1.0, or Open mHealth's
//! older one with its `acquisition_provenance`. Writers mix the two, so each part is looked for in
//! both.

use std::fmt;

use jiff::Timestamp;
use serde_json::Value;

use super::time::instant;

/// Where a measurement comes from. A patient's data: its `Debug` shows nothing.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Provenance {
    /// How it was obtained: `sensed` or `self-reported`; absent when the header says neither.
    pub modality: Option<&'static str>,
    /// What produced it: the named source, else the manufacturer's datasheet, else the only
    /// datasheet. Free text that someone typed.
    pub source: Option<String>,
    /// When the source made the data point.
    pub created: Option<Timestamp>,
    /// What describes the device, the software or the study, as `kind: reference` or `reference`.
    /// Free text that someone typed.
    pub datasheets: Vec<String>,
}

/// Reads a header; one that says nothing gives an empty provenance.
pub fn read(header: &Value) -> Provenance {
    let sheets = || header.get("external_datasheets")?.as_array();
    Provenance {
        modality: modality(header),
        source: source(header).map(str::to_owned),
        created: either(header, "source_creation_date_time").and_then(instant),
        datasheets: sheets().into_iter().flatten().filter_map(told).collect(),
    }
}

/// A text that the newer header has at its top and the older one in its `acquisition_provenance`.
fn either<'a>(header: &'a Value, name: &str) -> Option<&'a str> {
    let older = || header.get("acquisition_provenance")?.get(name);
    header.get(name).or_else(older)?.as_str()
}

fn modality(header: &Value) -> Option<&'static str> {
    match either(header, "modality")? {
        "sensed" => Some("sensed"),
        "self-reported" => Some("self-reported"),
        _ => None,
    }
}

fn source(header: &Value) -> Option<&str> {
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

fn told(sheet: &Value) -> Option<String> {
    let reference = sheet.get("datasheet_reference")?.as_str()?;
    let kind = sheet.get("datasheet_type").and_then(Value::as_str);
    Some(kind.map_or_else(|| reference.to_owned(), |kind| format!("{kind}: {reference}")))
}

impl fmt::Debug for Provenance {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Provenance").finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn modality_is_one_of_two_words_in_the_new_header_or_the_old() {
        let new = json!({ "modality": "sensed" });
        let old = json!({ "acquisition_provenance": { "modality": "self-reported" } });
        assert_eq!(read(&new).modality, Some("sensed"));
        assert_eq!(read(&old).modality, Some("self-reported"));
        for silent in [json!(null), json!({}), json!({ "modality": "guessed" })] {
            assert_eq!(read(&silent).modality, None, "{silent}");
        }
    }

    #[test]
    fn the_source_is_the_named_one_then_the_manufacturer_then_the_only_datasheet() {
        let sheet = |kind: &str, reference: &str| json!({ "datasheet_type": kind, "datasheet_reference": reference });
        let two = json!([sheet("software", "App"), sheet("manufacturer", "Maker")]);
        let named = json!({ "source_name": "Named" });
        for (header, expected) in [
            (json!({ "acquisition_provenance": named, "external_datasheets": two }), Some("Named")),
            (json!({ "external_datasheets": two }), Some("Maker")),
            (json!({ "external_datasheets": [sheet("software", "App")] }), Some("App")),
            (json!({ "external_datasheets": [sheet("a", "A"), sheet("b", "B")] }), None),
            (json!({ "acquisition_provenance": {} }), None),
            (Value::Null, None),
        ] {
            assert_eq!(read(&header).source.as_deref(), expected, "{header}");
        }
    }

    #[test]
    fn the_source_made_it_when_either_header_says_so_and_no_other_time_stands_in() {
        let at = "2026-03-01T09:00:00+02:00";
        let new = json!({ "source_creation_date_time": at });
        let old = json!({ "creation_date_time": "2026-03-02T00:00:00Z",
                          "acquisition_provenance": { "source_creation_date_time": at } });
        for header in [new, old] {
            assert_eq!(read(&header).created.unwrap().to_string(), "2026-03-01T07:00:00Z");
        }
        for silent in
            [json!({ "creation_date_time": at }), json!({ "source_creation_date_time": 1 })]
        {
            assert_eq!(read(&silent).created, None, "{silent}");
        }
    }

    #[test]
    fn every_datasheet_is_told_with_its_kind_where_it_has_one() {
        let header = json!({ "external_datasheets": [
            { "datasheet_type": "manufacturer", "datasheet_reference": "Maker" },
            { "datasheet_reference": "https://study.test/1" },
            { "datasheet_type": "software" },
        ] });
        assert_eq!(read(&header).datasheets, ["manufacturer: Maker", "https://study.test/1"]);
    }

    #[test]
    fn a_provenance_prints_nothing_of_itself() {
        let header = json!({ "acquisition_provenance": { "source_name": "Named" } });
        assert_eq!(format!("{:?}", read(&header)), "Provenance { .. }");
    }
}
