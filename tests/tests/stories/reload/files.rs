//! The files of a configuration change as Kubernetes and editors change them.

use std::fs;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use anyhow::Result;
use fhir_mcp_gateway::config::Files;
use fhir_mcp_gateway::{ReloadError, Reloaded, Watch};
use serde_json::json;
use testbed::bed::random_key;
use testbed::fleet::RingEntry;
use testbed::login::Login;
use testbed::mcp::{Era, Mcp};
use testbed::reload::Mount;
use testbed::{Setup, TestBed};

/// The files with another deny list.
fn denying(files: &[(String, String)], subject: usize) -> Vec<(String, String)> {
    let edited = |(name, content): &(String, String)| match name.as_str() {
        "gateway.yaml" => {
            (name.clone(), format!("{content}deny: {{subjects: [\"no{subject}\"]}}\n"))
        }
        _ => (name.clone(), content.clone()),
    };
    files.iter().map(edited).collect()
}

/// A watch over a mount whose files the gateway has taken up.
async fn watched(bed: &TestBed, mount: &Mount) -> Result<(Watch, Vec<(String, String)>)> {
    let files = bed.files(mount.folder())?;
    mount.swap(&files)?;
    let mut watch = Watch::new(&mount.file("gateway.yaml"), Files::default());
    bed.gateway()?.take_up(watch.insist()).await?;
    assert!(watch.look().is_none(), "nothing has changed since");
    Ok((watch, files))
}

#[tokio::test(flavor = "multi_thread")]
async fn a_mount_swapped_a_hundred_times_under_load_fails_no_call() -> Result<()> {
    let bed = TestBed::start().await?;
    let held = Login::register(&bed).await?.log_in("manager_mary").await?;
    let mount = Mount::new("swapped")?;
    let (mut watch, files) = watched(&bed, &mount).await?;
    let stop = Arc::new(AtomicBool::new(false));
    let calls = Arc::new(AtomicUsize::new(0));
    let mut load = tokio::task::JoinSet::new();
    for _ in 0..4 {
        let (mcp, access) = (Mcp::of(&bed, Era::Modern), held.access.clone());
        let (stop, calls) = (Arc::clone(&stop), Arc::clone(&calls));
        load.spawn(async move {
            while !stop.load(Ordering::Relaxed) {
                let answer = mcp.call(&access, "get_omh_schema", json!({"name": "heart-rate"}));
                assert_eq!(answer.await?.status, 200);
                calls.fetch_add(1, Ordering::Relaxed);
            }
            anyhow::Ok(())
        });
    }
    for swap in 0..100 {
        let served = calls.load(Ordering::Relaxed);
        mount.swap(&denying(&files, swap))?;
        assert!(watch.look().is_none(), "one look is not enough");
        let found = watch.look().expect("the second look sees the same");
        let reloaded = bed.gateway()?.take_up(found).await?;
        assert_eq!(reloaded, Reloaded::Applied(u64::try_from(swap)? + 3));
        // Under load means: calls go on between any two swaps.
        while calls.load(Ordering::Relaxed) == served && !load.is_empty() {
            tokio::task::yield_now().await;
        }
    }
    stop.store(true, Ordering::Relaxed);
    while let Some(ended) = load.join_next().await {
        ended??;
    }
    assert!(calls.load(Ordering::Relaxed) >= 100);
    Ok(())
}

#[tokio::test]
async fn a_file_that_is_still_being_written_is_left_alone() -> Result<()> {
    let bed = TestBed::start().await?;
    let mount = Mount::new("writing")?;
    let (mut watch, files) = watched(&bed, &mount).await?;
    let path = mount.file("gateway.yaml");
    let whole = denying(&files, 1);
    let (_, content) = whole.last().expect("gateway.yaml");
    for written in [0, 10, content.len() / 2] {
        fs::write(&path, &content[..written])?;
        assert!(watch.look().is_none(), "{written} bytes so far");
    }
    fs::write(&path, content)?;
    assert!(watch.look().is_none());
    let found = watch.look().expect("it has settled");
    assert_eq!(bed.gateway()?.take_up(found).await?, Reloaded::Applied(3));
    Ok(())
}

#[tokio::test]
async fn files_that_change_while_they_are_taken_up_are_read_again() -> Result<()> {
    let bed = TestBed::start().await?;
    let mount = Mount::new("moving")?;
    let (mut watch, files) = watched(&bed, &mount).await?;
    mount.swap(&denying(&files, 1))?;
    let stale = watch.insist();
    mount.swap(&denying(&files, 2))?;
    let outcome = bed.gateway()?.take_up(stale).await;
    assert!(matches!(outcome, Err(ReloadError::Moving)), "{outcome:?}");
    assert!(bed.metrics().await?.contains("gateway_config_last_reload_failed 0"));
    assert!(watch.look().is_none());
    let found = watch.look().expect("the watch has noticed");
    assert_eq!(bed.gateway()?.take_up(found).await?, Reloaded::Applied(3));
    Ok(())
}

#[tokio::test]
async fn a_key_that_changes_in_its_file_is_taken_up_like_any_edit() -> Result<()> {
    let mut bed = TestBed::start().await?;
    let old = bed.setup.ring[0].key.clone();
    let ring = vec![
        RingEntry { id: 1, state: "active", key: old },
        RingEntry { id: 2, state: "verify", key: random_key() },
    ];
    bed.reload(Setup { ring, ..bed.setup.clone() }).await?;
    let mount = Mount::new("rotating")?;
    let (mut watch, mut files) = watched(&bed, &mount).await?;
    let key = files.iter_mut().find(|(name, _)| name == "ring-key-2").expect("its file");
    key.1 = random_key();
    mount.swap(&files)?;
    assert!(watch.look().is_none());
    let found = watch.look().expect("the key's file is watched too");
    assert!(matches!(bed.gateway()?.take_up(found).await?, Reloaded::Applied(_)));
    Ok(())
}

#[tokio::test]
async fn a_mistake_is_reported_once_and_mended_by_the_next_edit() -> Result<()> {
    let bed = TestBed::start().await?;
    let mount = Mount::new("mended")?;
    let (mut watch, files) = watched(&bed, &mount).await?;
    let mut broken = files.clone();
    broken.retain(|(name, _)| name != "client-secret");
    mount.swap(&broken)?;
    assert!(watch.look().is_none());
    let found = watch.look().expect("a file is missing");
    let why = bed.gateway()?.take_up(found).await.expect_err("the secret is missing");
    assert!(why.to_string().starts_with("backend.client_secret: cannot read "), "{why}");
    for _ in 0..3 {
        assert!(watch.look().is_none(), "the same mistake again is no news");
    }
    mount.swap(&files)?;
    assert!(watch.look().is_none());
    let found = watch.look().expect("it is there again");
    assert_eq!(bed.gateway()?.take_up(found).await?, Reloaded::Unchanged);
    assert!(bed.metrics().await?.contains("gateway_config_last_reload_failed 0"));
    Ok(())
}

#[tokio::test]
async fn told_to_by_a_signal_a_change_is_read_at_once() -> Result<()> {
    let bed = TestBed::start().await?;
    let mount = Mount::new("told")?;
    let (mut watch, files) = watched(&bed, &mount).await?;
    mount.swap(&denying(&files, 1))?;
    assert_eq!(bed.gateway()?.take_up(watch.insist()).await?, Reloaded::Applied(3));
    assert_eq!(bed.gateway()?.take_up(watch.insist()).await?, Reloaded::Unchanged);
    Ok(())
}
