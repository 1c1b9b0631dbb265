//! The cookies of a browser, for loopback hosts.

use std::collections::BTreeMap;

use reqwest::header::{HeaderMap, SET_COOKIE};
use url::Url;

/// Cookies by host, path and name. As in browsers, a port makes no difference.
#[derive(Clone, Debug, Default)]
pub struct CookieJar {
    cookies: BTreeMap<(String, String, String), String>,
}

impl CookieJar {
    /// Keeps what an answer of `url` sets, and drops what it ends.
    pub fn keep(&mut self, url: &Url, headers: &HeaderMap) {
        let host = url.host_str().unwrap_or_default();
        for line in headers.get_all(SET_COOKIE).iter().filter_map(|value| value.to_str().ok()) {
            let mut parts = line.split(';').map(str::trim);
            let Some((name, value)) = parts.next().and_then(|pair| pair.split_once('=')) else {
                continue;
            };
            let attributes: Vec<_> = parts.collect();
            let path = attributes.iter().find_map(|part| part.strip_prefix("Path=")).unwrap_or("/");
            let key = (host.to_owned(), path.to_owned(), name.to_owned());
            if value.is_empty() || attributes.contains(&"Max-Age=0") {
                self.cookies.remove(&key);
            } else {
                self.cookies.insert(key, value.to_owned());
            }
        }
    }

    /// The `Cookie` header for a request to `url`; empty when there is none.
    pub fn header(&self, url: &Url) -> String {
        let matching = self.cookies.iter().filter(|((host, path, _), _)| {
            Some(host.as_str()) == url.host_str() && url.path().starts_with(path)
        });
        let pairs: Vec<_> =
            matching.map(|((_, _, name), value)| format!("{name}={value}")).collect();
        pairs.join("; ")
    }

    /// The value of the first cookie of this name, on any host.
    pub fn value(&self, name: &str) -> Option<&str> {
        self.cookies
            .iter()
            .find(|((_, _, known), _)| known == name)
            .map(|(_, value)| value.as_str())
    }

    /// Forgets every cookie of this name.
    pub fn forget(&mut self, name: &str) {
        self.cookies.retain(|(_, _, known), _| known != name);
    }

    /// Forgets everything.
    pub fn clear(&mut self) {
        self.cookies.clear();
    }
}
