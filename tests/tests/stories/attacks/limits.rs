//! C07, C21, D01 to D08: more than one's share.
//!
//! A limit is each gateway's own unless they share a store, so most of these are about one.

use std::time::Duration;

use anyhow::{Context as _, Result};
use futures::future::join_all;
use reqwest::{Response, StatusCode};
use serde_json::{Value, json};
use testbed::exchange::{Endpoint, Fault};
use testbed::mcp::{Answer, Mcp};
use testbed::{Setup, TestBed};
use tokio::task::JoinHandle;

use super::{fleet_with, fresh, mcp, minted};

const LIGHT: &str = "get_server_capabilities";
/// A tool that weighs 5 and asks the backend several times.
const DEAR: &str = "summarize_patient_observations";

fn limited(limits: &str) -> Setup {
    Setup { limits: limits.to_owned(), ..Setup::default() }
}

async fn one(limits: &str) -> Result<TestBed> {
    TestBed::start_with(limited(limits)).await
}

async fn summary(mcp: &Mcp, token: &str) -> Result<Answer> {
    mcp.call(token, DEAR, json!({"patient_id": "40001"})).await
}

/// A summary that runs by itself.
fn summarizing(mcp: &Mcp, token: &str) -> JoinHandle<Result<Answer>> {
    let (mcp, token) = (mcp.clone(), token.to_owned());
    tokio::spawn(async move { summary(&mcp, &token).await })
}

/// How many of `tries` are let in.
async fn let_in(bed: &TestBed, token: &str, tries: usize) -> Result<usize> {
    let mcp = mcp(bed)?;
    let mut count = 0;
    for _ in 0..tries {
        let answer = mcp.call(token, LIGHT, json!({})).await?;
        assert!(matches!(answer.status, 200 | 429), "{}", answer.status);
        count += usize::from(answer.status == 200);
    }
    Ok(count)
}

#[tokio::test]
async fn ten_tokens_of_one_person_are_one_allowance() -> Result<()> {
    let bed = one("{calls_per_minute: 60, burst: 15}").await?;
    let mcp = mcp(&bed)?;
    let mut count = 0;
    for _ in 0..3 {
        for token in join_all((0..10).map(|_| async { minted(&bed, "manager_mary") })).await {
            count += usize::from(mcp.call(&token?, LIGHT, json!({})).await?.status == 200);
        }
    }
    assert_eq!(count, 15);
    let other = minted(&bed, "manager_mark")?;
    assert_eq!(let_in(&bed, &other, 20).await?, 15, "another person has another");
    Ok(())
}

#[tokio::test]
async fn three_gateways_that_count_apart_let_in_three_times_as_much_and_no_more() -> Result<()> {
    let bed = fleet_with(limited("{calls_per_minute: 60, burst: 60}")).await?;
    let token = minted(&bed, "manager_mary")?;
    assert_eq!(let_in(&bed, &token, 240).await?, 180);
    Ok(())
}

#[tokio::test]
async fn the_fifth_dear_call_at_once_is_refused_and_every_ended_one_makes_room() -> Result<()> {
    let bed = one("{concurrent_calls: 4}").await?;
    let (mcp, token) = (mcp(&bed)?, minted(&bed, "manager_mary")?);
    assert_eq!(summary(&mcp, &token).await?.status, 200);
    let asked = bed.exchange.log().count(Endpoint::Fhir) + bed.exchange.log().count(Endpoint::Rest);
    assert!(asked <= 20, "one tool call asks the backend {asked} times");
    bed.advance(Duration::from_secs(60));
    bed.exchange.log().clear();
    bed.exchange.fault(Endpoint::Fhir, Fault::Hang);
    let under_way: Vec<_> = (0..4).map(|_| summarizing(&mcp, &token)).collect();
    while bed.exchange.log().open(Endpoint::Fhir) < 4 {
        tokio::task::yield_now().await;
    }
    let fifth = summary(&mcp, &token).await?;
    assert_eq!((fifth.status, &fifth.body["title"]), (429, &json!("too_many_in_flight")));
    assert_eq!(fifth.header("retry-after"), Some("1"));
    let other = minted(&bed, "manager_mark")?;
    assert_eq!(mcp.call(&other, LIGHT, json!({})).await?.status, 200, "nobody else is held up");
    bed.exchange.clear_all();
    for call in under_way {
        assert_eq!(call.await??.status, 200);
    }
    assert_eq!(summary(&mcp, &token).await?.status, 200, "there is room again");
    Ok(())
}

/// C21: a stream is a call under way, however it ends.
#[tokio::test]
async fn a_client_that_hangs_up_gives_its_place_back() -> Result<()> {
    let bed = one("{concurrent_calls: 2}").await?;
    let (mcp, token) = (mcp(&bed)?, minted(&bed, "manager_mary")?);
    bed.exchange.fault(Endpoint::Fhir, Fault::Hang);
    let under_way: Vec<_> = (0..2).map(|_| summarizing(&mcp, &token)).collect();
    while bed.exchange.log().open(Endpoint::Fhir) < 2 {
        tokio::task::yield_now().await;
    }
    assert_eq!(mcp.call(&token, LIGHT, json!({})).await?.status, 429);
    for call in under_way {
        call.abort();
    }
    // Each try costs a unit; the clock gives it back.
    while mcp.call(&token, LIGHT, json!({})).await?.status == 429 {
        bed.advance(Duration::from_secs(1));
    }
    Ok(())
}

#[tokio::test]
async fn a_dear_tool_takes_more_of_the_allowance_than_a_light_one() -> Result<()> {
    let bed = one("{calls_per_minute: 60, burst: 12}").await?;
    let (mcp, token) = (mcp(&bed)?, minted(&bed, "manager_mary")?);
    for left in ["7", "2"] {
        let answer = summary(&mcp, &token).await?;
        assert_eq!(answer.status, 200);
        assert_eq!(answer.header("ratelimit"), Some(format!("\"subject\";r={left}").as_str()));
    }
    let refused = summary(&mcp, &token).await?;
    assert_eq!(refused.status, 429);
    // One unit is left: three more for this tool, and the one that the next try takes first.
    assert_eq!(refused.header("retry-after"), Some("4"));
    assert_eq!(let_in(&bed, &token, 3).await?, 1, "what is left does for a light call");
    Ok(())
}

#[tokio::test]
async fn the_operator_says_what_a_tool_weighs() -> Result<()> {
    let policy = format!("policy: {{weights: {{{LIGHT}: 6, {DEAR}: 1}}}}");
    let setup = limited("{calls_per_minute: 60, burst: 12}");
    let bed = TestBed::start_with(Setup { extra_yaml: policy, ..setup }).await?;
    let (mcp, token) = (mcp(&bed)?, minted(&bed, "manager_mary")?);
    assert_eq!(summary(&mcp, &token).await?.header("ratelimit"), Some("\"subject\";r=11"));
    assert_eq!(let_in(&bed, &token, 4).await?, 1);
    Ok(())
}

#[tokio::test]
async fn over_the_limit_is_429_with_the_time_to_wait_and_no_challenge() -> Result<()> {
    let bed = one("{calls_per_minute: 30, burst: 2}").await?;
    let (mcp, token) = (mcp(&bed)?, minted(&bed, "manager_mary")?);
    let first = mcp.call(&token, LIGHT, json!({})).await?;
    assert_eq!(first.header("ratelimit"), Some("\"subject\";r=1"));
    assert_eq!(first.header("ratelimit-policy"), Some("\"subject\";q=30;w=60"));
    mcp.call(&token, LIGHT, json!({})).await?;
    bed.exchange.log().clear();
    let refused = mcp.call(&token, LIGHT, json!({})).await?;
    assert_eq!(refused.status, 429);
    assert_eq!(refused.header("content-type"), Some("application/problem+json"));
    assert_eq!(refused.header("retry-after"), Some("2"));
    assert_eq!(refused.header("ratelimit"), Some("\"subject\";r=0;t=2"));
    assert_eq!(refused.header("ratelimit-policy"), Some("\"subject\";q=30;w=60"));
    assert_eq!(refused.header("www-authenticate"), None, "the login is as good as before");
    assert_eq!(refused.body["title"], "rate_limited");
    assert_eq!(refused.body["status"], 429);
    assert!(bed.exchange.log().all().is_empty(), "it costs the backend nothing");
    let event = bed.audit().await?.pop().context("an event")?;
    assert_eq!((&event["outcome"], &event["reason"]), (&json!("refused"), &json!("rate_limited")));
    let metrics = bed.metrics().await?;
    assert!(metrics.contains("gateway_rejections_total{reason=\"rate_limited\"} 1"), "{metrics}");
    let exceeded = "gateway_limits_exceeded_total{limit=\"subject\",mode=\"enforced\"} 1";
    assert!(metrics.contains(exceeded), "{metrics}");
    bed.advance(Duration::from_secs(2));
    assert_eq!(mcp.call(&token, LIGHT, json!({})).await?.status, 200, "as was promised");
    Ok(())
}

#[tokio::test]
async fn whoever_is_not_logged_in_uses_up_nobodys_allowance() -> Result<()> {
    let bed = one("{calls_per_minute: 60, burst: 3}").await?;
    let mcp = mcp(&bed)?;
    let token = minted(&bed, "manager_mary")?;
    let mut middle = token.clone().into_bytes();
    let at = middle.len() / 2;
    middle[at] = if middle[at] == b'A' { b'B' } else { b'A' };
    let altered = String::from_utf8(middle)?;
    for forged in [altered.as_str(), "manager_mary", "garbage"] {
        for _ in 0..10 {
            assert_eq!(mcp.call(forged, LIGHT, json!({})).await?.status, 401);
        }
    }
    assert_eq!(let_in(&bed, &token, 4).await?, 3);
    Ok(())
}

#[tokio::test]
async fn in_shadow_nothing_is_refused_and_everything_is_told() -> Result<()> {
    let limits = "{mode: shadow, calls_per_minute: 60, burst: 2, concurrent_calls: 1, \
                   per_address: {register: 1}}";
    let bed = one(limits).await?;
    let token = minted(&bed, "manager_mary")?;
    assert_eq!(let_in(&bed, &token, 5).await?, 5);
    for _ in 0..2 {
        assert_eq!(registered(&bed, &[]).await?.status(), StatusCode::CREATED);
    }
    let metrics = bed.metrics().await?;
    for (limit, count) in [("subject", 3), ("register", 1)] {
        let line =
            format!("gateway_limits_exceeded_total{{limit=\"{limit}\",mode=\"shadow\"}} {count}");
        assert!(metrics.contains(&line), "{line} in {metrics}");
    }
    Ok(())
}

/// Registers over a connection of its own, under these forwarded addresses.
async fn registered(bed: &TestBed, forwarded: &[&str]) -> Result<Response> {
    let metadata = json!({"redirect_uris": ["http://127.0.0.1:1/cb"]});
    let request = fresh()?.post(bed.at("/register")).json::<Value>(&metadata);
    let with =
        |request: reqwest::RequestBuilder, line: &&str| request.header("x-forwarded-for", *line);
    Ok(forwarded.iter().fold(request, with).send().await?)
}

async fn creates(bed: &TestBed, forwarded: &[&str]) -> Result<bool> {
    Ok(registered(bed, forwarded).await?.status() == StatusCode::CREATED)
}

#[tokio::test]
async fn a_forwarded_address_of_a_stranger_is_not_believed() -> Result<()> {
    let bed = one("{per_address: {register: 3}}").await?;
    let mut created = 0;
    for host in 0..10 {
        created += usize::from(creates(&bed, &[&format!("198.51.100.{host}")]).await?);
    }
    assert_eq!(created, 3, "one peer, one allowance");
    Ok(())
}

#[tokio::test]
async fn a_trusted_proxy_says_who_knocks_and_nobody_says_it_for_him() -> Result<()> {
    let trusted_proxies = "[127.0.0.0/8, 10.0.0.0/8]".to_owned();
    let setup = limited("{per_address: {register: 2}}");
    let bed = TestBed::start_with(Setup { trusted_proxies, ..setup }).await?;
    for _ in 0..2 {
        assert!(creates(&bed, &["198.51.100.1"]).await?);
    }
    assert!(!creates(&bed, &["198.51.100.1"]).await?, "his allowance is used up");
    assert!(creates(&bed, &["198.51.100.2"]).await?, "his neighbour's is not");
    // Whatever he writes himself stands further left, or in an earlier line.
    for lines in [
        &["203.0.113.9, 198.51.100.1"][..],
        &["203.0.113.9", "198.51.100.1"],
        &["203.0.113.9, 198.51.100.1, 10.1.2.3"],
        &["garbage, 198.51.100.1:4711"],
        &["::ffff:198.51.100.1"],
    ] {
        assert!(!creates(&bed, lines).await?, "{lines:?}");
    }
    assert!(creates(&bed, &["2001:db8:1:2::1"]).await?);
    assert!(creates(&bed, &["[2001:db8:1:2::2]:443"]).await?);
    assert!(!creates(&bed, &["2001:db8:1:2:3::"]).await?, "one /64 is one address");
    Ok(())
}
