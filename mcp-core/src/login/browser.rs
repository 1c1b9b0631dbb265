//! Opens a page in the person's browser. The page is on this computer and its address has no secret in it,
//! since other programs can see what a program is started with.

use std::ffi::OsString;
use std::process::Stdio;
use std::time::Duration;

use tokio::process::Command;
use tokio::time::timeout;
use url::Url;

/// Whoever has not failed by then is taken to have opened it: some of these programs stay.
const PATIENCE: Duration = Duration::from_secs(3);

/// Whether the browser was told: the one that `BROWSER` names, or the system's.
pub(super) async fn open(url: &Url) -> bool {
    let system = if cfg!(target_os = "macos") { "open" } else { "xdg-open" };
    let named = std::env::var_os("BROWSER").filter(|name| !name.is_empty());
    open_with(named.unwrap_or_else(|| OsString::from(system)), url).await
}

async fn open_with(program: OsString, url: &Url) -> bool {
    // Standard output is the client's: nobody else may write there.
    let started = Command::new(program)
        .arg(url.as_str())
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn();
    let Ok(mut child) = started else { return false };
    match timeout(PATIENCE, child.wait()).await {
        Ok(ended) => ended.is_ok_and(|status| status.success()),
        Err(_) => true,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_browser_that_is_missing_or_fails_was_not_opened() {
        let url = Url::parse("http://127.0.0.1:1/").unwrap();
        assert!(open_with("true".into(), &url).await);
        assert!(!open_with("false".into(), &url).await);
        assert!(!open_with("/no/such/browser".into(), &url).await);
    }
}
