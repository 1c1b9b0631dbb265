//! What a story may want otherwise of its test bed.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;

use fhir_mcp_gateway::client_fetch::{Internet, Network};

use crate::bed::random_key;
use crate::fleet::RingEntry;
use crate::inside::Inside;

/// What answers behind the gateway.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Behind {
    /// The tool service itself.
    Core,
    /// The conformance suite's counterpart ([`crate::fixture`]).
    Fixture,
    /// Somebody whom the story itself started.
    At(SocketAddr),
}

/// What a story may want otherwise.
#[derive(Clone, Debug)]
pub struct Setup {
    /// YAML that follows the generated `gateway.yaml`: sections that it does not have.
    pub extra_yaml: String,
    /// The section `limits`.
    pub limits: String,
    /// The line `audience` of the section `backend`; further lines of the section may follow.
    pub audience: String,
    /// How many gateways there are; several stand behind a balancer, with one key ring.
    pub replicas: usize,
    /// The key ring.
    pub ring: Vec<RingEntry>,
    /// The name of the backend.
    pub backend: String,
    /// Whether browsers reach the backend as `localhost`, and the programs by its address.
    pub public_localhost: bool,
    /// Certificate and key for `localhost`: clients come by https.
    pub tls: Option<[PathBuf; 2]>,
    /// What answers behind the gateway.
    pub behind: Behind,
    /// TLS behind the gateway, and core's collector.
    pub inside: Inside,
    /// `server.deadlines`.
    pub deadlines: String,
    /// `server.caps`.
    pub caps: String,
    /// `server.trusted_proxies`.
    pub trusted_proxies: String,
    /// Over which gateways fetch client documents.
    pub network: Arc<dyn Network>,
}

impl Default for Setup {
    fn default() -> Self {
        Self {
            extra_yaml: String::new(),
            // Generous: a story about something else should not meet them.
            limits: "{calls_per_minute: 60000, burst: 10000, concurrent_calls: 1000, \
                      client_calls_per_minute: 600000, client_burst: 100000, \
                      per_address: {register: 60000, authorize: 60000, token: 60000, \
                      records: 60000}, records_per_minute: 600000}"
                .to_owned(),
            // Patient, too: on a busy machine nothing is late but what a story makes late.
            audience: "{own_client: true}\n  deadline: 20s\n  introspection: {deadline: 10s}"
                .to_owned(),
            replicas: 1,
            ring: vec![RingEntry { id: 1, state: "active", key: random_key() }],
            backend: "jhe".to_owned(),
            public_localhost: false,
            tls: None,
            behind: Behind::Core,
            inside: Inside::default(),
            deadlines: "{}".to_owned(),
            caps: "{connections_per_address: 10000}".to_owned(),
            trusted_proxies: "[]".to_owned(),
            network: Arc::new(Internet),
        }
    }
}
