//! The stations of an MCP call, in order: token, seal, limits, introspection, principal, body,
//! policy. Each can stop it.

use authz::mcp_call::{Action, McpCall};
use authz::principal::{Principal, Unestablished};
use authz::rejection::{Rejection, RejectionCode};
use authz::seal::Unsealable;
use authz::target::TargetPatient;
use authz::token::{AccessClaims, AccessToken, NoToken, NotAdmitted};
use http::Method;
use pingora::proxy::Session;

use crate::body;
use crate::context::Context;
use crate::fault::{Fault, Stop};
use crate::shared::Shared;
use crate::{forward, limiting};

/// Permits a call and seals the hop for it, or stops it.
pub(crate) async fn admit(
    gateway: &Shared,
    session: &mut Session,
    context: &mut Context,
) -> Result<(), Stop> {
    let token = AccessToken::from_headers(&session.req_header().headers)
        .map_err(|no| gateway.unauthenticated(no.into()))?;
    let claims = gateway.open(&token)?;
    context.caller = Some((claims.grant.subject.clone(), claims.grant.client.clone()));
    limiting::charge_call(context, &claims.grant).await?;
    let principal = gateway.authenticate(context, &token, claims).await?;
    if session.req_header().method != Method::POST {
        return Err(RejectionCode::MethodNotAllowed.into());
    }
    let server = &gateway.config.server;
    // What is read here is kept, and replayed to core as it was.
    session.enable_retry_buffering();
    let most = usize::try_from(server.caps.body_bytes).unwrap_or(usize::MAX);
    let asked = gateway.clock.monotonic();
    let body = body::read_bounded(session, body::Limits::of(server, most)).await?;
    context.upstream.client = gateway.clock.monotonic().saturating_sub(asked);
    let call = McpCall::parse(&body).map_err(|_| Stop::from(RejectionCode::MalformedCall))?;
    gateway.describe(context, &call, &body);
    let permit = gateway
        .policy
        .decide(call, principal)
        .map_err(|(denial, call)| Stop::Refuse(Rejection::denied(denial, call.id())))?;
    limiting::charge_weight(context, permit.principal().subject(), permit.weight()).await?;
    context.hop = Some(forward::seal(gateway, permit, &context.request_id, &body));
    Ok(())
}

/// Why nobody is believed to be logged in.
#[derive(Clone, Copy)]
enum NoLogin {
    Missing,
    Malformed,
    Invalid,
    Expired,
    Denied,
    EndedAtBackend,
    WrongAudience,
}

impl From<NoToken> for NoLogin {
    fn from(no: NoToken) -> Self {
        match no {
            NoToken::Missing => Self::Missing,
            NoToken::Malformed => Self::Malformed,
        }
    }
}

impl NoLogin {
    const fn code(self) -> RejectionCode {
        match self {
            Self::Missing => RejectionCode::TokenMissing,
            Self::Malformed => RejectionCode::TokenMalformed,
            Self::Invalid => RejectionCode::TokenInvalid,
            Self::Expired => RejectionCode::TokenExpired,
            Self::Denied => RejectionCode::Denied,
            Self::EndedAtBackend => RejectionCode::BackendTokenInactive,
            Self::WrongAudience => RejectionCode::WrongAudience,
        }
    }
}

impl Shared {
    fn unauthenticated(&self, why: NoLogin) -> Stop {
        Stop::Refuse(Rejection::unauthenticated(why.code(), self.offered_scope().clone()))
    }

    /// The answer when the backend refused a token that introspection had vouched for.
    pub(crate) fn refused_by_backend(&self) -> Stop {
        self.unauthenticated(NoLogin::EndedAtBackend)
    }

    fn open(&self, token: &AccessToken) -> Result<AccessClaims, Stop> {
        let claims = token.open(&self.broker.sealer, self.clock.now()).map_err(|why| {
            self.unauthenticated(match why {
                Unsealable::Invalid => NoLogin::Invalid,
                Unsealable::Expired => NoLogin::Expired,
            })
        })?;
        self.broker.admission.admits(&claims.grant).map_err(|why| {
            self.unauthenticated(match why {
                NotAdmitted::BoundElsewhere => NoLogin::Invalid,
                NotAdmitted::Denied => NoLogin::Denied,
            })
        })?;
        Ok(claims)
    }

    async fn authenticate(
        &self,
        context: &mut Context,
        token: &AccessToken,
        claims: AccessClaims,
    ) -> Result<Principal, Stop> {
        let key = self.introspections.key(token);
        context.cached_under = Some(key);
        let asked = self.clock.monotonic();
        let answer = self.introspections.introspect(key, &claims.backend_token).await;
        context.upstream.backend = self.clock.monotonic().saturating_sub(asked);
        let answer = answer?;
        let now = self.clock.now();
        match Principal::establish(claims, &answer, &self.audience, now) {
            Ok(principal) => Ok(principal),
            Err(Unestablished::Inactive | Unestablished::Expired) => {
                Err(self.unauthenticated(NoLogin::EndedAtBackend))
            }
            Err(
                Unestablished::WrongAudience
                | Unestablished::NoPerson
                | Unestablished::OtherSubject,
            ) => {
                self.introspections.distrust(key).await;
                Err(self.unauthenticated(NoLogin::WrongAudience))
            }
            Err(Unestablished::CannotKnow) => {
                self.introspections.forget(&key).await;
                Err(Fault::BackendAnswer("introspection without a client").into())
            }
        }
    }

    /// What the records say about a call: names out of closed sets only.
    fn describe(&self, context: &mut Context, call: &McpCall, body: &[u8]) {
        context.method = Some(call.method());
        context.call = call.id().cloned();
        if let Action::CallTool(tool) = call.action() {
            let known = self.policy.rows().any(|(row, _)| row == tool.as_str());
            context.tool = Some(if known { tool.to_string() } else { "unlisted".to_owned() });
        }
        let Some(pseudonyms) = self.pseudonyms.as_ref() else { return };
        let patients = TargetPatient::of(call, body).into_iter();
        let backend = &self.hop_backend.name;
        context.patients = patients.map(|patient| pseudonyms.of(backend, &patient)).collect();
    }
}
