//! Redirect URIs: which ones a client may register, and when a request's equals a registered one.
//!
//! Accepted are loopback (any port, RFC 8252 §7.3), configured https hosts, and configured exact
//! URIs. Everything is compared byte by byte; a URI that a URL parser would rewrite is refused, so
//! there is only one way to read an accepted one.

use std::collections::BTreeSet;

use url::{Host, Url, form_urlencoded};

/// The longest URI that is looked at, in characters.
pub const LONGEST: usize = 512;

/// What the operator allows beside loopback.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct RedirectPolicy {
    /// https hosts in lower case, on the default port.
    pub hosts: BTreeSet<String>,
    /// Whole URIs, for private-use schemes (RFC 8252 §7.1) and other exceptions.
    pub exact: BTreeSet<String>,
}

/// A redirect URI that the policy accepted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RedirectUri {
    text: String,
    kind: Kind,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Kind {
    /// `http` on the person's own machine; the client picks the port when it starts.
    Loopback { host: String, after_port: String, port: Option<u16> },
    /// A configured https host.
    Https { host: String },
    /// A configured exact URI.
    Exact,
}

impl RedirectPolicy {
    /// The URI, if it is acceptable.
    pub fn accept(&self, text: &str) -> Option<RedirectUri> {
        let plain = |b: u8| b.is_ascii_graphic() && !br#"\#*"<>"#.contains(&b);
        if text.len() > LONGEST || !text.bytes().all(plain) {
            return None;
        }
        let exact = || self.is_exact(text).then_some(Kind::Exact);
        let kind = self.kind(text).or_else(exact)?;
        Some(RedirectUri { text: text.to_owned(), kind })
    }

    /// Whether the operator wrote this very URI. A user name in it has no use, and makes another place
    /// look like a known one.
    fn is_exact(&self, text: &str) -> bool {
        let names_a_user = authority(text).is_some_and(|(_, authority)| authority.contains('@'));
        self.exact.contains(text) && !names_a_user
    }

    fn kind(&self, text: &str) -> Option<Kind> {
        let url = Url::parse(text).ok()?;
        let as_written = url.as_str() == text || url.as_str() == [text, "/"].concat();
        if !as_written || !url.username().is_empty() || url.password().is_some() {
            return None;
        }
        let host = url.host_str()?;
        match (url.scheme(), url.host()?) {
            ("http", parsed) if is_loopback(&parsed) => {
                let authority = url.authority();
                let after_port = text.strip_prefix("http://")?.strip_prefix(authority)?;
                Some(Kind::Loopback {
                    host: host.to_owned(),
                    after_port: after_port.to_owned(),
                    port: url.port(),
                })
            }
            ("https", Host::Domain(name)) if url.port().is_none() && self.hosts.contains(name) => {
                Some(Kind::Https { host: host.to_owned() })
            }
            _ => None,
        }
    }
}

/// The scheme of a URI, and whom it names (RFC 3986 §3.2); none of a URI that names nobody, as private-use
/// ones may (RFC 8252 §7.1). Browsers take the slashes after http and https for granted.
fn authority(text: &str) -> Option<(&str, &str)> {
    let (scheme, rest) = text.split_once(':')?;
    let rest = match scheme.to_ascii_lowercase().as_str() {
        "http" | "https" => rest.trim_start_matches('/'),
        _ => rest.strip_prefix("//")?,
    };
    Some((scheme, rest.split(['/', '?']).next().unwrap_or_default()))
}

/// The three spellings that clients use. Other addresses of 127.0.0.0/8 are not accepted: no client
/// needs them, and each is one more form to reason about.
fn is_loopback(host: &Host<&str>) -> bool {
    match host {
        Host::Domain(name) => *name == "localhost",
        Host::Ipv4(address) => address.octets() == [127, 0, 0, 1],
        Host::Ipv6(address) => address.is_loopback(),
    }
}

impl RedirectUri {
    /// The URI as the client wrote it.
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// Whether a request may use this URI where `registered` was registered: the same bytes, or the
    /// same loopback URI on another port.
    pub fn matches(&self, registered: &Self) -> bool {
        match (&self.kind, &registered.kind) {
            (
                Kind::Loopback { host, after_port, .. },
                Kind::Loopback { host: other, after_port: other_rest, .. },
            ) => host == other && after_port == other_rest,
            _ => self.text == registered.text,
        }
    }

    /// Whether the answer goes to a program on the person's own machine, which nobody can tell
    /// apart from another program there (RFC 8252 §8.6).
    pub const fn is_loopback(&self) -> bool {
        matches!(self.kind, Kind::Loopback { .. })
    }

    /// Where the answer goes, for a person to read.
    pub fn destination(&self) -> String {
        match &self.kind {
            Kind::Loopback { host, .. } => format!("a program on this computer ({host})"),
            Kind::Https { host } => host.clone(),
            Kind::Exact => self.text.clone(),
        }
    }

    /// A source expression for `form-action` (Content Security Policy 3 §2.3.1).
    pub fn csp_source(&self) -> String {
        match &self.kind {
            Kind::Loopback { host, port: Some(port), .. } => format!("http://{host}:{port}"),
            Kind::Loopback { host, port: None, .. } => format!("http://{host}"),
            Kind::Https { host } => format!("https://{host}"),
            Kind::Exact => match (authority(&self.text), self.text.split_once(':')) {
                (Some((scheme @ ("http" | "https"), authority)), _) => {
                    format!("{scheme}://{authority}")
                }
                // With or without slashes (RFC 8252 §7.1).
                (_, Some((scheme, _))) => format!("{scheme}:"),
                (_, None) => String::from("'none'"),
            },
        }
    }

    /// The URI with these parameters added to its query (RFC 6749 §4.1.2).
    pub fn with_parameters(&self, parameters: &[(&str, &str)]) -> String {
        let separator = if self.text.contains('?') { '&' } else { '?' };
        let query = form_urlencoded::Serializer::new(String::new())
            .extend_pairs(parameters.iter().copied())
            .finish();
        format!("{}{separator}{query}", self.text)
    }
}

#[cfg(test)]
mod tests;
