//! Where spans go, and what the collector wants to see beside them.

use std::fmt;

use http::header::{CONTENT_LENGTH, CONTENT_TYPE, HOST, TRANSFER_ENCODING};
use http::{HeaderMap, HeaderName, HeaderValue};
use url::{Host, Url};

/// A checked address and its headers.
#[derive(Clone)]
pub struct Settings {
    pub(crate) endpoint: Url,
    pub(crate) headers: HeaderMap,
}

impl fmt::Debug for Settings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Settings")
            .field("endpoint", &self.endpoint.as_str())
            .finish_non_exhaustive()
    }
}

/// What is wrong with the address or the headers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unfit {
    /// Of `endpoint`.
    Endpoint(&'static str),
    /// Of `headers`.
    Headers(&'static str),
}

impl Unfit {
    /// The field, and what is wrong with it.
    pub const fn told(self) -> (&'static str, &'static str) {
        match self {
            Self::Endpoint(why) => ("endpoint", why),
            Self::Headers(why) => ("headers", why),
        }
    }
}

impl Settings {
    /// The address of the collector for traces, such as `http://collector:4318/v1/traces`, and headers
    /// by name and secret value. These go over TLS or stay on this machine.
    ///
    /// # Errors
    /// What cannot be used, by field.
    pub fn new<'h>(
        endpoint: Url,
        headers: impl IntoIterator<Item = (&'h str, &'h str)>,
    ) -> Result<Self, Unfit> {
        let bare = endpoint.query().is_none()
            && endpoint.fragment().is_none()
            && endpoint.username().is_empty()
            && endpoint.password().is_none();
        let has_path = endpoint.path().len() > 1;
        if !matches!(endpoint.scheme(), "http" | "https") || !bare || !has_path {
            return Err(Unfit::Endpoint(
                "must be the URL for traces, such as http://collector:4318/v1/traces",
            ));
        }
        let mut checked = HeaderMap::new();
        for (name, value) in headers {
            let name = HeaderName::try_from(name).ok().filter(|name| !is_ours(name));
            let name = name.ok_or(Unfit::Headers("a name is none that can be sent"))?;
            let mut value = HeaderValue::try_from(value)
                .map_err(|_| Unfit::Headers("a value holds characters that cannot be sent"))?;
            value.set_sensitive(true);
            checked.append(name, value);
        }
        if !checked.is_empty() && endpoint.scheme() == "http" && !is_here(&endpoint) {
            return Err(Unfit::Headers(
                "would travel in the clear; the endpoint must be https, or on this machine",
            ));
        }
        Ok(Self { endpoint, headers: checked })
    }

    /// The address.
    pub const fn endpoint(&self) -> &Url {
        &self.endpoint
    }

    /// Whether `other` says the same, down to the secrets.
    pub fn is_same(&self, other: &Self) -> bool {
        self.endpoint == other.endpoint && self.headers == other.headers
    }
}

fn is_ours(name: &HeaderName) -> bool {
    [CONTENT_LENGTH, CONTENT_TYPE, HOST, TRANSFER_ENCODING].contains(name)
}

fn is_here(url: &Url) -> bool {
    match url.host() {
        Some(Host::Domain(name)) => name == "localhost",
        Some(Host::Ipv4(address)) => address.is_loopback(),
        Some(Host::Ipv6(address)) => address.is_loopback(),
        None => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn wrong(endpoint: &str, headers: &[(&str, &str)]) -> Option<&'static str> {
        let settings = Settings::new(endpoint.parse().unwrap(), headers.iter().copied());
        settings.err().map(|unfit| unfit.told().0)
    }

    #[test]
    fn an_endpoint_is_a_whole_url_without_secrets() {
        assert_eq!(wrong("http://collector:4318/v1/traces", &[]), None);
        for bad in [
            "http://collector:4318",
            "ftp://collector/v1/traces",
            "https://user:word@collector/v1/traces",
            "https://collector/v1/traces?key=word",
        ] {
            assert_eq!(wrong(bad, &[]), Some("endpoint"), "{bad}");
        }
    }

    #[test]
    fn a_secret_header_never_travels_in_the_clear_and_is_never_printed() {
        let key = [("authorization", "Bearer canary")];
        assert_eq!(wrong("http://collector:4318/v1/traces", &key), Some("headers"));
        for good in ["https://collector/v1/traces", "http://127.0.0.1:4318/v1/traces"] {
            assert_eq!(wrong(good, &key), None, "{good}");
            let settings = Settings::new(good.parse().unwrap(), key).unwrap();
            assert!(!format!("{settings:?}{:?}", settings.headers).contains("canary"));
        }
        for bad in [[("host", "x")], [("a b", "x")], [("x-key", "a\nb")]] {
            assert_eq!(wrong("https://collector/v1/traces", &bad), Some("headers"), "{bad:?}");
        }
    }
}
