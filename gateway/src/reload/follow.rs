//! Follows the files of the configuration for as long as the gateway runs.

use std::sync::Arc;
use std::time::Duration;

use tokio::signal::unix::Signal;

use super::{Found, Reloader, Watch};
use crate::audit::AuditTrail;
use crate::config::Files;

/// Reads the files when they change, and when `hangup` comes.
pub(super) async fn follow(
    reloader: Arc<Reloader>,
    audit: AuditTrail,
    mut watch: Watch,
    mut hangup: Signal,
) {
    loop {
        let poll = reloader.live.current().config.server.reload.poll;
        let told = tokio::select! {
            heard = hangup.recv() => heard.is_some(),
            () = pause(poll) => false,
        };
        if told {
            audit.reopen().await;
        }
        // A mount that hangs must hold up nobody but us.
        let look = move || {
            let before = watch.files().clone();
            let found = if told { Some(watch.insist()) } else { watch.look() };
            (watch, before, found)
        };
        let Ok((watching, before, found)) = tokio::task::spawn_blocking(look).await else {
            tracing::error!("watching the configuration panicked; restart to take up changes");
            return;
        };
        watch = watching;
        if let Some(found) = found {
            Box::pin(take_up(&reloader, found, &before)).await;
        }
    }
}

async fn take_up(reloader: &Reloader, found: Found, before: &Files) {
    for file in found.files.changed_since(before) {
        tracing::info!(file = %file.display(), "the configuration has changed");
    }
    // It is in the report, whatever it is.
    let _ = reloader.reload(found.config, Some(found.files)).await;
}

async fn pause(poll: Option<Duration>) {
    match poll {
        Some(poll) => tokio::time::sleep(poll).await,
        None => std::future::pending().await,
    }
}
