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
        let exact = || self.exact.contains(text).then_some(Kind::Exact);
        let kind = self.kind(text).or_else(exact)?;
        Some(RedirectUri { text: text.to_owned(), kind })
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
            Kind::Exact => match self.text.split_once(':') {
                Some((scheme @ ("http" | "https"), rest)) => {
                    let rest = rest.trim_start_matches('/');
                    let authority = rest.split(['/', '?']).next().unwrap_or_default();
                    format!("{scheme}://{authority}")
                }
                // With or without slashes (RFC 8252 §7.1).
                Some((scheme, _)) => format!("{scheme}:"),
                None => String::from("'none'"),
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
mod tests {
    use super::*;

    const CURSOR: &str = "cursor://anysphere.cursor-mcp/oauth/callback";

    fn policy() -> RedirectPolicy {
        RedirectPolicy { hosts: ["claude.ai".to_owned()].into(), exact: [CURSOR.to_owned()].into() }
    }

    fn uri(text: &str) -> RedirectUri {
        policy().accept(text).unwrap()
    }

    #[test]
    fn loopback_configured_hosts_and_configured_uris_are_accepted() {
        for good in [
            "http://127.0.0.1:33418/",
            "http://127.0.0.1",
            "http://[::1]:8000/cb",
            "http://localhost:1/oauth/callback?a=b",
            "https://claude.ai/api/mcp/auth_callback",
            CURSOR,
        ] {
            assert!(policy().accept(good).is_some(), "{good}");
        }
    }

    #[test]
    fn strangers_and_every_other_spelling_are_refused() {
        for bad in [
            "",
            "claude.ai/callback",
            "https://evil.example/cb",
            "http://claude.ai/cb",
            "https://claude.ai:444/cb",
            "https://claude.ai:443/cb",
            "https://claude.ai.evil.example/cb",
            "https://claude.ai./cb",
            "https://CLAUDE.ai/cb",
            "https://user@claude.ai/cb",
            "https://claude.ai@evil.example/cb",
            "https://claude.ai\\@evil.example/cb",
            "https://claude.ai/cb#f",
            "https://claude.ai/cb#",
            "https://claude.ai/a/../cb",
            "https://claude.ai/%2e%2e/cb",
            "https://claude.ai/*",
            "https://claude.ai/c b",
            "https://claude.ai/c\tb",
            "https:claude.ai/cb",
            "https:///claude.ai/cb",
            "https://xn--.ai/",
            "https://127.0.0.1:1/cb",
            "http://127.0.0.1.evil.example/cb",
            "http://127.1/cb",
            "http://0x7f000001/cb",
            "http://2130706433/cb",
            "http://127.0.0.2/cb",
            "http://[::ffff:127.0.0.1]/cb",
            "http://[0:0:0:0:0:0:0:1]/cb",
            "http://localhost.evil.example/cb",
            "http://LOCALHOST/cb",
            "http://localhost@evil.example/cb",
            "http://localhost:99999/cb",
            "javascript:alert(1)",
            "cursor://anysphere.cursor-mcp/oauth/callback2",
            "cursor://evil/oauth/callback",
            "ftp://claude.ai/cb",
            "https://сlaude.ai/cb",
            &format!("https://claude.ai/{}", "a".repeat(LONGEST)),
        ] {
            assert_eq!(policy().accept(bad), None, "{bad}");
        }
    }

    #[test]
    fn only_the_port_of_a_loopback_uri_may_differ() {
        let registered = uri("http://127.0.0.1:1/cb?x=1");
        assert!(uri("http://127.0.0.1:2/cb?x=1").matches(&registered));
        assert!(uri("http://127.0.0.1/cb?x=1").matches(&registered));
        for other in [
            "http://localhost:1/cb?x=1",
            "http://127.0.0.1:1/cb",
            "http://127.0.0.1:1/cb?x=2",
            "http://127.0.0.1:1/CB?x=1",
            "http://127.0.0.1:1/cb/?x=1",
        ] {
            assert!(!uri(other).matches(&registered), "{other}");
        }
    }

    #[test]
    fn other_uris_match_byte_by_byte() {
        let registered = uri("https://claude.ai/cb");
        assert!(uri("https://claude.ai/cb").matches(&registered));
        assert!(!uri("https://claude.ai/cb?a=b").matches(&registered));
        assert!(!uri("https://claude.ai/cb/").matches(&registered));
    }

    #[test]
    fn parameters_are_added_to_a_query_that_is_there() {
        assert_eq!(
            uri("http://localhost:1/cb?a=b").with_parameters(&[("code", "c d"), ("state", "&")]),
            "http://localhost:1/cb?a=b&code=c+d&state=%26"
        );
    }

    #[test]
    fn form_action_names_the_origin_or_the_scheme() {
        assert_eq!(uri("http://[::1]:8000/cb").csp_source(), "http://[::1]:8000");
        assert_eq!(uri("https://claude.ai/cb").csp_source(), "https://claude.ai");
        assert_eq!(uri(CURSOR).csp_source(), "cursor:");
        let app = "com.example.app:/cb";
        let policy = RedirectPolicy { exact: [app.to_owned()].into(), ..RedirectPolicy::default() };
        assert_eq!(policy.accept(app).unwrap().csp_source(), "com.example.app:");
    }
}
