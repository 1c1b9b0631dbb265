//! C20: floods of frames over HTTP/2.

use anyhow::Result;
use testbed::raw_h2::{block, flag, frame, kind};

use super::h2::{Over, WINDOW};

/// What a flood sends, as a function of its turn; and how many turns.
type Flood = fn(&Over, u32) -> Vec<u8>;

const FLOODS: &[(&str, Flood)] = &[
    ("rapid reset", |over, turn| {
        let stream = 2 * turn + 1;
        let reset = frame(kind::RST_STREAM, flag::NONE, stream, &[0, 0, 0, 8]);
        let head = frame(
            kind::HEADERS,
            flag::END_HEADERS | flag::END_STREAM,
            stream,
            &block(&over.fields()),
        );
        [head, reset].concat()
    }),
    ("resets that we make", |over, turn| {
        let stream = 2 * turn + 1;
        let head = frame(kind::HEADERS, flag::END_HEADERS, stream, &block(&over.fields()));
        [head, frame(kind::WINDOW_UPDATE, flag::NONE, stream, &[0; 4])].concat()
    }),
    ("continuation", |over, turn| {
        let junk = block(&[("x", &"y".repeat(1000))]);
        if turn == 0 {
            frame(kind::HEADERS, flag::NONE, 1, &block(&over.fields()))
        } else {
            frame(kind::CONTINUATION, flag::NONE, 1, &junk)
        }
    }),
    ("empty continuation", |over, turn| {
        if turn == 0 {
            frame(kind::HEADERS, flag::NONE, 1, &block(&over.fields()))
        } else {
            frame(kind::CONTINUATION, flag::NONE, 1, &[])
        }
    }),
    ("empty data", |over, turn| {
        if turn == 0 {
            let fields = [over.fields(), vec![("authorization", "Bearer x")]].concat();
            frame(kind::HEADERS, flag::END_HEADERS, 1, &block(&fields))
        } else {
            frame(kind::DATA, flag::NONE, 1, &[])
        }
    }),
    ("settings", |_, _| frame(kind::SETTINGS, flag::NONE, 0, &[0, 4, 0, 0, 255, 255])),
    ("ping", |_, _| frame(kind::PING, flag::NONE, 0, &[0; 8])),
];

#[tokio::test]
async fn a_flood_of_frames_is_ended_or_costs_nobody_else_anything() -> Result<()> {
    let over = Over::tls("h2-floods").await?;
    for (what, flood) in FLOODS {
        let mut connection = over.connect(WINDOW).await?;
        for batch in 0..200 {
            let bytes: Vec<u8> = (0..50).flat_map(|turn| flood(&over, batch * 50 + turn)).collect();
            // The server may have had enough; or it does not read while we do not.
            let sent =
                tokio::time::timeout(std::time::Duration::from_secs(5), connection.send(&bytes));
            if !matches!(sent.await, Ok(Ok(()))) {
                break;
            }
        }
        assert!(over.serves().await?, "{what}");
        drop(connection);
    }
    assert!(over.site.core.sent().len() == FLOODS.len(), "the floods got nothing through");
    while !over.site.bed.metrics().await?.contains("gateway_requests_in_flight 0\n") {
        tokio::task::yield_now().await;
    }
    Ok(())
}
