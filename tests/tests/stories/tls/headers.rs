//! C25: every answer has the headers that a browser needs to be careful, refusals and faults too.

use std::collections::BTreeMap;
use std::sync::Arc;

use anyhow::{Context as _, Result, ensure};
use reqwest::redirect::Policy;
use reqwest::{Certificate, Client, ClientBuilder, Method, RequestBuilder, Response};
use serde_json::json;
use testbed::certificates::Authority;
use testbed::exchange::{Endpoint, Fault};
use testbed::{Setup, TestBed};

use super::probe::{BOTH, client, send};
use super::site::{Site, folder};
use crate::attacks::minted;

/// What must stand in each answer, and what it must begin with.
const OWED: [(&str, &str); 6] = [
    ("strict-transport-security", "max-age=31536000"),
    ("x-content-type-options", "nosniff"),
    ("x-frame-options", "DENY"),
    ("referrer-policy", "same-origin"),
    ("content-security-policy", "default-src 'none'"),
    ("cache-control", ""),
];
/// What would tell a stranger about us.
const SILENT: [&str; 3] = ["server", "x-powered-by", "via"];

struct Matrix {
    bed: TestBed,
    http: Client,
    root: Certificate,
}

fn trusting(root: &Certificate) -> ClientBuilder {
    Client::builder().redirect(Policy::none()).tls_certs_only([root.clone()])
}

impl Matrix {
    async fn start(name: &str, change: impl FnOnce(&mut Setup)) -> Result<Self> {
        let (folder, authority) = (folder(name)?, Authority::new(name)?);
        let files = authority.issue(&["localhost"])?.write(&folder, "localhost")?;
        let mut setup = Setup { tls: Some(files), ..Setup::default() };
        change(&mut setup);
        let bed = TestBed::start_with(setup).await?;
        let root = authority.root()?;
        Ok(Self { bed, http: trusting(&root).build()?, root })
    }

    fn ask(&self, method: Method, path: &str) -> RequestBuilder {
        self.http.request(method, self.bed.at(path))
    }

    fn call(&self, token: &str, body: &str) -> RequestBuilder {
        let request = self.ask(Method::POST, "/mcp").bearer_auth(token);
        let request = request.header("accept", "application/json, text/event-stream");
        request.header("content-type", "application/json").body(body.to_owned())
    }
}

async fn check(what: &str, request: RequestBuilder, status: u16) -> Result<()> {
    let answer = request.send().await.with_context(|| what.to_owned())?;
    ensure!(answer.status().as_u16() == status, "{what}: {}", answer.status());
    careful(what, &answer)
}

fn careful(what: &str, answer: &Response) -> Result<()> {
    for (name, start) in OWED {
        let value = answer.headers().get(name).with_context(|| format!("{what}: no {name}"))?;
        ensure!(value.to_str()?.starts_with(start), "{what}: {name} is {value:?}");
    }
    for name in SILENT {
        ensure!(!answer.headers().contains_key(name), "{what}: {name}");
    }
    Ok(())
}

const PING: &str = r#"{"jsonrpc":"2.0","id":1,"method":"tools/list","params":{}}"#;

#[tokio::test]
async fn every_answer_to_a_stranger_is_careful() -> Result<()> {
    let mut matrix = Matrix::start("strangers", |_| {}).await?;
    matrix.http = trusting(&matrix.root).http1_only().build()?;
    let get = |path: &str| matrix.ask(Method::GET, path);
    let post = |path: &str| matrix.ask(Method::POST, path);
    for path in ["/", "/health", "/.well-known/oauth-protected-resource/mcp"] {
        check(path, get(path), 200).await?;
    }
    check("no route", get("/nowhere"), 404).await?;
    check("no method", matrix.ask(Method::PUT, "/token"), 405).await?;
    check("a foreign host", get("/health").header("host", "evil.example"), 421).await?;
    check("a foreign page", post("/mcp").header("origin", "https://evil.example"), 403).await?;
    check("a long header", get("/health").header("x-long", "x".repeat(40_000)), 431).await?;
    check("no token", post("/mcp").json(&json!({})), 401).await?;
    check("a bad token", matrix.call("garbage", PING), 401).await?;
    check("a token in the query", post("/mcp?access_token=x"), 400).await?;
    check("a login that is none", get("/authorize"), 400).await?;
    check("a callback that is none", get("/oauth/callback?state=x&code=y"), 400).await?;
    check("a form that is none", post("/token").form(&[("grant_type", "x")]), 400).await?;
    check("a registration that is none", post("/register").json(&json!([])), 400).await?;
    check("a body that is too large", post("/register").body("x".repeat(300_000)), 413).await
}

#[tokio::test]
async fn every_answer_to_a_caller_is_careful_and_so_are_faults() -> Result<()> {
    let mut matrix = Matrix::start("callers", |_| {}).await?;
    let held = minted(&matrix.bed, "manager_mary")?;
    check("a call", matrix.call(&held, PING), 200).await?;
    check("GET", matrix.ask(Method::GET, "/mcp").bearer_auth(&held), 405).await?;
    check("a body that is no call", matrix.call(&held, "{}"), 400).await?;
    check("a body that is too large", matrix.call(&held, &"x".repeat(70_000)), 413).await?;
    let text = matrix.call(&held, PING).header("content-encoding", "gzip");
    check("a compressed body", text, 415).await?;
    let commit = r#"{"jsonrpc":"2.0","id":1,"method":"nowhere/at-all","params":{}}"#;
    check("an unknown method", matrix.call(&held, commit), 404).await?;
    let other = minted(&matrix.bed, "manager_mark")?;
    matrix.bed.exchange.fault(Endpoint::Introspect, Fault::Unavailable);
    check("an outage of the backend", matrix.call(&other, PING), 503).await?;
    matrix.bed.exchange.clear_all();
    matrix.bed.stop_core().await;
    check("an outage of core", matrix.call(&held, PING), 503).await
}

/// What no HTTP library would send.
#[tokio::test]
async fn every_answer_to_what_is_no_request_is_careful() -> Result<()> {
    let site = Site::start("malformed")?;
    let config = Arc::new(client(&BOTH, None)?);
    let long = format!("GET / HTTP/1.1\r\nHost: localhost\r\nX: {}\r\n\r\n", "x".repeat(40_000));
    for (what, request, status) in [
        ("no HTTP", "hello\r\n\r\n", 400),
        ("no version", "GET /\r\n\r\n", 400),
        ("another version", "GET / HTTP/9.9\r\nHost: localhost\r\n\r\n", 400),
        ("no host", "GET / HTTP/1.1\r\n\r\n", 400),
        (
            "two lengths",
            "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n",
            400,
        ),
        ("a bare line feed", "GET / HTTP/1.1\nHost: localhost\r\n\r\n", 400),
        ("a blank in a name", "GET / HTTP/1.1\r\nHo st: localhost\r\n\r\n", 400),
        ("a tunnel", "CONNECT a:443 HTTP/1.1\r\nHost: a:443\r\n\r\n", 405),
        ("a header too long", &long, 431),
    ] {
        let seen = send(site.address, "localhost", &config, request.as_bytes()).await?;
        let (head, _) = seen.answer.split_once("\r\n\r\n").context("a whole header")?;
        let mut lines = head.lines();
        let first = lines.next().unwrap_or_default();
        assert!(first.starts_with(&format!("HTTP/1.1 {status} ")), "{what}: {first}");
        let fields = lines.filter_map(|line| line.split_once(": "));
        let fields: BTreeMap<_, _> =
            fields.map(|(name, value)| (name.to_ascii_lowercase(), value)).collect();
        for (name, start) in OWED {
            let value = fields.get(name).with_context(|| format!("{what}: no {name}"))?;
            assert!(value.starts_with(start), "{what}: {name} is {value}");
        }
        assert!(SILENT.iter().all(|name| !fields.contains_key(*name)), "{what}: {fields:?}");
    }
    Ok(())
}

#[tokio::test]
async fn an_answer_over_the_limit_is_careful() -> Result<()> {
    let limits = "{per_address: {authorize: 1}, calls_per_minute: 1, burst: 1}";
    let matrix = Matrix::start("limited", |setup| setup.limits = limits.to_owned()).await?;
    let held = minted(&matrix.bed, "manager_mary")?;
    let mut statuses = Vec::new();
    for _ in 0..20 {
        for request in [matrix.call(&held, PING), matrix.ask(Method::GET, "/authorize")] {
            let answer = request.send().await?;
            careful("limited", &answer)?;
            statuses.push(answer.status().as_u16());
        }
    }
    assert!(statuses.iter().skip(4).any(|status| *status == 429), "{statuses:?}");
    Ok(())
}
