//! D03, D05: what one gateway remembers of limits, while names flood in and while its clock jumps.

use anyhow::{Context as _, Result};
use futures::future::try_join_all;
use jiff::SignedDuration;
use serde_json::json;
use testbed::mcp::Answer;
use testbed::{Setup, TestBed};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use url::Url;

use super::{mcp, minted};

/// One call of this person with a token of just now.
async fn call(bed: &TestBed, login: &str) -> Result<Answer> {
    mcp(bed)?.call(&minted(bed, login)?, "get_server_capabilities", json!({})).await
}

/// Somebody at the token endpoint, over a connection that is kept.
struct Stranger {
    stream: TcpStream,
    host: String,
}

impl Stranger {
    async fn at(bed: &TestBed) -> Result<Self> {
        let url: Url = bed.origin().parse()?;
        let host = url.authority().to_owned();
        Ok(Self { stream: TcpStream::connect(host.as_str()).await?, host })
    }

    /// Asks for a token, from this address if the proxy in front is believed: the answer.
    async fn knocks(&mut self, address: &str) -> Result<String> {
        let request = format!(
            "POST /token HTTP/1.1\r\nHost: {}\r\nX-Forwarded-For: {address}\r\n\
             Content-Type: application/x-www-form-urlencoded\r\nContent-Length: 0\r\n\r\n",
            self.host
        );
        self.stream.write_all(request.as_bytes()).await?;
        let mut heard = Vec::new();
        // Each is one JSON object, and none holds another.
        while !heard.ends_with(b"}") {
            anyhow::ensure!(self.stream.read_buf(&mut heard).await? > 0, "the connection lives on");
        }
        Ok(String::from_utf8(heard)?)
    }
}

/// How an answer of this status begins.
fn begins(answer: &str, status: u16) -> bool {
    answer.get(9..).is_some_and(|rest| rest.starts_with(&status.to_string()))
}

/// Over their limits from here on: an address that asks for tokens, and a person.
const BUSY: &str = "198.51.100.1";
const BUSY_PERSON: &str = "manager_mary";
const CALM_PERSON: &str = "manager_mark";

/// A gateway that believes its proxy, and somebody who has used up what he has.
async fn exhausted() -> Result<(TestBed, Stranger)> {
    let bed = TestBed::start_with(Setup {
        limits: "{calls_per_minute: 6, burst: 3, per_address: {token: 2}}".to_owned(),
        trusted_proxies: "[127.0.0.0/8]".to_owned(),
        ..Setup::default()
    })
    .await?;
    let mut stranger = Stranger::at(&bed).await?;
    for status in [400, 400, 429] {
        assert!(begins(&stranger.knocks(BUSY).await?, status), "{status}");
    }
    for status in [200, 200, 200, 429] {
        assert_eq!(call(&bed, BUSY_PERSON).await?.status, status);
    }
    Ok((bed, stranger))
}

/// Nobody has been freed and nobody locked out.
async fn is_as_before(bed: &TestBed, stranger: &mut Stranger, left: usize) -> Result<()> {
    let knocked = stranger.knocks(BUSY).await?.to_ascii_lowercase();
    assert!(begins(&knocked, 429) && knocked.contains("retry-after: 30\r\n"), "{knocked}");
    let refused = call(bed, BUSY_PERSON).await?;
    assert_eq!((refused.status, refused.header("retry-after")), (429, Some("10")));
    let served = call(bed, CALM_PERSON).await?;
    assert_eq!(served.status, 200, "{}", served.body);
    assert_eq!(served.header("ratelimit"), Some(format!("\"subject\";r={left}").as_str()));
    Ok(())
}

/// More than are remembered at a time, for each of the lanes.
const LANES: u32 = 8;
const NAMES: u32 = 7_500;
const REMEMBERED: u32 = 57_344;

#[tokio::test(flavor = "multi_thread")]
#[ignore = "half a minute: make test-records"]
async fn sixty_thousand_addresses_take_bounded_room_and_free_nobody() -> Result<()> {
    let (bed, mut stranger) = exhausted().await?;
    let flood = |lane: u32| {
        let bed = &bed;
        async move {
            let mut stranger = Stranger::at(bed).await?;
            for name in 0..NAMES {
                let answer = stranger.knocks(&format!("2001:db8:{lane:x}:{name:x}::1")).await?;
                // Whoever comes late begins with less, but nobody with nothing.
                assert!(begins(&answer, 400), "{lane} {name}: {answer}");
            }
            anyhow::Ok(())
        }
    };
    try_join_all((0..LANES).map(flood)).await?;
    let metrics = bed.metrics().await?;
    let forgotten = metrics
        .lines()
        .find_map(|line| line.strip_prefix("gateway_limits_evictions_total{limit=\"token\"} "));
    let forgotten: u32 = forgotten.context("evictions")?.parse()?;
    assert!(LANES * NAMES + 1 - forgotten <= REMEMBERED, "{forgotten}");
    is_as_before(&bed, &mut stranger, 2).await
}

#[tokio::test]
async fn a_wall_clock_that_is_set_frees_nobody_and_locks_nobody_out() -> Result<()> {
    let (bed, mut stranger) = exhausted().await?;
    for (left, hours) in [(2, -1), (1, 2), (0, -1000)] {
        bed.set_wall_clock(SignedDuration::from_hours(hours));
        is_as_before(&bed, &mut stranger, left).await?;
    }
    // What really passes counts, whatever the wall says.
    bed.advance(std::time::Duration::from_secs(10));
    for login in [BUSY_PERSON, CALM_PERSON] {
        assert_eq!(call(&bed, login).await?.status, 200, "{login}");
        assert_eq!(call(&bed, login).await?.status, 429, "{login}");
    }
    Ok(())
}
