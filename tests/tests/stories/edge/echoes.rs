//! F01 at `/mcp`: what the protocol's own rules refuse is refused in words of ours. Only what MCP wants
//! repeated is: the id of the request, and a revision that is not served.

use anyhow::Result;
use reqwest::header::{HeaderMap, HeaderName, HeaderValue};
use serde_json::{Value, json};
use testbed::TestBed;
use testbed::mcp::{Era, Mcp};

use super::super::attacks::minted;

const CANARY: &str = "CANARY7f3a";

/// A request of 2026-07-28, whole and right.
fn right() -> (Vec<(&'static str, String)>, Value) {
    let headers = [
        ("mcp-protocol-version", "2026-07-28"),
        ("mcp-method", "tools/call"),
        ("mcp-name", "get_study_count"),
    ];
    let meta = json!({
        "io.modelcontextprotocol/protocolVersion": "2026-07-28",
        "io.modelcontextprotocol/clientCapabilities": {},
        "io.modelcontextprotocol/clientInfo": {"name": "story", "version": "1"},
    });
    let parameters = json!({"name": "get_study_count", "arguments": {}, "_meta": meta});
    let body = json!({"jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": parameters});
    (headers.map(|(name, value)| (name, value.to_owned())).to_vec(), body)
}

async fn told(
    (bed, token): (&TestBed, &str),
    headers: &[(&'static str, String)],
    body: &Value,
) -> Result<(u16, Value)> {
    let mut sent = HeaderMap::new();
    sent.insert("accept", HeaderValue::from_static("application/json, text/event-stream"));
    for (name, value) in headers {
        sent.append(HeaderName::from_static(name), HeaderValue::from_str(value)?);
    }
    let answer = Mcp::of(bed, Era::Modern).post(Some(token), sent, body.to_string()).await?;
    assert!(!format!("{:?}", answer.headers).contains(CANARY), "{:?}", answer.headers);
    Ok((answer.status, answer.body))
}

/// The answer without what MCP has repeated in it.
fn without_the_protocols_own(mut answer: Value) -> String {
    if let Some(members) = answer.as_object_mut() {
        members.remove("id");
    }
    answer.to_string()
}

#[tokio::test]
async fn no_refusal_repeats_a_header_that_contradicts_the_body() -> Result<()> {
    let bed = TestBed::start().await?;
    let token = minted(&bed, "manager_mary")?;
    let site = (&bed, token.as_str());
    let (headers, body) = right();
    assert_eq!(told(site, &headers, &body).await?.0, 200, "it is right but for what follows");
    for (at, code) in [(0, json!(-32020)), (1, json!(-32020)), (2, json!(-32020))] {
        let mut headers = headers.clone();
        CANARY.clone_into(&mut headers[at].1);
        let (status, answer) = told(site, &headers, &body).await?;
        assert_eq!((status, &answer["error"]["code"]), (400, &code), "{answer}");
        assert_eq!(answer["id"], 1);
        assert!(!answer.to_string().contains(CANARY), "{answer}");
        // Said twice it is no better.
        headers.push((headers[at].0, CANARY.to_owned()));
        let (status, answer) = told(site, &headers, &body).await?;
        assert!(status == 400 && !answer.to_string().contains(CANARY), "{answer}");
    }
    let parameter = [headers, vec![("mcp-param-patient", CANARY.to_owned())]].concat();
    let (_, answer) = told(site, &parameter, &body).await?;
    assert!(!answer.to_string().contains(CANARY), "{answer}");
    Ok(())
}

#[tokio::test]
async fn an_older_clients_unknown_version_is_refused_without_naming_it() -> Result<()> {
    let bed = TestBed::start().await?;
    let token = minted(&bed, "manager_mary")?;
    let body = json!({"jsonrpc": "2.0", "id": 1, "method": "tools/list"});
    let headers = [("mcp-protocol-version", CANARY.to_owned())];
    let (status, answer) = told((&bed, &token), &headers, &body).await?;
    assert_eq!((status, &answer["title"]), (400, &json!("Bad Request")), "{answer}");
    assert!(!answer.to_string().contains(CANARY), "{answer}");
    let mut body = json!({"jsonrpc": "2.0", "id": 1, "method": "initialize",
        "params": {"protocolVersion": CANARY, "capabilities": {},
                   "clientInfo": {"name": "story", "version": "1"}}});
    for version in ["2025-06-18", "2026-07-28", CANARY] {
        let headers =
            [("mcp-protocol-version", version.to_owned()), ("mcp-method", CANARY.to_owned())];
        let (status, answer) = told((&bed, &token), &headers, &body).await?;
        assert!(status == 200 || !answer.to_string().contains(CANARY), "{version}: {answer}");
        body["params"]["protocolVersion"] = json!("2025-11-25");
    }
    Ok(())
}

#[tokio::test]
async fn a_version_that_is_not_served_is_answered_with_those_that_are() -> Result<()> {
    let bed = TestBed::start().await?;
    let token = minted(&bed, "manager_mary")?;
    for (version, repeated) in [("1999-01-01", "1999-01-01"), (CANARY, "")] {
        let (mut headers, mut body) = right();
        version.clone_into(&mut headers[0].1);
        body["params"]["_meta"]["io.modelcontextprotocol/protocolVersion"] = json!(version);
        let (status, answer) = told((&bed, &token), &headers, &body).await?;
        let error = &answer["error"];
        assert_eq!((status, &error["code"]), (400, &json!(-32022)), "{answer}");
        assert_eq!(error["data"]["requested"], repeated, "{answer}");
        let supported = error["data"]["supported"].as_array().unwrap();
        assert!(supported.contains(&json!("2026-07-28")), "{answer}");
        assert!(!answer.to_string().contains(CANARY), "{answer}");
    }
    Ok(())
}

#[tokio::test]
async fn no_refusal_repeats_a_member_of_the_body() -> Result<()> {
    let bed = TestBed::start().await?;
    let token = minted(&bed, "manager_mary")?;
    let (headers, right) = right();
    let changed = |pointer: &str, value: Value| {
        let mut body = right.clone();
        *body.pointer_mut(pointer).unwrap() = value;
        body
    };
    let meta = "/params/_meta/io.modelcontextprotocol~1";
    let bodies = [
        changed("/params/arguments", json!(CANARY)),
        changed("/params/arguments", json!([CANARY])),
        changed("/params/_meta", json!(CANARY)),
        changed("/params/_meta", json!({CANARY: CANARY})),
        changed(&format!("{meta}protocolVersion"), json!(CANARY)),
        changed(&format!("{meta}protocolVersion"), json!([CANARY])),
        changed(&format!("{meta}clientInfo"), json!(CANARY)),
        changed(&format!("{meta}clientCapabilities"), json!([CANARY])),
        changed("/params/name", json!(CANARY)),
        changed("/params/name", json!([CANARY])),
        changed("/params", json!({"_meta": {"progressToken": {CANARY: 1}}, "name": CANARY})),
        changed("/method", json!(CANARY)),
        changed("/method", json!("prompts/get")),
        changed("/jsonrpc", json!(CANARY)),
        changed("/id", json!({CANARY: CANARY})),
        changed("/id", json!(CANARY)),
    ];
    let mut refused = 0;
    for body in bodies {
        for era in ["2026-07-28", "2025-06-18"] {
            let mut headers = headers.clone();
            era.clone_into(&mut headers[0].1);
            let (status, answer) = told((&bed, &token), &headers, &body).await?;
            refused += usize::from(status >= 400);
            let told = without_the_protocols_own(answer);
            assert!(status == 200 || !told.contains(CANARY), "{era} {body}: {status} {told}");
        }
    }
    assert!(refused >= 20, "{refused}");
    Ok(())
}
