//! Measures under the codes by which FHIR servers without Open mHealth know them: LOINC, as US Core and the
//! vital signs profiles of FHIR use it (FHIR R5 §10.1.15). And any other code, when it is named in full.

use super::data_type::DataType;

const SYSTEM: &str = "http://loinc.org";

/// Short names with the codes that mean the same measure.
const CODES: &[(&str, &str, &str)] = &[
    ("blood-glucose", "2339-0", "Glucose in blood (mass)"),
    ("blood-glucose", "2345-7", "Glucose in serum or plasma (mass)"),
    ("blood-glucose", "15074-8", "Glucose in blood (moles)"),
    ("blood-glucose", "105272-9", "Glucose by continuous monitor"),
    ("blood-pressure", "85354-9", "Blood pressure panel"),
    ("body-temperature", "8310-5", "Body temperature"),
    ("body-weight", "29463-7", "Body weight"),
    ("body-height", "8302-2", "Body height"),
    ("heart-rate", "8867-4", "Heart rate"),
    ("oxygen-saturation", "2708-6", "Oxygen saturation in arterial blood"),
    ("oxygen-saturation", "59408-5", "Oxygen saturation by pulse oximetry"),
    ("respiratory-rate", "9279-1", "Respiratory rate"),
    ("sleep-duration", "93832-4", "Sleep duration"),
    ("step-count", "55423-8", "Number of steps"),
];

/// Every one of them.
pub fn types() -> impl Iterator<Item = DataType> {
    CODES.iter().map(|(name, code, display)| DataType {
        name: Some((*name).to_owned()),
        system: SYSTEM.to_owned(),
        code: (*code).to_owned(),
        display: (*display).to_owned(),
    })
}

/// A code that is named in full, as `http://loinc.org|4548-4`. None for anything of another shape.
pub fn explicit(name: &str) -> Option<DataType> {
    let (system, code) = name.split_once('|')?;
    let is_plain = |text: &str, most: usize| {
        (1..=most).contains(&text.len())
            && text.bytes().all(|byte| byte.is_ascii_graphic() && !b"|,\\$\"<>".contains(&byte))
    };
    let is_canonical = is_plain(system, 200) && system.contains(':');
    (is_canonical && is_plain(code, 64)).then(|| DataType {
        name: None,
        system: system.to_owned(),
        code: code.to_owned(),
        display: code.to_owned(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_code_in_full_has_a_system_and_nothing_that_a_search_would_read_otherwise() {
        let known = explicit("http://loinc.org|4548-4").unwrap();
        assert_eq!((known.system.as_str(), known.code.as_str()), ("http://loinc.org", "4548-4"));
        for wrong in [
            "4548-4",
            "|4548-4",
            "http://loinc.org|",
            "loinc|4548-4",
            "http://loinc.org|4548-4,8867-4",
            "http://loinc.org|a|b",
            "http://loinc.org|a b",
            "http://loinc.org|a$b",
            "http://loinc.org|ä",
        ] {
            assert_eq!(explicit(wrong), None, "{wrong}");
        }
    }
}
