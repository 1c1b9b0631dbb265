//! Parameters in a query or a form body (RFC 6749 appendix B): each at most once, but for `resource`.

use std::collections::BTreeMap;

use url::form_urlencoded;

/// The parameters of one request.
#[derive(Debug, Default)]
pub struct Form {
    values: BTreeMap<String, String>,
    resources: Vec<String>,
}

/// A parameter that appears more than once (RFC 6749 §3.1).
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a parameter is repeated")]
pub struct Repeated;

impl Form {
    /// Reads `application/x-www-form-urlencoded` text. Of all parameters, `resource` may be repeated
    /// (RFC 8707 §2).
    pub fn parse(text: &str) -> Result<Self, Repeated> {
        let mut form = Self::default();
        for (name, value) in form_urlencoded::parse(text.as_bytes()) {
            if name == "resource" {
                form.resources.push(value.into_owned());
            } else if form.values.insert(name.into_owned(), value.into_owned()).is_some() {
                return Err(Repeated);
            }
        }
        Ok(form)
    }

    /// A parameter; one without a value counts as absent (RFC 6749 §3.1).
    pub fn value(&self, name: &str) -> Option<&str> {
        self.values.get(name).map(String::as_str).filter(|value| !value.is_empty())
    }

    /// For which protected resources the tokens shall be; one without a value counts as absent.
    pub fn resources(&self) -> impl Iterator<Item = &str> {
        self.resources.iter().map(String::as_str).filter(|value| !value.is_empty())
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

    #[test]
    fn several_resources_are_all_read() {
        let form = Form::parse("resource=a&resource=&resource=b&x=1").unwrap();
        assert_eq!(form.resources().collect::<Vec<_>>(), ["a", "b"]);
    }
}
