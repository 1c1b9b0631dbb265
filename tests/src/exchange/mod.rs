//! A stand-in for JupyterHealth Exchange: login page, OAuth, REST and FHIR over synthetic people.
//!
//! It answers as the real one does, down to its error texts and what it ignores, keeps everything in
//! memory, and can be told to fail. Start one with [`FakeExchange::start`].

mod bombs;
mod capability;
mod clock;
mod consents;
mod cookie_jar;
mod dates;
mod discovery;
mod fault;
mod fhir;
mod fhir_read;
mod fhir_search;
mod habits;
mod html_form;
mod imported;
mod introspect;
mod jwt;
mod log;
pub mod login;
mod login_page;
mod oauth;
mod observations;
mod omh;
mod options;
mod paging;
mod people;
mod rest;
mod routes;
mod server;
mod session;
mod studies;
#[cfg(test)]
mod tests;
mod token;
mod told;
mod wire;

use std::net::SocketAddr;
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};

use anyhow::{Context, Result};
use axum::Router;
use jiff::Timestamp;
use tokio::sync::watch;
use tokio::task::JoinHandle;

pub use clock::{Clock, ManualClock, system_clock};
pub use fault::{Fault, Lie};
pub use log::{Endpoint, Log, Seen};
pub use options::{NATIVE_CLIENT, OTHER_CLIENT, Options, RECORDED_AT, SERVICE_CLIENT};
pub use people::{Kind, PASSWORD, Person};
pub use session::Application;
pub use told::Told;

use observations::Row;
use session::{Accounts, Grant};

/// What the endpoints share.
struct Exchange {
    clock: Clock,
    anchor: Timestamp,
    applications: Mutex<Vec<Application>>,
    accounts: Mutex<Accounts>,
    signer: jwt::Signer,
    rows: OnceLock<Vec<Row>>,
    log: Log,
    script: fault::Script,
    habits: habits::Habits,
}

impl Exchange {
    fn now(&self) -> Timestamp {
        (self.clock)()
    }

    /// The records' moment, in microseconds.
    fn anchor(&self) -> i64 {
        self.anchor.as_microsecond()
    }

    fn accounts(&self) -> MutexGuard<'_, Accounts> {
        self.accounts.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn applications(&self) -> MutexGuard<'_, Vec<Application>> {
        self.applications.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn application(&self, id: &str) -> Option<Application> {
        self.applications().iter().find(|application| application.client_id == id).cloned()
    }

    /// Every observation, worked out when first asked for; the last ones only where an operator added
    /// their kinds.
    fn rows(&self) -> &[Row] {
        let rows = self.rows.get_or_init(|| observations::all(self.anchor));
        let hidden = if self.habits.is_grown() { 0 } else { observations::GROWN };
        rows.get(..rows.len().saturating_sub(hidden)).unwrap_or_default()
    }
}

/// Tokens as the token endpoint would have issued them.
#[derive(Clone)]
pub struct Tokens {
    /// The backend access token.
    pub access_token: String,
    /// The refresh token; a service account has none.
    pub refresh_token: Option<String>,
}

/// A running Exchange; it stops when dropped.
pub struct FakeExchange {
    exchange: Arc<Exchange>,
    address: SocketAddr,
    wanted: watch::Sender<bool>,
    is_open: watch::Receiver<bool>,
    task: JoinHandle<()>,
}

impl Drop for FakeExchange {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl FakeExchange {
    /// Starts one.
    ///
    /// # Errors
    /// When the address cannot be listened on.
    pub async fn start(options: Options) -> Result<Self> {
        let exchange = Arc::new(Exchange {
            clock: options.clock,
            anchor: options.anchor,
            applications: Mutex::new(options.applications),
            accounts: Mutex::new(Accounts::new()),
            signer: jwt::Signer::new()?,
            rows: OnceLock::new(),
            log: Log::default(),
            script: fault::Script::new(),
            habits: habits::Habits::default(),
        });
        let (wanted, told) = watch::channel(true);
        let (tells, is_open) = watch::channel(true);
        let door = server::Door::bind(options.address, told, tells)
            .await
            .with_context(|| format!("cannot listen on {}", options.address))?;
        let address = door.address();
        let app = Router::new().fallback(server::serve_one).with_state(Arc::clone(&exchange));
        let task = tokio::spawn(async move {
            // Serving ends only with the task.
            let _ended = axum::serve(door, app).await;
        });
        Ok(Self { exchange, address, wanted, is_open, task })
    }

    /// Its origin, without a slash at the end.
    pub fn base_url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// The gateway's client id.
    pub fn client_id(&self) -> String {
        self.own_application().map(|application| application.client_id).unwrap_or_default()
    }

    /// The gateway's client secret.
    pub fn client_secret(&self) -> String {
        self.own_application().and_then(|application| application.client_secret).unwrap_or_default()
    }

    fn own_application(&self) -> Option<Application> {
        self.exchange.applications().first().cloned()
    }

    /// Registers one more redirect URI for the gateway's application.
    pub fn allow_redirect(&self, uri: &str) {
        if let Some(own) = self.exchange.applications().first_mut() {
            own.redirect_uris.push(uri.to_owned());
        }
    }

    /// Registers one more application.
    pub fn register(&self, application: Application) {
        self.exchange.applications().push(application);
    }

    /// What was asked of it so far; the log goes on growing.
    pub fn log(&self) -> Log {
        self.exchange.log.clone()
    }

    /// Lets `endpoint` fail this way until it is cleared.
    pub fn fault(&self, endpoint: Endpoint, fault: Fault) {
        self.exchange.script.plan(endpoint, fault, None);
    }

    /// Lets the next `times` requests to `endpoint` fail this way.
    pub fn fault_times(&self, endpoint: Endpoint, fault: Fault, times: u32) {
        self.exchange.script.plan(endpoint, fault, Some(times));
    }

    /// Lets `endpoint` work again, and answers what hangs there.
    pub fn clear(&self, endpoint: Endpoint) {
        self.exchange.script.clear(endpoint);
    }

    /// Lets everything work again.
    pub fn clear_all(&self) {
        self.exchange.script.clear_all();
    }

    /// Refuses connections from now on, or takes them again on the same port. Returns when it does.
    pub async fn reachable(&self, reachable: bool) {
        self.wanted.send_replace(reachable);
        let mut is_open = self.is_open.clone();
        // Fails only when the server is gone, and then nothing is reachable.
        let _settled = is_open.wait_for(|open| *open == reachable).await;
    }

    /// Everybody who can log in.
    pub fn people(&self) -> &'static [Person] {
        &people::PEOPLE
    }

    /// A live backend access token of this person for the gateway's client, with `openid email`.
    ///
    /// # Errors
    /// When nobody has that login.
    pub fn issue_token(&self, login: &str) -> Result<String> {
        Ok(self.issue(login, &self.client_id(), "openid email", &[])?.access_token)
    }

    /// Tokens of this person for any client, scope and RFC 8707 resources.
    ///
    /// # Errors
    /// When nobody has that login.
    pub fn issue(
        &self,
        login: &str,
        client_id: &str,
        scope: &str,
        resources: &[&str],
    ) -> Result<Tokens> {
        let person =
            people::by_login(login).with_context(|| format!("nobody has the login {login}"))?;
        Ok(self.issue_to(Some(person), client_id, scope, resources))
    }

    /// A live token of the service account, which stands for nobody.
    pub fn issue_service_token(&self) -> String {
        self.issue_to(None, SERVICE_CLIENT, "openid email", &[]).access_token
    }

    fn issue_to(
        &self,
        person: Option<&'static Person>,
        client_id: &str,
        scope: &str,
        resources: &[&str],
    ) -> Tokens {
        let now = self.exchange.now();
        let grant = Grant {
            client_id: client_id.to_owned(),
            person,
            scope: scope.to_owned(),
            resources: resources.iter().map(|resource| (*resource).to_owned()).collect(),
            nonce: None,
            logged_in_at: now,
        };
        let pair = self.exchange.accounts().issue(&grant, now);
        Tokens { access_token: pair.access_token, refresh_token: pair.refresh_token }
    }

    /// Ends one token: an access token alone, a refresh token with its access token.
    pub fn revoke(&self, token: &str) {
        self.exchange.accounts().revoke(token);
    }

    /// Ends every login, code and token of this person.
    pub fn revoke_all(&self, login: &str) {
        if let Some(person) = people::by_login(login) {
            self.exchange.accounts().revoke_all(person);
        }
    }
}
