//! What the authorization server remembers: logins, codes and tokens.

use std::collections::HashMap;
use std::sync::atomic::{AtomicU64, Ordering};

use jiff::{SignedDuration, Timestamp};
use sha2::{Digest, Sha256};

use super::people::Person;

/// An authorization code redeems once, within this time.
pub(super) const CODE_LIFE: SignedDuration = SignedDuration::from_secs(60);
/// Access tokens and login cookies live this long.
pub(super) const TOKEN_LIFE: SignedDuration = SignedDuration::from_secs(1_209_600);

/// An application that is registered at the Exchange.
#[derive(Clone, Debug)]
pub struct Application {
    /// Its `client_id`.
    pub client_id: String,
    /// Its secret; `None` for a public client.
    pub client_secret: Option<String>,
    /// The name on the consent page.
    pub name: String,
    /// Its redirect URIs, compared exactly.
    pub redirect_uris: Vec<String>,
    /// Whether the Exchange's own consent page is skipped.
    pub skips_consent: bool,
    /// A service account: it may use client credentials, and nothing else.
    pub service_account: bool,
}

/// What somebody granted to an application.
#[derive(Clone, Debug)]
pub(super) struct Grant {
    pub(super) client_id: String,
    /// Nobody, for a service account.
    pub(super) person: Option<&'static Person>,
    pub(super) scope: String,
    /// RFC 8707 resources the tokens are bound to; none means unbound.
    pub(super) resources: Vec<String>,
    pub(super) nonce: Option<String>,
    pub(super) logged_in_at: Timestamp,
}

impl Grant {
    pub(super) fn has_scope(&self, token: &str) -> bool {
        self.scope.split(' ').any(|granted| granted == token)
    }
}

#[derive(Clone, Debug)]
pub(super) struct Code {
    pub(super) grant: Grant,
    pub(super) redirect_uri: String,
    pub(super) challenge: String,
    pub(super) expires: Timestamp,
}

#[derive(Clone, Debug)]
pub(super) struct AccessToken {
    pub(super) grant: Grant,
    pub(super) expires: Timestamp,
    label: String,
}

#[derive(Clone, Debug)]
struct RefreshToken {
    grant: Grant,
    access_token: String,
    label: String,
}

/// A pair of new tokens.
#[derive(Clone, Debug)]
pub(super) struct Pair {
    pub(super) access_token: String,
    pub(super) refresh_token: Option<String>,
}

#[derive(Clone, Debug)]
struct Login {
    person: &'static Person,
    at: Timestamp,
}

/// Everything the authorization server remembers.
#[derive(Debug)]
pub(super) struct Accounts {
    seed: u64,
    drawn: u64,
    issued: u64,
    logins: HashMap<String, Login>,
    codes: HashMap<String, Code>,
    access: HashMap<String, AccessToken>,
    refresh: HashMap<String, RefreshToken>,
}

impl Accounts {
    /// Empty. Two of them in one process draw different tokens, in an order that repeats.
    pub(super) fn new() -> Self {
        static MADE: AtomicU64 = AtomicU64::new(0);
        Self {
            seed: MADE.fetch_add(1, Ordering::Relaxed),
            drawn: 0,
            issued: 0,
            logins: HashMap::new(),
            codes: HashMap::new(),
            access: HashMap::new(),
            refresh: HashMap::new(),
        }
    }

    /// 30 letters and digits that were not drawn before.
    pub(super) fn draw(&mut self) -> String {
        const ALPHABET: &[u8; 62] =
            b"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789";
        self.drawn += 1;
        let digest = Sha256::digest(format!("fake-exchange {} {}", self.seed, self.drawn));
        digest
            .iter()
            .take(30)
            .filter_map(|byte| ALPHABET.get(usize::from(*byte) % ALPHABET.len()))
            .map(|letter| char::from(*letter))
            .collect()
    }

    pub(super) fn log_in(&mut self, person: &'static Person, at: Timestamp) -> String {
        let cookie = self.draw();
        self.logins.insert(cookie.clone(), Login { person, at });
        cookie
    }

    /// Who is logged in with this cookie, and since when.
    pub(super) fn logged_in(
        &self,
        cookie: Option<&str>,
        now: Timestamp,
    ) -> Option<(&'static Person, Timestamp)> {
        let login = self.logins.get(cookie?)?;
        (now.duration_since(login.at) < TOKEN_LIFE).then_some((login.person, login.at))
    }

    pub(super) fn keep_code(&mut self, code: Code) -> String {
        let name = self.draw();
        self.codes.insert(name.clone(), code);
        name
    }

    pub(super) fn code(&self, name: &str) -> Option<&Code> {
        self.codes.get(name)
    }

    pub(super) fn spend_code(&mut self, name: &str) {
        self.codes.remove(name);
    }

    /// Issues tokens; a service account gets no refresh token.
    pub(super) fn issue(&mut self, grant: &Grant, now: Timestamp) -> Pair {
        self.issued += 1;
        let who = grant.person.map_or("service", |person| person.login);
        let label = format!("{who}#{}", self.issued);
        let access_token = self.draw();
        let refresh_token = grant.person.map(|_| self.draw());
        let expires = now.saturating_add(TOKEN_LIFE).unwrap_or(Timestamp::MAX);
        self.access.insert(
            access_token.clone(),
            AccessToken { grant: grant.clone(), expires, label: label.clone() },
        );
        if let Some(refresh) = &refresh_token {
            let access_token = access_token.clone();
            let grant = grant.clone();
            self.refresh.insert(refresh.clone(), RefreshToken { grant, access_token, label });
        }
        Pair { access_token, refresh_token }
    }

    /// The access token of this name, dead or alive; the caller looks at its expiry.
    pub(super) fn access(&self, name: &str) -> Option<&AccessToken> {
        self.access.get(name)
    }

    /// What a refresh token stands for, if it was issued to this client.
    pub(super) fn refresh_grant(&self, name: &str, client_id: &str) -> Option<&Grant> {
        self.refresh.get(name).map(|token| &token.grant).filter(|g| g.client_id == client_id)
    }

    /// Ends a refresh token and its access token, or an access token alone.
    pub(super) fn revoke(&mut self, name: &str) {
        if let Some(refresh) = self.refresh.remove(name) {
            self.access.remove(&refresh.access_token);
        }
        self.access.remove(name);
    }

    /// Ends every login and token of one person.
    pub(super) fn revoke_all(&mut self, person: &Person) {
        let theirs = |grant: &Grant| grant.person.is_some_and(|p| p.user_id == person.user_id);
        self.access.retain(|_, token| !theirs(&token.grant));
        self.refresh.retain(|_, token| !theirs(&token.grant));
        self.codes.retain(|_, code| !theirs(&code.grant));
        self.logins.retain(|_, login| login.person.user_id != person.user_id);
    }

    /// What the log calls a token.
    pub(super) fn label(&self, name: &str) -> String {
        let access = self.access.get(name).map(|token| token.label.clone());
        access
            .or_else(|| self.refresh.get(name).map(|token| format!("{} refresh", token.label)))
            .unwrap_or_else(|| "unknown".to_owned())
    }
}
