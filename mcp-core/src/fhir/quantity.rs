//! The numbers of an `Observation` that holds no Open mHealth data point: its value, and those of its
//! components (FHIR R5 §10.1).

use serde_json::{Number, Value};

use super::json::{elements, text};

/// The system of LOINC codes.
const LOINC: &str = "http://loinc.org";

/// One number, with its unit.
#[derive(Clone, PartialEq)]
pub struct Quantity {
    /// `value`, or which component: the measure's name where its code is known, else as displayed.
    pub name: String,
    /// The number, unchanged.
    pub value: Number,
    /// The unit: the UCUM code, else as written.
    pub unit: Option<String>,
}

/// Components under the names that Open mHealth gives the same measures.
const COMPONENTS: &[(&str, &str)] = &[
    ("8480-6", "systolic_blood_pressure"),
    ("8462-4", "diastolic_blood_pressure"),
    ("8867-4", "heart_rate"),
];

/// The numbers of a resource, in its order.
pub fn quantities(resource: &Value) -> Vec<Quantity> {
    let own =
        number(resource).map(|(value, unit)| Quantity { name: "value".to_owned(), value, unit });
    let parts = elements(resource, "/component").filter_map(|component| {
        let (value, unit) = number(component)?;
        Some(Quantity { name: name(component)?, value, unit })
    });
    own.into_iter().chain(parts).collect()
}

fn number(of: &Value) -> Option<(Number, Option<String>)> {
    if let Some(Value::Number(whole)) = of.get("valueInteger") {
        return Some((whole.clone(), None));
    }
    let quantity = of.get("valueQuantity")?;
    // A comparator makes the number a bound, not a value.
    let Value::Number(value) = quantity.get("value")? else { return None };
    if quantity.get("comparator").is_some_and(|comparator| !comparator.is_null()) {
        return None;
    }
    let unit = text(quantity, "/code").or_else(|| text(quantity, "/unit"));
    Some((value.clone(), unit.map(str::to_owned)))
}

fn name(component: &Value) -> Option<String> {
    let known = elements(component, "/code/coding").find_map(|coding| {
        (text(coding, "/system") == Some(LOINC)).then_some(())?;
        let code = text(coding, "/code")?;
        COMPONENTS.iter().find(|(known, _)| *known == code).map(|(_, name)| *name)
    });
    let first = || {
        text(component, "/code/coding/0/display")
            .or_else(|| text(component, "/code/text"))
            .or_else(|| text(component, "/code/coding/0/code"))
    };
    known.or_else(first).map(str::to_owned)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn shown(resource: &Value) -> Vec<(String, String, Option<String>)> {
        let told = |one: Quantity| (one.name, one.value.to_string(), one.unit);
        quantities(resource).into_iter().map(told).collect()
    }

    #[test]
    fn a_value_keeps_its_digits_and_has_its_ucum_code_as_unit() {
        let quantity = json!({"value": 5.40, "unit": "mmol per litre", "code": "mmol/L"});
        let resource: Value =
            serde_json::from_str(&json!({ "valueQuantity": quantity }).to_string()).unwrap();
        let expected = ("value".to_owned(), "5.4".to_owned(), Some("mmol/L".to_owned()));
        assert_eq!(shown(&resource), [expected]);
        assert_eq!(
            shown(&json!({"valueInteger": 7})),
            [("value".to_owned(), "7".to_owned(), None)]
        );
    }

    #[test]
    fn both_numbers_of_a_blood_pressure_have_their_names() {
        let part = |code: &str, value: u32| {
            json!({"code": {"coding": [{"system": "http://loinc.org", "code": code}]},
                   "valueQuantity": {"value": value, "code": "mm[Hg]"}})
        };
        let resource = json!({"component": [part("8480-6", 121), part("8462-4", 79)]});
        let names: Vec<String> = quantities(&resource).into_iter().map(|one| one.name).collect();
        assert_eq!(names, ["systolic_blood_pressure", "diastolic_blood_pressure"]);
    }

    #[test]
    fn a_bound_is_no_value() {
        let resource = json!({"valueQuantity": {"value": 5, "comparator": "<", "code": "mg/dL"}});
        assert!(quantities(&resource).is_empty());
    }
}
