//! A broker as small as one can be.

use std::collections::BTreeSet;
use std::time::Duration;

use authz::broker::client::KnownClients;
use authz::broker::{Broker, Lifetimes};
use authz::ids::BackendName;
use authz::metadata::PublicUrls;
use authz::seal::Sealer;
use authz::token::Admission;

use crate::{redirect, ring};

/// Who issues.
pub const ISSUER: &str = "https://gateway.example";

/// The fixture.
pub fn broker() -> Broker {
    Broker {
        urls: PublicUrls::new(ISSUER),
        sealer: Sealer::new(&ring(1, 1), ISSUER),
        redirects: redirect::policy(),
        clients: KnownClients::default(),
        scopes_supported: "user/*.rs".parse().expect("a scope"),
        default_scope: "user/*.rs".parse().expect("a scope"),
        admission: Admission {
            resource: format!("{ISSUER}/mcp"),
            backend: BackendName::parse("jhe").expect("a name"),
            denied_subjects: BTreeSet::new(),
            denied_clients: BTreeSet::new(),
        },
        backend_issuers: vec!["https://jhe.example/o".to_owned()],
        lifetimes: Lifetimes {
            access_token: Duration::from_secs(3600),
            session: Duration::from_secs(7 * 24 * 3600),
        },
    }
}
