//! What becomes of each variable.

use std::net::SocketAddr;
use std::path::Path;

use url::Url;
use yaml_serde::Value;

use super::known::{Known, is_of_the_program};
use super::plan::{BackendPlan, ListenerPlan, Plan};
use super::report::{Report, Row, Verdict};
use super::variables::Variables;
use super::{KEYS, write};
use crate::config::SecretReference;

const STDIO: &str = "the callback of the stdio form: `fhir-mcp-core stdio` reads it, with a public client of its \
                     own. The gateway's callback is <public_url>/oauth/callback";
const SEED: &str = "read by the Exchange's own set-up command: leave it there. Its redirect must be \
                    <public_url>/oauth/callback";
const PROXY: &str = "no proxy is used: both programs must reach the Exchange directly";
const AUTHORITY: &str = "if the Exchange's certificate is signed by an authority of your own, name its PEM file \
                         under backend.authority, in mcp-core.yaml too";
const KEY_LOG: &str = "the gateway does not start while this is set; unset it";
const FORWARDED: &str = "name proxies of your own under server.trusted_proxies: there their X-Forwarded-For says by \
                         which address strangers are limited, and nothing else";

/// The outcome: a plan, if there is one, and the report.
#[derive(Debug)]
pub struct Import {
    plan: Option<Plan>,
    report: Report,
}

impl Import {
    /// `gateway.yaml`, if it could be written.
    pub fn gateway_yaml(&self) -> Option<String> {
        self.plan.as_ref().map(write::gateway)
    }

    /// `mcp-core.yaml`, if it could be written.
    pub fn core_yaml(&self) -> Option<String> {
        self.plan.as_ref().map(write::core)
    }

    /// What became of each variable.
    pub const fn report(&self) -> &Report {
        &self.report
    }
}

/// What is known so far. The steps read it in the order of [`Known::ALL`].
pub(super) struct Draft<'v> {
    pub(super) variables: &'v Variables,
    pub(super) secrets_dir: Option<&'v Path>,
    pub(super) rows: Vec<Row>,
    pub(super) public_url: Option<Url>,
    pub(super) listener: Option<ListenerPlan>,
    pub(super) redirect_uris: Vec<String>,
    pub(super) base_url: Option<Url>,
    pub(super) client_id: Option<String>,
    pub(super) client_secret: Option<SecretReference>,
    pub(super) browser_url: Option<Url>,
    pub(super) endpoints: Vec<(&'static str, Url)>,
    pub(super) plain_http: bool,
}

impl Draft<'_> {
    pub(super) fn say(&mut self, known: Known, verdict: Verdict, says: impl Into<String>) {
        let file = known.file_form().filter(|_| self.variables.file(known).is_some());
        let name = file.unwrap_or_else(|| known.name().to_owned());
        self.rows.push(Row::new(name, verdict, says));
    }

    /// Where a secret lies that has no variable.
    pub(super) fn secret_file(&self, name: &str) -> SecretReference {
        SecretReference::File(self.secrets_dir.unwrap_or_else(|| Path::new(KEYS)).join(name))
    }

    fn decide(&mut self, known: Known) {
        match known {
            Known::ResourceUrl => self.resource_url(),
            Known::HttpPort => self.http_port(),
            Known::BrokerKey => self.broker_key(),
            Known::AllowedRedirects => self.allowed_redirects(),
            Known::RequireAudience => self.require_audience(),
            Known::BaseUrl => self.base_url(),
            Known::ClientId => self.client_id(),
            Known::ClientSecret => self.client_secret(),
            Known::AuthorizeEndpoint => self.authorize_endpoint(),
            Known::TokenEndpoint => self.endpoint(known, "token", "o/token/"),
            Known::UserinfoEndpoint => self.endpoint(known, "userinfo", "o/userinfo/"),
            Known::RedirectUri => self.left_out(known, Verdict::NotNeeded, STDIO),
            Known::SeedClientId | Known::SeedClientSecret | Known::SeedRedirectUri => {
                self.left_out(known, Verdict::NotNeeded, SEED);
            }
            Known::NoProxy => self.left_out(known, Verdict::NotNeeded, "no proxy is used"),
            Known::HttpsProxy | Known::HttpProxy | Known::AllProxy => {
                self.left_out(known, Verdict::Decide, PROXY);
            }
            Known::SslCertFile | Known::SslCertDir => {
                self.left_out(known, Verdict::Decide, AUTHORITY);
            }
            Known::SslKeyLogFile => self.left_out(known, Verdict::Decide, KEY_LOG),
            Known::ForwardedAllowIps => self.left_out(known, Verdict::Decide, FORWARDED),
        }
    }

    /// What has no place in the configuration as it stands, if it is set.
    fn left_out(&mut self, known: Known, verdict: Verdict, says: &str) {
        if self.variables.value(known).or_else(|| self.variables.file(known)).is_some() {
            self.say(known, verdict, says);
        }
    }

    /// Names that are none of ours.
    fn unknown(&mut self) {
        for name in self.variables.names() {
            let file_form = |known: &Known| known.file_form().is_some_and(|form| form == name);
            if Known::of(name).is_some() || Known::ALL.iter().any(file_form) {
                continue;
            }
            let row = match Known::close_to(name) {
                Some(known) => {
                    let says = format!("no variable of jhe_mcp; is {} meant?", known.name());
                    Row::new(name, Verdict::Unknown, says)
                }
                None if is_of_the_program(name) => {
                    Row::new(name, Verdict::Unknown, "no variable of jhe_mcp; a typing mistake?")
                }
                None => Row::new(name, Verdict::NotNeeded, "no variable of jhe_mcp; left alone"),
            };
            self.rows.push(row);
        }
    }

    fn plan(&self) -> Option<Plan> {
        let listener = self.listener?;
        let port = |usual: u16| if listener.address.port() == usual { usual + 1 } else { usual };
        let plan = Plan {
            public_url: self.public_url.clone()?,
            listener,
            admin: SocketAddr::from(([127, 0, 0, 1], port(9100))),
            core: SocketAddr::from(([127, 0, 0, 1], port(8402))),
            ring: self.secret_file("ring-k1"),
            hop: self.secret_file("hop"),
            backend: BackendPlan {
                base_url: self.base_url.clone()?,
                public_url: self.browser_url.clone(),
                plain_http: self.plain_http,
                client_id: self.client_id.clone()?,
                client_secret: self.client_secret.clone()?,
                endpoints: self.endpoints.clone(),
            },
            redirect_uris: self.redirect_uris.clone(),
        };
        let unusable = self.rows.iter().any(|row| row.verdict == Verdict::Unusable);
        (!unusable).then_some(plan)
    }
}

/// Decides about all of them. `secrets_dir` is where secrets will lie as files; without it, a secret
/// that is a variable stays one. `found` is what was already found wrong.
pub fn decide(variables: &Variables, secrets_dir: Option<&Path>, found: Vec<Row>) -> Import {
    let mut draft = Draft {
        variables,
        secrets_dir,
        rows: found,
        public_url: None,
        listener: None,
        redirect_uris: Vec::new(),
        base_url: None,
        client_id: None,
        client_secret: None,
        browser_url: None,
        endpoints: Vec::new(),
        plain_http: false,
    };
    for known in Known::ALL {
        draft.decide(*known);
    }
    draft.unknown();
    let plan = draft.plan();
    let steps = plan.as_ref().map(write::steps).unwrap_or_default();
    Import { plan, report: Report::new(draft.rows, steps) }
}

/// What a value of the configuration's readers is called with.
pub(super) fn value(text: &str) -> Value {
    Value::String(text.to_owned())
}
