//! C19, C20: what a gateway in a process of its own takes in memory while it is attacked over HTTP/2.

use std::path::Path;
use std::time::Duration;

use anyhow::{Context as _, Result};
use futures::future::try_join_all;
use testbed::programs::{Programs, Wanted};
use testbed::raw_h2::{Frame, RawH2, block, flag, frame, kind};
use tokio::time::timeout;

use crate::edge::floods::{BATCH, FLOODS, become_of};
use crate::edge::h2::{WINDOW, bomb, fields};

/// At the same time.
const CONNECTIONS: usize = 100;
/// Beyond what it was before, in KiB.
const MOST: u64 = 64 * 1024;
/// Far beyond every deadline of the gateway's.
const LATE: Duration = Duration::from_secs(60);

/// A gateway over TLS whose deadlines can be waited for, once it has answered somebody.
async fn site(name: &str) -> Result<Programs> {
    let deadlines =
        "{header: 5s, body: 5s, body_start: 5s, write: 3s, idle: 5s, close_delay: 10ms}";
    let wanted = Wanted { tls: true, deadlines, ..Wanted::default() };
    let parent = Path::new(env!("CARGO_TARGET_TMPDIR"));
    let programs = Programs::start_with(parent, name, wanted).await?;
    serves(&programs).await?;
    Ok(programs)
}

fn host(programs: &Programs) -> String {
    format!("localhost:{}", programs.address.port())
}

async fn connect(programs: &Programs, window: u32) -> Result<RawH2> {
    RawH2::connect(programs.address, &programs.certificate, window).await
}

/// Whoever comes now is answered: without a token, with a no.
async fn serves(programs: &Programs) -> Result<()> {
    let mut connection = connect(programs, WINDOW).await?;
    let host = host(programs);
    let whole = flag::END_HEADERS | flag::END_STREAM;
    connection.send(&frame(kind::HEADERS, whole, 1, &block(&fields(&host)))).await?;
    let frames = connection.until(|frame| frame.status().is_some()).await?;
    assert_eq!(frames.last().and_then(Frame::status), Some(401));
    Ok(())
}

/// Waits until the gateway has ended every connection.
async fn all_ended(programs: &Programs) -> Result<()> {
    let ended = async {
        while !programs.shown().await?.contains("gateway_connections 0\n") {
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        anyhow::Ok(())
    };
    timeout(LATE, ended).await.context("a connection lives on")?
}

/// The most that the gateway has taken since it took `before`.
fn growth(programs: &Programs, before: u64) -> Result<u64> {
    let [_, peak] = programs.memory()?;
    Ok(peak.saturating_sub(before))
}

/// Fields of a header, and what a hundred connections full of them may take: an ordinary request without a
/// token, whose answer waits for a window, and one that is refused, are decoded before that is known; with
/// more fields a header never is.
const FIELDS: [(usize, u64); 4] = [(90, 2 * MOST), (120, 2 * MOST), (900, MOST), (4000, MOST)];

/// As many streams as a connection may have and beyond, over connections that take nothing but headers.
#[tokio::test(flavor = "multi_thread")]
#[ignore = "real programs: make test-records"]
async fn a_hundred_connections_full_of_tiny_fields_take_bounded_memory_and_are_ended() -> Result<()>
{
    for (count, most) in FIELDS {
        let programs = site("bombed").await?;
        let [before, _] = programs.memory()?;
        let host = host(&programs);
        let headers: Vec<u8> =
            (0..100).flat_map(|turn| bomb(&fields(&host), 2 * turn + 1, count)).collect();
        let connections = try_join_all((0..CONNECTIONS).map(|_| connect(&programs, 0))).await?;
        let headers = &headers;
        try_join_all(connections.into_iter().map(|mut connection| async move {
            // It may be ended before all of it is sent.
            let _ended = timeout(LATE, connection.send(headers)).await?;
            // And is ended by the gateway, not by us.
            connection.until(|_| false).await?;
            anyhow::Ok(())
        }))
        .await?;
        all_ended(&programs).await?;
        let grown = growth(&programs, before)?;
        assert!(grown < most, "{count} fields: {grown} KiB");
        serves(&programs).await?;
    }
    Ok(())
}

/// Turns of each flood on each of the connections.
const TURNS: u32 = 20 * BATCH;

#[tokio::test(flavor = "multi_thread")]
#[ignore = "real programs: make test-records"]
async fn floods_of_frames_over_a_hundred_connections_take_less_than_64_mib() -> Result<()> {
    let programs = site("frames").await?;
    let [before, _] = programs.memory()?;
    let host = host(&programs);
    let fields = fields(&host);
    for (what, end, flood) in FLOODS {
        let connections =
            try_join_all((0..CONNECTIONS).map(|_| connect(&programs, WINDOW))).await?;
        let floods = connections.into_iter().map(|one| become_of(one, &fields, *flood, TURNS));
        let became = try_join_all(floods).await?;
        let grown = growth(&programs, before)?;
        assert!(grown < MOST, "{what}: {grown} KiB");
        assert!(became.iter().all(|became| became == end), "{what}: {became:?}");
        all_ended(&programs).await?;
        serves(&programs).await?;
    }
    Ok(())
}
