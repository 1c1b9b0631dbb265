//! Where a request meets the limits: who it is counted under, and the refusal.

use std::net::IpAddr;

use authz::ids::Subject;
use authz::rejection::{Rejection, RejectionCode};
use authz::token::Grant;
use http::{HeaderName, HeaderValue};
use pingora::protocols::l4::socket::SocketAddr;
use pingora::proxy::Session;

use crate::context::Context;
use crate::fault::{Fault, Stop};
use crate::rate_limit::{Anonymous, Exceeded, Limit};
use crate::shared::Shared;

const FORWARDED_FOR: HeaderName = HeaderName::from_static("x-forwarded-for");

/// The address that a request comes from, as our own proxies see it where there are some.
pub(crate) fn client_address(session: &Session, gateway: &Shared) -> Option<IpAddr> {
    let Some(SocketAddr::Inet(peer)) = session.client_addr() else { return None };
    let lines = session.req_header().headers.get_all(&FORWARDED_FOR);
    let lines: Vec<&[u8]> = lines.iter().map(HeaderValue::as_bytes).collect();
    Some(gateway.config.server.trusted_proxies.client(peer.ip(), lines.into_iter()))
}

/// Charges a request of nobody in particular to the address that it comes from.
pub(crate) async fn charge_stranger(
    context: &mut Context,
    for_what: Anonymous,
) -> Result<(), Stop> {
    let address = context.address.ok_or(Fault::Internal("a connection without an address"))?;
    let step = context.gateway.limits.charge_stranger(for_what, address).await;
    context.limited.note(step).map_err(refusal)
}

/// Charges a call to its subject and its client, and takes a place among the subject's calls. It
/// comes after the seal has proven who it is: nobody burns another's allowance.
pub(crate) async fn charge_call(context: &mut Context, grant: &Grant) -> Result<(), Stop> {
    let step = context.gateway.limits.admit(&grant.subject, &grant.client).await;
    context.limited.note(step).map_err(refusal)?;
    let (place, step) = context.gateway.limits.enter(&grant.subject);
    context.limited.note(step).map_err(refusal)?;
    context.place = Some(place);
    Ok(())
}

/// Charges what a tool of this weight takes beyond one call.
pub(crate) async fn charge_weight(
    context: &mut Context,
    subject: &Subject,
    weight: u32,
) -> Result<(), Stop> {
    let step = context.gateway.limits.weigh(subject, weight).await;
    context.limited.note(step).map_err(refusal)
}

fn refusal(over: Exceeded) -> Stop {
    let code = match over.limit {
        Limit::Concurrency => RejectionCode::TooManyInFlight,
        Limit::Subject
        | Limit::Client
        | Limit::Register
        | Limit::Authorize
        | Limit::Token
        | Limit::Registrations
        // Nobody is refused for what is written down about him.
        | Limit::Records
        | Limit::AllRecords => RejectionCode::RateLimited,
    };
    Rejection::later(code, over.retry_after).into()
}
