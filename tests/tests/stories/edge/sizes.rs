//! C15 to C18: requests that are too much of something.

use std::fmt::Write as _;

use anyhow::Result;
use testbed::{Setup, raw};

use super::{CANARY, Site, refusals};

#[tokio::test]
async fn a_header_of_33_kib_or_101_fields_is_431() -> Result<()> {
    let site = Site::start().await?;
    let fields = |count: usize| {
        (0..count).fold(String::new(), |mut fields, at| {
            let _ = write!(fields, "X-{at}: {CANARY}\r\n");
            fields
        })
    };
    let with = |fields: &str| site.call(1).replacen("X-Canary", &format!("{fields}X-Canary"), 1);
    let requests = [
        with(&fields(101 - 7)),
        with(&format!("X-Large: {CANARY}{}\r\n", "x".repeat(33 * 1024))),
        with(&format!("{}: {CANARY}\r\n", "X".repeat(33 * 1024))),
        site.call(1).replacen("/mcp", &format!("/mcp?{}", "x".repeat(33 * 1024)), 1),
        format!("POST /mcp HTTP/1.1\r\nX: {CANARY}{}", "x".repeat(70 * 1024)),
        with(&fields(5000)),
    ];
    for heard in refusals(&site, &requests).await? {
        assert_eq!(heard.statuses(), [431]);
    }
    assert!(site.core.sent().is_empty());
    let most = raw::exchange(site.address, with(&fields(100 - 8)).as_bytes()).await?;
    assert_eq!(most.statuses(), [200], "100 fields pass");
    Ok(())
}

#[tokio::test]
async fn a_body_that_is_too_large_is_413_and_ends_the_connection() -> Result<()> {
    let site = Site::start().await?;
    for (target, cap) in
        [("/mcp", 64 << 10), ("/token", 16 << 10), ("/register", 8 << 10), ("/health", 0)]
    {
        let method = if target == "/health" { "GET" } else { "POST" };
        let head = format!("{method} {target} HTTP/1.1\r\n{}", site.fields());
        let large = "x".repeat(cap + 1);
        let declared = format!("{head}Content-Length: {}\r\n\r\n{large}", large.len());
        let mut chunked = format!("{head}Transfer-Encoding: chunked\r\n\r\n");
        for part in large.as_bytes().chunks(4096) {
            let part = String::from_utf8_lossy(part);
            let _ = write!(chunked, "{:x}\r\n{part}\r\n", part.len());
        }
        chunked.push_str("0\r\n\r\n");
        let promised = format!("{head}Content-Length: 999999999\r\n\r\n");
        let requests = [declared, chunked, promised];
        for (heard, request) in refusals(&site, &requests).await?.iter().zip(&requests) {
            assert_eq!(heard.statuses(), [413], "{target}: {}", &request[..20]);
        }
    }
    assert!(site.core.sent().is_empty());
    Ok(())
}

#[tokio::test]
async fn a_compressed_body_is_415_unread() -> Result<()> {
    let site = Site::start().await?;
    let requests: Vec<String> =
        ["gzip", "br", "deflate", "zstd", "x-gzip", "identity, gzip", "GZIP", "", "*"]
            .iter()
            .map(|coding| {
                let field = format!("Content-Encoding: {coding}\r\nX-Canary");
                site.call(1).replacen("X-Canary", &field, 1)
            })
            .collect();
    for (heard, request) in refusals(&site, &requests).await?.iter().zip(&requests) {
        assert_eq!(heard.statuses(), [415], "{request}");
    }
    assert!(site.core.sent().is_empty());
    Ok(())
}

#[tokio::test]
async fn json_that_is_a_bomb_is_refused_and_nothing_breaks() -> Result<()> {
    // The largest body that there may be.
    let site = Site::start_with(Setup::default()).await?;
    let most = 60_000;
    let bombs = [
        "[".repeat(most),
        "{\"a\":".repeat(most / 5),
        format!(
            "{{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"tools/call\",\"params\":{{\"name\":\"x\",\"arguments\":{}",
            "[".repeat(most / 2)
        ),
        format!("{{\"jsonrpc\":\"2.0\",\"id\":{},\"method\":\"ping\"}}", "9".repeat(most)),
        format!("{{\"jsonrpc\":\"2.0\",\"id\":1e{},\"method\":\"ping\"}}", "9".repeat(most)),
        format!("{{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"{}\"", "\\u0000".repeat(most / 6)),
        format!("{{{}", "\"a\":1,".repeat(most / 6)),
        format!("\"{}", "\\".repeat(most)),
        balanced("arguments", "[", "]", most / 2 - 100),
        balanced("arguments", "{\"a\":", "}", most / 7),
        balanced("_meta", "[", "]", 100),
        balanced("arguments", "[", "]", 63),
    ];
    let requests: Vec<String> = bombs
        .iter()
        .map(|bomb| {
            let fields = site.fields();
            format!("POST /mcp HTTP/1.1\r\n{fields}Content-Length: {}\r\n\r\n{bomb}", bomb.len())
        })
        .collect();
    for (heard, request) in refusals(&site, &requests).await?.iter().zip(&requests) {
        assert_eq!(heard.statuses(), [400], "{}", &request[request.len() - 60..]);
    }
    assert!(site.core.sent().is_empty());
    assert_eq!(raw::exchange(site.address, site.call(1).as_bytes()).await?.statuses(), [200]);
    let deepest = balanced("arguments", "[", "]", 62);
    let fields = site.fields();
    let call =
        format!("POST /mcp HTTP/1.1\r\n{fields}Content-Length: {}\r\n\r\n{deepest}", deepest.len());
    assert_eq!(raw::exchange(site.address, call.as_bytes()).await?.statuses(), [200]);
    Ok(())
}

/// A call that is right but for how deep one of its members is; the message and its parameters are two
/// levels more.
fn balanced(member: &str, open: &str, close: &str, levels: usize) -> String {
    let deep = format!("{}1{}", open.repeat(levels), close.repeat(levels));
    format!(
        "{{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"tools/call\",\
         \"params\":{{\"name\":\"get_study_count\",\"{member}\":{deep}}}}}"
    )
}
