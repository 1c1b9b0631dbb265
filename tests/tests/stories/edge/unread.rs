//! C21: streams over HTTP/2 that are opened and never read.

use std::time::Duration;

use anyhow::Result;
use testbed::raw_h2::{Frame, kind};
use tokio::time::timeout;

use super::h2::Over;

/// Far beyond the write deadline.
const LATE: Duration = Duration::from_secs(25);
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
