//! Every route and every table row of refusals, from outside.

use anyhow::Result;
use fhir_mcp_gateway::route::Route;
use reqwest::Method;
use reqwest::header::{HeaderMap, HeaderValue};
use serde_json::{Value, json};
use testbed::exchange::Endpoint;
use testbed::login::Login;
use testbed::mcp::{Era, Mcp};
use testbed::{Setup, TestBed};

#[tokio::test]
async fn no_route_gives_anything_of_the_backend_without_a_token() -> Result<()> {
    let bed = TestBed::start().await?;
    let http = reqwest::Client::new();
    for route in Route::ALL {
        for path in route.paths() {
            for method in route.methods() {
                let answer =
                    http.request(method.clone(), bed.at(path)).json(&json!({})).send().await?;
                let status = answer.status().as_u16();
                if *route == Route::Mcp {
                    assert_eq!(status, 401, "{method} {path}");
                } else {
                    assert_ne!(status, 500, "{method} {path}");
                }
            }
        }
    }
    let log = bed.exchange.log();
    assert_eq!(log.count(Endpoint::Rest) + log.count(Endpoint::Fhir), 0);
    assert_eq!(log.count(Endpoint::Introspect) + log.count(Endpoint::Token), 0);
    Ok(())
}

#[tokio::test]
async fn a_path_that_is_not_exactly_a_route_is_404() -> Result<()> {
    let bed = TestBed::start().await?;
    for path in ["/mcp/", "//mcp", "/MCP", "/%6dcp", "/metrics", "/ready", "/health/", "/x"] {
        let answer = reqwest::Client::new().post(bed.at(path)).send().await?;
        assert_eq!(answer.status(), 404, "{path}");
    }
    Ok(())
}

#[tokio::test]
async fn garbage_and_the_backends_own_tokens_are_refused_without_asking_the_backend() -> Result<()>
{
    let bed = TestBed::start().await?;
    let live = bed.exchange.issue_token("manager_mary")?;
    let held = Login::register(&bed).await?.log_in("manager_mary").await?;
    bed.exchange.log().clear();
    let mcp = Mcp::of(&bed, Era::Modern);
    let altered = format!("{}A", held.access);
    for token in ["garbage", live.as_str(), held.refresh.as_str(), altered.as_str()] {
        let refused = mcp.call(token, "get_study_count", json!({})).await?;
        assert_eq!(refused.status, 401);
        assert_eq!(refused.body["title"], "token_invalid");
    }
    assert!(bed.exchange.log().all().is_empty());
    Ok(())
}

#[tokio::test]
async fn an_expired_token_is_401_and_the_refresh_still_works() -> Result<()> {
    let bed = TestBed::start().await?;
    let login = Login::register(&bed).await?;
    let held = login.log_in("manager_mary").await?;
    bed.advance(std::time::Duration::from_secs(3600));
    let refused =
        Mcp::of(&bed, Era::Modern).call(&held.access, "get_study_count", json!({})).await?;
    assert_eq!((refused.status, &refused.body["title"]), (401, &json!("token_expired")));
    assert_eq!(login.refresh(&held.refresh).await?.status(), 200);
    Ok(())
}

#[tokio::test]
async fn get_and_delete_are_401_to_strangers_and_405_to_those_logged_in() -> Result<()> {
    let bed = TestBed::start().await?;
    let held = Login::register(&bed).await?.log_in("manager_mary").await?;
    let http = reqwest::Client::new();
    for method in [Method::GET, Method::DELETE] {
        let request = || http.request(method.clone(), bed.at("/mcp"));
        assert_eq!(request().send().await?.status(), 401);
        let refused = request().bearer_auth(&held.access).send().await?;
        assert_eq!(refused.status(), 405);
        assert_eq!(refused.headers()["allow"], "POST");
    }
    Ok(())
}

#[tokio::test]
async fn a_token_in_the_url_is_refused_even_if_it_is_good() -> Result<()> {
    let bed = TestBed::start().await?;
    let held = Login::register(&bed).await?.log_in("manager_mary").await?;
    let url = bed.at(&format!("/mcp?access_token={}", held.access));
    let refused = reqwest::Client::new().post(url).send().await?;
    assert_eq!(refused.status(), 400);
    Ok(())
}

#[tokio::test]
async fn a_narrow_login_is_told_every_scope_that_the_tool_needs() -> Result<()> {
    let bed = TestBed::start().await?;
    let held = Login::register(&bed).await?.log_in_for("manager_mary", "user/Group.rs").await?;
    assert_eq!(held.scope, "user/Group.rs");
    let mcp = Mcp::of(&bed, Era::Modern);
    let arguments = json!({"study_id": "30001"});
    let refused = mcp.call(&held.access, "list_study_patients", arguments).await?;
    assert_eq!(refused.status, 403);
    let challenge = refused.header("www-authenticate").unwrap();
    assert!(challenge.contains("error=\"insufficient_scope\""), "{challenge}");
    assert!(challenge.contains("scope=\"user/Group.rs user/Patient.rs\""), "{challenge}");
    Ok(())
}

#[tokio::test]
async fn unknown_methods_and_unlisted_tools_are_answered_in_json_rpc() -> Result<()> {
    let bed = TestBed::start().await?;
    let held = Login::register(&bed).await?.log_in("manager_mary").await?;
    let mcp = Mcp::of(&bed, Era::Modern);
    // Open to nobody.
    for (method, parameters) in [
        ("logging/setLevel", json!({"level": "debug"})),
        ("subscriptions/listen", json!({"notifications": {}})),
        ("tasks/get", json!({"taskId": "1"})),
    ] {
        let method = mcp.send(Some(&held.access), method, parameters).await?;
        assert_eq!((method.status, &method.body["error"]["code"]), (404, &json!(-32601)));
    }
    let tool = mcp.call(&held.access, "drop_everything", json!({})).await?;
    assert_eq!((tool.status, &tool.body["error"]["code"]), (200, &json!(-32602)));
    Ok(())
}

#[tokio::test]
async fn batches_repeated_keys_and_large_bodies_never_reach_core() -> Result<()> {
    let bed = TestBed::start().await?;
    let held = Login::register(&bed).await?.log_in("manager_mary").await?;
    let mcp = Mcp::of(&bed, Era::Modern);
    let mut headers = HeaderMap::new();
    headers.insert("accept", HeaderValue::from_static("application/json, text/event-stream"));
    let large =
        format!(r#"{{"jsonrpc":"2.0","id":1,"method":"ping","x":"{}"}}"#, "x".repeat(70_000));
    for (body, status) in [
        (r#"[{"jsonrpc":"2.0","id":1,"method":"ping"}]"#.to_owned(), 400),
        (r#"{"jsonrpc":"2.0","id":1,"method":"ping","method":"tools/list"}"#.to_owned(), 400),
        ("not json".to_owned(), 400),
        (large, 413),
    ] {
        let refused = mcp.post(Some(&held.access), headers.clone(), body).await?;
        assert_eq!(refused.status, status);
    }
    Ok(())
}

#[tokio::test]
async fn a_foreign_origin_is_403_before_anything_else() -> Result<()> {
    let bed = TestBed::start().await?;
    for origin in ["https://evil.example", "null", "http://127.0.0.1:1"] {
        let request = reqwest::Client::new().post(bed.at("/mcp")).header("origin", origin);
        assert_eq!(request.send().await?.status(), 403, "{origin}");
    }
    Ok(())
}

#[tokio::test]
async fn a_person_over_the_limit_waits_and_nobody_else_does() -> Result<()> {
    let limits = "{calls_per_minute: 60, burst: 3, concurrent_calls: 10}";
    let setup = Setup { limits: limits.to_owned(), ..Setup::default() };
    let bed = TestBed::start_with(setup).await?;
    let login = Login::register(&bed).await?;
    let mary = login.log_in("manager_mary").await?;
    let again = login.log_in("manager_mary").await?;
    let other = login.log_in("manager_mark").await?;
    let mcp = Mcp::of(&bed, Era::Modern);
    let ping = |token: String| {
        let mcp = mcp.clone();
        async move { mcp.send(Some(&token), "tools/list", json!({})).await }
    };
    for _ in 0..3 {
        assert_eq!(ping(mary.access.clone()).await?.status, 200);
    }
    let limited = ping(again.access.clone()).await?;
    assert_eq!(limited.status, 429, "a second token of the same person is the same bucket");
    assert!(limited.header("retry-after").is_some() && limited.header("ratelimit").is_some());
    assert_eq!(ping(other.access.clone()).await?.status, 200);
    bed.advance(std::time::Duration::from_secs(1));
    assert_eq!(ping(mary.access.clone()).await?.status, 200, "time passes, the bucket fills");
    Ok(())
}

#[tokio::test]
async fn core_answers_nobody_but_the_gateway() -> Result<()> {
    let bed = TestBed::start().await?;
    let held = Login::register(&bed).await?.log_in("manager_mary").await?;
    let url = format!("http://{}/mcp", bed.core_address());
    let body = json!({"jsonrpc": "2.0", "id": 1, "method": "tools/list"});
    for token in [held.access.as_str(), bed.exchange.issue_token("manager_mary")?.as_str()] {
        for hop in ["", "garbage", token] {
            let request = reqwest::Client::new().post(&url).bearer_auth(token);
            let answer = request.header("fhir-mcp-hop", hop).json(&body).send().await?;
            assert_eq!(answer.status(), 401);
            let problem: Value = answer.json().await?;
            assert_eq!(problem["title"], "Unauthorized", "and says nothing more");
        }
    }
    Ok(())
}
