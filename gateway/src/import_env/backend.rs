//! The variables `JHE_…`: the Exchange, our client there, and its endpoints.

use std::path::PathBuf;

use url::{Host, Url};

use super::decide::{Draft, value};
use super::known::Known;
use super::report::Verdict;
use crate::config::{SecretReference, backend_client_id, http_url, is_loopback, looks_made_up};

/// Suffixes of names that mean something inside one network alone.
const INSIDE: &[&str] = &[".svc", ".cluster.local", ".internal", ".local"];

impl Draft<'_> {
    pub(super) fn base_url(&mut self) {
        let known = Known::BaseUrl;
        if self.variables.value(known).is_none() {
            return self.say(known, Verdict::Unusable, "is missing: the URL of the Exchange");
        }
        if let Some(url) = self.url(known) {
            self.say(known, Verdict::Taken, "as backend.base_url");
            self.base_url = Some(url);
        }
    }

    pub(super) fn client_id(&mut self) {
        let known = Known::ClientId;
        let Some(text) = self.variables.value(known) else {
            let says = "is missing: the client id of the application at the Exchange";
            return self.say(known, Verdict::Unusable, says);
        };
        match backend_client_id(&value(text)) {
            Ok(id) => {
                self.say(
                    known,
                    Verdict::Taken,
                    "as backend.client_id; the application stays the same",
                );
                self.client_id = Some(id);
            }
            Err(why) => self.say(known, Verdict::Unusable, why),
        }
    }

    pub(super) fn client_secret(&mut self) {
        let known = Known::ClientSecret;
        let file = self.variables.file(known).map(PathBuf::from);
        let set = self.variables.value(known);
        let reference = match (file, self.secrets_dir, set) {
            (Some(file), _, _) => SecretReference::File(file),
            (None, None, Some(_)) => SecretReference::Env(known.name().to_owned()),
            (None, _, _) => self.secret_file(known.name()),
        };
        let (verdict, says) = match (set, &reference) {
            (Some(secret), _) if looks_made_up(secret) => (
                Verdict::Decide,
                "is a placeholder, or shorter than 8 characters: the gateway refuses it",
            ),
            (None, SecretReference::File(_)) if self.variables.file(known).is_none() => (
                Verdict::Decide,
                "is not set: introspection needs a confidential client. Give the application at the Exchange a \
                 secret, and put it where backend.client_secret says",
            ),
            (_, SecretReference::Env(_)) => {
                (Verdict::Taken, "as backend.client_secret; it stays this variable, of the gateway")
            }
            (_, SecretReference::File(_)) => {
                (Verdict::Taken, "as backend.client_secret, a file; put the secret there")
            }
        };
        self.say(known, verdict, says);
        self.client_secret = Some(reference);
    }

    pub(super) fn authorize_endpoint(&mut self) {
        let known = Known::AuthorizeEndpoint;
        if self.variables.value(known).is_none() {
            return self.browsers_need_a_way();
        }
        let (Some(url), Some(base)) = (self.url(known), self.base_url.clone()) else { return };
        let Some(browser) = without_suffix(&url, "o/authorize") else {
            let says = "as backend.endpoints.authorize; it is not below /o/: see whether backend.public_url and \
                        backend.issuers fit (`doctor`, row discovery)";
            self.say(known, Verdict::Decide, says);
            self.endpoints.push(("authorize", url));
            return;
        };
        if browser == base {
            return self.say(known, Verdict::Taken, "it is where it usually is; not written");
        }
        let says =
            "as backend.public_url, to which browsers are sent and by which id tokens are issued";
        self.say(known, Verdict::Taken, says);
        self.browser_url = Some(browser);
    }

    /// Without an authorize endpoint, browsers are sent to the base URL.
    fn browsers_need_a_way(&mut self) {
        let Some(base) = &self.base_url else { return };
        let public = self.public_url.as_ref();
        let elsewhere = is_loopback(base) && public.is_some_and(|url| !is_loopback(url));
        if is_inside(base) || elsewhere {
            let says = "is not set, and browsers do not reach JHE_BASE_URL from outside: set backend.public_url to \
                        the Exchange's public URL";
            self.say(Known::AuthorizeEndpoint, Verdict::Decide, says);
        }
    }

    pub(super) fn endpoint(&mut self, known: Known, name: &'static str, usual: &str) {
        if self.variables.value(known).is_none() {
            return;
        }
        let (Some(url), Some(base)) = (self.url(known), self.base_url.as_ref()) else { return };
        if without_suffix(&url, usual.trim_end_matches('/')).is_some_and(|url| url == *base) {
            return self.say(known, Verdict::Taken, "it is where it usually is; not written");
        }
        let says =
            format!("as backend.endpoints.{name}; those not named stay below backend.base_url");
        self.say(known, Verdict::Taken, says);
        self.endpoints.push((name, url));
    }

    /// The URL of the variable, without a slash at its end unless it is an endpoint's, and with https
    /// wherever http would be refused.
    fn url(&mut self, known: Known) -> Option<Url> {
        let text = self.variables.value(known)?;
        let Ok(mut url) = http_url(&value(text)) else {
            let says = "must be an http or https URL without credentials, query and fragment";
            self.say(known, Verdict::Unusable, says);
            return None;
        };
        if known == Known::BaseUrl {
            let path = url.path().trim_end_matches('/').to_owned();
            url.set_path(&path);
        }
        if url.scheme() == "https" || is_loopback(&url) {
            return Some(url);
        }
        if is_inside(&url) {
            let says = "plain http, inside your network: written with backend.allow_plain_http: true. Everybody who \
                        reads that network reads health data and tokens; use https if the Exchange can";
            self.say(known, Verdict::Decide, says);
            self.plain_http = true;
        } else if url.set_scheme("https").is_ok() {
            let says =
                "plain http is refused: written as https; see that the Exchange answers there";
            self.say(known, Verdict::Decide, says);
        }
        Some(url)
    }
}

/// Whether a name or address means something inside one network alone.
fn is_inside(url: &Url) -> bool {
    match url.host() {
        Some(Host::Ipv4(address)) => address.is_private(),
        Some(Host::Ipv6(address)) => address.is_unique_local(),
        Some(Host::Domain(name)) => {
            let name = name.trim_end_matches('.');
            name != "localhost"
                && (!name.contains('.') || INSIDE.iter().any(|suffix| name.ends_with(suffix)))
        }
        None => false,
    }
}

/// The URL above `suffix`, if it ends so, with or without a slash.
fn without_suffix(url: &Url, suffix: &str) -> Option<Url> {
    let path = url.path().trim_end_matches('/').strip_suffix(suffix)?.strip_suffix('/')?;
    let mut above = url.clone();
    above.set_path(path);
    Some(above)
}
