//! From claims to a principal: a person whose token is live, ours and unexpired.

use crate::ids::{BackendName, ClientRef, Subject};
use crate::introspection::{Claims, Introspection};
use crate::scope::Scope;
use crate::secret::BackendToken;
use crate::time::Timestamp;
use crate::token::AccessClaims;

/// Which live backend tokens are meant for us. Every rule that is configured must hold, and at
/// least one is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AudiencePolicy {
    clients: Vec<String>,
    scope: Option<String>,
    audience: Option<String>,
}

/// No rule at all: every live token of the backend would be let in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "at least one audience rule is needed: own_client, allowed_clients, required_scope or required_audience"
)]
pub struct NoAudienceRule;

impl AudiencePolicy {
    /// A policy of these rules: the token's client is one of `clients` (if any are named), its
    /// scope has `scope`, its audience has `audience`.
    pub fn new(
        clients: Vec<String>,
        scope: Option<String>,
        audience: Option<String>,
    ) -> Result<Self, NoAudienceRule> {
        if clients.is_empty() && scope.is_none() && audience.is_none() {
            return Err(NoAudienceRule);
        }
        Ok(Self { clients, scope, audience })
    }

    /// Whether tokens that were issued to `client` may count.
    pub fn names(&self, client: &str) -> bool {
        self.clients.is_empty() || self.clients.iter().any(|known| known == client)
    }

    /// Whether every token that counts here counts by `other`, too.
    pub fn is_stricter_than(&self, other: &Self) -> bool {
        let kept = !self.clients.is_empty() && self.clients.iter().all(|one| other.names(one));
        let same =
            |own: &Option<String>, others: &Option<String>| others.is_none() || own == others;
        (other.clients.is_empty() || kept)
            && same(&self.scope, &other.scope)
            && same(&self.audience, &other.audience)
    }

    fn admits(&self, claims: &Claims) -> Result<(), Unestablished> {
        let client = match &claims.client_id {
            _ if self.clients.is_empty() => true,
            // The rule needs a name and there is none: that is no refusal, it is no answer.
            None => return Err(Unestablished::CannotKnow),
            Some(client) => self.clients.contains(client),
        };
        let scope = self.scope.as_ref().is_none_or(|scope| claims.scope.contains(scope));
        let audience = self.audience.as_ref().is_none_or(|aud| claims.audience.contains(aud));
        if client && scope && audience { Ok(()) } else { Err(Unestablished::WrongAudience) }
    }
}

/// Why there is no principal.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Unestablished {
    /// The backend says that the token is not live.
    #[error("the backend token is not active")]
    Inactive,
    /// Live, and meant for somebody else.
    #[error("the backend token is for another audience")]
    WrongAudience,
    /// Live, and nobody's: a service account.
    #[error("no person stands behind the backend token")]
    NoPerson,
    /// Live, and another person's than the seal says.
    #[error("the backend token is another person's")]
    OtherSubject,
    /// Past its end.
    #[error("the backend token has expired")]
    Expired,
    /// The answer lacks what the audience rule needs.
    #[error("the introspection answer does not name the client")]
    CannotKnow,
}

/// A person whose token has been established. Only [`Principal::establish`] makes one.
#[derive(Clone, Debug)]
pub struct Principal {
    subject: Subject,
    client: ClientRef,
    scope: Scope,
    backend: BackendName,
    backend_token: BackendToken,
}

impl Principal {
    /// Believes the sealed claims if the backend vouches for the token inside.
    pub fn establish(
        claims: AccessClaims,
        answer: &Introspection,
        audience: &AudiencePolicy,
        now: Timestamp,
    ) -> Result<Self, Unestablished> {
        vouched(answer, &claims.grant.subject, audience, now)?;
        let AccessClaims { grant, backend_token, .. } = claims;
        Ok(Self {
            subject: grant.subject,
            client: grant.client,
            scope: grant.scope,
            backend: grant.backend,
            backend_token,
        })
    }

    /// The person.
    pub const fn subject(&self) -> &Subject {
        &self.subject
    }

    /// The client that the person uses.
    pub const fn client(&self) -> &ClientRef {
        &self.client
    }

    /// What was granted.
    pub const fn scope(&self) -> &Scope {
        &self.scope
    }

    /// The backend that the person logged in at.
    pub const fn backend(&self) -> &BackendName {
        &self.backend
    }

    pub(crate) fn into_parts(self) -> (Subject, ClientRef, Scope, BackendName, BackendToken) {
        (self.subject, self.client, self.scope, self.backend, self.backend_token)
    }
}

/// Whether `answer` vouches for a token of `subject`; asked when a token is minted and again at
/// every use.
pub(crate) fn vouched(
    answer: &Introspection,
    subject: &Subject,
    audience: &AudiencePolicy,
    now: Timestamp,
) -> Result<(), Unestablished> {
    let Introspection::Active(claims) = answer else {
        return Err(Unestablished::Inactive);
    };
    if claims.expires_at.is_some_and(|end| end <= now) {
        return Err(Unestablished::Expired);
    }
    audience.admits(claims)?;
    if !claims.names_a_person {
        return Err(Unestablished::NoPerson);
    }
    match &claims.subject {
        Some(other) if other != subject.as_str() => Err(Unestablished::OtherSubject),
        _ => Ok(()),
    }
}

#[cfg(test)]
pub(crate) mod tests;
