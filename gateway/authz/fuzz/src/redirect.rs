//! The rule for redirect URIs once more, by hand and without a URL parser.

use authz::redirect_uri::RedirectPolicy;

/// The hosts that the fixture allows.
pub const HOSTS: [&str; 2] = ["claude.ai", "chatgpt.com"];
/// The URIs that the fixture allows.
pub const EXACT: [&str; 4] = [
    "cursor://anysphere.cursor-mcp/oauth/callback",
    "com.example.app:/cb",
    "https://vs.example/cb?a=b",
    "http://127.0.0.1:80/cb",
];

/// The fixture.
pub fn policy() -> RedirectPolicy {
    RedirectPolicy {
        hosts: HOSTS.map(str::to_owned).into(),
        exact: EXACT.map(str::to_owned).into(),
    }
}

/// Why a URI may be accepted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reason {
    /// A program on the person's own machine.
    Loopback,
    /// A host that the operator allowed.
    Host,
    /// Written out by the operator.
    Exact,
}

/// What an accepted URI must look like, read letter by letter.
pub fn reason(uri: &str) -> Option<Reason> {
    if EXACT.contains(&uri) {
        return Some(Reason::Exact);
    }
    let is_plain = uri.len() <= 512 && uri.bytes().all(|b| (b'!'..=b'~').contains(&b));
    if !is_plain || uri.contains(['#', '\\', '"', '<', '>', '*']) {
        return None;
    }
    if let Some(rest) = uri.strip_prefix("https://") {
        let (authority, _) = cut(rest);
        return HOSTS.contains(&authority).then_some(Reason::Host);
    }
    let (authority, _) = cut(uri.strip_prefix("http://")?);
    let port =
        ["localhost", "127.0.0.1", "[::1]"].iter().find_map(|host| authority.strip_prefix(host))?;
    is_port(port).then_some(Reason::Loopback)
}

/// Whether a URI is so plain that it has to be accepted: no segment that a parser could fold.
pub fn must_be_accepted(uri: &str) -> bool {
    let Some(reason) = reason(uri) else { return false };
    let path = cut(uri.split_once("://").map_or("", |(_, rest)| rest)).1;
    let is_simple = path.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'/' || b == b'_');
    reason == Reason::Exact || (is_simple && !uri.contains("?"))
}

/// The URI without its port, if it is a loopback one.
pub fn without_port(uri: &str) -> Option<String> {
    if reason(uri) != Some(Reason::Loopback) {
        return None;
    }
    let (authority, rest) = cut(uri.strip_prefix("http://")?);
    let host = authority.trim_end_matches(|c: char| c.is_ascii_digit()).trim_end_matches(':');
    let host =
        if authority.starts_with("127") && !authority.contains(':') { authority } else { host };
    Some(format!("{host}{rest}"))
}

fn cut(rest: &str) -> (&str, &str) {
    rest.split_at(rest.find(['/', '?']).unwrap_or(rest.len()))
}

/// Nothing, or a colon and a number that no parser would leave out or shorten.
fn is_port(text: &str) -> bool {
    let Some(digits) = text.strip_prefix(':') else { return text.is_empty() };
    let number = digits.parse::<u16>().ok().filter(|_| digits.bytes().all(|b| b.is_ascii_digit()));
    number.is_some_and(|number| number != 80 && number.to_string() == digits)
}
