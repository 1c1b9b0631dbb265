//! F01, F02: what a stranger or a client sends stands in nothing that the programs write, wherever it
//! was put, and in no refusal.

use std::collections::BTreeSet;
use std::net::SocketAddr;

use anyhow::Result;
use reqwest::header::{HeaderMap, HeaderValue};
use reqwest::redirect::Policy;
use reqwest::{Client, RequestBuilder, Response};
use serde_json::{Value, json};
use testbed::login::{Login, REDIRECT, VERIFIER};
use testbed::mcp::{Answer, Era, Mcp};
use testbed::programs::Programs;
use testbed::raw;
use tokio::io::AsyncWriteExt as _;
use tokio::net::TcpStream;

use super::programs;

/// Hands out canaries, each of its own, and keeps them.
#[derive(Default)]
struct Aviary(Vec<String>);

impl Aviary {
    fn fresh(&mut self) -> String {
        let canary = format!("CANARY{:02}zq", self.0.len());
        self.0.push(canary.clone());
        canary
    }
}

/// Where a login returns to nobody listens: no redirect is followed.
fn http() -> Result<Client> {
    Ok(Client::builder().redirect(Policy::none()).no_proxy().build()?)
}

/// No refusal says what it was sent.
async fn is_mute(answer: Response) -> Result<()> {
    let (status, url) = (answer.status(), answer.url().path().to_owned());
    let text = answer.text().await?;
    let refused = status.is_client_error() || status.is_server_error();
    assert!(!refused || !text.contains("CANARY"), "{status} {url}: {text}");
    Ok(())
}

#[tokio::test]
#[ignore = "real programs: make test-records"]
async fn of_a_flock_of_canaries_none_is_written_down_and_no_refusal_sings() -> Result<()> {
    let mut programs = programs("canaries").await?;
    let mut aviary = Aviary::default();
    let held = Login::register_at(&programs.origin()).await?.log_in("manager_mary").await?;
    in_headers_and_paths(&programs, &mut aviary).await?;
    in_the_login(&programs, &mut aviary).await?;
    in_the_token_endpoint(&programs, &mut aviary).await?;
    in_calls(&programs, &mut aviary, &held.access).await?;
    in_malformed_requests(&programs, &mut aviary).await?;
    assert!(aviary.0.len() >= 60, "{}", aviary.0.len());
    let shown = programs.shown().await?;
    assert!(programs.signal("TERM")?.success());
    let trails = ["audit.jsonl", "audit.ndjson"].map(|file| programs.text(file));
    let trails = trails.into_iter().collect::<Result<Vec<String>>>()?.concat();
    let told = programs.collector.hears(&["gen_ai.tool.name", "fhir-mcp-core"]).await?;
    let written = [shown, trails, told, programs.written()?].concat();
    let lower = written.to_lowercase();
    assert!(written.contains("gateway_requests_total") && written.contains("\"route\":\"mcp\""));
    assert!(written.contains("AuditEvent") && written.contains("a tool answered"));
    let secrets = [held.access, held.refresh, programs.exchange.client_secret()];
    let found: BTreeSet<&String> =
        aviary.0.iter().chain(&secrets).filter(|one| lower.contains(&one.to_lowercase())).collect();
    assert!(found.is_empty(), "{found:?}");
    Ok(())
}

async fn in_headers_and_paths(programs: &Programs, aviary: &mut Aviary) -> Result<()> {
    let (http, origin) = (http()?, programs.origin());
    let mcp = || {
        let accept = "application/json, text/event-stream";
        http.post(format!("{origin}/mcp")).header("accept", accept).json(&json!({}))
    };
    let named = |name: &'static str, value: String| mcp().header(name, value);
    let requests: Vec<RequestBuilder> = vec![
        mcp().bearer_auth(aviary.fresh()),
        mcp().basic_auth(aviary.fresh(), Some(aviary.fresh())),
        mcp().query(&[("access_token", aviary.fresh())]),
        named("cookie", format!("__Host-fmg-txn={}", aviary.fresh())),
        named("user-agent", aviary.fresh()),
        named("referer", format!("https://x.example/?{}", aviary.fresh())),
        named("x-forwarded-for", aviary.fresh()),
        named("origin", format!("https://{}.example", aviary.fresh())),
        named("host", format!("{}.example", aviary.fresh())),
        named("baggage", format!("patient={}", aviary.fresh())),
        named("traceparent", format!("00-{}", aviary.fresh())),
        named("tracestate", format!("v={}", aviary.fresh())),
        named("mcp-session-id", aviary.fresh()),
        named("content-encoding", aviary.fresh()),
        mcp().header(format!("x-{}", aviary.fresh()).to_lowercase(), aviary.fresh()),
        http.get(format!("{origin}/{}/{}?{}=1", aviary.fresh(), aviary.fresh(), aviary.fresh())),
        http.request(aviary.fresh().as_bytes().try_into()?, format!("{origin}/mcp")),
    ];
    for request in requests {
        is_mute(request.send().await?).await?;
    }
    Ok(())
}

async fn in_the_login(programs: &Programs, aviary: &mut Aviary) -> Result<()> {
    let (http, origin) = (http()?, programs.origin());
    let names = ["client_id", "redirect_uri", "state", "scope", "code_challenge", "login_hint"];
    let query = names.map(|name| (name, aviary.fresh()));
    is_mute(http.get(format!("{origin}/authorize")).query(&query).send().await?).await?;
    let login = Login::register_at(&origin).await?;
    let known = login.authorize_url(&[("state", &aviary.fresh()), ("scope", &aviary.fresh())])?;
    is_mute(http.get(known).send().await?).await?;
    let names = ["code", "state", "error", "error_description", "iss"];
    let query = names.map(|name| (name, aviary.fresh()));
    is_mute(http.get(format!("{origin}/oauth/callback")).query(&query).send().await?).await?;
    let form = [("consent", aviary.fresh()), ("decision", aviary.fresh())];
    is_mute(http.post(format!("{origin}/authorize")).form(&form).send().await?).await?;
    let client = json!({"client_name": aviary.fresh(), "software_statement": aviary.fresh(),
                        "redirect_uris": [format!("https://{}.example/", aviary.fresh())]});
    is_mute(http.post(format!("{origin}/register")).json(&client).send().await?).await
}

async fn in_the_token_endpoint(programs: &Programs, aviary: &mut Aviary) -> Result<()> {
    let (http, origin) = (http()?, programs.origin());
    let login = Login::register_at(&origin).await?;
    let mut answers = vec![
        login.redeem(&aviary.fresh(), &[]).await?,
        login.refresh(&aviary.fresh()).await?,
        login.revoke(&aviary.fresh()).await?,
    ];
    let changes = ["client_id", "redirect_uri", "code_verifier", "resource", "grant_type"];
    for name in changes {
        answers.push(login.redeem("code", &[(name, &aviary.fresh())]).await?);
    }
    let form = [
        ("grant_type", "authorization_code"),
        ("code_verifier", VERIFIER),
        ("redirect_uri", REDIRECT),
        ("client_secret", &aviary.fresh()),
    ];
    answers.push(http.post(format!("{origin}/token")).form(&form).send().await?);
    for answer in answers {
        is_mute(answer).await?;
    }
    Ok(())
}

async fn in_calls(programs: &Programs, aviary: &mut Aviary, token: &str) -> Result<()> {
    let mcp = Mcp::at(format!("{}/mcp", programs.origin()), http()?, Era::Modern);
    let (family, mail, ssn) = (aviary.fresh(), aviary.fresh(), aviary.fresh());
    for (tool, arguments) in [
        ("search_patients", json!({"family": family, "email": format!("{mail}@example.org")})),
        ("search_patients", json!({"identifier": ssn})),
        ("get_patient_demographics", json!({"patient_id": aviary.fresh()})),
        ("get_patient_demographics", json!({"patient_id": 40001, aviary.fresh(): 1})),
        ("get_omh_schema", json!({"data_type": aviary.fresh()})),
        ("list_studies", json!({"cursor": [aviary.fresh()]})),
    ] {
        is_silent(&mcp.call(token, tool, arguments).await?);
    }
    is_silent(&mcp.call(token, "list_studies", json!({})).await?);
    is_silent(&mcp.call(token, &aviary.fresh(), json!({})).await?);
    is_silent(&mcp.send(Some(token), &aviary.fresh(), json!({})).await?);
    is_silent(&mcp.send(Some(token), "resources/read", json!({"uri": aviary.fresh()})).await?);
    in_protocol_headers(&mcp, aviary, token).await?;
    in_members_that_are_refused(&mcp, aviary, token).await?;
    let http = http()?;
    let core = format!("http://{}/mcp", programs.core_address);
    for (url, request) in [(format!("{}/mcp", programs.origin()), http.clone()), (core, http)] {
        let body = format!("{{\"jsonrpc\": \"{}\", {}", aviary.fresh(), aviary.fresh());
        let request = request.post(url).bearer_auth(token).body(body);
        let request = request.header("accept", "application/json, text/event-stream");
        let request = request.header("content-type", "application/json");
        is_mute(request.header("fhir-mcp-hop", aviary.fresh()).send().await?).await?;
    }
    Ok(())
}

/// The same of a caller's refusal. MCP itself wants the id repeated, which is no canary here.
fn is_silent(answer: &Answer) {
    let refused = answer.status >= 400 || answer.body.get("error").is_some();
    assert!(!refused || !answer.body.to_string().contains("CANARY"), "{}", answer.body);
}

/// What MCP 2026-07-28 says twice: once in a header, once in the body.
async fn in_protocol_headers(mcp: &Mcp, aviary: &mut Aviary, token: &str) -> Result<()> {
    for name in ["mcp-protocol-version", "mcp-method", "mcp-name", "mcp-param-patient"] {
        for body in [
            modern("tools/call", json!({"name": "list_studies", "arguments": {}})),
            json!({"jsonrpc": "2.0", "id": 1, "method": "tools/list"}),
            json!({"jsonrpc": "2.0", "id": 1, "method": "initialize", "params": {
                "protocolVersion": "2025-06-18", "capabilities": {},
                "clientInfo": {"name": "story", "version": "1"}}}),
        ] {
            let mut headers = headers();
            headers.insert("mcp-protocol-version", HeaderValue::from_static("2026-07-28"));
            headers.insert(name, HeaderValue::from_str(&aviary.fresh())?);
            is_silent(&mcp.post(Some(token), headers, body.to_string()).await?);
        }
    }
    Ok(())
}

/// What stands where the protocol has no place for it.
async fn in_members_that_are_refused(mcp: &Mcp, aviary: &mut Aviary, token: &str) -> Result<()> {
    let tool = |arguments: Value| json!({"name": "list_studies", "arguments": arguments});
    let bodies = [
        modern("tools/call", tool(json!(aviary.fresh()))),
        modern("tools/call", tool(json!([aviary.fresh()]))),
        modern("tools/call", json!({"name": [aviary.fresh()]})),
        modern(&aviary.fresh(), json!({})),
        modern("prompts/get", json!({"name": aviary.fresh()})),
        json!({"jsonrpc": "2.0", "id": 1, "method": "tools/list",
               "params": {"_meta": {aviary.fresh(): aviary.fresh()}}}),
        json!({"jsonrpc": "2.0", "id": 1, "method": "tools/list", "params": [aviary.fresh()]}),
        json!({"jsonrpc": "2.0", "id": {aviary.fresh(): 1}, "method": "tools/list"}),
    ];
    for body in bodies {
        for version in ["2026-07-28", "2025-06-18"] {
            let mut headers = headers();
            headers.insert("mcp-protocol-version", HeaderValue::from_static(version));
            let method = body.get("method").and_then(Value::as_str).unwrap_or_default();
            headers.insert("mcp-method", HeaderValue::from_str(method)?);
            is_silent(&mcp.post(Some(token), headers, body.to_string()).await?);
        }
    }
    Ok(())
}

fn headers() -> HeaderMap {
    let accept = HeaderValue::from_static("application/json, text/event-stream");
    HeaderMap::from_iter([(reqwest::header::ACCEPT, accept)])
}

/// A request with the metadata that 2026-07-28 wants.
fn modern(method: &str, mut parameters: Value) -> Value {
    if let Some(members) = parameters.as_object_mut() {
        let meta = json!({
            "io.modelcontextprotocol/protocolVersion": "2026-07-28",
            "io.modelcontextprotocol/clientCapabilities": {},
            "io.modelcontextprotocol/clientInfo": {"name": "story", "version": "1"},
        });
        members.insert("_meta".to_owned(), meta);
    }
    json!({"jsonrpc": "2.0", "id": 1, "method": method, "params": parameters})
}

/// What the parsers below us choke on: they quote it in their errors.
async fn in_malformed_requests(programs: &Programs, aviary: &mut Aviary) -> Result<()> {
    for address in [programs.address, programs.core_address] {
        for (before, after) in [
            ("GET / HTTP/1.1\r\nAuthorization: Bearer ", "\r\nbad header\r\n\r\n"),
            ("GET /mcp HTTP/1.1\r\nHost: a\r\nCookie: ", "\r\n folded\r\n\r\n"),
            ("GET / HTTP/1.1\nAuthorization: Bearer ", "\n\n"),
            ("", " / HTTP/1.1\r\nHost: a\r\nContent-Length: x\r\n\r\n"),
            ("GET /?code=", " HTTP/9.9\r\nHost: a\r\n\r\n"),
            ("POST /mcp HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: ", "\r\n\r\n"),
            ("POST /token HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n5;", "\r\nxx"),
            ("CONNECT ", ":443 HTTP/1.1\r\nHost: a\r\n\r\n"),
            ("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", ""),
            ("\x16\x03\x01\x02\x00\x01\x00", ""),
            ("GET / HTTP/1.1\r\nHost: a\r\nX-Long: ", ""),
        ] {
            refuses(address, [before, &aviary.fresh(), after].concat().as_bytes()).await?;
        }
        let long = format!("GET / HTTP/1.1\r\nX: {}{}\r\n\r\n", aviary.fresh(), "x".repeat(70_000));
        refuses(address, long.as_bytes()).await?;
    }
    Ok(())
}

async fn refuses(address: SocketAddr, request: &[u8]) -> Result<()> {
    let mut stream = TcpStream::connect(address).await?;
    // Refused already, it may be closed before all of it is sent; what was said still counts.
    let _sent = stream.write_all(request).await;
    let _ended = stream.shutdown().await;
    let heard = raw::listen(&mut stream).await?;
    assert!(!heard.text.contains("CANARY"), "{}", heard.text);
    Ok(())
}
