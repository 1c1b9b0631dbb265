//! What is written down of whom nobody knows: bounded, and what is beyond is counted.

use std::sync::LazyLock;
use std::time::Duration;

use anyhow::Result;
use serde_json::json;
use testbed::login::Login;
use testbed::mcp::{Era, Mcp};
use testbed::{Setup, TestBed};

static HTTP: LazyLock<reqwest::Client> = LazyLock::new(reqwest::Client::new);

/// A request without a login, of one of the kinds that anybody can send.
async fn knock(bed: &TestBed, at: usize) -> Result<()> {
    let request = match at % 4 {
        0 => HTTP.post(bed.at("/mcp")).body("{}"),
        1 => HTTP.get(bed.at("/no-such-page")),
        2 => HTTP.post(bed.at("/mcp")).header("host", "elsewhere.example").body("{}"),
        _ => {
            let address = bed.origin().trim_start_matches("http://").parse()?;
            let malformed = b"GET / HTTP/1.1\r\nHost: a\r\nbad header\r\n\r\n";
            testbed::raw::exchange(address, malformed).await?;
            return Ok(());
        }
    };
    request.send().await?;
    Ok(())
}

#[tokio::test]
async fn a_strangers_flood_is_counted_and_fills_no_disk_and_who_is_logged_in_is_always_recorded()
-> Result<()> {
    let limits = "{per_address: {records: 20}, records_per_minute: 100}";
    let bed = TestBed::start_with(Setup { limits: limits.to_owned(), ..Setup::default() }).await?;
    let held = Login::register(&bed).await?.log_in("manager_mary").await?;
    let before = bed.audit().await?.len();
    for at in 0..200 {
        knock(&bed, at).await?;
    }
    let mcp = Mcp::of(&bed, Era::Modern);
    for _ in 0..10 {
        assert_eq!(mcp.call(&held.access, "list_studies", json!({})).await?.status, 200);
    }
    let events = bed.audit().await?.split_off(before);
    let (known, strangers): (Vec<_>, Vec<_>) =
        events.iter().partition(|event| event.get("subject").is_some());
    assert_eq!(known.len(), 10);
    assert!(strangers.len() <= 20, "{}", strangers.len());
    let metrics = bed.metrics().await?;
    let counted = metrics
        .lines()
        .find_map(|line| line.strip_prefix("gateway_records_suppressed_total{record=\"audit\"} "));
    let counted: usize = counted.unwrap().parse()?;
    assert_eq!(strangers.len() + counted, 200, "each is written or counted");
    Ok(())
}

#[tokio::test]
async fn each_address_has_records_of_its_own_and_all_strangers_together_have_an_end() -> Result<()>
{
    let limits = "{per_address: {records: 5}, records_per_minute: 12}";
    let setup = Setup {
        limits: limits.to_owned(),
        trusted_proxies: "[127.0.0.1/32]".to_owned(),
        ..Setup::default()
    };
    let bed = TestBed::start_with(setup).await?;
    let mut written = Vec::new();
    for address in ["192.0.2.1", "192.0.2.2", "2001:db8::1", "2001:db8::2"] {
        let before = bed.audit().await?.len();
        for _ in 0..10 {
            let request = HTTP.get(bed.at("/no-such-page")).header("x-forwarded-for", address);
            assert_eq!(request.send().await?.status(), 404);
        }
        written.push(bed.audit().await?.len() - before);
    }
    assert_eq!(written, [5, 5, 2, 0], "two addresses of one /64 are one");
    bed.advance(Duration::from_secs(60));
    assert_eq!(HTTP.get(bed.at("/no-such-page")).send().await?.status(), 404);
    assert!(bed.audit().await?.len() > 12);
    Ok(())
}
