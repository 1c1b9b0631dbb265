//! What the core of a test is started with.

use authz::keyring::SecretKey;
use fhir_mcp_core::config::{BackendLimits, Config};

pub(crate) fn key(first: u8) -> SecretKey {
    let byte = |at: usize| u8::try_from(at * 7).unwrap().wrapping_add(first);
    SecretKey::from_bytes(std::array::from_fn(byte)).unwrap()
}

pub(crate) fn config(limits: BackendLimits) -> Config {
    let [listen, admin] = ["127.0.0.1:0"; 2].map(|address| address.parse().unwrap());
    Config {
        listen_tls: None,
        authority: None,
        collector: None,
        listen,
        admin,
        hop_key: key(1),
        profiles: Some(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/service/profiles").into()),
        backend: limits,
        close_delay: std::time::Duration::ZERO,
    }
}
