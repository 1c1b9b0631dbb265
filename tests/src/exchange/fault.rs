//! The script of faults: what goes wrong, for which endpoints, and how often.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use serde_json::Value;
use tokio::sync::watch;

use super::log::Endpoint;
use super::wire::Reply;

/// One way to fail.
#[derive(Clone, Debug, PartialEq)]
pub enum Fault {
    /// 503 with a page, and nothing that says when to come back.
    Unavailable,
    /// This status with a page.
    Status(u16),
    /// 429 or 503 with `Retry-After` in seconds.
    RetryAfter(u16, u32),
    /// No answer until the fault is cleared; then the genuine one.
    Hang,
    /// As many genuine answers as it is planned for; whoever comes later waits for the next plan.
    Rationed,
    /// The genuine answer, after this time.
    Slow(Duration),
    /// 200, labelled JSON, and not JSON.
    Garbage,
    /// Half of the genuine body under its whole length, then the connection ends.
    Truncated,
    /// The connection ends without an answer.
    Disconnect,
    /// The head of the genuine answer, and a body without end.
    Endless,
    /// The genuine answer, packed although nobody asked for it.
    Packed,
    /// The genuine answer with something untrue in it.
    Lie(Lie),
}

fn set(members: &mut serde_json::Map<String, Value>, name: &str, value: Value) {
    members.insert(name.to_owned(), value);
}

/// One untruth in a JSON answer.
#[derive(Clone, Debug, PartialEq)]
pub enum Lie {
    /// Introspection names this client.
    OtherClient(String),
    /// Introspection says `{"active": false}`.
    Inactive,
    /// `active` is the text `"true"`, not a boolean.
    ActiveAsText,
    /// Introspection leaves `client_id` out.
    NoClientId,
    /// `iss` is this: in the introspection, and in the signed id token of the token endpoint.
    Issuer(String),
    /// The id token is meant for this client.
    Audience(String),
    /// The id token ended an hour ago.
    ExpiredIdToken,
    /// This member is left out.
    Without(String),
    /// This member has this value.
    With(String, Value),
}

impl Lie {
    fn tell(&self, body: &mut Value) {
        let Some(members) = body.as_object_mut() else { return };
        match self {
            Self::OtherClient(id) => set(members, "client_id", id.as_str().into()),
            Self::ActiveAsText => set(members, "active", "true".into()),
            Self::Issuer(issuer) if members.contains_key("active") => {
                set(members, "iss", issuer.as_str().into());
            }
            Self::With(name, value) => set(members, name, value.clone()),
            Self::NoClientId => {
                members.remove("client_id");
            }
            Self::Without(name) => {
                members.remove(name);
            }
            Self::Inactive => *body = serde_json::json!({ "active": false }),
            // These are told inside the signed id token.
            Self::Issuer(_) | Self::Audience(_) | Self::ExpiredIdToken => {}
        }
    }

    /// The genuine answer with the untruth in it; errors and pages stay as they are.
    pub(super) fn told_in(&self, mut reply: Reply) -> Reply {
        if reply.status.is_success()
            && let Ok(mut body) = serde_json::from_slice::<Value>(&reply.body)
        {
            self.tell(&mut body);
            reply.body = body.to_string().into_bytes();
        }
        reply
    }
}

#[derive(Debug)]
struct Planned {
    fault: Fault,
    /// How often it still happens; `None` is until cleared.
    left: Option<u32>,
}

/// What is planned for each group of endpoints; clones share it.
#[derive(Clone, Debug)]
pub(super) struct Script {
    planned: Arc<Mutex<HashMap<Endpoint, Planned>>>,
    changed: watch::Sender<()>,
}

impl Script {
    pub(super) fn new() -> Self {
        Self { planned: Arc::default(), changed: watch::Sender::new(()) }
    }

    pub(super) fn plan(&self, endpoint: Endpoint, fault: Fault, left: Option<u32>) {
        self.planned().insert(endpoint, Planned { fault, left });
        self.changed.send_replace(());
    }

    pub(super) fn clear(&self, endpoint: Endpoint) {
        self.planned().remove(&endpoint);
        self.changed.send_replace(());
    }

    pub(super) fn clear_all(&self) {
        self.planned().clear();
        self.changed.send_replace(());
    }

    /// What happens to a request that arrives now.
    pub(super) fn strike(&self, endpoint: Endpoint) -> Option<Fault> {
        let mut planned = self.planned();
        let entry = planned.get_mut(&endpoint)?;
        if entry.fault == Fault::Rationed {
            return Some(Fault::Rationed);
        }
        match &mut entry.left {
            None => Some(entry.fault.clone()),
            Some(0) => None,
            Some(left) => {
                *left -= 1;
                Some(entry.fault.clone())
            }
        }
    }

    /// Waits while the group is told to hang, or until an answer of its ration is left.
    pub(super) async fn released(&self, endpoint: Endpoint) {
        let mut changed = self.changed.subscribe();
        while self.holds(endpoint) {
            if changed.changed().await.is_err() {
                return;
            }
        }
    }

    fn holds(&self, endpoint: Endpoint) -> bool {
        let mut planned = self.planned();
        let Some(entry) = planned.get_mut(&endpoint) else { return false };
        match (&entry.fault, &mut entry.left) {
            (Fault::Hang, _) | (Fault::Rationed, Some(0)) => true,
            (Fault::Rationed, Some(left)) => {
                *left -= 1;
                false
            }
            _ => false,
        }
    }

    fn planned(&self) -> MutexGuard<'_, HashMap<Endpoint, Planned>> {
        self.planned.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
