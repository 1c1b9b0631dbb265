//! What an operation answers in a `Parameters` resource (FHIR R5 §2.4.13).

use serde_json::Value;

use super::json::{elements, text};

/// The members of one list of parameters.
#[derive(Clone, Copy, Debug)]
pub struct Parameters<'a>(&'a Value, &'static str);

impl<'a> Parameters<'a> {
    /// The parameters of an answer; any other resource is none.
    pub fn of(body: &'a Value) -> Option<Self> {
        (text(body, "/resourceType") == Some("Parameters")).then_some(Self(body, "/parameter"))
    }

    /// All parameters of this name.
    pub fn all(self, name: &str) -> impl Iterator<Item = &'a Value> {
        elements(self.0, self.1).filter(move |one| text(one, "/name") == Some(name))
    }

    /// The first one of this name.
    pub fn first(self, name: &str) -> Option<&'a Value> {
        self.all(name).next()
    }

    /// What the first one of this name says, as text of whichever type.
    pub fn text(self, name: &str) -> Option<String> {
        self.first(name).and_then(written)
    }

    /// Whether it is so; only a JSON boolean says that.
    pub fn truth(self, name: &str) -> Option<bool> {
        self.first(name)?.get("valueBoolean")?.as_bool()
    }

    /// The parts of one parameter.
    pub const fn parts(parameter: &'a Value) -> Self {
        Self(parameter, "/part")
    }
}

/// The value of a parameter, `value[x]`, where it is a primitive.
pub fn written(parameter: &Value) -> Option<String> {
    let members = parameter.as_object()?;
    let (_, value) = members.iter().find(|(name, _)| name.starts_with("value"))?;
    match value {
        Value::String(text) => Some(text.clone()).filter(|text| !text.is_empty()),
        Value::Number(number) => Some(number.to_string()),
        Value::Bool(truth) => Some(truth.to_string()),
        Value::Null | Value::Array(_) | Value::Object(_) => None,
    }
}

/// A coding: its system, its code, its display.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Coding<'a> {
    /// The code system.
    pub system: Option<&'a str>,
    /// The code.
    pub code: Option<&'a str>,
    /// Its name for people.
    pub display: Option<&'a str>,
}

/// The coding that a parameter holds.
pub fn coding(parameter: &Value) -> Option<Coding<'_>> {
    let coding = parameter.get("valueCoding")?;
    let of = |pointer| text(coding, pointer);
    Some(Coding { system: of("/system"), code: of("/code"), display: of("/display") })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn values_are_read_whatever_their_type_and_truth_only_from_a_boolean() {
        let body = json!({"resourceType": "Parameters", "parameter": [
            {"name": "result", "valueBoolean": true}, {"name": "said", "valueString": "true"},
            {"name": "n", "valueDecimal": 1.5},
            {"name": "property", "part": [{"name": "code", "valueCode": "child"}]},
            {"name": "concept", "valueCoding": {"system": "s", "code": "c"}}]});
        let parameters = Parameters::of(&body).unwrap();
        assert_eq!((parameters.truth("result"), parameters.truth("said")), (Some(true), None));
        assert_eq!(parameters.text("n").as_deref(), Some("1.5"));
        let part = Parameters::parts(parameters.first("property").unwrap());
        assert_eq!(part.text("code").as_deref(), Some("child"));
        let coding = coding(parameters.first("concept").unwrap()).unwrap();
        assert_eq!((coding.system, coding.code, coding.display), (Some("s"), Some("c"), None));
        assert!(Parameters::of(&json!({"resourceType": "OperationOutcome"})).is_none());
    }
}
