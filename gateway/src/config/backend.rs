//! The section `backend`: the one FHIR system behind us, its OAuth endpoints, and which of its
//! tokens are meant for us.

use std::time::Duration;

use authz::ids::BackendName;
use authz::principal::AudiencePolicy;
use secrecy::{ExposeSecret as _, SecretString};
use serde::Serialize;
use sha2::{Digest as _, Sha256};
use url::Url;
use yaml_serde::Value;

use super::audience::{self, AudienceRules};
use super::authority::{self, Authority};
use super::files::Environment;
use super::secret::{self, Secret};
use super::section::Section;
use super::values;

/// What is left of a name of 63 characters beside 16 digits.
const LONGEST_IN_BINDING: usize = 46;

/// The section `backend`.
#[derive(Clone, Debug, Serialize)]
pub struct Backend {
    /// The name that tokens and logs carry.
    pub name: BackendName,
    /// Which profile in core describes its habits.
    pub profile: String,
    /// As our two programs reach it.
    pub base_url: Url,
    /// As a person's browser reaches it.
    pub public_url: Url,
    /// Who signs its certificate; without it, whom the system trusts.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub authority: Option<Authority>,
    /// Our client there.
    pub client_id: String,
    /// Our client's secret there; a public client has none.
    pub client_secret: Option<Secret<SecretString>>,
    /// What we ask for there, whatever the client asked of us.
    pub scope: String,
    /// Its OAuth endpoints.
    pub endpoints: Endpoints,
    /// How it may name itself in id tokens and authorization responses. A backend that writes the
    /// Host it was asked under has two names where browsers and we use different URLs.
    pub issuers: Vec<String>,
    /// Where else its login leads a browser: an identity provider that it sends people to.
    pub login_origins: Vec<String>,
    /// What `check` shows of the audience rules.
    audience: AudienceRules,
    #[serde(skip)]
    audience_policy: AudiencePolicy,
    /// How we ask about tokens.
    pub introspection: IntrospectionLimits,
    /// For one request to its token, revocation or userinfo endpoint.
    #[serde(serialize_with = "values::serialize_duration")]
    pub deadline: Duration,
    /// For an answer of its token endpoint, which is taken even when the client has been told to try
    /// again after `deadline`: the backend may have spent the grant.
    #[serde(serialize_with = "values::serialize_duration")]
    pub token_deadline: Duration,
}

impl Backend {
    /// Which of its live tokens are meant for us.
    pub const fn audience(&self) -> &AudiencePolicy {
        &self.audience_policy
    }

    /// What logins are bound to: the name, and every URL that is sent one of its tokens. A login at
    /// one backend is none at another that took over its name.
    pub fn binding(&self) -> BackendName {
        let Endpoints { token, introspect, userinfo, revoke, .. } = &self.endpoints;
        let mut all = Sha256::new();
        for url in [&self.base_url, token, introspect, userinfo, revoke] {
            all.update(url.as_str());
            all.update([0]);
        }
        let digest = all.finalize();
        let digest = digest.iter().take(8).fold(0, |sum: u64, byte| (sum << 8) | u64::from(*byte));
        let name: String = self.name.as_str().chars().take(LONGEST_IN_BINDING).collect();
        // Made of what a name is made of, and short enough.
        BackendName::parse(&format!("{name}-{digest:016x}")).unwrap_or_else(|_| self.name.clone())
    }

    /// Whether `other` is configured alike, down to what stands in the files.
    pub fn is_same(&self, other: &Self) -> bool {
        let secret = |backend: &Self| {
            backend.client_secret.as_ref().map(|secret| secret.expose().expose_secret().to_owned())
        };
        // Everything but the secret and what the authority's file holds is serialised; what cannot be compared is not the same.
        let shown = |backend: &Self| serde_json::to_value(backend).ok();
        shown(self).is_some_and(|one| Some(one) == shown(other))
            && secret(self) == secret(other)
            && self.authority == other.authority
    }
}

/// The OAuth endpoints of the backend.
#[derive(Clone, Debug, Serialize)]
pub struct Endpoints {
    /// RFC 6749 §3.1, in the browser.
    pub authorize: Url,
    /// RFC 6749 §3.2.
    pub token: Url,
    /// RFC 7662.
    pub introspect: Url,
    /// OpenID Connect Core §5.3.
    pub userinfo: Url,
    /// RFC 7009.
    pub revoke: Url,
    /// The keys of its id tokens (RFC 7517).
    pub jwks: Url,
}

/// How we ask the backend about tokens.
#[derive(Clone, Debug, Serialize)]
pub struct IntrospectionLimits {
    /// How long "active" is believed; at most a minute.
    #[serde(serialize_with = "values::serialize_duration")]
    pub lifetime: Duration,
    /// For one question.
    #[serde(serialize_with = "values::serialize_duration")]
    pub deadline: Duration,
    /// Questions at the same time.
    pub in_flight: u32,
}

pub(super) fn read(mut section: Section<'_>, environment: Environment<'_>) -> Option<Backend> {
    let name = section.required("name", backend_name);
    let profile = section.or("profile", "jhe".to_owned(), values::text);
    let plain_http = section.or("allow_plain_http", false, values::switch).unwrap_or(false);
    let backend_url = |value: &Value| backend_url(value, plain_http);
    let base_url = section.required("base_url", backend_url);
    let public_url = section.optional("public_url", backend_url);
    let authority = section.optional("authority", authority::read(environment));
    let client_id = section.required("client_id", client_id);
    let client_secret = section.optional("client_secret", secret::text(environment));
    let scope = section.or("scope", "openid email".to_owned(), values::text);
    let issuers = section.list("issuers", values::text);
    let login_origins = section.list("login_origins", login_origin);
    let deadline = section.or("deadline", Duration::from_secs(5), within_seconds(30));
    let token_deadline = section.or("token_deadline", Duration::from_secs(30), within_seconds(60));
    if let (Some(wait), Some(most)) = (deadline, token_deadline)
        && most < wait
    {
        section.wrong("token_deadline", "must not be shorter than backend.deadline");
    }
    let introspection = introspection(section.section("introspection"));
    let audience = audience::read(section.section("audience"));
    // Judged before anything is given up, so that this mistake is named with the others.
    let audience_policy = audience.as_ref().and_then(|rules| {
        let own = client_id.as_deref().unwrap_or("unnamed");
        rules.policy(own).map_err(|why| section.wrong("audience", why)).ok()
    });
    let base_url = base_url?;
    let public_url = public_url?.unwrap_or_else(|| base_url.clone());
    let endpoints = endpoints(section.section("endpoints"), &base_url, &public_url, plain_http);
    let named = issuers?;
    let issuers = if named.is_empty() { usual_issuers(&public_url, &base_url) } else { named };
    Some(Backend {
        name: name?,
        profile: profile?,
        base_url,
        public_url,
        authority: authority?,
        client_id: client_id?,
        client_secret: client_secret?,
        scope: scope?,
        endpoints: endpoints?,
        issuers,
        login_origins: login_origins?,
        audience: audience?,
        audience_policy: audience_policy?,
        introspection: introspection?,
        deadline: deadline?,
        token_deadline: token_deadline?,
    })
}

fn usual_issuers(public_url: &Url, base_url: &Url) -> Vec<String> {
    let mut issuers = vec![under(public_url, "o").to_string(), under(base_url, "o").to_string()];
    issuers.dedup();
    issuers
}

fn backend_name(value: &Value) -> Result<BackendName, String> {
    BackendName::parse(&values::text(value)?).map_err(|_| "must be made of a-z, 0-9, -".to_owned())
}

pub(crate) fn client_id(value: &Value) -> Result<String, String> {
    let text = values::text(value)?;
    if text.starts_with(['<', '$']) || text.eq_ignore_ascii_case("changeme") {
        return Err("is a placeholder; register a client at the backend".to_owned());
    }
    Ok(text)
}

fn backend_url(value: &Value, plain_http: bool) -> Result<Url, String> {
    let url = values::url(value)?;
    if url.scheme() == "http" && !plain_http && !values::is_loopback(&url) {
        return Err("must be https; http is for loopback, or for a network that nobody else \
                    reads, with backend.allow_plain_http: true"
            .to_owned());
    }
    Ok(url)
}

/// An origin as a browser compares it: scheme, host and port, and nothing behind.
fn login_origin(value: &Value) -> Result<String, String> {
    let url = values::url(value)?;
    let origin = url.origin().ascii_serialization();
    let is_bare = url.as_str().trim_end_matches('/') == origin;
    if url.scheme() == "https" && is_bare {
        Ok(origin)
    } else {
        Err("must be an https origin such as https://login.example.org".to_owned())
    }
}

fn endpoints(
    mut section: Section<'_>,
    base_url: &Url,
    public_url: &Url,
    plain_http: bool,
) -> Option<Endpoints> {
    let backend_url = |value: &Value| backend_url(value, plain_http);
    let authorize = section.or("authorize", under(public_url, "o/authorize/"), backend_url);
    let token = section.or("token", under(base_url, "o/token/"), backend_url);
    let introspect = section.or("introspect", under(base_url, "o/introspect/"), backend_url);
    let userinfo = section.or("userinfo", under(base_url, "o/userinfo/"), backend_url);
    let revoke = section.or("revoke", under(base_url, "o/revoke_token/"), backend_url);
    let jwks = section.or("jwks", under(base_url, "o/.well-known/jwks.json"), backend_url);
    Some(Endpoints {
        authorize: authorize?,
        token: token?,
        introspect: introspect?,
        userinfo: userinfo?,
        revoke: revoke?,
        jwks: jwks?,
    })
}

/// `path` below `base`, whether or not `base` ends in a slash.
fn under(base: &Url, path: &str) -> Url {
    let mut url = base.clone();
    url.set_path(&format!("{}/{path}", base.path().trim_end_matches('/')));
    url
}

fn introspection(mut section: Section<'_>) -> Option<IntrospectionLimits> {
    let minute = Duration::from_secs(60);
    let lifetime = values::duration_within(Duration::from_millis(1), minute);
    let lifetime = section.or("lifetime", minute, lifetime);
    let deadline = section.or("deadline", Duration::from_secs(2), within_seconds(10));
    let in_flight = section.or("in_flight", 4, values::count_within(1, 64));
    Some(IntrospectionLimits { lifetime: lifetime?, deadline: deadline?, in_flight: in_flight? })
}

fn within_seconds(most: u64) -> impl Fn(&Value) -> Result<Duration, String> {
    values::duration_within(Duration::from_millis(10), Duration::from_secs(most))
}

#[cfg(test)]
mod tests;
