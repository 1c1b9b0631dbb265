//! Limits whose store is away, or is none.

use super::*;

/// A store at this address, of which each of three replicas has a third.
fn sharing(port: u16) -> String {
    format!(
        "limits: {{calls_per_minute: 60, burst: 9, shared: {{url: 'redis://127.0.0.1:{port}', \
           key: {{env: RING}}, replicas: 3}}}}"
    )
}

async fn let_in(limits: &RateLimits) -> usize {
    let mut count = 0;
    for _ in 0..20 {
        count += usize::from(limits.call("one").await.is_ok());
    }
    count
}

#[tokio::test]
async fn a_store_that_is_away_means_a_share_and_never_a_fault() {
    let nobody = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let port = nobody.local_addr().unwrap().port();
    drop(nobody);
    let Bench { limits, counters, .. } = bench(&sharing(port));
    limits.start();
    assert_eq!(let_in(&limits).await, 3);
    assert_eq!(counters.shared_faults.with_label_values(&["away"]).get(), 20);
    assert_eq!(counters.degraded.get(), 1);
    let alone = limits.retuned(section("limits: {calls_per_minute: 60, burst: 9}")).unwrap();
    assert_eq!(counters.degraded.get(), 0, "nothing is shared any more");
    assert_eq!(let_in(&alone).await, 0, "and what was used stays used");
}

#[tokio::test]
async fn a_store_that_talks_nonsense_is_not_believed() {
    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
    let poisons: [&[u8]; 5] =
        [b"HTTP/1.1 200 OK\r\n\r\n", b"+OK\r\n+OK\r\n", b"+OK\r\n:1\r\n", b"$-7\r\n", b"\xff\0"];
    for poison in poisons {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let Bench { limits, counters, .. } = bench(&sharing(port));
        limits.start();
        let (mut stream, _) = listener.accept().await.unwrap();
        // The other side asks step by step, and hangs up when it has heard enough.
        while stream.read(&mut [0; 4096]).await.is_ok_and(|bytes| bytes > 0) {
            if stream.write_all(poison).await.is_err() {
                break;
            }
        }
        assert_eq!(let_in(&limits).await, 3, "a share");
        assert_eq!(counters.degraded.get(), 1);
    }
}

#[tokio::test]
async fn a_reload_keeps_the_store_that_is_the_same() {
    let Bench { limits, .. } = bench(&sharing(1));
    let same = limits.retuned(section(&sharing(1))).unwrap();
    assert!(Arc::ptr_eq(limits.store.as_ref().unwrap(), same.store.as_ref().unwrap()));
    let other = limits.retuned(section(&sharing(2))).unwrap();
    assert!(!Arc::ptr_eq(limits.store.as_ref().unwrap(), other.store.as_ref().unwrap()));
}
