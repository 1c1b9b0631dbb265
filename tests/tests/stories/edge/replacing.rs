//! F16: whom probes send elsewhere; and replicas replaced one after the other while calls keep coming.

use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use anyhow::Result;
use futures::future::try_join_all;
use serde_json::json;
use testbed::exchange::{Endpoint, Fault};
use testbed::mcp::{Era, Mcp};
use testbed::{Setup, TestBed, raw};
use tokio::io::{AsyncBufReadExt as _, AsyncReadExt as _, AsyncWriteExt as _, BufReader};
use tokio::net::TcpStream;

use super::super::attacks::minted;
use super::Site;

/// Calls until told to stop, and counts the answers.
pub(super) async fn keep_calling(
    mcp: Mcp,
    token: &str,
    done: &AtomicBool,
    count: &AtomicUsize,
) -> Result<()> {
    while !done.load(Ordering::Relaxed) {
        let answer = mcp.call(token, "get_study_count", json!({})).await?;
        anyhow::ensure!(answer.content()?.get("count") == Some(&json!(3)), "{}", answer.body);
        count.fetch_add(1, Ordering::Relaxed);
    }
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn replicas_are_replaced_under_load_and_no_call_fails() -> Result<()> {
    let setup = Setup { replicas: 3, ..Setup::default() };
    let mut bed = TestBed::start_with(setup.clone()).await?;
    let token = minted(&bed, "manager_mary")?;
    let (done, count) = (AtomicBool::new(false), AtomicUsize::new(0));
    let kept = reqwest::Client::builder().no_proxy().build()?;
    let fresh = reqwest::Client::builder().no_proxy().pool_max_idle_per_host(0).build()?;
    let callers = [kept.clone(), kept.clone(), kept, fresh.clone(), fresh]
        .map(|http| keep_calling(Mcp::through(http, &bed, Era::Modern), &token, &done, &count));
    let replacing = async {
        for replica in [0, 1, 2, 0, 1, 2] {
            let before = count.load(Ordering::Relaxed);
            while count.load(Ordering::Relaxed) < before + 20 {
                tokio::task::yield_now().await;
            }
            bed.replace(replica, setup.clone()).await?;
        }
        done.store(true, Ordering::Relaxed);
        anyhow::Ok(())
    };
    // The first that fails ends it.
    tokio::try_join!(try_join_all(callers), replacing)?;
    assert!(count.load(Ordering::Relaxed) >= 120);
    Ok(())
}

#[tokio::test]
async fn readiness_is_about_us_and_not_about_the_backend() -> Result<()> {
    let mut bed = TestBed::start().await?;
    let probe = async |path: &str| {
        anyhow::Ok(reqwest::get(format!("{}{path}", bed.admin())).await?.status().as_u16())
    };
    assert_eq!((probe("/live").await?, probe("/ready").await?), (200, 200));
    for endpoint in [Endpoint::Introspect, Endpoint::Token, Endpoint::Rest] {
        bed.exchange.fault(endpoint, Fault::Status(500));
    }
    assert_eq!(
        (probe("/live").await?, probe("/ready").await?),
        (200, 200),
        "we are there to say 503"
    );
    bed.stop_core().await;
    let probe = async |path: &str| {
        anyhow::Ok(reqwest::get(format!("{}{path}", bed.admin())).await?.status().as_u16())
    };
    assert_eq!((probe("/live").await?, probe("/ready").await?), (200, 200));
    bed.retreat();
    assert_eq!((probe("/live").await?, probe("/ready").await?), (200, 503));
    let still = reqwest::get(bed.at("/health")).await?;
    assert_eq!(still.status(), 200, "whoever has not heard yet is still served");
    assert_eq!(still.headers()["connection"], "close", "and told to go elsewhere next");
    Ok(())
}

#[tokio::test]
async fn who_asks_again_right_after_an_answer_is_answered_though_the_gateway_ends() -> Result<()> {
    let setup = Setup { deadlines: "{idle: 19s}".to_owned(), ..Setup::default() };
    let mut site = Site::start_with(setup).await?;
    let mut kept = TcpStream::connect(site.address).await?;
    kept.write_all(site.call(1).as_bytes()).await?;
    let mut heard = Vec::new();
    while !heard.ends_with(b"}}") {
        heard.push(kept.read_u8().await?);
    }
    let heard = String::from_utf8(heard)?;
    assert!(heard.to_lowercase().contains("connection: keep-alive"), "{heard}");
    let (address, again) = (site.address, site.call(2));
    let asking = async {
        // Closed, and whoever were to be let go at once would be gone.
        let mut closed = None;
        while closed.is_none_or(|since: Instant| since.elapsed() < Duration::from_millis(100)) {
            if closed.is_none() && TcpStream::connect(address).await.is_err() {
                closed = Some(Instant::now());
            }
            tokio::task::yield_now().await;
        }
        kept.write_all(again.as_bytes()).await?;
        raw::listen(&mut kept).await
    };
    let (heard, ()) = tokio::join!(asking, site.bed.shut_down());
    let heard = heard?;
    assert_eq!(heard.statuses(), [200], "{}", heard.text);
    assert!(heard.text.to_lowercase().contains("connection: close"), "{}", heard.text);
    Ok(())
}

/// One whole answer, in lower case, over a connection that may be kept.
async fn answer(stream: &mut BufReader<TcpStream>, request: &str) -> Result<String> {
    stream.get_mut().write_all(request.as_bytes()).await?;
    let mut head = String::new();
    while !head.ends_with("\r\n\r\n") {
        anyhow::ensure!(stream.read_line(&mut head).await? > 0, "cut off after {head:?}");
    }
    let head = head.to_lowercase();
    let length = head.lines().find_map(|line| line.strip_prefix("content-length: "));
    let mut body = vec![0; length.map_or(Ok(0), str::parse)?];
    stream.read_exact(&mut body).await?;
    Ok(head)
}

#[tokio::test]
async fn a_connection_that_has_had_its_requests_is_told_so_with_the_last_answer() -> Result<()> {
    let site = Site::start_with(Setup::default()).await?;
    let mut kept = BufReader::new(TcpStream::connect(site.address).await?);
    let request = format!("GET /health HTTP/1.1\r\nHost: {}\r\n\r\n", site.host);
    let mut answers = 1;
    while !answer(&mut kept, &request).await?.contains("connection: close") {
        answers += 1;
    }
    assert_eq!(answers, 10_000);
    assert_eq!(kept.read(&mut [0]).await?, 0, "and it was the last one");
    Ok(())
}
