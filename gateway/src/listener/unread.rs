//! The answer to what never became a request, and its record: like that of any other refusal.

use std::net::IpAddr;

use authz::rejection::{Rejection, RejectionCode};

use super::Door;
use crate::context::{Context, Stage};
use crate::record;
use crate::shared::Shared;

/// Records the refusal of what is not read any further; the bytes of its answer.
pub(super) async fn refused(door: &Door, code: RejectionCode, address: Option<IpAddr>) -> Vec<u8> {
    let mut context = Context::new(Shared::request_id(), door.live.current());
    context.address = address;
    context.stage = Stage::Refused(code.as_str());
    context.status = Some(code.status());
    let responder = &context.gateway.responder;
    let answer = responder.last_words(&Rejection::new(code), &context.request_id);
    record::finish(&door.audit, &mut context).await;
    answer
}
