//! The OAuth authorization server that MCP clients see, as pure steps.
//!
//! A login is `authorize` → consent → `callback` → `token`. Each step validates what it was given
//! and returns what the shell has to do next; nothing is stored between them but sealed blobs that
//! travel through the client and the browser.

pub mod authorize;
pub mod callback;
pub mod client;
pub mod client_document;
pub mod consent;
pub mod error;
pub mod form;
pub mod issue;
pub mod no_grant;
pub mod register;
pub mod revoke;
pub mod token;

use std::time::Duration;

use crate::broker::client::KnownClients;
use crate::broker::form::Form;
use crate::ids::BackendName;
use crate::metadata::PublicUrls;
use crate::redirect_uri::RedirectPolicy;
use crate::scope::Scope;
use crate::seal::Sealer;
use crate::token::Admission;

/// How long a person may look at the consent page, and then at the backend's login.
pub const TRANSACTION_LIFETIME: Duration = Duration::from_secs(600);

/// How long a registration lives: longer than any session that began with it.
pub const REGISTRATION_LIFETIME: Duration = Duration::from_secs(365 * 24 * 3600);

/// The backend's own row makes a code single-use and ends it after a minute; ours only carries it.
pub const CODE_LIFETIME: Duration = Duration::from_secs(60);

/// How long what we issue lives.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Lifetimes {
    /// An access token, at most; never longer than the backend token inside.
    pub access_token: Duration,
    /// A session, from the login on, whatever is refreshed meanwhile.
    pub session: Duration,
}

/// Everything that the steps share: rules and keys, no connection to anything.
#[derive(Debug)]
pub struct Broker {
    /// Our public names.
    pub urls: PublicUrls,
    /// Seals and opens what travels through client and browser.
    pub sealer: Sealer,
    /// Which redirect URIs are acceptable, of clients that the operator did not name.
    pub redirects: RedirectPolicy,
    /// The clients that need not register.
    pub clients: KnownClients,
    /// What a client may ask for.
    pub scopes_supported: Scope,
    /// What a client that asks for nothing in particular gets offered.
    pub default_scope: Scope,
    /// What every grant must be bound to, and who is shut out.
    pub admission: Admission,
    /// The issuers that the backend may name in its authorization response (RFC 9207).
    pub backend_issuers: Vec<String>,
    /// How long what we issue lives.
    pub lifetimes: Lifetimes,
}

impl Broker {
    /// The backend in force.
    pub const fn backend(&self) -> &BackendName {
        &self.admission.backend
    }

    /// Whether `resource` (RFC 8707) names us, and us alone: our tokens are good for one resource.
    /// Case of scheme and host and a slash at the end are forgiven; absent means the only resource
    /// there is.
    pub(crate) fn is_our_resource(&self, form: &Form) -> bool {
        let mut named = form.resources();
        let Some(resource) = named.next() else { return true };
        if named.next().is_some() {
            return false;
        }
        if resource.contains('#') {
            return false;
        }
        let trimmed = |text: &str| {
            url::Url::parse(text).ok().map(|url| url.as_str().trim_end_matches('/').to_owned())
        };
        trimmed(resource).is_some() && trimmed(resource) == trimmed(&self.admission.resource)
    }
}

#[cfg(test)]
pub(crate) mod tests;
