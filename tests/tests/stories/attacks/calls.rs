//! B01, B03, B06, B17 to B22: what is sent to the MCP endpoint.

use anyhow::Result;
use reqwest::header::{HeaderMap, HeaderName, HeaderValue};
use serde_json::{Value, json};
use testbed::TestBed;
use testbed::exchange::{Endpoint, Fault, Lie};
use testbed::mcp::{Answer, Era, Mcp};

use super::{PRIVATE, browser, client, fleet, fresh, mcp};

const META: &str = r#"{"io.modelcontextprotocol/protocolVersion":"2026-07-28","io.modelcontextprotocol/clientCapabilities":{},"io.modelcontextprotocol/clientInfo":{"name":"story","version":"1"}}"#;

fn headers(fields: &[(&str, &str)]) -> HeaderMap {
    let usual = [("accept", "application/json, text/event-stream")];
    let mut headers = HeaderMap::new();
    for (name, value) in usual.iter().chain(fields) {
        let name: HeaderName = name.parse().unwrap();
        headers.append(name, HeaderValue::from_str(value).unwrap());
    }
    headers
}

/// A call of today's protocol with these headers beside the right body.
async fn modern(bed: &TestBed, token: &str, fields: &[(&str, &str)]) -> Result<Answer> {
    let body = format!(
        r#"{{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{{"name":"{PRIVATE}","arguments":{{}},"_meta":{META}}}}}"#
    );
    mcp(bed)?.post(Some(token), headers(fields), body).await
}

#[tokio::test]
async fn without_one_well_formed_token_there_is_a_challenge_and_no_question() -> Result<()> {
    let bed = fleet().await?;
    let held = client(&bed).await?.log_in("manager_mary").await?;
    bed.exchange.log().clear();
    let good = format!("Bearer {}", held.access);
    for fields in [
        vec![],
        vec![("authorization", "")],
        vec![("authorization", "Bearer")],
        vec![("authorization", "Bearer ")],
        vec![("authorization", "Bearer a b")],
        vec![("authorization", "Basic bWFyeTpzZWNyZXQ=")],
        vec![("authorization", held.access.as_str())],
        vec![("authorization", good.as_str()), ("authorization", "Bearer other")],
        vec![("authorization", good.as_str()), ("authorization", good.as_str())],
        vec![("x-authorization", good.as_str())],
    ] {
        let body = json!({"jsonrpc": "2.0", "id": 1, "method": "tools/list"}).to_string();
        let refused = mcp(&bed)?.post(None, headers(&fields), body).await?;
        assert!([400, 401].contains(&refused.status), "{fields:?}: {}", refused.status);
        if refused.status == 401 {
            let challenge = refused.header("www-authenticate").unwrap();
            assert!(challenge.contains("/.well-known/oauth-protected-resource/mcp\""));
            assert!(challenge.contains("scope=\""), "{challenge}");
        }
    }
    assert!(bed.exchange.log().all().is_empty(), "the backend is not asked");
    Ok(())
}

#[tokio::test]
async fn an_id_token_that_does_not_hold_issues_nothing() -> Result<()> {
    let bed = fleet().await?;
    let login = client(&bed).await?;
    let part = |text: &str| {
        use base64::Engine as _;
        base64::engine::general_purpose::URL_SAFE_NO_PAD.encode(text)
    };
    let claims = part(&format!(
        r#"{{"iss":"{}/o","aud":"{}","sub":"10001","iat":1795224123,"exp":1795260123,"nonce":"x"}}"#,
        bed.exchange.base_url(),
        bed.exchange.client_id()
    ));
    let forged = |header: &str| {
        let token = format!("{}.{claims}.{}", part(header), part("signature"));
        Lie::With("id_token".to_owned(), json!(token))
    };
    for lie in [
        forged(r#"{"alg":"none"}"#),
        forged(r#"{"alg":"HS256"}"#),
        forged(r#"{"alg":"RS256","kid":"unknown"}"#),
        forged(r#"{"alg":"RS256"}"#),
        Lie::With("id_token".to_owned(), json!("")),
        Lie::Issuer("https://evil.example/o".to_owned()),
        Lie::Audience("another".to_owned()),
        Lie::ExpiredIdToken,
    ] {
        let code = login.code(&mut browser()?, "manager_mary", "").await?;
        bed.exchange.fault(Endpoint::Token, Fault::Lie(lie.clone()));
        let answer = login.redeem(&code, &[]).await?;
        assert_eq!(answer.status(), 503, "{lie:?}");
        assert!(!answer.text().await?.contains("fmga1_"), "{lie:?}");
        bed.exchange.clear_all();
    }
    Ok(())
}

#[tokio::test]
async fn a_session_id_means_nothing() -> Result<()> {
    let bed = fleet().await?;
    let login = client(&bed).await?;
    let hers = login.log_in("manager_mary").await?;
    let his = login.log_in("manager_mark").await?;
    let body = json!({"jsonrpc": "2.0", "id": 1, "method": "tools/call",
                      "params": {"name": PRIVATE, "arguments": {}}})
    .to_string();
    for (token, count) in [(&hers.access, 3), (&his.access, 2)] {
        for session in ["", "session-of-mary", &hers.access, "00000000-0000-0000-0000-000000000000"]
        {
            let fields = [("mcp-session-id", session), ("mcp-protocol-version", "2025-06-18")];
            let answer = mcp(&bed)?.post(Some(token), headers(&fields), body.clone()).await?;
            assert_eq!(answer.content()?["count"], count, "their own, whatever the session");
            assert!(answer.header("mcp-session-id").is_none());
        }
    }
    let initialize = json!({"protocolVersion": "2025-06-18", "capabilities": {},
                            "clientInfo": {"name": "story", "version": "1"}});
    let mcp = Mcp::of(&bed, Era::Legacy).over(fresh()?);
    let begun = mcp.send(Some(&hers.access), "initialize", initialize).await?;
    assert_eq!((begun.status, begun.header("mcp-session-id")), (200, None), "none is given out");
    Ok(())
}

#[tokio::test]
async fn no_answer_asks_to_come_back_with_a_state() -> Result<()> {
    let bed = fleet().await?;
    let held = client(&bed).await?.log_in("manager_mary").await?;
    for tool in fhir_mcp_core::tools::catalogue() {
        for state in [None, Some("forged")] {
            let mut call = json!({"name": tool.name, "arguments": {}});
            if let Some(state) = state {
                call["requestState"] = json!(state);
                call["inputResponses"] = json!({});
            }
            let answer = mcp(&bed)?.send(Some(&held.access), "tools/call", call).await?;
            let text = answer.body.to_string();
            assert!(!text.contains("requestState"), "{}: {text}", tool.name);
            assert!(!text.contains("inputRequests"), "{}: {text}", tool.name);
            assert!(!text.contains("input_required"), "{}: {text}", tool.name);
        }
    }
    Ok(())
}

#[tokio::test]
async fn no_answer_may_be_kept_for_anybody_else() -> Result<()> {
    let bed = fleet().await?;
    let held = client(&bed).await?.log_in("manager_mary").await?;
    let mut asked = vec![
        ("tools/list", json!({})),
        ("resources/list", json!({})),
        ("resources/read", json!({"uri": "omh://schema/heart-rate"})),
        ("server/discover", json!({})),
    ];
    for tool in fhir_mcp_core::tools::catalogue() {
        let arguments = json!({"patient_id": 40001, "study_id": "30001", "name": "heart-rate"});
        let known = tool.input_schema["properties"].as_object().unwrap();
        let mut arguments = arguments.as_object().unwrap().clone();
        arguments.retain(|name, _| known.contains_key(name));
        asked.push(("tools/call", json!({"name": tool.name, "arguments": arguments})));
    }
    for (method, parameters) in asked {
        let answer = mcp(&bed)?.send(Some(&held.access), method, parameters.clone()).await?;
        assert_eq!(answer.header("cache-control"), Some("no-store"), "{method} {parameters}");
        let scope = &answer.body["result"]["cacheScope"];
        let open = method == "server/discover" || method.starts_with("resources/");
        assert!(open || scope.is_null() || scope == "private", "{method} {parameters}: {scope}");
        assert_ne!((method, scope), ("tools/list", &Value::Null), "a list says so itself");
    }
    Ok(())
}

#[tokio::test]
async fn headers_that_contradict_the_body_are_refused() -> Result<()> {
    let bed = fleet().await?;
    let held = client(&bed).await?.log_in("manager_mary").await?;
    let version = ("mcp-protocol-version", "2026-07-28");
    let (method, name) = (("mcp-method", "tools/call"), ("mcp-name", PRIVATE));
    let good = modern(&bed, &held.access, &[version, method, name]).await?;
    assert_eq!(good.content()?["count"], 3);
    bed.exchange.log().clear();
    for fields in [
        vec![version, ("mcp-method", "tools/list"), name],
        vec![version, method, ("mcp-name", "list_studies")],
        vec![version, method, ("mcp-name", "=?base64?bGlzdF9zdHVkaWVz?=")],
        vec![version, method, ("mcp-name", "=?base64?!!!?=")],
        vec![version, method, ("mcp-name", "GET_STUDY_COUNT")],
        vec![version, method, name, ("mcp-name", "list_studies")],
        vec![version, method, ("mcp-method", "tools/list"), name],
        vec![version, method],
        vec![version, name],
        vec![("mcp-protocol-version", "2025-06-18"), method, name],
        vec![("mcp-protocol-version", "1999-01-01"), method, name],
    ] {
        let refused = modern(&bed, &held.access, &fields).await?;
        assert_eq!(refused.status, 400, "{fields:?}: {}", refused.body);
    }
    assert_eq!(bed.exchange.log().count(Endpoint::Rest), 0, "no tool ran");
    Ok(())
}

#[tokio::test]
async fn a_key_in_another_case_is_another_key_and_a_repeated_one_is_refused() -> Result<()> {
    let bed = fleet().await?;
    let held = client(&bed).await?.log_in_for("manager_mary", "user/Group.rs").await?;
    let post = |body: String| {
        let (mcp, token) = (mcp(&bed), held.access.clone());
        async move {
            mcp?.post(Some(&token), headers(&[("mcp-protocol-version", "2025-06-18")]), body).await
        }
    };
    let call = |members: &str| format!(r#"{{"jsonrpc":"2.0","id":1,{members}}}"#);
    let hers = r#""name":"get_study_count","arguments":{}"#;
    // The variant names what she may not do: whoever believed it would refuse, or worse, do it.
    for shadowed in [
        call(&format!(r#""method":"tools/call","Method":"x","params":{{{hers}}}"#)),
        call(&format!(r#""method":"tools/call","params":{{{hers},"Name":"search_patients"}}"#)),
        call(&format!(r#""method":"tools/call","params":{{"NAME":"search_patients",{hers}}}"#)),
        call(&format!(r#""METHOD":"x","method":"tools/call","params":{{{hers}}}"#)),
    ] {
        assert_eq!(post(shadowed.clone()).await?.content()?["count"], 3, "{shadowed}");
    }
    bed.exchange.log().clear();
    for repeated in [
        call(&format!(r#""method":"tools/call","params":{{{hers},"name":"search_patients"}}"#)),
        call(&format!(
            r#""method":"tools/call","params":{{{hers},"n\u0061me":"search_patients"}}"#
        )),
        call(&format!(r#""method":"tools/list","method":"tools/call","params":{{{hers}}}"#)),
        call(&format!(r#""method":"tools/call","params":{{{hers}}},"params":{{}}"#)),
        call(&format!(r#""method":"tools/call","id":2,"params":{{{hers}}}"#)),
        call(r#""Method":"tools/call","params":{"name":"get_study_count"}"#),
    ] {
        assert_eq!(post(repeated.clone()).await?.status, 400, "{repeated}");
    }
    assert_eq!(bed.exchange.log().count(Endpoint::Rest), 0);
    Ok(())
}

#[tokio::test]
async fn a_batch_is_refused_in_both_eras() -> Result<()> {
    let bed = fleet().await?;
    let held = client(&bed).await?.log_in("manager_mary").await?;
    let one = r#"{"jsonrpc":"2.0","id":1,"method":"tools/list"}"#;
    bed.exchange.log().clear();
    for version in ["2025-03-26", "2025-06-18", "2026-07-28"] {
        for body in [format!("[{one}]"), format!("[{one},{one}]"), "[]".to_owned()] {
            let fields = [("mcp-protocol-version", version), ("mcp-method", "tools/list")];
            let refused = mcp(&bed)?.post(Some(&held.access), headers(&fields), body).await?;
            assert_eq!(refused.status, 400, "{version}");
        }
    }
    assert_eq!(bed.exchange.log().count(Endpoint::Rest), 0);
    Ok(())
}
