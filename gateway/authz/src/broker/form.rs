//! Parameters in a query or a form body (RFC 6749 appendix B): each at most once.

use std::collections::BTreeMap;

use url::form_urlencoded;

/// The parameters of one request.
#[derive(Debug, Default)]
pub struct Form(BTreeMap<String, String>);

/// A parameter that appears more than once (RFC 6749 §3.1).
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a parameter is repeated")]
pub struct Repeated;

impl Form {
    /// Reads `application/x-www-form-urlencoded` text. RFC 8707 §2 lets `resource` be repeated; we
    /// are one resource, so a second one is refused like any other repetition.
    pub fn parse(text: &str) -> Result<Self, Repeated> {
        let mut parameters = BTreeMap::new();
        for (name, value) in form_urlencoded::parse(text.as_bytes()) {
            let name = name.into_owned();
            if parameters.contains_key(&name) {
                return Err(Repeated);
            }
            parameters.insert(name, value.into_owned());
        }
        Ok(Self(parameters))
    }

    /// A parameter; one without a value counts as absent (RFC 6749 §3.1).
    pub fn value(&self, name: &str) -> Option<&str> {
        self.0.get(name).map(String::as_str).filter(|value| !value.is_empty())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_repeated_parameter_is_refused_and_an_empty_one_is_absent() {
        assert_eq!(Form::parse("a=1&b=2&a=1").unwrap_err(), Repeated);
        let form = Form::parse("a=1+2%26&b=").unwrap();
        assert_eq!(form.value("a"), Some("1 2&"));
        assert_eq!(form.value("b"), None);
        assert_eq!(form.value("c"), None);
    }
}
