//! What the pure steps of one call cost, in time and in allocations, at sizes that a client may choose.

#![expect(clippy::unwrap_used, reason = "a benchmark may stop")]

use std::time::Duration;

use authz::hop::{HopBackend, HopSealer};
use authz::ids::{BackendName, ClientId, RequestId, Subject};
use authz::introspection::{Claims, Introspection};
use authz::keyring::{KeyRing, SecretKey};
use authz::mcp_call::McpCall;
use authz::policy::{Permit, Policy};
use authz::principal::{AudiencePolicy, Principal};
use authz::seal::Sealer;
use authz::secret::BackendToken;
use authz::time::Timestamp;
use authz::token::{AccessClaims, AccessToken, Grant};
use divan::{AllocProfiler, Bencher, black_box};
use http::HeaderMap;
use http::header::AUTHORIZATION;

#[global_allocator]
static ALLOCATIONS: AllocProfiler = AllocProfiler::system();

const ISSUER: &str = "https://gateway.example.org";
const NOW: Timestamp = Timestamp::from_unix_seconds(1_800_000_000);
/// Of the whole body, in bytes; the last is the largest that is taken.
const BODIES: [usize; 4] = [128, 1024, 8192, 65_536];

fn main() {
    divan::main();
}

fn claims() -> AccessClaims {
    AccessClaims {
        grant: Grant {
            subject: Subject::parse("manager_mary").unwrap(),
            client: ClientId::parse("a-client").unwrap().fingerprint(),
            scope: "user/*.rs".parse().unwrap(),
            resource: format!("{ISSUER}/mcp"),
            backend: BackendName::parse("exchange-0123456789abcdef").unwrap(),
            authenticated_at: NOW,
        },
        backend_token: BackendToken::new("a".repeat(30)),
        issued_at: NOW,
        expires_at: NOW.plus(Duration::from_secs(3600)),
    }
}

/// A key that does not look made up; the number tells one from another.
fn key(number: u8) -> SecretKey {
    let byte = |at: u8| (at ^ number).wrapping_mul(167).wrapping_add(at);
    SecretKey::from_bytes(std::array::from_fn(|at| byte(u8::try_from(at).unwrap()))).unwrap()
}

fn sealer() -> Sealer {
    Sealer::new(&KeyRing::single(key(7)), ISSUER)
}

/// A call of a tool whose body has about so many bytes.
fn body(bytes: usize) -> Vec<u8> {
    let text = "x".repeat(bytes.saturating_sub(110));
    format!(
        r#"{{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{{"name":"list_studies","arguments":{{"text":"{text}"}}}}}}"#
    )
    .into_bytes()
}

fn principal() -> Principal {
    let answer = Introspection::Active(Claims {
        client_id: Some("ours".to_owned()),
        scope: Vec::new(),
        audience: Vec::new(),
        expires_at: None,
        subject: None,
        names_a_person: true,
    });
    let audience = AudiencePolicy::new(vec!["ours".to_owned()], None, None).unwrap();
    Principal::establish(claims(), &answer, &audience, NOW).unwrap()
}

fn permit() -> Permit {
    let call = McpCall::parse(&body(128)).unwrap();
    Policy::builtin().decide(call, principal()).map_err(|_| "denied").unwrap()
}

#[divan::bench]
fn seal_an_access_token(bencher: Bencher<'_, '_>) {
    let (sealer, claims) = (sealer(), claims());
    bencher.bench_local(|| sealer.seal(black_box(&claims), &mut rand::rng()));
}

#[divan::bench]
fn open_an_access_token(bencher: Bencher<'_, '_>) {
    let sealer = sealer();
    let blob = sealer.seal(&claims(), &mut rand::rng());
    let mut headers = HeaderMap::new();
    headers.insert(AUTHORIZATION, format!("Bearer {blob}").parse().unwrap());
    bencher.bench_local(|| {
        AccessToken::from_headers(black_box(&headers)).unwrap().open(&sealer, NOW).unwrap()
    });
}

#[divan::bench]
fn refuse_a_forged_access_token(bencher: Bencher<'_, '_>) {
    let sealer = sealer();
    let other = KeyRing::single(key(8));
    let forged = Sealer::new(&other, ISSUER).seal(&claims(), &mut rand::rng());
    let token = AccessToken::from_form(&forged);
    bencher.bench_local(|| black_box(&token).open(&sealer, NOW).is_err());
}

#[divan::bench(args = BODIES)]
fn parse_a_call(bencher: Bencher<'_, '_>, bytes: usize) {
    let body = body(bytes);
    bencher.bench_local(|| McpCall::parse(black_box(&body)).unwrap());
}

#[divan::bench]
fn decide(bencher: Bencher<'_, '_>) {
    let policy = Policy::builtin();
    let body = body(128);
    bencher
        .with_inputs(|| (McpCall::parse(&body).unwrap(), principal()))
        .bench_local_values(|(call, principal)| policy.decide(call, principal).is_ok());
}

fn backend() -> HopBackend {
    HopBackend {
        name: BackendName::parse("exchange").unwrap(),
        profile: "jhe".to_owned(),
        base_url: "https://exchange.example.org".parse().unwrap(),
    }
}

#[divan::bench(args = BODIES)]
fn seal_the_hop(bencher: Bencher<'_, '_>, bytes: usize) {
    let (body, hop) = (body(bytes), HopSealer::new(key(9)));
    let id = RequestId::from_random([5; 16]);
    bencher
        .with_inputs(|| permit().into_hop(backend(), id.clone()))
        .bench_local_values(|claims| hop.seal(claims, &body, NOW, &mut rand::rng()));
}

#[divan::bench(args = BODIES)]
fn open_the_hop(bencher: Bencher<'_, '_>, bytes: usize) {
    let (body, hop) = (body(bytes), HopSealer::new(key(9)));
    let id = RequestId::from_random([5; 16]);
    let sealed = hop.seal(permit().into_hop(backend(), id), &body, NOW, &mut rand::rng());
    bencher.bench_local(|| hop.open(black_box(&sealed), &body, NOW).unwrap());
}
