//! What the two memories of the gateway cost while they hold few names, and many: the counts of the
//! limits, and what introspection said.

#![expect(clippy::unwrap_used, reason = "a benchmark may stop")]

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use authz::ids::{ClientId, Subject};
use authz::introspection::{Claims, Introspection};
use authz::secret::BackendToken;
use authz::token::AccessToken;
use divan::{AllocProfiler, Bencher, black_box};
use fhir_mcp_gateway::clock::SystemClock;
use fhir_mcp_gateway::config::Config;
use fhir_mcp_gateway::fault::Fault;
use fhir_mcp_gateway::introspector::TokenIntrospector;
use fhir_mcp_gateway::metrics::Metrics;
use fhir_mcp_gateway::{IntrospectionCache, RateLimits};
use futures::FutureExt as _;

#[global_allocator]
static ALLOCATIONS: AllocProfiler = AllocProfiler::system();

/// Names that are known already.
const KNOWN: [usize; 4] = [1, 100, 1000, 9000];

const CONFIG: &str = "
server: {public_url: \"http://127.0.0.1:1\", listeners: [{address: \"127.0.0.1:1\"}], admin: \"127.0.0.1:1\"}
keys:
  ring: [{id: k1, state: active, key: {env: RING}}]
  hop: {env: HOP}
core: {address: \"127.0.0.1:1\"}
backend: {name: jhe, base_url: \"http://127.0.0.1:1\", client_id: gateway, audience: {own_client: true}}
limits: {calls_per_minute: 60000000, burst: 1000000, client_calls_per_minute: 60000000, client_burst: 1000000}
";

fn main() {
    divan::main();
}

fn limits() -> RateLimits {
    let key = |name: &str| {
        let key = match name {
            "RING" => "FjSPwC0nVgYt+3Ue8l9S0qzYJm5kXr1uQwE7hT4bZoA=",
            _ => "q8Zl0xGd3nVt5Yb7Kw2Ju9Rm4Ec6Hf1Ts0Ip8Lo3AvQ=",
        };
        Some(key.to_owned())
    };
    let limits = Config::parse(CONFIG, &key).unwrap().limits;
    let clock = Arc::new(SystemClock::start());
    RateLimits::new(limits, &(clock as Arc<_>), &Metrics::new().unwrap().limits).unwrap()
}

fn subject(number: usize) -> Subject {
    Subject::parse(&format!("subject-{number}")).unwrap()
}

#[divan::bench(args = KNOWN)]
fn charge_a_call(bencher: Bencher<'_, '_>, known: usize) {
    let limits = limits();
    let client = ClientId::parse("a-client").unwrap().fingerprint();
    for number in 0..known {
        limits.admit(&subject(number), &client).now_or_never().unwrap().unwrap();
    }
    let one = subject(known / 2);
    bencher.bench_local(|| limits.admit(black_box(&one), &client).now_or_never().unwrap().is_ok());
}

#[derive(Debug)]
struct Active;

#[async_trait]
impl TokenIntrospector for Active {
    async fn introspect(&self, _: &BackendToken) -> Result<Introspection, Fault> {
        Ok(Introspection::Active(Claims {
            client_id: Some("ours".to_owned()),
            scope: Vec::new(),
            audience: Vec::new(),
            expires_at: None,
            subject: None,
            names_a_person: true,
        }))
    }
}

#[divan::bench(args = KNOWN)]
fn recall_an_introspection(bencher: Bencher<'_, '_>, known: usize) {
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    let asked = Metrics::new().unwrap().introspections;
    let clock = Arc::new(SystemClock::start());
    let lifetime = Duration::from_secs(60);
    let cache = Arc::new(IntrospectionCache::new(Arc::new(Active), lifetime, clock, asked));
    let token = |number: usize| AccessToken::from_form(&format!("fmga1_{number}"));
    let backend = BackendToken::new("backend".to_owned());
    runtime.block_on(async {
        for number in 0..known {
            cache.introspect(cache.key(&token(number)), &backend).await.unwrap();
        }
    });
    let one = token(known / 2);
    // As at a call: the digest of the token, then the memory.
    bencher.bench_local(|| {
        let known = cache.introspect(cache.key(black_box(&one)), &backend).now_or_never();
        known.unwrap().is_ok()
    });
}
