//! C14, C21: clients and cores that take their time, and more of them than there is room for.

use std::time::{Duration, Instant};

use anyhow::Result;
use bytes::Bytes;
use testbed::raw::{self, listen};
use testbed::scripted_core::Script;
use testbed::{Behind, Setup};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::time::timeout;

use super::{Site, body};

/// Far beyond every deadline of a [`Site`], and far below what would make a test hang.
const LATE: Duration = Duration::from_secs(20);

/// Sends `first` at once and then a byte of `rest` every 100 ms, until the server has had enough.
async fn trickle(site: &Site, first: &str, rest: &str) -> Result<raw::Heard> {
    let mut stream = TcpStream::connect(site.address).await?;
    stream.write_all(first.as_bytes()).await?;
    let (mut reader, mut writer) = stream.split();
    let dripping = async {
        for byte in rest.as_bytes().chunks(1).cycle() {
            tokio::time::sleep(Duration::from_millis(100)).await;
            if writer.write_all(byte).await.is_err() {
                break;
            }
        }
        std::future::pending::<()>().await;
    };
    timeout(LATE, async {
        tokio::select! { heard = listen(&mut reader) => heard, () = dripping => unreachable!() }
    })
    .await?
}

#[tokio::test]
async fn a_header_that_trickles_in_is_ended_by_its_deadline() -> Result<()> {
    let site = Site::start().await?;
    let began = Instant::now();
    let heard = trickle(&site, "POST /mcp HTTP/1.1\r\nX-A: ", "b").await?;
    assert!(heard.answers.is_empty(), "{}", heard.text);
    assert!(began.elapsed() >= Duration::from_secs(1), "not before its deadline");
    assert!(site.bed.metrics().await?.contains("gateway_connections_closed_total"));
    Ok(())
}

#[tokio::test]
async fn a_body_that_trickles_in_is_408_and_never_reaches_core() -> Result<()> {
    let deadlines = "{body: 19s, body_start: 1s, idle: 300ms}".to_owned();
    let site = Site::start_with(Setup { deadlines, ..Setup::default() }).await?;
    let body = body(1);
    let with = |framing: &str| format!("POST /mcp HTTP/1.1\r\n{}{framing}\r\n\r\n", site.fields());
    let declared = with(&format!("Content-Length: {}", body.len() * 1000));
    let chunked = with("Transfer-Encoding: chunked");
    for (first, rest) in [(declared, body.as_str()), (chunked, "1\r\n{\r\n")] {
        let began = Instant::now();
        let heard = trickle(&site, &first, rest).await?;
        assert_eq!(heard.statuses(), [408], "{}", heard.text);
        assert!(began.elapsed() < Duration::from_secs(15), "long before the whole deadline");
    }
    assert!(site.core.sent().is_empty());
    Ok(())
}

#[tokio::test]
async fn a_client_that_does_not_read_is_given_up() -> Result<()> {
    let site = Site::start_with(Setup::default()).await?;
    let head =
        "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: 99999999999\r\n\r\n";
    site.core.play(Script::Endless(Bytes::from(format!("{head}{:65535}", ""))));
    let mut stream = TcpStream::connect(site.address).await?;
    stream.write_all(site.call(1).as_bytes()).await?;
    stream.read_exact(&mut [0; 1]).await?;
    let given_up = async {
        while !site.bed.metrics().await?.contains("gateway_requests_in_flight 0\n") {
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        anyhow::Ok(())
    };
    timeout(LATE, given_up).await??;
    Ok(())
}

#[tokio::test]
async fn a_kept_connection_without_a_request_is_ended() -> Result<()> {
    let site = Site::start().await?;
    let mut stream = TcpStream::connect(site.address).await?;
    stream.write_all(site.call(1).as_bytes()).await?;
    let heard = timeout(LATE, listen(&mut stream)).await??;
    assert_eq!(heard.statuses(), [200]);
    assert!(heard.answers[0].head.contains("keep-alive"), "it lived on first: {}", heard.text);
    Ok(())
}

#[tokio::test]
async fn core_has_its_deadline_for_the_whole_answer() -> Result<()> {
    let deadlines = "{call: 1s, idle: 300ms}".to_owned();
    let site = Site::start_with(Setup { deadlines, ..Setup::default() }).await?;
    site.core.play(Script::Stall(Bytes::new()));
    let heard = timeout(LATE, raw::exchange(site.address, site.call(1).as_bytes())).await??;
    assert_eq!(heard.statuses(), [504]);
    // A stream that has begun cannot be 504 any more; it is told so in its last event.
    let stream = "HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\ntransfer-encoding: chunked\r\n\r\n4\r\n:x\n\n\r\n";
    site.core.play(Script::Stall(Bytes::from(stream)));
    let heard = timeout(LATE, raw::exchange(site.address, site.call(2).as_bytes())).await??;
    assert_eq!(heard.statuses(), [200]);
    assert!(heard.text.contains(":x\n") && heard.text.contains("core_late"), "{}", heard.text);
    // One that has not is told nothing more.
    let length = "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: 9\r\n\r\n{";
    site.core.play(Script::Stall(Bytes::from(length)));
    let heard = timeout(LATE, raw::exchange(site.address, site.call(3).as_bytes())).await??;
    assert!(heard.statuses() == [200] && heard.text.ends_with("\r\n\r\n{"), "{}", heard.text);
    Ok(())
}

#[tokio::test]
async fn requests_beyond_the_cap_are_shed_before_their_token_is_opened() -> Result<()> {
    let caps = "{connections_per_address: 10000, requests: 2}".to_owned();
    let deadlines = "{call: 19s, idle: 300ms}".to_owned();
    let site = Site::start_with(Setup { caps, deadlines, ..Setup::default() }).await?;
    site.core.play(Script::Stall(Bytes::new()));
    let mut held = Vec::new();
    for id in 0..2 {
        let mut stream = TcpStream::connect(site.address).await?;
        stream.write_all(site.call(id).as_bytes()).await?;
        held.push(stream);
    }
    while site.core.sent().len() < 2 {
        tokio::task::yield_now().await;
    }
    site.bed.exchange.log().clear();
    let garbage = site.call(3).replacen(&site.token, "garbage", 1);
    for call in [site.call(3), garbage] {
        let heard = raw::exchange(site.address, call.as_bytes()).await?;
        assert_eq!(heard.statuses(), [503], "{}", heard.text);
        assert!(heard.answers[0].head.contains("retry-after: 1\r\n"), "{}", heard.text);
        assert!(heard.answers[0].body.contains("overloaded"));
    }
    assert!(site.bed.exchange.log().all().is_empty());
    drop(held);
    site.core.play(Script::Echo);
    while !site.bed.metrics().await?.contains("gateway_requests_in_flight 0\n") {
        tokio::task::yield_now().await;
    }
    assert_eq!(raw::exchange(site.address, site.call(4).as_bytes()).await?.statuses(), [200]);
    Ok(())
}

#[tokio::test]
async fn connections_beyond_the_cap_are_closed_unanswered() -> Result<()> {
    let caps = "{connections_per_address: 2}".to_owned();
    let setup = Setup {
        caps,
        behind: Behind::Core,
        deadlines: "{idle: 19s}".to_owned(),
        ..Setup::default()
    };
    let site = Site::start_with(setup).await?;
    let mut held = Vec::new();
    for id in 0..2 {
        let mut stream = TcpStream::connect(site.address).await?;
        stream.write_all(site.call(id).as_bytes()).await?;
        stream.read_exact(&mut [0; 12]).await?;
        held.push(stream);
    }
    assert!(raw::exchange(site.address, site.call(3).as_bytes()).await?.answers.is_empty());
    drop(held.pop());
    while !site.bed.metrics().await?.contains("gateway_connections 1\n") {
        tokio::task::yield_now().await;
    }
    let call = site.call(4).replacen("X-Canary", "Connection: close\r\nX-Canary", 1);
    assert_eq!(raw::exchange(site.address, call.as_bytes()).await?.statuses(), [200]);
    Ok(())
}
