//! Sessions are resumed, and never with early data.

use std::sync::Arc;

use anyhow::Result;
use rustls::HandshakeKind;

use super::probe::{BOTH, client, visit};
use super::site::{Site, pair};

#[tokio::test]
async fn a_session_is_resumed_in_both_versions_and_carries_no_early_data() -> Result<()> {
    let site = Site::start("sessions")?;
    for version in BOTH {
        let mut config = client(&[version], None)?;
        config.enable_early_data = true;
        let config = Arc::new(config);
        for expected in [HandshakeKind::Full, HandshakeKind::Resumed, HandshakeKind::Resumed] {
            let seen = visit(site.address, "localhost", &config).await?;
            assert_eq!(seen.kind, expected, "{:?}", seen.version);
            assert!(!seen.early_data);
        }
    }
    Ok(())
}

#[tokio::test]
async fn sessions_outlive_a_swap_that_changes_nothing_and_end_with_one_that_does() -> Result<()> {
    let site = Site::start("kept-sessions")?;
    let files = ["crt", "key"].map(|end| site.folder.join(format!("localhost.{end}")));
    let load = || site.load(&pair(&files));
    let config = Arc::new(client(&BOTH, None)?);
    visit(site.address, "localhost", &config).await?;
    assert!(!site.certificates()?.swap(load()?), "nothing is different");
    let seen = visit(site.address, "localhost", &config).await?;
    assert_eq!(seen.kind, HandshakeKind::Resumed);
    let renewed = site.authority.issue(&["localhost"])?;
    site.renew(&renewed)?;
    assert!(site.certificates()?.swap(load()?));
    let seen = visit(site.address, "localhost", &config).await?;
    assert_eq!((seen.kind, seen.leaf), (HandshakeKind::Full, renewed.certificate));
    Ok(())
}
