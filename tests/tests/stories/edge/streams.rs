//! Streams of events that cannot go on, and calls that have had their time.

use std::time::Duration;

use anyhow::{Context as _, Result};
use bytes::Bytes;
use serde_json::Value;
use testbed::Setup;
use testbed::exchange::{Endpoint, Fault};
use testbed::raw::{self, Heard};
use testbed::raw_h2::{Frame, RawH2, flag, frame, kind};
use testbed::scripted_core::Script;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::time::timeout;

use super::Site;
use super::h2::{Over, WINDOW};

/// Far beyond every deadline here, and far below what would make a test hang.
const LATE: Duration = Duration::from_secs(30);
const HEAD: &str =
    "HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\ntransfer-encoding: chunked\r\n\r\n";

/// A piece of a chunked body.
fn chunk(text: &str) -> String {
    format!("{:x}\r\n{text}\r\n", text.len())
}

/// An event that has come, and then a core that is there and has no more to say.
fn under_way() -> Script {
    let first = format!("{HEAD}{}", chunk("data: {\"so\":\"far\"}\n\n"));
    Script::Drip(Bytes::from(first), Bytes::from(chunk(":\n\n")))
}

/// A call whose stream has begun: its first event is here.
async fn begun(site: &Site, id: usize) -> Result<TcpStream> {
    let mut stream = TcpStream::connect(site.address).await?;
    stream.write_all(site.call(id).as_bytes()).await?;
    let mut heard = Vec::new();
    while !heard.ends_with(b"so") {
        heard.push(stream.read_u8().await?);
    }
    Ok(stream)
}

/// The data of the last event of a stream.
fn last_event(text: &str) -> Result<Value> {
    let data = text.lines().rfind(|line| line.starts_with("data: ")).context("no event")?;
    Ok(serde_json::from_str(data.trim_start_matches("data: "))?)
}

fn assert_is_the_end(told: &Value, id: u32) {
    let at = |pointer: &str| told.pointer(pointer);
    assert_eq!(
        (at("/id"), at("/error/code")),
        (Some(&id.into()), Some(&(-32603).into())),
        "{told}"
    );
    assert_eq!(at("/error/data/title"), Some(&"core_late".into()), "{told}");
}

#[tokio::test]
async fn a_stream_under_way_at_the_end_of_a_gateway_is_told_so_and_ends_in_good_order() -> Result<()>
{
    let mut site = Site::start_with(Setup::default()).await?;
    site.core.play(under_way());
    let mut stream = begun(&site, 7).await?;
    // From now on core is late.
    site.bed.advance(Duration::from_secs(61));
    let (rest, ()) =
        timeout(LATE, async { tokio::join!(raw::listen(&mut stream), site.bed.shut_down()) })
            .await?;
    let rest = rest?;
    assert_is_the_end(&last_event(&rest.text)?, 7);
    assert!(rest.text.ends_with("0\r\n\r\n"), "{}", rest.text);
    assert!(TcpStream::connect(site.address).await.is_err(), "nobody is accepted any more");
    Ok(())
}

/// What comes until the connection ends. A ping is answered: GOAWAY waits for that.
async fn to_its_end(connection: &mut RawH2) -> Result<Vec<Frame>> {
    let mut frames = Vec::new();
    while let Some(one) = connection.next().await? {
        if one.kind == kind::PING && one.flags & flag::ACK == 0 {
            connection.send(&frame(kind::PING, flag::ACK, 0, &one.payload)).await?;
        }
        frames.push(one);
    }
    Ok(frames)
}

#[tokio::test]
async fn over_http_2_too() -> Result<()> {
    let mut over = Over::tls("h2-streams").await?;
    over.site.core.play(under_way());
    let mut connection = over.connect(WINDOW).await?;
    connection.send(&over.call(1, &over.fields())).await?;
    connection.until(|frame| frame.kind == kind::DATA).await?;
    over.site.bed.advance(Duration::from_secs(61));
    let listening = timeout(LATE, to_its_end(&mut connection));
    let (frames, ()) = tokio::join!(listening, over.site.bed.shut_down());
    let frames = frames??;
    let ours = frames.iter().filter(|frame| frame.stream == 1);
    let text: Vec<u8> = ours.clone().flat_map(|frame| frame.payload.clone()).collect();
    assert_is_the_end(&last_event(&String::from_utf8_lossy(&text))?, 1);
    let ends = |frame: &Frame| frame.flags & flag::END_STREAM != 0;
    assert!(ours.clone().any(ends), "{frames:?}");
    assert!(ours.clone().all(|frame| frame.kind != kind::RST_STREAM), "{frames:?}");
    assert!(frames.iter().any(|frame| frame.kind == kind::GOAWAY), "{frames:?}");
    Ok(())
}

async fn heard_of(site: &Site, script: String) -> Result<Heard> {
    site.core.play(Script::Raw(Bytes::from(script)));
    timeout(LATE, raw::exchange(site.address, site.call(3).as_bytes())).await?
}

#[tokio::test]
async fn a_stream_that_breaks_between_two_events_is_told_so_and_one_that_breaks_within_is_cut()
-> Result<()> {
    let site = Site::start().await?;
    let between = heard_of(&site, format!("{HEAD}{}", chunk("data: {}\n\n"))).await?;
    let told = last_event(&between.text)?;
    assert_eq!((&told["id"], &told["error"]["data"]["title"]), (&3.into(), &"core_broken".into()));
    assert!(between.text.ends_with("0\r\n\r\n"), "{}", between.text);
    let within = heard_of(&site, format!("{HEAD}{}", chunk("data: {\"half\":"))).await?;
    assert!(
        !within.text.contains("error") && !within.text.ends_with("0\r\n\r\n"),
        "{}",
        within.text
    );
    Ok(())
}

#[tokio::test]
async fn what_came_before_core_counts_towards_the_deadline_of_a_call() -> Result<()> {
    let deadlines = "{call: 60s, idle: 300ms}".to_owned();
    let site = Site::start_with(Setup { deadlines, ..Setup::default() }).await?;
    site.core.play(Script::Stall(Bytes::new()));
    site.bed.exchange.fault(Endpoint::Introspect, Fault::Hang);
    let call = site.call(1);
    let calling = raw::exchange(site.address, call.as_bytes());
    let passing = async {
        while site.bed.exchange.log().count(Endpoint::Introspect) == 0 {
            tokio::task::yield_now().await;
        }
        // All but a tenth of a second of the call is gone before core is asked.
        site.bed.advance(Duration::from_millis(59_900));
        site.bed.exchange.clear_all();
    };
    let (heard, ()) = timeout(LATE, async { tokio::join!(calling, passing) }).await?;
    assert_eq!(heard?.statuses(), [504]);
    assert_eq!(site.core.sent().len(), 1);
    Ok(())
}

#[tokio::test]
async fn a_stream_that_goes_on_for_ever_ends_when_its_call_has_had_its_time() -> Result<()> {
    let site = Site::start_with(Setup::default()).await?;
    site.core.play(under_way());
    let mut stream = begun(&site, 9).await?;
    site.bed.advance(Duration::from_secs(59));
    // It goes on as long as it may.
    while stream.read_u8().await? != b':' {}
    site.bed.advance(Duration::from_secs(2));
    let heard = timeout(LATE, raw::listen(&mut stream)).await??;
    assert_is_the_end(&last_event(&heard.text)?, 9);
    Ok(())
}
