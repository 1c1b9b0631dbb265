//! What one person says of the backend and of their client there, on the command line or in the environment
//! of an MCP client's configuration; checked whole, and reported with every mistake at once.

use std::path::PathBuf;
use std::sync::Arc;

use authz::hop::HopBackend;
use authz::ids::BackendName;
use clap::Args;
use url::Url;

use crate::backend::profile::LiveProfiles;
use crate::config::{Authority, Mistakes};
use crate::login::registration::{is_loopback, under};
use crate::login::{Endpoints, Redirect, Registration, store};
use crate::tools::served;

/// The client and its backend.
#[derive(Args, Clone, Debug)]
pub struct Flags {
    /// The base URL of the backend.
    #[arg(long, env = "JHE_BASE_URL", value_name = "URL")]
    backend: String,
    /// The id of a public client at the backend, registered for the authorization code grant.
    #[arg(long, env = "JHE_CLIENT_ID", value_name = "ID")]
    client_id: String,
    /// Which profile describes the backend.
    #[arg(long, default_value = "jhe", value_name = "NAME")]
    profile: String,
    /// A folder of profiles beside the built-in ones.
    #[arg(long, value_name = "FOLDER")]
    profiles: Option<PathBuf>,
    /// Where a login comes back to, as registered; without a port, a free one is taken.
    #[arg(
        long,
        env = "JHE_REDIRECT_URI",
        value_name = "URL",
        default_value = "http://127.0.0.1/callback"
    )]
    redirect_uri: String,
    /// What a login asks for.
    #[arg(long, default_value = "openid email", value_name = "SCOPE")]
    scope: String,
    /// Where a browser logs in, if it is not where an Exchange has it.
    #[arg(long, env = "JHE_AUTHORIZE_ENDPOINT", value_name = "URL")]
    authorize_endpoint: Option<String>,
    /// Where tokens come from, if it is not where an Exchange has it.
    #[arg(long, env = "JHE_TOKEN_ENDPOINT", value_name = "URL")]
    token_endpoint: Option<String>,
    /// Where tokens are revoked, if it is not where an Exchange has it.
    #[arg(long, value_name = "URL")]
    revocation_endpoint: Option<String>,
    /// How the backend names itself in id tokens, if it is not as an Exchange does.
    #[arg(long, value_name = "URL")]
    issuer: Option<String>,
    /// The certificates of a private authority, in PEM, which alone is then trusted.
    #[arg(long, value_name = "FILE")]
    authority: Option<PathBuf>,
    /// Take http for a backend on this very computer.
    #[arg(long)]
    allow_plain_loopback: bool,
    /// Name the link for a login, and do not open the browser.
    #[arg(long)]
    no_browser: bool,
}

/// Flags that nothing needs to check again.
#[derive(Debug)]
pub struct Settings {
    pub(super) registration: Registration,
    pub(super) backend: HopBackend,
    pub(super) profiles: Arc<LiveProfiles>,
    pub(super) authority: Option<Authority>,
    pub(super) folder: PathBuf,
    pub(super) opens_browser: bool,
}

impl Flags {
    /// Checks everything, and contacts nobody.
    ///
    /// # Errors
    /// All the mistakes.
    pub fn check(self) -> Result<Settings, Mistakes> {
        let mut mistakes = Vec::new();
        let base_url = self.url("--backend", Some(&self.backend), &mut mistakes);
        let redirect = Redirect::parse(&self.redirect_uri);
        let redirect = redirect.map_err(|why| mistakes.push(format!("--redirect-uri: {why}"))).ok();
        let is_id = !self.client_id.is_empty()
            && self.client_id.bytes().all(|byte| byte.is_ascii_graphic());
        if !is_id || self.client_id.starts_with(['<', '$']) {
            mistakes.push("--client-id: must be the id of a client at the backend".to_owned());
        }
        if !self.scope.split(' ').any(|one| one == "openid") {
            let right = "must have openid in it, so that the backend says who logged in";
            mistakes.push(format!("--scope: {right}"));
        }
        let authority = self.authority.clone().map(Authority::read).transpose();
        let authority =
            authority.map_err(|why| mistakes.push(format!("--authority: {why}"))).ok().flatten();
        let folder = store::usual_folder();
        if folder.is_none() {
            mistakes.push("HOME: is not set; logins are kept below it".to_owned());
        }
        let profiles = self.profiles(&mut mistakes);
        let usual =
            profiles.as_ref().filter(|(_, is_exchange)| *is_exchange).and(base_url.as_ref());
        let endpoints = self.endpoints(usual, &mut mistakes);
        let all = (base_url, redirect, folder, profiles, endpoints);
        let (Some(base_url), Some(redirect), Some(folder), Some(profiles), Some(endpoints)) = all
        else {
            return Err(Mistakes(mistakes));
        };
        let name = BackendName::parse("backend");
        let Some(name) = name.ok().filter(|_| mistakes.is_empty()) else {
            return Err(Mistakes(mistakes));
        };
        let (endpoints, issuer) = endpoints;
        let Self { client_id, scope, profile, no_browser, .. } = self;
        Ok(Settings {
            backend: HopBackend { name, profile, base_url: base_url.clone() },
            registration: Registration { base_url, client_id, scope, redirect, endpoints, issuer },
            profiles: profiles.0,
            authority,
            folder,
            opens_browser: !no_browser,
        })
    }

    /// The profiles, and whether the chosen one describes an Exchange.
    fn profiles(&self, mistakes: &mut Vec<String>) -> Option<(Arc<LiveProfiles>, bool)> {
        let loaded = LiveProfiles::load(self.profiles.clone(), served::mistakes);
        let read = loaded.map_err(|why| mistakes.push(format!("--profiles: {why}"))).ok()?;
        let known = read.snapshot();
        let Some(described) = known.find(&self.profile) else {
            let names = known.names().collect::<Vec<_>>().join(", ");
            mistakes.push(format!("--profile: there is none of this name, there are {names}"));
            return None;
        };
        let is_exchange = described.rest.is_some();
        Some((Arc::new(read), is_exchange))
    }

    /// The OAuth endpoints and the issuer: as said, else as an Exchange at the base URL has them. They
    /// are not looked up in a document of the backend.
    fn endpoints(
        &self,
        exchange: Option<&Url>,
        mistakes: &mut Vec<String>,
    ) -> Option<(Endpoints, String)> {
        let usual = exchange.map(Endpoints::of_exchange);
        let said = [
            ("--authorize-endpoint", &self.authorize_endpoint),
            ("--token-endpoint", &self.token_endpoint),
            ("--revocation-endpoint", &self.revocation_endpoint),
        ];
        let [authorize, token, revoke] =
            said.map(|(flag, said)| self.url(flag, said.as_deref(), mistakes));
        let issuer = self.issuer.clone();
        let issuer = issuer.or_else(|| exchange.map(|base| under(base, "o").to_string()));
        let authorize = authorize.or_else(|| usual.clone().map(|usual| usual.authorize));
        let token = token.or_else(|| usual.clone().map(|usual| usual.token));
        let revoke = revoke.or_else(|| usual.and_then(|usual| usual.revoke));
        let missing = [
            ("--authorize-endpoint", authorize.is_none() && self.authorize_endpoint.is_none()),
            ("--token-endpoint", token.is_none() && self.token_endpoint.is_none()),
            ("--issuer", issuer.is_none()),
        ];
        // An Exchange has them all; without its base URL, that is the mistake.
        let is_said = |flag: &str| mistakes.iter().any(|one| one.starts_with(flag));
        if !is_said("--backend") && !is_said("--profile") {
            let missing = missing.into_iter().filter(|(_, is_missing)| *is_missing);
            let right = "is missing; only an Exchange has a usual one";
            mistakes.extend(missing.map(|(flag, _)| format!("{flag}: {right}")));
        }
        Some((Endpoints { authorize: authorize?, token: token?, revoke }, issuer?))
    }

    /// A URL that a token may be sent to, without slashes at its end if it is the base.
    fn url(&self, flag: &str, text: Option<&str>, mistakes: &mut Vec<String>) -> Option<Url> {
        let text = text?;
        let read = read(text, self.allow_plain_loopback);
        let mut url = read.map_err(|why| mistakes.push(format!("{flag}: {why}"))).ok()?;
        if flag == "--backend" {
            let path = url.path().trim_end_matches('/').to_owned();
            url.set_path(&path);
        }
        Some(url)
    }
}

fn read(text: &str, plain_loopback: bool) -> Result<Url, &'static str> {
    let url = Url::parse(text).map_err(|_| "must be a URL, such as https://jhe.example.org")?;
    let says_more = !url.username().is_empty()
        || url.password().is_some()
        || url.query().is_some()
        || url.fragment().is_some();
    if says_more {
        return Err("must have neither credentials nor a query nor a fragment");
    }
    match url.scheme() {
        "https" if url.host().is_some() => Ok(url),
        "http" if is_loopback(&url) && plain_loopback => Ok(url),
        "http" if is_loopback(&url) => {
            Err("must be https; for http on this very computer, add --allow-plain-loopback")
        }
        _ => Err("must be https"),
    }
}

#[cfg(test)]
mod tests;
