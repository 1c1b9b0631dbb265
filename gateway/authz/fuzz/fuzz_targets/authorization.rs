//! One header, one scheme, one token (RFC 6750 §2.1): anything else is no token.
#![no_main]

use authz::token::{AccessToken, NoToken};
use http::header::AUTHORIZATION;
use http::{HeaderMap, HeaderValue};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    // Header fields, one a line; no line is no header.
    let lines = bytes.split(|byte| *byte == b'\n').filter(|_| !bytes.is_empty());
    let values: Vec<HeaderValue> =
        lines.filter_map(|line| HeaderValue::from_bytes(line).ok()).collect();
    let headers: HeaderMap = values.iter().map(|value| (AUTHORIZATION, value.clone())).collect();
    let expected = match values.as_slice() {
        [] => Err(NoToken::Missing),
        [only] => bearer(only.as_bytes()).ok_or(NoToken::Malformed),
        _ => Err(NoToken::Malformed),
    };
    let read = AccessToken::from_headers(&headers);
    assert_eq!(read.as_ref().map(|token| token.expose().as_bytes()), expected.as_ref().copied());
    if let Ok(token) = &read {
        // The same for every token.
        assert_eq!(format!("{token:?}"), "AccessToken(SecretBox<str>([REDACTED]))");
    }
});

/// The token of `Bearer token68`, byte by byte.
fn bearer(value: &[u8]) -> Option<&[u8]> {
    let (scheme, rest) = value.split_at_checked(6)?;
    let token = rest.strip_prefix(b" ")?;
    let is_token = token.iter().all(|b| {
        matches!(b, b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9'
        | b'-' | b'.' | b'_' | b'~' | b'+' | b'/' | b'=')
    });
    (scheme.eq_ignore_ascii_case(b"Bearer") && is_token && (1..=8192).contains(&token.len()))
        .then_some(token)
}
