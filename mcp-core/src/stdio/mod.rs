//! The tool service for one person on their own computer, over standard input and output, without a gateway:
//! it serves whoever is logged in at the backend, with all tools that the backend serves, as that person.

mod desk;
mod flags;

use std::io::Write as _;
use std::sync::Arc;

use anyhow::Context as _;
use authz::keyring::{KEY_BYTES, SecretKey};
use prometheus::Registry;
use rand::Rng as _;
use rmcp::service::{RoleServer, ServerInitializeError, ServiceExt as _};
use rmcp::transport::async_rw::AsyncRwTransport;
use tokio_util::sync::CancellationToken;
use tracing::info;

pub use self::flags::{Flags, Settings};
use crate::backend::client::{Client, connections};
use crate::backend::inquiry::Means;
use crate::caller::LARGEST_BODY;
use crate::config::BackendLimits;
use crate::login::{Ended, Session, listener};
use crate::metrics::Metrics;
use crate::server::Server;

impl Settings {
    fn session(&self) -> anyhow::Result<Arc<Session>> {
        let http = connections(&BackendLimits::default(), self.authority.as_ref())?;
        let (registration, folder) = (self.registration.clone(), self.folder.clone());
        Ok(Session::new(http, registration, folder, self.opens_browser))
    }
}

/// Serves until the client closes our standard input, or until `shutdown` is cancelled.
///
/// # Errors
/// Something cannot be built, or the client does not speak MCP.
pub async fn serve(settings: Settings, shutdown: CancellationToken) -> anyhow::Result<()> {
    let limits = BackendLimits::default();
    let metrics = Metrics::new(&Registry::new())?;
    let client = Client::new(&limits, settings.authority.as_ref(), metrics.clone());
    let means = Means::new(client.context("the HTTP client")?, fresh_key()?, &limits);
    let session = settings.session()?;
    let server = Server::new(means, settings.profiles, (metrics, None), limits.deadline);
    let desk = desk::Desk { server, session: Arc::clone(&session), backend: settings.backend };
    let pipes = AsyncRwTransport::<RoleServer, _, _>::new(tokio::io::stdin(), tokio::io::stdout());
    let pipes = pipes.with_max_line_length(LARGEST_BODY);
    info!("serving");
    match Box::pin(desk.serve_with_ct(pipes, shutdown)).await {
        Ok(running) => _ = running.waiting().await?,
        Err(ServerInitializeError::ConnectionClosed(_) | ServerInitializeError::Cancelled) => {}
        // It quotes what came.
        Err(_) => anyhow::bail!("the client does not begin as MCP wants"),
    }
    session.settle().await;
    info!("stopped");
    Ok(())
}

/// A key for what this process alone reads again.
fn fresh_key() -> anyhow::Result<SecretKey> {
    let mut bytes = [0; KEY_BYTES];
    rand::rng().fill_bytes(&mut bytes);
    Ok(SecretKey::from_bytes(bytes)?)
}

/// Logs in now, in place of whoever is logged in, and says so on standard output.
///
/// # Errors
/// The login failed; the sentence says why.
pub async fn log_in(settings: Settings) -> anyhow::Result<()> {
    let session = settings.session()?;
    let under_way = session.begin().await.context("the login failed")?;
    let mut out = std::io::stdout();
    let what = if under_way.is_opened { "Your browser was opened. If not, open" } else { "Open" };
    writeln!(out, "{what} {} on this computer, and log in.", under_way.url)?;
    let ended = under_way.ends_within(listener::DEADLINE).await;
    if ended.is_some() {
        under_way.is_closed().await;
    }
    ended.unwrap_or(Err(crate::login::LoginFault::TooLate)).context("the login failed")?;
    session.settle().await;
    writeln!(out, "You are logged in; {} holds the login.", session.path().display())?;
    Ok(())
}

/// Ends the login, at the backend and here, and says on standard output what became of it. Whether nothing
/// of it is left anywhere.
///
/// # Errors
/// The stored login cannot be removed.
pub async fn log_out(settings: Settings) -> anyhow::Result<bool> {
    let ended = settings.session()?.end().await?;
    let told = match ended {
        Ended::NoLogin => "Nobody was logged in.",
        Ended::Revoked => {
            "You are logged out: the backend revoked the login, and its file is gone."
        }
        Ended::OnlyHere => {
            "The login's file is gone, but the backend could not be told to revoke the login. Nobody has \
             its tokens any more, unless they were copied; if they may have been, revoke them there."
        }
    };
    writeln!(std::io::stdout(), "{told}")?;
    Ok(ended != Ended::OnlyHere)
}
