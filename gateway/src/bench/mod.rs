//! What tests of several modules stand on: a whole configuration over a backend of theirs.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use authz::time::Timestamp;

use crate::clock::Clock;
use crate::config::{Backend, Config};

pub(crate) mod site;

/// A clock that a test moves, in seconds.
#[derive(Debug, Default)]
pub(crate) struct Manual(pub(crate) AtomicU64);

impl Clock for Manual {
    fn now(&self) -> Timestamp {
        Timestamp::from_unix_seconds(1_800_000_000 + self.0.load(Ordering::SeqCst))
    }
    fn monotonic(&self) -> Duration {
        Duration::from_secs(self.0.load(Ordering::SeqCst))
    }
}

/// A configuration that listens on `public` and whose backend is at `backend`; `extra` follows it.
pub(crate) fn config(public: &str, backend: &str, extra: &str) -> Config {
    let yaml = format!(
        "server: {{public_url: \"{public}\", listeners: [{{address: \"127.0.0.1:1\"}}], \
           admin: \"127.0.0.1:1\"}}
keys:
  ring: [{{id: k1, state: active, key: {{env: RING}}}}]
  hop: {{env: HOP}}
core: {{address: \"127.0.0.1:1\"}}
backend:
  name: jhe
  base_url: {backend}
  client_id: gateway
  client_secret: {{env: SECRET}}
  scope: openid email
  audience: {{own_client: true}}
{extra}"
    );
    let environment = |name: &str| {
        let text = match name {
            "RING" => "FjSPwC0nVgYt+3Ue8l9S0qzYJm5kXr1uQwE7hT4bZoA=",
            "HOP" => "q8Zl0xGd3nVt5Yb7Kw2Ju9Rm4Ec6Hf1Ts0Ip8Lo3AvQ=",
            _ => "the-secret",
        };
        Some(text.to_owned())
    };
    Config::parse(&yaml, &environment).unwrap()
}

/// The section `backend` alone.
pub(crate) fn backend(at: &str) -> Backend {
    config("http://127.0.0.1:1", at, "").backend
}
