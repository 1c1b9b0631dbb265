//! More requests at once than we can answer well, or than their client takes answers to: what comes beyond
//! is told so before it costs anything, its token not even opened.

use std::time::Duration;

use authz::rejection::{Rejection, RejectionCode};

use pingora::proxy::Session;

use crate::context::Counted;
use crate::listener::Conduct;
use crate::shared::Shared;

/// When there may be room again.
const RETRY_AFTER: Duration = Duration::from_secs(1);

/// A place among the requests at work, if there is one. Whoever only waits for a stranger's body
/// holds none: strangers who trickle theirs in would take them all.
pub(crate) fn enter(gateway: &Shared, session: &Session) -> Result<Counted, Rejection> {
    let at_work = &gateway.metrics.at_work;
    let place = Counted::enter(at_work);
    let is_stuck = Conduct::of(session).is_some_and(Conduct::takes_no_answers);
    if is_stuck || at_work.get() > i64::from(gateway.config.server.caps.requests) {
        return Err(Rejection::later(RejectionCode::Overloaded, RETRY_AFTER));
    }
    Ok(place)
}
