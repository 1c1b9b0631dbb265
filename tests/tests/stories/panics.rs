//! A mistake of ours in one request is no other request's trouble.

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;

use anyhow::Result;
use async_trait::async_trait;
use fhir_mcp_gateway::client_fetch::Network;
use futures::StreamExt as _;
use futures::stream;
use serde_json::json;
use testbed::login::Login;
use testbed::mcp::{Era, Mcp};
use testbed::{Setup, TestBed};
use url::Url;

const PANICS: u64 = 1000;

/// A network whose every question panics.
#[derive(Debug)]
struct Panicking;

#[async_trait]
impl Network for Panicking {
    #[expect(clippy::panic, reason = "that is what it is for")]
    async fn resolve(&self, _: &str) -> io::Result<Vec<SocketAddr>> {
        panic!("CANARY")
    }
}

#[tokio::test]
async fn of_a_thousand_panics_each_is_answered_and_recorded_and_no_other_request_notices()
-> Result<()> {
    let setup = Setup {
        network: Arc::new(Panicking),
        extra_yaml: "clients: {document_hosts: [claude.ai]}".to_owned(),
        ..Setup::default()
    };
    let bed = TestBed::start_with(setup).await?;
    let login = Login::register(&bed).await?;
    let held = login.log_in("manager_mary").await?;
    let mcp = Mcp::of(&bed, Era::Modern);
    let http = reqwest::Client::new();
    let panic = async |at: u64| -> Result<u16> {
        let client = format!("https://claude.ai/panic-{at}");
        let url: Url = login.authorize_url(&[("client_id", &client)])?;
        let answer = http.get(url).send().await?;
        let status = answer.status().as_u16();
        assert!(!answer.text().await?.contains("CANARY"));
        // Meanwhile somebody works.
        assert_eq!(mcp.call(&held.access, "get_study_count", json!({})).await?.status, 200);
        Ok(status)
    };
    let answers: Vec<u16> =
        stream::iter(0..PANICS).map(panic).buffer_unordered(16).map(Result::unwrap).collect().await;
    assert_eq!(answers.iter().filter(|status| **status == 500).count(), 1000, "{answers:?}");
    let events = bed.audit().await?;
    let panicked = events.iter().filter(|event| event["reason"] == "internal").count();
    let worked = events.iter().filter(|event| event["outcome"] == "permitted").count();
    assert_eq!((panicked, worked), (1000, 1000));
    assert!(bed.metrics().await?.contains("gateway_panics_total 1000"));
    assert!(!bed.records.text().contains("CANARY"));
    Ok(())
}
