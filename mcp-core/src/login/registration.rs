//! Our client at the backend, and the URLs that a login uses. They come from the person's own flags, and
//! never from a document of the backend: whoever could change such a document would be sent the tokens.

use std::fmt;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use sha2::{Digest as _, Sha256};
use url::{Host, Url};

/// A public client (RFC 8252 §8.4): it has no secret, as whatever is on a person's computer is none.
#[derive(Clone, Debug)]
pub struct Registration {
    /// Where the backend is.
    pub base_url: Url,
    /// The client's id there.
    pub client_id: String,
    /// What a login asks for; `openid` is among it, so that the backend says who logged in.
    pub scope: String,
    /// Where the browser comes back to.
    pub redirect: Redirect,
    /// The backend's OAuth endpoints.
    pub endpoints: Endpoints,
    /// How the backend names itself in id tokens.
    pub issuer: String,
}

/// The backend's OAuth endpoints.
#[derive(Clone, Debug)]
pub struct Endpoints {
    /// RFC 6749 §3.1, in the browser.
    pub authorize: Url,
    /// RFC 6749 §3.2.
    pub token: Url,
    /// RFC 7009, where the backend has it.
    pub revoke: Option<Url>,
}

impl Endpoints {
    /// Those of an Exchange at this URL.
    pub fn of_exchange(base_url: &Url) -> Self {
        Self {
            authorize: under(base_url, "o/authorize/"),
            token: under(base_url, "o/token/"),
            revoke: Some(under(base_url, "o/revoke_token/")),
        }
    }
}

/// `path` below `base`, whether or not `base` ends in a slash.
pub(crate) fn under(base: &Url, path: &str) -> Url {
    let mut url = base.clone();
    url.set_path(&format!("{}/{path}", base.path().trim_end_matches('/')));
    url
}

impl Registration {
    /// What a stored login is bound to: the client, and every URL that is sent one of its tokens. 128 bits
    /// of SHA-256 in 22 characters that fit a file's name.
    pub fn binding(&self) -> String {
        let mut all = Sha256::new();
        let revoke = self.endpoints.revoke.as_ref().map_or("", Url::as_str);
        for part in [self.base_url.as_str(), self.endpoints.token.as_str(), revoke, &self.client_id]
        {
            all.update(part);
            all.update([0]);
        }
        URL_SAFE_NO_PAD.encode(all.finalize().get(..16).unwrap_or_default())
    }
}

/// A redirect URI on this computer (RFC 8252 §7.3).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Redirect(Url);

/// What a redirect URI must be.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "must be http://127.0.0.1, http://[::1] or http://localhost with a path, and no query; without a port, \
     a free one is taken"
)]
pub struct NotLoopback;

impl Redirect {
    /// Accepts `http` on loopback. Without a port, each login takes a free one.
    ///
    /// # Errors
    /// It leads elsewhere, or says more than host, port and path.
    pub fn parse(text: &str) -> Result<Self, NotLoopback> {
        let url = Url::parse(text).map_err(|_| NotLoopback)?;
        let plain = url.scheme() == "http"
            && url.username().is_empty()
            && url.password().is_none()
            && url.query().is_none()
            && url.fragment().is_none();
        if plain && is_loopback(&url) { Ok(Self(url)) } else { Err(NotLoopback) }
    }

    /// Where to listen; port 0 for any.
    pub(super) fn address(&self) -> SocketAddr {
        let ip = match self.0.host() {
            Some(Host::Ipv6(_)) => IpAddr::V6(Ipv6Addr::LOCALHOST),
            Some(Host::Ipv4(_) | Host::Domain(_)) | None => IpAddr::V4(Ipv4Addr::LOCALHOST),
        };
        SocketAddr::new(ip, self.0.port().unwrap_or(0))
    }

    /// The same with the port that was taken.
    pub(super) fn at(&self, port: u16) -> Url {
        let mut url = self.0.clone();
        // Fails only for a URL without a host.
        let _has_a_host = url.set_port(Some(port));
        url
    }
}

impl fmt::Display for Redirect {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// Whether a URL leads to this very computer.
pub(crate) fn is_loopback(url: &Url) -> bool {
    match url.host() {
        Some(Host::Ipv4(address)) => address == Ipv4Addr::LOCALHOST,
        Some(Host::Ipv6(address)) => address == Ipv6Addr::LOCALHOST,
        Some(Host::Domain(name)) => name == "localhost",
        None => false,
    }
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;

    pub(in crate::login) fn registration(base: &str, redirect: &str) -> Registration {
        let base_url = Url::parse(base).unwrap();
        Registration {
            endpoints: Endpoints::of_exchange(&base_url),
            issuer: under(&base_url, "o").to_string(),
            base_url,
            client_id: "laptop".to_owned(),
            scope: "openid email".to_owned(),
            redirect: Redirect::parse(redirect).unwrap(),
        }
    }

    #[test]
    fn a_redirect_uri_is_plain_loopback_and_nothing_else() {
        for good in
            ["http://127.0.0.1/callback", "http://localhost:8765/callback", "http://[::1]:1/"]
        {
            assert!(Redirect::parse(good).is_ok(), "{good}");
        }
        for bad in [
            "https://127.0.0.1/callback",
            "http://127.0.0.2/callback",
            "http://localhost.evil.example/callback",
            "http://127.0.0.1@evil.example/callback",
            "http://user@127.0.0.1/callback",
            "http://127.0.0.1/callback?a=b",
            "http://127.0.0.1/callback#a",
            "callback",
        ] {
            assert_eq!(Redirect::parse(bad), Err(NotLoopback), "{bad}");
        }
    }

    #[test]
    fn without_a_port_any_is_taken_and_with_one_that_one() {
        let any = Redirect::parse("http://127.0.0.1/callback").unwrap();
        assert_eq!(any.address().to_string(), "127.0.0.1:0");
        assert_eq!(any.at(4711).as_str(), "http://127.0.0.1:4711/callback");
        let fixed = Redirect::parse("http://localhost:8765/callback").unwrap();
        assert_eq!(fixed.address().to_string(), "127.0.0.1:8765");
    }

    #[test]
    fn whatever_is_sent_a_token_is_part_of_the_binding() {
        let usual = registration("https://jhe.example", "http://127.0.0.1/callback");
        let changes: [fn(&mut Registration); 4] = [
            |one| one.base_url = "https://other.example".parse().unwrap(),
            |one| one.client_id = "other".to_owned(),
            |one| one.endpoints.token = "https://other.example/o/token/".parse().unwrap(),
            |one| one.endpoints.revoke = None,
        ];
        for change in changes {
            let mut other = usual.clone();
            change(&mut other);
            assert_ne!(other.binding(), usual.binding());
        }
        let again = registration("https://jhe.example/", "http://127.0.0.1:1/callback");
        assert_eq!(usual.binding(), again.binding(), "a port of ours is none of it");
        assert_eq!(usual.binding().len(), 22);
    }
}
