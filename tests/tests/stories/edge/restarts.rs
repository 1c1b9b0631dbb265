//! F16: core replaced again and again while calls keep coming.

use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use anyhow::Result;
use futures::future::try_join_all;
use testbed::TestBed;
use testbed::mcp::{Era, Mcp};

use super::super::attacks::minted;
use super::replacing::keep_calling;

#[tokio::test(flavor = "multi_thread")]
async fn core_is_replaced_under_load_and_no_call_fails() -> Result<()> {
    let mut bed = TestBed::start().await?;
    let token = minted(&bed, "manager_mary")?;
    let (done, count) = (AtomicBool::new(false), AtomicUsize::new(0));
    let http = reqwest::Client::builder().no_proxy().build()?;
    let callers = (0..5).map(|_| {
        keep_calling(Mcp::through(http.clone(), &bed, Era::Modern), &token, &done, &count)
    });
    let callers: Vec<_> = callers.collect();
    let more_calls = async |calls: usize| {
        let before = count.load(Ordering::Relaxed);
        while count.load(Ordering::Relaxed) < before + calls {
            tokio::task::yield_now().await;
        }
    };
    let replacing = async {
        for _ in 0..10 {
            more_calls(10).await;
            // Until then each answer of the old one was the last of its connection.
            bed.replace_core(more_calls(30)).await?;
        }
        done.store(true, Ordering::Relaxed);
        anyhow::Ok(())
    };
    tokio::try_join!(try_join_all(callers), replacing)?;
    assert!(count.load(Ordering::Relaxed) >= 400);
    Ok(())
}
