//! C09 to C13: requests that look like others.

use anyhow::Result;

use super::{Site, body, refusals};

#[tokio::test]
async fn every_spelling_of_another_host_is_refused() -> Result<()> {
    let site = Site::start().await?;
    let port = site.address.port();
    let with = |line: &str, host: &str| {
        let call = site.call(1);
        let call = call.replacen("POST /mcp HTTP/1.1", line, 1);
        call.replacen(&format!("Host: {}\r\n", site.host), host, 1)
    };
    let plain = "POST /mcp HTTP/1.1";
    let requests = [
        with(plain, ""),
        with(plain, "Host:\r\n"),
        with(plain, "Host: evil.example\r\n"),
        with(plain, &format!("Host: evil.example:{port}\r\n")),
        with(plain, "Host: 127.0.0.1\r\n"),
        with(plain, "Host: 127.0.0.1:1\r\n"),
        with(plain, &format!("Host: 127.0.0.1:{port}0\r\n")),
        with(plain, &format!("Host: 127.0.0.1:0{port}\r\n")),
        with(plain, &format!("Host: 127.0.0.1:{port}.evil.example\r\n")),
        with(plain, &format!("Host: evil@{}\r\n", site.host)),
        with(plain, &format!("Host: {}, evil.example\r\n", site.host)),
        with(plain, &format!("Host: {} evil.example\r\n", site.host)),
        with(plain, &format!("Host: {}/evil\r\n", site.host)),
        with(plain, &format!("Host: {0}\r\nHost: {0}\r\n", site.host)),
        with(plain, &format!("Host: {}\r\nhost: evil.example\r\n", site.host)),
        with(&format!("POST http://{}/mcp HTTP/1.1", site.host), "Host: evil.example\r\n"),
        with("POST http://evil.example/mcp HTTP/1.1", &format!("Host: {}\r\n", site.host)),
        with("POST https:///mcp HTTP/1.1", &format!("Host: {}\r\n", site.host)),
    ];
    for (heard, request) in refusals(&site, &requests).await?.iter().zip(&requests) {
        assert!([[400], [421]].contains(&heard.statuses()[..].try_into()?), "{request}: {heard:?}");
    }
    assert!(site.core.sent().is_empty());
    Ok(())
}

#[tokio::test]
async fn a_page_of_another_origin_is_refused_everywhere() -> Result<()> {
    let site = Site::start().await?;
    let mut requests = Vec::new();
    for origin in ["null", "https://evil.example", "http://127.0.0.1", "file://", "*", ""] {
        for target in ["/mcp", "/token", "/register", "/revoke"] {
            let call = site.call(1).replacen("/mcp", target, 1);
            requests.push(call.replacen("X-Canary", &format!("Origin: {origin}\r\nX-Canary"), 1));
        }
    }
    for (heard, request) in refusals(&site, &requests).await?.iter().zip(&requests) {
        assert_eq!(heard.statuses(), [403], "{request}");
    }
    assert!(site.core.sent().is_empty());
    Ok(())
}

/// Ways to write `/mcp` that are not it.
const PATHS: &[&str] = &[
    "//mcp",
    "///mcp",
    "/mcp/",
    "/mcp//",
    "/./mcp",
    "/mcp/.",
    "/../mcp",
    "/x/../mcp",
    "/mcp/..",
    "/mcp/../mcp",
    "/health/../mcp",
    "/health/..%2fmcp",
    "/%2fmcp",
    "/%2e/mcp",
    "/%2e%2e/mcp",
    "/mcp%2f",
    "/mcp%00",
    "/mcp%20",
    "/mcp%09",
    "/mcp%0d%0a",
    "/mcp;",
    "/mcp;x",
    "/mcp;/",
    "/;/mcp",
    "/mcp?",
    "/mcp?x",
    "/mcp?x=1",
    "/mcp%3f",
    "/mcp#",
    "/mcp%23",
    "/mcp\\",
    "\\mcp",
    "/\\mcp",
    "/..\\mcp",
    "/MCP",
    "/Mcp",
    "/mcP",
    "/m%63p",
    "/%6dcp",
    "/%6Dcp",
    "/%256dcp",
    "/mcp.json",
    "/mcp.",
    "/mcp,",
    "/mcp:",
    "/mcp@",
    "/mcp&",
    "/mcp~",
    "/mcp*",
    "/%c0%afmcp",
    "/mcp%c0%af",
    "/%ef%bc%8fmcp",
    "/m\u{441}p",
    "/ｍcp",
    "/mcp\u{ad}",
    "mcp",
    "*",
    "/.",
    "/..;/mcp",
    "/mcp/messages",
    "/mcp/tools",
    "/api/mcp",
    "/v1/mcp",
    "/ready",
    "/live",
    "/metrics",
    "/status",
    "/debug",
    "/.well-known/",
    "/.well-known/../mcp",
    "/.well-known/oauth-protected-resource/../../mcp",
    "/token/",
    "/Authorize",
];

#[tokio::test]
async fn a_path_that_is_not_byte_for_byte_a_route_leads_nowhere() -> Result<()> {
    let site = Site::start().await?;
    for with_token in [true, false] {
        let requests: Vec<String> = PATHS
            .iter()
            .flat_map(|path| ["POST", "GET"].map(|method| format!("{method} {path} HTTP/1.1")))
            .map(|line| {
                let call = site.call(1).replacen("POST /mcp HTTP/1.1", &line, 1);
                let kept = |part: &&str| with_token || !part.starts_with("Authorization");
                call.split("\r\n").filter(kept).collect::<Vec<_>>().join("\r\n")
            })
            .collect();
        assert!(requests.len() >= 120, "{}", requests.len());
        for (heard, request) in refusals(&site, &requests).await?.iter().zip(&requests) {
            let status = heard.statuses();
            assert!(status == [404] || status == [400], "{request}: {heard:?}");
        }
    }
    assert!(site.core.sent().is_empty());
    Ok(())
}

#[tokio::test]
async fn nothing_that_a_probe_says_of_itself_opens_anything() -> Result<()> {
    let site = Site::start().await?;
    let bare = |line: &str, fields: &str| {
        let body = body(1);
        format!(
            "{line} HTTP/1.1\r\nHost: {}\r\nContent-Type: application/json\r\n\
             Accept: application/json, text/event-stream\r\n{fields}Content-Length: {}\r\n\r\n{body}",
            site.host,
            body.len()
        )
    };
    let agents = ["kube-probe/1.33", "GoogleHC/1.0", "ELB-HealthChecker/2.0", "Prometheus/3.0"];
    let mut unauthorized: Vec<String> =
        agents.iter().map(|agent| bare("POST /mcp", &format!("User-Agent: {agent}\r\n"))).collect();
    for fields in [
        "X-Original-URL: /health\r\n",
        "X-Rewrite-URL: /health\r\n",
        "X-Forwarded-Uri: /health\r\n",
        "X-Forwarded-For: 127.0.0.1\r\n",
        "X-Real-IP: 127.0.0.1\r\n",
        "X-Auth-Request-User: mary\r\n",
        "Referer: /health\r\n",
    ] {
        unauthorized.push(bare("POST /mcp", fields));
    }
    for (heard, request) in refusals(&site, &unauthorized).await?.iter().zip(&unauthorized) {
        assert_eq!(heard.statuses(), [401], "{request}");
    }
    let probes: Vec<String> = ["/ready", "/live", "/metrics", "/status", "/health/../mcp"]
        .map(|path| bare(&format!("POST {path}"), "User-Agent: kube-probe/1.33\r\n"))
        .into();
    for (heard, request) in refusals(&site, &probes).await?.iter().zip(&probes) {
        assert_eq!(heard.statuses(), [404], "{request}");
    }
    assert!(site.core.sent().is_empty());
    Ok(())
}

#[tokio::test]
async fn a_method_is_what_the_request_line_says_and_nothing_else() -> Result<()> {
    let site = Site::start().await?;
    let mut requests: Vec<String> = [
        "TRACE", "TRACK", "PUT", "PATCH", "HEAD", "OPTIONS", "CONNECT", "PROPFIND", "GET",
        "DELETE", "post",
    ]
    .iter()
    .map(|method| site.call(1).replacen("POST", method, 1))
    .collect();
    for field in ["X-HTTP-Method-Override", "X-HTTP-Method", "X-Method-Override", "_method"] {
        let call = site.call(1).replacen("POST", "DELETE", 1);
        requests.push(call.replacen("X-Canary", &format!("{field}: POST\r\nX-Canary"), 1));
    }
    for (heard, request) in refusals(&site, &requests).await?.iter().zip(&requests) {
        assert_eq!(heard.statuses(), [405], "{request}: {}", heard.text);
    }
    assert!(site.core.sent().is_empty());
    Ok(())
}
