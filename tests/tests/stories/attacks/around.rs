//! E10: whoever goes round the gateway. One gateway and the core behind it, on ports of their own.

use std::time::Duration;

use anyhow::Result;
use authz::hop::{HEADER, HOST, HopClaims, HopSealer};
use authz::keyring::SecretKey;
use authz::time::Timestamp;
use serde_json::{Value, json};
use testbed::TestBed;
use testbed::bed::random_key;

/// A call that the backend would have to answer.
fn body() -> String {
    json!({"jsonrpc": "2.0", "id": 1, "method": "tools/call",
           "params": {"name": super::PRIVATE, "arguments": {}}})
    .to_string()
}

/// A caller on this backend, with a token that the backend takes.
fn claims(bed: &TestBed, backend: &str) -> Result<HopClaims> {
    Ok(serde_json::from_value(json!({
        "subject": "10002", "client": "client", "scope": "user/*.rs",
        "backend": {"name": "jhe", "profile": "jhe", "base_url": backend},
        "backend_token": bed.exchange.issue_token("manager_mary")?,
        "request_id": "request-1", "tools": null,
    }))?)
}

/// What a gateway with this key writes for this body at this time.
fn sealed(claims: HopClaims, key: &str, body: &str, now: Timestamp) -> Result<String> {
    let sealer = HopSealer::new(SecretKey::from_base64(key)?);
    Ok(sealer.seal(claims, body.as_bytes(), now, &mut rand::rng()))
}

/// The status of a call to core itself, with these hops.
async fn status(bed: &TestBed, hops: &[&str]) -> Result<u16> {
    let url = format!("http://{}/mcp", bed.core_address());
    let mut request = reqwest::Client::new()
        .post(url)
        .header("host", HOST)
        .header("accept", "application/json, text/event-stream")
        .header("content-type", "application/json")
        .header("mcp-protocol-version", "2025-06-18");
    for hop in hops {
        request = request.header(HEADER, *hop);
    }
    let answer = request.body(body()).send().await?;
    let status = answer.status().as_u16();
    let answer: Value = answer.json().await?;
    if status == 401 {
        assert_eq!(answer, json!({"type": "about:blank", "title": "Unauthorized", "status": 401}));
    }
    Ok(status)
}

#[tokio::test]
async fn e10_core_opens_only_a_fresh_hop_under_its_own_key_for_this_very_body() -> Result<()> {
    let bed = TestBed::start().await?;
    let (own, key, now) = (bed.exchange.base_url(), bed.hop_key().to_owned(), bed.now());
    let hop = |key: &str, body: &str, now| sealed(claims(&bed, &own)?, key, body, now);
    let good = hop(&key, &body(), now)?;
    assert_eq!(status(&bed, &[&good]).await?, 200, "so that the others fail for their own reason");
    bed.exchange.log().clear();
    let later = Timestamp::from_unix_seconds(now.unix_seconds() + 3_600);
    let foreign = sealed(claims(&bed, "http://other.test")?, &random_key(), &body(), now)?;
    let refused = [
        ("none", vec![]),
        ("empty", vec![String::new()]),
        ("garbage", vec!["AAAA".repeat(40)]),
        ("another key", vec![hop(&random_key(), &body(), now)?]),
        ("of a gateway for another backend", vec![foreign]),
        ("another body", vec![hop(&key, "{}", now)?]),
        ("another call", vec![hop(&key, &body().replace("count", "list"), now)?]),
        ("of the future", vec![hop(&key, &body(), later)?]),
        ("an access token", vec![bed.minted("manager_mary")?]),
        ("a backend token", vec![bed.exchange.issue_token("manager_mary")?]),
        ("twice", vec![good.clone(), good.clone()]),
    ];
    for (what, hops) in &refused {
        let hops: Vec<&str> = hops.iter().map(String::as_str).collect();
        assert_eq!(status(&bed, &hops).await?, 401, "{what}");
    }
    bed.advance(Duration::from_secs(30));
    assert_eq!(status(&bed, &[&good]).await?, 401, "stale");
    assert!(bed.exchange.log().all().is_empty(), "the backend is not asked");
    Ok(())
}

/// Who calls, with what token, on which backend: whoever changes a letter of it has nothing.
#[tokio::test]
async fn e10_a_hop_whose_backend_or_caller_was_altered_does_not_open() -> Result<()> {
    let bed = TestBed::start().await?;
    let hop = sealed(claims(&bed, &bed.exchange.base_url())?, bed.hop_key(), &body(), bed.now())?;
    for at in 0..hop.len() {
        let mut altered = hop.clone().into_bytes();
        altered[at] = if altered[at] == b'A' { b'B' } else { b'A' };
        let altered = String::from_utf8(altered)?;
        assert_eq!(status(&bed, &[&altered]).await?, 401, "the letter {at}");
    }
    for cut in [&hop[1..], &hop[..hop.len() - 1]] {
        assert_eq!(status(&bed, &[cut]).await?, 401);
    }
    assert!(bed.exchange.log().all().is_empty(), "the backend is not asked");
    Ok(())
}

#[tokio::test]
async fn e10_behind_the_gateway_there_is_no_page_and_no_probe_without_a_hop() -> Result<()> {
    let bed = TestBed::start().await?;
    for path in ["/", "/mcp", "/metrics", "/live", "/ready", "/status", "/health"] {
        let answer = reqwest::get(format!("http://{}{path}", bed.core_address())).await?;
        assert_eq!(answer.status(), 401, "{path}");
    }
    Ok(())
}
