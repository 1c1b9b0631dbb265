//! C21: streams over HTTP/2 that are opened and never read.

use std::collections::BTreeSet;
use std::time::Duration;

use anyhow::Result;
use testbed::raw_h2::{Frame, block, flag, frame, kind};
use tokio::time::timeout;

use super::h2::Over;

/// Far beyond the write deadline.
const LATE: Duration = Duration::from_secs(25);
/// Answers that may wait on one connection.
const MOST_UNTAKEN: usize = 8;
const STREAMS: [u32; 8] = [1, 3, 5, 7, 9, 11, 13, 15];

#[tokio::test]
async fn streams_whose_answers_nobody_takes_end_by_the_write_deadline_and_hold_no_place()
-> Result<()> {
    let over = Over::tls("h2-unread").await?;
    // No window: the heads of the answers come through, their bodies do not.
    let mut connection = over.connect(0).await?;
    for stream in STREAMS {
        connection.send(&over.call(stream, &over.fields())).await?;
    }
    let mut answered = 0;
    connection
        .until(|frame| {
            answered += usize::from(frame.status() == Some(200));
            answered == STREAMS.len()
        })
        .await?;
    let metrics = over.site.bed.metrics().await?;
    assert!(metrics.contains(&format!("gateway_requests_in_flight {}\n", STREAMS.len())));
    let given_up = async {
        while !over.site.bed.metrics().await?.contains("gateway_requests_in_flight 0\n") {
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        anyhow::Ok(())
    };
    timeout(LATE, given_up).await??;
    // Each was told so; the connection itself may live on.
    let mut reset = Vec::new();
    let all = |frame: &Frame| {
        if frame.kind == kind::RST_STREAM {
            reset.push(frame.stream);
        }
        reset.len() == STREAMS.len()
    };
    connection.until(all).await?;
    reset.sort_unstable();
    assert_eq!(reset, STREAMS);
    assert!(over.serves().await?);
    Ok(())
}

/// Each answer that waits keeps its request; how many wait is for the client to decide only so far.
#[tokio::test]
async fn whoever_takes_no_answers_gets_refusals_that_need_not_be_taken() -> Result<()> {
    let over = Over::tls("h2-untaken").await?;
    let mut connection = over.connect(0).await?;
    let streams: Vec<u32> = (0..40).map(|turn| 2 * turn + 1).collect();
    let head = |stream, flags| frame(kind::HEADERS, flags, stream, &block(&over.fields()));
    for stream in &streams {
        // Some announce a body, which never comes.
        let ends = if stream % 4 == 1 { flag::END_STREAM } else { flag::NONE };
        connection.send(&head(*stream, flag::END_HEADERS | ends)).await?;
    }
    let (mut answered, mut whole) = (BTreeSet::new(), BTreeSet::new());
    let all = |frame: &Frame| {
        if let Some(status) = frame.status() {
            assert!(matches!(status, 401 | 503), "{status}");
            answered.insert(frame.stream);
        }
        if matches!(frame.kind, kind::HEADERS | kind::DATA) && frame.flags & flag::END_STREAM != 0 {
            assert!(frame.kind == kind::HEADERS || frame.payload.is_empty());
            whole.insert(frame.stream);
        }
        answered.len() == streams.len() && whole.len() + MOST_UNTAKEN == streams.len()
    };
    // Whoever waits is reset in the end; these are not, so they did not wait.
    connection.until(all).await?;
    assert!(answered.iter().eq(&streams), "nobody is left without an answer");
    while !over.site.bed.metrics().await?.contains("gateway_requests_in_flight 0\n") {
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    connection.send(&head(99, flag::END_HEADERS | flag::END_STREAM)).await?;
    let frames = connection.until(|frame| frame.status().is_some()).await?;
    assert_eq!(frames.last().and_then(Frame::status), Some(401), "it may go on where it is");
    assert!(over.serves().await?);
    Ok(())
}
