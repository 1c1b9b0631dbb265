//! What a reload changes from the next call on, and what it leaves as it is.

use std::time::Duration;

use anyhow::{Context as _, Result};
use reqwest::StatusCode;
use serde_json::{Value, json};
use testbed::bed::random_key;
use testbed::exchange::Endpoint;
use testbed::fleet::RingEntry;
use testbed::login::{Login, tokens};
use testbed::mcp::{Era, Mcp};
use testbed::{Setup, TestBed};

const LIMITS: &str = "{calls_per_minute: 60, burst: 2, concurrent_calls: 8, \
                       per_address: {register: 60000, authorize: 60000, token: 60000}}";

#[tokio::test]
async fn a_key_rotates_through_the_ring_by_reload_and_nobody_logs_in_again() -> Result<()> {
    let mut bed = TestBed::start().await?;
    let login = Login::register(&bed).await?;
    let mut held = login.log_in("manager_mary").await?;
    let mcp = Mcp::of(&bed, Era::Modern);
    let old = bed.setup.ring[0].key.clone();
    let new = random_key();
    for states in [["active", "verify"], ["verify", "active"], ["retired", "active"]] {
        let ring = [(1, &old), (2, &new)].into_iter().zip(states);
        let ring = ring.map(|((id, key), state)| RingEntry { id, state, key: key.clone() });
        bed.reload(Setup { ring: ring.collect(), ..bed.setup.clone() }).await?;
        if states[0] == "retired" {
            break;
        }
        assert_eq!(mcp.call(&held.access, "get_study_count", json!({})).await?.status, 200);
        let refreshed = login.refresh(&held.refresh).await?;
        assert_eq!(refreshed.status(), StatusCode::OK, "{states:?}");
        held = tokens(refreshed).await?;
    }
    assert_eq!(mcp.call(&held.access, "get_study_count", json!({})).await?.status, 200);
    Ok(())
}

#[tokio::test]
async fn whoever_is_put_on_the_deny_list_is_cut_off_at_the_next_call() -> Result<()> {
    let mut bed = TestBed::start().await?;
    let login = Login::register(&bed).await?;
    let (mary, other) = (login.log_in("manager_mary").await?, login.log_in("manager_mark").await?);
    let mcp = Mcp::of(&bed, Era::Modern);
    assert_eq!(mcp.call(&mary.access, "get_study_count", json!({})).await?.status, 200);
    let events = bed.audit().await?;
    let subject = events.last().and_then(|event| event["subject"].as_str()).context("a subject")?;
    let deny = format!("deny: {{subjects: [\"{subject}\"]}}");
    bed.reload(Setup { extra_yaml: deny, ..bed.setup.clone() }).await?;
    bed.exchange.log().clear();
    let cut = mcp.call(&mary.access, "get_study_count", json!({})).await?;
    assert_eq!(cut.status, 401);
    assert_eq!(bed.audit().await?.last().context("an event")?["reason"], "denied");
    assert_eq!(login.refresh(&mary.refresh).await?.status(), StatusCode::BAD_REQUEST);
    assert!(bed.exchange.log().all().is_empty(), "the backend need not be asked");
    assert_eq!(mcp.call(&other.access, "get_study_count", json!({})).await?.status, 200);
    bed.reload(Setup { extra_yaml: String::new(), ..bed.setup.clone() }).await?;
    assert_eq!(mcp.call(&mary.access, "get_study_count", json!({})).await?.status, 200);
    Ok(())
}

#[tokio::test]
async fn a_tool_that_leaves_the_policy_leaves_the_list_and_is_refused() -> Result<()> {
    let mut bed = TestBed::start().await?;
    let held = Login::register(&bed).await?.log_in("manager_mary").await?;
    let mcp = Mcp::of(&bed, Era::Modern);
    let named = |tools: Vec<Value>| {
        tools.iter().filter_map(|tool| tool["name"].as_str().map(str::to_owned)).collect::<Vec<_>>()
    };
    assert!(named(mcp.tools(&held.access).await?).contains(&"list_studies".to_owned()));
    let policy = "policy: {tools: {get_study_count: user/Group.rs}}".to_owned();
    bed.reload(Setup { extra_yaml: policy, ..bed.setup.clone() }).await?;
    assert_eq!(named(mcp.tools(&held.access).await?), ["get_study_count"]);
    let refused = mcp.call(&held.access, "list_studies", json!({})).await?;
    assert!(refused.body["error"].is_object(), "{}", refused.body);
    assert_eq!(mcp.call(&held.access, "get_study_count", json!({})).await?.status, 200);
    Ok(())
}

#[tokio::test]
async fn who_has_used_up_a_rate_gets_no_new_one_by_a_reload() -> Result<()> {
    let setup = Setup { limits: LIMITS.to_owned(), ..Setup::default() };
    let mut bed = TestBed::start_with(setup).await?;
    let held = Login::register(&bed).await?.log_in("manager_mary").await?;
    let mcp = Mcp::of(&bed, Era::Modern);
    for expected in [200, 200, 429] {
        let answer = mcp.call(&held.access, "get_study_count", json!({})).await?;
        assert_eq!(answer.status, expected);
    }
    let deny = "deny: {subjects: [\"someone-else\"]}".to_owned();
    bed.reload(Setup { extra_yaml: deny, ..bed.setup.clone() }).await?;
    let answer = mcp.call(&held.access, "get_study_count", json!({})).await?;
    assert_eq!(answer.status, 429);
    bed.advance(Duration::from_secs(1));
    assert_eq!(mcp.call(&held.access, "get_study_count", json!({})).await?.status, 200);
    Ok(())
}

#[tokio::test]
async fn what_the_backend_said_is_still_believed_when_the_backend_did_not_change() -> Result<()> {
    let mut bed = TestBed::start().await?;
    let held = Login::register(&bed).await?.log_in("manager_mary").await?;
    let mcp = Mcp::of(&bed, Era::Modern);
    assert_eq!(mcp.call(&held.access, "get_study_count", json!({})).await?.status, 200);
    bed.exchange.log().clear();
    let deny = "deny: {subjects: [\"someone-else\"]}".to_owned();
    bed.reload(Setup { extra_yaml: deny, ..bed.setup.clone() }).await?;
    assert_eq!(mcp.call(&held.access, "get_study_count", json!({})).await?.status, 200);
    assert_eq!(bed.exchange.log().count(Endpoint::Introspect), 0, "a reload is no burst");
    let audience = format!("{{own_client: true, allowed_clients: [{}]}}", "another");
    bed.reload(Setup { audience, ..bed.setup.clone() }).await?;
    assert_eq!(mcp.call(&held.access, "get_study_count", json!({})).await?.status, 200);
    assert_eq!(bed.exchange.log().count(Endpoint::Introspect), 1, "its section changed");
    Ok(())
}

#[tokio::test]
async fn status_and_metrics_tell_what_serves_from_what_was_tried() -> Result<()> {
    let bed = TestBed::start().await?;
    let status = || async {
        let answer = reqwest::get(format!("{}/status", bed.admin())).await?;
        anyhow::Ok(answer.json::<Value>().await?["config"].clone())
    };
    let first = status().await?;
    assert_eq!((&first["generation"], &first["last_reload"]), (&json!(1), &Value::Null));
    assert_eq!(first["sha256"].as_str().map(str::len), Some(64));
    bed.advance(Duration::from_secs(60));
    let changed = |yaml: String| format!("{yaml}deny: {{subjects: [\"10002\"]}}\n");
    bed.reload_edited(changed).await??;
    let second = status().await?;
    assert_eq!(second["generation"], 2);
    assert_ne!(second["sha256"], first["sha256"]);
    assert_eq!(second["loaded"], bed.now().unix_seconds());
    assert_eq!(second["last_reload"]["outcome"], "applied");
    assert!(bed.reload_edited(|yaml| yaml.replace("core:", "cores:")).await?.is_err());
    let third = status().await?;
    assert_eq!((&third["generation"], &third["sha256"]), (&json!(2), &second["sha256"]));
    let last = &third["last_reload"];
    assert_eq!((&last["outcome"], &last["time"]), (&json!("invalid"), &second["loaded"]));
    assert!(last["mistakes"].to_string().contains("cores: is not a key here"), "{last}");
    let metrics = bed.metrics().await?;
    for line in [
        "gateway_config_generation 2",
        "gateway_config_last_reload_failed 1",
        "gateway_config_reloads_total{outcome=\"applied\"} 1",
        "gateway_config_reloads_total{outcome=\"invalid\"} 1",
        &format!("gateway_config_loaded_timestamp_seconds {}", bed.now().unix_seconds()),
    ] {
        assert!(metrics.lines().any(|known| known == line), "{line} in {metrics}");
    }
    bed.reload_edited(|yaml| format!("# A comment changes nothing.\n{}", changed(yaml))).await??;
    assert_eq!(status().await?["last_reload"]["outcome"], "unchanged");
    assert!(bed.metrics().await?.contains("gateway_config_last_reload_failed 0"));
    Ok(())
}
