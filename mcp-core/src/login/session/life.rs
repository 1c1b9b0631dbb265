//! How a login begins in the browser, and how it ends.

use std::sync::Arc;
use std::time::Duration;

use authz::secret::BackendCode;
use tokio::time::timeout;
use tracing::info;

use super::{Held, LOCK_PATIENCE, Session, Stored};
use crate::login::attempt::Attempt;
use crate::login::browser;
use crate::login::fault::{Ended, LoginFault};
use crate::login::listener::{self, UnderWay};
use crate::login::store::StoreFault;
use crate::login::token_endpoint::NoTokens;

/// How long the program waits at its end: for a lock and an answer.
const SETTLING: Duration = Duration::from_secs(20);

impl Session {
    /// A login that waits for the person: the one that is under way, or a new one, in the browser.
    ///
    /// # Errors
    /// See [`LoginFault`].
    pub(crate) async fn begin(self: &Arc<Self>) -> Result<UnderWay, LoginFault> {
        let mut under_way = self.under_way.lock().await;
        if let Some(waiting) = under_way.as_ref().filter(|one| one.is_waiting()) {
            return Ok(waiting.clone());
        }
        self.check_store().await?;
        let mut begun = listener::begin(Arc::clone(self)).await?;
        *under_way = Some(begun.clone());
        info!("a login waits for the person");
        begun.is_opened = self.opens_browser && browser::open(&begun.url).await;
        *under_way = Some(begun.clone());
        Ok(begun)
    }

    /// Whoever logs in should not do so in vain.
    async fn check_store(&self) -> Result<(), StoreFault> {
        let _lock = self.store.lock(LOCK_PATIENCE).await?;
        self.store.prepare().map(drop)
    }

    /// Redeems the code of a login, and keeps what comes. A login that it replaces is revoked: it would
    /// never end by itself.
    pub(in crate::login) async fn redeem(
        self: &Arc<Self>,
        code: &BackendCode,
        attempt: &Attempt,
    ) -> Result<(), LoginFault> {
        let mut turn = self.turn.lock().await;
        let granted = self.endpoint.redeem(code, attempt).await?;
        let token = granted.id_token.as_deref().ok_or(LoginFault::IdToken("its absence"))?;
        let subject = self.subject_of(token, Some(attempt.nonce())).map_err(LoginFault::IdToken)?;
        let _lock = self.store.lock(LOCK_PATIENCE).await?;
        let replaced = self.store.read_to_revoke().ok().flatten();
        let stored = Stored::of(granted, subject, None);
        self.store.write(self.store.prepare()?, &stored)?;
        *self.held() = Held::default();
        self.hold(stored, false);
        *turn = None;
        info!("logged in");
        if let Some(replaced) = replaced {
            let session = Arc::clone(self);
            self.apart(async move { session.endpoint.revoke(&replaced).await });
        }
        Ok(())
    }

    /// Ends the login, at the backend and here.
    ///
    /// # Errors
    /// The file cannot be removed.
    pub async fn end(&self) -> Result<Ended, StoreFault> {
        let _turn = self.turn.lock().await;
        let _lock = self.store.lock(LOCK_PATIENCE).await?;
        let stored = self.store.read_to_revoke();
        let revoked = match &stored {
            Ok(Some(stored)) => self.endpoint.revoke(stored).await,
            Ok(None) | Err(_) => Err(NoTokens::Malformed),
        };
        *self.held() = Held::default();
        Ok(match (self.store.remove()?, revoked) {
            (false, _) => Ended::NoLogin,
            (true, Ok(())) => Ended::Revoked,
            (true, Err(_)) => Ended::OnlyHere,
        })
    }

    /// Waits for what is still on its way to or from the backend, before the program ends.
    pub async fn settle(&self) {
        self.apart.close();
        let _settled = timeout(SETTLING, self.apart.wait()).await;
    }
}
