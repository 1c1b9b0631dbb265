//! The address of a client document is https, a public name and a path, and nothing else; a document that is
//! accepted is its own address's, and every redirect URI of it passes the rule.
#![no_main]

use std::sync::LazyLock;

use authz::broker::client_document::{ClientDocument, DocumentUrl, InvalidDocument};
use authz::redirect_uri::RedirectPolicy;
use authz_fuzz::json::Members;
use authz_fuzz::redirect::{self, reason};
use libfuzzer_sys::fuzz_target;
use serde_json::Value;

static POLICY: LazyLock<RedirectPolicy> = LazyLock::new(redirect::policy);

fuzz_target!(|bytes: &[u8]| {
    // The address on the first line, the document after it.
    let at = bytes.iter().position(|byte| *byte == b'\n').unwrap_or(bytes.len());
    let (line, body) = (&bytes[..at], bytes.get(at + 1..).unwrap_or_default());
    let Some(url) = std::str::from_utf8(line).ok().and_then(DocumentUrl::parse) else { return };
    is_an_address(&url);
    let read = ClientDocument::read(&url, body, &POLICY);
    let whole = std::str::from_utf8(body).ok().and_then(Members::of);
    let Some(members) = whole else {
        return assert_eq!(read, Err(InvalidDocument::Malformed));
    };
    let member =
        |name: &str| members.text(name).and_then(|text| serde_json::from_str::<Value>(text).ok());
    let Ok(document) = read else { return };
    for name in ["client_id", "client_name", "redirect_uris", "token_endpoint_auth_method"] {
        assert!(members.times(name) < 2, "{name} is repeated");
    }
    assert_eq!(member("client_id").as_ref().and_then(Value::as_str), Some(url.as_str()));
    assert_eq!(document.url(), &url);
    let named = member("redirect_uris").expect("redirect_uris");
    let named: Vec<&str> =
        named.as_array().expect("a list").iter().filter_map(Value::as_str).collect();
    assert!(!document.redirect_uris().is_empty());
    for uri in document.redirect_uris() {
        assert!(
            POLICY.accept(uri).is_some() && reason(uri).is_some() && named.contains(&uri.as_str())
        );
    }
    assert!(!document.name().is_empty() && document.name().chars().count() <= 64);
    assert!(!document.name().chars().any(char::is_control));
});

fn is_an_address(url: &DocumentUrl) {
    let rest = url.as_str().strip_prefix("https://").expect("https");
    let (host, path) = rest.split_once('/').expect("a path");
    assert_eq!(host, url.host());
    assert!(!path.is_empty() && !path.contains(['?', '#', '\\']));
    assert!(host.contains('.') && !host.ends_with('.') && !host.ends_with(".localhost"));
    assert!(!host.contains(['@', ':', '[', '%', '*']) || host.contains('*'), "{host}");
    assert!(host.parse::<std::net::IpAddr>().is_err() && host.to_ascii_lowercase() == host);
    assert_eq!(DocumentUrl::parse(url.as_str()).as_ref(), Some(url));
}
