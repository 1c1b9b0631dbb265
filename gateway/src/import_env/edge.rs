//! The variables `MCP_…`: who the gateway says it is, where it listens, whom it lets back.

use std::net::SocketAddr;

use authz::redirect_uri::RedirectPolicy;

use super::decide::{Draft, value};
use super::known::Known;
use super::plan::ListenerPlan;
use super::report::Verdict;
use crate::config::{http_url, is_loopback, redirect_uri};

/// Where `jhe_mcp` listens if nobody says otherwise.
const USUAL_PORT: u16 = 8401;

impl Draft<'_> {
    pub(super) fn resource_url(&mut self) {
        let known = Known::ResourceUrl;
        let Some(text) = self.variables.value(known) else {
            let says = "is missing: the origin under which clients reach the gateway, such as \
                        https://gateway.example.org; no address is assumed";
            return self.say(known, Verdict::Unusable, says);
        };
        let read = http_url(&value(text));
        let Some(mut url) = read.ok().filter(|url| !url.host_str().unwrap_or("*").contains('*'))
        else {
            let says =
                "must be an http or https URL of one host, without credentials, query and fragment";
            return self.say(known, Verdict::Unusable, says);
        };
        let path = url.path().trim_end_matches('/').to_owned();
        url.set_path("");
        if url.scheme() == "http" && !is_loopback(&url) && url.set_scheme("https").is_ok() {
            let says = "http is for loopback only: written as https. Clients need the URL with https, and the \
                        callback at the Exchange as well";
            self.say(known, Verdict::Decide, says);
        }
        if !path.is_empty() && path != "/mcp" {
            let says = "the gateway stands at an origin: the path is left out. Clients use <origin>/mcp, and the \
                        callback is <origin>/oauth/callback";
            self.say(known, Verdict::Decide, says);
        }
        let says = "as server.public_url; clients keep <origin>/mcp, the Exchange keeps <origin>/oauth/callback";
        self.say(known, Verdict::Taken, says);
        self.public_url = Some(url);
    }

    pub(super) fn http_port(&mut self) {
        let known = Known::HttpPort;
        let port = match self.variables.value(known).map(str::parse::<u16>) {
            None => USUAL_PORT,
            Some(Ok(port)) if port > 0 => {
                self.say(known, Verdict::Taken, "as the port of server.listeners");
                port
            }
            Some(_) => {
                return self.say(known, Verdict::Unusable, "must be a port, 1 to 65535");
            }
        };
        let plain = self.public_url.as_ref().is_some_and(|url| url.scheme() == "http");
        let address = if plain { [127, 0, 0, 1] } else { [0, 0, 0, 0] };
        let says = if plain {
            "the listener is on loopback alone, as the public URL is; off loopback it would need a certificate"
        } else {
            "the listener speaks TLS and needs certificate and key: plain HTTP is served on loopback alone. A proxy \
             or route in front must speak TLS to it, or pass TLS through. Probes go to server.admin"
        };
        self.say(known, Verdict::Stricter, says);
        self.listener =
            Some(ListenerPlan { address: SocketAddr::from((address, port)), tls: !plain });
    }

    pub(super) fn broker_key(&mut self) {
        let known = Known::BrokerKey;
        if self.variables.value(known).or_else(|| self.variables.file(known)).is_some() {
            let says = "what it sealed is of another form and does not open here, so everybody logs in once more; \
                        keys.ring and keys.hop are new keys of 32 random bytes each";
            self.say(known, Verdict::NotNeeded, says);
        }
    }

    pub(super) fn allowed_redirects(&mut self) {
        let known = Known::AllowedRedirects;
        let (mut taken, mut loopback) = (Vec::new(), 0_usize);
        let entries = self.variables.value(known).unwrap_or_default().split(',').map(str::trim);
        for (at, entry) in entries.filter(|entry| !entry.is_empty()).enumerate() {
            match redirect_uri(&value(entry)) {
                Ok(_) if RedirectPolicy::default().accept(entry).is_some() => loopback += 1,
                Ok(uri) if taken.contains(&uri) => {}
                Ok(uri) => taken.push(uri),
                Err(why) => {
                    let says = format!("entry {} is left out: it {why}", at + 1);
                    self.say(known, Verdict::Decide, says);
                }
            }
        }
        if !taken.is_empty() {
            let says = format!("as clients.allowed_redirect_uris, {} of them", taken.len());
            self.say(known, Verdict::Taken, says);
        }
        if loopback > 0 {
            let says = "loopback is allowed on every port anyway; such entries are left out";
            self.say(known, Verdict::NotNeeded, says);
        }
        let says = "a client registers https redirects on the hosts of clients.allowed_redirect_hosts alone (the \
                    known hosted clients are written there), or exactly as allowed_redirect_uris have them";
        self.say(known, Verdict::Stricter, says);
        self.redirect_uris = taken;
    }

    pub(super) fn require_audience(&mut self) {
        let known = Known::RequireAudience;
        let set = self.variables.value(known).map(str::to_ascii_lowercase);
        match set.as_deref() {
            Some("1" | "true" | "yes") => {
                self.say(known, Verdict::Taken, "as backend.audience.own_client; it is always on");
            }
            None => {
                let says = "the audience is always checked, by introspection; there is no switch. When the Exchange \
                            cannot be asked, calls are answered 503";
                self.say(known, Verdict::Stricter, says);
            }
            Some(_) => {
                let says = "no longer available: the audience is always checked. See that the Exchange lets this \
                            client introspect (`doctor`, row introspection); without it every call is answered 503";
                self.say(known, Verdict::Decide, says);
            }
        }
    }
}
