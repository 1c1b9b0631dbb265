//! C20: floods of frames over HTTP/2.

use std::time::Duration;

use anyhow::{Context as _, Result};
use testbed::raw_h2::{Frame, RawH2, block, flag, frame, kind};

use super::h2::{Over, WINDOW};

/// The fields of a proper request.
type Fields<'f> = [(&'f str, &'f str)];
/// What a flood sends, as a function of its turn.
type Flood = fn(&Fields<'_>, u32) -> Vec<u8>;

/// What becomes of who floods.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum End {
    /// The connection is ended.
    Ended,
    /// The frames are allowed, cost next to nothing, and are answered.
    Endured,
}

pub(crate) const FLOODS: &[(&str, End, Flood)] = &[
    ("rapid reset", End::Ended, |fields, turn| {
        let stream = 2 * turn + 1;
        let reset = frame(kind::RST_STREAM, flag::NONE, stream, &[0, 0, 0, 8]);
        let head =
            frame(kind::HEADERS, flag::END_HEADERS | flag::END_STREAM, stream, &block(fields));
        [head, reset].concat()
    }),
    ("resets that we make", End::Ended, |fields, turn| {
        let stream = 2 * turn + 1;
        let head = frame(kind::HEADERS, flag::END_HEADERS, stream, &block(fields));
        [head, frame(kind::WINDOW_UPDATE, flag::NONE, stream, &[0; 4])].concat()
    }),
    ("continuation", End::Ended, |fields, turn| {
        let junk = block(&[("x", &"y".repeat(1000))]);
        if turn == 0 {
            frame(kind::HEADERS, flag::NONE, 1, &block(fields))
        } else {
            frame(kind::CONTINUATION, flag::NONE, 1, &junk)
        }
    }),
    ("empty continuation", End::Ended, |fields, turn| {
        if turn == 0 {
            frame(kind::HEADERS, flag::NONE, 1, &block(fields))
        } else {
            frame(kind::CONTINUATION, flag::NONE, 1, &[])
        }
    }),
    ("empty data", End::Ended, |fields, turn| {
        if turn == 0 {
            let fields = [fields, &[("authorization", "Bearer x")]].concat();
            frame(kind::HEADERS, flag::END_HEADERS, 1, &block(&fields))
        } else {
            frame(kind::DATA, flag::NONE, 1, &[])
        }
    }),
    ("settings", End::Endured, |_, _| {
        frame(kind::SETTINGS, flag::NONE, 0, &[0, 4, 0, 0, 255, 255])
    }),
    ("ping", End::Endured, |_, _| frame(kind::PING, flag::NONE, 0, &[0; 8])),
];

/// Who does not take what we send for so long does not read it.
const PATIENCE: Duration = Duration::from_secs(5);
/// Calls beside each flood.
const BESIDE: usize = 5;
/// Turns of a flood, and how many of them are sent at a time.
const TURNS: u32 = 10_000;
pub(crate) const BATCH: u32 = 50;
/// What a connection may have under way at most.
const STREAMS: i64 = 64;
/// A ping of ours: whoever answers it is still there.
const MARK: [u8; 8] = *b"are you?";

/// Sends so many turns of a flood, or until the server has had enough, and what has become of the
/// connection then.
pub(crate) async fn become_of(
    mut connection: RawH2,
    fields: &Fields<'_>,
    flood: Flood,
    turns: u32,
) -> Result<End> {
    for batch in 0..turns / BATCH {
        let turns = batch * BATCH..(batch + 1) * BATCH;
        let bytes: Vec<u8> = turns.flat_map(|turn| flood(fields, turn)).collect();
        // The server may have ended it; or it does not read while we do not.
        let sent = tokio::time::timeout(PATIENCE, connection.send(&bytes)).await;
        if !matches!(sent, Ok(Ok(()))) {
            break;
        }
    }
    let _ended = connection.send(&frame(kind::PING, flag::NONE, 0, &MARK)).await;
    let is_told = |frame: &Frame| {
        frame.kind == kind::GOAWAY || (frame.kind == kind::PING && frame.payload == MARK)
    };
    let frames = connection.until(is_told).await?;
    let lives = frames.last().is_some_and(|last| last.kind == kind::PING && is_told(last));
    Ok(if lives { End::Endured } else { End::Ended })
}

async fn gauge(over: &Over, name: &str) -> Result<i64> {
    let metrics = over.site.bed.metrics().await?;
    let line = metrics.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(' '));
    Ok(line.context("no such gauge")?.parse()?)
}

#[tokio::test]
async fn a_flood_of_frames_is_ended_or_endured_and_callers_beside_it_are_served() -> Result<()> {
    let over = Over::tls("h2-floods").await?;
    for (what, end, flood) in FLOODS {
        let beside = async {
            for _ in 0..BESIDE {
                assert!(over.serves().await?, "{what}");
                let under_way = gauge(&over, "gateway_requests_in_flight").await?;
                assert!(under_way <= STREAMS + 1, "{what}: {under_way} requests");
            }
            anyhow::Ok(())
        };
        let (connection, fields) = (over.connect(WINDOW).await?, over.fields());
        let became = become_of(connection, &fields, *flood, TURNS);
        let (became, served) = tokio::join!(became, beside);
        served?;
        assert_eq!(became?, *end, "{what}");
    }
    assert_eq!(
        over.site.core.sent().len(),
        FLOODS.len() * BESIDE,
        "the floods got nothing through"
    );
    while gauge(&over, "gateway_requests_in_flight").await? > 0 {
        tokio::task::yield_now().await;
    }
    Ok(())
}
