//! The one person's login while the program runs: found in memory or in the file, refreshed in one place at a
//! time over all programs that share the file, begun in the browser, and ended.

mod life;

use std::path::PathBuf;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use authz::ids::Subject;
use authz::secret::{BackendRefreshToken, BackendToken};
use authz::time::Timestamp;
use tokio::task::JoinHandle;
use tokio::time::{Instant, timeout};
use tokio_util::task::TaskTracker;
use tracing::{info, warn};

use super::fault::Unready;
use super::id_token::{self, Expected};
use super::listener::UnderWay;
use super::registration::Registration;
use super::store::{Store, Stored};
use super::token_endpoint::{Granted, NoTokens, TokenEndpoint};

/// A token that ends within this time is refreshed first: it has to last for a tool call.
const LEEWAY: Duration = Duration::from_secs(60);
/// How long another program may take to refresh the login that we share.
const LOCK_PATIENCE: Duration = Duration::from_secs(20);
/// How long a tool call waits for a token.
const PATIENCE: Duration = Duration::from_secs(30);
/// Callers who come this soon after a failure get the same answer: the backend is not asked for each.
const PAUSE: Duration = Duration::from_secs(2);

/// Proof that a person is logged in: their token, as the backend gave it to us. Only a session makes one.
#[derive(Clone, Debug)]
pub struct Live {
    subject: Subject,
    token: BackendToken,
}

impl Live {
    /// Who is logged in.
    pub const fn subject(&self) -> &Subject {
        &self.subject
    }

    /// What the backend is asked with.
    pub const fn token(&self) -> &BackendToken {
        &self.token
    }
}

/// The login in memory.
#[derive(Default)]
struct Held {
    login: Option<Stored>,
    /// Whether the file is behind, because it could not be written.
    is_unsaved: bool,
    /// A token that the backend refused although it was fresh: no refresh helps.
    refused: Option<BackendToken>,
}

/// Whoever has it changes the login. It remembers a failure, for those who wait.
type Turn = Option<(Instant, Unready)>;

/// The login of one person.
pub struct Session {
    endpoint: TokenEndpoint,
    store: Store,
    opens_browser: bool,
    held: Mutex<Held>,
    turn: tokio::sync::Mutex<Turn>,
    under_way: tokio::sync::Mutex<Option<UnderWay>>,
    apart: TaskTracker,
}

impl std::fmt::Debug for Session {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Session").finish_non_exhaustive()
    }
}

impl Session {
    /// The login that is kept in `folder` for this registration, over these connections, which must not
    /// follow redirects.
    pub fn new(
        http: reqwest::Client,
        registration: Registration,
        folder: PathBuf,
        opens_browser: bool,
    ) -> Arc<Self> {
        let store = Store::new(folder, &registration);
        Arc::new(Self {
            endpoint: TokenEndpoint { http, registration },
            store,
            opens_browser,
            held: Mutex::default(),
            turn: tokio::sync::Mutex::default(),
            under_way: tokio::sync::Mutex::default(),
            apart: TaskTracker::new(),
        })
    }

    /// The client and its URLs.
    pub(super) const fn registration(&self) -> &Registration {
        &self.endpoint.registration
    }

    /// Where the login is kept.
    pub fn path(&self) -> PathBuf {
        self.store.path()
    }

    /// A token that lasts for a call: the one in memory, else the one in the file, else a refreshed one.
    ///
    /// # Errors
    /// See [`Unready`].
    pub async fn live(self: &Arc<Self>) -> Result<Live, Unready> {
        match self.fresh(None) {
            Some(live) => Ok(live),
            None => self.find(None).await,
        }
    }

    /// A token that lasts for a call and is at hand, without asking anybody.
    pub fn at_hand(&self) -> Option<Live> {
        let stored = || self.store.read().ok().flatten().filter(|stored| stored.lasts(LEEWAY));
        self.fresh(None).or_else(|| stored().map(|stored| stored.live()))
    }

    /// Another token than the one that the backend has just refused.
    ///
    /// # Errors
    /// See [`Unready`].
    pub async fn renewed(self: &Arc<Self>, refused: &BackendToken) -> Result<Live, Unready> {
        self.find(Some(refused.clone())).await
    }

    /// Notes that the backend refuses even a fresh token: only another login can help.
    pub fn give_up(&self, token: &BackendToken) {
        self.held().refused = Some(token.clone());
    }

    /// Does something in a task of its own: a client that cancels its call, or a browser that leaves, must
    /// not take along tokens for which the backend has already spent the old ones, or a code.
    pub(super) fn apart<T: Send + 'static>(
        &self,
        work: impl Future<Output = T> + Send + 'static,
    ) -> JoinHandle<T> {
        self.apart.spawn(work)
    }

    async fn find(self: &Arc<Self>, refused: Option<BackendToken>) -> Result<Live, Unready> {
        let session = Arc::clone(self);
        let finding = self.apart(async move {
            let mut turn = session.turn.lock().await;
            if let Some(live) = session.fresh(refused.as_ref()) {
                return Ok(live);
            }
            if let Some((_, failure)) = turn.as_ref().filter(|(at, _)| at.elapsed() < PAUSE) {
                return Err(failure.clone());
            }
            let found = session.look(refused.as_ref()).await;
            let failure = found.as_ref().err().filter(|why| **why != Unready::NotLoggedIn);
            *turn = failure.map(|why| (Instant::now(), why.clone()));
            found
        });
        match timeout(PATIENCE, finding).await {
            Ok(Ok(found)) => found,
            Ok(Err(_)) | Err(_) => Err(Unready::Late),
        }
    }

    /// In the file, which another program may have changed meanwhile; and then at the backend.
    async fn look(&self, refused: Option<&BackendToken>) -> Result<Live, Unready> {
        let _lock = self.store.lock(LOCK_PATIENCE).await?;
        let unsaved = Some(self.held()).filter(|held| held.is_unsaved);
        let stored = match unsaved.and_then(|held| held.login.clone()) {
            Some(unsaved) => Some(unsaved),
            None => self.store.read()?,
        };
        let given_up = |stored: &Stored| is_same(self.held().refused.as_ref(), &stored.access);
        let Some(stored) = stored.filter(|stored| !given_up(stored)) else {
            self.held().login = None;
            return Err(Unready::NotLoggedIn);
        };
        let is_refused = is_same(refused, &stored.access);
        if !is_refused && stored.lasts(LEEWAY) {
            return Ok(self.hold(stored, false));
        }
        match self.refresh(&stored).await {
            // Good for a moment yet; the backend may be back by then.
            Err(Unready::Backend(_)) if !is_refused && stored.lasts(Duration::ZERO) => {
                Ok(stored.live())
            }
            refreshed => refreshed,
        }
    }

    /// Refreshes while the lock is held. Only the backend's own `invalid_grant`, or tokens of somebody
    /// else, end the login.
    async fn refresh(&self, stored: &Stored) -> Result<Live, Unready> {
        let Some(token) = &stored.refresh else { return Err(Unready::NotLoggedIn) };
        let slot = self.store.prepare()?;
        let granted = match self.endpoint.refresh(token).await {
            Ok(granted) => granted,
            Err(NoTokens::InvalidGrant) => {
                info!(reason = "invalid_grant", "the backend ended the login");
                return self.forget();
            }
            Err(why) => {
                warn!(reason = "refresh_failed", "the login was not refreshed, and is kept");
                return Err(Unready::Backend(why));
            }
        };
        let named = granted.id_token.as_deref().map(|token| self.subject_of(token, None));
        if matches!(named, Some(Ok(subject)) if subject != stored.subject) {
            warn!(reason = "other_subject", "the backend refreshed a login with somebody else's");
            return self.forget();
        }
        let refreshed = Stored::of(granted, stored.subject.clone(), stored.refresh.clone());
        let written = self.store.write(slot, &refreshed);
        if written.is_err() {
            warn!(
                reason = "not_stored",
                "the refreshed login cannot be stored; it is kept in memory"
            );
        }
        Ok(self.hold(refreshed, written.is_err()))
    }

    fn forget(&self) -> Result<Live, Unready> {
        *self.held() = Held::default();
        self.store.remove()?;
        Err(Unready::NotLoggedIn)
    }

    fn subject_of(&self, token: &str, nonce: Option<&str>) -> Result<Subject, &'static str> {
        let Registration { issuer, client_id, .. } = self.registration();
        id_token::subject(token, Expected { issuer, audience: client_id, nonce, now: now() })
    }

    /// The token in memory, if it lasts and is not the refused one.
    fn fresh(&self, refused: Option<&BackendToken>) -> Option<Live> {
        let held = self.held();
        let login = held.login.as_ref().filter(|login| login.lasts(LEEWAY))?;
        let is_refused = [refused, held.refused.as_ref()]
            .into_iter()
            .any(|refused| is_same(refused, &login.access));
        (!is_refused).then(|| login.live())
    }

    fn hold(&self, login: Stored, is_unsaved: bool) -> Live {
        let live = login.live();
        let mut held = self.held();
        (held.login, held.is_unsaved) = (Some(login), is_unsaved);
        live
    }

    fn held(&self) -> MutexGuard<'_, Held> {
        self.held.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Stored {
    fn of(granted: Granted, subject: Subject, shown: Option<BackendRefreshToken>) -> Self {
        Self {
            subject,
            access: granted.access,
            // A refresh token that is not replaced stays good (RFC 6749 §6).
            refresh: granted.refresh.or(shown),
            expires_at: granted.expires_in.map(|life| now().plus(life)),
        }
    }

    fn live(&self) -> Live {
        Live { subject: self.subject.clone(), token: self.access.clone() }
    }

    /// Whether the access token is still good after so long; without an end, until it is refused.
    fn lasts(&self, leeway: Duration) -> bool {
        self.expires_at.is_none_or(|end| now().plus(leeway) < end)
    }
}

fn is_same(one: Option<&BackendToken>, other: &BackendToken) -> bool {
    one.is_some_and(|one| one.expose() == other.expose())
}

fn now() -> Timestamp {
    let seconds = jiff::Timestamp::now().as_second();
    Timestamp::from_unix_seconds(u64::try_from(seconds).unwrap_or_default())
}
