//! The section `keys`: the ring that seals tokens, and the key of the hop to core.

use authz::keyring::{KeyId, KeyRing, KeyState, RingKey, SecretKey};
use serde::Serialize;
use yaml_serde::Value;

use super::files::Environment;
use super::secret::{self, Secret};
use super::section::Section;
use super::values;

/// The section `keys`.
#[derive(Clone, Debug, Serialize)]
pub struct Keys {
    /// What `check` shows of the ring.
    #[serde(rename = "ring")]
    entries: Vec<Entry>,
    #[serde(skip)]
    ring: KeyRing,
    hop: Secret<SecretKey>,
}

impl Keys {
    /// The ring that seals what we hand out.
    pub const fn ring(&self) -> &KeyRing {
        &self.ring
    }

    /// Id and state of each key of the ring.
    pub(crate) fn states(&self) -> impl Iterator<Item = (u8, &'static str)> {
        self.entries.iter().map(|entry| (entry.id, entry.state))
    }

    /// The key that core holds too.
    pub const fn hop(&self) -> &SecretKey {
        self.hop.expose()
    }

    /// Whether `other` has the same key for the hop.
    pub fn has_hop_of(&self, other: &Self) -> bool {
        are_the_same(self.hop(), other.hop())
    }
}

#[derive(Clone, Debug, Serialize)]
struct Entry {
    id: u8,
    state: &'static str,
    key: Secret<SecretKey>,
    #[serde(skip)]
    ring_key: RingKey,
}

pub(super) fn read(mut section: Section<'_>, environment: Environment<'_>) -> Option<Keys> {
    let entries = section.sections("ring").and_then(|entries| {
        let read: Vec<_> = entries.into_iter().map(|entry| ring_key(entry, environment)).collect();
        read.into_iter().collect::<Option<Vec<Entry>>>()
    });
    let hop = section.required("hop", secret::key(environment));
    let entries = entries?;
    let ring = match KeyRing::new(entries.iter().map(|entry| entry.ring_key.clone()).collect()) {
        Ok(ring) => ring,
        Err(mistakes) => {
            for mistake in mistakes {
                section.wrong("ring", mistake.to_string());
            }
            return None;
        }
    };
    let hop = hop?;
    if entries.iter().any(|entry| are_the_same(entry.key.expose(), hop.expose())) {
        section.wrong("hop", "is a key of the ring too; it needs one of its own");
        return None;
    }
    Some(Keys { entries, ring, hop })
}

fn ring_key(mut section: Section<'_>, environment: Environment<'_>) -> Option<Entry> {
    let id = section.required("id", key_id);
    let state = section.required("state", state);
    let key = section.required("key", secret::key(environment));
    let (id, (state, name), key) = (id?, state?, key?);
    let ring_key = RingKey { id, state, key: key.expose().clone() };
    Some(Entry { id: id.as_u8(), state: name, key, ring_key })
}

/// A ring refuses one key under two ids; keys themselves offer no comparison.
pub(super) fn are_the_same(one: &SecretKey, other: &SecretKey) -> bool {
    let entry = |id, state, key: &SecretKey| {
        KeyId::new(id).map(|id| RingKey { id, state, key: key.clone() })
    };
    let pair = [entry(1, KeyState::Active, one), entry(2, KeyState::Verify, other)];
    KeyRing::new(pair.into_iter().flatten().collect()).is_err()
}

/// `k1` … `k255`, or the bare number.
fn key_id(value: &Value) -> Result<KeyId, String> {
    let named = |text: &str| text.strip_prefix('k').unwrap_or(text).parse().ok();
    value
        .as_u64()
        .or_else(|| value.as_str().and_then(named))
        .and_then(|number| u8::try_from(number).ok())
        .and_then(KeyId::new)
        .ok_or_else(|| "must be k1 to k255".to_owned())
}

fn state(value: &Value) -> Result<(KeyState, &'static str), String> {
    match values::text(value)?.as_str() {
        "verify" => Ok((KeyState::Verify, "verify")),
        "active" => Ok((KeyState::Active, "active")),
        "retired" => Ok((KeyState::Retired, "retired")),
        _ => Err("must be verify, active or retired".to_owned()),
    }
}
