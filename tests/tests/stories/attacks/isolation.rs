//! B16: nobody gets another's answer, whoever shares a connection.

use std::path::Path;

use anyhow::Result;
use futures::future::try_join_all;
use reqwest::{Certificate, Version};
use serde_json::{Value, json};
use testbed::mcp::{Era, Mcp};
use testbed::{Setup, TestBed};

use super::{PRIVATE, client, fleet, minted};

/// Every call has the same JSON-RPC id.
#[tokio::test(flavor = "multi_thread")]
async fn four_thousand_interleaved_calls_each_get_their_own_answer() -> Result<()> {
    let bed = fleet().await?;
    let login = client(&bed).await?;
    let people = [("manager_mary", 3), ("manager_mark", 2)];
    let mut held = Vec::new();
    for (person, count) in people {
        held.push((login.log_in(person).await?.access, count));
    }
    // Eight connections that everybody shares.
    let shared = reqwest::Client::builder().pool_max_idle_per_host(8).no_proxy().build()?;
    let mcp = Mcp::of(&bed, Era::Legacy).over(shared);
    interleave(&held, &mcp).await
}

/// All calls at the same time on one connection.
#[tokio::test(flavor = "multi_thread")]
async fn four_thousand_calls_over_one_http_2_connection_each_get_their_own_answer() -> Result<()> {
    let issued = rcgen::generate_simple_self_signed(vec!["localhost".to_owned()])?;
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR"));
    let tls = [folder.join("isolation.crt"), folder.join("isolation.key")];
    std::fs::write(&tls[0], issued.cert.pem())?;
    std::fs::write(&tls[1], issued.signing_key.serialize_pem())?;
    let bed = TestBed::start_with(Setup { tls: Some(tls), ..Setup::default() }).await?;
    let held = [(minted(&bed, "manager_mary")?, 3), (minted(&bed, "manager_mark")?, 2)];
    let root = Certificate::from_pem(issued.cert.pem().as_bytes())?;
    let http = reqwest::Client::builder().no_proxy().tls_certs_only([root]).build()?;
    let first = http.get(bed.at("/health")).send().await?;
    assert_eq!(first.version(), Version::HTTP_2);
    interleave(&held, &Mcp::through(http, &bed, Era::Legacy)).await?;
    assert!(bed.metrics().await?.contains("gateway_connections 1\n"), "one connection for all");
    Ok(())
}

/// Eight callers, 500 calls each, taking turns between the people: `(token, how many studies)`.
async fn interleave(held: &[(String, i32)], mcp: &Mcp) -> Result<()> {
    let lanes = (0..8).map(|lane| async move {
        for (at, (token, count)) in held.iter().cycle().skip(lane).take(500).enumerate() {
            let answer = mcp.call(token, PRIVATE, json!({})).await?;
            let told = answer.content()?.get("count").and_then(Value::as_i64);
            assert_eq!(told, Some(i64::from(*count)), "lane {lane}, call {at}");
        }
        anyhow::Ok(())
    });
    try_join_all(lanes).await?;
    Ok(())
}
